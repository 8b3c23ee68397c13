package operation

import (
	"slices"
	"time"

	"cordon/filters"
)

const (
	// downWithin is how long after it was asked for a machine may be taken down; later it would surprise everybody.
	downWithin = 30 * time.Minute
	// showsAfter is how long a call that the master said yes to may take to show.
	showsAfter = 30 * time.Second
	// remindAfter is how long after a time has come, or is over, the channel is reminded that nobody acted.
	remindAfter = 5 * time.Minute
)

// sight is what there is to see of one machine.
type sight struct {
	now time.Time // the cluster's
	// span is the machine's in the schedule, nil where that does not have it; mode is the master's, of the same moment.
	span *filters.Span
	mode filters.MachineMode
	// sure says that an earlier reading, a while ago, showed the same: one alone does not prove that somebody took away what is
	// ours.
	sure bool
}

func (s *sight) scheduled() bool { return s.span != nil }
func (s *sight) down() bool      { return s.mode == filters.MachineDown }

// step is what comes next for a machine: a call to the master, or only something to write down; neither: it rests.
type step struct {
	state   State // as it shall be; before the call, where there is one
	kind    filters.Kind
	outcome string
	call    filters.ChangeKind // empty: none
	changed bool
	doubt   bool // a later reading must show the same first
}

var rest = step{}

// advance works out the next step of a machine. It is pure.
func advance(state State, seen *sight) step {
	if seen.scheduled() == (seen.mode == filters.MachineUp) {
		return step{doubt: true} // schedule and status are of different moments
	}
	switch state.Phase {
	case PhaseScheduling:
		return scheduling(state, seen)
	case PhaseScheduled:
		return scheduled(state, seen)
	case PhaseTakingDown:
		return takingDown(state, seen)
	case PhaseDown:
		return isDown(state, seen)
	case PhaseBringingUp:
		return bringingUp(state, seen)
	case PhaseCancelling:
		return cancelling(state, seen)
	}
	return rest
}

func scheduling(state State, seen *sight) step {
	switch {
	case seen.scheduled() && state.owns(*seen.span) && seen.span.Equal(state.Wanted):
		state.Ours, state.Announced = []filters.Span{state.Wanted}, seen.now
		return tell(state.to(PhaseScheduled, seen.now, ""), filters.KindSchedule, filters.StateVerified)
	case seen.scheduled() && !state.owns(*seen.span):
		return taken(state, seen)
	case seen.down():
		return back(state, seen, "somebody has taken it down meanwhile")
	case state.Heard && seen.scheduled():
		return back(state, seen, "somebody else put the older time back")
	case state.Heard:
		return lost(state, seen, "somebody else took it out of the maintenance schedule")
	case over(state.Wanted, seen.now) && seen.scheduled():
		return back(state, seen, "its time was over before it could be done")
	case over(state.Wanted, seen.now):
		return tell(state.to(PhaseFailed, seen.now, "its time was over before it could be done"), filters.KindSchedule, filters.StateFailed)
	}
	return call(filters.ChangeSchedule, state, seen)
}

func over(span filters.Span, now time.Time) bool {
	end := span.End()
	return !end.IsZero() && !now.Before(end)
}

// taken deals with a machine that somebody else has in the schedule.
func taken(state State, seen *sight) step {
	why := "somebody else has it in the maintenance schedule: " + seen.span.String()
	if len(state.Ours) == 0 {
		return tell(state.to(PhaseFailed, seen.now, why), filters.KindSchedule, filters.StateFailed)
	}
	return lost(state, seen, why)
}

// lost lets a machine go that somebody else changed. What is told is never put right again by force: it is theirs now.
func lost(state State, seen *sight, why string) step {
	if !seen.sure {
		return step{doubt: true}
	}
	return tell(state.to(PhaseLost, seen.now, why), filters.KindMeddled, OutcomeLost)
}

// back lets the machine stand in the schedule as it does, because the last word cannot come true.
func back(state State, seen *sight, why string) step {
	kind := state.Phase.Kind()
	state.Wanted, state.Ours = *seen.span, []filters.Span{*seen.span}
	return tell(state.to(PhaseScheduled, seen.now, why), kind, filters.StateFailed)
}

// gone deals with a machine of ours whose entry is not there any more, or not as we left it; false: it is.
func gone(state State, seen *sight) (step, bool) {
	switch {
	case !seen.scheduled():
		return lost(state, seen, "somebody else took it out of the maintenance schedule"), true
	case !state.owns(*seen.span):
		return lost(state, seen, "somebody else moved it in the maintenance schedule: "+seen.span.String()), true
	}
	return rest, false
}

func scheduled(state State, seen *sight) step {
	if next, is := gone(state, seen); is {
		return next
	}
	if seen.down() != state.Others {
		return others(state, seen)
	}
	return reminder(state, seen)
}

