// Package sink brings the journal to where it is kept outside the bot: files and URLs. Each sink gets every sealed entry,
// in the journal's order, at least once: its cursor moves when the sink has taken a batch. An entry that comes twice has
// the same ID.
package sink

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"cordon/filters"
)

// Entry is one entry of the journal as it leaves: a JSON object without a line end.
type Entry struct {
	ID   string
	Line []byte
}

// Journal is read by a sink, which keeps its position in it. Implemented by internal/app over package store.
type Journal interface {
	// Sealed returns the sealed entries behind an ID (empty: all there are), oldest first, at most so many. Cut says that
	// older ones were trimmed before they were read.
	Sealed(ctx context.Context, after string, most int) (entries []Entry, cut bool, err error)
	// Cursor returns what was saved last, empty at first.
	Cursor(ctx context.Context, sink string) (string, error)
	// SaveCursor is fenced by the leader's term: an older one is an error with code Conflict.
	SaveCursor(ctx context.Context, term int64, sink, cursor string) error
}

// Place takes entries. A nil error means that it keeps them, whatever happens next.
type Place interface {
	Take(ctx context.Context, entries []Entry) error
}

// Trouble is since when a sink takes nothing, and why; Since is zero while it takes what there is.
type Trouble struct {
	Since time.Time
	Why   string
}

// Sink is one place with its name.
type Sink struct {
	Name    string
	Place   Place
	Journal Journal
	// Changed is told, once for each, that the sink has been stuck for StuckAfter, and that it goes on; nil: nobody is told.
	Changed func(ctx context.Context, trouble Trouble)
	Logger  *slog.Logger

	mutex   sync.Mutex
	trouble Trouble
}

const (
	// batchMost bounds a batch: its entries, and their bytes.
	batchMost  = 500
	batchBytes = 1 << 20
	// idle is how long a sink that has everything waits: entries are sealed each second.
	idle = time.Second
	// StuckAfter is how long a sink may fail before people are told.
	StuckAfter = 5 * time.Minute
	retryLeast = time.Second
	retryMost  = time.Minute
)

// Trouble returns what holds the sink up.
func (s *Sink) Trouble() Trouble { s.mutex.Lock(); defer s.mutex.Unlock(); return s.trouble }

// Run feeds the sink until ctx ends, and then returns nil; it returns an error if the term is over. What fails is tried
// again for as long as it takes: no entry is left out.
func (s *Sink) Run(ctx context.Context, term int64) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = retryLeast, retryMost
	told := false
	for cursor, known := "", false; ctx.Err() == nil; {
		next, more, err := s.step(ctx, term, cursor, known)
		switch {
		case err == nil:
			cursor, known = next, true
			pause.Reset()
			told = s.recovered(ctx, told)
			if !more {
				rest(ctx, idle)
			}
		case filters.CodeOf(err) == filters.Conflict:
			return err
		case ctx.Err() == nil:
			known = false // what was saved is looked up again
			told = s.failed(ctx, err, told)
			rest(ctx, pause.NextBackOff())
		}
	}
	return nil
}

// step brings one batch to the place, and tells whether there may be more.
func (s *Sink) step(ctx context.Context, term int64, cursor string, known bool) (next string, more bool, err error) {
	if !known {
		if cursor, err = s.Journal.Cursor(ctx, s.Name); err != nil {
			return cursor, false, err
		}
	}
	entries, cut, err := s.Journal.Sealed(ctx, cursor, batchMost)
	if err != nil || len(entries) == 0 {
		return cursor, false, err
	}
	if cut {
		s.Logger.Error("the journal was trimmed before a sink read it: entries are missing there", "sink", s.Name, "after", cursor, "before", entries[0].ID)
	}
	whole := len(entries)
	entries = fitting(entries)
	if err := s.Place.Take(ctx, entries); err != nil {
		return cursor, false, err
	}
	next = entries[len(entries)-1].ID
	return next, whole > len(entries) || whole == batchMost, s.Journal.SaveCursor(ctx, term, s.Name, next)
}

// fitting is as many entries as one batch takes, and one at least.
func fitting(entries []Entry) []Entry {
	size := 0
	for i := range entries {
		if size += len(entries[i].Line) + 1; size > batchBytes && i > 0 {
			return entries[:i]
		}
	}
	return entries
}

// failed notes what holds the sink up, and tells people when it has for long.
func (s *Sink) failed(ctx context.Context, err error, told bool) bool {
	s.mutex.Lock()
	if s.trouble.Since.IsZero() {
		s.trouble.Since = time.Now()
	}
	s.trouble.Why = err.Error()
	trouble := s.trouble
	s.mutex.Unlock()
	s.Logger.Warn("a sink takes nothing just now; it is tried again", "sink", s.Name, "error", err)
	if told || time.Since(trouble.Since) < StuckAfter {
		return told
	}
	s.tell(ctx, trouble)
	return true
}

func (s *Sink) recovered(ctx context.Context, told bool) bool {
	s.mutex.Lock()
	s.trouble = Trouble{}
	s.mutex.Unlock()
	if told {
		s.tell(ctx, Trouble{})
	}
	return false
}

func (s *Sink) tell(ctx context.Context, trouble Trouble) {
	if s.Changed != nil {
		s.Changed(ctx, trouble)
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
