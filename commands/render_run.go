package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// bars is how many parts a bar has.
const bars = 20

// Bar draws how much of a whole is over: `██████░░░░░░░░░░░░░░ 5 of 12`.
func Bar(over, whole int) string {
	filled := 0
	if whole > 0 {
		filled = min(over, whole) * bars / whole
	}
	if over > 0 && filled == 0 {
		filled = 1
	}
	return strings.Repeat("█", filled) + strings.Repeat("░", bars-filled)
}

// procedureLine says how a run goes over its agents.
func procedureLine(p *scheduler.Procedure) Line {
	return Separated(ProcedureWords(p)...)
}

// ProcedureWords says how a run goes over its agents, each thing in a phrase.
func ProcedureWords(p *scheduler.Procedure) []Line {
	parallel := "one agent at a time"
	if p.MaxParallel > 1 {
		parallel = strconv.Itoa(p.MaxParallel) + " agents at a time"
	}
	if p.BatchBy != "" {
		parallel += ", " + p.BatchBy + " by " + p.BatchBy
	}
	words := []Line{Say(parallel)}
	if len(p.Steps) > 0 {
		words = append(words, Say("steps: "+strings.Join(p.Steps, ", then ")))
	}
	if p.Expect == "restart" {
		words = append(words, Say("each must register again"))
	}
	if p.Soak != "" {
		words = append(words, Say("well for "+p.Soak+" before it is given back"))
	}
	switch p.MaxFailures {
	case 0:
		return append(words, Say("the first failure stops it"))
	case 1:
		return append(words, Say("it goes on after 1 failure"))
	}
	return append(words, Say(fmt.Sprintf("it goes on after %d failures", p.MaxFailures)))
}

func renderRuns(cluster string, runs []scheduler.RunListing, now time.Time) Reply {
	if len(runs) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{
			Say("No run is under way in ", Strong(cluster), ", and none ended lately."),
			Say(Literal("/mesos help run start"), " tells how to start one."),
		}}
	}
	lines := []Line{Say(Strong(cluster), " · ", Count(len(runs), "run"))}
	for i := range runs[:min(len(runs), listed)] {
		run := &runs[i]
		lines = append(lines, Separated(Say(Literal(run.State.ID), " ", Strong(RunHead(run))), runReason(&run.State), Say("by ", Who(run.State.By)), runTime(run, now)))
	}
	return Reply{Cluster: cluster, Lines: append(lines, more(listed, len(runs))...)}
}

func runReason(state *scheduler.RunState) Line {
	return Say(state.Reason)
}

// runTime is when the run began, or how long it took.
func runTime(run *scheduler.RunListing, now time.Time) Line {
	state := &run.State
	switch {
	case !state.Ended.IsZero():
		return Say("ended ", Clock(state.Ended, now), " after "+Lasting(state.Ended.Sub(state.Started)))
	case run.Estimate > 0:
		return Say("since ", Clock(state.Started, now), ", about "+Lasting(run.Estimate)+" left")
	}
	return Say("since ", Clock(state.Started, now))
}

// RunHead says in a few words how far a run is.
func RunHead(run *scheduler.RunListing) string {
	words := doneWords(run)
	switch run.State.Phase {
	case scheduler.RunPaused:
		return "paused: " + words
	case scheduler.RunStopped:
		return "stopped: " + words
	case scheduler.RunAborting:
		return "being aborted: " + words
	case scheduler.RunAborted:
		return "aborted: " + words
	}
	return words
}

// DoneWord says what an agent of the run is in the end.
func DoneWord(state *scheduler.RunState) string {
	switch {
	case !state.IsDrain():
		return "done"
	case state.Drain.Ends():
		return "gone"
	}
	return "drained"
}

// doneWords counts the agents that are over: `5 of 12 agents done, 1 failed`.
func doneWords(run *scheduler.RunListing) string {
	words := Of(run.Done, run.State.Agents, "agent") + " " + DoneWord(&run.State)
	if run.Failed > 0 {
		words += ", " + strconv.Itoa(run.Failed) + " failed"
	}
	if run.Skipped > 0 {
		words += ", " + strconv.Itoa(run.Skipped) + " skipped"
	}
	return words
}

