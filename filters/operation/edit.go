package operation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Entry is a machine's place in the schedule.
type Entry struct {
	Machine filters.Machine
	Span    filters.Span
}

// Amendment is what shall be otherwise in the schedule: Put are entries that shall stand in it, whether they are there already at
// another time or not, and Drop are machines that shall not. Ours tells whether an entry is ours to change.
type Amendment struct {
	Put  []Entry
	Drop []filters.Machine
	Ours func(Entry) bool
	// Down tells which machines are down: those cannot leave the schedule.
	Down func(filters.Machine) bool
}

// Edit returns the schedule with the amendment, and nothing else in it changed: neither an entry of somebody else nor the window
// that it stands in, nor their order. What stands in the way is a filters.Error: Conflict where an entry is somebody else's,
// Invalid where Mesos would refuse.
func Edit(schedule filters.Schedule, amendment Amendment) (filters.Schedule, error) {
	leaving := map[filters.Machine]bool{}
	for _, machine := range amendment.Drop {
		if err := amendment.mayLeave(schedule, machine); err != nil {
			return nil, err
		}
		leaving[machine.Key()] = true
	}
	var fresh []Entry
	for _, entry := range amendment.Put {
		span, scheduled := schedule.Of(entry.Machine)
		if scheduled && span.Equal(entry.Span) {
			continue
		}
		if err := amendment.mayLeave(schedule, entry.Machine); err != nil {
			return nil, err
		}
		leaving[entry.Machine.Key()] = true
		fresh = append(fresh, entry)
	}
	edited := append(without(schedule, leaving), windows(fresh)...)
	return edited, Check(edited)
}

// mayLeave tells what keeps the machine's entry from being changed; nil: nothing does, or it has none.
func (a *Amendment) mayLeave(schedule filters.Schedule, machine filters.Machine) error {
	span, scheduled := schedule.Of(machine)
	switch {
	case !scheduled:
		return nil
	case !a.Ours(Entry{machine, span}):
		return elsewhere(machine, span)
	case a.Down(machine):
		return &filters.Error{Code: filters.Invalid, Wrong: "`" + machine.String() + "` is down, and stays in the maintenance schedule for as long as it is", Try: "`/mesos maintenance up " + machine.Hostname + "` brings it up and takes it out"}
	}
	return nil
}

// elsewhere names the window of somebody else that the machine stands in.
func elsewhere(machine filters.Machine, span filters.Span) error {
	return &filters.Error{Code: filters.Conflict, Wrong: "`" + machine.String() + "` stands in somebody else's window of the maintenance schedule: " + span.String(),
		Expected: "I change only what I put there myself", Try: "Have whoever put it there take it out first"}
}

// without returns the schedule without the machines. Windows that they leave empty go with them; the others keep their order.
func without(schedule filters.Schedule, leaving map[filters.Machine]bool) filters.Schedule {
	left := make(filters.Schedule, 0, len(schedule)+1)
	for _, window := range schedule {
		leaves := func(machine filters.Machine) bool { return leaving[machine.Key()] }
		if slices.ContainsFunc(window.Machines, leaves) {
			window.Machines = slices.DeleteFunc(slices.Clone(window.Machines), leaves)
		}
		if len(window.Machines) > 0 {
			left = append(left, window)
		}
	}
	return left
}

// windows gathers entries of one span into one window each, in the order of time.
func windows(entries []Entry) []filters.Unavailability {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int {
		return cmp.Or(a.Span.Start.Compare(b.Span.Start), cmp.Compare(a.Span.Duration, b.Span.Duration), strings.Compare(a.Machine.Name(), b.Machine.Name()))
	})
	var all []filters.Unavailability
	for _, entry := range sorted {
		if last := len(all) - 1; last >= 0 && all[last].Span.Equal(entry.Span) {
			all[last].Machines = append(all[last].Machines, entry.Machine)
			continue
		}
		all = append(all, filters.Unavailability{Machines: []filters.Machine{entry.Machine}, Span: entry.Span})
	}
	return all
}

// Check refuses what Mesos refuses in a schedule (recordings maint-err-*), before it is sent.
func Check(schedule filters.Schedule) error {
	seen := map[filters.Machine]bool{}
	for _, window := range schedule {
		if len(window.Machines) == 0 {
			return invalid("a window of the maintenance schedule has no machines", "at least one")
		}
		if err := CheckSpan(window.Span); err != nil {
			return err
		}
		for _, machine := range window.Machines {
			if err := machine.Check(); err != nil {
				return err
			}
			if seen[machine.Key()] {
				return invalid("`"+machine.String()+"` is named twice in the maintenance schedule", "each machine once: hostnames that differ in case alone are one")
			}
			seen[machine.Key()] = true
		}
	}
	return nil
}

// The master counts nanoseconds since 1970 in 64 bits: later times would wrap around.
var latest = time.Unix(0, 1<<63-1)

// CheckSpan refuses a span that Mesos would refuse, or take for another one.
func CheckSpan(span filters.Span) error {
	switch {
	case span.Start.IsZero():
		return invalid("no start is given", "when the machine goes away, such as `--start \"tomorrow 02:00\"`")
	case span.Duration < 0:
		return invalid("the duration is negative", "how long the machine is away, such as `--duration 1h`")
	case span.Start.Unix() < 0 || span.Start.After(latest) || latest.Sub(span.Start) < span.Duration:
		return invalid("the time "+span.Start.UTC().Format(time.RFC3339)+" is none that Mesos can hold", "one between the years 1970 and 2262")
	}
	return nil
}

func invalid(wrong, expected string) error {
	return &filters.Error{Code: filters.Invalid, Wrong: wrong, Expected: expected}
}
