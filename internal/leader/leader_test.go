package leader

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ttl = 15 * time.Second

// shared is the lease as its store sees it, on a clock of its own.
type shared struct {
	mutex  sync.Mutex
	holder string
	term   int64
	until  time.Time
	skew   time.Duration // against the replicas' clocks
	faults []string
}

func (s *shared) now() time.Time { return time.Now().Add(s.skew).UTC() }

// replica is one competitor's way to the lease.
type replica struct {
	*shared
	name    string
	cut     bool          // the store is out of reach
	slow    time.Duration // each answer takes so long
	skewed  time.Duration // what the replica takes the store's time for is off by this
	leading bool
	terms   []Term
}

var errCut = errors.New("out of reach")

// reach takes the time of a request there; back is the time of the answer.
func (r *replica) reach(ctx context.Context) error {
	r.mutex.Lock()
	slow := r.slow
	r.mutex.Unlock()
	select {
	case <-time.After(slow / 2):
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.cut {
		return errCut
	}
	return nil
}

func (r *replica) Acquire(ctx context.Context, holder, _ string, ttl time.Duration) (int64, time.Time, bool, error) {
	if err := r.reach(ctx); err != nil {
		return 0, time.Time{}, false, err
	}
	term, previous, ok := r.acquire(holder, ttl)
	return term, previous, ok, r.reach(ctx)
}

func (r *replica) acquire(holder string, ttl time.Duration) (int64, time.Time, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.holder != holder && r.now().Before(r.until) {
		return 0, time.Time{}, false
	}
	previous := r.until
	r.term++
	r.holder, r.until = holder, r.now().Add(ttl)
	return r.term, previous, true
}

func (r *replica) Renew(ctx context.Context, term int64, ttl time.Duration) error {
	if err := r.reach(ctx); err != nil {
		return err
	}
	if err := r.renew(term, ttl); err != nil {
		return err
	}
	return r.reach(ctx)
}

func (r *replica) renew(term int64, ttl time.Duration) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.term != term || !r.now().Before(r.until) {
		return ErrLost
	}
	r.until = r.now().Add(ttl)
	return nil
}

func (r *replica) Release(_ context.Context, term int64) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.term != term {
		return ErrLost
	}
	r.until = r.now()
	return nil
}

func (r *replica) Now() time.Time {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.now().Add(r.skewed)
}

// run competes until ctx ends. A leader that is told to stop takes a moment to.
func (r *replica) run(ctx context.Context) {
	_ = Run(ctx, Config{Lease: r, Holder: r.name, TTL: ttl, Now: r.Now}, func(ctx context.Context, term Term) {
		r.set(true, term)
		<-ctx.Done()
		r.set(false, term)
	})
}

// set notes who leads, and that nobody else does.
func (r *replica) set(leading bool, term Term) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.leading = leading
	if leading {
		r.terms = append(r.terms, term)
	}
	if !leading && r.term != term.Number {
		r.faults = append(r.faults, r.name+" led when the lease was another's")
	}
}

func (r *replica) leads() bool { r.mutex.Lock(); defer r.mutex.Unlock(); return r.leading }

func (r *replica) edit(change func()) { r.mutex.Lock(); defer r.mutex.Unlock(); change() }

func wait(d time.Duration) { <-time.After(d) }

// compete runs the replicas in a bubble beside the test.
func compete(t *testing.T, names []string, test func(lease *shared, replicas []*replica, stop []context.CancelFunc)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		lease := &shared{}
		var running sync.WaitGroup
		var replicas []*replica
		var stops []context.CancelFunc
		for _, name := range names {
			ctx, stop := context.WithCancel(t.Context())
			r := &replica{shared: lease, name: name, slow: time.Millisecond}
			replicas, stops = append(replicas, r), append(stops, stop)
			running.Go(func() { r.run(ctx) })
			wait(time.Second)
		}
		test(lease, replicas, stops)
		for _, stop := range stops {
			stop()
		}
		running.Wait()
		for _, fault := range lease.faults {
			t.Error(fault)
		}
	})
}

func TestOneLeads(t *testing.T) {
	compete(t, []string{"one", "two"}, func(_ *shared, replicas []*replica, _ []context.CancelFunc) {
		wait(time.Hour)
		if !replicas[0].leads() || replicas[1].leads() {
			t.Errorf("one leads: %v, two leads: %v", replicas[0].leads(), replicas[1].leads())
		}
		if terms := replicas[0].terms; len(terms) != 1 || terms[0].Number != 1 || !terms[0].Previous.IsZero() {
			t.Errorf("terms of one: %v", terms)
		}
	})
}

func TestShutdownReleases(t *testing.T) {
	compete(t, []string{"one", "two"}, func(_ *shared, replicas []*replica, stops []context.CancelFunc) {
		wait(time.Minute)
		stops[0]()
		wait(3 * time.Second)
		if replicas[0].leads() || !replicas[1].leads() {
			t.Error("the other replica does not lead 3 s after a shutdown")
		}
	})
}

