package store

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

// What this process wrote and follows is handed over without asking Redis again, and is what Redis holds.
func TestFollowedEntriesAreThoseOfRedis(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, other := open(t, b), open(t, b)
		ctx, cancel := context.WithCancel(t.Context())
		followed := make(chan []filters.Event, 100)
		ended := make(chan error, 1)
		go func() { ended <- s.Follow(ctx, "", func(events []filters.Event) { followed <- events }) }()
		const commits = 40
		for n := range commits {
			writer := s
			if n%3 == 0 {
				writer = other
			}
			_, err := writer.Commit(t.Context(), placing("", placed(n, "user:U1")))
			must(t, err)
		}
		var got []filters.Event
		for len(got) < commits {
			got = append(got, <-followed...)
		}
		want, err := other.After(t.Context(), "", commits)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("what was followed is not the journal:", diff)
		}
		for _, from := range []string{"", want[0].ID, want[commits/2].ID, want[commits-1].ID} {
			want, err := other.After(t.Context(), from, 7)
			must(t, err)
			got, err := s.After(t.Context(), from, 7)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %q: %s", from, diff)
			}
		}
		cancel()
		<-ended
	})
}

// Commits that go on while Redis is looked at are no sign that it lost any.
func TestPulseIsSteadyWhileCommitsGoOn(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		if lock, err := s.Check(t.Context()); err != nil || lock != nil {
			t.Fatal(lock, err)
		}
		stop, ended := make(chan struct{}), make(chan error, 1)
		defer func() { close(stop); must(t, <-ended) }()
		go func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				if _, err := s.Commit(context.Background(), placing("", placed(n, "user:U1"))); err != nil {
					ended <- err
					return
				}
			}
		}()
		for round := range 50 {
			if steady, err := s.Pulse(t.Context()); !steady || err != nil {
				t.Fatalf("steady %t, error %v", steady, err)
			}
			if round%10 > 0 {
				continue
			}
			if lock, err := s.Check(t.Context()); lock != nil || err != nil {
				t.Fatalf("lock %+v, error %v", lock, err)
			}
		}
	})
}
