package operation

import (
	"slices"
	"testing"
	"time"

	"cordon/filters"

	"pgregory.net/rapid"
)

// stateIn is a machine of ours in a phase, with the marks that it has there; sent tells whether its call was about to be made.
func stateIn(phase Phase, sent bool) State {
	state := State{Schema: 1, Machine: machine(2), Phase: phase, Since: dawn, Wanted: at(3), Ours: []filters.Span{at(3)}, Operation: "op-1", Subject: "op-1"}
	switch phase {
	case PhaseScheduling:
		state.Ours = nil
		if sent {
			state.Ours = []filters.Span{at(3)}
		}
	case PhaseDown, PhaseBringingUp:
		state.Down = "op-0"
	}
	if sent {
		state.Sent = dawn.Add(time.Second)
	}
	return state
}

func TestAdvance(t *testing.T) {
	here, moved := at(3), at(4)
	for _, test := range []struct {
		name  string
		phase Phase
		sent  bool
		heard bool
		seen  sight // now counts from dawn; the mode follows the span where it is empty
		after time.Duration
		want  string // the call, or the phase and what is told
	}{
		{name: "not there yet", phase: PhaseScheduling, want: "schedule"},
		{name: "posted, and there", phase: PhaseScheduling, sent: true, seen: sight{span: &here}, want: "scheduled verified"},
		{name: "unanswered, and not there", phase: PhaseScheduling, sent: true, want: "schedule"},
		{name: "never posted, and there: another's of the same time", phase: PhaseScheduling, seen: sight{span: &here}, want: "failed failed"},
		{name: "another has it", phase: PhaseScheduling, seen: sight{span: &moved}, want: "failed failed"},
		{name: "posted, and gone at once", phase: PhaseScheduling, sent: true, heard: true, seen: sight{sure: true}, want: "lost lost"},
		{name: "its time is over before it came about", phase: PhaseScheduling, after: 5 * time.Hour, want: "failed failed"},
		{name: "rests", phase: PhaseScheduled, seen: sight{span: &here}, want: ""},
		{name: "gone, perhaps", phase: PhaseScheduled, want: "doubt"},
		{name: "gone", phase: PhaseScheduled, seen: sight{sure: true}, want: "lost lost"},
		{name: "moved", phase: PhaseScheduled, seen: sight{span: &moved, sure: true}, want: "lost lost"},
		{name: "taken down by another", phase: PhaseScheduled, seen: sight{span: &here, mode: filters.MachineDown, sure: true}, want: "scheduled down"},
		{name: "schedule and status are torn", phase: PhaseScheduled, seen: sight{span: &here, mode: filters.MachineUp, sure: true}, want: "doubt"},
		{name: "its time came", phase: PhaseScheduled, seen: sight{span: &here}, after: 3*time.Hour + remindAfter, want: "scheduled starts"},
		{name: "its time is over", phase: PhaseScheduled, seen: sight{span: &here}, after: 4*time.Hour + remindAfter, want: "scheduled over"},
		{name: "to be taken down", phase: PhaseTakingDown, seen: sight{span: &here}, want: "down"},
		{name: "to be taken down, and it was moved meanwhile", phase: PhaseTakingDown, seen: sight{span: &moved, sure: true}, want: "lost lost"},
		{name: "to be taken down for half an hour", phase: PhaseTakingDown, seen: sight{span: &here}, after: time.Hour, want: "scheduled failed"},
		{name: "another was faster", phase: PhaseTakingDown, seen: sight{span: &here, mode: filters.MachineDown}, want: "scheduled failed"},
		{name: "down", phase: PhaseTakingDown, sent: true, seen: sight{span: &here, mode: filters.MachineDown}, want: "down verified"},
		{name: "down never arrived", phase: PhaseTakingDown, sent: true, seen: sight{span: &here}, want: "down"},
		{name: "down does not show yet", phase: PhaseTakingDown, sent: true, heard: true, seen: sight{span: &here}, want: ""},
		{name: "down was undone", phase: PhaseTakingDown, sent: true, heard: true, seen: sight{span: &here}, after: time.Minute, want: "scheduled failed"},
		{name: "down, and rests", phase: PhaseDown, seen: sight{span: &here, mode: filters.MachineDown}, want: ""},
		{name: "down, and nobody brings it up", phase: PhaseDown, seen: sight{span: &here, mode: filters.MachineDown}, after: 5 * time.Hour, want: "down over"},
		{name: "brought up by another", phase: PhaseDown, seen: sight{sure: true}, want: "lost lost"},
		{name: "to be brought up", phase: PhaseBringingUp, seen: sight{span: &here, mode: filters.MachineDown}, want: "up"},
		{name: "up never arrived", phase: PhaseBringingUp, sent: true, seen: sight{span: &here, mode: filters.MachineDown}, want: "up"},
		{name: "up", phase: PhaseBringingUp, sent: true, heard: true, want: "up verified"},
		{name: "up by another", phase: PhaseBringingUp, seen: sight{sure: true}, want: "up verified"},
		{name: "down again by another", phase: PhaseBringingUp, sent: true, heard: true, seen: sight{span: &here, mode: filters.MachineDown, sure: true}, after: time.Minute, want: "lost lost"},
		{name: "to be taken out", phase: PhaseCancelling, seen: sight{span: &here}, want: "cancel"},
		{name: "taken out", phase: PhaseCancelling, sent: true, heard: true, want: "cancelled verified"},
		{name: "out, perhaps", phase: PhaseCancelling, want: "doubt"},
		{name: "out by another", phase: PhaseCancelling, seen: sight{sure: true}, want: "cancelled verified"},
		{name: "down before it was out", phase: PhaseCancelling, seen: sight{span: &here, mode: filters.MachineDown}, want: "scheduled failed"},
		{name: "moved before it was out", phase: PhaseCancelling, seen: sight{span: &moved, sure: true}, want: "lost lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			state, seen := stateIn(test.phase, test.sent), test.seen
			state.Heard = test.heard
			seen.now = dawn.Add(max(test.after, 2*time.Second))
			if seen.mode == "" {
				seen.mode = filters.MachineUp
				if seen.span != nil {
					seen.mode = filters.MachineDraining
				}
			}
			next := advance(state, &seen)
			got := ""
			switch {
			case next.doubt:
				got = "doubt"
			case next.call != "":
				got = string(next.call)
			case next.changed:
				got = string(next.state.Phase) + " " + next.outcome
			}
			if got != test.want {
				t.Errorf("got %q (%s), want %q", got, next.state.Why, test.want)
			}
		})
	}
}

