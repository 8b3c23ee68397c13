package poster_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/commands/poster"
	"cordon/filters"
	"cordon/filters/operation"
	"cordon/scheduler"
)

// What waits to be given back says what keeps it, and what can be typed, in every message that tells of it.
func TestWhatKeepsGivingBackIsTold(t *testing.T) {
	now := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	agents := map[filters.AgentID]*poster.Agent{"S1": {Host: "web-1", Ended: now, EndedBy: "user:UBOB"}}
	drain := scheduler.RunState{ID: "r-1", Phase: scheduler.RunDone, Agents: 1, Keep: true, Drain: &filters.Drain{}, Ended: now}
	for name, notice := range map[string]poster.Notice{
		"a filter":  {Topic: poster.TopicFilter, Began: now, Agents: agents},
		"a drain":   {Topic: poster.TopicRun, Began: now, Agents: agents, Run: &poster.Progress{State: drain, Done: 1}},
		"a machine": {Topic: poster.TopicMachines, Began: now, Machines: map[string]*poster.Machine{"web-1": {Host: "web-1", Phase: operation.PhaseBringingUp, Since: now}}},
	} {
		for held, want := range map[string]string{
			"": "", "the cluster settles after a failover": "Not yet: the cluster settles after a failover",
			"locked: the journal is older": "Not yet: locked: the journal is older. /mesos unlock --dry-run shows what waits for it",
		} {
			text := commands.PlainText(poster.Render(notice, poster.Scene{Cluster: "prod", Now: now, Held: held}).Lines)
			if strings.Contains(text, "Not yet") != (held != "") || !strings.Contains(text, want) {
				t.Errorf("%s, %q:\n%s", name, held, text)
			}
		}
	}
}

// It is told also where nothing else happens meanwhile, and no more when it is over.
func TestWhatKeepsGivingBackIsToldInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.does("filter agent-one")
		pass(5 * time.Second)
		s.does("release agent-one")
		pass(5 * time.Second)
		for _, held := range []string{"", "the cluster settles", ""} {
			s.held.Store(held)
			pass(2 * time.Minute)
			if text := s.board.text["1"]; strings.Contains(text, "Not yet: the cluster settles") != (held != "") {
				t.Errorf("%q:\n%s", held, text)
			}
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}

// What waits for a master that cannot be asked says so, and no more when it can.
func TestWhatWaitsForTheMasterSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.does("filter agent-one")
		pass(5 * time.Second)
		for _, trouble := range []string{"", "no master leads", ""} {
			s.trouble.Store(trouble)
			pass(2 * time.Minute)
			if text := s.board.text["1"]; strings.Contains(text, "It waits for the master, which cannot be asked just now: **no master leads**") != (trouble != "") {
				t.Errorf("%q:\n%s", trouble, text)
			}
		}
		s.does("confirmed agent-one")
		s.trouble.Store("no master leads")
		pass(2 * time.Minute)
		if text := s.board.text["1"]; strings.Contains(text, "waits for the master") {
			t.Errorf("it waits for nothing:\n%s", text)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}
