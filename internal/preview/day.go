package preview

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/scheduler"
)

// day is one day of the preview's zone with what opens on it, or is open when the preview begins.
type day struct {
	Date    time.Time // its first moment, in the zone
	Entries []entry
	Frozen  []scheduler.Period // freezes of which some part is on it
}

// entry is an opening, or several of one window on one day that are alike.
type entry struct {
	First, Last *Opening
	Count       int
}

// singly is how many openings of a window on one day are shown one by one.
const singly = 4

// days are all days of the range.
func (p *Preview) days() []day {
	var days []day
	openings := p.Openings
	for date := midnight(p.From.In(p.Zone)); date.Before(p.To); date = midnight(date.AddDate(0, 0, 1)) {
		end, count := midnight(date.AddDate(0, 0, 1)), 0
		for count < len(openings) && openings[count].Start.Before(end) {
			count++
		}
		days = append(days, day{date, entries(openings[:count]), within(p.Freezes, date, end)})
		openings = openings[count:]
	}
	return days
}

// midnight is the first moment of the day: midnight, or what clocks jump to from there.
func midnight(at time.Time) time.Time {
	year, month, date := at.Date()
	first := time.Date(year, month, date, 0, 0, 0, 0, at.Location())
	for first.Day() != date { // clocks jump over midnight, and Go may look back from it
		first = first.Add(15 * time.Minute)
	}
	return first
}

func within(periods []scheduler.Period, from, to time.Time) []scheduler.Period {
	var within []scheduler.Period
	for _, period := range periods {
		if period.From.Before(to) && period.To.After(from) {
			within = append(within, period)
		}
	}
	return within
}

// entries gathers the openings of a day: where a window opens often, those that are alike and follow each other are one.
func entries(openings []*Opening) []entry {
	gathered := map[*Window][]entry{}
	times := map[*Window]int{}
	for _, opening := range openings {
		window := opening.Window
		times[window]++
		known := gathered[window]
		if last := len(known) - 1; last >= 0 && alike(known[last].Last, opening) {
			known[last].Last = opening
			known[last].Count++
		} else {
			gathered[window] = append(known, entry{opening, opening, 1})
		}
	}
	var all []entry
	for _, opening := range openings {
		if times[opening.Window] <= singly {
			all = append(all, entry{opening, opening, 1})
			continue
		}
		if known := gathered[opening.Window]; len(known) > 0 && known[0].First == opening {
			all = append(all, known[0])
			gathered[opening.Window] = known[1:]
		}
	}
	return all
}

// alike tells whether the same is to be said of both.
func alike(a, b *Opening) bool {
	return slices.Equal(a.Notes, b.Notes) && a.Opens.IsZero() == b.Opens.IsZero() && a.Reached == b.Reached
}

// Local is when it is open, in its window's zone, seen from the day: `02:00–04:00 CET`.
func (e entry) local(date time.Time) string {
	zone := e.First.Window.Zone
	if e.Count > 1 {
		return e.often(date, zone)
	}
	return span(e.First.Start, e.First.End, date, zone)
}

func (e entry) utc(date time.Time) string {
	if e.Count > 1 {
		return e.often(date, time.UTC)
	}
	return span(e.First.Start, e.First.End, date, time.UTC)
}

// often is the starts of the first and of the last.
func (e entry) often(date time.Time, zone *time.Location) string {
	first, last := stamp(e.First.Start, date, zone), stamp(e.Last.Start, date, zone)
	one, other := e.First.Start.In(zone).Format("MST"), e.Last.Start.In(zone).Format("MST")
	if one != other {
		first += " " + one
	}
	return first + "…" + last + " " + other
}

// span is from when until when, in the zone; days are named where they are not the date's.
func span(from, to, date time.Time, zone *time.Location) string {
	begins, ends := stamp(from, date, zone), stamp(to, date, zone)
	one, other := from.In(zone).Format("MST"), to.In(zone).Format("MST")
	if one != other {
		begins += " " + one
	}
	return begins + "–" + ends + " " + other
}

func stamp(at, date time.Time, zone *time.Location) string {
	local := at.In(zone)
	if sameDay(local, date) {
		return local.Format("15:04")
	}
	if apart := local.Sub(date); apart > 6*24*time.Hour || apart < -6*24*time.Hour {
		return local.Format("Mon 2 Jan 15:04")
	}
	return local.Format("Mon 15:04")
}

func sameDay(a, b time.Time) bool {
	year, month, day := a.Date()
	otherYear, otherMonth, otherDay := b.Date()
	return year == otherYear && month == otherMonth && day == otherDay
}

// whom says for whom the window opens: `62 agents`, `62 agents, 2 at a time`, or its targets where the state is not known.
func (w *Window) whom() string {
	text := w.targets()
	if w.known {
		text = agents(w.Matches)
	}
	if w.Runs() {
		text += fmt.Sprintf(", %d at a time", w.Parallel())
	}
	return text
}

// targets are the window's targets as they are written.
func (w *Window) targets() string {
	words := make([]string, len(w.Targets))
	for i, target := range w.Targets {
		words[i] = strings.TrimPrefix(target.String(), "-l ")
	}
	return strings.Join(words, " ")
}

// whom says for whom the entry opens.
func (e entry) whom() string {
	text := e.First.Window.whom()
	if e.Count > 1 {
		text = fmt.Sprintf("%d times, %s each: %s", e.Count, lasting(e.First.Window.Length), text)
	}
	return text
}

func lasting(length time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, " d"}, {time.Hour, " h"}, {time.Minute, " m"}, {time.Second, " s"}} {
		if count := length / unit.size; count > 0 {
			parts = append(parts, strconv.Itoa(int(count))+unit.name)
			length -= count * unit.size
		}
	}
	return strings.Join(parts, " ")
}

// grouped writes a number with commas between thousands.
func grouped(number int) string {
	text := strconv.Itoa(number)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
