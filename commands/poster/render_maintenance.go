package poster

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/filters/operation"
)

// machinePhase is how a phase is told: what stands in the first line is that of the phase that asks for most.
type machinePhase struct {
	phase              operation.Phase
	sign, one, several string
}

var machinePhases = []machinePhase{
	{operation.PhaseTakingDown, "⏬", "is being taken down", "are being taken down"},
	{operation.PhaseDown, "⏹", "is down for maintenance", "are down for maintenance"},
	{operation.PhaseBringingUp, "⏫", "is being brought up", "are being brought up"},
	{operation.PhaseScheduling, "🗓", "comes into the maintenance schedule", "come into the maintenance schedule"},
	{operation.PhaseScheduled, "🗓", "is in the maintenance schedule", "are in the maintenance schedule"},
	{operation.PhaseCancelling, "⏏", "leaves the maintenance schedule", "leave the maintenance schedule"},
	{operation.PhaseFailed, "⚠", "did not come into the maintenance schedule", "did not come into the maintenance schedule"},
	{operation.PhaseLost, "✋", "is no longer ours in the maintenance schedule", "are no longer ours in the maintenance schedule"},
	{operation.PhaseUp, "▶", "is up again, and out of the maintenance schedule", "are up again, and out of the maintenance schedule"},
	{operation.PhaseCancelled, "▶", "is out of the maintenance schedule", "are out of the maintenance schedule"},
}

// sortedMachines returns the machines that have the property, by hostname.
func (n *Notice) sortedMachines(property func(*Machine) bool) []*Machine {
	machines := slices.DeleteFunc(slices.Collect(maps.Values(n.Machines)), func(m *Machine) bool { return !property(m) })
	slices.SortFunc(machines, func(a, b *Machine) int { return cmp.Or(cmp.Compare(a.Typed, b.Typed), cmp.Compare(a.Host, b.Host)) })
	return machines
}

// returning tells whether the machine is on its way out of the schedule.
func returning(m *Machine) bool {
	return m.Phase == operation.PhaseBringingUp || m.Phase == operation.PhaseCancelling
}

func machineHosts(machines []*Machine) []string {
	names := make([]string, len(machines))
	for i, machine := range machines {
		names[i] = machine.Host
	}
	return slices.Compact(names)
}

// renderMachines tells how machines of one word stand in the maintenance schedule.
func renderMachines(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	every := n.sortedMachines(func(*Machine) bool { return true })
	if len(every) == 0 {
		return []commands.Line{commands.Say("the maintenance schedule")}, nil
	}
	var lines []commands.Line
	for _, told := range machinePhases {
		in := n.sortedMachines(func(m *Machine) bool { return m.Phase == told.phase })
		if len(in) == 0 {
			continue
		}
		if len(lines) == 0 {
			lines = append(lines, commands.Separated(told.head(in, len(every)), machineProgress(in, scene.Now)))
			if len(every) > 1 {
				lines = append(lines, commands.Say(commands.List(machineHosts(in), 0)))
			}
			continue
		}
		lines = append(lines, commands.Say(commands.Strong(commands.Names(machineHosts(in), 0)), " "+told.verb(len(in))))
	}
	lines = append(lines, machineRecord(n, every, scene))
	lines = append(lines, machineWhys(every)...)
	if n.givesBack() {
		lines = append(lines, notYet(scene)...)
	}
	if n.open() {
		lines = append(lines, machineCommands(n)...)
	}
	if scene.Observe {
		lines = append(lines, commands.Say("I only observe ", commands.Strong(scene.Cluster), ": nothing is sent to its master"))
	}
	return withoutEmpty(lines), machineButtons(every)
}

func (p *machinePhase) verb(n int) string {
	if n == 1 {
		return p.one
	}
	return p.several
}

// head says what so many machines of a whole do: one by name, several by number.
func (p *machinePhase) head(in []*Machine, whole int) commands.Line {
	switch names := machineHosts(in); {
	case whole == 1:
		return commands.Say(p.sign+" ", commands.Strong(names[0]+" "+p.one))
	case len(in) == whole:
		return commands.Say(p.sign+" ", commands.Strong(commands.Count(whole, "machine")+" "+p.several))
	}
	return commands.Say(p.sign+" ", commands.Strong(commands.Of(len(in), whole, "machine")+" "+p.verb(len(in))))
}

