package operation

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// MachineView is a machine as the master has it, with what is ours of it.
type MachineView struct {
	Machine filters.Machine
	Agents  []filters.Agent // registered on it; none while it is down
	Mode    filters.MachineMode
	Span    *filters.Span // in the schedule; nil: that does not have it
	// State is what is ours of it; nil: nothing.
	State *State
	// Answers are what frameworks said to its inverse offers, silent ones among them where their tasks are known, by name.
	Answers    []filters.InverseAnswer
	Tasks      map[string]int // by framework
	TasksKnown bool
}

// Left returns how long it is until the machine's time comes (before true), or until that is over; 0: it is over, or has no end, or
// the machine is not in the schedule.
func (v *MachineView) Left(now time.Time) (left time.Duration, before bool) {
	switch {
	case v.Span == nil:
		return 0, false
	case now.Before(v.Span.Start):
		return v.Span.Start.Sub(now), true
	case v.Span.Endless:
		return 0, false
	}
	return max(0, v.Span.End().Sub(now)), false
}

// Others tells whether the machine is in the schedule, or down, and not by us.
func (v *MachineView) Others() bool {
	ours := v.State != nil && (v.Span == nil || v.State.owns(*v.Span))
	return v.Span != nil && !ours || v.Mode == filters.MachineDown && (v.State == nil || v.State.Others)
}

// Status returns the targets' machines; without targets all that are in the schedule, down, or ours. It reads the master.
func (d *Desk) Status(ctx context.Context, targets []filters.Target) ([]MachineView, error) {
	seen, err := d.config.read(ctx)
	if err != nil {
		return nil, err
	}
	wanted := gather(d.config.Roster(), d.all(&seen))
	if len(targets) > 0 {
		if wanted, err = d.spots(targets, &seen); err != nil {
			return nil, err
		}
	}
	views := make([]MachineView, 0, len(wanted))
	for i := range wanted {
		view, err := d.view(&wanted[i], &seen)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// Ours returns the machines that are ours, by name.
func (d *Desk) Ours() []State {
	var ours []State
	for _, machine := range d.config.machines() {
		ours = append(ours, machine.State)
	}
	return ours
}

// all are the machines that the schedule, the status or a record names.
func (d *Desk) all(seen *reading) []filters.Machine {
	machines := seen.schedule.Machines()
	for i := range seen.status {
		machines = append(machines, seen.status[i].Machine)
	}
	for _, ours := range d.config.machines() {
		machines = append(machines, ours.Machine)
	}
	return machines
}

func (d *Desk) view(of *spot, seen *reading) (MachineView, error) {
	status := seen.status.Of(of.machine)
	view := MachineView{Machine: of.machine, Mode: status.Mode, Span: seen.span(of.machine), Answers: slices.Clone(status.Answers)}
	for _, agent := range of.agents {
		view.Agents = append(view.Agents, *agent)
	}
	view.Tasks, view.TasksKnown = d.tasksOn([]spot{*of})
	known, err := d.config.machine(of.machine)
	if err != nil {
		return MachineView{}, err
	}
	var since time.Time
	if known != nil {
		view.State, since = &known.State, cmp.Or(known.Announced, known.Since)
	}
	if view.Mode == filters.MachineDraining && view.TasksKnown {
		view.silent(since)
	}
	return view, nil
}

// silent adds the frameworks that have tasks there and were not heard.
func (v *MachineView) silent(since time.Time) {
	for framework, tasks := range v.Tasks {
		if tasks == 0 {
			continue
		}
		heard := func(answer filters.InverseAnswer) bool { return answer.Framework == framework }
		if !slices.ContainsFunc(v.Answers, heard) {
			v.Answers = append(v.Answers, filters.InverseAnswer{Framework: framework, Word: filters.InverseSilent, Since: since})
		}
	}
	slices.SortFunc(v.Answers, func(a, b filters.InverseAnswer) int { return strings.Compare(a.Framework, b.Framework) })
}

// Undrainable explains why an agent cannot be drained, for whoever plans a drain: its machine is in the maintenance schedule, which
// Mesos refuses. nil: nothing of that stands in the way. It reads the master.
func (d *Desk) Undrainable(ctx context.Context, agents []filters.Agent) error {
	if len(agents) == 0 {
		return nil
	}
	schedule, err := d.config.Master.Schedule(ctx)
	if err != nil {
		return err
	}
	for i := range agents {
		span, scheduled := schedule.Of(agents[i].Machine())
		if !scheduled {
			continue
		}
		host := agents[i].Hostname
		explained := &filters.Error{Code: filters.Conflict, Wrong: "`" + host + "` is in the maintenance schedule (" + span.String() + "), and Mesos does not drain what is",
			Expected: "one way of emptying a machine at a time", Try: "`/mesos maintenance cancel " + host + "` takes it out; or empty it with `/mesos filter " + host + "` and let its tasks move"}
		known, err := d.config.machine(agents[i].Machine())
		if err == nil && (known == nil || !known.owns(span)) {
			explained.Try = "Somebody else put it there: have them take it out first"
		}
		return explained
	}
	return nil
}

// InSchedule returns those of the agents whose machines are in the maintenance schedule, whoever put them there. It reads the
// master once.
func (d *Desk) InSchedule(ctx context.Context, agents []*filters.Agent) ([]filters.AgentID, error) {
	schedule, err := d.config.Master.Schedule(ctx)
	if err != nil {
		return nil, err
	}
	var scheduled []filters.AgentID
	for _, agent := range agents {
		if _, is := schedule.Of(agent.Machine()); is {
			scheduled = append(scheduled, agent.ID)
		}
	}
	return scheduled, nil
}
