package commands_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
)

// What was refused is in the journal, once for its key; what only looks, dry runs and typing errors in the verb are not.
func TestRefusalsAreInTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{})
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}})
		defer bot.Stop(t.Context())
		for _, c := range []struct {
			text, key string
			press     *commands.Press
			verb      filters.Verb
			code      filters.Code
		}{
			{text: "filter agent-nine", key: "k1", verb: filters.VerbFilter, code: filters.Unknown},
			{text: "filter agent-nine", key: "k1"}, // delivered again
			{text: "filter agent-one --for -2h", key: "k2", verb: filters.VerbFilter, code: filters.Invalid},
			{text: `unfilter agent-one -m "oops`, key: "k3", verb: filters.VerbUnfilter, code: filters.Invalid},
			{text: "release f-00000000", key: "k4", verb: filters.VerbRelease, code: filters.Unknown},
			{text: "filter agent-nine --dry-run", key: "k5"},
			{text: "status agent-nine", key: "k6"},
			{text: "fliter agent-one", key: "k7"},
			{text: "filter agent-one -c elsewhere", key: "k9", verb: filters.VerbFilter, code: filters.Unknown},
			{press: &commands.Press{Action: commands.ActionRelease, Value: "f-00000000"}, key: "k8", verb: filters.VerbRelease, code: filters.Unknown},
			{press: &commands.Press{Action: commands.ActionDeny, Value: "a-1", Reason: "\u202e"}, key: "k10", verb: filters.VerbApprove, code: filters.Invalid},
		} {
			before := len(on.Events())
			input := commands.Input{Text: c.text, Press: c.press, Actor: filters.Actor{ID: "user:UALICE", User: "UALICE"}, RequestKey: c.key, Cause: filters.CauseCommand}
			if c.press != nil {
				input.Cause, input.Message = filters.CauseClick, "C1/17.5"
			}
			bot.Handle(t.Context(), input)
			written := on.Events()[before:]
			if c.verb == "" {
				if len(written) > 0 {
					t.Errorf("%s: written was %+v", c.text, written)
				}
				continue
			}
			if len(written) != 1 {
				t.Errorf("%s: %d entries were written", c.text, len(written))
				continue
			}
			event := written[0]
			if event.Kind != filters.KindRefused || event.Verb != c.verb || event.Outcome != string(c.code) || event.Request != c.key || event.Actor != "user:UALICE" || event.Reason == "" || event.Message != input.Message {
				t.Errorf("%s: %+v", c.text, event)
			}
		}
	})
}

// Whoever is nobody here, and whatever is asked in the wrong place, is in the journal of the cluster that was meant.
func TestRefusalsOfStrangersAreInTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := stage.ReadPolicy([]byte("roles:\n  operator: [UALICE]\n"))
		prod, test := stage.New(stage.Options{Policy: policy}), stage.New(stage.Options{Name: "test", Policy: policy})
		bot := commands.New(commands.Config{
			Clusters: map[string]commands.Service{"prod": prod, "test": test},
			Channels: map[string]string{"CPROD": "prod", "CTEST": "test"}, Allowed: map[string][]string{"CTEST": {"test"}},
		})
		defer bot.Stop(t.Context())
		alice, nobody := filters.Actor{ID: "user:UALICE", User: "UALICE"}, filters.Actor{ID: "user:UNONE", User: "UNONE"}
		guest := &filters.Error{Code: filters.Denied, Wrong: "you are a guest here"}
		away := &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say who you are, so the answer is no for now"}
		for _, c := range []struct {
			name  string
			input commands.Input
			says  string // empty: it is not in the journal
		}{
			{"a guest", commands.Input{Text: "filter agent-one", Actor: nobody, Refused: guest}, "you are a guest here"},
			{"a guest's click", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Actor: nobody, Refused: guest}, "you are a guest here"},
			{"a guest's form", commands.Input{Filled: &commands.Filled{Verb: "filter"}, Actor: nobody, Refused: guest}, "you are a guest here"},
			{"a guest looks", commands.Input{Text: "status", Actor: nobody, Refused: guest}, ""},
			{"Slack is away", commands.Input{Text: "filter agent-one", Actor: alice, Refused: away}, "does not say who you are"},
			{"nobody's role", commands.Input{Text: "filter agent-one", Actor: nobody}, "you may not see *prod*"},
			{"nobody's role looks", commands.Input{Text: "status", Actor: nobody}, ""},
			{"the wrong channel", commands.Input{Text: "filter agent-one -c prod", Actor: alice, Channel: "CTEST"}, "this channel may not speak to `prod`"},
			{"another's token", commands.Input{Text: "filter agent-one -c test", Actor: alice, Cluster: "prod"}, "this speaks to *prod* alone"},
		} {
			input := c.input
			input.RequestKey, input.Cause = c.name, filters.CauseCommand
			if input.Channel == "" {
				input.Channel = "CPROD"
			}
			before := len(prod.Events())
			bot.Handle(t.Context(), input)
			written := prod.Events()[before:]
			if c.says == "" && len(written) != 0 || c.says != "" && len(written) != 1 {
				t.Errorf("%s: written was %+v", c.name, written)
				continue
			}
			for _, event := range written {
				if event.Kind != filters.KindRefused || event.Actor != input.Actor.ID || event.Request != c.name || !strings.Contains(event.Reason, c.says) {
					t.Errorf("%s: written was %+v", c.name, event)
				}
			}
		}
		if len(test.Events()) != 0 {
			t.Errorf("in the other cluster's journal stands %+v", test.Events())
		}
	})
}
