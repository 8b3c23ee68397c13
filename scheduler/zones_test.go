package scheduler

import (
	_ "embed"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed testdata/zones.txt
var zoneNames string // of the IANA database

// spread is the schedules, each with a duration, that every change of the clocks is tried with.
var spread = []struct{ schedule, duration string }{
	{"* 0-4 * * *", "1m"},
	{"*/15 * * * *", "10m"},
	{"0 * * * *", "15m"},
	{"30 * * * *", "15m"},
	{"*/15 2 * * *", "15m"},
	{"30 2 * * *", "20h"},
	{"30 1 * * *", "3h"},
	{"0 0 * * *", "2h"},
	{"59 23 * * *", "2h"},
	{"0 3 * * *", "22h"},
	{"58 2 */2 * 6", "5h"},
	{"0 0 1 * *", "26h"},
	{"0 2 * * 0", "4h"},
	{"30 23 * * 6", "6h"},
	{"0,30 0-3 * * *", "15m"},
	{"30 2 25-31 3,10 0", "3h"},
	{"15 0 30 12 *", "2h"},
	{"5 1-2 1-7 4,9,11 *", "20m"},
	{"*/20 22-23 * * 1-5", "20m"},
	{"45 1,12 13 * 5", "1h"},
	{"10 */3 * * *", "1h"},
	{"0 12 * * *", "18h"},
	{"59 1 * * 0,1", "1m"},
	{"1 0-23/2 * * *", "45m"},
}

// share is of how many changes one is tried: more with the race detector, which takes its time.
var share = 1

// before is from how long before each change the oracle's starts are known: two days and the longest of the durations.
const before = 74 * time.Hour

// few is how many schedules of the spread each change is tried with, if CORDON_TEST_ALL is not set.
const few = 4

// TestZones compares windows with the oracle for two days around every change of the clocks from 2010 to 2040, in every
// zone; of zones whose clocks are set alike one is tried. With CORDON_TEST_ALL=1 each change is tried with every schedule of
// the spread, else with some of them.
func TestZones(t *testing.T) {
	t.Parallel()
	from, until := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	tables := map[string][]changed{} // by the first zone that has it
	known := map[string]bool{}
	names := strings.Fields(zoneNames)
	for _, name := range names {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Logf("%s is not known here: %v", name, err)
			continue
		}
		table := changesIn(zone, from, until)
		if text := fmt.Sprint(table); !known[text] {
			known[text], tables[name] = true, table
		}
	}
	if len(names) < 590 || len(tables) < 100 {
		t.Fatalf("%d zones with %d tables: is this the whole database?", len(names), len(tables))
	}
	compareZones(t, tables)
}

// compareZones compares zone by zone, on every processor.
func compareZones(t *testing.T, tables map[string][]changed) {
	work := make(chan string)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range work {
				compareZone(t, name, tables[name][1:])
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		work <- name
	}
	close(work)
	workers.Wait()
}

// changed is a change of a zone's clocks: when, and what they are set to, in seconds before UTC.
type changed struct {
	moment time.Time
	to     int
}

// changesIn finds the changes of the zone's clocks: the day, then the minute.
func changesIn(zone *time.Location, from, until time.Time) []changed {
	offset := func(moment time.Time) int { _, seconds := moment.In(zone).Zone(); return seconds }
	found := []changed{{from, offset(from)}}
	for day := from; day.Before(until); day = day.Add(24 * time.Hour) {
		if offset(day) == offset(day.Add(24*time.Hour)) {
			continue
		}
		moment := day
		for offset(moment) == offset(day) {
			moment = moment.Add(time.Minute)
		}
		found = append(found, changed{moment, offset(moment)})
	}
	return found
}

func compareZone(t *testing.T, name string, changes []changed) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Error(err)
		return
	}
	random := rand.New(rand.NewPCG(2010, uint64(len(name))))
	windows := make([]*Window, len(spread))
	expressions := make([]*expression, len(spread))
	for i, each := range spread {
		definition := Definition{Schedule: each.schedule, Duration: each.duration, TimeZone: name, Targets: []string{"*"}}
		var problems []Problem
		if windows[i], problems = Compile("spread", definition); len(problems) > 0 {
			t.Errorf("%s in %s: %v", each.schedule, name, problems)
			return
		}
		expressions[i] = readExpression(t, each.schedule)
	}
	for i, change := range changes {
		if i%share != 0 {
			continue
		}
		ticks := walk(zone, change.moment.Add(-before), change.moment.Add(48*time.Hour))
		for _, i := range chosen(random) {
			compareAround(t, random, windows[i], expressions[i].starts(ticks), change.moment)
		}
	}
}

// chosen are the schedules of the spread to try now.
func chosen(random *rand.Rand) []int {
	all := random.Perm(len(spread))
	if os.Getenv("CORDON_TEST_ALL") != "" {
		return all
	}
	return all[:few]
}

// compareAround compares a window with the starts that the oracle found from the time before the change until 48 hours
// after it.
func compareAround(t *testing.T, random *rand.Rand, w *Window, starts []time.Time, change time.Time) {
	from, until := change.Add(-48*time.Hour), change.Add(48*time.Hour)
	first, _ := slices.BinarySearchFunc(starts, from, time.Time.Compare)
	var between []time.Time
	for occurrence := range w.Between(from, until) {
		between = append(between, occurrence.Start)
	}
	if !slices.Equal(between, starts[first:]) {
		t.Errorf("%s in %s around %s: between\n got %v\nwant %v", w.Definition.Schedule, w.Zone, change, between, starts[first:])
		return
	}
	moments := []time.Time{change, change.Add(-1), change.Add(-time.Second), change.Add(time.Second)}
	for range 8 {
		moments = append(moments, from.Add(time.Duration(random.Int64N(int64(96*time.Hour)))))
	}
	if len(starts) > first {
		start := starts[first+random.IntN(len(starts)-first)]
		moments = append(moments, start, start.Add(-1), start.Add(w.Length), start.Add(w.Length-1))
	}
	for _, moment := range moments {
		compareAt(t, w, starts, moment, until)
	}
}

// compareAt compares what a window says at one moment with the oracle's starts, which are known until then.
func compareAt(t *testing.T, w *Window, starts []time.Time, moment, until time.Time) {
	later, found := slices.BinarySearchFunc(starts, moment, time.Time.Compare)
	if found {
		later++
	}
	next, ok := w.Next(moment)
	switch {
	case later < len(starts) && (!ok || !next.Start.Equal(starts[later])):
		t.Errorf("%s in %s: next after %s: got %v, want %v", w.Definition.Schedule, w.Zone, moment, next.Start, starts[later])
	case later == len(starts) && ok && next.Start.Before(until):
		t.Errorf("%s in %s: next after %s: got %v, want none before %s", w.Definition.Schedule, w.Zone, moment, next.Start, until)
	}
	open := later > 0 && moment.Before(starts[later-1].Add(w.Length))
	active, ok := w.Active(moment)
	if moment.Before(until) && (ok != open || open && !active.Start.Equal(starts[later-1])) {
		t.Errorf("%s for %s in %s at %s: got %v %v, want %v", w.Definition.Schedule, w.Length, w.Zone, moment, active, ok, open)
	}
}
