package poster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/scheduler"
)

// renderAnnounce tells of an opening to come, and stays as the record of what became of it.
func renderAnnounce(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	occasion := n.Window
	if occasion == nil {
		return []commands.Line{commands.Say("an opening")}, nil
	}
	start := commands.Clock(occasion.Start, scene.Now)
	switch occasion.Outcome {
	case outcomeOpened:
		return []commands.Line{commands.Say("🗓 ", commands.Strong(occasion.Name+" opened"), " ", start)}, nil
	case outcomeSkipped:
		lines := []commands.Line{commands.Say("⏭ ", commands.Strong(occasion.Name+" does not open"), " ", start)}
		return append(lines, saidBy("skipped by ", occasion.Word)), nil
	case outcomePassed:
		return []commands.Line{commands.Say("⚠ ", commands.Strong(occasion.Name+" did not open"), " ", start), commands.Phrase(n.EndReason)}, nil
	}
	does := commands.WindowDoes(scene.Window, occasion.Agents, occasion.Machines)
	lines := []commands.Line{commands.Separated(commands.Say("🗓 ", commands.Strong(occasion.Name+" opens"), " ", start), commands.Say(does))}
	if n.asks() {
		lines[0] = commands.Separated(commands.Say("❓ ", commands.Strong("May "+occasion.Name+" open?"), " ", start), commands.Say(does))
	}
	if window := scene.Window; window != nil {
		lines = append(lines, commands.Separated(commands.Say(window.Definition.Reason), commands.Say(commands.WindowTargets(window)), commands.Say("for "+commands.Lasting(window.Length))))
	}
	if n.Reason != "" {
		lines = append(lines, commands.Say("⚠ It would not open: ", n.Reason))
	}
	if occasion.Agents == 0 {
		lines = append(lines, commands.Say("⚠ No agent matches it now; they are looked for when it opens."))
	}
	return withoutEmpty(append(lines, approval(n))), announceButtons(n)
}

// asks tells whether an announced opening waits for somebody's yes.
func (n *Notice) asks() bool {
	return n.Topic == TopicAnnounce && n.open() && n.Question != nil && n.Question.Open() && !n.Question.Done
}

// approval says how the question about an opening stands.
func approval(n *Notice) commands.Line {
	question := n.Question
	switch {
	case question == nil:
		return nil
	case question.Open():
		return commands.Say("Without a yes it does not open: ", commands.Literal("/mesos answer "+question.ID+" yes|no -m …"), " does the same")
	}
	return saidBy(question.Answer+", says ", &scheduler.Word{By: question.By, Reason: question.Reason})
}

func announceButtons(n *Notice) []commands.Button {
	show := commands.Button{Label: "Show agents", Action: commands.ActionWindowAgents, Value: n.Window.Name}
	if n.asks() {
		return []commands.Button{
			{Label: "Yes", Action: commands.ActionYes, Value: n.Question.ID, Confirm: commands.Meaning(n.Question.Kind)},
			{Label: "No", Action: commands.ActionNo, Value: n.Question.ID}, show,
		}
	}
	return []commands.Button{{Label: "Skip", Action: commands.ActionSkip, Value: n.Window.occurrence(n.Window.Start),
		Confirm: "This opening of " + n.Window.Name + " is left out. Those after it are as planned."}, show}
}

// occurrence is the name of the opening that starts then.
func (o *Occasion) occurrence(start time.Time) string {
	return scheduler.Occurrence{Window: o.Name, Start: start}.Name()
}

func withoutEmpty(lines []commands.Line) []commands.Line {
	return slices.DeleteFunc(lines, func(line commands.Line) bool { return len(line) == 0 })
}

// saidBy says who said something, and why.
func saidBy(words string, word *scheduler.Word) commands.Line {
	if word == nil {
		return nil
	}
	line := commands.Say(words, commands.Who(word.By))
	if word.Reason != "" {
		line = append(line, commands.Text(": "+word.Reason))
	}
	return line
}

// renderPassed tells of openings that did not come about.
func renderPassed(n *Notice, scene Scene) []commands.Line {
	if n.Window == nil || len(n.Window.Passed) == 0 {
		return []commands.Line{commands.Say("an opening did not come about")}
	}
	if n.Window.Missed == 1 {
		passed := n.Window.Passed[0]
		return []commands.Line{append(commands.Say("⚠ "), passedWords(passed, scene, " did not open ")...), commands.Phrase(passed.Why)}
	}
	lines := []commands.Line{commands.Say("⚠ ", commands.Strong(fmt.Sprintf("%d openings did not come about", n.Window.Missed)))}
	for _, passed := range n.Window.Passed {
		lines = append(lines, commands.Separated(passedWords(passed, scene, " "), commands.Phrase(passed.Why)))
	}
	if more := n.Window.Missed - len(n.Window.Passed); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos history")))
	}
	return lines
}

