package operation

import (
	"fmt"
	"time"

	"cordon/filters"
)

// gathering makes changes of the steps of machines.
type gathering struct {
	config      *Config
	seen        *reading
	told        []filters.Change
	puts, drops []planned
	downs, ups  []planned
}

// planned is a machine with the step that calls the master for it.
type planned struct {
	*kept
	step
}

func (g *gathering) add(machine *kept, next step) {
	one := planned{machine, next}
	switch next.call {
	case filters.ChangeSchedule:
		g.puts = append(g.puts, one)
	case filters.ChangeCancel:
		g.drops = append(g.drops, one)
	case filters.ChangeDown:
		g.downs = append(g.downs, one)
	case filters.ChangeUp:
		g.ups = append(g.ups, one)
	default:
		told := next.state.told(machine.revision, next.kind, next.outcome)
		if next.outcome == OutcomeLost && !machine.Phase.Pending() {
			told.Event.Operation = "" // that came to its end before
		}
		g.told = append(g.told, filters.Change{Kind: filters.ChangeTold, Maintenance: &filters.MaintenanceChange{
			Machines: []filters.Machine{machine.Machine}, Told: []filters.Told{told},
		}})
	}
}

// all returns the changes: first what is only written down, then what adds to the schedule, takes down, and gives back.
func (g *gathering) all() []filters.Change {
	changes := g.told
	if len(g.puts) > 0 {
		changes = append(changes, g.posting(filters.ChangeSchedule, g.puts))
	}
	for _, down := range g.downs {
		changes = append(changes, g.calling(filters.ChangeDown, []planned{down}))
	}
	for _, up := range g.ups {
		changes = append(changes, g.calling(filters.ChangeUp, []planned{up}))
	}
	if len(g.drops) > 0 {
		changes = append(changes, g.posting(filters.ChangeCancel, g.drops))
	}
	return changes
}

// posting is a change that posts the schedule.
func (g *gathering) posting(kind filters.ChangeKind, all []planned) filters.Change {
	amendment, owners := Amendment{Down: g.seen.down}, map[filters.Machine]*State{}
	for i := range all {
		state := &all[i].step.state
		owners[state.Machine.Key()] = state
		if kind == filters.ChangeSchedule {
			amendment.Put = append(amendment.Put, Entry{state.Machine, state.Wanted})
		} else {
			amendment.Drop = append(amendment.Drop, state.Machine)
		}
	}
	amendment.Ours = func(entry Entry) bool {
		state := owners[entry.Machine.Key()]
		return state != nil && state.owns(entry.Span)
	}
	change := g.calling(kind, all)
	change.Maintenance.Saw = g.seen.schedule
	change.Maintenance.Edit = func(schedule filters.Schedule) (filters.Schedule, error) { return Edit(schedule, amendment) }
	change.Maintenance.Meddled = func(found filters.Schedule) filters.Event {
		state := all[0].step.state
		return filters.Event{
			Kind: filters.KindMeddled, Subject: state.Subject, Outcome: OutcomeBetween, Host: state.Machine.Hostname,
			Reason: "somebody else changed the maintenance schedule just now (" + difference(g.seen.schedule, found) + "): I look at it again before I post mine",
		}
	}
	return change
}

// calling is a change that calls the master: its intent before, and its outcome after.
func (g *gathering) calling(kind filters.ChangeKind, all []planned) filters.Change {
	change := &filters.MaintenanceChange{}
	for i := range all {
		one := &all[i]
		change.Machines = append(change.Machines, one.Machine)
		change.Told = append(change.Told, one.step.state.told(one.revision, one.step.kind, one.step.outcome))
	}
	change.Outcome = func(err error, now time.Time) (told []filters.Told) {
		for i := range all {
			intended := all[i].step.state
			next, result := outcome(intended, err, now)
			told = append(told, next.told(all[i].revision+1, intended.Phase.Kind(), result))
		}
		return told
	}
	return filters.Change{Kind: kind, Maintenance: change}
}

// difference names the first machine of which two schedules say different things.
func difference(before, after filters.Schedule) string {
	differ := map[filters.Machine]bool{}
	first := ""
	for _, machine := range append(before.Machines(), after.Machines()...) {
		was, had := before.Of(machine)
		is, has := after.Of(machine)
		if had == has && is.Equal(was) {
			continue
		}
		differ[machine.Key()] = true
		if first == "" {
			first = machine.String()
		}
	}
	if len(differ) > 1 {
		return fmt.Sprintf("%s and %d more", first, len(differ)-1)
	}
	return first
}
