package scheduler

import "time"

// Overlaps are looked for in these years, or in as many from a window's first day: rules are the same year after year, and
// what is taken today must not be refused tomorrow.
var overlapsFrom, overlapsUntil = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC)

// overlap returns two starts that are less than the length apart, the first ones if there are many.
func (c clock) overlap(length time.Duration) (first, second time.Time, found bool) {
	closest := c.times.closest()
	if length > closest {
		from := overlapsFrom
		if c.from.After(from) {
			from = firstShown(c.from, c.zone)
		}
		return c.crowded(from, from.Add(overlapsUntil.Sub(overlapsFrom)), length)
	}
	for _, change := range changes(c.zone) {
		if length > closest-change.by {
			if first, second, found = c.crowded(change.moment.Add(-length), change.moment.Add(1), length); found {
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

// closest returns a time than which no two times of the expression are closer, on clocks that nobody sets.
func (t *times) closest() time.Duration {
	first, last, closest := -1, 0, 28*24*60
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
	return time.Duration(min(closest, t.daysApart()*24*60-last+first)) * time.Minute
}

// daysApart returns a number of days than which no two days of the expression are closer.
func (t *times) daysApart() int {
	switch {
	case t.either(), t.Dom&star != 0 && t.Dow&star != 0:
		return 1
	case t.Dom&star != 0:
		return apart(set(t.Dow), 7)
	}
	return apart(set(t.Dom), 28) // the shortest month
}

// apart returns the least distance between values that go round.
func apart(values []int, round int) int {
	least := values[0] + round - values[len(values)-1]
	for i := 1; i < len(values); i++ {
		least = min(least, values[i]-values[i-1])
	}
	return max(least, 1)
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
