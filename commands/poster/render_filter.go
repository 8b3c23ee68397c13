package poster

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cordon/commands"
	"cordon/filters"
)

func renderFilter(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	stand, over := n.sorted(standing), n.sorted(ended)
	if len(stand) == 0 {
		return renderReturned(n, over, scene), nil
	}
	held := slices.DeleteFunc(slices.Clone(stand), func(agent *Agent) bool { return agent.Lost || agent.Contested })
	lines := []commands.Line{commands.Separated(claim(stand, len(held)), progress(held, scene.Now))}
	lines = append(lines, listing(hosts(stand))...)
	lines = append(lines, commands.Separated(why(n.Reason), by(n.By), until(stand, scene)))
	if n.Adopted {
		lines = append(lines, commands.Say("taken over from somebody else"))
	}
	if len(over) > 0 {
		lines = append(lines, commands.Say("released: "+commands.Names(hosts(over), 0)))
	}
	lines = append(lines, troubles(stand)...)
	if confirmed(stand) {
		lines = append(lines, effect(scene)...)
	}
	if n.Backend == filters.BackendAllocator {
		lines = append(lines, commands.Say("a task may still start from an offer that a framework holds already"))
	}
	if scene.Observe {
		lines = append(lines, commands.Say("I only observe ", commands.Strong(scene.Cluster), ": nothing is sent to its master"))
	}
	return lines, filterButtons(n, stand)
}

// claim is what is true of agents under a filter, of whom so many are not lost to somebody else.
func claim(stand []*Agent, held int) commands.Line {
	names := hosts(stand)
	switch {
	case held > 0 && held < len(stand):
		return commands.Say("⏸ ", commands.Strong(commands.Of(held, len(stand), "agent")+" take no new tasks"))
	case held == 0:
		return headline("⚠", names, "takes tasks although it is to be withheld", "take tasks although they are to be withheld")
	case !slices.ContainsFunc(stand, func(agent *Agent) bool { return agent.State != filters.StateFailed }):
		return headline("⚠", names, "could not be withheld", "could not be withheld")
	}
	return headline("⏸", names, "takes no new tasks", "take no new tasks")
}

func filterButtons(n *Notice, stand []*Agent) []commands.Button {
	value := n.Key
	if len(stand) == 1 && stand[0].Filter != "" {
		value = stand[0].Filter
	}
	buttons := []commands.Button{{Label: "Release", Action: commands.ActionRelease, Value: value}}
	if slices.ContainsFunc(stand, func(agent *Agent) bool { return !agent.Until.IsZero() }) {
		buttons = append(buttons, commands.Button{Label: "Extend 1h", Action: commands.ActionExtend, Value: value})
	}
	if len(stand) > 5 {
		buttons[0].Confirm = commands.Count(len(stand), "agent") + " get tasks again."
	}
	return append(buttons, commands.Button{Label: "Details", Action: commands.ActionDetails, Value: value})
}

func confirmed(agents []*Agent) bool {
	return !slices.ContainsFunc(agents, func(agent *Agent) bool {
		return agent.State != filters.StateVerified || agent.Lost || agent.Contested
	})
}

// until renders the end of filters, the first and the last where they differ.
func until(agents []*Agent, scene Scene) commands.Line {
	first, last, endless := agents[0].Until, agents[0].Until, false
	for _, agent := range agents {
		switch {
		case agent.Until.IsZero():
			endless = true
		case first.IsZero() || agent.Until.Before(first):
			first = agent.Until
		}
		if agent.Until.After(last) {
			last = agent.Until
		}
	}
	switch {
	case first.IsZero():
		return commands.Say("no end")
	case endless:
		return commands.Say("from ", commands.Clock(first, scene.Now), " on; some have no end")
	case !first.Truncate(time.Minute).Equal(last.Truncate(time.Minute)):
		return commands.Say("until ", commands.Clock(first, scene.Now), " to ", commands.Clock(last, scene.Now))
	case scene.Terse:
		return commands.Say("until ", commands.Clock(first, scene.Now))
	}
	return commands.Ends(first, scene.Now)
}

