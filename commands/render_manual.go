package commands

import (
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// renderManual answers drain --manual: what is asked for, and what runs there.
func renderManual(cluster string, run *scheduler.RunListing) Reply {
	state := &run.State
	lines := []Line{
		Say("⏬ ", Strong("Tasks are asked to move off "+Names(runHosts(run), state.Agents)), " · ", Literal(state.ID)),
		Say(state.Reason),
	}
	if state.Impact != nil {
		lines = append(lines, moves(state.Impact))
	}
	lines = append(lines, DrainTerms(state)...)
	lines = append(lines, notes(run)...)
	lines = append(lines, Say("The channel shows how far it is, and when it is safe to take down. ", Literal("/mesos run abort "+state.ID), " ends it."))
	return Reply{Cluster: cluster, Lines: withoutEmpty(lines)}
}

// renderDryManual answers its dry run.
func renderDryManual(cluster string, run *scheduler.RunListing, now time.Time) Reply {
	state, impact := &run.State, run.State.Impact
	lines := []Line{
		Say(Strong("Would move tasks off "+Of(state.Agents, impact.Total, "agent")), " (nothing was changed)"),
		Separated(Say(List(runHosts(run), state.Agents)), Racks(impact)),
		Say(state.Reason),
	}
	lines = append(lines, Cost(moves(impact), impact)...)
	lines = append(lines, DrainTerms(state)...)
	lines = append(lines, notes(run)...)
	if impact.Exceeds != "" {
		lines = append(lines, append(Markup(impact.Exceeds), Text(", so this would be refused")))
	}
	return Reply{Cluster: cluster, Lines: append(withoutEmpty(lines), Say("as of ", Instant(impact.AsOf, now)))}
}

// moves says which tasks have to move.
func moves(impact *filters.Impact) Line {
	if !impact.TasksKnown {
		return Say("this replica does not follow the master, so I do not know what runs there")
	}
	return tasksOf(impact, func(total int) string { return Count(total, "task") + " there: " })
}
