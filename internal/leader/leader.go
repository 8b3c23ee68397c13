package leader

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// Config is what Run needs. Lease, Holder and Now are required.
type Config struct {
	Lease  Lease
	Holder string // this replica
	URL    string // where this replica is reached by others
	// TTL is how long the lease lasts from a renewal; 0: 15 s.
	TTL time.Duration
	// Deadline is how long after the last successful renewal was asked for leadership ends, if none succeeded since. It is
	// shorter than TTL: what it leaves of the TTL is the time that the leader has to stop. 0: two thirds of TTL.
	Deadline time.Duration
	// Retry is the time between renewals, and between attempts to acquire; 0: TTL/6.
	Retry time.Duration
	// Now is the lease's clock (Redis TIME) as this replica knows it. Against it, the local wall clock must not be off, and
	// neither may jump against the monotonic clock, by more than MaxSkew.
	Now func() time.Time
	// Changed is told when leadership begins (leading true) and when it has ended; nil: nobody is.
	Changed func(leading bool, term Term)
	// Logger gets what happens; nil: nothing is logged.
	Logger *slog.Logger
}

// MaxSkew is how far clocks may be apart, or step, on a replica that leads (invariant 13).
const MaxSkew = 2 * time.Second

func (c Config) withDefaults() Config {
	c.TTL = cmp.Or(c.TTL, 15*time.Second)
	c.Deadline = cmp.Or(c.Deadline, c.TTL*2/3)
	c.Retry = cmp.Or(c.Retry, c.TTL/6)
	if c.Changed == nil {
		c.Changed = func(bool, Term) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Run competes for the lease until ctx ends and calls lead whenever it has it. lead's context ends before the lease can
// be another's, and when ctx ends; Run waits for lead to return before it releases the lease or competes again. A lead
// that returns early gives the lease up. Run returns ctx's error.
func Run(ctx context.Context, config Config, lead func(ctx context.Context, term Term)) error {
	config = config.withDefaults()
	var clock clock
	told := false
	for {
		held, err := attempt(ctx, config, &clock)
		if err != nil && !told && ctx.Err() == nil {
			config.Logger.Error("this replica cannot lead", "reason", err)
		}
		told = err != nil
		if held != nil {
			held.lead(ctx, &clock, lead)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(config.Retry):
		}
	}
}

// attempt asks for the lease, if the clocks are right. It returns nil without an error while another holds it.
func attempt(ctx context.Context, config Config, clock *clock) (*tenure, error) {
	if err := clock.check(config.Now()); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, config.Deadline)
	defer cancel()
	asked := time.Now()
	number, previous, ok, err := config.Lease.Acquire(bounded, config.Holder, config.URL, config.TTL)
	if err != nil || !ok {
		return nil, err
	}
	t := &tenure{config: config}
	t.asked.Store(&asked)
	t.term = Term{number, previous, t.left}
	return t, nil
}

// tenure is a lease that this replica has.
type tenure struct {
	config Config
	term   Term
	// asked is when the newest successful acquisition or renewal was sent: the lease lasts TTL from then at least.
	asked atomic.Pointer[time.Time]
}

// lead calls the function and renews beside it. Where Run's ctx has ended, or lead has returned, the lease is released.
func (t *tenure) lead(ctx context.Context, clock *clock, lead func(context.Context, Term)) {
	leading, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	t.config.Logger.Info("this replica leads", "term", t.term.Number)
	t.config.Changed(true, t.term)
	go func() {
		defer close(done)
		lead(leading, t.term)
	}()
	lost := t.renew(leading, clock, done)
	stop()
	<-done
	t.config.Changed(false, t.term)
	if !lost {
		t.release(ctx)
	}
}

// renew keeps the lease until the context ends, lead is done, or the lease cannot be kept: then it is, or may soon be,
// lost.
func (t *tenure) renew(ctx context.Context, clock *clock, done <-chan struct{}) (lost bool) {
	for {
		wait := min(t.config.Retry, t.left())
		select {
		case <-ctx.Done():
			return false
		case <-done:
			return false
		case <-time.After(wait):
		}
		if err := clock.check(t.config.Now()); err != nil {
			t.config.Logger.Error("this replica leads no more", "term", t.term.Number, "reason", err)
			return false
		}
		if err := t.renewOnce(ctx); errors.Is(err, ErrLost) || t.left() <= 0 {
			t.config.Logger.Warn("this replica leads no more", "term", t.term.Number, "reason", err)
			return true
		}
	}
}

// left is how long leadership lasts without another renewal.
func (t *tenure) left() time.Duration { return t.config.Deadline - time.Since(*t.asked.Load()) }

func (t *tenure) renewOnce(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, max(t.left(), 0))
	defer cancel()
	asked := time.Now()
	err := t.config.Lease.Renew(bounded, t.term.Number, t.config.TTL)
	if err == nil {
		t.asked.Store(&asked)
	}
	return err
}

// release gives the lease up, also when ctx has ended: another replica need not wait for it to run out.
func (t *tenure) release(ctx context.Context) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.config.Retry)
	defer cancel()
	if err := t.config.Lease.Release(bounded, t.term.Number); err != nil && !errors.Is(err, ErrLost) {
		t.config.Logger.Warn("the lease could not be released", "term", t.term.Number, "reason", err)
	}
}
