package oncall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

const (
	fresh   = time.Minute      // how old an answer may be that is used
	ripe    = 30 * time.Second // how old one is that is asked for anew while it is used
	used    = 5 * time.Minute  // how long after it was last used an answer is kept fresh
	tick    = 10 * time.Second
	askTime = 8 * time.Second
	// A source that did not answer is left alone for at least restLeast, and as long as it asks for, up to restMost.
	restLeast = 10 * time.Second
	restMost  = 5 * time.Minute
	// peopleMost is how many people one source may name.
	peopleMost = 100
)

// line is one source with what it said last.
type line struct {
	source Source
	config *Config
	begin  func(ask func(context.Context)) bool

	mutex sync.Mutex
	known *reading // nil: nothing yet
	asked *inquiry // that is under way; nil: none is
	used  time.Time
	// trouble is why the newest inquiry failed; nil: it did not, or there was none. Until rests the source is left alone.
	trouble error
	rests   time.Time
}

// reading is who is on call, by Slack ID, and the names of those whom Slack does not know.
type reading struct {
	users, strangers []string
	until            time.Time // zero: not known
	asked            time.Time // when the question began, local
}

// inquiry is a question under way.
type inquiry struct {
	done  chan struct{} // closed when the fields below are set
	found reading
	err   error
}

// get returns what the source says: what it said within the last minute, or what it answers now. One that did not answer last
// time is asked again without waiting for it.
func (l *line) get(ctx context.Context) (reading, error) {
	l.mutex.Lock()
	l.used = time.Now()
	if l.good() {
		defer l.mutex.Unlock()
		return *l.known, nil
	}
	if trouble := l.trouble; trouble != nil {
		l.ask()
		l.mutex.Unlock()
		return reading{}, trouble
	}
	asked := l.ask()
	l.mutex.Unlock()
	return asked.wait(ctx)
}

func (i *inquiry) wait(ctx context.Context) (reading, error) {
	select {
	case <-i.done:
		return i.found, i.err
	case <-ctx.Done():
		return reading{}, errors.New("no answer came yet")
	}
}

// good tells whether the last answer may still be used: it is less than a minute old, and nobody's shift has ended since.
func (l *line) good() bool {
	return l.known != nil && time.Since(l.known.asked) < fresh && (l.known.until.IsZero() || l.config.Now().Before(l.known.until))
}

// renew asks ahead of time where answers are used.
func (l *line) renew() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if time.Since(l.used) < used && (!l.good() || time.Since(l.known.asked) >= ripe) {
		l.ask()
	}
}

// ask begins to ask the source, if nobody does and it is not left alone, and returns what is under way; nil: nothing is. The
// mutex is held.
func (l *line) ask() *inquiry {
	if l.asked != nil || time.Now().Before(l.rests) {
		return l.asked
	}
	asked := &inquiry{done: make(chan struct{})}
	if l.begin(func(ctx context.Context) { l.settle(asked, l.read(ctx, asked)) }) {
		l.asked = asked
	} else {
		asked.err = errors.New("the bot is stopping")
		close(asked.done)
	}
	return asked
}

// read asks the source and finds the people of its answer in Slack.
func (l *line) read(ctx context.Context, asked *inquiry) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	asked.found.asked = time.Now()
	told, err := l.source.ask(ctx, l.config.Now())
	if err != nil {
		return err
	}
	if len(told.people) > peopleMost {
		return &trouble{why: fmt.Sprintf("it names %d people, more than %d", len(told.people), peopleMost)}
	}
	asked.found.users, asked.found.until = slices.Clone(told.users), told.until
	for _, person := range told.people {
		if err := asked.found.add(ctx, l.config.Workspace, person); err != nil {
			return err
		}
	}
	slices.Sort(asked.found.users)
	asked.found.users = slices.Compact(asked.found.users)
	return nil
}

// add finds a person in Slack.
func (r *reading) add(ctx context.Context, workspace Workspace, person contact) error {
	user := ""
	if person.email != "" {
		var err error
		if user, err = workspace.ByEmail(ctx, person.email); err != nil {
			return &trouble{why: "Slack does not say who there is " + filters.Quoted(person.name), cause: err}
		}
	}
	if user == "" {
		r.strangers = append(r.strangers, person.name)
	} else {
		r.users = append(r.users, user)
	}
	return nil
}

// settle writes down what came of an inquiry.
func (l *line) settle(asked *inquiry, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	asked.err, l.asked = err, nil
	rest := restLeast
	if slow, ok := errors.AsType[*trouble](err); ok {
		rest = min(max(slow.after, restLeast), restMost)
	}
	switch {
	case err == nil:
		l.known, l.trouble = &asked.found, nil
	default:
		l.config.Logger.Warn("it could not be asked who is on call", "source", l.source.String(), "error", err, "cause", causeOf(err))
		l.trouble, l.rests = err, time.Now().Add(rest)
	}
	close(asked.done)
}

// trouble is why a source did not answer, in a phrase for people; its cause is for logs.
type trouble struct {
	why   string
	after time.Duration // how long the source wants to be left alone; 0: it does not say
	cause error
}

func (t *trouble) Error() string { return strings.TrimSuffix(t.why, ".") }

// Unwrap returns the cause.
func (t *trouble) Unwrap() error { return t.cause }

func causeOf(err error) error {
	if known, ok := errors.AsType[*trouble](err); ok {
		return known.cause
	}
	return nil
}
