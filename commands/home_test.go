package commands_test

import (
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

const twoEyes = `
roles:
  operator: [UALICE]
  approver: [UBOB, UDAVE]
  admin: [UROOT]
policy:
  - {name: every, verbs: [filter], require: approval, approvals: 2}
`

func TestHomeShowsWhatAwaitsMe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bot, on := formsBot(t, stage.Options{Policy: stage.ReadPolicy([]byte(twoEyes))})
		says := func(user, text string) {
			t.Helper()
			if reply := bot.Handle(t.Context(), commands.Input{Text: text, Actor: member(user), RequestKey: user + text}); reply.Code != "" {
				t.Fatal(reply.Text())
			}
		}
		home := func(user string) string {
			_, rest, _ := strings.Cut(shownHome(bot.Home(t.Context(), member(user), nil)), "# Awaits an answer\n")
			awaits, _, _ := strings.Cut(rest, "# ")
			return awaits
		}
		says("UALICE", "filter agent-one -m disk")
		says("UROOT", "filter agent-two -m fire --break-glass")
		for user, want := range map[string][]string{
			"UALICE": {"asks to withhold **agent-one** · disk", "[Withdraw: withdraw a-"},
			"UBOB":   {"asks to withhold **agent-one** · disk", "[Approve: approve a-", "[Deny: deny a-", "**broke the glass** to withhold **agent-two**", "[Review: review a-"},
			"UROOT":  {"[Approve: approve a-"},
			"UCAROL": {"Nothing."},
		} {
			shown := home(user)
			for _, part := range want {
				if !strings.Contains(shown, part) {
					t.Errorf("%s does not see %q:\n%s", user, part, shown)
				}
			}
			if count := strings.Count(shown, "[") - 2*strings.Count(shown, "Details"); user == "UALICE" && count > 0 || user == "UROOT" && strings.Contains(shown, "Review") {
				t.Errorf("%s is offered too much:\n%s", user, shown)
			}
		}
		open := on.Approvals()
		says("UBOB", "approve")
		says("UBOB", "review")
		says("UALICE", "filter agent-three -m disk")
		shown := home("UBOB")
		asked, answered, _ := strings.Cut(shown, "you said yes at ")
		if !strings.Contains(asked, "[Approve: approve a-") || !strings.Contains(answered, "takes it back") || !strings.Contains(answered, "[Deny: deny a-") || strings.Contains(answered, "Approve") || strings.Contains(shown, "Review") {
			t.Errorf("of %d approvals bob answered all that he could, was asked for another since, and sees:\n%s", len(open), shown)
		}
	})
}

func member(user string) filters.Actor { return filters.Actor{ID: "user:" + user, User: user} }

func TestHomeShowsQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{Allow: []filters.Verb{filters.VerbDrain}})
		config := commands.Config{Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()}}
		bot := commands.New(config)
		defer bot.Stop(t.Context())
		question := filters.Question{ID: "q-1", Kind: filters.QuestionContested, Text: "agent-one: repair it again?", Hosts: []string{"agent-one"}, Asked: time.Now().UTC()}
		on.Happen(filters.Event{Kind: filters.KindQuestion, Actor: "bot:one", Question: &question})
		homeSays(t, bot.Home(t.Context(), member("UBOB"), nil), "# Awaits an answer\n**agent-one: repair it again?**", "[Yes: answer-yes q-1", "[No: answer-no q-1")
	})
}
