package filters

import (
	"context"
	"time"
)

// Service answers every actor's requests about one cluster: it resolves targets, makes the plan, asks the Gate and
// records. It sends nothing to the master; the reconciler does. Safe for concurrent use.
type Service struct {
	config ServiceConfig
}

// ServiceConfig is what a Service needs; every field is required but Groups, Limits and Observe.
type ServiceConfig struct {
	Cluster string // the cluster's name
	Groups  map[string]Group
	Limits  LimitConfig
	Store   Store
	Book    *Book
	State   Cluster
	Gate    Gate
	// Observe says that nothing is sent to the master: answers say so.
	Observe bool
}

// LimitConfig is `max_withheld` of the configuration.
type LimitConfig struct {
	Cluster LimitValue
	Rack    LimitValue
}

// LimitValue is a number of agents or a percentage; the zero value is no limit.
type LimitValue struct {
	Count   int
	Percent float64
}

// Of returns the limit for a whole of so many agents, 0 for none. A percentage is rounded down, to at least 1.
func (l LimitValue) Of(whole int) int {
	if l.Percent > 0 {
		return max(1, int(l.Percent/100*float64(whole)))
	}
	return l.Count
}

// Request is what every changing request has.
type Request struct {
	Actor   Actor
	Key     string // the request key; empty only for the API without one
	Cause   string // CauseCommand, CauseClick or CauseAPI
	Targets []Target
	Reason  string
	// Until is the end, UTC; zero: none given.
	Until  time.Time
	DryRun bool
	Yes    bool
	// All makes unfilter end the filters of every owner.
	All bool
}

// Result is what a changing request did, or would do.
type Result struct {
	Cluster   string
	Verb      Verb
	DryRun    bool
	Observe   bool
	Repeated  bool
	Plan      Plan
	Impact    Impact // of filter, adopt, and their dry runs
	Operation string // empty if nothing was changed
	State     ChangeState
	Changed   []Filter // the filters placed, changed or ended, as they are now
	// Others are filters of other owners that still stand on the agents of an unfilter or release.
	Others []Filter
	At     time.Time
}

// Filter withholds the targets for the actor until the request's end.
func (s *Service) Filter(ctx context.Context, request Request) (Result, error) {
	panic("being written")
}

// Unfilter ends the actor's own filters on the targets; with All those of every owner.
func (s *Service) Unfilter(ctx context.Context, request Request) (Result, error) {
	panic("being written")
}

// Release ends the filters with the IDs, whoever owns them.
func (s *Service) Release(ctx context.Context, request Request, ids []string) (Result, error) {
	panic("being written")
}

// Extend moves the end of the actor's own filters on the targets to the later of their end and now + duration; with All
// those of every owner. ids names filters instead of targets, as the Extend button does.
func (s *Service) Extend(ctx context.Context, request Request, ids []string, duration time.Duration) (Result, error) {
	panic("being written")
}

// Adopt takes over agents that somebody else withheld: from then on they are ours to give back. A reason is required.
func (s *Service) Adopt(ctx context.Context, request Request) (Result, error) { panic("being written") }

// Replace makes the actor's own filters be exactly those on the targets (PUT /allocator/filters), in one commit.
func (s *Service) Replace(ctx context.Context, request Request) (Result, error) {
	panic("being written")
}

// Freeze stops everything new; Thaw ends that. Both need a reason. They return the freeze that stood or stands.
func (s *Service) Freeze(ctx context.Context, request Request) (Freeze, error) {
	panic("being written")
}

// Thaw ends a freeze.
func (s *Service) Thaw(ctx context.Context, request Request) (Freeze, error) { panic("being written") }

// Answer answers an open question with yes or no, once; the second answer is told of the first.
func (s *Service) Answer(ctx context.Context, request Request, id string, yes bool) (Question, error) {
	panic("being written")
}

// Unlock ends a lock: with DryRun it only returns the overdue give-backs that would follow.
func (s *Service) Unlock(ctx context.Context, request Request) (overdue []Filter, lock Lock, err error) {
	panic("being written")
}

// Agents returns the agents that the targets name, all without targets, each with the filters that stand on it.
func (s *Service) Agents(ctx context.Context, targets []Target) ([]AgentStatus, error) {
	panic("being written")
}

// Filters returns the filters that stand, oldest first.
func (s *Service) Filters(ctx context.Context) ([]Filter, error) { panic("being written") }

// History returns the newest journal entries about the targets, of everything without targets.
func (s *Service) History(ctx context.Context, targets []Target, most int) ([]Event, error) {
	panic("being written")
}

// Questions returns the open questions, oldest first.
func (s *Service) Questions(ctx context.Context) ([]Question, error) { panic("being written") }

// Status sums the cluster up.
func (s *Service) Status(ctx context.Context) (Status, error) { panic("being written") }

// May tells what the actor may do, and why.
func (s *Service) May(ctx context.Context, actor Actor) (verbs []Verb, why string, err error) {
	panic("being written")
}

// Outcome returns what became of a request key: for a caller whose answer was lost.
func (s *Service) Outcome(ctx context.Context, key string) (Result, bool, error) {
	panic("being written")
}

// Progress tells how far an operation has come.
func (s *Service) Progress(ctx context.Context, operation string) (Progress, error) {
	panic("being written")
}

// Now is the cluster's time: Redis TIME, UTC.
func (s *Service) Now() time.Time { return s.config.Store.Now() }

// Name returns the cluster's name.
func (s *Service) Name() string { return s.config.Cluster }

// Hostnames returns the names to complete, sorted.
func (s *Service) Hostnames() []string { return s.config.State.Roster().Hostnames() }

// AgentStatus is an agent with what we and others hold on it.
type AgentStatus struct {
	Agent      Agent
	Filters    []Filter
	Ledger     *LedgerEntry
	Foreign    bool // withheld on the master, and not by us
	Tasks      map[string]int
	TasksKnown bool
}

// Status is a cluster at a glance.
type Status struct {
	Cluster   string
	Condition Condition
	Now       time.Time
	AsOf      time.Time // the reading's
	Total     int       // registered agents
	Taking    int       // agents that take tasks
	Ours      int       // withheld on the master by us
	Others    int       // withheld by somebody else
	Away      int       // disconnected
	Recovered int       // known from the registry, not back since the failover
	Filters   int       // that stand
	EndSoon   int       // that end within the hour
	NoEnd     int       // without an end
	Pending   int       // filters recorded, not yet verified
	Settling  string    // why nothing is given back just now; empty: it is
	Freeze    *Freeze
	Lock      *Lock
	Questions int
	Observe   bool
}
