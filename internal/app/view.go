package app

import (
	"context"
	"encoding/json"
	"time"

	"cordon/filters/reconcile"
)

// publication is what the leader tells followers, so that their answers are as true as its own.
type publication struct {
	// Held is why nothing is given back just now; empty: it is.
	Held string `json:"held,omitempty"`
	// Master is the view of filters/mesos.
	Master json.RawMessage `json:"master"`
	// Baseline is the cluster as it was last settled, for the leader after this one.
	Baseline reconcile.Baseline `json:"baseline,omitzero"`
}

// published encodes this replica's view for followers.
func (s *stack) published() []byte {
	encoded, err := json.Marshal(publication{Held: s.reconciler.Held(), Master: s.master.Published(), Baseline: s.baseline()})
	if err != nil {
		panic(err) // the master's view is JSON
	}
	return encoded
}

// baseline is the cluster as it was last settled: by this leader, or else by the one before.
func (s *stack) baseline() reconcile.Baseline {
	if own := s.reconciler.Baseline(); own != (reconcile.Baseline{}) {
		return own
	}
	if before := s.before.Load(); before != nil {
		return *before
	}
	return reconcile.Baseline{}
}

// inherit reads what the leader before left settled, and whom it saw leave.
func (s *stack) inherit(ctx context.Context) reconcile.Baseline {
	var told publication
	view, _, err := s.store.View(ctx)
	if err == nil && len(view) > 0 {
		err = json.Unmarshal(view, &told)
	}
	if err != nil {
		s.log.Warn("what the leader before left settled is not known", "error", err)
	}
	if len(told.Master) > 0 { // for the agents that have departed
		if err := s.master.Overlay(told.Master); err != nil {
			s.log.Warn("the leader before published what cannot be read", "error", err)
		}
	}
	s.before.Store(&told.Baseline)
	return told.Baseline
}

// overlayEvery is how often a follower looks at what the leader published.
const overlayEvery = 5 * time.Second

// overlay keeps a follower up with what the leader published.
func (s *stack) overlay(ctx context.Context) error {
	return every(ctx, overlayEvery, func() {
		if s.leads() {
			return
		}
		view, _, err := s.store.View(ctx)
		if err == nil && len(view) > 0 {
			err = s.learn(view)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Debug("the leader's view could not be read", "error", err)
		}
	})
}

// learn takes in what the leader published.
func (s *stack) learn(view []byte) error {
	var told publication
	if err := json.Unmarshal(view, &told); err != nil {
		return err
	}
	s.told.Store(&told.Held)
	return s.master.Overlay(told.Master)
}

// keeps says why nothing is given back, whatever keeps it.
func (s *stack) keeps() string {
	if lock := s.book.Lock(); lock != nil {
		return "locked: " + lock.Cause
	}
	return s.held()
}

// held tells why nothing is given back just now, on a follower as the leader published it; empty if it is given back.
func (s *stack) held() string {
	if s.leads() {
		return s.reconciler.Held()
	}
	if told := s.told.Load(); told != nil {
		return *told
	}
	return ""
}
