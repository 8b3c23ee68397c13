package poster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cordon/commands"
	"cordon/scheduler"
)

// renderRun tells how far a run is.
func renderRun(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	run := n.Run
	if run == nil {
		return []commands.Line{commands.Say("a run")}, nil
	}
	if n.drains() {
		return renderDrain(n, scene)
	}
	state := &run.State
	lines := []commands.Line{
		commands.Separated(commands.Say(runSign(run)+" ", commands.Strong(runTitle(state)+": "+runWords(run))), runMeanwhile(n)),
		commands.Say(commands.Bar(run.Done+run.Failed+run.Skipped, state.Agents) + percent(run)),
	}
	if words, said := runSaid[state.Phase]; said {
		lines = append(lines, saidBy(words, state.Word))
	}
	if state.Phase == scheduler.RunGoing || state.Phase == scheduler.RunPaused {
		lines = append(lines, commands.Phrase(state.Why)) // of other phases the agents that failed tell
	}
	lines = append(lines, doing(run, scene)...)
	lines = append(lines, fails(run)...)
	lines = append(lines, observedOnly(run, scene)...)
	lines = append(lines, commands.Separated(commands.Say(commands.Literal(state.ID)), by(n.By), stepsOf(state)))
	return withoutEmpty(lines), runButtons(n)
}

var runSaid = map[scheduler.RunPhase]string{
	scheduler.RunPaused: "paused by ", scheduler.RunAborting: "aborted by ", scheduler.RunAborted: "aborted by ",
}

func runSign(run *Progress) string {
	switch run.State.Phase {
	case scheduler.RunPaused:
		return "⏯"
	case scheduler.RunStopped, scheduler.RunAborting, scheduler.RunAborted:
		return "🛑"
	case scheduler.RunDone:
		if run.Failed > 0 {
			return "⚠"
		}
		return "🏁"
	}
	return "🔧"
}

// runTitle is what people call the run.
func runTitle(state *scheduler.RunState) string {
	return cmp.Or(state.Reason, "run "+state.ID)
}

func runWords(run *Progress) string {
	words := commands.Of(run.Done, run.State.Agents, "agent") + " " + commands.DoneWord(&run.State)
	if run.Failed > 0 {
		words += fmt.Sprintf(", %d failed", run.Failed)
	}
	if run.Skipped > 0 {
		words += fmt.Sprintf(", %d skipped", run.Skipped)
	}
	switch run.State.Phase {
	case scheduler.RunPaused:
		return "paused, " + words
	case scheduler.RunStopped:
		return "stopped, " + words
	case scheduler.RunAborting:
		return "being aborted, " + words
	case scheduler.RunAborted:
		return "aborted, " + words
	}
	return words
}

// runMeanwhile says what is under way and left, or how long it took.
func runMeanwhile(n *Notice) commands.Line {
	run := n.Run
	if !n.open() {
		return commands.Say("took " + commands.Lasting(n.Ended.Sub(run.State.Started)))
	}
	var parts []string
	if doing := len(run.Doing); doing > 0 {
		parts = append(parts, fmt.Sprintf("%d under way", doing))
	}
	if left := run.left(); left > 0 {
		parts = append(parts, fmt.Sprintf("%d left", left))
	}
	line := commands.Say(strings.Join(parts, ", "))
	if estimate := run.estimate(); estimate > 0 && run.State.Phase == scheduler.RunGoing {
		line = commands.Separated(line, commands.Say("about "+commands.Lasting(estimate)+" left"))
	}
	return line
}

func percent(run *Progress) string {
	if run.State.Agents == 0 {
		return ""
	}
	return fmt.Sprintf(" %d %%", 100*(run.Done+run.Failed+run.Skipped)/run.State.Agents)
}

// doing are the first of the agents that are under way, a line each.
func doing(run *Progress, scene Scene) []commands.Line {
	agents := slices.SortedFunc(maps.Values(run.Doing), func(a, b scheduler.RunAgent) int { return cmp.Compare(a.Order, b.Order) })
	var lines []commands.Line
	for i := range agents[:min(len(agents), listed)] {
		lines = append(lines, commands.Say(commands.Strong(agents[i].Hostname), " ", commands.AgentWords(&agents[i], &run.State, scene.Now)))
	}
	if more := len(agents) - listed; more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more", more)))
	}
	return lines
}

