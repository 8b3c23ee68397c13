package filters

import (
	"slices"
	"testing"
)

// What an operation's progress counts is changes of agents: a record that tells of its own failure is none of them.
func TestWhatAnEntryCounts(t *testing.T) {
	cases := []struct {
		name  string
		event Event
		want  []ChangeState
	}{
		{"a filter", Event{Kind: KindFilter, Operation: "o", Outcome: "recorded"}, []ChangeState{StateRecorded}},
		{"what came of it", Event{Kind: KindTook, Operation: "o", Outcome: "failed"}, []ChangeState{StateFailed}},
		{"an end that was moved", Event{Kind: KindExtend, Operation: "o", Outcome: "recorded"}, []ChangeState{StateRecorded, StateVerified}},
		{"an answer", Event{Kind: KindAnswer, Operation: "o", Outcome: "yes"}, nil},
		{"nobody's operation", Event{Kind: KindTook, Outcome: "verified"}, nil},
		{"no outcome", Event{Kind: KindTaking, Operation: "o"}, nil},
		{"an agent of a run that failed", Event{Kind: KindRunAgent, Operation: "o", Outcome: "failed", Record: &Record{}}, nil},
		{"a machine that waits for a yes", Event{Kind: KindDown, Operation: "o", Outcome: "asked", Record: &Record{Shelf: ShelfMachines}}, []ChangeState{StateRecorded}},
		{"a machine that the master took down", Event{Kind: KindDown, Operation: "o", Outcome: "verified", Record: &Record{Shelf: ShelfMachines}}, []ChangeState{StateVerified}},
		{"a machine that nobody agreed to", Event{Kind: KindDown, Operation: "o", Outcome: "no", Record: &Record{Shelf: ShelfMachines}}, []ChangeState{StateFailed}},
		{"a machine whose time has come", Event{Kind: KindRemind, Operation: "o", Outcome: "starts", Record: &Record{Shelf: ShelfMachines}}, nil},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if got := test.event.Counts(); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
