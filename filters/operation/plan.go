package operation

import (
	"context"
	"slices"
	"time"

	"cordon/filters"
)

// plan is a person's word about machines, on its way to be recorded.
type plan struct {
	config    *Config
	request   *filters.Request
	kind      filters.Kind
	now       time.Time
	operation string
	spots     []spot
	changed   []kept // as they shall be, with the revision that is stored
	already   []State
	steps     []filters.Step
	intent    *filters.Intent // what begins it again, once it was approved
}

// spot is one machine that is meant, with all there is to know of it.
type spot struct {
	machine filters.Machine
	agents  []*filters.Agent // registered on it; none: it is named as host@ip
	known   *kept            // nil: it is not ours
	span    *filters.Span    // in the schedule; nil: that does not have it
	down    bool
}

func (s *spot) name() string { return "`" + s.machine.Hostname + "`" }

// typed is how the machine is named in a command that we propose.
func (s *spot) typed() string {
	if len(s.agents) == 0 {
		return s.machine.Typed()
	}
	return s.machine.Hostname
}

// plan reads what the master says, and finds the machines that are meant.
func (d *Desk) plan(ctx context.Context, request *filters.Request, kind filters.Kind) (*plan, error) {
	seen, err := d.config.read(ctx)
	if err != nil {
		return nil, err
	}
	meant := *request
	if meant.Approved() != nil {
		meant.LeftOut = slices.Clone(meant.LeftOut)
		if err := d.sift(&meant, &seen); err != nil {
			return nil, err
		}
	}
	spots, err := d.spots(meant.Targets, &seen)
	if err != nil {
		return nil, err
	}
	for i := range spots {
		spot := &spots[i]
		if spot.known, err = d.config.machine(spot.machine); err != nil {
			return nil, err
		}
		spot.span, spot.down = seen.span(spot.machine), seen.down(spot.machine)
	}
	return &plan{config: d.config, request: &meant, kind: kind, now: d.now(), operation: d.operationOf(request), spots: spots}, nil
}

// change takes the machine's next state into the plan.
func (p *plan) change(on *spot, state State, mode filters.Mode) {
	state.By, state.Reason, state.Operation = p.request.Actor.ID, firstReason(p.request, state.Reason), p.operation
	if len(on.agents) > 0 {
		state.Agents, state.Rack = ids(on.agents), on.agents[0].Rack()
	}
	var revision int64
	if on.known != nil {
		revision = on.known.revision
	}
	p.changed = append(p.changed, kept{state, revision})
	for _, agent := range on.agents {
		p.steps = append(p.steps, filters.Step{Agent: agent.ID, Hostname: agent.Hostname, Mode: mode})
	}
	if len(on.agents) == 0 {
		p.steps = append(p.steps, filters.Step{Hostname: on.machine.Typed(), Mode: mode})
	}
}

func (p *plan) schedule(on *spot, span filters.Span) error {
	switch known := on.known; {
	case known != nil && known.Phase != PhaseScheduled:
		return busy(on, known)
	case known != nil && known.Wanted.Equal(span):
		p.already = append(p.already, known.State)
		return nil
	case on.down:
		return othersDown(on)
	case known == nil && on.span != nil:
		return elsewhere(on.machine, *on.span)
	case known != nil && (on.span == nil || !known.owns(*on.span)):
		return meddled(on)
	}
	if err := p.undrained(on); err != nil {
		return err
	}
	state := State{Schema: 1, Machine: on.machine, Owner: p.request.Actor.Owner(), Subject: p.operation}
	if on.known != nil {
		state = on.known.State
	}
	state = state.to(PhaseScheduling, p.now, "")
	state.Wanted, state.Reminded = span, nil
	p.change(on, state, filters.ModeSchedule)
	return nil
}

// undrained refuses a machine one of whose agents is being drained: the schedule would keep it from being drained again, and
// Mesos refuses the opposite.
func (p *plan) undrained(on *spot) error {
	for _, agent := range on.agents {
		entry := p.config.Book.Ledger(agent.ID)
		sent := entry != nil && entry.DrainSent != "" && entry.Refused == "" && entry.Drained.IsZero()
		asked := slices.ContainsFunc(p.config.Book.Standing(agent.ID), func(f *filters.Filter) bool { return f.Mode == filters.ModeDrain && f.State == filters.StateRecorded })
		if agent.Drain == filters.Draining || sent || asked {
			return conflict(on.name()+" is being drained", "one way of emptying a machine at a time", "Wait until it is drained: `/mesos status "+on.machine.Hostname+"` tells how far it is. It is safe to take down then")
		}
	}
	return nil
}