// Whatever anybody does, and whenever: no call is ever made about an entry that is not ours, none takes a machine down later than
// half an hour after the word, and none brings up what we did not take down.
func TestOnlyWhatIsOursIsCalledAbout(t *testing.T) {
	phases := []Phase{PhaseScheduling, PhaseScheduled, PhaseTakingDown, PhaseDown, PhaseBringingUp, PhaseCancelling}
	rapid.Check(t, func(t *rapid.T) {
		state := stateIn(PhaseScheduling, false)
		seen := sight{now: dawn, mode: filters.MachineUp}
		tookDown := false
		for range rapid.IntRange(1, 40).Draw(t, "moments") {
			seen.now = seen.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, time.Minute, time.Hour}).Draw(t, "later"))
			meddle(t, &seen)
			if !state.Phase.Pending() {
				state = spoken(t, state, seen.now)
			}
			next := advance(state, &seen)
			if !next.changed {
				continue
			}
			called(t, state, next, &seen, tookDown)
			state = next.state
			switch next.call {
			case filters.ChangeDown:
				tookDown, seen.mode = true, filters.MachineDown
			case filters.ChangeSchedule:
				span := state.Wanted
				seen.span, seen.mode = &span, filters.MachineDraining
			case filters.ChangeUp, filters.ChangeCancel:
				tookDown, seen.span, seen.mode = false, nil, filters.MachineUp
			}
			if next.call != "" && rapid.Bool().Draw(t, "heard") {
				state, _ = outcome(state, nil, seen.now)
			}
			if state.Phase.Over() {
				return
			}
			if !slices.Contains(phases, state.Phase) {
				t.Fatalf("it is %q", state.Phase)
			}
		}
	})
}

// meddle is somebody else at the master.
func meddle(t *rapid.T, seen *sight) {
	seen.sure = rapid.Bool().Draw(t, "sure")
	switch rapid.IntRange(0, 9).Draw(t, "meddling") {
	case 0:
		if seen.mode == filters.MachineDraining {
			seen.span, seen.mode = nil, filters.MachineUp
		}
	case 1:
		theirs := at(100)
		seen.span = &theirs
		if seen.mode == filters.MachineUp {
			seen.mode = filters.MachineDraining
		}
	case 2:
		if seen.mode == filters.MachineDraining {
			seen.mode = filters.MachineDown
		}
	case 3:
		if seen.mode == filters.MachineDown {
			seen.span, seen.mode = nil, filters.MachineUp
		}
	}
}

// spoken is the machine after a person's word, as the desk takes it.
func spoken(t *rapid.T, state State, now time.Time) State {
	switch rapid.IntRange(0, 3).Draw(t, "word") {
	case 0:
		if state.Phase == PhaseScheduled {
			return state.to(PhaseTakingDown, now, "")
		}
		if state.Phase == PhaseDown {
			return state.to(PhaseBringingUp, now, "")
		}
	case 1:
		if state.Phase == PhaseScheduled {
			return state.to(PhaseCancelling, now, "")
		}
	case 2:
		if state.Phase == PhaseScheduled {
			state = state.to(PhaseScheduling, now, "")
			state.Wanted = at(rapid.IntRange(1, 90).Draw(t, "to"))
			return state
		}
	}
	return state
}

func called(t *rapid.T, state State, next step, seen *sight, tookDown bool) {
	if next.call == "" {
		return
	}
	if seen.scheduled() && !state.owns(*seen.span) && next.call != filters.ChangeUp {
		t.Fatalf("%s of what stands at %v, which is not ours: %v", next.call, seen.span, state.Ours)
	}
	switch next.call {
	case filters.ChangeDown:
		if seen.down() || !seen.scheduled() || state.Phase != PhaseTakingDown || seen.now.Sub(state.Since) > downWithin {
			t.Fatalf("down in phase %s since %v, mode %s, at %v", state.Phase, state.Since, seen.mode, seen.now)
		}
	case filters.ChangeUp:
		if state.Down == "" || !tookDown && state.Sent.IsZero() {
			t.Fatalf("brings up what we did not take down: %+v", state)
		}
	case filters.ChangeCancel, filters.ChangeSchedule:
		if seen.down() {
			t.Fatalf("%s of a machine that is down", next.call)
		}
	}
}
