package slack_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"cordon/commands"
	"cordon/commands/poster"
	"cordon/filters"
	simslack "cordon/internal/sim/slack"
)

// Only full members of the workspace are found by their addresses, and Slack is not asked twice in a row.
func TestByEmail(t *testing.T) {
	o := open(t, setup{})
	for address, want := range map[string]string{
		"alice@example.com": "U0ALICE", "gus@example.com": "", "gone@example.com": "", "robot@example.com": "", "nobody@example.com": "",
	} {
		for range 2 {
			if got, err := o.edge.ByEmail(t.Context(), address); err != nil || got != want {
				t.Errorf("%s: %q %v", address, got, err)
			}
		}
	}
	asked := 0
	for _, call := range o.workspace.Calls() {
		if call.Method == "users.lookupByEmail" {
			asked++
		}
	}
	if asked != 5 {
		t.Errorf("asked %d times for 5 addresses", asked)
	}
	if err := o.workspace.SetMode("down", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := o.edge.ByEmail(t.Context(), "bob@example.com"); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("Slack is down: %v", err)
	}
}

func TestByEmailNeedsItsScope(t *testing.T) {
	o := open(t, setup{workspace: func(c *simslack.Config) {
		c.Scopes = slices.DeleteFunc(slices.Clone(c.Scopes), func(scope string) bool { return scope == "users:read.email" })
	}})
	_, err := o.edge.ByEmail(t.Context(), "bob@example.com")
	if filters.CodeOf(err) != filters.Unavailable {
		t.Error(err)
	}
	contains(t, err.Error(), "users:read.email")
}

// Who is in a group now is asked each time, and nothing older is an answer.
func TestMembersNow(t *testing.T) {
	o := open(t, setup{})
	if members, err := o.edge.MembersNow(t.Context(), "S0OPS"); err != nil || !slices.Equal(members, []string{"U0ALICE", "U0BOB"}) {
		t.Errorf("%v %v", members, err)
	}
	if err := o.workspace.SetGroup("s0ops", []string{"alice"}); err != nil {
		t.Fatal(err)
	}
	if members, err := o.edge.MembersNow(t.Context(), "S0OPS"); err != nil || !slices.Equal(members, []string{"U0ALICE"}) {
		t.Errorf("bob has left: %v %v", members, err)
	}
	if err := o.workspace.SetMode("down", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := o.edge.MembersNow(t.Context(), "S0OPS"); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("Slack is down: %v", err)
	}
}

// Whoever presses Approve again and again without being in the group, or many at once, cost one question to Slack; who is in it counts
// by what Slack says just then, and one who has left is refused at once.
func TestAskingWhoIsInAGroupIsBounded(t *testing.T) {
	o := open(t, setup{})
	asked := func() int {
		return len(slices.DeleteFunc(o.workspace.Calls(), func(call simslack.Call) bool { return call.Method != "usergroups.users.list" }))
	}
	var pressing sync.WaitGroup
	for range 50 {
		pressing.Go(func() {
			for _, user := range []string{"U0CAROL", "U0GUEST"} {
				if in, err := o.edge.MemberNow(t.Context(), "S0OPS", user); in || err != nil {
					t.Errorf("%s: %v %v", user, in, err)
				}
			}
		})
	}
	pressing.Wait()
	if count := asked(); count != 1 {
		t.Errorf("Slack was asked %d times", count)
	}
	if in, err := o.edge.MemberNow(t.Context(), "S0OPS", "U0BOB"); !in || err != nil || asked() != 2 {
		t.Errorf("who is in it: %v %v, %d questions", in, err, asked())
	}
	if err := o.workspace.SetGroup("s0ops", []string{"alice"}); err != nil {
		t.Fatal(err)
	}
	if in, err := o.edge.MemberNow(t.Context(), "S0OPS", "U0BOB"); in || err != nil {
		t.Errorf("who has left a moment ago: %v %v", in, err)
	}
	if err := o.workspace.SetGroup("s0ops", nil); err != nil {
		t.Fatal(err)
	}
	if in, err := o.edge.MemberNow(t.Context(), "S0OPS", "U0ALICE"); in || err != nil {
		t.Errorf("of a group that was emptied: %v %v", in, err)
	}
}

// Where Slack takes no more questions the answer is no, and it is not asked again before it said.
func TestSlacksLimitOnGroupsIsKept(t *testing.T) {
	o := open(t, setup{})
	limited := func() int {
		return len(slices.DeleteFunc(o.workspace.Calls(), func(call simslack.Call) bool {
			return call.Method != "usergroups.users.list" || call.Outcome != "ratelimited"
		}))
	}
	refused := 0
	for range 200 {
		if in, err := o.edge.MemberNow(t.Context(), "S0OPS", "U0BOB"); filters.CodeOf(err) == filters.Unavailable && !in {
			refused++
		}
	}
	if refused == 0 || limited() > 1+refused/20 {
		t.Errorf("Slack refused %d questions, and %d times nobody could tell", limited(), refused)
	}
}

// A direct message is seen by its person alone, and found again.
func TestDirect(t *testing.T) {
	o := open(t, setup{})
	direct, since := o.edge.Direct("U0BOB"), time.Now()
	if _, found, err := direct.Find(t.Context(), "", "shift-1", since); err != nil || found {
		t.Errorf("found what is not there: %v", err)
	}
	ref, err := direct.Post(t.Context(), poster.Message{Key: "shift-1", Lines: []commands.Line{commands.Say("you are on call")}})
	if err != nil {
		t.Fatal(err)
	}
	if found, ok, err := direct.Find(t.Context(), "", "shift-1", since); err != nil || !ok || found != ref {
		t.Errorf("%q %v %v", found, ok, err)
	}
	if err := direct.Update(t.Context(), ref, poster.Message{Key: "shift-1", Lines: []commands.Line{commands.Say("you were on call")}}); err != nil {
		t.Error(err)
	}
	contains(t, texts(o.workspace.Messages("bob")), "you were on call")
	if seen := o.workspace.Messages("alice"); len(seen) > 0 {
		t.Errorf("alice sees %s", texts(seen))
	}
	if _, err := o.edge.Direct("U0NOBODY").Post(t.Context(), poster.Message{Key: "shift-2"}); err == nil {
		t.Error("nobody was told")
	}
}
