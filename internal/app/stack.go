package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cordon/commands/poster"
	"cordon/filters"
	"cordon/filters/mesos"
	"cordon/filters/operation"
	"cordon/filters/reconcile"
	"cordon/internal/approval"
	"cordon/internal/leader"
	"cordon/internal/oncall"
	"cordon/internal/sink"
	"cordon/internal/web"
	"cordon/scheduler"
	"cordon/store"
)

// stack is everything that serves one cluster.
type stack struct {
	name       string
	replica    string
	url        string // where this replica is reached by others
	store      *store.Store
	book       *filters.Book
	master     *mesos.Master
	service    *filters.Service
	reconciler *reconcile.Reconciler
	plan       *scheduler.Config
	scheduler  *scheduler.Scheduler
	desk       *scheduler.Desk
	machines   *operation.Desk
	duty       *oncall.Duty
	approvals  *approval.Loop
	poster     *poster.Poster
	metrics    *web.Metrics
	log        *slog.Logger
	term       atomic.Int64                       // of the lease that this replica holds; 0: it does not lead
	before     atomic.Pointer[reconcile.Baseline] // what the leader before left settled
	gone       atomic.Pointer[time.Time]          // since when Redis does not answer; nil: it does
	sinks      []*sink.Sink
	lags       atomic.Pointer[[]filters.SinkStatus] // how far sinks are behind, as it was last measured
	told       atomic.Pointer[string]               // why nothing is given back, as the leader published it; nil: nothing was
}

// leaseTime is how long a lease lasts from a renewal. A call to the master is bounded well inside it.
const leaseTime = 15 * time.Second

// run keeps the stack alive until ctx ends, and waits for all of it.
func (s *stack) run(ctx context.Context) {
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{s.master.Run, s.follow, s.overlay, s.guard, s.measure, s.measureSinks, s.duty.Run, s.compete} {
		parts.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("a part of the stack ended", "error", err)
			}
		})
	}
	parts.Wait()
	s.remember(context.WithoutCancel(ctx))
}

// compete takes the lease whenever it is free, and leads for as long as it holds.
func (s *stack) compete(ctx context.Context) error {
	return leader.Run(ctx, leader.Config{
		// The process's own name: one that was started again must not take itself for the one that crashed, whose calls may
		// still arrive, and yet it need not wait for that one's lease to run out.
		Lease: s.store, Holder: s.replica + "/" + filters.RandomID(""), URL: s.url, TTL: leaseTime, Now: s.store.Now, Logger: s.log,
		Changed: func(leading bool, term leader.Term) {
			s.metrics.Leads(s.name, leading)
			if !leading {
				term.Number = 0
			}
			s.term.Store(term.Number)
		},
	}, s.lead)
}

// lead runs what only the leader does. It returns when all of it has ended; if one part fails, the lease is given up.
func (s *stack) lead(ctx context.Context, term leader.Term) {
	began := time.Now() // the reading that the event stream begins with comes after it, and counts
	if err := errors.Join(s.examine(ctx), s.catchUp(ctx)); err != nil {
		s.log.Warn("what Redis holds could not be examined, the lease is given up", "error", err)
		return
	}
	if err := s.tellLeader(ctx, term.Number); err != nil {
		s.log.Warn("the journal could not be told who leads, the lease is given up", "error", err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before := s.inherit(ctx)
	parts := []func(context.Context) error{
		s.master.Lead,
		func(ctx context.Context) error {
			return s.reconciler.Run(ctx, reconcile.Leadership{
				Term: term.Number, Began: began, Previous: term.Previous, Left: term.Left, Reregister: s.reregister(ctx), Before: before,
			})
		},
		func(ctx context.Context) error { return s.keep(ctx, term.Number) },
		func(ctx context.Context) error { return s.poster.Run(ctx, term.Number) },
		func(ctx context.Context) error { return s.scheduler.Run(ctx, term.Number) },
		func(ctx context.Context) error { return s.feed(ctx, term.Number) },
		func(ctx context.Context) error { return s.approvals.Run(ctx, term.Number) },
		func(ctx context.Context) error { return s.shifts(ctx, term.Number) },
	}
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() {
			defer cancel()
			if err := part(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("a part of the leader ended", "error", err)
			}
		})
	}
	running.Wait()
}