func passedWords(passed Passed, scene Scene, between string) commands.Line {
	name, start, _ := strings.Cut(passed.Occurrence, "/")
	line := commands.Say(commands.Strong(name), between)
	if at, err := time.Parse(time.RFC3339, start); err == nil {
		line = append(line, commands.Clock(at, scene.Now))
	}
	return line
}

// renderOccurrence tells of a window that is open, is being closed, or was open.
func renderOccurrence(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	occasion := n.Window
	if occasion == nil || occasion.Opening == nil {
		return []commands.Line{commands.Say("a window")}, nil
	}
	opening := occasion.Opening
	switch {
	case !n.open():
		return renderClosed(n, scene), nil
	case !opening.Closing.IsZero(), !scene.Now.Before(opening.End):
		return renderClosing(n, scene), nil
	}
	lines := []commands.Line{openHead(n, scene)}
	if scene.Under.Whole() > 1 {
		lines = append(lines, commands.Say(commands.List(scene.Under.Hosts, scene.Under.Whole())))
	}
	if window := scene.Window; window != nil {
		lines = append(lines, commands.Separated(commands.Say(window.Definition.Reason), commands.Say(commands.WindowTargets(window))))
	}
	if late := opening.Opened.Sub(opening.Start); opening.Late {
		lines = append(lines, commands.Say("opened "+commands.Lasting(late)+" late"))
	}
	if opening.Run != "" {
		lines = append(lines, commands.Say("run ", commands.Literal(opening.Run), " goes over them: ", commands.Literal("/mesos run show "+opening.Run)))
	}
	lines = append(lines, waiting(occasion, scene)...)
	lines = append(lines, commands.LeftOut(opening.Out)...)
	if opening.Overdue != "" && scene.Under.Drained < scene.Under.Whole() {
		lines = append(lines, commands.Say("⚠ "+opening.Overdue))
	}
	if opening.Warned {
		lines = append(lines, commands.Say("Its cutoff has come: nothing new begins."))
	}
	lines = append(lines, odd(n)...)
	if scene.Observe {
		lines = append(lines, commands.Say("I only observe ", commands.Strong(scene.Cluster), ": nothing is sent to its master"))
	}
	skip := commands.Button{Label: "Skip", Action: commands.ActionSkip, Value: occasion.occurrence(opening.Start), Danger: true}
	skip.Confirm = occasion.Name + " is closed now, and what it withholds is given back."
	if opening.Mode() == filters.ModeSchedule {
		skip.Confirm = occasion.Name + " is closed now. " + machinesLeave(opening)
	}
	return withoutEmpty(lines), []commands.Button{skip, {Label: "Show agents", Action: commands.ActionWindowAgents, Value: occasion.Name}}
}

// openHead is what is true of an open window, in one line.
func openHead(n *Notice, scene Scene) commands.Line {
	occasion, under := n.Window, scene.Under
	opening := occasion.Opening
	until := commands.Say("until ", commands.Clock(opening.End, scene.Now))
	switch {
	case occasion.Agents == 0:
		return commands.Separated(commands.Say("⚠ ", commands.Strong(occasion.Name+" is open for no agent"), ": "+opening.Why), until)
	case opening.Run != "":
		return commands.Separated(commands.Say("⏸ ", commands.Strong(occasion.Name+" is open for "+commands.Count(occasion.Agents, "agent"))), until)
	}
	share := commands.Count(occasion.Agents, "agent")
	if whole := under.Whole(); whole != occasion.Agents {
		share = commands.Of(whole, occasion.Agents, "agent")
	}
	switch mode := opening.Mode(); {
	case opening.TakesDown():
		return commands.Separated(commands.Say("⏹ ", commands.Strong(occasion.Name+" takes the machines of "+commands.Of(opening.Placed, occasion.Agents, "agent")+" down")), until)
	case mode == filters.ModeSchedule:
		return commands.Separated(commands.Say("🗓 ", commands.Strong(occasion.Name+" has the machines of "+commands.Count(occasion.Agents, "agent")+" in the maintenance schedule")), until)
	case mode == filters.ModeDrain:
		return commands.Separated(commands.Say("⏬ ", commands.Strong(occasion.Name+" drains "+share)), until, drainedWords(under))
	}
	return commands.Separated(commands.Say("⏸ ", commands.Strong(occasion.Name+" withholds "+share)), until, underWords(under))
}

