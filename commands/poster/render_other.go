package poster

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cordon/commands"
)

func renderDrift(n *Notice, scene Scene) []commands.Line {
	lost := n.sorted(func(agent *Agent) bool { return agent.Lost })
	every := n.sorted(all)
	names := hosts(every)
	contested := n.sorted(func(agent *Agent) bool { return agent.Contested })
	var lines []commands.Line
	if taking := append(lost, contested...); len(taking) > 0 {
		lines = append(lines, headline("⚠", hosts(taking), "is taking tasks although withheld", "are taking tasks although withheld"))
		lines = append(lines, listing(hosts(taking))...)
	} else {
		span := n.span()
		lines = append(lines, headline("⚠", names, "was taking tasks again"+span, "were taking tasks again"+span))
		lines = append(lines, listing(names)...)
	}
	cause := commands.Say(sentence(every[0].Note))
	if why := behind(every); len(why) > 0 && len(names) == 1 {
		cause = append(cause, commands.Text(" ("))
		cause = append(append(cause, why...), commands.Text(")"))
	}
	if len(lost) > 0 {
		return append(lines, append(cause, commands.Text(". Withholding it again.")))
	}
	if len(contested) > 0 {
		return append(lines, append(cause, commands.Text(". Somebody gives it back each time, so I stopped withholding it again.")))
	}
	cause = append(cause, commands.Text(". Withheld again at "), commands.Second(n.Ended), commands.Text(", confirmed."))
	if scene.Started != nil {
		cause = append(cause, commands.Text(meanwhile(*scene.Started)))
	}
	return append(lines, cause)
}

func meanwhile(started bool) string {
	if started {
		return " Tasks were started meanwhile; they run on."
	}
	return " No task was started meanwhile."
}

// span says how long agents took tasks: from when they registered, or at least from when that was found.
func (n *Notice) span() string {
	from, known := n.Began, true
	for _, agent := range n.Agents {
		known = known && !agent.From.IsZero()
		if !agent.From.IsZero() && agent.From.Before(from) {
			from = agent.From
		}
	}
	long := n.Ended.Sub(from).Round(time.Second)
	switch {
	case known:
		return " for " + commands.Lasting(max(long, time.Second))
	case long >= time.Second:
		return " for at least " + commands.Lasting(long)
	}
	return ""
}

// behind says what the filter on the first agent is for: `disk replacement, by @bob`.
func behind(agents []*Agent) commands.Line {
	first := agents[0]
	var line commands.Line
	if first.Reason != "" {
		line = commands.Say(first.Reason)
	}
	if first.By == "" {
		return line
	}
	if len(line) > 0 {
		line = append(line, commands.Text(", "))
	}
	return append(line, by(first.By)...)
}

// sentence begins a phrase with a capital letter.
func sentence(phrase string) string {
	if phrase == "" {
		return "The master lost its filter"
	}
	first, size := utf8.DecodeRuneInString(phrase)
	return string(unicode.ToUpper(first)) + phrase[size:]
}

func renderForeign(n *Notice) ([]commands.Line, []commands.Button) {
	now := n.sorted(standing)
	if len(now) == 0 {
		return renderForeignOver(n, n.sorted(all)), nil
	}
	lines := []commands.Line{headline("✋", hosts(now), "is withheld by somebody else", "are withheld by somebody else")}
	lines = append(lines, listing(hosts(now))...)
	names := hosts(now)
	command := "/mesos adopt " + strings.Join(names[:min(len(names), 5)], ",") + " -m …"
	them := "it"
	if len(names) > 1 {
		them = "them"
	}
	lines = append(lines, commands.Say("Shown, and left alone. ", commands.Literal(command), " makes "+them+" ours to give back."))
	for id, agent := range n.Agents {
		if len(now) == 1 && agent == now[0] {
			return lines, []commands.Button{{Label: "Adopt", Action: commands.ActionAdopt, Value: string(id)}}
		}
	}
	return lines, nil
}

// renderForeignOver is the record of what somebody else withheld: for how long, and whether it became ours.
func renderForeignOver(n *Notice, over []*Agent) []commands.Line {
	names := hosts(over)
	long := "withheld by somebody else for " + commands.Lasting(n.Ended.Sub(n.Began)) + " since I saw it"
	for _, agent := range over {
		if agent.EndedBy != "" {
			lines := append([]commands.Line{headline("⏸", names, "is ours to give back now", "are ours to give back now")}, listing(names)...)
			return append(lines, commands.Separated(commands.Say(long), commands.Say("adopted by ", commands.Who(agent.EndedBy))))
		}
	}
	lines := append([]commands.Line{headline("▶", names, "is no longer withheld by somebody else", "are no longer withheld by somebody else")}, listing(names)...)
	return append(lines, commands.Say(long))
}