func renderRun(cluster string, run *scheduler.RunListing, now time.Time) Reply {
	state := &run.State
	lines := []Line{
		Separated(Say(Literal(state.ID), " ", Strong(RunHead(run))), runCounts(run), runTime(run, now)),
		Say(Bar(state.Agents-run.Doing-run.Left, state.Agents)),
		Separated(runReason(state), Say("by ", Who(state.By)), runWhy(state)),
	}
	lines = append(lines, runTerms(state)...)
	if state.Word != nil && state.Word.Reason != "" && !state.IsDrain() {
		lines = append(lines, Say("said by ", Who(state.Word.By), ": "+state.Word.Reason))
	}
	lines = append(lines, runAgentLines(run, now)...)
	if commands := runCommands(state); len(commands) > 0 {
		lines = append(lines, Say(commands))
	}
	return Reply{Cluster: cluster, Lines: lines, Buttons: nil}
}

// runTerms say how a run goes about it.
func runTerms(state *scheduler.RunState) []Line {
	switch {
	case state.Drain == nil:
		return []Line{procedureLine(&state.Procedure)}
	case !state.IsDrain():
		return append(DrainTerms(state), procedureLine(&state.Procedure))
	}
	return DrainTerms(state)
}

// runWhy says why the run is as it is. What a person said of it stands as it was said.
func runWhy(state *scheduler.RunState) Line {
	if state.IsDrain() && state.Phase == scheduler.RunDone {
		return nil // that was so when it ended: its agents' lines say what is
	}
	if state.Word != nil && state.Why == state.Word.Reason {
		return Say(state.Why)
	}
	return Phrase(state.Why)
}

func runCounts(run *scheduler.RunListing) Line {
	var parts []string
	if run.Doing > 0 {
		parts = append(parts, strconv.Itoa(run.Doing)+" under way")
	}
	if run.Left > 0 {
		parts = append(parts, strconv.Itoa(run.Left)+" left")
	}
	return Say(strings.Join(parts, ", "))
}

// runAgentLines shows agents of a run: what is under way and what failed first, then what is left.
func runAgentLines(run *scheduler.RunListing, now time.Time) []Line {
	var doing, failed, rest []Line
	for i := range run.Agents {
		agent := &run.Agents[i]
		line := Say(Strong(agent.Hostname), " ", AgentWords(agent, &run.State, now))
		if slices.Contains(run.Back, agent.Agent) && !run.State.Drain.Ends() {
			line = Say(Strong(agent.Hostname), " was drained, and given back: not to be taken down")
		}
		if agent.Phase == scheduler.AgentAsking {
			line = append(line, Text(": "), Literal("/mesos run confirm "+agent.Key+" done|failed|skip"))
		}
		switch {
		case agent.Phase.UnderWay():
			doing = append(doing, line)
		case agent.Phase == scheduler.AgentFailed:
			failed = append(failed, line)
		default:
			rest = append(rest, line)
		}
	}
	lines := append(append(doing, failed...), rest...)
	return append(lines[:min(len(lines), listed)], more(listed, len(lines))...)
}

// AgentWords says what becomes of an agent of a run, or of a drain, just now.
func AgentWords(agent *scheduler.RunAgent, state *scheduler.RunState, now time.Time) Line {
	if state.IsDrain() || state.Drain != nil && agent.Phase == scheduler.AgentWithholding {
		return DrainAgentWords(agent, state.Drain, now)
	}
	return RunAgentWords(agent, &state.Procedure, now)
}

// RunAgentWords says what becomes of an agent of a run just now.
func RunAgentWords(agent *scheduler.RunAgent, procedure *scheduler.Procedure, now time.Time) Line {
	var line Line
	switch agent.Phase {
	case scheduler.AgentWaiting:
		line = Say("waits for its turn")
	case scheduler.AgentWithholding:
		line = Say("is being withheld")
	case scheduler.AgentStepping:
		line = Say(append(Say(StepWords(agent, procedure)), since(agent.Since, now)...))
	case scheduler.AgentAsking:
		line = Say(append(Say("waits for a person: ", StepWords(agent, procedure)), since(agent.Since, now)...))
	case scheduler.AgentReturning:
		line = Say("is looked at", since(agent.Since, now), ": is it back and well?")
		if !agent.Well.IsZero() {
			line = Say("is back and well since ", Clock(agent.Well, now))
		}
	case scheduler.AgentGiving:
		line = Say("is being given back")
	case scheduler.AgentDone:
		return Say("is done, after " + Lasting(agent.Since.Sub(agent.Begun)))
	case scheduler.AgentFailed:
		line = Say(Strong("failed"))
	case scheduler.AgentSkipped:
		line = Say("was skipped")
	default:
		line = Say(string(agent.Phase))
	}
	if agent.Why != "" {
		line = append(append(line, Text(": ")), Phrase(agent.Why)...)
	}
	return line
}