func TestLeadershipEndsBeforeTheLeaseCanBeAnothers(t *testing.T) {
	compete(t, []string{"one", "two"}, func(lease *shared, replicas []*replica, _ []context.CancelFunc) {
		wait(time.Minute)
		replicas[0].edit(func() { replicas[0].cut = true })
		until := lease.until
		for replicas[0].leads() {
			wait(10 * time.Millisecond)
		}
		if left := time.Until(until); left < 2*time.Second {
			t.Errorf("it stopped leading only %v before the lease ran out", left)
		}
		wait(20 * time.Second)
		if !replicas[1].leads() {
			t.Error("the other replica does not lead after the lease has run out")
		}
		previous := replicas[1].terms[0].Previous
		if !previous.Equal(until) {
			t.Errorf("the lease before ran out at %v, the new leader thinks %v", until, previous)
		}
		replicas[0].edit(func() { replicas[0].cut = false })
		wait(time.Minute)
		if replicas[0].leads() {
			t.Error("both lead")
		}
	})
}

func TestALostLeaseEndsLeadershipAtOnce(t *testing.T) {
	compete(t, []string{"one"}, func(lease *shared, replicas []*replica, _ []context.CancelFunc) {
		wait(time.Minute)
		replicas[0].edit(func() { lease.term++; lease.faults = nil })
		wait(3 * time.Second)
		led := replicas[0].leads()
		lease.mutex.Lock()
		lease.faults = nil // the test took the lease away, not another replica
		lease.mutex.Unlock()
		if led {
			t.Error("it leads on with a lease that is another's")
		}
	})
}

func TestClocks(t *testing.T) {
	for _, c := range []struct {
		name  string
		upset func(*replica)
		leads bool
	}{
		{"off by 1 s", func(r *replica) { r.skewed = time.Second }, true},
		{"off by 3 s", func(r *replica) { r.skewed = 3 * time.Second }, false},
		{"off by 3 s the other way", func(r *replica) { r.skewed = -3 * time.Second }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			compete(t, []string{"one"}, func(_ *shared, replicas []*replica, _ []context.CancelFunc) {
				wait(time.Minute)
				replicas[0].edit(func() { c.upset(replicas[0]) })
				wait(time.Minute)
				if replicas[0].leads() != c.leads {
					t.Errorf("leads: %v", replicas[0].leads())
				}
				replicas[0].edit(func() { replicas[0].skewed = 0 })
				wait(time.Minute)
				if !replicas[0].leads() {
					t.Error("it does not lead when its clock is right again")
				}
			})
		})
	}
}

func TestAStepCostsOneTerm(t *testing.T) {
	compete(t, []string{"one"}, func(lease *shared, replicas []*replica, _ []context.CancelFunc) {
		wait(time.Minute)
		replicas[0].edit(func() { lease.skew = 1500 * time.Millisecond })
		wait(10 * time.Second)
		replicas[0].edit(func() { lease.skew = -1500 * time.Millisecond })
		wait(time.Minute)
		if terms := len(replicas[0].terms); terms != 2 || !replicas[0].leads() {
			t.Errorf("%d terms, leads: %v", terms, replicas[0].leads())
		}
	})
}

func TestALeadThatReturnsGivesTheLeaseUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &replica{shared: &shared{}, name: "one"}
		ctx, stop := context.WithCancel(t.Context())
		var changes []bool
		times := 0
		err := Run(ctx, Config{Lease: r, Holder: "one", TTL: ttl, Now: r.Now, Changed: func(leading bool, _ Term) { changes = append(changes, leading) }},
			func(context.Context, Term) {
				if times++; times == 3 {
					stop()
				}
			})
		if !errors.Is(err, context.Canceled) || r.term != 3 || len(changes) != 6 {
			t.Errorf("%v after %d terms and changes %v", err, r.term, changes)
		}
	})
}

// TestNeverTwo lets two replicas lose and find the store, slowly and at any moment.
func TestNeverTwo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type upset struct {
			who  int
			cut  bool
			slow time.Duration
			long time.Duration
		}
		story := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) upset {
			return upset{rapid.IntRange(0, 1).Draw(rt, "who"), rapid.Bool().Draw(rt, "cut"),
				time.Duration(rapid.IntRange(1, 4000).Draw(rt, "slow")) * time.Millisecond, time.Duration(rapid.IntRange(1, 20000).Draw(rt, "long")) * time.Millisecond}
		}), 1, 20).Draw(rt, "story")
		var faults []string
		compete(t, []string{"one", "two"}, func(lease *shared, replicas []*replica, _ []context.CancelFunc) {
			for _, upset := range story {
				r := replicas[upset.who]
				r.edit(func() { r.cut, r.slow = upset.cut, upset.slow })
				wait(upset.long)
				if replicas[0].leads() && replicas[1].leads() {
					faults = append(faults, "both lead")
				}
			}
			lease.mutex.Lock()
			defer lease.mutex.Unlock()
			faults, lease.faults = append(faults, lease.faults...), nil
		})
		if len(faults) > 0 {
			rt.Fatalf("%v", faults)
		}
	})
}