// machineProgress says how far a word has come: the least of the machines counts.
func machineProgress(in []*Machine, now time.Time) commands.Line {
	order := []string{string(filters.StateRecorded), operation.OutcomeSending, string(filters.StateAccepted), string(filters.StateVerified)}
	least := in[0]
	for _, machine := range in {
		if slices.Index(order, machine.Outcome) < slices.Index(order, least.Outcome) {
			least = machine
		}
	}
	switch at := commands.Clock(least.Since, now); {
	case least.Outcome == string(filters.StateVerified):
		return commands.Say("confirmed ", at)
	case least.Outcome == string(filters.StateAccepted):
		return commands.Say("done, the master said yes")
	case least.Phase.Pending():
		return commands.Say("asked ", at)
	}
	return nil
}

// machineRecord is what it is for, by whom, and when; in the end how long it took.
func machineRecord(n *Notice, every []*Machine, scene Scene) commands.Line {
	if n.open() || every[0].Phase == operation.PhaseFailed {
		return commands.Separated(why(n.Reason), by(n.By), machineSpan(every))
	}
	long := commands.Say("in my hands for " + commands.Lasting(n.Ended.Sub(n.Began)))
	if n.Reason != "" {
		long = append(long, commands.Text(" for "+n.Reason))
	}
	var down, ended commands.Line
	last := every[0]
	for _, machine := range every {
		if !machine.Down.IsZero() && (last.Down.IsZero() || machine.Down.Before(last.Down)) {
			last = machine
		}
	}
	if !last.Down.IsZero() {
		down = commands.Say("down for " + commands.Lasting(n.Ended.Sub(last.Down)))
	}
	switch every[0].Phase {
	case operation.PhaseUp:
		ended = commands.Say("brought up by ", commands.Who(n.EndedBy))
	case operation.PhaseCancelled:
		ended = commands.Say("taken out by ", commands.Who(n.EndedBy))
	}
	return commands.Separated(long, down, by(n.By), ended)
}

// machineSpan says when machines are away, if that is the same for all.
func machineSpan(every []*Machine) commands.Line {
	for _, machine := range every {
		if !machine.Wanted.Equal(every[0].Wanted) {
			return commands.Say("at several times: ", commands.Literal("/mesos maintenance status"))
		}
	}
	return commands.SpanWords(every[0].Wanted)
}

// machineWhys says why a word did not come true.
func machineWhys(every []*Machine) []commands.Line {
	hosts := map[string][]string{}
	var whys []string
	for _, machine := range every {
		if machine.Why != "" && hosts[machine.Why] == nil {
			whys = append(whys, machine.Why)
		}
		hosts[machine.Why] = append(hosts[machine.Why], machine.Host)
	}
	var lines []commands.Line
	for _, why := range whys[:min(len(whys), listed)] {
		line := commands.Say("⚠ ")
		if len(every) > 1 {
			line = append(line, commands.Strong(commands.Names(hosts[why], 0)), commands.Text(": "))
		}
		lines = append(lines, append(line, commands.People(why)...))
	}
	return lines
}

// machineCommands are what can be done about the machines of a notice.
func machineCommands(n *Notice) []commands.Line {
	in := func(phase operation.Phase) string {
		machines := n.sortedMachines(func(m *Machine) bool { return m.Phase == phase && !m.Others })
		var words []string
		for _, machine := range machines[:min(len(machines), listed)] {
			words = append(words, machine.Host)
		}
		return strings.Join(words, ",")
	}
	var lines []commands.Line
	if owner := filters.Owner(n.By); owner.Kind() == "window" {
		name, _, _ := strings.Cut(owner.Name(), "/")
		return append(lines, commands.Say("The window sees to them, and takes them out at its end: ", commands.Literal("/mesos window show "+name)))
	}
	if names := in(operation.PhaseScheduled); names != "" {
		lines = append(lines, commands.Say("Frameworks get inverse offers; nothing is killed until ", commands.Literal("/mesos maintenance down "+names), "."))
	}
	if names := in(operation.PhaseDown); names != "" {
		lines = append(lines, commands.Say("Its agents stay away until ", commands.Literal("/mesos maintenance up "+names), "."))
	}
	return lines
}

