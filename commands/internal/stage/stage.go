// Package stage is a cluster with its store in memory, for tests of the chat language and of what shows it.
package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"cordon/commands/poster"
	"cordon/filters"
	"cordon/internal/approval"
	"cordon/scheduler"

	"github.com/goccy/go-yaml"
)

// Stage is one cluster: the real Service over an in-memory store. Safe for concurrent use.
type Stage struct {
	*filters.Service
	Book *filters.Book

	mutex     sync.Mutex
	events    []filters.Event
	receipts  map[string]filters.Receipt
	filters   map[filters.FilterKey]filters.Filter
	records   map[filters.RecordKey]filters.Record
	freeze    *filters.Freeze
	progress  map[string]*filters.Progress
	cursor    string
	notices   map[string]json.RawMessage
	appended  chan struct{}
	fault     error
	happens   bool // although the answer is lost
	mute      error
	sequence  int
	condition filters.Condition
	roster    *filters.Roster
	view      filters.View
	seen      *filters.Roster // the newest reading for windows and runs
	plan      *scheduler.Config
	onCall    scheduler.OnCall // nil: nobody is
	tasks     map[filters.AgentID]map[string]int
	refuses   []string // hosts that the master does not drain
	upkeep    *primitives
	names     func(string) string // what is told of the cluster, by what it is called here
	approvals *approval.Loop
}

// Options change what New makes.
type Options struct {
	Name      string   // default prod
	Agents    []string // default six: agent-one to agent-six
	Operators []string // actor IDs; default user:UALICE, user:UBOB and user:UDANA
	Foreign   []string // hostnames that somebody else withholds
	Limits    filters.LimitConfig
	Groups    map[string]filters.Group
	Held      string
	Observe   bool
	Windows   map[string]scheduler.Definition // the configuration's
	Freezes   []scheduler.Freeze
	Away      func() time.Time // since when the store is away; nil: it is not
	Digest    string           // when it is told, in UTC; empty: never
	Allow     []filters.Verb   // what kills tasks and may be asked for
	Laden     bool             // the first agent has volumes, and roles have quotas
	OnCall    scheduler.OnCall // nil: nobody is on call
	Policy    *Policy          // roles and rules in place of operators; nil: operators do everything
	// Names gives frameworks, hosts, roles, apps and principals other names; nil: their own.
	Names func(string) string
}

var usual = []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five", "agent-six"}

// New returns a stage at the current time.
func New(options Options) *Stage {
	if options.Name == "" {
		options.Name = "prod"
	}
	if options.Agents == nil {
		options.Agents = usual
	}
	if options.Operators == nil {
		options.Operators = []string{"user:UALICE", "user:UBOB", "user:UDANA"}
	}
	if options.Names == nil {
		options.Names = func(name string) string { return name }
	}
	now := time.Now().UTC()
	s := &Stage{
		names: options.Names,
		Book:  filters.NewBook(), records: map[filters.RecordKey]filters.Record{}, receipts: map[string]filters.Receipt{}, filters: map[filters.FilterKey]filters.Filter{},
		progress: map[string]*filters.Progress{}, notices: map[string]json.RawMessage{}, appended: make(chan struct{}),
		tasks: map[filters.AgentID]map[string]int{},
		condition: filters.Condition{Leader: "master-one:5050", Version: "1.12.0", Backend: filters.BackendOperator,
			BackendReason: "Mesos 1.12 has it", Heard: now.Add(-4 * time.Second), Read: now},
	}
	view := filters.View{Cluster: options.Name, Began: now, Ended: now, Leader: "master-one:5050", Backend: filters.BackendOperator}
	for i, host := range options.Agents {
		foreign := slices.Contains(options.Foreign, host)
		host = s.names(host)
		id := filters.AgentID(fmt.Sprintf("b4c0-S%d", i+1))
		view.Agents = append(view.Agents, filters.Agent{
			ID: id, Hostname: host, IP: "10.0.0." + strconv.Itoa(i+1), Port: 5051,
			Attributes: []filters.Attribute{{Name: "rack", Value: "r" + strconv.Itoa(1+i/3)}},
			Resources:  filters.Resources{CPUs: 4, MemMB: 16384}, Active: !foreign, Deactivated: foreign,
		})
		s.tasks[id] = map[string]int{s.names("marathon"): 2, s.names("chronos"): i % 2}
	}
	if options.Laden {
		s.laden(view.Agents)
	}
	s.roster, s.view = filters.NewRoster(view), view
	config := filters.ServiceConfig{
		Cluster: options.Name, Groups: options.Groups, Limits: options.Limits, Store: store{s}, Book: s.Book, State: cluster{s},
		Observe: options.Observe, Held: func() string { return options.Held },
		Away: options.Away,
	}
	if options.Laden {
		config.Survey, config.Apps = survey{s}, survey{s}
	}
	if options.Policy == nil {
		options.Policy = usually(options.Operators)
	}
	config.Gate = options.Policy.gate(s, options)
	s.Service = filters.NewService(config)
	s.plan, s.onCall = s.planned(options), options.OnCall
	s.upkeep = newPrimitives(s, options)
	s.approvals = s.carriesOut(options)
	return s
}