// troubles says what is not as it should be.
func troubles(agents []*Agent) []commands.Line {
	var lines []commands.Line
	add := func(words string, has func(*Agent) bool) {
		var names []string
		note := ""
		for _, agent := range agents {
			if has(agent) {
				names = append(names, agent.Host)
				note = cmp.Or(note, agent.Note)
			}
		}
		if len(names) == 0 {
			return
		}
		line := commands.Say("⚠ ", commands.Strong(commands.Names(names, 0)), " "+words)
		if note != "" {
			line = append(line, commands.Text(": "+note))
		}
		lines = append(lines, line)
	}
	add("could not be withheld", func(a *Agent) bool { return a.State == filters.StateFailed })
	add("takes tasks; I withhold it again", func(a *Agent) bool { return a.Lost && !a.Contested })
	add("is given back by somebody else again and again; I stopped withholding it", func(a *Agent) bool { return a.Contested })
	add("is not in the master's list", func(a *Agent) bool { return a.Missing && !a.Down })
	if down := hosts(slices.DeleteFunc(slices.Clone(agents), func(a *Agent) bool { return !a.Missing || !a.Down })); len(down) > 0 {
		lines = append(lines, commands.Say(commands.Strong(commands.Names(down, 0)), " is away: the machine is down for maintenance, by our word"))
	}
	for _, note := range notes(slices.DeleteFunc(slices.Clone(agents), func(a *Agent) bool { return a.State != filters.StateVerified || a.Lost || a.Contested })) {
		lines = append(lines, commands.Say(note))
	}
	return lines
}

// effect says what withholding means just now.
func effect(scene Scene) []commands.Line {
	var tasks, share commands.Line
	if scene.Tasks != nil {
		tasks = commands.Say(commands.TaskCounts(scene.Tasks))
	}
	if scene.Total > 0 {
		share = commands.Say(commands.Of(scene.Withheld, scene.Total, "agent") + " withheld")
	}
	line := commands.Separated(tasks, share)
	if len(line) == 0 {
		return nil
	}
	return []commands.Line{line}
}

// renderReturned tells of filters that are all ended.
func renderReturned(n *Notice, over []*Agent, scene Scene) []commands.Line {
	names := hosts(over)
	var head commands.Line
	others := slices.ContainsFunc(over, func(agent *Agent) bool { return agent.Settled && agent.Note != "" })
	switch {
	case n.open():
		head = commands.Separated(headline("⏏", names, "is being given back", "are being given back"), givenBack(over, scene.Now))
	case others:
		head = headline("▶", names, "is released", "are released")
	default:
		head = headline("▶", names, "takes tasks again", "take tasks again")
	}
	lines := append([]commands.Line{head}, listing(names)...)
	lines = append(lines, record(n, over))
	for _, note := range notes(over) {
		lines = append(lines, commands.Say(note))
	}
	if n.givesBack() {
		lines = append(lines, notYet(scene)...)
	}
	return lines
}

// record is the line that stays: how long, what for, by whom, and who ended it.
func record(n *Notice, over []*Agent) commands.Line {
	last := over[0]
	for _, agent := range over {
		if agent.Ended.After(last.Ended) {
			last = agent
		}
	}
	end := last.Ended
	if end.IsZero() {
		end = n.Ended
	}
	long := commands.Say("withheld " + commands.Lasting(end.Sub(n.Began)))
	if n.Reason != "" {
		long = append(long, commands.Text(" for "+n.Reason))
	}
	var how commands.Line
	switch {
	case last.EndCause == filters.CauseExpiry:
		how = commands.Say("its end came")
	case last.EndedBy != "":
		how = commands.Say("released by ", commands.Holder(last.EndedBy, nil))
	}
	return commands.Separated(long, by(n.By), how)
}

func notes(agents []*Agent) []string {
	var found []string
	for _, agent := range agents {
		if agent.Note == "" {
			continue
		}
		if note := agent.Host + ": " + agent.Note; !slices.Contains(found, note) && len(found) < 5 {
			found = append(found, note)
		}
	}
	return found
}

func givenBack(agents []*Agent, now time.Time) commands.Line {
	done, accepted, failed := 0, 0, 0
	var newest time.Time
	for _, agent := range agents {
		switch {
		case agent.Settled:
			done++
		case agent.Given == filters.StateAccepted:
			accepted++
		case agent.Given == filters.StateFailed:
			failed++
		}
		if agent.Ended.After(newest) {
			newest = agent.Ended
		}
	}
	switch {
	case failed > 0:
		return commands.Say(commands.Strong("refused by the master"))
	case done > 0:
		return commands.Say(fmt.Sprintf("confirmed for %d of %d", done, len(agents)))
	case accepted == len(agents):
		return commands.Say("done, the master said yes")
	}
	return commands.Say("asked ", commands.Clock(newest, now))
}
