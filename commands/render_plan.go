package commands

import (
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
		lines = append(lines, Separated(Say(List(stepHosts(result.Plan.Steps), 0)), Racks(&impact)))
	}
	if len(result.Plan.Already) > 0 {
		lines = append(lines, Say("withheld by you already: ", List(stepHosts(result.Plan.Already), 0)))
	}
	lines = append(lines, Separated(reason(result.Plan.Reason), Ends(result.Plan.Until, result.At)))
	if agents > 0 {
		lines = append(lines, Cost(RunsOn(&impact), &impact)...)
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