// machineButtons are what a press can do about one machine.
func machineButtons(every []*Machine) []commands.Button {
	if len(every) > 1 {
		return nil
	}
	switch machine := every[0]; machine.Phase {
	case operation.PhaseScheduled:
		if machine.Others {
			return nil
		}
		return []commands.Button{
			{Label: "Down", Action: commands.ActionMaintenanceDown, Value: machine.Typed, Danger: true,
				Confirm: "Another operator is asked whether " + machine.Host + " may be taken down. With a yes, what runs there is killed."},
			{Label: "Cancel", Action: commands.ActionMaintenanceCancel, Value: machine.Typed, Confirm: machine.Host + " leaves the maintenance schedule."},
		}
	case operation.PhaseDown:
		return []commands.Button{{Label: "Up", Action: commands.ActionMaintenanceUp, Value: machine.Typed, Confirm: machine.Host + " is brought up, and takes tasks when its agents are started."}}
	}
	return nil
}

// renderRemind says that the time of machines has come, or is over, and nobody acted.
func renderRemind(n *Notice, scene Scene) []commands.Line {
	left := n.sortedMachines(func(m *Machine) bool { return m.Outcome != "" })
	if len(left) == 0 {
		names := machineHosts(n.sortedMachines(func(*Machine) bool { return true }))
		return []commands.Line{
			commands.Say("⏰ ", commands.Strong(commands.Names(names, 0)+": reminded of the maintenance time")),
			commands.Separated(commands.Say(cmp.Or(n.EndReason, "settled")+" after "+commands.Lasting(n.Ended.Sub(n.Began))), endedByWhom(n)),
		}
	}
	names := machineHosts(left)
	over := left[0].Outcome == operation.OutcomeOver
	down := left[0].Phase == operation.PhaseDown
	head, do := " and nobody took it down", "/mesos maintenance down "
	switch {
	case over && down:
		head, do = " and nobody brought it up", "/mesos maintenance up "
	case over:
		head, do = " and it is still in the schedule", "/mesos maintenance cancel "
	}
	what := "the maintenance time has come,"
	if over {
		what = "the maintenance time is over,"
	}
	return withoutEmpty([]commands.Line{
		commands.Say("⏰ ", commands.Strong(commands.Names(names, 0)+": "+what+head)),
		commands.Separated(why(n.Reason), by(n.By), machineSpan(left)),
		commands.Say("Mesos moves no machine by time: ", commands.Literal(do+strings.Join(names[:min(len(names), listed)], ",")), " does."),
	})
}

func endedByWhom(n *Notice) commands.Line {
	if n.EndedBy == "" {
		return nil
	}
	return commands.Say("last word by ", commands.Who(n.EndedBy))
}

// renderMeddled says what somebody else did to the maintenance schedule.
func renderMeddled(n *Notice) []commands.Line {
	every := n.sortedMachines(func(*Machine) bool { return true })
	names := machineHosts(every)
	if len(every) == 0 {
		return []commands.Line{commands.Say("✋ the maintenance schedule was changed")}
	}
	head := commands.Names(names, 0)
	if len(names) > 3 {
		head = commands.Count(len(names), "machine")
	}
	lines := []commands.Line{commands.Say("✋ ", commands.Strong("Somebody else changed the maintenance schedule: "+head))}
	for _, machine := range every[:min(len(every), listed)] {
		line := commands.Line(nil)
		if len(every) > 1 {
			line = commands.Say(commands.Strong(machine.Host), ": ")
		}
		lines = append(lines, append(line, commands.People(machine.Why)...))
	}
	lost := n.sortedMachines(func(m *Machine) bool { return m.Outcome == operation.OutcomeLost })
	if len(lost) > 0 {
		lines = append(lines, commands.Say("I leave "+commands.Names(machineHosts(lost), 0)+" alone from now on: what is told is not put right by force."))
	}
	return lines
}
