package poster_test

import (
	"strings"
	"testing"
	"time"

	"cordon/commands"
	"cordon/commands/poster"
	"cordon/filters"
	"cordon/scheduler"
)

// What a drain costs is told by the leader, also where it was asked of a replica that did not know.
func TestWhatADrainKillsIsToldByWhoKnows(t *testing.T) {
	for name, test := range map[string]struct {
		impact filters.Impact
		tasks  map[string]int
		want   string
	}{
		"the replica knew":   {filters.Impact{TasksKnown: true, Tasks: map[string]int{"kafka": 2}}, map[string]int{"kafka": 9}, "kills 2 tasks there: kafka 2"},
		"the leader knows":   {filters.Impact{}, map[string]int{"kafka": 9}, "kills 9 tasks there: kafka 9"},
		"nobody knows":       {filters.Impact{}, nil, "I do not know what that is"},
		"nothing runs there": {filters.Impact{}, map[string]int{}, "no tasks run there"},
	} {
		t.Run(name, func(t *testing.T) {
			state := scheduler.RunState{ID: "r-1", Phase: scheduler.RunAsked, Agents: 1, Keep: true, Drain: &filters.Drain{}, Question: "q-1", Impact: &test.impact}
			notice := poster.Notice{Topic: poster.TopicRun, Run: &poster.Progress{State: state}, Question: &filters.Question{ID: "q-1", Hosts: []string{"web-1"}, AskedBy: "user:UALICE"}}
			message := poster.Render(notice, poster.Scene{Now: time.Now(), Tasks: test.tasks})
			if text := commands.PlainText(message.Lines); !strings.Contains(text, test.want) || len(message.Buttons) != 3 {
				t.Errorf("%d buttons under\n%s", len(message.Buttons), text)
			}
		})
	}
}
