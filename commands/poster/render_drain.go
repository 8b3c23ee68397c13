package poster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/commands"
	"cordon/scheduler"
)

// renderDrain tells of a drain, or of agents that are to be marked gone: the question first, then how far it is, then what may
// be taken down, until all of it is given back.
func renderDrain(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	state := &n.Run.State
	lines := []commands.Line{drainHead(n, scene), drainWhy(n)}
	switch {
	case state.Phase.Over():
		lines = append(lines, drainEnd(n)...)
	default:
		lines = append(lines, drainProgress(n, scene)...)
	}
	if n.givesBack() {
		lines = append(lines, notYet(scene)...)
	}
	lines = append(lines, observedOnly(n.Run, scene)...)
	return withoutEmpty(lines), drainButtons(n)
}

// drainHead says what is true now.
func drainHead(n *Notice, scene Scene) commands.Line {
	run, names, safe := n.Run, n.drainHosts(), len(n.drained(standing))
	state := &run.State
	whole := max(state.Agents, len(names))
	who := commands.Count(whole, "agent")
	if whole == 1 && len(names) == 1 {
		who = names[0]
	}
	switch {
	case state.Phase == scheduler.RunAborted && run.Failed == 0 && run.Done == 0:
		return commands.Say("🛑 ", commands.Strong(who+" "+isOrAre(whole)+" not "+commands.DoneWord(state)))
	case !state.Phase.Over():
		return drainGoing(n, who)
	case state.Drain.Ends() && run.Done > 0:
		return commands.Separated(commands.Say("🏁 ", commands.Strong(share(run, who, run.Done)+hasOrHave(run.Done)+" left the cluster for ever")), took(n))
	case run.refused() && scene.Observe:
		return commands.Say("⚠ ", commands.Strong(who+" "+isOrAre(whole)+" left alone: I only observe"))
	case run.refused():
		why := strings.TrimPrefix(run.Unsent[0].Why, "the master refused: ")
		return commands.Say("⚠ ", commands.Strong(who+" "+isOrAre(whole)+" not "+drainVerb(state, "drained", "marked gone")+": "+why))
	case n.open() && len(n.Agents) > 0 && len(n.sorted(standing)) == 0:
		return commands.Say("⏏ ", commands.Strong(who+" "+isOrAre(whole)+" being given back"))
	case !n.open() && len(n.Agents) > 0:
		return commands.Say("▶ ", commands.Strong(returned(n, who)))
	case safe > 0:
		return commands.Separated(commands.Say("🏁 ", commands.Strong(share(run, who, safe)+" "+isOrAre(safe)+" drained: safe to take down")), took(n))
	case run.Done > 0:
		return commands.Separated(commands.Say("🏁 ", commands.Strong(share(run, who, run.Done)+" "+isOrAre(run.Done)+" drained, and given back")), took(n))
	}
	return commands.Separated(commands.Say("⚠ ", commands.Strong(who+" "+isOrAre(whole)+" not "+commands.DoneWord(state))), took(n))
}

// drainGoing is the headline of a drain that is under way.
func drainGoing(n *Notice, who string) commands.Line {
	run := n.Run
	state := &run.State
	sign, words := "⏬ ", drainVerb(state, " is being drained", " is being marked gone")
	if state.Phase != scheduler.RunGoing {
		sign = "🛑 "
	}
	for _, agent := range run.Doing {
		if agent.Overdue {
			sign = "⚠ "
		}
		if state.Agents == 1 && agent.Why != "" {
			words = ": " + agent.Why
		}
	}
	if state.Agents > 1 {
		return commands.Separated(commands.Say(sign, commands.Strong(runWords(run))), runMeanwhile(n))
	}
	return commands.Say(sign, commands.Strong(who+words))
}

// observedOnly says what would have been done to the agents of a run where the bot does nothing.
func observedOnly(run *Progress, scene Scene) []commands.Line {
	if !scene.Observe {
		return nil
	}
	lines := []commands.Line{commands.Say("I only observe ", commands.Strong(scene.Cluster), ": nothing is sent to its master, and no framework or webhook is asked")}
	for _, unsent := range run.Unsent {
		lines = append(lines, append(commands.Say(commands.Strong(unsent.Host), ": "), commands.Phrase(strings.TrimPrefix(unsent.Why, "observing only: "))...))
	}
	if more := run.Skipped - len(run.Unsent); more > 0 && len(run.Unsent) > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more", more)))
	}
	return lines
}

