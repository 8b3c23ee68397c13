package slack_test

import (
	"strings"
	"testing"

	"cordon/commands"
	"cordon/commands/internal/stage"
	simslack "cordon/internal/sim/slack"
)

// opensHome has somebody open their Home tab, and returns it.
func (o *office) opensHome(user string) simslack.View {
	o.t.Helper()
	if err := o.workspace.OpenHome(o.t.Context(), user); err != nil {
		o.t.Fatal(err)
	}
	view, published := o.workspace.Home(user)
	if !published {
		o.t.Fatalf("%s has no Home tab", user)
	}
	return view
}

func TestHome(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http})
		o.types("alice", "/mesos filter agent-one --for 2h -m kernel")
		home := o.opensHome("alice")
		contains(t, string(home.Blocks), "agent-one", "kernel", "U0ALICE", "Release", "Extend 1h", "Awaits an answer")
		if other := o.opensHome("carol"); strings.Contains(string(other.Blocks), "Release") || !strings.Contains(string(other.Blocks), "You may look, not change") {
			t.Errorf("carol is offered what she may not do: %s", other.Blocks)
		}
		contains(t, string(o.opensHome("gus").Blocks), "You are a guest here")
		click := simslack.Click{User: "alice", ViewID: home.ID, ActionID: commands.ActionRelease}
		answer, err := o.workspace.Click(t.Context(), click)
		if err != nil {
			t.Fatal(err)
		}
		o.until("the answer stands on the Home tab", func() bool {
			home, _ = o.workspace.Home("alice")
			return strings.Contains(string(home.Blocks), "takes tasks again") && strings.Contains(string(home.Blocks), "No filter stands")
		})
		if len(o.on.Filters()) != 0 {
			t.Error("the filter stands")
		}
		entries := len(o.on.Events())
		if _, err := o.workspace.Redeliver(t.Context(), answer.TriggerID); err != nil || len(o.on.Events()) != entries {
			t.Errorf("%v: the repetition wrote %d entries", err, len(o.on.Events())-entries)
		}
	})
}

// The Home tab's form is answered on the Home tab: there is no channel.
func TestAFormFromHomeIsAnsweredThere(t *testing.T) {
	o := open(t, setup{stage: stage.Options{Foreign: []string{"agent-five"}}})
	home := o.opensHome("alice")
	if _, err := o.workspace.Click(t.Context(), simslack.Click{User: "alice", ViewID: home.ID, ActionID: commands.ActionForm}); err != nil {
		t.Fatal(err)
	}
	o.until("a form", func() bool { return len(o.workspace.Views("alice")) == 1 })
	o.fills("alice", o.workspace.Views("alice")[0], map[string]any{"target": "agent-two", "reason": "disk"})
	o.until("the Home tab answers", func() bool {
		home, _ = o.workspace.Home("alice")
		return strings.Contains(string(home.Blocks), "takes no new tasks")
	})
	contains(t, string(home.Blocks), "disk", "agent-two")
}

// Who has their Home tab open sees what others do, and no more than they may; for whom there is nothing on it, it is left alone.
func TestHomeFollowsWhatHappens(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http})
		for _, user := range []string{"alice", "carol", "gus"} {
			o.opensHome(user)
		}
		guest, _ := o.workspace.Home("gus")
		o.types("bob", "/mesos filter agent-two --for 2h -m disk")
		o.edge.HomesChanged()
		for _, user := range []string{"alice", "carol"} {
			o.until(user+" sees it", func() bool {
				home, _ := o.workspace.Home(user)
				return strings.Contains(string(home.Blocks), "agent-two")
			})
			home, _ := o.workspace.Home(user)
			if offered := strings.Contains(string(home.Blocks), "Release"); offered != (user == "alice") {
				t.Errorf("%s is offered to release: %t", user, offered)
			}
		}
		if now, _ := o.workspace.Home("gus"); now.Hash != guest.Hash {
			t.Error("the guest's was shown anew")
		}
	})
}

// What was pressed is answered above, and what comes of it does not wipe the answer away.
func TestTheAnswerOnHomeOutlivesWhatComesOfIt(t *testing.T) {
	o := open(t, setup{})
	o.types("alice", "/mesos filter agent-one --for 2h -m kernel")
	home := o.opensHome("alice")
	if _, err := o.workspace.Click(t.Context(), simslack.Click{User: "alice", ViewID: home.ID, ActionID: commands.ActionRelease}); err != nil {
		t.Fatal(err)
	}
	o.until("the answer", func() bool {
		home, _ = o.workspace.Home("alice")
		return strings.Contains(string(home.Blocks), "takes tasks again")
	})
	answered := home.Hash
	o.types("bob", "/mesos filter agent-two --for 2h -m disk")
	o.edge.HomesChanged()
	o.until("shown anew", func() bool {
		home, _ = o.workspace.Home("alice")
		return home.Hash != answered && strings.Contains(string(home.Blocks), "agent-two")
	})
	contains(t, string(home.Blocks), "takes tasks again")
}

func TestAppWithoutAHomeTab(t *testing.T) {
	o := open(t, setup{workspace: func(c *simslack.Config) { c.HomeTab = false }})
	o.workspace.Event(map[string]any{"type": "app_home_opened", "user": "U0ALICE", "tab": "home"})
	o.until("refused", func() bool {
		for _, call := range o.workspace.Calls() {
			if call.Method == "views.publish" && call.Outcome == "not_enabled" {
				return true
			}
		}
		return false
	})
	contains(t, o.types("alice", "/mesos status"), "6 agents")
}
