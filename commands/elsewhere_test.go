package commands_test

import (
	"strings"
	"testing"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
)

// A button's ID means something in the cluster of its channel alone, whoever presses it.
func TestAnApprovalOfAnotherClusterCannotBeReached(t *testing.T) {
	prod, test := stage.New(stage.Options{}), stage.New(stage.Options{Name: "test"})
	bot := commands.New(commands.Config{
		Clusters: map[string]commands.Service{"prod": prod, "test": test},
		Channels: map[string]string{"CPROD": "prod", "CTEST": "test"}, Allowed: map[string][]string{"CTEST": {"test"}},
	})
	now := time.Now().UTC()
	approval := filters.Approval{
		Schema: 1, ID: "a-1", Plan: filters.Plan{Cluster: "prod", Verb: filters.VerbFilter, Kind: filters.PlanFilters}, Needs: filters.Needs{Approvals: 1},
		By: "user:UBOB", User: "UBOB", Asked: now, Expires: now.Add(time.Hour), State: filters.ApprovalOpen,
	}
	if err := prod.Settle(t.Context(), 1, filters.Actor{ID: "bot:one"}, filters.ApprovalStep{Approval: approval, Outcome: "open"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		input commands.Input
		says  string
	}{
		{"pressed in another cluster's channel", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Channel: "CTEST"}, "I know no approval a-1"},
		{"pressed in a channel of no cluster", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Channel: "CELSE"}, "belongs to no cluster"},
		{"typed in a channel that may not speak to it", commands.Input{Text: "approve a-1 -c prod", Channel: "CTEST"}, "This channel may not speak to prod"},
		{"from the Home tab of a cluster that is none", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Cluster: "nope"}, "I know no cluster nope"},
		{"from the Home tab's part of another cluster", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Cluster: "test"}, "I know no approval a-1"},
		{"an ID that is turned round", commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1\u202e"}, Channel: "CPROD"}, "This button carries no ID"},
		{"an ID of another kind", commands.Input{Text: "approve a-1` `a-2", Channel: "CPROD"}, "one approval at a time"},
		{"two IDs", commands.Input{Text: "approve a-1 a-2", Channel: "CPROD"}, "one approval at a time"},
		{"a reason that nobody can read", commands.Input{Press: &commands.Press{Action: commands.ActionDeny, Value: "a-1", Reason: "no \u202eevil"}, Channel: "CPROD"}, "a character that cannot be seen (U+202E)"},
		{"a reason of ten thousand letters", commands.Input{Press: &commands.Press{Action: commands.ActionDeny, Value: "a-1", Reason: strings.Repeat("x", 10_000)}, Channel: "CPROD"}, "The reason (-m) is 10000 characters long"},
		{"the same, typed", commands.Input{Text: "deny a-1 -m " + strings.Repeat("x", 9_000), Channel: "CPROD"}, "The reason (-m) is 9000 characters long"},
		{"a dialog of another cluster's channel", commands.Input{Press: &commands.Press{Action: commands.ActionDeny, Value: "a-1", Reason: "no"}, Channel: "CTEST"}, "I know no approval a-1"},
	} {
		c.input.Actor, c.input.RequestKey = alice, c.name
		reply := bot.Handle(t.Context(), c.input)
		if reply.Code == "" || !strings.Contains(strings.ReplaceAll(reply.Text(), "`", ""), c.says) || !strings.Contains(reply.Text(), "Nothing was changed") {
			t.Errorf("%s: %s %q, expected %q", c.name, reply.Code, reply.Text(), c.says)
		}
	}
	if now, err := prod.Approval("a-1"); err != nil || len(now.Votes) != 0 {
		t.Fatalf("somebody was heard: %+v, %v", now, err)
	}
	reply := bot.Handle(t.Context(), commands.Input{Press: &commands.Press{Action: commands.ActionApprove, Value: "a-1"}, Channel: "CPROD", Actor: alice, RequestKey: "here"})
	if !strings.Contains(reply.Text(), "That is enough") {
		t.Errorf("in its own channel: %q", reply.Text())
	}
}
