package journal

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A walk says when a window opens by walking through time, minute by minute, and looking at the clock on the wall. It
// shares no code with the scheduler.
type walk struct {
	zone        *time.Location
	length      time.Duration
	fields      [5][60]bool // minutes, hours, days, months, weekdays
	everyDay    bool
	everyWeek   bool
	first, last string // days; empty: no bound

	from, to time.Time // how far it has come
	latest   time.Time // the latest minute that the clock showed, written as a time in UTC
	found    []time.Time
}

var named = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// newWalk reads a window's timing: schedule, zone, duration, first and last day, with bars between. It is nil for one that
// the walk cannot read: names of months and days.
func newWalk(timing string) *walk {
	parts := strings.Split(timing, " | ")
	if len(parts) != 5 {
		return nil
	}
	zone, err := time.LoadLocation(parts[1])
	length, good := lengthOf(parts[2])
	if err != nil || !good {
		return nil
	}
	w := &walk{zone: zone, length: length, first: parts[3], last: parts[4]}
	schedule := parts[0]
	if long, ok := named[schedule]; ok {
		schedule = long
	}
	fields := strings.Fields(schedule)
	if len(fields) != 5 {
		return nil
	}
	bounds := [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}
	for i, field := range fields {
		if !allow(&w.fields[i], field, bounds[i][0], bounds[i][1]) {
			return nil
		}
	}
	w.everyDay, w.everyWeek = fields[2] == "*", fields[4] == "*"
	return w
}

// lengthOf reads a duration such as 90m or 1d12h.
func lengthOf(text string) (time.Duration, bool) {
	days := 0
	if before, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.Atoi(before)
		if err != nil {
			return 0, false
		}
		if days, text = n, after; text == "" {
			text = "0s"
		}
	}
	rest, err := time.ParseDuration(text)
	return time.Duration(days)*24*time.Hour + rest, err == nil
}

func allow(values *[60]bool, field string, least, most int) bool {
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		first, last, by := least, most, 1
		var err error
		if low, high, ok := strings.Cut(span, "-"); ok {
			var other error
			first, err = strconv.Atoi(low)
			last, other = strconv.Atoi(high)
			if other != nil {
				return false
			}
		} else if span != "*" {
			first, err = strconv.Atoi(span)
			last = first
		}
		if err == nil && stepped {
			by, err = strconv.Atoi(step)
		}
		if err != nil || first < least || last > most || by < 1 {
			return false
		}
		for value := first; value <= last; value += by {
			values[value] = true
		}
	}
	return true
}

// starts are the moments in (after, until] at which the window opens.
func (w *walk) starts(after, until time.Time) []time.Time {
	const history = 72 * time.Hour // that the clock has shown
	if w.from.IsZero() || after.Before(w.from) {
		w.from, w.found, w.latest = after.Truncate(time.Minute).Add(-time.Hour), nil, time.Time{}
		w.to = w.from.Add(-history)
	}
	for ; !w.to.After(until); w.to = w.to.Add(time.Minute) {
		w.minute(w.to)
	}
	begin, exact := slices.BinarySearchFunc(w.found, after, time.Time.Compare)
	if exact {
		begin++
	}
	end, exact := slices.BinarySearchFunc(w.found, until, time.Time.Compare)
	if exact {
		end++
	}
	return w.found[begin:max(begin, end)]
}

// minute looks at the clock. It shows several minutes for the first time after it was set forward, and none while it shows
// again what it has shown.
func (w *walk) minute(moment time.Time) {
	_, offset := moment.In(w.zone).Zone()
	now := moment.Add(time.Duration(offset) * time.Second).UTC()
	opens := false
	for now.After(w.latest) {
		if w.latest.IsZero() {
			w.latest = now.Add(-time.Minute)
		}
		w.latest = w.latest.Add(time.Minute)
		opens = opens || w.matches(w.latest)
	}
	if opens && !moment.Before(w.from) {
		w.found = append(w.found, moment)
	}
}

func (w *walk) matches(shown time.Time) bool {
	if !w.fields[0][shown.Minute()] || !w.fields[1][shown.Hour()] || !w.fields[3][shown.Month()] {
		return false
	}
	day, weekday := w.fields[2][shown.Day()], w.fields[4][shown.Weekday()]
	if w.everyDay || w.everyWeek {
		if !day || !weekday {
			return false
		}
	} else if !day && !weekday {
		return false
	}
	date := shown.Format(time.DateOnly)
	return (w.first == "" || date >= w.first) && (w.last == "" || date <= w.last)
}