func (p *plan) down(on *spot) error {
	switch known := on.known; {
	case known != nil && known.Phase == PhaseDown:
		p.already = append(p.already, known.State)
		return nil
	case known != nil && known.Phase != PhaseScheduled:
		return busy(on, known)
	case on.down:
		return conflict(on.name()+" was taken down by somebody else already", "", "`/mesos maintenance status "+on.typed()+"` shows it")
	case on.span == nil:
		return &filters.Error{Code: filters.Invalid, Wrong: on.name() + " is not in the maintenance schedule", Expected: "Mesos takes down only machines that are",
			Try: "`/mesos maintenance schedule " + on.typed() + " --start now --duration 1h` first"}
	case known == nil:
		return elsewhere(on.machine, *on.span)
	case !known.owns(*on.span):
		return meddled(on)
	}
	state := on.known.to(PhaseTakingDown, p.now, "")
	p.change(on, state, filters.ModeDown)
	return nil
}

func (p *plan) up(on *spot) error {
	switch known := on.known; {
	case known != nil && known.Phase == PhaseDown:
		p.change(on, known.to(PhaseBringingUp, p.now, ""), filters.ModeDown)
		return nil
	case known != nil && known.Phase.Pending():
		return busy(on, known)
	case on.down:
		return othersDown(on)
	}
	return &filters.Error{Code: filters.Invalid, Wrong: on.name() + " is not down", Try: "`/mesos maintenance status " + on.typed() + "` shows how it stands, and `/mesos maintenance cancel` takes it out of the schedule"}
}

func (p *plan) cancel(on *spot) error {
	switch known := on.known; {
	case known != nil && known.Phase == PhaseCancelling:
		p.already = append(p.already, known.State)
		return nil
	case on.down && (known == nil || known.Others):
		return othersDown(on)
	case known != nil && known.Phase == PhaseDown, on.down:
		return &filters.Error{Code: filters.Invalid, Wrong: on.name() + " is down, and stays in the maintenance schedule for as long as it is", Try: "`/mesos maintenance up " + on.typed() + "` brings it up and takes it out"}
	case known != nil && (known.Phase == PhaseTakingDown || known.Phase == PhaseBringingUp):
		return busy(on, known)
	case known != nil:
		state := known.to(PhaseCancelling, p.now, "")
		p.change(on, state, filters.ModeSchedule)
		return nil
	case on.span != nil:
		return elsewhere(on.machine, *on.span)
	}
	return &filters.Error{Code: filters.Invalid, Wrong: on.name() + " is not in the maintenance schedule", Try: "`/mesos maintenance status` shows all that is"}
}

// othersDown explains that a machine is down, and not by us.
func othersDown(on *spot) error {
	return conflict(on.name()+" was taken down by somebody else", "only what I took down myself is mine to bring up, and what is down stays in the schedule", "Ask whoever took it down")
}

// busy explains that something else is under way on the machine.
func busy(on *spot, known *kept) error {
	doing := map[Phase]string{
		PhaseScheduling: "is being scheduled", PhaseTakingDown: "is being taken down", PhaseDown: "is down", PhaseBringingUp: "is being brought up",
		PhaseCancelling: "is being taken out of the schedule",
	}[known.Phase]
	try := "`/mesos maintenance status " + on.typed() + "` tells how far that is"
	if known.Phase == PhaseDown {
		try = "`/mesos maintenance up " + on.typed() + "` brings it up"
	}
	return conflict(on.name()+" "+doing+", by the word of `"+known.By+"`", "one operation on a machine at a time", try)
}

// meddled explains that what was ours is not as we left it.
func meddled(on *spot) error {
	return conflict("somebody else has just changed "+on.name()+" in the maintenance schedule", "what I put there, as I left it", "`/mesos maintenance status "+on.typed()+"` shows it; try again in a moment")
}

func conflict(wrong, expected, try string) error {
	return &filters.Error{Code: filters.Conflict, Wrong: wrong, Expected: expected, Try: try}
}
