package commands

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// renderDrain answers drain and gone that needed no approval.
func renderDrain(cluster string, run *scheduler.RunListing, now time.Time) Reply {
	state := &run.State
	if state.Manual() && state.Phase == scheduler.RunGoing && run.Doing+run.Done == 0 {
		return renderManual(cluster, run)
	}
	return renderRun(cluster, run, now)
}

// renderDryDrain answers the dry run of drain and gone: what would happen, and what it costs.
func renderDryDrain(cluster string, run *scheduler.RunListing, now time.Time) Reply {
	state, impact := &run.State, run.State.Impact
	if state.Manual() {
		return renderDryManual(cluster, run, now)
	}
	verb, last := "Would drain ", "A drain cannot be cancelled"
	if state.Drain.Ends() {
		last = "Gone cannot be undone"
		verb = "Would mark gone "
	}
	lines := []Line{
		Say(Strong(verb+Of(state.Agents, impact.Total, "agent")), " (nothing was changed)"),
		Separated(Say(List(runHosts(run), state.Agents)), Racks(impact)),
		Say(state.Reason),
	}
	lines = append(lines, Cost(Killed(impact), impact)...)
	lines = append(lines, DrainTerms(state)...)
	lines = append(lines, notes(run)...)
	if impact.Exceeds != "" {
		lines = append(lines, append(Markup(impact.Exceeds), Text(", so this would be refused")))
	}
	lines = append(lines, needsLine(run.Needs, runHosts(run))...)
	lines = append(lines, Say(last+"."))
	if state.Drain.Ends() && !run.Needs.Typed {
		lines = append(lines, Say("It needs each hostname typed again: ", Literal("--confirm "+strings.Join(runHosts(run), ","))))
	}
	return Reply{Cluster: cluster, Lines: append(withoutEmpty(lines), Say("as of ", Instant(impact.AsOf, now)))}
}

func runHosts(run *scheduler.RunListing) []string {
	hosts := make([]string, len(run.Agents))
	for i := range run.Agents {
		hosts[i] = run.Agents[i].Hostname
	}
	return hosts
}

func notes(run *scheduler.RunListing) []Line {
	var lines []Line
	for _, note := range run.Notes[:min(len(run.Notes), listed)] {
		lines = append(lines, Say("⚠ ", note))
	}
	return append(lines, more(listed, len(run.Notes))...)
}

// DrainTerms say how a drain goes about it: how many at once, for how long tasks are waited for, and what of that is no promise.
func DrainTerms(state *scheduler.RunState) []Line {
	var lines []Line
	if most := state.Procedure.MaxParallel; state.Agents > 1 {
		at := "one agent at a time"
		if most > 1 {
			at = strconv.Itoa(most) + " agents at a time"
		}
		lines = append(lines, Say(at))
	}
	if state.Manual() {
		lines = append(lines, Say("frameworks are asked to move their tasks, one of each app at a time; Mesos kills none"))
		if steps := state.Procedure.Steps; len(steps) > 0 && strings.HasSuffix(steps[0], "last") {
			lines = append(lines, Say("also the last instances of apps, which are away until they have started elsewhere"))
		}
	}
	if grace := state.Drain.MaxGrace; grace > 0 {
		lines = append(lines, Say("tasks get at most "+Lasting(grace)+" to end where their executors obey that; command tasks keep their own grace by default"))
	}
	if deadline := time.Duration(state.Deadline); deadline > 0 {
		lines = append(lines, Say("after "+Lasting(deadline)+" the channel is told who holds an agent up; nothing is forced"))
	}
	switch {
	case state.Drain.Gone:
		lines = append(lines, Say("what is on its disk is lost, persistent volumes too, and it never comes back under this agent ID"))
	case state.Drain.MarkGone:
		lines = append(lines, Say("drained, it is marked gone: what is on its disk is lost, persistent volumes too, and it never comes back under this agent ID"))
	}
	return lines
}

// planTerms are the terms of a drain that waits for approval; nil where it says nothing of them.
func planTerms(plan *filters.Plan, impact *filters.Impact) []Line {
	var wanted scheduler.RunRequest
	if plan.Kind != filters.PlanRun || json.Unmarshal(plan.Details, &wanted) != nil || wanted.Drain == nil {
		return nil
	}
	lines := DrainTerms(&scheduler.RunState{
		Agents: len(plan.Steps), Procedure: wanted.Procedure, Drain: wanted.Drain, Deadline: scheduler.Duration(wanted.Deadline),
	})
	if impact.Unlisted > 0 && !wanted.Drain.Gone {
		lines = append(lines, Say("what the master does not list is killed when it is back"))
	}
	return lines
}

func taskSum(tasks map[string]int) int {
	total := 0
	for count := range maps.Values(tasks) {
		total += count
	}
	return total
}

// taskParts names the frameworks with their tasks, most first.
func taskParts(tasks map[string]int) []string {
	var parts []string
	for _, framework := range filters.Frameworks(tasks) {
		if tasks[framework] > 0 {
			parts = append(parts, inert(framework)+" "+strconv.Itoa(tasks[framework]))
		}
	}
	return parts
}

func withoutEmpty(lines []Line) []Line {
	kept := lines[:0]
	for _, line := range lines {
		if len(line) > 0 {
			kept = append(kept, line)
		}
	}
	return kept
}

// drainState says how the drain of an agent that is ours stands; empty: it is not drained.
func drainState(agent *filters.AgentStatus) string {
	entry := agent.Ledger
	switch {
	case entry == nil || entry.DrainSent == "" && entry.GoneSent == "":
		return ""
	case entry.Refused != "":
		return "withheld by us, the master refused to drain it: " + entry.Refused
	case entry.GoneSent != "":
		return "being marked gone"
	case !entry.Drained.IsZero():
		return "drained: safe to take down"
	case agent.TasksKnown:
		return "being drained, " + Count(taskSum(agent.Tasks), "task") + " left"
	}
	return "being drained"
}

// foreignState says what somebody else does to an agent.
func foreignState(agent *filters.AgentStatus) string {
	switch agent.Agent.Drain {
	case filters.Draining:
		return "being drained by somebody else"
	case filters.Drained:
		return "drained by somebody else"
	}
	return "withheld by somebody else"
}

// DrainAgentWords says what becomes of an agent of a drain just now.
func DrainAgentWords(agent *scheduler.RunAgent, drain *filters.Drain, now time.Time) Line {
	switch agent.Phase {
	case scheduler.AgentStepping:
		if agent.Why == "" {
			return Say("is looked at: what runs there?")
		}
		return Phrase(agent.Why)
	case scheduler.AgentWithholding:
		what := "is being drained"
		if drain.Gone {
			what = "is being marked gone"
		}
		if agent.Why == "" {
			return Say(what)
		}
		return append(Say(what+": "), Phrase(agent.Why)...)
	case scheduler.AgentDone:
		if drain.Ends() {
			return Say("has left the cluster for ever")
		}
		return Say("is drained: safe to take down")
	}
	return RunAgentWords(agent, &scheduler.Procedure{}, now)
}
