package journal

import (
	"testing"

	"cordon/filters"
)

// drained is a journal of a drain: sent, heard of, and what else the test says.
func drained(more ...filters.Event) *story {
	s := &story{}
	s.leader(1)
	filter := placed(one)
	filter.Owner, filter.Mode, filter.Drain = "run:r-1", filters.ModeDrain, &filters.Drain{}
	s.place(filter)
	for _, e := range more {
		e.Agent, e.Term = one, 1
		s.add(e)
	}
	return s
}

// sending is an intent to drain, the so many-th version of the ledger's entry.
func sending(revision int64) filters.Event {
	e := entry(one, filters.HoldTaking, revision)
	e.DrainSent = "f-" + string(one)
	return filters.Event{Kind: filters.KindDraining, Ledger: e}
}

// heard is the master's yes to it.
func heard(revision int64) filters.Event {
	e := entry(one, filters.HoldHeld, revision)
	e.DrainSent, e.Heard = "f-"+string(one), true
	return filters.Event{Kind: filters.KindTook, Outcome: string(filters.StateAccepted), Ledger: e}
}

func TestDrainsAreHeldToTheirWord(t *testing.T) {
	releasing := entry(one, filters.HoldReleasing, 3)
	releasing.DrainSent = "f-" + string(one)
	unasked := sending(1)
	unasked.Ledger.DrainSent = "f-other"
	for name, test := range map[string]struct {
		story *story
		fails bool
	}{
		"sent once":                 {drained(sending(1), heard(2)), false},
		"sent again, never arrived": {drained(sending(1), sending(2), heard(3)), false},
		"sent again, though heard":  {drained(sending(1), heard(2), sending(3)), true},
		"given back while drained":  {drained(sending(1), heard(2), filters.Event{Kind: filters.KindReleasing, Ledger: releasing}), true},
		"nobody asked for it":       {drained(unasked), true},
		"drained by nobody":         {drained(filters.Event{Kind: filters.KindDrained}), true},
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			for _, violation := range Check(test.story.run) {
				found = found || violation.Rule == RuleKill
			}
			if found != test.fails {
				t.Errorf("found %v", Check(test.story.run))
			}
		})
	}
}
