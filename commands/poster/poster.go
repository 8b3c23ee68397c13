package poster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"cordon/filters"
)

// Config is what a Poster needs. Journal, Notices and Channel are required.
type Config struct {
	Cluster string
	Journal Journal
	Notices Notices
	Channel Channel
	// Direct is the conversation with one person, by their Slack ID; nil: what is for one person stands in the channel.
	Direct  func(user string) Channel
	View    View    // nil: messages say nothing of the cluster as it is
	Windows Windows // nil: messages say less about windows
	// Now is the cluster's time, UTC; nil: the local clock.
	Now     func() time.Time
	Observe bool
	// Held says why nothing is given back just now; empty: it is. nil: that is not known.
	Held func() string
	// Trouble says what is wrong with the master; empty: nothing. nil: that is not known.
	Trouble func() string
	Logger  *slog.Logger // names the cluster; nil: slog.Default
}

// Poster posts for one cluster. Run it on the leader.
type Poster struct {
	config  Config
	log     *slog.Logger
	backlog atomic.Int64
}

// New returns a Poster. It panics if a required field is missing: that is a mistake of the program.
func New(config Config) *Poster {
	if config.Journal == nil || config.Notices == nil || config.Channel == nil {
		panic("commands/poster: a Poster needs Journal, Notices and Channel")
	}
	if config.Now == nil {
		config.Now = func() time.Time { return time.Now().UTC() }
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Poster{config: config, log: config.Logger}
}

// Backlog is how many messages wait to be brought up to date; 0 where this replica does not post.
func (p *Poster) Backlog() int64 { return p.backlog.Load() }

const (
	batch = 500
	// gather is how long entries gather before they are read, unless nothing was read for as long: all that they tell of is
	// saved together.
	gather = 100 * time.Millisecond
	// A channel takes one new message a second (FACTS.md); changing one has a limit of its own, of 50 a minute.
	postEvery   = time.Second
	updateEvery = 1200 * time.Millisecond
	updateBurst = 5
	// stepsWait is how long steps gather before they go to the thread, unless the matter is settled before.
	stepsWait   = 3 * time.Second
	retryLeast  = time.Second
	retryMost   = 15 * time.Second
	refusedMost = 10 * time.Minute
	// refreshed is how many open messages are kept up with the clock. Where there are more the time left is not shown.
	refreshed    = 50
	refreshCheck = 30 * time.Second
)

// run is one term of posting.
type run struct {
	*Poster
	term    int64
	cursor  string
	last    time.Time // when entries were last read
	desk    *desk
	posts   pace
	updates pace
	down    time.Time     // nothing is tried before: the channel did not answer
	pause   time.Duration // the last wait after a failure
	retry   map[string]trial
}

// trial is when a message that was refused is tried again.
type trial struct {
	at   time.Time
	wait time.Duration
}

// Run posts until ctx ends, and returns nil then. It returns an error when the term is over (a newer leader writes) or
// the state cannot be read: the caller begins again with its next term.
func (p *Poster) Run(ctx context.Context, term int64) error {
	defer p.backlog.Store(0)
	r := &run{
		Poster: p, term: term, desk: newDesk(), retry: map[string]trial{},
		posts: pace{every: postEvery, burst: 1}, updates: pace{every: updateEvery, burst: updateBurst},
	}
	if err := r.load(ctx); err != nil {
		return orNil(ctx, err)
	}
	return orNil(ctx, r.loop(ctx))
}

// orNil forgets an error that comes of being asked to stop.
func orNil(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (r *run) load(ctx context.Context) error {
	cursor, stored, err := r.config.Notices.Load(ctx)
	if err != nil {
		return fmt.Errorf("poster: load notices: %w", err)
	}
	r.cursor = cursor
	for key, raw := range stored {
		notice := &Notice{}
		if err := json.Unmarshal(raw, notice); err != nil || notice.Schema > schema {
			r.log.Error("a notice does not decode; its message is left as it is", "key", key, "error", err)
			continue
		}
		r.desk.put(notice)
	}
	return nil
}

func (r *run) loop(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	nudge, stopped := make(chan struct{}, 1), make(chan struct{})
	position := make(chan string, 1)
	go func() { defer close(stopped); r.listen(ctx, position, nudge) }()
	defer func() { cancel(); <-stopped }()
	for {
		more, err := r.read(ctx)
		if err != nil {
			return err
		}
		next, err := r.deliver(ctx)
		if err != nil {
			return err
		}
		if more || !next.After(time.Now()) {
			continue
		}
		select {
		case position <- r.cursor:
		default:
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-nudge:
			rest(ctx, time.Until(r.last.Add(gather)))
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// listen waits for entries behind each position it is given, and nudges when there are some.
func (r *run) listen(ctx context.Context, position <-chan string, nudge chan<- struct{}) {
	for {
		var after string
		select {
		case after = <-position:
		case <-ctx.Done():
			return
		}
		if err := r.config.Journal.Wait(ctx, after); err != nil && ctx.Err() == nil {
			r.log.Warn("waiting for the journal failed", "error", err)
			rest(ctx, retryLeast)
		}
		select {
		case nudge <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// read folds the next entries into the notices and saves both with the cursor. It tells whether there may be more.
func (r *run) read(ctx context.Context) (more bool, err error) {
	events, err := r.config.Journal.After(ctx, r.cursor, batch)
	if err != nil {
		if filters.CodeOf(err) != filters.Unavailable {
			return false, fmt.Errorf("poster: read the journal: %w", err)
		}
		r.log.Warn("the journal cannot be read just now", "error", err)
		rest(ctx, retryLeast)
		return false, ctx.Err()
	}
	if len(events) == 0 {
		return false, nil
	}
	r.last = time.Now()
	for i := range events {
		r.desk.take(&events[i])
	}
	r.cursor = events[len(events)-1].ID
	return len(events) >= batch, r.save(ctx)
}

// save writes what changed, with the cursor. While the store does not answer it tries again: what is not saved is not
// posted.
func (r *run) save(ctx context.Context) error {
	changed := make(map[string]json.RawMessage, len(r.desk.changed))
	for key := range r.desk.changed {
		encoded, err := json.Marshal(r.desk.notices[key])
		if err != nil {
			return fmt.Errorf("poster: encode notice %s: %w", key, err)
		}
		changed[key] = encoded
	}
	dropped := r.desk.prune(r.config.Now())
	for _, key := range dropped {
		delete(changed, key)
		delete(r.retry, key)
	}
	for wait := retryLeast; ; wait = min(2*wait, retryMost) {
		err := r.config.Notices.Save(ctx, r.term, r.cursor, changed, dropped)
		if err == nil {
			clear(r.desk.changed)
			return nil
		}
		switch filters.CodeOf(err) {
		case filters.Unavailable, filters.Unconfirmed: // saving is idempotent
		default:
			return fmt.Errorf("poster: save notices: %w", err)
		}
		r.log.Warn("notices cannot be saved just now", "error", err)
		if rest(ctx, wait); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// failed sorts an error of the channel: when is the next try, of this message and of all.
func (r *run) failed(key string, err error) {
	now := time.Now()
	if slow, ok := errors.AsType[*Slow](err); ok {
		r.posts.hold(now.Add(slow.For))
		r.updates.hold(now.Add(slow.For))
		return
	}
	if _, refused := errors.AsType[*Refused](err); refused {
		wait := min(max(2*r.retry[key].wait, retryLeast), refusedMost)
		r.retry[key] = trial{now.Add(wait), wait}
	} else {
		r.pause = min(max(2*r.pause, retryLeast), retryMost)
		r.down = now.Add(r.pause)
	}
	r.log.Warn("a message could not be posted; it is tried again", "key", key, "error", err)
}

func (r *run) succeeded(key string) {
	r.pause, r.down = 0, time.Time{}
	delete(r.retry, key)
}
