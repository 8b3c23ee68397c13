package commands_test

import (
	"testing"

	"cordon/commands"
	"cordon/filters"
)

// What the master does not list is never said to be empty.
func TestTasksOfAgentsThatAreNotListed(t *testing.T) {
	for name, test := range map[string]struct {
		impact       filters.Impact
		killed, runs string
	}{
		"nothing runs there": {filters.Impact{TasksKnown: true}, "no tasks run there", "no tasks run there"},
		"the master lists none": {filters.Impact{TasksKnown: true, Unlisted: 1},
			"what runs on 1 host that the master does not list is not known", "what runs on 1 host that the master does not list is not known"},
		"it lists some": {filters.Impact{TasksKnown: true, Unlisted: 2, Tasks: map[string]int{"kafka": 3}},
			"kills 3 tasks there: kafka 3 · what runs on 2 hosts that the master does not list is not known",
			"3 tasks run on: kafka 3 · what runs on 2 hosts that the master does not list is not known"},
		"one runs on": {filters.Impact{TasksKnown: true, Tasks: map[string]int{"kafka": 1}}, "kills 1 task there: kafka 1", "1 task runs on: kafka 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := commands.PlainText([]commands.Line{commands.Killed(&test.impact)}); got != test.killed {
				t.Errorf("killed: %q", got)
			}
			if got := commands.PlainText([]commands.Line{commands.RunsOn(&test.impact)}); got != test.runs {
				t.Errorf("runs on: %q", got)
			}
		})
	}
}
