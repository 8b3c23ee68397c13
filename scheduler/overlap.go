package scheduler

import (
	"iter"
	"time"
)

// Changes of the clocks are looked at from overlapsFrom (or the window's first day) for so many years: rules are the same
// year after year, and a window must not be refused tomorrow that was taken today.
const overlapYears = 20

var overlapsFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// overlap returns the first two starts that are less than the length apart.
func (c clock) overlap(length time.Duration) (first, second time.Time, found bool) {
	from := overlapsFrom
	if !c.from.IsZero() {
		from = firstShown(c.from, c.zone)
	}
	until := from.AddDate(overlapYears, 0, 0)
	closest := c.times.closest()
	if length > closest {
		return c.crowded(from, until, length)
	}
	for change, by := range changes(c.zone, from, until) {
		if length > closest-by {
			if first, second, found = c.crowded(change.Add(-length), change.Add(1), length); found {
				return first, second, found
			}
		}
	}
	return time.Time{}, time.Time{}, false
}

// crowded returns the first start in [from, until) after which another comes before the length is over.
func (c clock) crowded(from, until time.Time, length time.Duration) (first, second time.Time, found bool) {
	first = c.next(from.Add(-1))
	for !first.IsZero() && first.Before(until) {
		second = c.next(first)
		if !second.IsZero() && second.Sub(first) < length {
			return first, second, true
		}
		first = second
	}
	return time.Time{}, time.Time{}, false
}

// changes are the changes of the zone's clocks in (from, until), and by how much they are set, forward or back.
func changes(zone *time.Location, from, until time.Time) iter.Seq2[time.Time, time.Duration] {
	return func(yield func(time.Time, time.Duration) bool) {
		_, change := from.In(zone).ZoneBounds()
		for !change.IsZero() && change.Before(until) {
			_, before := change.Add(-1).Zone()
			_, after := change.Zone()
			if !yield(change, (time.Duration(after-before) * time.Second).Abs()) {
				return
			}
			_, change = change.ZoneBounds()
		}
	}
}

// closest returns the shortest time between two times of the expression, on clocks that nobody sets, if its days follow
// each other.
func (t *times) closest() time.Duration {
	const day = 24 * 60
	first, last, closest := -1, 0, day
	minutes := set(t.Minute)
	for _, hour := range set(t.Hour) {
		for _, minute := range minutes {
			now := hour*60 + minute
			if first < 0 {
				first = now
			} else {
				closest = min(closest, now-last)
			}
			last = now
		}
	}
	return time.Duration(min(closest, day-last+first)) * time.Minute
}

// room returns the longest length, up to the given one, that does not overlap.
func (c clock) room(length time.Duration) time.Duration {
	for {
		first, second, found := c.overlap(length)
		if !found {
			return length
		}
		length = second.Sub(first)
	}
}
