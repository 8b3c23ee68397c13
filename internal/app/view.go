package app

import (
	"context"
	"encoding/json"
	"time"
)

// publication is what the leader tells followers, so that their answers are as true as its own.
type publication struct {
	// Held is why nothing is given back just now; empty: it is.
	Held string `json:"held,omitempty"`
	// Master is the view of filters/mesos.
	Master json.RawMessage `json:"master"`
}

// published encodes this replica's view for followers.
func (s *stack) published() []byte {
	encoded, err := json.Marshal(publication{Held: s.reconciler.Held(), Master: s.master.Published()})
	if err != nil {
		panic(err) // the master's view is JSON
	}
	return encoded
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
