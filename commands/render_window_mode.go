package commands

import (
	"fmt"

	"cordon/filters"
	"cordon/scheduler"
)

// modeTerms says what a window does with its agents, each in a phrase; nothing of one that only withholds them.
func modeTerms(window *scheduler.Window) []Line {
	var terms []Line
	if window.Mode == filters.ModeDrain {
		terms = append(terms, Say("drains its agents: what runs there is killed"))
		if window.Drain.MaxGrace > 0 {
			terms = append(terms, Say("with a grace period of at most "+Lasting(window.Drain.MaxGrace)))
		}
		if window.Deadline > 0 {
			terms = append(terms, Say("tells what holds one up after "+Lasting(window.Deadline)))
		}
	}
	switch {
	case window.TakeDown:
		terms = append(terms, Say("takes its machines down at its start, which kills what runs there, and brings them up at its end"))
	case window.Mode == filters.ModeSchedule:
		terms = append(terms, Say("has its machines in the maintenance schedule while it is open"))
	}
	return terms
}

// WindowDoes says what an opening of the window does with so many agents, on so many machines: `12 agents`, or `drains 12 agents:
// what runs there is killed`. The window is nil where it is not known any more.
func WindowDoes(window *scheduler.Window, agents, machines int) string {
	switch {
	case window == nil:
	case window.Mode == filters.ModeDrain:
		return fmt.Sprintf("drains %s: what runs there is killed", Count(agents, "agent"))
	case window.TakeDown:
		return fmt.Sprintf("takes %s down: what runs there is killed", Count(machines, "machine"))
	case window.Mode == filters.ModeSchedule:
		return fmt.Sprintf("puts %s into the maintenance schedule", Count(machines, "machine"))
	}
	return Count(agents, "agent")
}

// LeftOut names agents that an opening leaves out, and why: a line for each reason.
func LeftOut(all []filters.LeftOut) []Line {
	hosts := map[string][]string{}
	var whys []string
	for i := range all {
		out := &all[i]
		if hosts[out.Why] == nil {
			whys = append(whys, out.Why)
		}
		hosts[out.Why] = append(hosts[out.Why], out.Hostname)
	}
	var lines []Line
	for _, why := range whys[:min(len(whys), listed)] {
		verb := " are left out: "
		if len(hosts[why]) == 1 {
			verb = " is left out: "
		}
		lines = append(lines, append(Say("⚠ ", Strong(Names(hosts[why], 0)), verb), People(why)...))
	}
	return lines
}
