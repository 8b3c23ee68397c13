package scheduler

import (
	"iter"
	"time"

	"cordon/filters"
)

// Window is a Definition that was checked: it says when it is open, and all else that was understood. It is not changed
// after Compile and safe for concurrent use.
type Window struct {
	Name       string
	Definition Definition
	Zone       *time.Location // in which the schedule is read
	Length     time.Duration  // how long an occurrence is open, on a stopwatch
	Targets    []filters.Target
	Mode       filters.Mode
	Drain      *filters.Drain  // what the master is asked for by a window of mode drain; nil: its mode is another
	Deadline   time.Duration   // how long an agent may drain before the channel is told what holds it up; 0: as long as it takes
	TakeDown   bool            // of mode schedule: machines are down while it is open
	Cutoff     time.Duration   // how long before the end nothing new begins
	Late       bool            // an occurrence that was missed opens while it would still be open
	Stop       bool            // at the end a run is aborted; else what is under way is finished
	Announce   []time.Duration // before the start, the longest first
	// MaxUnavailable is how many agents may be withheld by anybody after the window took one: of the cluster, or of those of
	// each value of the attribute Per. The zero value is no limit.
	MaxUnavailable filters.LimitValue
	Per            string
	Steps          []Step // of the definition's run
	Soak           time.Duration

	clock clock
}

// Next returns the first occurrence that starts after the moment; false if there is none in the next ten years. It costs
// about a microsecond.
func (w *Window) Next(after time.Time) (Occurrence, bool) {
	start := w.clock.next(after)
	return w.occurrence(start), !start.IsZero()
}

// Active returns the occurrence that is open at the moment: it started then or before and ends later.
func (w *Window) Active(moment time.Time) (Occurrence, bool) {
	var open Occurrence
	found := false
	for next, ok := w.Next(moment.Add(-w.Length)); ok && !next.Start.After(moment); next, ok = w.Next(next.Start) {
		open, found = next, true
	}
	return open, found
}

// Between returns the occurrences that start in [from, to), in order.
func (w *Window) Between(from, to time.Time) iter.Seq[Occurrence] {
	return func(yield func(Occurrence) bool) {
		for next, ok := w.Next(from.Add(-1)); ok && next.Start.Before(to); next, ok = w.Next(next.Start) {
			if !yield(next) {
				return
			}
		}
	}
}

// Openings returns the first occurrences that start after the moment, as many as most if there are so many.
func (w *Window) Openings(after time.Time, most int) []Occurrence {
	var openings []Occurrence
	for next, ok := w.Next(after); ok && len(openings) < most; next, ok = w.Next(next.Start) {
		openings = append(openings, next)
	}
	return openings
}

func (w *Window) occurrence(start time.Time) Occurrence {
	return Occurrence{Window: w.Name, Start: start, End: start.Add(w.Length)}
}
