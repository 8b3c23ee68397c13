package poster_test

import (
	"encoding/json"
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

// What the master would not do is not said to have been released, although nothing stays withheld for it.
func TestWhatTheMasterRefusedIsSaidFirst(t *testing.T) {
	for want, drain := range map[string]filters.Drain{
		"⚠ 3c1d-S77 is not marked gone: the master knows no such agent": {Gone: true},
		"⚠ 3c1d-S77 is not drained: the master knows no such agent":     {},
	} {
		body, err := json.Marshal(scheduler.RunAgent{Agent: "3c1d-S77", Hostname: "3c1d-S77", Phase: scheduler.AgentSkipped, Skip: "the master refused: the master knows no such agent"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		notice := poster.Fold(poster.Notice{
			Topic:  poster.TopicRun,
			Run:    &poster.Progress{State: scheduler.RunState{ID: "r-1", Phase: scheduler.RunDone, Agents: 1, Keep: true, Drain: &drain, Ended: now}},
			Agents: map[filters.AgentID]*poster.Agent{"3c1d-S77": {Host: "3c1d-S77", Settled: true, Ended: now, Note: "the master knows the agent no more"}},
		}, &filters.Event{Kind: filters.KindRunAgent, At: now, Agent: "3c1d-S77", Record: &filters.Record{Shelf: filters.ShelfRuns, Body: body}})
		if text := commands.PlainText(poster.Render(notice, poster.Scene{Now: now}).Lines); !strings.HasPrefix(text, want) {
			t.Errorf("it says\n%s", text)
		}
	}
}
