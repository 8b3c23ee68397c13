package scheduler

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Period is a freeze that was checked: the time from From until To, UTC.
type Period struct {
	Name     string
	From, To time.Time
	Windows  []string // empty: every window, and runs
}

// Of tells whether the period is for the window; the empty name is a run of its own.
func (p Period) Of(window string) bool {
	return len(p.Windows) == 0 || slices.Contains(p.Windows, window)
}

// Calendar is the freezes of a configuration. A nil one has none. It is not changed after CompileFreezes and safe for
// concurrent use.
type Calendar struct{ periods []Period }

// CompileFreezes checks freezes. The problems' fields are such as `freezes[0].from`; with problems the calendar is nil.
func CompileFreezes(freezes []Freeze) (*Calendar, []Problem) {
	var wrong problems
	calendar := &Calendar{}
	for i, freeze := range freezes {
		calendar.periods = append(calendar.periods, wrong.freeze(at("freezes", i), freeze))
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	slices.SortStableFunc(calendar.periods, func(a, b Period) int { return a.From.Compare(b.From) })
	return calendar, nil
}

// Periods returns the freezes by their beginning.
func (c *Calendar) Periods() []Period {
	if c == nil {
		return nil
	}
	return slices.Clone(c.periods)
}

// At returns the freeze that stands at the moment for the window, or for a run of its own if the name is empty: of several
// the one that ends last.
func (c *Calendar) At(moment time.Time, window string) (Period, bool) {
	var last Period
	found := false
	if c == nil {
		return last, false
	}
	for _, period := range c.periods {
		if !moment.Before(period.From) && moment.Before(period.To) && period.Of(window) && period.To.After(last.To) {
			last, found = period, true
		}
	}
	return last, found
}

func (p *problems) freeze(field string, freeze Freeze) Period {
	if strings.TrimSpace(freeze.Name) == "" {
		p.add(field+".name", "is missing", "what people know it as, such as `year end`", "")
	}
	for i, window := range freeze.Windows {
		if !isName(window) {
			p.add(at(field+".windows", i), code(window)+" is not a window's name", nameExpected+", such as `kernel-tue`", "")
		}
	}
	zone, err := parseZone(freeze.TimeZone)
	if !p.check(field+".time_zone", err) {
		zone = time.UTC
	}
	from, _, err := parseEdge(freeze.From, zone)
	good := p.check(field+".from", err)
	_, to, err := parseEdge(freeze.To, zone)
	if p.check(field+".to", err) && good && !to.After(from) {
		p.add(field+".to", code(freeze.To)+" is not after "+code(freeze.From), "a later day or time, such as `2027-01-03`", "")
	}
	return Period{Name: cmp.Or(strings.TrimSpace(freeze.Name), field), From: from, To: to, Windows: freeze.Windows}
}

// parseEdge reads a day, or a day and a time, as clocks in the zone show it. It returns when that begins and when it is over,
// UTC: the same for a time.
func parseEdge(text string, zone *time.Location) (begins, over time.Time, err error) {
	text = strings.Join(strings.Fields(text), " ")
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return firstShown(day, zone), firstShown(day.AddDate(0, 0, 1), zone), nil
	}
	shown, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		wrong := code(text) + " is not a time that there is"
		if text == "" {
			wrong = "is missing"
		}
		return time.Time{}, time.Time{}, invalid(wrong, "a day such as `2026-12-20`, or a day and a time such as `2026-12-20 18:00`")
	}
	return firstShown(shown, zone), firstShown(shown, zone), nil
}
