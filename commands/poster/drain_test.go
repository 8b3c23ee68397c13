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

// Where the bot only observes, the message of a drain and of a run says so, and what would have been done.
func TestWhatIsOnlyObservedIsTold(t *testing.T) {
	would := "observing only: I would now ask marathon to move /mail; 1 of 1 tasks left: marathon 1 (/mail may move)"
	body, err := json.Marshal(scheduler.RunAgent{Agent: "S1", Hostname: "web-1", Phase: scheduler.AgentSkipped, Why: would, Skip: would})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, state := range []scheduler.RunState{
		{ID: "r-1", Phase: scheduler.RunDone, Agents: 1, Keep: true, Drain: &filters.Drain{}, Mode: filters.ModeFilter, Ended: now},
		{ID: "r-2", Phase: scheduler.RunDone, Agents: 1, Ended: now},
	} {
		notice := poster.Fold(poster.Notice{
			Topic: poster.TopicRun, Run: &poster.Progress{State: state},
			Agents: map[filters.AgentID]*poster.Agent{"S1": {Host: "web-1", Settled: true, Ended: now}},
		}, &filters.Event{Kind: filters.KindRunAgent, At: now, Agent: "S1", Record: &filters.Record{Shelf: filters.ShelfRuns, Body: body}})
		text := commands.PlainText(poster.Render(notice, poster.Scene{Cluster: "prod", Now: now, Observe: true}).Lines)
		for _, want := range []string{"I only observe prod: nothing is sent", "web-1: I would now ask marathon to move /mail; 1 of 1 tasks left"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", state.ID, want, text)
			}
		}
		if state.IsDrain() && !strings.HasPrefix(text, "⚠ web-1 is left alone: I only observe") {
			t.Errorf("it begins\n%s", text)
		}
	}
}
