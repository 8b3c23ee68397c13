package oncall

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// Workspace knows the people of Slack. Implemented by commands/slack.
type Workspace interface {
	// MembersNow returns the user IDs of a user group (S…) as Slack says just now. An error means that it is not known.
	MembersNow(ctx context.Context, group string) ([]string, error)
	// ByEmail returns the ID of the full member with the address, empty if there is none. An error means that it is not known.
	ByEmail(ctx context.Context, address string) (user string, err error)
}

// Config is what a Duty needs.
type Config struct {
	Levels    []Source  // in the order of escalation; none: nobody is ever on call
	Fallback  Source    // stands in for a level whose source does not answer; nil: nobody does
	Workspace Workspace // required where a source names people by e-mail addresses
	// Now is the cluster's time, UTC; nil: the local clock.
	Now    func() time.Time
	Logger *slog.Logger // nil: slog.Default
}

// Duty tells who is on call, level by level. Run it; it is safe for concurrent use.
type Duty struct {
	levels   []*line
	fallback *line // nil: there is none

	life   context.Context // ends with Run
	stop   context.CancelFunc
	mutex  sync.Mutex // guards against asking when Run has ended
	asking sync.WaitGroup
}

// New returns a Duty that asks nobody yet.
func New(config Config) *Duty {
	if config.Now == nil {
		config.Now = func() time.Time { return time.Now().UTC() }
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	duty := &Duty{}
	duty.life, duty.stop = context.WithCancel(context.Background())
	for _, source := range config.Levels {
		duty.levels = append(duty.levels, &line{source: source, config: &config, begin: duty.begin})
	}
	if config.Fallback != nil {
		duty.fallback = &line{source: config.Fallback, config: &config, begin: duty.begin}
	}
	return duty
}

// begin asks in the background, and returns false when Run has ended.
func (d *Duty) begin(ask func(context.Context)) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.life.Err() != nil {
		return false
	}
	d.asking.Go(func() { ask(d.life) })
	return true
}

func (d *Duty) end() {
	d.mutex.Lock()
	d.stop()
	d.mutex.Unlock()
	d.asking.Wait()
}

// Run asks ahead of time for as long as answers are used, until ctx ends; nobody is asked any more then. It returns ctx's error.
func (d *Duty) Run(ctx context.Context) error {
	defer d.end()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			for _, line := range d.lines() {
				line.renew()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *Duty) lines() []*line {
	if d.fallback == nil {
		return d.levels
	}
	return append([]*line{d.fallback}, d.levels...)
}

// Levels returns how many levels of escalation there are.
func (d *Duty) Levels() int { return len(d.levels) }

// OnCall returns who is on call at a level, from 1 on: as the level's source said less than a minute ago, or, if it does not
// answer, as the fallback did, and why that was asked. Errors: Unknown for a level that there is not, Unavailable if nobody says
// who is on call.
func (d *Duty) OnCall(ctx context.Context, level int) (filters.OnCall, error) {
	if level < 1 || level > len(d.levels) {
		return filters.OnCall{}, d.noLevel(level)
	}
	asked := d.levels[level-1]
	found, err := d.first(ctx, asked)
	if err == nil {
		return d.tell(level, asked, found, ""), nil
	}
	why := asked.source.String() + ": " + err.Error()
	if d.fallback == nil {
		return filters.OnCall{}, unknown(why+", and the configuration has no fallback", err)
	}
	found, again := d.fallback.get(ctx)
	if again != nil {
		return filters.OnCall{}, unknown(why+"; the fallback, "+d.fallback.source.String()+": "+again.Error(), err)
	}
	return d.tell(level, d.fallback, found, why), nil
}

// spare is what is left of a caller's time for the fallback.
const spare = 500 * time.Millisecond

func (d *Duty) first(ctx context.Context, asked *line) (reading, error) {
	if deadline, bounded := ctx.Deadline(); bounded && d.fallback != nil {
		earlier, cancel := context.WithDeadline(ctx, deadline.Add(-spare))
		defer cancel()
		return asked.get(earlier)
	}
	return asked.get(ctx)
}

func (d *Duty) tell(level int, from *line, found reading, fallback string) filters.OnCall {
	return filters.OnCall{
		Level: level, Levels: len(d.levels), Users: slices.Clone(found.users), Strangers: slices.Clone(found.strangers), Until: found.until,
		Source: from.source.String(), Fallback: fallback,
	}
}

func (d *Duty) noLevel(level int) error {
	if len(d.levels) == 0 {
		return &filters.Error{Code: filters.Unknown, Wrong: "nobody is on call here", Expected: "levels under `on_call` of the cluster's configuration"}
	}
	return &filters.Error{Code: filters.Unknown, Wrong: fmt.Sprintf("there is no level %d of escalation", level), Expected: fmt.Sprintf("1 to %d", len(d.levels))}
}

func unknown(why string, cause error) error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "it is not known who is on call", Expected: strings.TrimSuffix(why, "."), Cause: cause}
}