// fails are the first of the agents that failed, and how they are given back.
func fails(run *Progress) []commands.Line {
	var lines []commands.Line
	var names []string
	for _, fail := range run.Fails {
		names = append(names, fail.Host)
		line := commands.Say("⚠ ", commands.Strong(fail.Host), " failed")
		if fail.Why != "" {
			line = append(append(line, commands.Text(": ")), commands.Phrase(fail.Why)...)
		}
		lines = append(lines, line)
	}
	if more := run.Failed - len(run.Fails); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more failed", more)))
	}
	if len(names) > 0 {
		lines = append(lines, commands.Say("What failed stays withheld: ", commands.Literal("/mesos unfilter "+strings.Join(names, ",")+" --all"), " gives it back."))
	}
	return lines
}

func stepsOf(state *scheduler.RunState) commands.Line {
	if len(state.Procedure.Steps) == 0 {
		return nil
	}
	return commands.Say("steps: " + strings.Join(state.Procedure.Steps, ", then "))
}

func runButtons(n *Notice) []commands.Button {
	id := n.Run.State.ID
	abort := commands.Button{Label: "Abort", Action: commands.ActionRunAbort, Value: id, Danger: true,
		Confirm: "No further agent is begun, and what is safe to give back is given back. Agents within a step stay withheld."}
	details := commands.Button{Label: "Details", Action: commands.ActionRunDetails, Value: id}
	switch n.Run.State.Phase {
	case scheduler.RunGoing:
		return []commands.Button{{Label: "Pause", Action: commands.ActionRunPause, Value: id}, abort, details}
	case scheduler.RunPaused, scheduler.RunStopped:
		return []commands.Button{{Label: "Resume", Action: commands.ActionRunResume, Value: id}, abort, details}
	case scheduler.RunAborting:
		return []commands.Button{details}
	}
	return nil
}

// renderConfirm asks a person whether a step of a run is done, and stays as the record of the answer.
func renderConfirm(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	asking := n.Asking
	if asking == nil {
		return []commands.Line{commands.Say("a confirmation")}, nil
	}
	title, step := commands.Say(commands.Literal(asking.Run)), ""
	if n.Run != nil {
		title = commands.Separated(commands.Say(n.Run.State.Reason), title)
		step = commands.StepWords(asking, &n.Run.State.Procedure)
	}
	if !n.open() {
		return withoutEmpty([]commands.Line{
			commands.Separated(commands.Say("❓ ", commands.Strong(asking.Hostname+": "+confirmedWords[n.Answered])), commands.Say(step)),
			commands.Separated(title, confirmedBy(n)),
		}), nil
	}
	lines := []commands.Line{
		commands.Separated(commands.Say("❓ ", commands.Strong(asking.Hostname+" waits for a person: done, failed or skip?")), commands.Say(step)),
		commands.Phrase(asking.Why),
		commands.Separated(title, commands.Say("since ", commands.Clock(asking.Since, scene.Now))),
		commands.Say(commands.Literal("/mesos run confirm "+asking.Key+" done|failed|skip"), " does the same"),
	}
	return withoutEmpty(lines), []commands.Button{
		{Label: "Done", Action: commands.ActionDone, Value: asking.Key},
		{Label: "Failed", Action: commands.ActionFailed, Value: asking.Key, Danger: true, Confirm: asking.Hostname + " counts as failed, and stays withheld until somebody gives it back."},
		{Label: "Skip", Action: commands.ActionSkipAgent, Value: asking.Key, Confirm: asking.Hostname + " is given back once it is back and well, without the rest of its steps."},
	}
}

// confirmedWords say what a confirmation was answered with; nothing: it was not.
var confirmedWords = map[string]string{"done": "done", "failed": "failed", "skip": "skipped", "": "not waited for any more"}

func confirmedBy(n *Notice) commands.Line {
	if n.Answered == "" || n.EndedBy == "" {
		return commands.Say(n.EndReason)
	}
	line := commands.Say("said ", commands.Who(n.EndedBy), " after "+commands.Lasting(n.Ended.Sub(n.Began)))
	if n.EndReason != "" {
		line = append(line, commands.Text(": "+n.EndReason))
	}
	return line
}