// planned is what windows and runs need.
func (s *Stage) planned(options Options) *scheduler.Config {
	plan := &scheduler.Config{
		Cluster: options.Name, Replica: "one", Service: s.Service, Book: s.Book, Roster: s.fresh, Groups: options.Groups, Hooks: []string{"reboot"},
		Allow: options.Allow, Observe: options.Observe, Tasks: s.running, Condition: func() filters.Condition { return s.condition },
	}
	for _, name := range slices.Sorted(maps.Keys(options.Windows)) {
		window, problems := scheduler.Compile(name, options.Windows[name])
		if len(problems) > 0 {
			panic(problems[0])
		}
		plan.Windows = append(plan.Windows, window)
	}
	var problems []scheduler.Problem
	if plan.Freezes, problems = scheduler.CompileFreezes(options.Freezes); len(problems) > 0 {
		panic(problems[0])
	}
	if options.Digest != "" {
		if plan.Digest, problems = scheduler.CompileDigest(options.Digest, "UTC"); len(problems) > 0 {
			panic(problems[0])
		}
	}
	return plan
}

// Windows reads definitions of windows as they stand in the configuration. It panics if they cannot be read.
func Windows(text []byte) map[string]scheduler.Definition {
	windows := map[string]scheduler.Definition{}
	if err := yaml.UnmarshalWithOptions(text, &windows, yaml.Strict()); err != nil {
		panic(err)
	}
	return windows
}

// Lead does what a leader does beside posting, until ctx ends: it keeps windows and runs, and reconciles, a moment after
// something moved, so that tests see one order.
func (s *Stage) Lead(ctx context.Context) {
	var parts sync.WaitGroup
	if s.onCall != nil {
		shifts := scheduler.NewShifts(s.plan, s.onCall)
		parts.Go(func() { _ = shifts.Run(ctx, 1) })
	}
	parts.Go(func() { _ = scheduler.New(s.plan).Run(ctx, 1) })
	parts.Go(func() { _ = s.approvals.Run(ctx, 1) })
	for ctx.Err() == nil {
		moved := s.Book.Moved()
		select {
		case <-moved:
			<-time.After(130 * time.Millisecond)
		case <-time.After(1570 * time.Millisecond): // an end may have come
		case <-ctx.Done():
		}
		s.reconcile(ctx)
	}
	parts.Wait()
}

// Reconcile writes down that the master did all that is asked.
func (s *Stage) Reconcile() { s.reconcile(context.Background()) }

