package store

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"cordon/filters"
	"cordon/internal/leader"
)

var _ leader.Lease = (*Store)(nil)

// inBubble runs a test in a bubble, with stores on one in-memory Redis whose clock is the bubble's.
func inBubble(t *testing.T, test func(t *testing.T, open func(name string) *Store, server *miniredis.Miniredis)) {
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		defer server.Close()
		test(t, func(name string) *Store {
			r, err := Open(t.Context(), Config{
				Dialer:  func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
				DataDir: t.TempDir(), Replica: name, Logger: slog.New(slog.DiscardHandler),
			})
			must(t, err)
			t.Cleanup(r.Close)
			return r.Cluster("prod")
		}, server)
	})
}

func TestLease(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(string) *Store, _ *miniredis.Miniredis) {
		one, two, ctx := open("one"), open("two"), t.Context()
		const ttl = 10 * time.Second
		began := time.Now()
		term, previous, ok, err := one.Acquire(ctx, "one", "http://one", ttl)
		if err != nil || !ok || term != 1 || !previous.IsZero() {
			t.Fatalf("first: %d %v %v %v", term, previous, ok, err)
		}
		if _, _, ok, err := two.Acquire(ctx, "two", "http://two", ttl); ok || err != nil {
			t.Errorf("a held lease is given: %v", err)
		}
		leads, ok, err := two.Leader(ctx)
		if err != nil || !ok || leads.Holder != "one" || leads.URL != "http://one" || leads.Term != 1 || !leads.Until.Equal(began.Add(ttl)) {
			t.Errorf("%+v %v %v", leads, ok, err)
		}
		time.Sleep(6 * time.Second)
		must(t, one.Renew(ctx, 1, ttl))
		time.Sleep(6 * time.Second)
		if _, _, ok, _ := two.Acquire(ctx, "two", "", ttl); ok {
			t.Error("a renewed lease is given")
		}
		time.Sleep(5 * time.Second) // it ends at 16 s
		if _, ok, _ := two.Leader(ctx); ok {
			t.Error("an ended lease has a leader")
		}
		if err := one.Renew(ctx, 1, ttl); !errors.Is(err, leader.ErrLost) {
			t.Errorf("an ended lease is renewed: %v", err)
		}
		term, previous, ok, err = two.Acquire(ctx, "two", "http://two", ttl)
		if err != nil || !ok || term != 2 || !previous.Equal(began.Add(16*time.Second)) {
			t.Errorf("second: %d %v %v %v", term, previous.Sub(began), ok, err)
		}
		if err := one.Release(ctx, 1); !errors.Is(err, leader.ErrLost) {
			t.Errorf("another's lease is released: %v", err)
		}
		if err := one.Publish(ctx, 1, []byte("{}")); !errors.Is(err, ErrStale) {
			t.Errorf("a stale leader publishes: %v", err)
		}
		must(t, two.Release(ctx, 2))
		term, previous, ok, err = one.Acquire(ctx, "one", "", ttl)
		if err != nil || !ok || term != 3 || !previous.Equal(began.Add(27*time.Second)) {
			t.Errorf("after a release: %d %v %v %v", term, previous.Sub(began), ok, err)
		}
	})
}

// A replica whose lease still stands leads at once, under a new term, be it the same process or one that was started after a crash;
// another replica waits.
func TestLeaseOfAReplicaStartedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(string) *Store, _ *miniredis.Miniredis) {
		s, ctx, began := open("one"), t.Context(), time.Now()
		for _, c := range []struct {
			holder string
			ok     bool
			term   int64
		}{{"one/a", true, 1}, {"one/a", true, 2}, {"two/b", false, 0}, {"oneself", false, 0}, {"one/c", true, 3}, {"one/c", true, 4}} {
			term, previous, ok, err := s.Acquire(ctx, c.holder, "", time.Minute)
			if err != nil || ok != c.ok || term != c.term {
				t.Errorf("%s: term %d %t %v, want %d %t", c.holder, term, ok, err, c.term, c.ok)
			}
			if c.term > 1 && !previous.Equal(began.Add(time.Minute)) {
				t.Errorf("%s: the lease before ends at %s", c.holder, previous)
			}
		}
		for term := range int64(4) {
			if err := s.Renew(ctx, term, time.Minute); !errors.Is(err, leader.ErrLost) {
				t.Errorf("term %d is renewed: %v", term, err)
			}
		}
		must(t, s.Renew(ctx, 4, time.Minute))
	})
}

func TestLeaseOnEach(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		one, two := open(t, b), open(t, b)
		terms := make(chan int64, 2)
		for name, s := range map[string]*Store{"one": one, "two": two} {
			go func() {
				term, _, _, err := s.Acquire(t.Context(), name, "", time.Minute)
				if err != nil {
					t.Error(err)
				}
				terms <- term
			}()
		}
		if first, second := <-terms, <-terms; first+second != 1 {
			t.Errorf("terms %d and %d, want one 1", first, second)
		}
		must(t, one.Release(t.Context(), 1))
		term, _, ok, err := two.Acquire(t.Context(), "two", "", time.Minute)
		if err != nil || !ok || term != 2 {
			t.Errorf("%d %v %v", term, ok, err)
		}
		if err := one.Renew(t.Context(), 1, time.Minute); !errors.Is(err, leader.ErrLost) {
			t.Errorf("%v", err)
		}
	})
}

func TestView(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		if view, at, err := s.View(t.Context()); view != nil || !at.IsZero() || err != nil {
			t.Errorf("before: %s %v %v", view, at, err)
		}
		must(t, s.Publish(t.Context(), led(t, s), []byte(`{"agents":[]}`)))
		view, at, err := s.View(t.Context())
		if err != nil || string(view) != `{"agents":[]}` || s.Now().Sub(at).Abs() > time.Minute {
			t.Errorf("%s %v %v", view, at, err)
		}
	})
}

func TestClock(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(string) *Store, server *miniredis.Miniredis) {
		s := open("one")
		if s.Redis().ClockOff() {
			t.Error("equal clocks are off")
		}
		server.SetTime(time.Now().Add(1900 * time.Millisecond))
		time.Sleep(11 * time.Second)
		server.SetTime(time.Now().Add(1900 * time.Millisecond))
		must(t, s.Redis().Ping(t.Context()))
		if s.Redis().ClockOff() || s.Redis().Offset() != 1900*time.Millisecond {
			t.Errorf("offset %v", s.Redis().Offset())
		}
		if want := time.Now().Add(1900 * time.Millisecond); !s.Now().Equal(want) {
			t.Errorf("now is %v, want %v", s.Now(), want)
		}
		time.Sleep(time.Minute)
		if want := time.Now().Add(1900 * time.Millisecond); !s.Now().Equal(want) {
			t.Errorf("a minute later now is %v, want %v", s.Now(), want)
		}
		server.SetTime(time.Now().Add(-2100 * time.Millisecond))
		must(t, s.Redis().Ping(t.Context()))
		if !s.Redis().ClockOff() {
			t.Errorf("offset %v is not off", s.Redis().Offset())
		}
		var _ filters.Store = s
	})
}
