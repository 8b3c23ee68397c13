package operation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var dawn = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func machine(i int) filters.Machine {
	return filters.Machine{Hostname: fmt.Sprintf("web-%d", i), IP: fmt.Sprintf("10.0.0.%d", i)}
}

// at is a span of an hour that starts so many hours after dawn.
func at(hours int) filters.Span {
	return filters.Span{Start: dawn.Add(time.Duration(hours) * time.Hour), Duration: time.Hour}
}

func window(hours int, machines ...int) filters.Unavailability {
	window := filters.Unavailability{Span: at(hours)}
	for _, i := range machines {
		window.Machines = append(window.Machines, machine(i))
	}
	return window
}

// evens tells whose each machine is: those with an even number are ours.
func evens(entry Entry) bool { return evenNumber(entry.Machine) }

func evenNumber(m filters.Machine) bool { return strings.ContainsAny(m.IP[len(m.IP)-1:], "02468") }

func none(filters.Machine) bool { return false }

func TestEdit(t *testing.T) {
	schedule := filters.Schedule{window(0, 1, 2), window(1, 3), window(2, 4, 6)}
	for name, test := range map[string]struct {
		put  []Entry
		drop []filters.Machine
		want filters.Schedule
	}{
		"nothing":                         {want: schedule},
		"a new one":                       {put: []Entry{{machine(8), at(5)}}, want: append(schedule[:3:3], window(5, 8))},
		"two at one time share a window":  {put: []Entry{{machine(10), at(5)}, {machine(8), at(5)}}, want: append(schedule[:3:3], window(5, 10, 8))},
		"what is there already":           {put: []Entry{{machine(2), at(0)}}, want: schedule},
		"moved out of a shared window":    {put: []Entry{{machine(2), at(7)}}, want: filters.Schedule{window(0, 1), window(1, 3), window(2, 4, 6), window(7, 2)}},
		"the last one of a window leaves": {drop: []filters.Machine{machine(4), machine(6)}, want: filters.Schedule{window(0, 1, 2), window(1, 3)}},
		"one that is not there leaves":    {drop: []filters.Machine{machine(12)}, want: schedule},
		"hostnames in other letters":      {drop: []filters.Machine{{Hostname: "WEB-2", IP: "10.0.0.2"}}, want: filters.Schedule{window(0, 1), window(1, 3), window(2, 4, 6)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(schedule, Amendment{Put: test.put, Drop: test.drop, Ours: evens, Down: none})
			if err != nil || !cmp.Equal(got, test.want) {
				t.Errorf("%v\n%s", err, cmp.Diff(test.want, got))
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	schedule := filters.Schedule{window(0, 1, 2), window(2, 4)}
	down := func(m filters.Machine) bool { return m.Same(machine(4)) }
	for name, test := range map[string]struct {
		put   []Entry
		drop  []filters.Machine
		code  filters.Code
		words string
	}{
		"to move somebody else's":            {put: []Entry{{machine(1), at(3)}}, code: filters.Conflict, words: "web-1 (10.0.0.1)` stands in somebody else's window of the maintenance schedule: 2026-11-22 02:00 UTC for 1h"},
		"to take somebody else's out":        {drop: []filters.Machine{machine(1)}, code: filters.Conflict, words: "somebody else's window"},
		"to take one out that is down":       {drop: []filters.Machine{machine(4)}, code: filters.Invalid, words: "is down, and stays"},
		"to move one that is down":           {put: []Entry{{machine(4), at(3)}}, code: filters.Invalid, words: "is down, and stays"},
		"the same machine twice":             {put: []Entry{{machine(8), at(3)}, {filters.Machine{Hostname: "Web-8", IP: "10.0.0.8"}, at(4)}}, code: filters.Invalid, words: "named twice"},
		"a machine without a name":           {put: []Entry{{filters.Machine{}, at(3)}}, code: filters.Invalid, words: "neither a hostname nor an IP"},
		"an address that is a name":          {put: []Entry{{filters.Machine{Hostname: "a", IP: "a"}, at(3)}}, code: filters.Invalid, words: "not an IPv4 address"},
		"IPv6, which Mesos does not know":    {put: []Entry{{filters.Machine{Hostname: "a", IP: "::1"}, at(3)}}, code: filters.Invalid, words: "not an IPv4 address"},
		"a negative duration":                {put: []Entry{{machine(8), filters.Span{Start: dawn, Duration: -1}}}, code: filters.Invalid, words: "duration is negative"},
		"no start":                           {put: []Entry{{machine(8), filters.Span{Duration: time.Hour}}}, code: filters.Invalid, words: "no start is given"},
		"a start that overflows nanoseconds": {put: []Entry{{machine(8), filters.Span{Start: dawn.AddDate(300, 0, 0)}}}, code: filters.Invalid, words: "none that Mesos can hold"},
		"an end that overflows nanoseconds":  {put: []Entry{{machine(8), filters.Span{Start: dawn.AddDate(200, 0, 0), Duration: 1<<63 - 1}}}, code: filters.Invalid, words: "none that Mesos can hold"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Edit(schedule, Amendment{Put: test.put, Drop: test.drop, Ours: evens, Down: down})
			if filters.CodeOf(err) != test.code || err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v, want %s … %s …", err, test.code, test.words)
			}
		})
	}
}

func TestCheckRefusesAnEmptyWindow(t *testing.T) {
	if err := Check(filters.Schedule{{Span: at(0)}}); filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "has no machines") {
		t.Errorf("got %v", err)
	}
}

// drawSchedule makes a schedule of machines 1 to 12, each in one window at most.
func drawSchedule(t *rapid.T) filters.Schedule {
	var schedule filters.Schedule
	for _, i := range rapid.Permutation([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}).Draw(t, "order") {
		if !rapid.Bool().Draw(t, "in it") {
			continue
		}
		if len(schedule) > 0 && rapid.Bool().Draw(t, "in the same window") {
			last := &schedule[len(schedule)-1]
			last.Machines = append(last.Machines, machine(i))
			continue
		}
		schedule = append(schedule, window(rapid.IntRange(0, 5).Draw(t, "hour"), i))
		schedule[len(schedule)-1].Endless = rapid.IntRange(0, 5).Draw(t, "endless") == 0
		if schedule[len(schedule)-1].Endless {
			schedule[len(schedule)-1].Duration = 0
		}
	}
	return schedule
}

// Whatever is asked for, no entry of anybody else ever changes, nor the order of their windows, nor one that is down; and what
// was asked for is what stands there then.
func TestNobodyElsesEntryEverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schedule := drawSchedule(t)
		down := map[filters.Machine]bool{}
		for _, m := range schedule.Machines() {
			down[m.Key()] = rapid.IntRange(0, 4).Draw(t, "down") == 0
		}
		amendment := Amendment{Ours: evens, Down: func(m filters.Machine) bool { return down[m.Key()] }}
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(1, 14), 0, 6, rapid.ID[int]).Draw(t, "touched") {
			if rapid.Bool().Draw(t, "drop") {
				amendment.Drop = append(amendment.Drop, machine(i))
			} else {
				amendment.Put = append(amendment.Put, Entry{machine(i), at(rapid.IntRange(0, 5).Draw(t, "to"))})
			}
		}
		before := fmt.Sprint(schedule)
		got, err := Edit(schedule, amendment)
		if fmt.Sprint(schedule) != before {
			t.Fatal("the schedule that was read was changed itself")
		}
		if err != nil {
			return
		}
		keepsOthers(t, schedule, got, down)
		for _, entry := range amendment.Put {
			if span, in := got.Of(entry.Machine); !in || !span.Equal(entry.Span) {
				t.Fatalf("%v is not at %v", entry.Machine, entry.Span)
			}
		}
		for _, dropped := range amendment.Drop {
			if _, in := got.Of(dropped); in {
				t.Fatalf("%v is still there", dropped)
			}
		}
	})
}

func keepsOthers(t *rapid.T, before, after filters.Schedule, down map[filters.Machine]bool) {
	for _, m := range before.Machines() {
		was, _ := before.Of(m)
		is, in := after.Of(m)
		if (!evenNumber(m) || down[m.Key()]) && (!in || !is.Equal(was)) {
			t.Fatalf("%v, which is not to be touched, was %v and is %v (%v)", m, was, is, in)
		}
	}
	if was, is := othersWindows(before, before), othersWindows(after, before); was != is {
		t.Fatalf("the windows of others were %s and are %s", was, is)
	}
}

// othersWindows renders what a schedule has of others that stood in one before, in order, with who shares their windows.
func othersWindows(schedule, before filters.Schedule) string {
	text := ""
	for _, window := range schedule {
		line := ""
		for _, m := range window.Machines {
			if _, was := before.Of(m); was && !evenNumber(m) {
				line += " " + m.String()
			}
		}
		if line != "" {
			text += window.Span.String() + line + "\n"
		}
	}
	return text
}
