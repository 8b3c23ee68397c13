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

// Several who said yes are told as one.
func TestWhoSaidYesToADrain(t *testing.T) {
	state := scheduler.RunState{ID: "r-1", Phase: scheduler.RunGoing, Agents: 1, Keep: true, Drain: &filters.Drain{Gone: true}, Yes: []string{"user:UBOB", "user:UDANA"}}
	notice := poster.Notice{Topic: poster.TopicRun, By: "user:UALICE", Reason: "burnt", Run: &poster.Progress{State: state}}
	text := commands.PlainText(poster.Render(notice, poster.Scene{Now: time.Now()}).Lines)
	if want := "burnt · by @UALICE · approved by @UBOB and @UDANA"; !strings.Contains(text, want) {
		t.Errorf("%q is not in\n%s", want, text)
	}
}
