package scheduler

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Words says what was understood of the window's times: `every Tuesday at 02:00 in Europe/Berlin, for 2 h`.
func (w *Window) Words() string {
	text := w.clock.words() + ", for " + lasting(w.Length)
	switch from, to := w.Definition.StartDate, w.Definition.EndDate; {
	case from != "" && to != "":
		text += ", from " + from + " through " + to
	case from != "":
		text += ", from " + from
	case to != "":
		text += ", through " + to
	}
	return text
}

func (c clock) words() string { return c.times.words() + " in " + c.zone.String() }

// words says when the expression's times are.
func (t *times) words() string {
	days, times := t.days(), t.timesOfDay()
	switch {
	case strings.HasPrefix(times, "at ") && !strings.HasPrefix(times, "at minute"):
		days += " " + times
	case days == "every day":
		days = times
	default:
		days += ", " + times
	}
	if t.either() {
		days += " (a day of month and a day of week, both given, mean either in cron)"
	}
	return days
}

// fewTimes is how many times of the day are named one by one.
const fewTimes = 6

func (t *times) timesOfDay() string {
	minutes, hours := set(t.Minute), set(t.Hour)
	if len(hours)*len(minutes) <= fewTimes {
		return "at " + clockTimes(hours, minutes)
	}
	if step := stepOf(hours, 24); step > 1 && len(minutes) == 1 {
		return fmt.Sprintf("every %d hours from %02d:%02d", step, hours[0], minutes[0])
	}
	text := minutesOf(minutes, len(hours) == 24)
	if len(hours) < 24 {
		text += " of " + plural(len(hours), "hour") + " " + listed(hours, strconv.Itoa)
	}
	return text
}

func clockTimes(hours, minutes []int) string {
	var times []string
	for _, hour := range hours {
		for _, minute := range minutes {
			times = append(times, fmt.Sprintf("%02d:%02d", hour, minute))
		}
	}
	return joined(times)
}

// minutesOf says which minutes of the hours; all: of every hour.
func minutesOf(minutes []int, all bool) string {
	text := "at " + plural(len(minutes), "minute") + " " + listed(minutes, strconv.Itoa)
	switch step := stepOf(minutes, 60); {
	case step == 1:
		text = "every minute"
	case all && len(minutes) == 1 && minutes[0] == 0:
		text = "every hour"
	case len(minutes) > 1 && step > 1 && minutes[0] == 0:
		text = fmt.Sprintf("every %d minutes", step)
	case all:
		text += " of every hour"
	}
	return text
}

// either tells whether a day of month and a day of week are given. Then either will do, which few expect.
func (t *times) either() bool { return t.Dom&star == 0 && t.Dow&star == 0 }

func (t *times) days() string {
	switch {
	case t.either():
		return t.dates() + " and also " + t.weekdays() + t.inMonths()
	case t.Dom&star == 0:
		return t.dates()
	case bits.OnesCount64(t.Dow&^star) < 7:
		return t.weekdays() + t.inMonths()
	}
	return "every day" + t.inMonths()
}

func (t *times) dates() string {
	dates, months := set(t.Dom), "every month"
	if given := set(t.Month); len(given) < 12 {
		months = listed(given, monthName)
	}
	text := "on " + plural(len(dates), "day") + " " + listed(dates, strconv.Itoa) + " of " + months
	if dates[0] > 28 && months == "every month" {
		text += " that has one"
	}
	return text
}

func (t *times) weekdays() string { return "every " + listed(set(t.Dow), weekdayName) }

func (t *times) inMonths() string {
	if months := set(t.Month); len(months) < 12 {
		return " in " + listed(months, monthName)
	}
	return ""
}

func monthName(month int) string { return time.Month(month).String() }

func weekdayName(day int) string { return time.Weekday(day).String() }

// set returns the values of a field, in order.
func set(field uint64) []int {
	var values []int
	for field &^= star; field != 0; field &= field - 1 {
		values = append(values, bits.TrailingZeros64(field))
	}
	return values
}

// stepOf returns the step if the values go round the whole in even steps, else 0.
func stepOf(values []int, whole int) int {
	step := whole / len(values)
	if step*len(values) != whole {
		return 0
	}
	for i, value := range values {
		if value != values[0]+i*step {
			return 0
		}
	}
	return step
}

// listed lists values, three or more that follow each other as `2 to 5`.
func listed(values []int, name func(int) string) string {
	var names []string
	for i := 0; i < len(values); i++ {
		last := i
		for last+1 < len(values) && values[last+1] == values[last]+1 {
			last++
		}
		if last < i+2 {
			names = append(names, name(values[i]))
			continue
		}
		names = append(names, name(values[i])+" to "+name(values[last]))
		i = last
	}
	return joined(names)
}

func joined(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func plural(count int, noun string) string {
	if count == 1 {
		return noun
	}
	return noun + "s"
}
