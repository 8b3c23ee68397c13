package scheduler

import (
	"context"
	"slices"

	"cordon/filters"
)

// verbDown is the word of the configuration that lets machines be taken down.
const verbDown = filters.Verb(filters.ModeDown)

// prefix is what the owners of the window's machines begin with.
func (s *scene) prefix() string { return "window:" + s.name + "/" }

// machines are those that occurrences of the window have in the maintenance schedule, or down.
func (s *scene) machines() []filters.HeldMachine {
	if s.config.Machines == nil {
		return nil
	}
	return s.config.Machines.Held(s.prefix())
}

// wanted owns the machines that may stay as they are: those of the occurrence that is open, or that is to come. Empty: none may.
func (s *scene) wanted() filters.Owner {
	switch open, ahead := s.state.Open, s.state.Scheduled; {
	case open != nil && open.Closing.IsZero():
		return s.occurrence(open).Owner()
	case open != nil || ahead == nil || s.window == nil || s.window.Mode != filters.ModeSchedule || s.state.Paused != nil:
		return ""
	case !ahead.Start.After(s.floor()) || s.unable() != "":
		return ""
	default:
		occurrence := s.window.occurrence(ahead.Start)
		question := s.question(occurrence)
		if s.skip(occurrence) != nil || question != nil && !question.Open() && question.Answer != answerYes {
			return ""
		}
		return occurrence.Owner()
	}
}

// unwanted are the owners of machines that are to leave, and that the window may let go.
func (s *scene) unwanted() []filters.Owner {
	wanted := s.wanted()
	var owners []filters.Owner
	for _, machine := range s.machines() {
		if machine.Owner != wanted && machine.Kept == "" && !slices.Contains(owners, machine.Owner) {
			owners = append(owners, machine.Owner)
		}
	}
	return owners
}

// release lets machines leave that no occurrence of the window wants any more: what it took down is brought up, what it put into
// the maintenance schedule leaves that. What is under way is let go when it has come about.
func (s *scene) release() *move {
	for _, owner := range s.unwanted() {
		if part := s.config.Machines.ReleaseFor(owner); len(part.Told) > 0 {
			next := s.to(filters.KindCancel, "")
			next.owner, next.subject, next.bare = owner, string(owner), true
			next.shares(part)
			return next
		}
	}
	return nil
}

// shares adds what becomes of machines to the step.
func (t *move) shares(part filters.Part) {
	t.others, t.steps = append(t.others, part.Told...), append(t.steps, part.Steps...)
}

// ahead puts the machines of the coming occurrence into the maintenance schedule, once what it needs is there: its time, and a yes.
func (s *scene) ahead(ctx context.Context) *move {
	occurrence, ok := s.upcoming()
	leads := s.leads()
	switch {
	case !ok || s.window.Mode != filters.ModeSchedule || len(leads) == 0 || s.now.Before(occurrence.Start.Add(-leads[0])):
		return nil
	case s.state.Paused != nil || s.skip(occurrence) != nil || s.unable() != "":
		return nil
	}
	if period, frozen := s.period(occurrence); frozen && !period.To.Before(occurrence.End) {
		return nil
	}
	return s.schedules(ctx, occurrence)
}

// schedules puts the machines of the occurrence into the maintenance schedule, for as long as it is open. Its agents are fixed by
// that. nil: that was done, or cannot be now.
func (s *scene) schedules(ctx context.Context, occurrence Occurrence) *move {
	if s.config.Machines == nil || s.scheduled(occurrence) || s.config.frozen(s.now, s.name) != "" || !s.sees() {
		return nil
	}
	agents := s.targets(s.window)
	if s.window.Definition.Approval {
		question := s.question(occurrence)
		if question == nil || question.Answer != answerYes {
			return nil
		}
		agents = among(agents, question.Agents)
	}
	ctx, cancel := context.WithTimeout(ctx, askMasterMost)
	defer cancel()
	span := filters.Span{Start: occurrence.Start, Duration: s.window.Length}
	part, err := s.config.Machines.ScheduleFor(ctx, occurrence.Owner(), s.window.Definition.Reason, ids(agents), span)
	if err != nil {
		return nil
	}
	next := s.to(filters.KindAnnounce, "")
	next.about(occurrence)
	next.subject, next.outcome, next.something = announceSubject(occurrence), outcomeScheduling, len(part.Told) > 0
	s.acts(next, s.window)
	next.shares(part)
	ahead := &Scheduling{Start: occurrence.Start, Out: part.Out}
	for _, agent := range agents {
		if !slices.ContainsFunc(part.Out, func(out filters.LeftOut) bool { return out.Agent == agent.ID }) {
			ahead.Agents = append(ahead.Agents, agent.ID)
		}
	}
	next.state.Scheduled = ahead
	if told := s.state.Announced; told == nil || !told.Start.Equal(occurrence.Start) {
		next.state.Announced = &Announcement{Start: occurrence.Start, Agents: len(agents), Machines: machinesOf(agents)}
	}
	return next
}

