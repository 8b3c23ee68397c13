package commands_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
)

// shownHome renders a Home to be read in a test.
func shownHome(home commands.Home) string {
	var text strings.Builder
	for _, item := range home.Items {
		if item.Head != "" {
			text.WriteString("# " + item.Head + "\n")
		}
		text.WriteString(markup(commands.Reply{Lines: item.Lines, Buttons: item.Buttons}))
	}
	return text.String()
}

func homeSays(t *testing.T, home commands.Home, parts ...string) {
	t.Helper()
	text := shownHome(home)
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing:\n%s", part, text)
		}
	}
}

const weekly = `
weekly:
  schedule: "0 2 * * *"
  duration: 2h
  targets: [agent-three]
  reason: kernels
`

func TestHomeShowsWhatOneMayDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bot, on := formsBot(t, stage.Options{Windows: stage.Windows([]byte(weekly))})
		for _, text := range []string{"filter agent-one agent-two --for 4h -m disks", "filter agent-four -m fan"} {
			if reply := bot.Handle(t.Context(), commands.Input{Text: text, Actor: formActor, RequestKey: text}); reply.Code != "" {
				t.Fatal(reply.Text())
			}
		}
		bob := filters.Actor{ID: "user:UBOB", User: "UBOB"}
		bot.Handle(t.Context(), commands.Input{Text: "filter agent-six --for 1h -m mine", Actor: bob})
		home := bot.Home(t.Context(), formActor, nil)
		homeSays(t, home, "# prod\n6 agents", "[Filter agents: form filter]", "# Awaits an answer\nNothing.", "# Withheld now\n**agent-one and agent-two** · asked\ndisks", "[Release: release op-", "[Extend 1h: extend op-",
			"agent-four** · asked\nfan · by <@UALICE> · no end\n[Release: release f-", "# Opens next\n", "**weekly**", "[Skip: window-skip weekly/")
		if text := shownHome(home); strings.Index(text, "agent-six") < strings.Index(text, "agent-four") {
			t.Error("what others withhold stands before one's own")
		}
		if text := shownHome(bot.Home(t.Context(), bob, nil)); strings.Index(text, "agent-six") > strings.Index(text, "agent-one") {
			t.Errorf("bob's own does not stand first:\n%s", text)
		}
		carol := shownHome(bot.Home(t.Context(), filters.Actor{ID: "user:UCAROL", User: "UCAROL"}, nil))
		for _, word := range []string{"[Release", "[Extend", "[Skip", "[Filter"} {
			if strings.Contains(carol, word) {
				t.Errorf("carol is offered %s:\n%s", word, carol)
			}
		}
		homeSays(t, bot.Home(t.Context(), formActor, &filters.Error{Code: filters.Denied, Wrong: "you are a guest here"}), "You are a guest here")
		if len(on.Filters()) != 4 {
			t.Errorf("%d filters", len(on.Filters()))
		}
	})
}

// waiting is what approvals are to a Home.
type waiting struct{ err error }

func (w waiting) Awaiting(context.Context, filters.Actor) ([]commands.Item, error) {
	return []commands.Item{{Lines: []commands.Line{commands.Say("drain agent-two")}, Buttons: []commands.Button{{Label: "Approve", Action: "approve", Value: "a-1"}}}}, w.err
}

func TestHomeShowsWhatAwaitsMe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{Allow: []filters.Verb{filters.VerbDrain}})
		config := commands.Config{Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()}, Awaiting: map[string]commands.Awaiting{"prod": waiting{}}}
		bot := commands.New(config)
		defer bot.Stop(t.Context())
		defer lead(t, on, true)()
		on.Happen(filters.Event{Kind: filters.KindQuestion, Question: &filters.Question{
			ID: "q-1", Kind: filters.QuestionOpening, Text: "Open for agent-one?", Hosts: []string{"agent-one"}, Asked: time.Now().UTC(), AskedBy: formActor.ID,
		}})
		synctest.Wait()
		homeSays(t, bot.Home(t.Context(), filters.Actor{ID: "user:UBOB", User: "UBOB"}, nil), "# Awaits an answer\ndrain agent-two\n[Approve: approve a-1]", "agent-one", "[Yes: answer-yes q-", "[No: answer-no q-")
		own := bot.Home(t.Context(), formActor, nil)
		homeSays(t, own, "asked for it and cannot say yes")
		if text := shownHome(own); strings.Contains(text, "[Yes") {
			t.Errorf("who asked is offered Yes:\n%s", text)
		}
		config.Awaiting = map[string]commands.Awaiting{"prod": waiting{errors.New("away")}}
		broken := commands.New(config)
		defer broken.Stop(t.Context())
		homeSays(t, broken.Home(t.Context(), formActor, nil), "I could not ask which approvals wait for you")
	})
}