func (s *Stage) reconcile(ctx context.Context) {
	now := time.Now().UTC()
	s.maintain(ctx, now)
	for _, filter := range s.Book.Filters() {
		if filter.Drain != nil && s.drain(filter, now) {
			continue
		}
		copied := *filter
		event := filters.Event{Kind: filters.KindTook, Agent: filter.Agent, Subject: filter.Subject, Operation: filter.Operation, Outcome: string(filters.StateVerified), Actor: "bot:one", Filter: &copied}
		entry := filters.LedgerEntry{Agent: filter.Agent, Hostname: filter.Hostname, Backend: filters.BackendOperator, Mode: filter.Mode, Hold: filters.HoldHeld, State: filters.StateVerified, At: now}
		switch {
		case filter.Stands() && filter.Expired(now):
			copied.Ended, copied.EndedBy, copied.EndCause = now, "bot:one", filters.CauseExpiry
			event.Kind, event.Cause, event.Outcome = filters.KindExpire, filters.CauseExpiry, string(filters.StateRecorded)
			s.Happen(event)
			continue
		case filter.Stands() && filter.State == filters.StateVerified:
			continue
		case filter.Stands():
			copied.State = filters.StateVerified
		default:
			event.Kind, event.Operation, event.Settled = filters.KindGave, filter.EndOperation, true
			entry.Hold = filters.HoldFree
			if len(s.Book.Standing(filter.Agent)) > 0 {
				entry.Hold, event.Reason = filters.HoldHeld, "others still withhold it"
			}
		}
		event.Ledger = &entry
		s.Happen(event)
	}
}

// fresh is the roster as it was just read.
func (s *Stage) fresh() *filters.Roster {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if now := time.Now().UTC(); s.seen == nil || now.Sub(s.seen.AsOf()) > time.Second {
		view := s.view
		view.Began, view.Ended = now, now
		s.seen = filters.NewRoster(view)
	}
	return s.seen
}

// Launch adds tasks of a framework to the agent on the host.
func (s *Stage) Launch(hostname, framework string, tasks int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, agent := range s.view.Agents {
		if agent.Hostname == hostname {
			running := maps.Clone(s.tasks[agent.ID])
			running[s.names(framework)] += tasks
			s.tasks[agent.ID] = running
		}
	}
}

// Desk is where windows and runs are changed.
func (s *Stage) Desk() *scheduler.Desk { return scheduler.NewDesk(s.plan) }

// Break makes every write fail with the error from now on; nil mends it. Happens says that the write takes effect
// although its answer is lost.
func (s *Stage) Break(fault error, happens bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.fault, s.happens = fault, happens
}

// Mute makes look-ups of request keys fail; nil mends it.
func (s *Stage) Mute(fault error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.mute = fault
}

// Notices keeps notices as the store does.
type Notices struct {
	*Stage
	Newest int64 // a lower term is refused
}

// Load returns the cursor and the notices.
func (n *Notices) Load(context.Context) (string, map[string]json.RawMessage, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.cursor, maps.Clone(n.notices), nil
}

// Save writes them.
func (n *Notices) Save(_ context.Context, term int64, cursor string, changed map[string]json.RawMessage, dropped []string) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if term < n.Newest {
		return &filters.Error{Code: filters.Conflict, Wrong: "a newer leader writes"}
	}
	n.cursor = cursor
	maps.Copy(n.notices, changed)
	for _, key := range dropped {
		delete(n.notices, key)
	}
	return nil
}

// cluster is what the Service sees of the cluster.
type cluster struct{ *Stage }

func (c cluster) Roster() *filters.Roster { return c.roster }
func (c cluster) Tasks(agent filters.AgentID) (map[string]int, bool) {
	return c.running(agent)
}
func (c cluster) Condition() filters.Condition { return c.condition }

// View is what the poster tells of the cluster.
type View struct{ *Stage }

// Tasks returns the tasks on an agent.
func (v View) Tasks(agent filters.AgentID) (map[string]int, bool) { return cluster(v).Tasks(agent) }

// Started says that none was.
func (v View) Started(filters.AgentID, time.Time) (started, known bool) { return false, true }

// Withheld counts the agents under filters, and all.
func (v View) Withheld() (int, int) {
	withheld, _ := v.Book.Withheld()
	return withheld, v.roster.Len()
}

// Under tells how the filters of a subject are.
func (v View) Under(subject string) poster.Standing {
	return poster.Stand(v.Book.Filters(), v.Book.Ledger, subject)
}

// Host returns the agent's hostname.
func (v View) Host(id filters.AgentID) string {
	if agent := v.roster.Agent(id); agent != nil {
		return agent.Hostname
	}
	return ""
}