// share is all of the run, or so many of it.
func share(run *Progress, who string, count int) string {
	if count == run.State.Agents {
		return who
	}
	return commands.Of(count, run.State.Agents, "agent")
}

// returned says that what was drained is given back, or why it is not.
func returned(n *Notice, who string) string {
	if len(notes(n.sorted(all))) > 0 {
		return who + " " + isOrAre(len(n.Agents)) + " released"
	}
	if len(n.Agents) > 1 {
		return who + " take tasks again"
	}
	return who + " takes tasks again"
}

func took(n *Notice) commands.Line {
	state := &n.Run.State
	return commands.Say("took " + commands.Lasting(state.Ended.Sub(state.Started)))
}

func drainVerb(state *scheduler.RunState, drain, ends string) string {
	if state.Drain.Ends() {
		return ends
	}
	return drain
}

func isOrAre(count int) string {
	if count == 1 {
		return "is"
	}
	return "are"
}

func hasOrHave(count int) string {
	if count == 1 {
		return " has"
	}
	return " have"
}

// drainWhy says why, who asked and who said yes.
func drainWhy(n *Notice) commands.Line {
	var yes commands.Line
	for i, voter := range n.Run.State.Yes {
		word := "approved by "
		if i > 0 {
			word = " and "
		}
		yes = append(yes, commands.Say(word, commands.Who(voter))...)
	}
	return commands.Separated(why(n.Reason), by(n.By), yes)
}

// drainProgress says how far each agent is, what holds one up, and what is possible then.
func drainProgress(n *Notice, scene Scene) []commands.Line {
	run := n.Run
	state := &run.State
	var lines []commands.Line
	if words, said := runSaid[state.Phase]; said {
		lines = append(lines, saidBy(words, state.Word))
	}
	if state.Phase != scheduler.RunAborting {
		lines = append(lines, commands.Phrase(state.Why))
	}
	if state.Agents > 1 {
		lines = append(lines, commands.Say(commands.Bar(run.Done+run.Failed+run.Skipped, state.Agents)+percent(run)))
		lines = append(lines, doing(run, scene)...)
		lines = append(lines, takeable(n), back(n))
	}
	if state.Phase == scheduler.RunAborting && len(run.Doing) > 0 && !state.Manual() {
		lines = append(lines, commands.Say("A drain cannot be cancelled: what drains already drains on, and stays withheld."))
	}
	for _, agent := range run.Doing {
		if agent.Overdue && state.Manual() {
			lines = append(lines, commands.Say("Nothing is forced: ask the owners of those frameworks to move their tasks, or ", commands.Literal("/mesos run abort "+state.ID), " ends it and gives the agent back."))
			break
		}
		if agent.Overdue {
			lines = append(lines, commands.Say("Nothing is forced and a drain cannot be cancelled: wait, or ask the owners of those frameworks to end their tasks. It is given back after DRAINED only."))
			break
		}
	}
	lines = append(lines, fails(run)...)
	return append(lines, commands.Separated(commands.Say(commands.Literal(state.ID)), deadline(state)))
}

