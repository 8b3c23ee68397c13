package reconcile

import (
	"cmp"
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"cordon/filters"
)

// Config is what a Reconciler needs. Cluster, Replica, Book, Master and Recorder are required.
type Config struct {
	Cluster  string
	Replica  string // the actor of its entries is bot:REPLICA
	Book     *filters.Book
	Master   Master
	Recorder Recorder

	// Source says what is to be done about machines, and Maintenance does it. nil: there is nothing of that.
	Source      Source
	Maintenance Maintenance

	// Observe says that nothing is sent and nothing written to the ledger: what would be done is logged and journalled.
	Observe bool
	// Period is the time between readings without any other reason; 0: 30 s.
	Period time.Duration
	// Calls is how many calls are made to the master at once; 0: 32. To the allocator module they are made in turn.
	Calls int
	// CallTimeout bounds one call and must be inside the lease: a new leader waits as long before it gives anything back;
	// 0: 10 s.
	CallTimeout time.Duration
	// ReregisterTimeout is how long agents may take to come back after a failover; 0: 10 minutes, Mesos's default.
	ReregisterTimeout time.Duration
	// Published encodes this replica's view for followers; it is called after each complete reading, failed or not, and when
	// Held has changed. nil: not published.
	Published func() []byte
	Meter     Meter
	// Logger gets what is done; nil: nothing is logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Period = cmp.Or(c.Period, 30*time.Second)
	c.Calls = cmp.Or(c.Calls, 32)
	c.CallTimeout = cmp.Or(c.CallTimeout, 10*time.Second)
	c.ReregisterTimeout = cmp.Or(c.ReregisterTimeout, 10*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Reconciler is one cluster's loop. Run may be called again after it has returned, with a newer term.
type Reconciler struct {
	config   Config
	held     atomic.Pointer[string]
	baseline atomic.Pointer[Baseline]
}

// New returns a Reconciler. It panics if a required field is missing: that is a mistake of the program.
func New(config Config) *Reconciler {
	if config.Cluster == "" || config.Replica == "" || config.Book == nil || config.Master == nil || config.Recorder == nil {
		panic("reconcile: a Reconciler needs Cluster, Replica, Book, Master and Recorder")
	}
	if (config.Source == nil) != (config.Maintenance == nil) {
		panic("reconcile: Source and Maintenance come together")
	}
	return &Reconciler{config: config.withDefaults()}
}

// Held tells why nothing is given back just now, in a phrase; empty if it is, and on a replica that does not lead. Safe
// for concurrent use.
func (r *Reconciler) Held() string {
	if held := r.held.Load(); held != nil {
		return *held
	}
	return ""
}

// Baseline is the cluster as it was last settled; zero before it was, and on a replica that never led. Safe for concurrent
// use.
func (r *Reconciler) Baseline() Baseline {
	if baseline := r.baseline.Load(); baseline != nil {
		return *baseline
	}
	return Baseline{}
}

// Leadership is one term of leading.
type Leadership struct {
	Term int64
	// Began is when it began, by the local clock: what was read before proves nothing about the leader before.
	Began time.Time
	// Previous is when the lease of the term before ran out or would have (Redis TIME; zero: there was none): nothing is
	// given back before that plus CallTimeout.
	Previous time.Time
	// Left is how long it lasts yet, however long this process was asleep: no call is made without it, and none is waited
	// for longer. nil: as long as the context.
	Left func() time.Duration
	// Reregister is how long agents may take to come back after a failover, as the master told; 0: Config.ReregisterTimeout.
	Reregister time.Duration
	// Before is the cluster as an earlier leader left it settled; zero: not known.
	Before Baseline
}

// Run reconciles for as long as ctx lives, which must not be longer than the leadership. It waits for its calls and
// returns ctx's error.
func (r *Reconciler) Run(ctx context.Context, leadership Leadership) error {
	defer r.held.Store(nil)
	r.baseline.Store(nil)
	r.config.Logger.Info("reconciling", "term", leadership.Term, "observe", r.config.Observe)
	return newLeading(r, leadership).run(ctx)
}
