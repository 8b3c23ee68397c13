package app

import (
	"context"
	"time"

	"cordon/filters"
)

// guardEvery is how often a replica looks whether Redis is still the one that it trusted, and keeps its witness.
const guardEvery = time.Second

// guard watches over the memory: a Redis that is older than the witness, another, or without its ledger locks the cluster
// (DESIGN.md, invariant 4).
func (s *stack) guard(ctx context.Context) error {
	return every(ctx, guardEvery, func() {
		err := s.examine(ctx)
		s.reached(err)
		if err != nil {
			s.log.Debug("Redis could not be examined", "error", err)
			return
		}
		if err := s.store.KeepWitness(ctx, s.book); err != nil && ctx.Err() == nil {
			s.log.Warn("the witness could not be kept", "error", err)
		}
	})
}

// reached notes whether Redis answers.
func (s *stack) reached(err error) {
	switch {
	case err == nil:
		s.gone.Store(nil)
	case s.gone.Load() == nil && filters.CodeOf(err) == filters.Unavailable:
		now := s.store.Now()
		s.gone.Store(&now)
	}
}

// away is since when Redis does not answer; zero: it does.
func (s *stack) away() time.Time {
	if since := s.gone.Load(); since != nil {
		return *since
	}
	return time.Time{}
}

// examine checks Redis where it may not be the one that it was, and locks if it is in doubt. An error means that nothing
// could be said.
func (s *stack) examine(ctx context.Context) error {
	steady, err := s.store.Pulse(ctx)
	if err != nil || steady {
		return err
	}
	lock, err := s.store.Check(ctx)
	if err != nil || lock == nil {
		return err
	}
	return s.lock(ctx, lock)
}

// lock records the doubt, once: from then on nothing is given back until somebody unlocks.
func (s *stack) lock(ctx context.Context, lock *filters.Lock) error {
	state, err := s.store.Load(ctx)
	if err != nil || state.Lock != nil {
		return err
	}
	s.log.Error("locked: nothing is given back", "cause", lock.Cause)
	receipt, err := s.store.Commit(ctx, filters.Commit{Lock: lock, Events: []filters.Event{{
		Kind: filters.KindLock, Subject: filters.RandomID("lock-"), Actor: "bot:" + s.replica, Cause: filters.CauseObserved, Reason: lock.Cause, Lock: lock,
	}}})
	if err == nil {
		s.book.Anticipate(receipt.Events...)
	}
	return err
}

// lastTime bounds what is done when a stack has stopped.
const lastTime = 500 * time.Millisecond

// remember keeps the witness once more on the way out, so that it knows of the last change too.
func (s *stack) remember(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTime)
	defer cancel()
	if err := s.store.KeepLastWitness(ctx, s.book); err != nil {
		s.log.Debug("the last witness could not be kept", "error", err)
	}
}

// The leader's housekeeping.
const (
	sealEvery  = time.Second
	tidyEvery  = 10 * time.Minute
	keepEvents = 90 * 24 * time.Hour
)

// keep seals the journal each second, and now and then throws away what nobody needs and compares the book with Redis.
func (s *stack) keep(ctx context.Context, term int64) error {
	tidied := time.Now()
	defer s.sealLast(ctx, term)
	return every(ctx, sealEvery, func() {
		if _, err := s.store.Seal(ctx, term); err != nil && ctx.Err() == nil {
			s.log.Warn("the journal could not be sealed", "error", err)
		}
		if time.Since(tidied) < tidyEvery {
			return
		}
		tidied = time.Now()
		s.tidy(ctx, term)
	})
}

// sealLast covers what was written since the last seal, while the term is still ours.
func (s *stack) sealLast(ctx context.Context, term int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTime)
	defer cancel()
	if _, err := s.store.Seal(ctx, term); err != nil {
		s.log.Debug("the journal could not be sealed on the way out", "error", err)
	}
}

func (s *stack) tidy(ctx context.Context, term int64) {
	if _, err := s.store.Tidy(ctx, term, keepEvents); err != nil && ctx.Err() == nil {
		s.log.Warn("tidying failed", "error", err)
	}
	different, err := s.store.Audit(ctx, s.book)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the audit failed", "error", err)
	}
	for _, sentence := range different {
		s.log.Error("the book differs from Redis", "how", sentence)
	}
}
