package scheduler

import (
	"errors"
	"path"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // windows' zones must be known wherever the bot runs
)

// Time.ZoneBounds is not asked here: on 31 December of a leap year it may say that the zone's offset ended the day before
// (Go 1.26). Offsets are compared instead, and where they differ the change is searched for. No zone changes its clocks twice
// in the time that is looked at.

// No clock is ever further from UTC than farthest.
const farthest = 16 * time.Hour

// latestShown returns the latest time that clocks in the zone have shown by the moment: what they show then, or more where
// they were set back within the last hours. The time that they were set back from they have not shown, only the one before.
func latestShown(moment time.Time, zone *time.Location) time.Time {
	now, earlier := offset(moment, zone), moment.Add(-2*farthest)
	latest := moment.Add(now).UTC()
	if before := offset(earlier, zone); before > now {
		change := changeOf(earlier, moment, zone)
		if shown := change.Add(before - 1).UTC(); shown.After(latest) {
			return shown
		}
	}
	return latest
}

// firstShown returns the first moment at which clocks in the zone show the time or a later one, UTC.
func firstShown(shown time.Time, zone *time.Location) time.Time {
	from, to := shown.Add(-farthest), shown.Add(farthest)
	before, after := offset(from, zone), offset(to, zone)
	moment := shown.Add(-before)
	if before == after {
		return moment
	}
	change := changeOf(from, to, zone)
	if moment.Before(change) {
		return moment
	}
	if moment = shown.Add(-after); moment.After(change) {
		return moment
	}
	return change
}

// offset returns how far clocks in the zone are before UTC at the moment.
func offset(moment time.Time, zone *time.Location) time.Duration {
	_, seconds := moment.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// changeOf returns the moment in (from, to] at which clocks in the zone are set, between two at which they are set
// differently, UTC.
func changeOf(from, to time.Time, zone *time.Location) time.Time {
	before, low, high := offset(from, zone), from.Unix(), to.Unix()
	for high-low > 1 {
		middle := low + (high-low)/2
		if offset(time.Unix(middle, 0), zone) == before {
			low = middle
		} else {
			high = middle
		}
	}
	return time.Unix(high, 0).UTC()
}

// change is a change of a zone's clocks.
type change struct {
	moment time.Time
	by     time.Duration // how far they are set forward; negative: back
}

// changes returns the changes of the zone's clocks in the years in which overlaps are looked for.
func changes(zone *time.Location) []change {
	if known, ok := changesOf.Load(zone); ok {
		return known.([]change)
	}
	var found []change
	const step = 10 * 24 * time.Hour
	for from := overlapsFrom; from.Before(overlapsUntil); from = from.Add(step) {
		if before, after := offset(from, zone), offset(from.Add(step), zone); before != after {
			found = append(found, change{changeOf(from, from.Add(step), zone), after - before})
		}
	}
	changesOf.Store(zone, found)
	return found
}

// Zones are some kilobytes each, and windows share few: those that were loaded are kept, by name, and their changes.
var zones, changesOf sync.Map

// loadZone loads a zone of the IANA database. Local is none, and neither is one of those that count leap seconds.
func loadZone(name string) (*time.Location, error) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	if name == "Local" || name == "localtime" || strings.HasPrefix(name, "right/") || path.Clean(name) != name {
		return nil, errors.New("not a zone of the IANA database")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	known, _ := zones.LoadOrStore(name, zone)
	return known.(*time.Location), nil
}