// machinesLeave says what becomes of machines at the end.
func machinesLeave(opening *scheduler.Opening) string {
	if opening.TakesDown() {
		return "Its machines are brought up, and leave the maintenance schedule."
	}
	return "Its machines leave the maintenance schedule."
}

// drainedWords says how far draining has come.
func drainedWords(under Standing) commands.Line {
	switch whole := under.Whole(); {
	case whole == 0:
		return nil
	case under.Drained == whole:
		return commands.Say("drained")
	case under.Asked == whole:
		return commands.Say("asked")
	default:
		return commands.Say(fmt.Sprintf("%d of %d drained", under.Drained, whole))
	}
}

// underWords says how far withholding has come.
func underWords(under Standing) commands.Line {
	switch whole := under.Whole(); {
	case whole == 0:
		return nil
	case under.Confirmed == whole:
		return commands.Say("confirmed")
	case under.Confirmed == 0:
		return commands.Say("asked")
	default:
		return commands.Say(fmt.Sprintf("confirmed for %d of %d", under.Confirmed, whole))
	}
}

// waiting says who waits, and why.
func waiting(occasion *Occasion, scene Scene) []commands.Line {
	if occasion.Waiting == 0 {
		return nil
	}
	words := " wait"
	if occasion.Waiting == 1 {
		words = " waits"
	}
	line := commands.Say(commands.Strong(commands.Names(scene.Waiting, occasion.Waiting)), words)
	if occasion.Opening.Why != "" {
		line = append(line, commands.Text(": "+occasion.Opening.Why))
	}
	return []commands.Line{line}
}

// odd says what is not as it should be, of the first agents.
func odd(n *Notice) []commands.Line {
	var lines []commands.Line
	for _, agent := range n.sorted(all) {
		words := oddWords(n, agent)
		if len(words) == 0 {
			continue
		}
		if len(lines) == listed {
			return append(lines, commands.Say("and more: ", commands.Literal("/mesos history")))
		}
		lines = append(lines, append(commands.Say(commands.Strong(agent.Host)), words...))
	}
	return lines
}

func oddWords(n *Notice, agent *Agent) commands.Line {
	end, closing := n.Window.Opening.End, n.Window.Opening.Closing
	switch {
	case agent.State == filters.StateFailed && agent.Ended.IsZero():
		return noted(" could not be withheld", agent)
	case agent.Missing && agent.Ended.IsZero():
		return commands.Say(" is not in the master's list")
	case agent.Ended.IsZero() && agent.Until.IsZero():
		return commands.Say(" stays withheld after that: it was given no end")
	case agent.Ended.IsZero() && agent.Until.After(end):
		return commands.Say(" stays withheld until ", commands.Clock(agent.Until, end))
	case agent.Settled && agent.Note != "", agent.Given == filters.StateFailed:
		return noted("", agent)
	case strings.HasPrefix(agent.EndedBy, "user:") && (closing.IsZero() || agent.Ended.Before(closing)):
		return saidBy(" was released by ", &scheduler.Word{By: agent.EndedBy, Reason: agent.Reason})
	}
	return nil
}

func noted(words string, agent *Agent) commands.Line {
	if agent.Note == "" {
		return commands.Say(words)
	}
	return commands.Say(words + ": " + agent.Note)
}

// renderClosing tells of a window whose agents are being given back.
func renderClosing(n *Notice, scene Scene) []commands.Line {
	occasion, left := n.Window, scene.Under.Whole()+scene.Under.Ending
	head := commands.Say("⏏ ", commands.Strong(occasion.Name+" is closing"))
	if left > 0 {
		head = append(head, commands.Text(": "+commands.Of(left, max(occasion.Opening.Placed, left), "agent")+" not given back yet"))
	}
	lines := []commands.Line{head, endOf(n)}
	if occasion.Opening.Mode() == filters.ModeSchedule {
		lines = append(lines, commands.Say(machinesLeave(occasion.Opening)))
	}
	if left > 0 && occasion.Opening.Mode() == filters.ModeDrain {
		lines = append(lines, commands.Say("A drain cannot be cancelled: what still drains is given back when it is drained."))
	}
	lines = append(lines, unreached(n)...)
	return withoutEmpty(append(lines, odd(n)...))
}

