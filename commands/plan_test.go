package commands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
	"cordon/scheduler"
)

func planner(options stage.Options, teller commands.Teller) (*stage.Stage, *commands.Bot) {
	on := stage.New(options)
	return on, commands.New(commands.Config{
		Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()}, Teller: teller,
	})
}

var nightly = stage.Options{Windows: map[string]scheduler.Definition{
	"nightly": {Schedule: "0 2 * * *", Duration: "1h", Targets: []string{"agent-one"}},
	"never":   {Schedule: "0 3 * * *", Duration: "1h", Targets: []string{"agent-one"}},
}}

func TestWindowsAndRunsAreCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, bot := planner(nightly, nil)
		reply := bot.Handle(t.Context(), typed("run start agent-one --step confirm", "k1"))
		id := reply.Text()[strings.LastIndex(reply.Text(), "r-"):]
		for text, want := range map[string][]string{
			"wi":                 {"window"},
			"window ":            {"add", "list", "next", "pause", "resume", "rm", "show", "skip"},
			"windows s":          {"show", "skip"},
			"window show n":      {"never", "nightly"},
			"window show ni":     {"nightly"},
			"window skip --d":    {"--dry-run"},
			"help wind":          {"window"},
			"help window p":      {"pause"},
			"run start agent-o":  {"agent-one"},
			"window add x -l a ": {"agent-five", "agent-four", "agent-one", "agent-six", "agent-three", "agent-two"},
			"run pause ":         {id[:10]},
			"run confirm x f":    {"failed"},
		} {
			if got := bot.Complete(text, "COPS"); !slices.Equal(got, want) {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	})
}

func TestClusterWithoutADeskSaysSo(t *testing.T) {
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": stage.New(stage.Options{})}})
	for _, text := range []string{"windows", "run list", "window pause nightly", "run start agent-one"} {
		if reply := bot.Handle(t.Context(), typed(text, "k1")); reply.Code != filters.Unavailable || !strings.Contains(reply.Text(), "no windows and no runs") {
			t.Errorf("%s: %q %q", text, reply.Code, reply.Text())
		}
	}
	if reply := bot.Handle(t.Context(), typed("status", "k2")); reply.Code != "" {
		t.Errorf("status: %q", reply.Text())
	}
}

// The answer to a change of a window that is lost is looked for as any other.
func TestLostAnswersOfWindowsAreToldLater(t *testing.T) {
	for name, c := range map[string]struct {
		happens bool
		says    string
	}{"it happened": {true, "window pause nightly is in force in prod"}, "it did not": {false, "It did not happen"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ear := &ear{}
				on, bot := planner(nightly, ear)
				on.Break(lostAnswer, c.happens)
				reply := bot.Handle(t.Context(), typed("window pause nightly", "k1"))
				if reply.Code != filters.Unconfirmed || !strings.Contains(reply.Text(), "whether window pause nightly is recorded") {
					t.Errorf("first answer: %q %q", reply.Code, reply.Text())
				}
				<-time.After(time.Minute)
				bot.Stop(t.Context())
				if !strings.Contains(ear.text(), c.says) {
					t.Errorf("told %q", ear.text())
				}
			})
		})
	}
}

// One delivery more of the same request changes nothing, and is answered as the first.
func TestWindowsAreChangedOncePerRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, bot := planner(nightly, nil)
		for _, text := range []string{
			"window add x agent-two --schedule @daily --duration 1h", "window pause x", "window resume x", "window skip x", "window rm x", "run start agent-one --step confirm",
		} {
			first := bot.Handle(t.Context(), typed(text, text))
			entries := len(on.Events())
			again := bot.Handle(t.Context(), typed(text, text))
			if first.Code != "" || again.Code != "" || len(on.Events()) != entries {
				t.Errorf("%s: %q, again %q, %d entries more", text, first.Text(), again.Text(), len(on.Events())-entries)
			}
		}
	})
}

func TestStatusSaysThatRedisIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		since := time.Now().Add(-time.Minute)
		_, bot := planner(stage.Options{Away: func() time.Time { return since }}, nil)
		if text := bot.Handle(t.Context(), typed("status", "k1")).Text(); !strings.Contains(text, "Redis does not answer since 23:59 UTC: nothing can be changed") {
			t.Error(text)
		}
	})
}

// A run over many agents lines all of them up at once: history tells of what people did nevertheless.
func TestHistoryLooksBehindALongRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := stage.Options{}
		for i := range 1000 {
			options.Agents = append(options.Agents, fmt.Sprintf("agent-%04d", i))
		}
		_, bot := planner(options, nil)
		bot.Handle(t.Context(), typed("filter agent-0001 -m before", "k1"))
		if reply := bot.Handle(t.Context(), typed("run start agent-* --step confirm --yes -m firmware", "k2")); reply.Code != "" {
			t.Fatal(reply.Text())
		}
		text := bot.Handle(t.Context(), typed("history", "k3")).Text()
		if !strings.Contains(text, "started by @UALICE: firmware") || !strings.Contains(text, "agent-0001 asked by @UALICE: before") {
			t.Error(text)
		}
	})
}
