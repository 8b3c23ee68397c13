package operation

import (
	"context"
	"slices"
	"strings"

	"cordon/filters"
)

// ScheduleFor works out how the machines of the agents come into the maintenance schedule for a window's occurrence, which owns
// them then; what it cannot have is left out, and named. It reads the master. It records nothing: what it returns is for the
// caller's own commit, so that both happen once.
func (d *Desk) ScheduleFor(ctx context.Context, owner filters.Owner, reason string, agents []filters.AgentID, span filters.Span) (filters.Part, error) {
	seen, err := d.config.read(ctx)
	if err != nil {
		return filters.Part{}, err
	}
	p := d.occurrence(owner, reason, filters.KindSchedule)
	var part filters.Part
	machines, out := d.machinesOf(agents)
	part.Out = out
	for _, on := range gather(d.config.Roster(), machines) {
		if on.known, err = d.config.machine(on.machine); err != nil {
			return filters.Part{}, err
		}
		on.span, on.down = seen.span(on.machine), seen.down(on.machine)
		if err := p.claim(&on, span); err != nil {
			part.Out = append(part.Out, leftOut(&on, agents, err)...)
		}
	}
	for i := range p.changed {
		part.Told = append(part.Told, p.told(&p.changed[i]))
	}
	part.Steps = p.steps
	return part, nil
}

// claim schedules a machine that nobody else has.
func (p *plan) claim(on *spot, span filters.Span) error {
	if on.known != nil && on.known.Owner != p.request.Actor.Owner() {
		return conflict(on.name()+" is in the maintenance schedule already, by the word of "+string(on.known.Owner), "", "")
	}
	return p.schedule(on, span)
}

// machinesOf are the machines of agents. An agent that is not listed, or of unknown IP, has none that could be named.
func (d *Desk) machinesOf(agents []filters.AgentID) (machines []filters.Machine, out []filters.LeftOut) {
	for _, id := range agents {
		switch agent := d.config.Roster().Agent(id); {
		case agent == nil:
			out = append(out, filters.LeftOut{Agent: id, Hostname: string(id), Why: "the master does not list it"})
		case agent.IP == "":
			out = append(out, filters.LeftOut{Agent: id, Hostname: agent.Hostname, Why: "the master did not tell its IP"})
		default:
			machines = append(machines, agent.Machine())
		}
	}
	return machines, out
}

// leftOut names those of the agents that are on the machine.
func leftOut(on *spot, agents []filters.AgentID, err error) []filters.LeftOut {
	why := err.Error()
	if known, ok := err.(*filters.Error); ok {
		why = strings.TrimPrefix(strings.ReplaceAll(known.Wrong, "`", ""), on.machine.Hostname+" ")
	}
	var out []filters.LeftOut
	for _, agent := range on.agents {
		if slices.Contains(agents, agent.ID) {
			out = append(out, filters.LeftOut{Agent: agent.ID, Hostname: agent.Hostname, Why: why})
		}
	}
	return out
}

// DownFor works out how those machines of the owner are taken down that the agents are on and that are in the schedule. Nobody is
// asked: the window's own word is enough, or was asked for before. It records nothing, as ScheduleFor.
func (d *Desk) DownFor(owner filters.Owner, reason string, agents []filters.AgentID) filters.Part {
	p := d.occurrence(owner, reason, filters.KindDown)
	for _, machine := range d.owned(owner) {
		meant := slices.ContainsFunc(machine.Agents, func(id filters.AgentID) bool { return slices.Contains(agents, id) })
		if meant && machine.Phase == PhaseScheduled && !machine.Others {
			p.change(d.spot(&machine), machine.to(PhaseTakingDown, p.now, ""), filters.ModeDown)
		}
	}
	return p.part()
}

// ReleaseFor works out how the owner's machines leave: what it took down is brought up, and what is scheduled leaves the schedule.
// What a person took down is theirs to bring up, and what is under way is left for later. It records nothing, as ScheduleFor.
func (d *Desk) ReleaseFor(owner filters.Owner) filters.Part {
	p := d.occurrence(owner, "", filters.KindCancel)
	for _, machine := range d.owned(owner) {
		switch {
		case machine.Others:
		case machine.Phase == PhaseScheduled:
			p.change(d.spot(&machine), machine.to(PhaseCancelling, p.now, ""), filters.ModeSchedule)
		case machine.Phase == PhaseDown && machine.by(owner):
			p.change(d.spot(&machine), machine.to(PhaseBringingUp, p.now, ""), filters.ModeDown)
		}
	}
	return p.part()
}

// Held returns the machines that owners with the prefix have in the schedule, or down, by name.
func (d *Desk) Held(prefix string) []filters.HeldMachine {
	var held []filters.HeldMachine
	for _, machine := range d.config.machines() {
		if !strings.HasPrefix(string(machine.Owner), prefix) {
			continue
		}
		one := filters.HeldMachine{Hostname: machine.Machine.Hostname, Agents: machine.Agents, Owner: machine.Owner, Rack: machine.Rack}
		one.Ready = machine.Phase == PhaseScheduled && !machine.Others
		one.Away = machine.Others || machine.Phase == PhaseTakingDown || machine.Phase == PhaseDown || machine.Phase == PhaseBringingUp
		switch {
		case machine.Others:
			one.Kept = "somebody else took it down"
		case machine.Phase == PhaseDown && !machine.by(machine.Owner):
			one.Kept = "it is down by the word of " + machine.By
		}
		held = append(held, one)
	}
	return held
}

// by tells whether the last word about the machine was the owner's own.
func (s *State) by(owner filters.Owner) bool { return s.By == string(owner) }

// windowed tells whether a window's occurrence sees to the machine: nobody has to be reminded of it.
func (s *State) windowed() bool { return s.Owner.Kind() == "window" && s.by(s.Owner) }

// occurrence begins the plan of an occurrence's word. The operation is named by both: said again, it is the same.
func (d *Desk) occurrence(owner filters.Owner, reason string, kind filters.Kind) *plan {
	request := &filters.Request{Actor: filters.Actor{ID: string(owner)}, Reason: reason}
	return &plan{config: d.config, request: request, kind: kind, now: d.now(), operation: filters.DerivedID("op-", d.config.Cluster, string(owner), string(kind))}
}

func (d *Desk) owned(owner filters.Owner) []kept {
	return slices.DeleteFunc(d.config.machines(), func(machine kept) bool { return machine.Owner != owner })
}

// spot is a machine that is ours, with the agents that are registered on it.
func (d *Desk) spot(machine *kept) *spot {
	on := gather(d.config.Roster(), []filters.Machine{machine.Machine})[0]
	on.known = machine
	return &on
}

// part is what the plan changes, each machine told of as what becomes of it.
func (p *plan) part() filters.Part {
	part := filters.Part{Steps: p.steps}
	for i := range p.changed {
		changed := &p.changed[i]
		told := changed.told(changed.revision, changed.Phase.Kind(), string(filters.StateRecorded))
		told.Event.Reason = p.request.Reason
		part.Told = append(part.Told, told)
	}
	return part
}
