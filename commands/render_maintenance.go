package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
)

// machineWord is what somebody said about machines, and what it did, or would do.
type machineWord struct {
	operation.Listing
	cluster, verb string
	span          filters.Span
	zone          *time.Location
	now           time.Time
}

// machinePhrases are the words for what is said about machines: of one, of several, and what would be done.
var machinePhrases = map[string]struct{ one, several, would, already string }{
	"maintenance schedule": {"comes into the maintenance schedule", "come into the maintenance schedule", "schedule %s", "scheduled for that time already"},
	"maintenance down":     {"is taken down", "are taken down", "take %s down", "down already"},
	"maintenance up":       {"is brought up, and leaves the maintenance schedule", "are brought up, and leave the maintenance schedule", "bring %s up", "up already"},
	"maintenance cancel":   {"leaves the maintenance schedule", "leave the maintenance schedule", "take %s out of the maintenance schedule", "on the way out of the schedule already"},
}

func (w *machineWord) render() Reply {
	reply := Reply{Cluster: w.cluster, Operation: w.Operation, State: w.State}
	names := machineNames(w.Changed)
	phrases := machinePhrases[w.verb]
	switch {
	case len(names) == 0:
	case w.DryRun:
		reply.Lines = append(reply.Lines, Say(Strong("Would "+fmt.Sprintf(phrases.would, Names(names, 0))), " (nothing was changed)"))
	case len(names) == 1:
		reply.Lines = append(reply.Lines, Separated(Say(Strong(names[0]+" "+phrases.one)), Say("asked ", Clock(w.At, w.now))))
	default:
		reply.Lines = append(reply.Lines,
			Separated(Say(Strong(Count(len(names), "machine")+" "+phrases.several)), Say("asked ", Clock(w.At, w.now))), Say(List(names, 0)))
	}
	if already := machineNames(w.Already); len(already) > 0 {
		reply.Lines = append(reply.Lines, Say(Strong(Names(already, 0)), " "+is(len(already))+" "+phrases.already+"."))
	}
	if len(names) > 0 {
		reply.Lines = append(append(reply.Lines, w.detail()...), w.cost()...)
	} else {
		reply.Lines = append(reply.Lines, Say(nothingChanged))
	}
	if w.Held != "" {
		reply.Lines = append(reply.Lines, append(Say("Not yet: "), Markup(w.Held)...))
	}
	if w.Observe {
		reply.Lines = append(reply.Lines, Say("I only observe this cluster: nothing is sent to its master"))
	}
	return reply
}

// detail says what comes of the word.
func (w *machineWord) detail() []Line {
	switch w.verb {
	case "maintenance schedule":
		return []Line{
			Say(inZones(w.span, w.zone, w.now)),
			Say("Frameworks get inverse offers at once; nothing is killed, and Mesos moves no machine by time: ",
				Literal("/mesos maintenance down "+typedMachines(w.Changed)), " takes "+them(len(w.Changed))+" down then."),
		}
	case "maintenance down":
		return w.down()
	case "maintenance up":
		return []Line{Say("Agents come back when their processes are started, with the IDs that they had, and take tasks.")}
	}
	return []Line{Say("Frameworks are asked no more to leave.")}
}

// down says what taking machines down does, and what it needs first.
func (w *machineWord) down() []Line {
	killed := Say("What runs there is killed, and its agents stay away until ", Literal("/mesos maintenance up "+typedMachines(w.Changed)), ".")
	if !w.DryRun {
		return []Line{killed}
	}
	return append([]Line{killed}, needsLine(w.Needs, machineNames(w.Changed))...)
}

// cost says what runs on the machines; a dry run what would be lost beside that.
func (w *machineWord) cost() []Line {
	if w.verb == "maintenance up" || w.verb == "maintenance cancel" {
		return nil
	}
	if !w.DryRun || w.Impact.Total == 0 {
		return []Line{tasksThere(w.Tasks, w.TasksKnown)}
	}
	tasks := RunsOn(&w.Impact)
	if w.verb == "maintenance down" {
		tasks = Killed(&w.Impact)
	}
	lines := append([]Line{Racks(&w.Impact)}, Cost(tasks, &w.Impact)...)
	if w.Impact.Exceeds != "" && w.verb == "maintenance down" {
		lines = append(lines, append(Markup(w.Impact.Exceeds), Text(", so this would be refused")))
	}
	return append(lines, Say("as of ", Instant(w.Impact.AsOf, w.now)))
}

