package scheduler

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// The oracle says when a window opens by walking through time, minute by minute, and looking at the clock on the wall. It
// shares no code with the implementation: not the cron library, and neither the reading of a field nor the mapping to a zone.

// minute is what a clock shows in one minute.
type minute struct{ minute, hour, day, month, weekday int }

// tick is one minute of the walk: the moment, and the minutes that the clock shows for the first time then. These are
// several after a skip, and none while it shows again what it has shown before.
type tick struct {
	moment time.Time
	fresh  []minute
}

// walk goes through the minutes of [from, to), and through the 27 hours before to know what the clock has shown.
func walk(zone *time.Location, from, to time.Time) []tick {
	var ticks []tick
	var latest time.Time // the latest minute that the clock showed, written as a time in UTC
	for moment := from.Add(-27 * time.Hour); moment.Before(to); moment = moment.Add(time.Minute) {
		year, month, day := moment.In(zone).Date()
		hour, minutes, _ := moment.In(zone).Clock()
		now := time.Date(year, month, day, hour, minutes, 0, 0, time.UTC)
		var fresh []minute
		for now.After(latest) {
			if latest = latest.Add(time.Minute); latest.Year() == 1 {
				latest = now
			}
			fresh = append(fresh, minute{latest.Minute(), latest.Hour(), latest.Day(), int(latest.Month()), int(latest.Weekday())})
		}
		if !moment.Before(from) && len(fresh) > 0 {
			ticks = append(ticks, tick{moment, fresh})
		}
	}
	return ticks
}

// expression is a cron expression as the oracle reads it: which values each field allows.
type expression struct {
	minutes, hours, days, months, weekdays [60]bool
	everyDay, everyWeekday                 bool
}

func readExpression(t testing.TB, text string) *expression {
	t.Helper()
	fields := strings.Fields(text)
	if len(fields) != 5 {
		t.Fatalf("the oracle does not read %q", text)
	}
	return &expression{
		minutes: allowed(t, fields[0], 0, 59), hours: allowed(t, fields[1], 0, 23), days: allowed(t, fields[2], 1, 31),
		months: allowed(t, fields[3], 1, 12), weekdays: allowed(t, fields[4], 0, 6),
		everyDay: fields[2] == "*", everyWeekday: fields[4] == "*",
	}
}

func allowed(t testing.TB, field string, least, most int) (values [60]bool) {
	t.Helper()
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			t.Fatalf("the oracle does not read the field %q", field)
		}
		return n
	}
	for part := range strings.SplitSeq(field, ",") {
		span, steps, stepped := strings.Cut(part, "/")
		first, last := least, most
		if low, high, isSpan := strings.Cut(span, "-"); isSpan {
			first, last = number(low), number(high)
		} else if span != "*" {
			first, last = number(span), number(span)
		}
		step := 1
		if stepped {
			step, _ = strconv.Atoi(steps)
		}
		for value := first; value <= last; value += step {
			values[value] = true
		}
	}
	return values
}

func (e *expression) has(m minute) bool {
	if !e.minutes[m.minute] || !e.hours[m.hour] || !e.months[m.month] {
		return false
	}
	if e.everyDay || e.everyWeekday {
		return e.days[m.day] && e.weekdays[m.weekday]
	}
	return e.days[m.day] || e.weekdays[m.weekday]
}

// starts are the moments of the walk at which a window with the expression opens.
func (e *expression) starts(ticks []tick) []time.Time {
	var starts []time.Time
	for _, tick := range ticks {
		for _, m := range tick.fresh {
			if e.has(m) {
				starts = append(starts, tick.moment)
				break
			}
		}
	}
	return starts
}
