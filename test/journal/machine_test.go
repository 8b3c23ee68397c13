package journal

import (
	"testing"
	"time"

	"cordon/filters"
	maintenance "cordon/filters/operation"
)

// down is a journal of a machine that is scheduled, taken down, and brought up.
func down() *diary {
	d := &diary{states: map[string]int64{}}
	d.add("1 00:00", filters.Event{Kind: filters.KindLeader})
	state := maintenance.State{
		Schema: 1, Machine: filters.Machine{Hostname: "web-1", IP: "10.0.0.1"}, Phase: maintenance.PhaseScheduling, By: alice, Owner: alice, Operation: "op-1", Subject: "op-1",
	}
	write := func(clock string, kind filters.Kind, outcome string) {
		state.Since = at(clock)
		e := filters.Event{Operation: state.Operation, Outcome: outcome, Subject: "op-1"}
		d.record(clock, filters.ShelfMachines, state.Machine.Name(), kind, state, e)
		d.run.Entries[len(d.run.Entries)-1].Record.Removed = state.Phase.Over()
	}
	call := func(clock string, phase, then maintenance.Phase) {
		state.Sent = at(clock)
		write(clock, phase.Kind(), maintenance.OutcomeSending)
		state.Heard = true
		write(clock, phase.Kind(), string(filters.StateAccepted))
		state.Phase, state.Sent, state.Heard = then, time.Time{}, false
		if then == maintenance.PhaseDown {
			state.Down = state.Operation
		}
		write(clock, phase.Kind(), string(filters.StateVerified))
	}
	write("1 01:00", filters.KindSchedule, string(filters.StateRecorded))
	state.Ours = []filters.Span{{Start: at("2 02:00"), Duration: time.Hour}}
	call("1 01:01", maintenance.PhaseScheduling, maintenance.PhaseScheduled)
	state.Phase, state.Operation = maintenance.PhaseTakingDown, "op-2"
	write("2 02:02", filters.KindDown, string(filters.StateRecorded))
	call("2 02:02", maintenance.PhaseTakingDown, maintenance.PhaseDown)
	state.Phase, state.Operation = maintenance.PhaseBringingUp, "op-3"
	write("2 03:00", filters.KindUp, string(filters.StateRecorded))
	call("2 03:01", maintenance.PhaseBringingUp, maintenance.PhaseUp)
	return d
}

func TestMachinesAreHeldToTheirWord(t *testing.T) {
	type state = maintenance.State
	if violations := Check(down().run); len(violations) > 0 {
		t.Fatalf("a good journal: %v", violations)
	}
	for name, c := range map[string]struct {
		rule Rule
		harm func(*diary)
	}{
		"no intent": {RuleIntent, func(d *diary) { d.without("2 00:00", filters.KindDown, maintenance.OutcomeSending) }},
		"sent for another operation": {RuleMachine, func(d *diary) {
			edit(d, "2 00:00", filters.KindDown, maintenance.OutcomeSending, func(s *state) { s.Operation = "op-9" })
		}},
		"brought up what others took down": {RuleMachine, func(d *diary) {
			edit(d, "2 00:00", filters.KindUp, string(filters.StateRecorded), func(s *state) { s.Down = "" })
		}},
		"sent again, though heard": {RuleMachine, func(d *diary) {
			edit(d, "2 00:00", filters.KindDown, string(filters.StateRecorded), func(s *state) { s.Heard = true })
		}},
		"kept although it is over": {RuleMachine, func(d *diary) {
			d.find("2 00:00", filters.KindUp, string(filters.StateVerified)).Record.Removed = false
		}},
		"a window that is not open takes it down": {RuleMachine, func(d *diary) {
			edit(d, "2 00:00", filters.KindDown, string(filters.StateRecorded), func(s *state) {
				s.By, s.Owner = "window:night/2000-01-02T02:00:00Z", "window:night/2000-01-02T02:00:00Z"
			})
		}},
		"a version is missing": {RuleLost, func(d *diary) { d.find("2 00:00", filters.KindDown, string(filters.StateRecorded)).Record.Revision++ }},
	} {
		t.Run(name, func(t *testing.T) {
			d := down()
			c.harm(d)
			for _, violation := range Check(d.run) {
				if violation.Rule == c.rule {
					return
				}
			}
			t.Errorf("found %v", Check(d.run))
		})
	}
}