// renderClosed is the record of a window that was open.
func renderClosed(n *Notice, scene Scene) []commands.Line {
	occasion := n.Window
	opening := occasion.Opening
	head := commands.Say("▶ ", commands.Strong(occasion.Name+" is closed"))
	switch {
	case occasion.Agents == 0:
		head = append(commands.Say("⚠ ", commands.Strong(occasion.Name+" was open for no agent")), commands.Text(": "+opening.Why))
	case opening.Run == "":
		head = append(head, commands.Text(" · "+turns(commands.Of(opening.Placed, occasion.Agents, "agent"), opening.Placed)))
		if opening.Placed == occasion.Agents {
			head = commands.Say("▶ ", commands.Strong(occasion.Name+" is closed"), " · "+turns(commands.Count(occasion.Agents, "agent"), occasion.Agents))
		}
	}
	end := opening.End
	if !opening.Closing.IsZero() {
		end = opening.Closing
	}
	lines := []commands.Line{commands.Separated(head, commands.Say("open "+commands.Lasting(end.Sub(opening.Opened)))), endOf(n)}
	if opening.Run != "" {
		lines = append(lines, commands.Say("run ", commands.Literal(opening.Run)))
	}
	lines = append(lines, unreached(n)...)
	lines = append(lines, commands.LeftOut(opening.Out)...)
	if n.Reason != "" {
		lines = append(lines, commands.Say("⚠ ", commands.Phrase(n.Reason)))
	}
	return withoutEmpty(append(lines, odd(n)...))
}

// endOf says who ended an occurrence before its time.
func endOf(n *Notice) commands.Line {
	by := n.Window.Opening.EndedBy
	if by == "" {
		return nil
	}
	return saidBy("closed by ", &scheduler.Word{By: by, Reason: n.EndReason})
}

// unreached says how many agents had no turn, and why.
func unreached(n *Notice) []commands.Line {
	if n.Window.Waiting == 0 {
		return nil
	}
	line := commands.Say("⚠ " + commands.Of(n.Window.Waiting, n.Window.Agents, "agent") + " not reached")
	if why := n.Window.Opening.Why; why != "" {
		line = append(line, commands.Text(": "+why))
	}
	return []commands.Line{line}
}

// renderWindow tells what somebody said about a window.
func renderWindow(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	occasion := n.Window
	if occasion == nil {
		return []commands.Line{commands.Say("a window")}, nil
	}
	name := occasion.Name
	who := commands.Separated(commands.Say(n.Reason), by(n.By))
	if strings.HasPrefix(n.By, "window:") { // nobody said it: the configuration is another
		who = commands.Phrase(n.Reason)
	}
	show := commands.Literal("/mesos window show " + name)
	switch {
	case occasion.Outcome == outcomePaused && n.open():
		lines := []commands.Line{
			commands.Say("⏯ ", commands.Strong(name+" is paused"), ": nothing of it opens"), commands.Separated(who, commands.Say("since ", commands.Clock(n.Began, scene.Now))),
		}
		return lines, []commands.Button{{Label: "Resume", Action: commands.ActionWindowResume, Value: name}}
	case occasion.Outcome == outcomeResumed && !n.Ended.Equal(n.Began):
		return []commands.Line{
			commands.Say("▶ ", commands.Strong(name+" is resumed")),
			commands.Separated(commands.Say("paused "+commands.Lasting(n.Ended.Sub(n.Began))), who, endedBy("resumed by ", n)),
		}, nil
	case strings.HasPrefix(n.By, "window:") && occasion.Outcome != outcomeRemoved:
		return []commands.Line{commands.Say("🗓 ", commands.Strong(name+" comes from the configuration now")), who}, nil
	case occasion.Outcome == outcomeAdded, occasion.Outcome == outcomeChanged:
		lines := []commands.Line{commands.Say("🗓 ", commands.Strong(name+" was "+occasion.Outcome))}
		lines = append(lines, made(name, occasion.Made)...)
		return append(lines, commands.Separated(by(n.By), commands.Say(show))), nil
	}
	return []commands.Line{commands.Say("🗓 ", commands.Strong(name+" was "+occasion.Outcome)), who}, nil
}

// made says what a window of chat does.
func made(name string, definition *scheduler.Definition) []commands.Line {
	if definition == nil {
		return nil
	}
	window, problems := scheduler.Compile(name, *definition)
	if len(problems) > 0 {
		return nil
	}
	return withoutEmpty([]commands.Line{
		commands.Separated(commands.Say(window.Words()), commands.Say(commands.WindowTargets(window))),
		commands.Separated(commands.WindowTerms(window)...),
		commands.Say(definition.Reason),
	})
}

// turns says that so many agents had their turn.
func turns(agents string, count int) string {
	if count == 1 {
		return agents + " had its turn"
	}
	return agents + " had their turn"
}