func renderQuestion(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	question := n.Question
	if question == nil {
		return []commands.Line{commands.Say("a question")}, nil
	}
	lines := []commands.Line{commands.Say("❓ ", commands.Strong(question.Text))}
	if names := question.Hosts; len(names) > 0 {
		lines = append(lines, commands.Say(commands.Names(names, 0)))
	}
	if question.Open() && n.open() {
		lines = append(lines, commands.Separated(
			commands.Say("asked ", commands.Clock(question.Asked, scene.Now)),
			commands.Say(commands.Literal("/mesos answer "+question.ID+" yes|no -m …"), " does the same")))
		return lines, []commands.Button{
			{Label: "Yes", Action: commands.ActionYes, Value: question.ID, Confirm: commands.Meaning(question.Kind)},
			{Label: "No", Action: commands.ActionNo, Value: question.ID},
		}
	}
	if question.Open() {
		settled := commands.Say("settled without an answer")
		if n.EndReason != "" {
			settled = append(settled, commands.Text(": "+n.EndReason))
		}
		return append(lines, settled), nil
	}
	answer := commands.Say("answered ", commands.Strong(question.Answer), " by ", commands.Who(question.By), " after "+commands.Lasting(question.Answered.Sub(question.Asked)))
	if question.Reason != "" {
		answer = append(answer, commands.Text(": "+question.Reason))
	}
	return append(lines, answer), nil
}

func renderNag(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	stand := n.sorted(standing)
	if n.open() && len(stand) > 0 {
		long := commands.Lasting(scene.Now.Sub(stand[0].Since))
		lines := []commands.Line{headline("⏰", hosts(stand), "has been withheld for "+long+" without an end", "have been withheld for "+long+" without an end")}
		lines = append(lines, listing(hosts(stand))...)
		lines = append(lines, commands.Separated(why(n.Reason), by(n.By)), commands.Say("Is that still meant? I ask again in a day."))
		value := n.Subject
		if len(stand) == 1 {
			value = stand[0].Filter
		}
		return lines, []commands.Button{
			{Label: "Extend 1h", Action: commands.ActionExtend, Value: value},
			{Label: "Release", Action: commands.ActionRelease, Value: value},
			{Label: "Details", Action: commands.ActionDetails, Value: value},
		}
	}
	names := hosts(n.sorted(all))
	lines := []commands.Line{headline("⏰", names, "was withheld without an end", "were withheld without an end")}
	lines = append(lines, listing(names)...)
	switch {
	case n.EndReason != "":
		lines = append(lines, commands.Say(n.EndReason))
	case n.EndedBy != "":
		lines = append(lines, commands.Say("looked at by ", commands.Who(n.EndedBy)))
	}
	return lines, nil
}

func renderFreeze(n *Notice, scene Scene) []commands.Line {
	if n.open() {
		return []commands.Line{
			commands.Say("❄ ", commands.Strong(scene.Cluster+" is frozen"), ": nothing new starts"),
			commands.Separated(why(n.Reason), by(n.By), commands.Say("since ", commands.Clock(n.Began, scene.Now))),
			commands.Say("Releasing, and ends that come, go on. ", commands.Literal("/mesos thaw -m …"), " ends it."),
		}
	}
	return []commands.Line{
		commands.Say("▶ ", commands.Strong(scene.Cluster+" is thawed")),
		commands.Separated(commands.Say("frozen "+commands.Lasting(n.Ended.Sub(n.Began))+" for "+n.Reason), by(n.By), endedBy("thawed by ", n)),
	}
}

func renderLock(n *Notice, scene Scene) []commands.Line {
	if n.open() {
		return []commands.Line{
			commands.Say("🔒 ", commands.Strong(scene.Cluster+" is locked"), ": nothing is given back"),
			commands.Separated(commands.Say(n.Reason), commands.Say("since ", commands.Clock(n.Began, scene.Now))),
			commands.Say("I doubt my memory. Withholding goes on. ", commands.Literal("/mesos unlock --dry-run"), " shows what is overdue, ",
				commands.Literal("/mesos unlock -m …"), " ends it."),
		}
	}
	return []commands.Line{
		commands.Say("🔓 ", commands.Strong(scene.Cluster+" is unlocked")),
		commands.Separated(commands.Say("locked "+commands.Lasting(n.Ended.Sub(n.Began))+": "+n.Reason), endedBy("unlocked by ", n)),
	}
}

func endedBy(words string, n *Notice) commands.Line {
	line := commands.Say(words, commands.Who(n.EndedBy))
	if n.EndReason != "" {
		line = append(line, commands.Text(": "+n.EndReason))
	}
	return line
}

func renderFailover(n *Notice, scene Scene) []commands.Line {
	what := cmp.Or(n.Reason, "another master leads")
	head := commands.Say("🔁 ", commands.Strong(scene.Cluster+": "+what))
	if n.Master != "" {
		head = append(head, commands.Text(" · leader "), commands.Literal(n.Master))
	}
	if n.open() {
		return []commands.Line{head, commands.Say("Nothing is given back until its agents have registered again. Withholding goes on.")}
	}
	return []commands.Line{head, commands.Say("The cluster has settled after " + commands.Lasting(n.Ended.Sub(n.Began)) + ": giving back goes on.")}
}