func tasksThere(tasks map[string]int, known bool) Line {
	if !known {
		return Say("I do not know which tasks run there: this replica does not follow the master")
	}
	return Say(TaskCounts(tasks))
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func machineNames(states []operation.State) []string {
	var names []string
	for i := range states {
		names = append(names, states[i].Machine.Hostname)
	}
	return names
}

// typedMachines names machines as a command takes them.
func typedMachines(states []operation.State) string {
	var words []string
	for i := range states[:min(len(states), listed)] {
		if len(states[i].Agents) == 0 {
			words = append(words, states[i].Machine.Typed())
		} else {
			words = append(words, states[i].Machine.Hostname)
		}
	}
	if len(states) > listed {
		words = append(words, "…")
	}
	return strings.Join(words, ",")
}

// inZones tells a span in the asker's zone and in UTC.
func inZones(span filters.Span, zone *time.Location, now time.Time) string {
	const layout = "2006-01-02 15:04"
	local, world := span.Start.In(zone), span.Start.UTC()
	text := local.Format(layout) + " " + zone.String()
	if zone.String() != "UTC" {
		shown := world.Format("15:04")
		if local.Format(time.DateOnly) != world.Format(time.DateOnly) {
			shown = world.Format(layout)
		}
		text += " (" + shown + " UTC)"
	}
	if left := span.Start.Sub(now); left > time.Second {
		text += ", in " + Lasting(left)
	}
	if span.Endless {
		return "From " + text + ", without an end"
	}
	return "From " + text + ", for " + Lasting(span.Duration)
}

// renderMachines answers maintenance status. Named says that machines were asked for by name.
func renderMachines(cluster string, views []operation.MachineView, named bool, now time.Time) Reply {
	if len(views) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{
			Say("No machine of ", Strong(cluster), " is in the maintenance schedule, and none is down."),
			Say(Literal("/mesos help maintenance schedule"), " tells how to schedule one."),
		}}
	}
	counts := map[filters.MachineMode]int{}
	for i := range views {
		counts[views[i].Mode]++
	}
	var modes []string
	for _, mode := range []filters.MachineMode{filters.MachineUp, filters.MachineDraining, filters.MachineDown} {
		if counts[mode] > 0 {
			modes = append(modes, fmt.Sprintf("%d %s", counts[mode], modeWords[mode]))
		}
	}
	lines := []Line{Separated(Say(Strong(cluster)), Say(Count(len(views), "machine")+": "+strings.Join(modes, ", ")))}
	for i := range views[:min(len(views), listed)] {
		lines = append(lines, machineLines(&views[i], now)...)
	}
	lines = append(lines, more(listed, len(views))...)
	if !named {
		lines = append(lines, Say("Every other machine is up."))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

var modeWords = map[filters.MachineMode]string{filters.MachineUp: "Up", filters.MachineDraining: "Draining", filters.MachineDown: "Down"}

// machineLines shows one machine: how it stands, whose it is, what frameworks said.
func machineLines(view *operation.MachineView, now time.Time) []Line {
	lines := []Line{Separated(Say(Strong(view.Machine.Hostname), " ("+view.Machine.IP+") ", Strong(modeWords[view.Mode])), spanLine(view.Span), leftLine(view, now))}
	if whose := whoseLine(view); len(whose) > 0 {
		lines = append(lines, whose)
	}
	if view.State != nil {
		if words := StandingWords(view.State); len(words) > 0 {
			lines = append(lines, words)
		}
	}
	if view.Mode == filters.MachineDown {
		return lines
	}
	answers := answerLine(view, now)
	switch {
	case len(view.Agents) == 0:
		return append(lines, Say("no agent of it is registered"))
	case view.TasksKnown:
		return append(lines, Separated(answers, Say(TaskCounts(view.Tasks))))
	case len(answers) > 0:
		return append(lines, answers)
	}
	return lines
}

func spanLine(span *filters.Span) Line {
	if span == nil {
		return Say("not in the maintenance schedule")
	}
	return SpanWords(*span)
}

// SpanWords says when a machine is away: `from 2026-11-22 02:00 UTC for 1 h`.
func SpanWords(span filters.Span) Line {
	from := Say("from ", Span{Style: Moment, Time: span.Start.UTC(), Dated: true})
	if span.Endless {
		return append(from, Text(" on, without an end"))
	}
	return append(from, Text(" for "+Lasting(span.Duration)))
}

// leftLine says how long it is until a machine's time comes, or is over.
func leftLine(view *operation.MachineView, now time.Time) Line {
	left, before := view.Left(now)
	switch {
	case view.Span == nil:
		return nil
	case before:
		return Say("begins in " + Lasting(left))
	case view.Span.Endless:
		return Say("began " + Lasting(now.Sub(view.Span.Start)) + " ago")
	case left > 0:
		return Say(Lasting(left) + " left")
	}
	return Say("over since " + Lasting(now.Sub(view.Span.End())))
}

// whoseLine says who put a machine there.
func whoseLine(view *operation.MachineView) Line {
	switch {
	case view.Others():
		return Say("by somebody else: I leave it alone")
	case view.State == nil:
		return nil
	}
	return Separated(Say(view.State.Reason), Say("by ", Who(string(view.State.Owner))))
}

// StandingWords says what is under way for a machine of ours, and why the last word did not come true; empty: nothing.
func StandingWords(state *operation.State) Line {
	var words Line
	switch state.Phase {
	case operation.PhaseScheduling:
		words = Say("on its way into the schedule")
	case operation.PhaseTakingDown:
		words = Say("being taken down")
	case operation.PhaseBringingUp:
		words = Say("being brought up")
	case operation.PhaseCancelling:
		words = Say("on its way out of the schedule")
	}
	if state.Why != "" {
		words = Separated(words, owners(Markup(state.Why)))
	}
	return words
}

// answerLine says what frameworks answered to a machine's inverse offers: `marathon accepted, since 02:10`.
func answerLine(view *operation.MachineView, now time.Time) Line {
	var line Line
	answers := slices.Clone(view.Answers)
	for i, answer := range answers[:min(len(answers), listed)] {
		if i > 0 {
			line = append(line, Text(", "))
		}
		line = append(line, Strong(answer.Framework), Text(" "+string(answer.Word)))
		if !answer.Since.IsZero() {
			line = append(line, Text(" since "), Clock(answer.Since, now))
		}
	}
	if len(line) > 0 {
		return Say("inverse offers: ", line)
	}
	return nil
}
