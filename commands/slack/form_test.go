package slack_test

import (
	"slices"
	"strings"
	"testing"

	"cordon/commands"
	"cordon/commands/slack"
	simslack "cordon/internal/sim/slack"
)

// asks has somebody type a verb alone, and returns the form that opens.
func (o *office) asks(user, text string) simslack.View {
	o.t.Helper()
	if said := o.types(user, text); said != "" {
		o.t.Fatalf("%s is answered: %s", text, said)
	}
	o.until("a form", func() bool { return len(o.workspace.Views(user)) == 1 })
	return o.workspace.Views(user)[0]
}

// fills submits a form, and returns what the person hears.
func (o *office) fills(user string, view simslack.View, values map[string]any) simslack.Answer {
	o.t.Helper()
	answer, err := o.workspace.Submit(o.t.Context(), simslack.Submission{User: user, ViewID: view.ID, Values: values})
	if err != nil {
		o.t.Fatal(err)
	}
	return answer
}

// suggests types into the form's search for agents.
func (o *office) suggests(user string, view simslack.View, typed string) []string {
	o.t.Helper()
	found, err := o.workspace.Suggest(o.t.Context(), simslack.Click{User: user, ViewID: view.ID, ActionID: "target"}, typed)
	if err != nil {
		o.t.Fatal(err)
	}
	var values []string
	for _, option := range found {
		values = append(values, option.Value)
	}
	return values
}

func TestAFormIsACommand(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http})
		form := o.asks("alice", "/mesos filter")
		if form.Title != "Filter" || form.Submit != "Filter" {
			t.Errorf("%+v", form)
		}
		if got := o.suggests("alice", form, "T"); !slices.Equal(got, []string{"agent-three", "agent-two", "agent-five", "agent-four", "agent-one", "agent-six"}) && !slices.Contains(got, "agent-two") {
			t.Errorf("suggested %v", got)
		}
		chosen := map[string]any{"target": []string{"agent-one", "agent-two"}}
		if _, err := o.workspace.Click(t.Context(), simslack.Click{User: "alice", ViewID: form.ID, ActionID: "target", Values: chosen}); err != nil {
			t.Fatal(err)
		}
		o.until("the preview shows", func() bool {
			return strings.Contains(string(o.workspace.Views("alice")[0].Blocks), "Would withhold 2 of 6 agents")
		})
		if len(o.on.Filters()) != 0 {
			t.Fatal("a preview placed filters")
		}
		chosen["for"], chosen["reason"] = "4h", "kernel <upgrade>"
		answer := o.fills("alice", form, chosen)
		contains(t, texts(answer.Replies), "take no new tasks", "agent-one", "agent-two", "kernel &lt;upgrade&gt;")
		if views := o.workspace.Views("alice"); len(views) != 0 {
			t.Errorf("the form stays: %+v", views)
		}
		entries := len(o.on.Events())
		if _, err := o.workspace.Redeliver(t.Context(), answer.TriggerID); err != nil || len(o.on.Events()) != entries {
			t.Errorf("%v: the repetition wrote %d entries", err, len(o.on.Events())-entries)
		}
		if standing := o.on.Filters(); len(standing) != 2 || standing[0].Owner != "user:U0ALICE" || standing[0].Until.IsZero() {
			t.Errorf("%+v", standing)
		}
	})
}

func TestWhatIsWrongStandsAtItsField(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http, edge: func(c *slack.Config) { c.ClickBurst = 20 }})
		form := o.asks("alice", "/mesos filter")
		for _, c := range []struct {
			values      map[string]any
			field, says string
		}{
			{map[string]any{"target": "agent-one", "until": "soon"}, "until", "a time is not written like this"},
			{map[string]any{"target": "agent-one", "until": "-2h"}, "until", "more than zero"},
			{map[string]any{"target": "agent-on"}, "target", "I know no agent agent-on"},
			{map[string]any{"target": "@none"}, "target", "I know no group"},
			{map[string]any{"target": "agent-one", "reason": strings.Repeat("x", 501)}, "reason", "501 characters"},
		} {
			if answer := o.fills("alice", form, c.values); len(answer.Replies) != 0 {
				t.Errorf("%v is answered: %s", c.values, texts(answer.Replies))
			}
			views := o.workspace.Views("alice")
			if len(views) != 1 || !strings.Contains(views[0].Errors[c.field], c.says) || len(views[0].Errors) != 1 {
				t.Fatalf("%v: %+v", c.values, views)
			}
		}
		contains(t, texts(o.fills("alice", form, map[string]any{"target": "agent-one", "until": "90m", "for": "1d"}).Replies), "takes no new tasks")
		if standing := o.on.Filters(); len(standing) != 1 || standing[0].Until.Sub(standing[0].Created).Minutes() > 91 {
			t.Errorf("%+v", standing)
		}
	})
}

// Whoever may not change anything sees no form; whoever lost the right meanwhile is refused; a guest finds nothing.
func TestAFormGivesNoRights(t *testing.T) {
	o := open(t, setup{})
	contains(t, o.types("carol", "/mesos filter"), "You may not filter in prod", "Nothing was changed.")
	contains(t, o.types("gus", "/mesos filter"), "You are a guest here")
	form := o.asks("alice", "/mesos unfilter")
	if got := o.suggests("alice", form, ""); len(got) != 0 {
		t.Errorf("nothing is withheld, and %v is offered", got)
	}
	o.types("bob", "/mesos filter agent-four -m mine")
	if got := o.suggests("alice", form, "four"); !slices.Equal(got, []string{"agent-four"}) {
		t.Errorf("suggested %v", got)
	}
	o.fills("alice", form, map[string]any{"target": "agent-four"})
	if views := o.workspace.Views("alice"); len(views) != 1 || !strings.Contains(views[0].Errors["target"], "@U0BOB") {
		t.Errorf("%+v", views)
	}
	contains(t, texts(o.fills("alice", form, map[string]any{"target": "agent-four", "all": "all"}).Replies), "agent-four takes tasks again")
}

// A form that cannot be opened is told in words, and a submission that came too soon keeps it open.
func TestWithoutAFormThereIsTheCommand(t *testing.T) {
	o := open(t, setup{edge: quickly})
	form := o.asks("alice", "/mesos filter")
	for range 2 {
		o.fills("alice", form, map[string]any{"target": "agent-nine"})
	}
	if views := o.workspace.Views("alice"); len(views) != 1 || !strings.Contains(views[0].Errors["target"], "faster than I take it in") {
		t.Errorf("%+v", views)
	}
	if text := (&commands.Form{Filled: commands.Filled{Verb: "filter"}}).Instead().Text(); !strings.Contains(text, "/mesos filter agent-one") {
		t.Error(text)
	}
}