// others notes that somebody else took the machine down. That it is up again shows by its leaving the schedule.
func others(state State, seen *sight) step {
	if !seen.sure {
		return step{doubt: true}
	}
	state.Others, state.Why = seen.down(), ""
	if state.Others {
		state.Why = "somebody else took it down: it is theirs to bring up"
	}
	return tell(state, filters.KindMeddled, string(seen.mode))
}

// takingDown sends START_MAINTENANCE once for each operation: again only where it surely never arrived.
func takingDown(state State, seen *sight) step {
	next, is := gone(state, seen)
	switch {
	case seen.down() && !state.Sent.IsZero():
		state.Down = state.Operation
		return tell(state.to(PhaseDown, seen.now, ""), filters.KindDown, filters.StateVerified)
	case is:
		return next
	case seen.down():
		return back(state, seen, "somebody else took it down before: it is theirs to bring up")
	case state.Heard && seen.now.Before(state.Sent.Add(showsAfter)):
		return rest
	case state.Heard:
		return back(state, seen, "the master said yes, and then it was not down: somebody else brought it up")
	case state.windowed() && over(state.Wanted, seen.now):
		return back(state, seen, "its window was over before it could be done")
	case seen.now.After(state.Since.Add(downWithin)):
		return back(state, seen, "it could not be done within half an hour")
	}
	return call(filters.ChangeDown, state, seen)
}

func isDown(state State, seen *sight) step {
	if seen.down() {
		return reminder(state, seen)
	}
	return lost(state, seen, "somebody else brought it up")
}

// bringingUp sends STOP_MAINTENANCE for what we took down, and nothing else.
func bringingUp(state State, seen *sight) step {
	switch {
	case !seen.down() && (state.Heard || seen.sure):
		why := ""
		if state.Sent.IsZero() {
			why = "somebody else had brought it up already"
		}
		return tell(state.to(PhaseUp, seen.now, why), filters.KindUp, filters.StateVerified)
	case !seen.down():
		return step{doubt: true}
	case state.Heard && seen.now.Before(state.Sent.Add(showsAfter)):
		return rest
	case state.Heard:
		return lost(state, seen, "the master brought it up, and somebody else took it down again")
	}
	return call(filters.ChangeUp, state, seen)
}

func cancelling(state State, seen *sight) step {
	switch {
	case !seen.scheduled() && (state.Heard || seen.sure):
		return tell(state.to(PhaseCancelled, seen.now, ""), filters.KindCancel, filters.StateVerified)
	case !seen.scheduled():
		return step{doubt: true}
	case !state.owns(*seen.span):
		return taken(state, seen)
	case seen.down():
		return back(state, seen, "somebody took it down meanwhile, and a machine that is down stays in the schedule")
	}
	return call(filters.ChangeCancel, state, seen)
}

// reminder tells the channel once that a machine's time has come, or is over, and nobody acted. Of what a window does itself it
// reminds nobody.
func reminder(state State, seen *sight) step {
	if state.windowed() {
		return rest
	}
	span := state.Wanted
	if seen.span != nil {
		span = *seen.span
	}
	for _, at := range []struct {
		time    time.Time
		outcome string
		due     bool
	}{{span.End(), OutcomeOver, true}, {span.Start, OutcomeStarts, !seen.down()}} {
		if at.time.IsZero() || !at.due || seen.now.Before(at.time.Add(remindAfter)) {
			continue
		}
		if slices.ContainsFunc(state.Reminded, at.time.Equal) {
			return rest
		}
		state.Reminded = append(slices.Clone(state.Reminded), at.time)
		return tell(state, filters.KindRemind, at.outcome)
	}
	return rest
}

// tell is a step that is only written down.
func tell[S ~string](state State, kind filters.Kind, outcome S) step {
	return step{state: state, kind: kind, outcome: string(outcome), changed: true}
}

// call is a step that calls the master. Its intent is written before.
func call(kind filters.ChangeKind, state State, seen *sight) step {
	state.Sent, state.Heard, state.Why = seen.now, false, ""
	if kind == filters.ChangeSchedule && !state.owns(state.Wanted) {
		state.Ours = append(slices.Clone(state.Ours), state.Wanted)
	}
	return step{state: state, kind: state.Phase.Kind(), outcome: OutcomeSending, call: kind, changed: true}
}

// outcome is the state after a call: the master said yes, or refused.
func outcome(intended State, err error, now time.Time) (next State, result string) {
	if err == nil {
		intended.Heard = true
		return intended, string(filters.StateAccepted)
	}
	why := err.Error()
	switch intended.Phase {
	case PhaseScheduling:
		intended.Ours = slices.DeleteFunc(slices.Clone(intended.Ours), intended.Wanted.Equal)
		if len(intended.Ours) == 0 {
			return intended.to(PhaseFailed, now, why), string(filters.StateFailed)
		}
		intended.Wanted = intended.Ours[0]
		return intended.to(PhaseScheduled, now, why), string(filters.StateFailed)
	case PhaseBringingUp:
		return intended.to(PhaseDown, now, why), string(filters.StateFailed)
	}
	return intended.to(PhaseScheduled, now, why), string(filters.StateFailed)
}
