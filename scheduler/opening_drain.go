package scheduler

import (
	"context"
	"slices"
	"time"

	"cordon/filters"
)

// askMasterMost bounds how long the master is asked what stands in the way of an opening.
const askMasterMost = 3 * time.Second

// held says why the window withholds nothing more just now, in a phrase; empty: nothing stands in the way.
func (s *scene) held() string {
	if frozen := s.config.frozen(s.now, s.name); frozen != "" {
		return frozen
	}
	if lock := s.config.Book.Lock(); lock != nil && s.window != nil && s.window.kills() != "" {
		return "locked, so nothing is killed: " + lock.Cause
	}
	return ""
}

// unable says why the cluster cannot do what the window is for, or is not allowed to, in a phrase; empty: it can.
func (s *scene) unable() string {
	verb := s.window.kills()
	switch {
	case verb == "":
	case !slices.Contains(s.config.Allow, verb):
		return string(verb) + " is off in the configuration, because it kills tasks"
	case verb == filters.VerbDrain && s.config.Roster().View().Backend == filters.BackendAllocator:
		return "the allocator module cannot drain"
	case verb == filters.VerbDrain && s.config.Condition != nil && !drains(s.config.Condition().Version):
		return "the master is Mesos " + s.config.Condition().Version + ", which cannot drain"
	}
	return ""
}

// sift leaves out the agents that cannot be drained. Known is false while the master does not say so.
func (s *scene) sift(ctx context.Context, window *Window, agents []*filters.Agent) (fit []*filters.Agent, out []filters.LeftOut, known bool) {
	if window.Drain == nil || len(agents) == 0 {
		return agents, nil, true
	}
	scheduled, err := s.config.inSchedule(ctx, agents)
	if err != nil {
		return nil, nil, false
	}
	for _, agent := range agents {
		why := s.config.undrainable(agent)
		if why == "" && slices.Contains(scheduled, agent.ID) {
			why = inScheduleWhy
		}
		if why == "" {
			fit = append(fit, agent)
		} else {
			out = append(out, filters.LeftOut{Agent: agent.ID, Hostname: agent.Hostname, Why: why})
		}
	}
	return fit, out, true
}

const inScheduleWhy = "its machine is in the maintenance schedule, and Mesos does not drain what is"

func (c *Config) inSchedule(ctx context.Context, agents []*filters.Agent) ([]filters.AgentID, error) {
	if c.InSchedule == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askMasterMost)
	defer cancel()
	return c.InSchedule(ctx, agents)
}

// undrainable says why a window does not drain the agent, by what is known without asking the master, in a phrase; empty: it may.
func (c *Config) undrainable(agent *filters.Agent) string {
	entry := c.Book.Ledger(agent.ID)
	switch {
	case entry.Leaving():
		return "it leaves the cluster for ever"
	case c.foreign(agent) && agent.Drain == filters.Draining:
		return "somebody else drains it"
	case c.foreign(agent):
		return "somebody else withholds it"
	case c.Book.Record(filters.ShelfMachines, agent.Machine().Name()) != nil:
		return inScheduleWhy
	}
	for _, filter := range c.Book.Standing(agent.ID) {
		if filter.Owner.Kind() == "run" {
			return "run " + filter.Owner.Name() + " has it"
		}
	}
	return ""
}

// late returns the occurrence's drain filters whose agents still drain after their deadline, and when the next one's comes.
func (s *scene) late() (late []*filters.Filter, next time.Time) {
	opening := s.state.Open
	if s.opened == nil || s.opened.Drain == nil || s.opened.Deadline == 0 || opening.Run != "" {
		return nil, time.Time{}
	}
	owner := s.occurrence(opening).Owner()
	for _, filter := range s.config.Book.Filters() {
		if filter.Owner != owner || filter.Drain == nil || !s.undrained(filter) {
			continue
		}
		if due := filter.Created.Add(s.opened.Deadline); due.After(s.now) {
			next = first(next, due)
		} else {
			late = append(late, filter)
		}
	}
	return late, next
}

// undrained tells whether what the filter asks for has not come about.
func (s *scene) undrained(filter *filters.Filter) bool {
	entry := s.config.Book.Ledger(filter.Agent)
	return entry == nil && filter.Stands() || entry != nil && entry.Drained.IsZero() && entry.Refused == ""
}

// nextOverdue is when another agent will have drained for too long; zero: none will.
func (s *scene) nextOverdue() time.Time {
	_, next := s.late()
	return next
}

// overdue tells, once for each deadline that passes, who is held up. Nothing is forced.
func (s *scene) overdue() *move {
	opening := s.state.Open
	late, _ := s.late()
	fresh := slices.ContainsFunc(late, func(f *filters.Filter) bool { return f.Created.Add(s.opened.Deadline).After(opening.Told) })
	if !fresh {
		return nil
	}
	next := s.to(filters.KindWarn, "over the deadline of "+lasting(s.opened.Deadline)+", and still draining: "+s.holdups(late))
	next.about(s.occurrence(opening))
	next.state.Open.Overdue, next.state.Open.Told = next.reason, s.now
	return next
}

// holdups names hosts with what still runs there.
func (s *scene) holdups(late []*filters.Filter) string {
	hosts := make([]string, len(late))
	for i, filter := range late {
		hosts[i] = filter.Hostname
		if s.config.Tasks == nil {
			continue
		}
		if tasks, known := s.config.Tasks(filter.Agent); known && byFramework(tasks) != "" {
			hosts[i] += " (" + byFramework(tasks) + ")"
		}
	}
	slices.Sort(hosts)
	return someOf(hosts)
}
