package scheduler

import (
	"context"
	"log/slog"
	"time"

	"cordon/filters"
)

// Service makes filters exist or cease, and keeps records. Implemented by *filters.Service.
type Service interface {
	// Arrange carries out one step, see filters.Service.
	Arrange(ctx context.Context, arrangement filters.Arrangement) (filters.Result, error)
	// Outcome returns what became of a request key, and false if nothing did.
	Outcome(ctx context.Context, key string) (filters.Result, bool, error)
	// Now is the cluster's time: Redis TIME, UTC.
	Now() time.Time
	// Weigh returns what withholding the agents costs, and a Limited error if one command may not, see filters.Service.
	Weigh(ctx context.Context, request filters.Request, verb filters.Verb, agents []*filters.Agent) (filters.Impact, error)
	// Cost returns what the agents' filters of the mode would cost, whatever the limits say.
	Cost(ctx context.Context, mode filters.Mode, agents []*filters.Agent) filters.Impact
	// Room tells what the limits leave.
	Room(most filters.LimitValue, per string) *filters.Room
}

// Machines works out what becomes of machines in Mesos's maintenance schedule by the word of an occurrence, which owns them. It
// records nothing: what it returns is committed with the occurrence's own step, so that both happen once or not at all.
// Implemented by *operation.Desk; safe for concurrent use.
type Machines interface {
	// ScheduleFor puts the agents' machines into the schedule, and names those that it leaves out. It reads the master.
	ScheduleFor(ctx context.Context, owner filters.Owner, reason string, agents []filters.AgentID, span filters.Span) (filters.Part, error)
	// DownFor takes those of the owner's machines down that the agents are on, as far as they are in the schedule.
	DownFor(owner filters.Owner, reason string, agents []filters.AgentID) filters.Part
	// ReleaseFor brings up what the owner took down, and takes out of the schedule what it put there, as far as nothing is under
	// way.
	ReleaseFor(owner filters.Owner) filters.Part
	// Held returns the machines of owners with the prefix.
	Held(prefix string) []filters.HeldMachine
}

// Config is what a Scheduler and its Desk need. Service, Book and Roster are required.
type Config struct {
	Cluster string
	Replica string // this replica's name
	Service Service
	Book    *filters.Book
	// Roster is the newest index of agents; never nil, empty before the first reading.
	Roster func() *filters.Roster
	Groups map[string]filters.Group
	// Tasks returns how many tasks run on the agent, by framework, and false if that is not known; nil: it never is.
	Tasks func(agent filters.AgentID) (map[string]int, bool)
	// Oldest returns since when the task has run, UTC, that has run on the agent for the longest time; zero: that is not known. It
	// may take some 20 ms. nil: it is never known.
	Oldest func(agent filters.AgentID) time.Time
	// Condition tells how the master is; nil: that is not known.
	Condition func() filters.Condition
	// Undrainable explains why the master would not drain one of the agents, by what it says now; nil: nothing is asked.
	Undrainable func(ctx context.Context, agents []filters.Agent) error
	// InSchedule returns those of the agents whose machines are in the maintenance schedule, whoever put them there, as the master
	// has it now: it drains none of them. nil: nothing is asked.
	InSchedule func(ctx context.Context, agents []*filters.Agent) ([]filters.AgentID, error)
	// Machines has machines scheduled, taken down and brought up; nil: windows of mode schedule do nothing.
	Machines Machines
	// Allow are the verbs that kill tasks and that the configuration lets people and windows ask for: drain, gone, down.
	Allow   []filters.Verb
	Windows []*Window // the configuration's
	Freezes *Calendar // nil: none
	// Hooks are the names of the webhooks that steps may call.
	Hooks    []string
	Digest   *Digests // nil: none is posted
	Webhooks Webhooks // nil: there are none
	Agents   Agents   // nil: no agent is looked at, and no step moves anything
	Mover    Mover    // nil: no framework is asked
	// Observe says that nothing is sent to the master, and no framework or webhook is asked: of each agent whose turn comes it is told
	// what would be done, and that is all.
	Observe bool
	Logger  *slog.Logger
}

// frozen says why nothing new begins at the time, in a phrase; empty: nothing stands in its way. The window's name is empty
// for runs of their own.
func (c *Config) frozen(now time.Time, window string) string {
	if freeze := c.Book.Freeze(); freeze != nil {
		return "frozen for " + filters.Quoted(freeze.Reason)
	}
	if period, ok := c.Freezes.At(now, window); ok {
		return "frozen: " + period.Name + " until " + period.To.Format("2006-01-02 15:04") + " UTC"
	}
	return ""
}

// foreign tells whether somebody else withholds the agent. A reading from before we gave it back does not tell.
func (c *Config) foreign(agent *filters.Agent) bool {
	roster := c.Roster()
	if c.Book.Ledger(agent.ID) != nil || len(c.Book.Standing(agent.ID)) > 0 || !agent.Foreign(roster.View().Backend) {
		return false
	}
	freed := c.Book.Freed(agent.ID)
	return freed.IsZero() || roster.AsOf().After(freed.Add(clockSlack))
}

// withholds tells whether the run's filter stands on the agent.
func (c *Config) withholds(run *RunState, agent *RunAgent) bool {
	filter := c.Book.Filter(filters.FilterKey{Agent: agent.current(), Mode: run.Mode, Owner: run.owner()})
	return filter != nil && filter.Stands()
}

// halted says why nothing more begins of a window's run, or of a run of its own if the window's name is empty.
func (c *Config) halted(now time.Time, window string) string {
	if why := c.frozen(now, window); why != "" {
		return why
	}
	record := c.Book.Record(filters.ShelfWindows, window)
	if record == nil {
		return ""
	}
	if state, err := DecodeWindow(record); err == nil && state.Paused != nil {
		return "the window is paused by " + state.Paused.By
	}
	return ""
}

// frozenDuring says which freeze kept an occurrence shut that is over; empty: none.
func (c *Config) frozenDuring(occurrence Occurrence) string {
	if freeze := c.Book.Freeze(); freeze != nil && freeze.At.Before(occurrence.End) {
		return "frozen for " + filters.Quoted(freeze.Reason)
	}
	if period, ok := c.Freezes.At(occurrence.Start, occurrence.Window); ok {
		return "frozen: " + period.Name
	}
	return ""
}

// system is who acts in the scheduler's own name.
func (c *Config) system(owner filters.Owner) filters.Actor { return filters.Actor{ID: string(owner)} }
