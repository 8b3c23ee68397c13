package commands_test

import (
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
			{press: &commands.Press{Action: commands.ActionRelease, Value: "f-00000000"}, key: "k8", verb: filters.VerbRelease, code: filters.Unknown},
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