// StepWords names the step that an agent is at: `step 2 of 3, webhook reboot`.
func StepWords(agent *scheduler.RunAgent, procedure *scheduler.Procedure) string {
	if agent.Step >= len(procedure.Steps) {
		return "its steps"
	}
	return fmt.Sprintf("step %d of %d, %s", agent.Step+1, len(procedure.Steps), procedure.Steps[agent.Step])
}

// runCommands are the commands that a run takes in its phase.
func runCommands(state *scheduler.RunState) Line {
	abort := Literal("/mesos run abort " + state.ID)
	switch state.Phase {
	case scheduler.RunGoing:
		return Say(Literal("/mesos run pause "+state.ID), " or ", abort)
	case scheduler.RunPaused, scheduler.RunStopped:
		return Say(Literal("/mesos run resume "+state.ID), " or ", abort)
	}
	return nil
}

// renderStarted answers run start and its dry run.
func renderStarted(cluster string, run *scheduler.RunListing, dry bool) Reply {
	state := &run.State
	head := Say(Strong("The run goes over "+Count(state.Agents, "agent")), " · ", Literal(state.ID))
	if dry {
		head = Say(Strong("Would go over "+Count(state.Agents, "agent")), " (nothing was changed)")
	}
	lines := []Line{head, procedureLine(&state.Procedure), runOrder(run)}
	if state.Reason != "" {
		lines = append(lines, Say(state.Reason))
	}
	if state.Why != "" {
		lines = append(lines, Say("⚠ ", Markup(state.Why)))
	}
	if !dry {
		lines = append(lines, Say("The channel shows how far it is."))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// runOrder names the agents in their order, by batches where there are some.
func runOrder(run *scheduler.RunListing) Line {
	var names []string
	batch := ""
	for i := range run.Agents {
		agent := &run.Agents[i]
		name := agent.Hostname
		if agent.Batch != batch {
			batch = agent.Batch
			name = batch + ": " + name
		}
		names = append(names, name)
	}
	return Say(List(names, run.State.Agents))
}

func renderRunProblems(cluster string, problems []scheduler.Problem) Reply {
	lines := []Line{Say("The run cannot be started:")}
	return Reply{Cluster: cluster, Code: filters.Invalid, Lines: append(append(lines, problemLines(problems)...), Say(nothingChanged))}
}

// renderChangedRun answers pause, resume, abort and confirm, and their dry runs.
func renderChangedRun(cluster, verb, word string, run *scheduler.RunListing, dry bool, now time.Time) Reply {
	state := &run.State
	done, would, then := "is paused", "pause", "Agents under way are finished; no other is begun."
	switch verb {
	case "run resume":
		done, would, then = "goes on", "go on with", ""
	case "run abort":
		done, would, then = "is aborted", "abort", "What is safe to give back is given back; agents within a step, and those that failed, stay withheld until somebody gives them back."
	case "run confirm":
		done, would, then = "has your word: "+word, "say "+word+" to", ""
	}
	head := Say(Strong("The run "+done), " · ", Literal(state.ID))
	if dry {
		head = Say(Strong("Would "+would+" the run"), " ", Literal(state.ID), " (nothing was changed)")
	}
	switch {
	case verb != "run abort" || !state.IsDrain():
	case run.Doing == 0:
		then = "Nothing was begun, and nothing is killed."
	case state.Drain.Ends():
		then = "No other agent is begun. It cannot be undone: agents that were begun are marked gone all the same."
	case state.Manual():
		then = "No other task is asked to move. Agents that are not empty yet are given back; those that are stay withheld until somebody gives them back."
	default:
		then = "No other agent is begun. A drain cannot be cancelled: agents that drain already drain on, and stay withheld until somebody gives them back."
	}
	lines := []Line{head, Separated(Say(doneWords(run)), runCounts(run))}
	if then != "" {
		lines = append(lines, Say(then))
	}
	return Reply{Cluster: cluster, Lines: lines}
}
