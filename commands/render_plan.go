package commands

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// renderPlan answers a dry run: what would be done, and what it costs.
func renderPlan(result filters.Result, asker filters.Actor) []Line {
	switch result.Verb {
	case filters.VerbFilter, filters.VerbAdopt:
		return renderImpact(result)
	case filters.VerbExtend:
		return renderExtension(result)
	}
	lines := append(renderPlanned(result, "Would release "), stillDraining(result)...)
	if len(result.Others) > 0 {
		lines = append(lines, stillHeld(result)...)
	}
	return lines
}

// renderExtension answers a dry run of extend: the ends as they would be.
func renderExtension(result filters.Result) []Line {
	lines := renderPlanned(result, "Would extend ")
	if len(result.Changed) > 0 && result.Changed[0].Until.IsZero() {
		lines = append(lines, Say("what has no end keeps none; I would ask about it again in a day"))
	}
	if len(result.Others) > 0 {
		lines = append(lines, Say(Strong(Names(distinctHosts(result.Others), 0)), " "+stay(result.Others)+" withheld longer than that already: ", Ends(result.Others[0].Until, result.At)))
	}
	return lines
}

func renderPlanned(result filters.Result, verb string) []Line {
	lines := []Line{Say(Strong(verb+Count(len(result.Changed), "filter")), " (nothing was changed)")}
	for _, filter := range result.Changed[:min(len(result.Changed), listed)] {
		filter.Ended = time.Time{} // as it is now
		lines = append(lines, filterLine(filter, result.At))
	}
	return append(lines, more(listed, len(result.Changed))...)
}

func renderImpact(result filters.Result) []Line {
	impact := result.Impact
	verb := "Would withhold "
	if result.Verb == filters.VerbAdopt {
		verb = "Would adopt "
	}
	agents := len(result.Plan.Steps)
	lines := []Line{Say(Strong(verb+Of(agents, impact.Total, "agent")), " (nothing was changed)")}
	if agents > 0 {
		lines = append(lines, Separated(Say(List(stepHosts(result.Plan.Steps), 0)), racksLost(impact)))
	}
	if len(result.Plan.Already) > 0 {
		lines = append(lines, Say("withheld by you already: ", List(stepHosts(result.Plan.Already), 0)))
	}
	lines = append(lines, Separated(reason(result.Plan.Reason), Ends(result.Plan.Until, result.At)))
	if agents > 0 {
		lines = append(lines, tasksLost(impact), Separated(resourcesLeft(impact), emptied(impact)))
	}
	if impact.Exceeds != "" {
		lines = append(lines, append(Markup(impact.Exceeds), Text(", so this would be refused")))
	}
	lines = append(lines, needsLine(result.Needs, stepHosts(result.Plan.Steps))...)
	if result.Observe {
		lines = append(lines, Say("I only observe this cluster: nothing would be sent to its master"))
	}
	return append(lines, Say("as of ", Instant(impact.AsOf, result.At)))
}

func stepHosts(steps []filters.Step) []string {
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = step.Hostname
	}
	return names
}

func racksLost(impact filters.Impact) Line {
	var parts []string
	for _, rack := range impact.Racks {
		parts = append(parts, fmt.Sprintf("rack %s loses %d of %d", rack.Rack, rack.Agents, rack.Total))
	}
	if len(parts) == 0 {
		return nil
	}
	return Say(Names(parts, 0))
}

func tasksLost(impact filters.Impact) Line {
	if !impact.TasksKnown {
		return Say("I do not know which tasks run there: this replica does not follow the master")
	}
	tasks := Say(TaskCounts(impact.Tasks))
	if len(impact.Alone) > 0 {
		tasks = append(tasks, Text("; frameworks with every task there: "), Strong(Names(impact.Alone, 0)))
	}
	return tasks
}

func resourcesLeft(impact filters.Impact) Line {
	left, whole := impact.Left, impact.Whole
	parts := []string{
		number(left.CPUs) + " of " + number(whole.CPUs) + " CPUs",
		number(left.MemMB/1024) + " of " + number(whole.MemMB/1024) + " GB",
	}
	if whole.GPUs > 0 {
		parts = append(parts, number(left.GPUs)+" of "+number(whole.GPUs)+" GPUs")
	}
	return Say("left for new tasks: ", strings.Join(parts, ", "))
}

func emptied(impact filters.Impact) Line {
	var racks []string
	for _, rack := range impact.Racks {
		if rack.Agents+rack.Withheld >= rack.Total {
			racks = append(racks, rack.Rack)
		}
	}
	switch len(racks) {
	case 0:
		return nil
	case 1:
		return Say("leaves rack ", Strong(racks[0]), " empty")
	}
	return Say("leaves racks ", Strong(Names(racks, 0)), " empty")
}

// number renders a quantity without a needless fraction.
func number(value float64) string {
	return strconv.FormatFloat(math.Round(value*10)/10, 'f', -1, 64)
}
