package scheduler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Compile checks a definition. The problems' fields are the definition's own, such as `schedule` or `run.steps[1]`, and
// `name`; with problems the window is nil. It does not depend on the time at which it is called.
func Compile(name string, d Definition, options ...Option) (*Window, []Problem) {
	known := gather(options)
	w := &Window{Name: name, Definition: d, Mode: filters.ModeFilter, Late: d.Missed != "skip", Stop: d.Overrun == "stop", Per: d.MaxUnavailablePer}
	var wrong problems
	if !isName(name) {
		wrong.add("name", code(name)+" is not a window's name", nameExpected+", such as `kernel-tue`", "")
	}
	wrong.times(w, known)
	wrong.lengths(w)
	wrong.targets(w, known)
	wrong.words(w)
	wrong.mode(w, known)
	wrong.limit(w)
	if d.Run != nil {
		wrong.run(w, known)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return w, nil
}

// times reads what says when the window is open.
func (p *problems) times(w *Window, known known) {
	before := len(*p)
	d := &w.Definition
	times, err := parseSchedule(d.Schedule)
	p.check("schedule", err)
	length, err := parseLength(d.Duration)
	p.check("duration", err)
	zone, err := parseZone(d.TimeZone)
	p.check("time_zone", err)
	from, err := parseDay(d.StartDate)
	p.check("start_date", err)
	until, err := parseDay(d.EndDate)
	p.check("end_date", err)
	if !until.IsZero() {
		until = until.AddDate(0, 0, 1)
	}
	w.Length, w.Zone, w.clock = length, zone, clock{times, zone, from, until}
	if len(*p) == before {
		p.openings(w, known)
	}
}

// openings checks that the window opens at all, and is closed again before it opens once more.
func (p *problems) openings(w *Window, known known) {
	c, d := w.clock, &w.Definition
	bounded := !c.from.IsZero() && !c.until.IsZero()
	if bounded && !c.from.Before(c.until) {
		p.add("end_date", code(d.EndDate)+" is before the start date "+code(d.StartDate), "the same day or a later one", "")
		return
	}
	if bounded && c.next(c.from.Add(-2*farthest)).IsZero() {
		p.add("end_date", "the window never opens from "+d.StartDate+" to "+d.EndDate, "days on which it does", understood(w, known))
		return
	}
	first, second, overlaps := c.overlap(w.Length)
	if overlaps {
		const layout = "Mon 2 Jan 2006 15:04 MST"
		wrong := fmt.Sprintf("%s overlaps itself: what opens %s would still be open when it opens again %s",
			code(d.Duration), first.In(w.Zone).Format(layout), second.In(w.Zone).Format(layout))
		p.add("duration", wrong, lasting(c.room(w.Length))+" at most, so that it always closes first", understood(w, known))
	}
}

// understood says how the schedule was read, and when it opens next.
func understood(w *Window, known known) string {
	text := "The schedule was read as: " + w.clock.words()
	if known.now.IsZero() {
		return text
	}
	var next []string
	for _, opening := range w.Openings(known.now, 5) {
		next = append(next, opening.Start.In(w.Zone).Format("Mon 2 Jan 2006 15:04 MST"))
	}
	if len(next) == 0 {
		return text + "; it opens no more"
	}
	return text + "; next: " + strings.Join(next, ", ")
}

// lengths reads the durations around an opening.
func (p *problems) lengths(w *Window) {
	d := &w.Definition
	if d.Cutoff != "" {
		cutoff, err := parseLength(d.Cutoff)
		if p.check("cutoff", err) && w.Length > 0 && cutoff >= w.Length {
			p.add("cutoff", code(d.Cutoff)+" leaves nothing of "+code(d.Duration), "a duration shorter than the window's, such as `15m`", "")
		}
		w.Cutoff = cutoff
	}
	for i, text := range d.Announce {
		lead, err := parseLength(text)
		if p.check(at("announce", i), err) {
			w.Announce = append(w.Announce, lead)
		}
	}
	slices.SortFunc(w.Announce, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	w.Announce = slices.Compact(w.Announce)
}

// targets reads what the window is for.
func (p *problems) targets(w *Window, known known) {
	d := &w.Definition
	if len(d.Targets)+len(d.Attributes) == 0 {
		p.add("targets", "are missing: the window is for no agent", "hostnames, agent IDs, globs or groups, or attributes, such as `targets: [web-*]` or `attributes: {rack: r1}`", "")
	}
	for i, text := range d.Targets {
		target, err := parseTarget(text)
		if p.check(at("targets", i), err) {
			p.group(at("targets", i), target.Group, known)
			w.Targets = append(w.Targets, target)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		value := d.Attributes[name]
		switch {
		case !isAttribute(name):
			p.add("attributes", code(name)+" is not the name of an attribute", "a name and a value, such as `rack: r1`", "")
		case value == "":
			p.add("attributes."+name, "has no value", "a name and a value, such as `"+name+": r1`", "")
		}
		w.Targets = append(w.Targets, filters.Target{Attribute: filters.Attribute{Name: name, Value: value}})
	}
}

func (p *problems) group(field, group string, known known) {
	if group == "" || !known.checksGroups || slices.Contains(known.groups, group) {
		return
	}
	expected := "the configuration has no groups"
	if len(known.groups) > 0 {
		expected = "one of the configuration's: " + codes(known.groups)
	}
	p.add(field, "I know no group "+code("@"+group), expected, "")
}

// words checks the words of which there are few.
func (p *problems) words(w *Window) {
	d := &w.Definition
	p.choice("overrun", d.Overrun, "finish", "stop")
	p.choice("missed", d.Missed, "late", "skip")
}

// limit reads how many agents may be withheld.
func (p *problems) limit(w *Window) {
	d := &w.Definition
	limit, err := parseLimit(d.MaxUnavailable)
	p.check("max_unavailable", err)
	w.MaxUnavailable = limit
	switch {
	case d.MaxUnavailablePer == "":
	case !isAttribute(d.MaxUnavailablePer):
		p.add("max_unavailable_per", code(d.MaxUnavailablePer)+" is not the name of an attribute", "one such as `rack`", "")
	case d.MaxUnavailable == "":
		p.add("max_unavailable_per", "stands without max_unavailable", "both, such as `max_unavailable: 1` and `max_unavailable_per: rack`", "")
	}
}

// run reads the procedure of the window's runs.
func (p *problems) run(w *Window, known known) {
	var wrong problems
	compiled := wrong.procedure(*w.Definition.Run, known)
	for _, problem := range wrong {
		problem.Field = "run." + problem.Field
		*p = append(*p, problem)
	}
	w.Steps, w.Soak = compiled.Steps, compiled.Soak
}