// awaitsMachines tells whether the occurrence's machines are due in the maintenance schedule and not there yet.
func (s *scene) awaitsMachines(occurrence Occurrence) bool {
	leads := s.leads()
	return s.window.Mode == filters.ModeSchedule && s.state.Paused == nil && s.skip(occurrence) == nil && !s.scheduled(occurrence) &&
		len(leads) > 0 && !s.now.Before(occurrence.Start.Add(-leads[0]))
}

// scheduled tells whether the machines of the occurrence were put into the schedule.
func (s *scene) scheduled(occurrence Occurrence) bool {
	return s.state.Scheduled != nil && s.state.Scheduled.Start.Equal(occurrence.Start)
}

// rests begins an occurrence whose machines are in the maintenance schedule. Those that are to be taken down wait for that.
func (s *scene) rests(next *move, ahead *Scheduling) {
	opening := next.state.Open
	opening.Out = ahead.Out
	switch {
	case len(ahead.Agents)+len(ahead.Out) == 0:
		opening.Why = "no agent matches its targets"
	case len(ahead.Agents) == 0:
		opening.Why = "something else stands in the way of every machine"
	case s.window.TakeDown:
		opening.Waiting, opening.Why = ahead.Agents, comingWhy
	default:
		opening.Placed = len(ahead.Agents)
	}
}

const (
	comingWhy = "their machines are not in the maintenance schedule yet"
	leftWhy   = "its machine did not come into the maintenance schedule, or left it again"
)

// takesDown takes machines down that wait for it, while there is room and time. Those that are not ours any more are left out.
func (s *scene) takesDown() *move {
	opening := s.state.Open
	next := s.to(filters.KindOpen, "")
	next.about(s.occurrence(opening))
	s.acts(next, s.opened)
	open := next.state.Open
	open.Waiting, open.Why = nil, ""
	open.Out = slices.Clone(opening.Out)
	room := s.config.room(s.opened.MaxUnavailable, s.opened.Per)
	machines := s.machines()
	var down []filters.AgentID
	for _, id := range opening.Waiting {
		agent, machine := s.config.Roster().Agent(id), machineOf(machines, next.owner, id)
		why := ""
		switch {
		case machine == nil:
			open.Out = append(open.Out, filters.LeftOut{Agent: id, Hostname: s.hostOf(id), Why: leftWhy})
			continue
		case machine.Kept != "":
			open.Out = append(open.Out, filters.LeftOut{Agent: id, Hostname: machine.Hostname, Why: machine.Kept})
			continue
		case machine.Away: // with another agent that is on it
		case !machine.Ready:
			why = comingWhy
		case agent != nil:
			why = room.Take(agent)
		}
		if why != "" {
			open.Waiting, open.Why = append(open.Waiting, id), why
			continue
		}
		down = append(down, id)
		open.Placed++
	}
	next.shares(s.config.Machines.DownFor(next.owner, s.opened.Definition.Reason, down))
	if len(open.Waiting) == len(opening.Waiting) {
		return nil
	}
	next.something = true
	return next
}

// machinesOf counts the machines that agents are on.
func machinesOf(agents []*filters.Agent) int {
	machines := map[filters.Machine]bool{}
	for _, agent := range agents {
		machines[agent.Machine().Key()] = true
	}
	return len(machines)
}

func machineOf(machines []filters.HeldMachine, owner filters.Owner, agent filters.AgentID) *filters.HeldMachine {
	for i := range machines {
		if machines[i].Owner == owner && slices.Contains(machines[i].Agents, agent) {
			return &machines[i]
		}
	}
	return nil
}

func (s *scene) hostOf(id filters.AgentID) string {
	if agent := s.config.Roster().Agent(id); agent != nil {
		return agent.Hostname
	}
	return string(id)
}

// leftMachines are the hosts of the occurrence's machines that are not out of the schedule yet, and those that are kept in it.
func (s *scene) leftMachines(opening *Opening) (held, kept []string) {
	owner := s.occurrence(opening).Owner()
	for _, machine := range s.machines() {
		switch {
		case machine.Owner != owner:
		case machine.Kept != "":
			kept = append(kept, machine.Hostname)
		default:
			held = append(held, machine.Hostname)
		}
	}
	return held, kept
}

// room tells what the limits leave, machines that windows took down among what is unavailable.
func (c *Config) room(most filters.LimitValue, per string) *filters.Room {
	room := c.Service.Room(most, per)
	if c.Machines == nil {
		return room
	}
	for _, machine := range c.Machines.Held("") {
		if machine.Away {
			room.Away(machine.Agents, machine.Rack)
		}
	}
	return room
}