// tellLeader writes down who leads from now on. An older term is refused.
func (s *stack) tellLeader(ctx context.Context, term int64) error {
	receipt, err := s.store.Commit(ctx, filters.Commit{Term: term, Events: []filters.Event{{
		Kind: filters.KindLeader, Subject: "leader", Actor: "bot:" + s.replica, Cause: filters.CauseLeader,
	}}})
	if err == nil {
		s.book.Anticipate(receipt.Events...)
	}
	return err
}

// reregisterTime bounds how long the master is asked how long its agents may take to come back.
const reregisterTime = time.Second

func (s *stack) reregister(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, reregisterTime)
	defer cancel()
	return s.master.ReregistrationTimeout(ctx)
}

// catchUp waits until the book is at the newest entry of the journal: a new leader acts on nothing older.
func (s *stack) catchUp(ctx context.Context) error {
	newest, err := s.store.History(ctx, filters.HistoryQuery{Most: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	for {
		turned := s.book.Turned()
		if !filters.After(newest[0].ID, s.book.Position()) {
			return nil
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause between attempts that failed for a passing reason.
const pause = time.Second

// follow keeps the book up with the journal; where the journal is not what was read before, everything is loaded again.
func (s *stack) follow(ctx context.Context) error {
	away := false // said in the log already
	for ctx.Err() == nil {
		state, err := s.believed(ctx)
		if err == nil {
			away = false
			s.book.Reset(state)
			err = s.read(ctx, state.Position)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !away {
			s.log.Warn("the journal cannot be followed just now", "error", err)
		}
		away = true
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// errTorn says that the book knows of writes that the journal does not have.
var errTorn = errors.New("the journal went on without what was written to it")

// read keeps the book up with the journal from a position on, until one of them has to be loaded again.
func (s *stack) read(ctx context.Context, position string) error {
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := s.store.Follow(reading, position, func(events []filters.Event) {
		if !s.book.Follow(events...) {
			stop(errTorn)
		}
	})
	if errors.Is(context.Cause(reading), errTorn) {
		return errTorn
	}
	return err
}

// firstReading bounds how long a starting replica waits for the master: without one it serves what it can.
const firstReading = 2 * time.Second

// awaitState waits until the book was loaded, and a little for the first reading of the cluster.
func (s *stack) awaitState(ctx context.Context) error {
	for {
		turned := s.book.Turned()
		if s.book.Position() != "" { // a journal has an entry from its first installation on
			break
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, firstReading)
	defer cancel()
	for s.master.Roster().AsOf().IsZero() {
		if wait(ctx, 10*time.Millisecond) != nil {
			return nil //nolint:nilerr // the master is away
		}
	}
	return nil
}

// believed loads what Redis holds, once that is known to be what it was, or is locked: an older copy must not be acted on
// for the moment that it takes to notice.
func (s *stack) believed(ctx context.Context) (filters.State, error) {
	for {
		if err := s.examine(ctx); err != nil {
			return filters.State{}, err
		}
		state, err := s.store.Load(ctx)
		if err != nil || state.Lock != nil {
			return state, err
		}
		if steady, err := s.store.Pulse(ctx); err != nil || steady {
			return state, err
		}
	}
}

func (s *stack) leads() bool { return s.term.Load() != 0 }

// measureEvery is how often gauges are brought up to date.
const measureEvery = 15 * time.Second

func (s *stack) measure(ctx context.Context) error {
	return every(ctx, measureEvery, func() {
		status := s.service.Status()
		s.metrics.Agents(s.name, map[string]int{"taking": status.Taking, "ours": status.Ours, "others": status.Others, "contested": status.Contested, "away": status.Away})
		kinds := map[string]int{}
		for _, filter := range s.service.Filters() {
			kinds[filter.Owner.Kind()]++
		}
		s.metrics.Filters(s.name, kinds)
		s.metrics.Locked(s.name, status.Lock != nil)
		s.metrics.Heard(s.name, status.Condition.Heard)
		s.metrics.SlackQueue(s.name, int(s.poster.Backlog()))
	})
}

// every calls do at once and then each period, until ctx ends.
func every(ctx context.Context, period time.Duration, do func()) error {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
