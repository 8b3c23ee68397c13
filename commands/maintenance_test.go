package commands_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
)

// maintainer is a bot over a stage on which machines may be taken down.
func maintainer(teller commands.Teller) (*stage.Stage, *commands.Bot) {
	on := stage.New(stage.Options{Allow: []filters.Verb{filters.Verb(filters.ModeDown)}})
	return on, commands.New(commands.Config{
		Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()},
		Machines: map[string]commands.Machines{"prod": on.Machines()}, Teller: teller,
	})
}

func TestMaintenanceIsCompleted(t *testing.T) {
	_, bot := maintainer(nil)
	bot.Handle(t.Context(), typed("maintenance schedule agent-nine@10.0.0.9,agent-one --start now", "k1"))
	for text, want := range map[string][]string{
		"main":                       {"maintenance"},
		"maintenance ":               {"cancel", "down", "schedule", "status", "up"},
		"maint d":                    {"down"},
		"help maintenance s":         {"schedule", "status"},
		"maintenance down agent-t":   {"agent-three", "agent-two"},
		"maintenance schedule x --s": {"--start"},
		"maintenance up agent-n":     {"agent-nine"},
		"maintenance up agent-on":    {"agent-one"},
		"filter agent-n":             nil,
	} {
		if got := bot.Complete(text, "COPS"); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestClusterWithoutAMaintenanceScheduleSaysSo(t *testing.T) {
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": stage.New(stage.Options{})}})
	for _, text := range []string{"maintenance", "maintenance schedule agent-one --start now", "maintenance up agent-one"} {
		if reply := bot.Handle(t.Context(), typed(text, "k1")); reply.Code != filters.Unavailable || !strings.Contains(reply.Text(), "no maintenance schedule") {
			t.Errorf("%s: %q %q", text, reply.Code, reply.Text())
		}
	}
}

// Buttons do what their commands do, and one of a machine that has moved on says that its time is over.
func TestMaintenanceButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, bot := maintainer(nil)
		press := func(action, key string) commands.Reply {
			input := typed("", key)
			input.Press, input.Cause = &commands.Press{Action: action, Value: "agent-one@10.0.0.1"}, filters.CauseClick
			return bot.Handle(t.Context(), input)
		}
		says := func(reply commands.Reply, code filters.Code, words string) {
			t.Helper()
			if reply.Code != code || !strings.Contains(reply.Text(), words) {
				t.Errorf("%q %q, want %q %q", reply.Code, reply.Text(), code, words)
			}
		}
		says(bot.Handle(t.Context(), typed("maintenance schedule agent-one --start now --duration 1h", "k1")), "", "comes into the maintenance schedule")
		says(press(commands.ActionMaintenanceDown, "k2"), filters.Conflict, "This button's time is over: ")
		on.Reconcile()
		says(press(commands.ActionMaintenanceDown, "k3"), "", "Asked for approval: take agent-one down")
		says(press(commands.ActionMaintenanceCancel, "k4"), "", "leaves the maintenance schedule")
		on.Reconcile()
		says(press(commands.ActionMaintenanceUp, "k5"), filters.Invalid, "agent-one is not down")
	})
}

// One delivery more of the same request changes nothing, and is answered as the first.
func TestMachinesAreChangedOncePerRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, bot := maintainer(nil)
		for _, text := range []string{
			"maintenance schedule agent-one --start now --duration 1h", "maintenance down agent-one", "maintenance cancel agent-one",
		} {
			first := bot.Handle(t.Context(), typed(text, text))
			entries := len(on.Events())
			again := bot.Handle(t.Context(), typed(text, text))
			if first.Code != "" || again.Code != "" || len(on.Events()) != entries {
				t.Errorf("%s: %q, again %q, %d entries more", text, first.Text(), again.Text(), len(on.Events())-entries)
			}
			on.Reconcile()
		}
	})
}

// The answer to a word about machines that is lost is looked for as any other.
func TestLostAnswersAboutMachinesAreToldLater(t *testing.T) {
	for name, c := range map[string]struct {
		happens bool
		says    string
	}{"it happened": {true, "maintenance schedule is in force in prod"}, "it did not": {false, "It did not happen"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ear := &ear{}
				on, bot := maintainer(ear)
				on.Break(lostAnswer, c.happens)
				reply := bot.Handle(t.Context(), typed("maintenance schedule agent-one --start now", "k1"))
				if reply.Code != filters.Unconfirmed || !strings.Contains(reply.Text(), "whether maintenance schedule is recorded") {
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