// drained are the hosts of the agents that have the property, and that the drain is done with.
func (n *Notice) drained(property func(*Agent) bool) []string {
	var hosts []string
	for id, host := range n.Run.Drained {
		if agent := n.Agents[id]; agent != nil && property(agent) {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	return hosts
}

// takeable names the agents that are safe to take down: drained, and not given back since.
func takeable(n *Notice) commands.Line {
	hosts := n.drained(standing)
	if len(hosts) == 0 || n.Run.State.Drain.Ends() {
		return nil
	}
	return commands.Say("safe to take down: ", commands.Strong(commands.List(hosts, 0)))
}

// back names those that were drained and given back, while others are still withheld.
func back(n *Notice) commands.Line {
	hosts := n.drained(ended)
	if len(hosts) == 0 || n.Run.State.Drain.Ends() {
		return nil
	}
	return commands.Say("given back, and not to be taken down: ", commands.List(hosts, 0))
}

func deadline(state *scheduler.RunState) commands.Line {
	if state.Deadline == 0 {
		return nil
	}
	return commands.Say("deadline " + commands.Lasting(time.Duration(state.Deadline)))
}

// drainEnd says what became of the agents.
func drainEnd(n *Notice) []commands.Line {
	run, safe := n.Run, n.drained(standing)
	state := &run.State
	var lines []commands.Line
	if state.Agents > 1 && len(n.sorted(standing)) > 0 {
		lines = append(lines, takeable(n), back(n))
	}
	if state.Phase == scheduler.RunAborted {
		lines = append(lines, notWanted(state))
	}
	if len(n.sorted(standing)) > 0 {
		lines = append(lines, fails(run)...)
	}
	if run.Skipped > 0 && run.Skipped < state.Agents {
		lines = append(lines, commands.Say(fmt.Sprintf("%d of %d were not begun, or released under way", run.Skipped, state.Agents)))
	}
	switch over := n.sorted(ended); {
	case state.Drain.Ends() && run.Done > 0, run.refused():
	case !n.open() && len(over) > 0:
		lines = append(lines, withheldFor(n, over))
		for _, note := range notes(over) {
			lines = append(lines, commands.Say(note))
		}
	case len(safe) > 0 && len(over) < len(n.Agents):
		stay := "It stays withheld: "
		if len(safe) > 1 {
			stay = "They stay withheld: "
		}
		lines = append(lines, commands.Say(stay, commands.Literal("/mesos unfilter "+strings.Join(safe[:min(len(safe), listed)], ",")), " gives back what you asked for, ", commands.Literal("--all"), " what anybody did."))
	}
	return append(lines, commands.Say(commands.Literal(state.ID)))
}

// withheldFor is the line that stays: for how long it was withheld since the yes, and who gave it back.
func withheldFor(n *Notice, over []*Agent) commands.Line {
	from, last := n.Run.State.Started, over[0]
	for _, agent := range over {
		if agent.Ended.After(last.Ended) {
			last = agent
		}
	}
	return commands.Separated(commands.Say("withheld "+commands.Lasting(last.Ended.Sub(from))), releasedBy(&n.Run.State, last.EndedBy))
}

// releasedBy says who gave an agent of the drain back: somebody, or the drain itself, and then why.
func releasedBy(state *scheduler.RunState, by string) commands.Line {
	switch {
	case by != "run:"+state.ID:
		return commands.Say("released by ", commands.Holder(by, nil))
	case state.Phase == scheduler.RunAborted:
		return commands.Say("given back, as it was aborted")
	case state.Drain.Ends():
		return commands.Say("given back, as it did not leave")
	}
	return commands.Say("given back by itself")
}

// notWanted says who ended a drain before it was over, and why.
func notWanted(state *scheduler.RunState) commands.Line {
	if state.Word == nil || state.Why != "" {
		return commands.Phrase(state.Why)
	}
	return saidBy("aborted by ", state.Word)
}

func drainButtons(n *Notice) []commands.Button {
	state := &n.Run.State
	details := commands.Button{Label: "Details", Action: commands.ActionRunDetails, Value: state.ID}
	switch {
	case !n.open():
		return nil
	case state.Phase == scheduler.RunAborting:
		return []commands.Button{details}
	case !state.Phase.Over():
		abort := commands.Button{Label: "Abort", Action: commands.ActionRunAbort, Value: state.ID, Danger: true,
			Confirm: "No further agent is begun. A drain cannot be cancelled: what drains already drains on, and stays withheld."}
		if state.Manual() {
			abort.Confirm = "No other task is asked to move. Agents that are not empty yet are given back."
		} else if state.Agents == 1 && len(n.Run.Doing) == 1 {
			return []commands.Button{details}
		}
		if state.Phase == scheduler.RunGoing {
			return []commands.Button{{Label: "Pause", Action: commands.ActionRunPause, Value: state.ID}, abort, details}
		}
		return []commands.Button{{Label: "Resume", Action: commands.ActionRunResume, Value: state.ID}, abort, details}
	}
	held := n.sorted(standing)
	if len(held) == 0 {
		return nil
	}
	release := commands.Button{Label: "Release", Action: commands.ActionRelease, Value: n.Key, Confirm: "Only when it is up again: " + commands.Names(hosts(held), 0) + " gets tasks."}
	if len(held) > 1 {
		release.Confirm = "Only when they are up again: " + commands.Names(hosts(held), 0) + " get tasks."
	}
	return []commands.Button{release, details}
}
