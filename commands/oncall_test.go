package commands_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"

	gocmp "github.com/google/go-cmp/cmp"
)

// levels are what a Duty says, level by level; nil: that is not known.
type levels []*filters.OnCall

func (l levels) Levels() int { return len(l) }

func (l levels) OnCall(ctx context.Context, level int) (filters.OnCall, error) {
	if l[level-1] == nil {
		return filters.OnCall{}, &filters.Error{
			Code: filters.Unavailable, Wrong: "it is not known who is on call", Expected: "PagerDuty schedule P1: PagerDuty answered 503, and the configuration has no fallback",
		}
	}
	if l[level-1].Source == "slow" {
		<-ctx.Done()
		return filters.OnCall{}, &filters.Error{Code: filters.Unavailable, Wrong: "it is not known who is on call", Expected: "PagerDuty schedule P1: no answer came yet"}
	}
	return *l[level-1], nil
}

func TestOnCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := time.Now().Add(12 * time.Hour)
		bob := &filters.OnCall{Level: 1, Users: []string{"UBOB"}, Source: "PagerDuty schedule P1", Until: noon}
		group := &filters.OnCall{Level: 2, Users: []string{"UALICE", "UBOB", "UCAROL"}, Source: "Slack user group S1"}
		got := ""
		for _, test := range []struct {
			name string
			duty commands.OnCall
		}{
			{"nobody is configured", nil},
			{"one level", levels{bob}},
			{"three levels", levels{bob, group, bob}},
			{"a gap in the schedule", levels{&filters.OnCall{Level: 1, Source: "PagerDuty schedule P1"}}},
			{"the fallback stands in", levels{&filters.OnCall{Level: 1, Users: []string{"UALICE"}, Source: "Slack user group S9", Fallback: "PagerDuty schedule P1: PagerDuty does not take the token (401)"}}},
			{"a stranger", levels{&filters.OnCall{Level: 1, Users: []string{"UBOB"}, Strangers: []string{"Zoe <!channel> *Z*"}, Source: "Opsgenie schedule sre", Until: noon}}},
			{"nobody answers", levels{nil, group}},
			{"somebody is slow", levels{&filters.OnCall{Source: "slow"}}},
		} {
			on := stage.New(stage.Options{})
			bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, OnCalls: map[string]commands.OnCall{"prod": test.duty}})
			got += "# " + test.name + "\n"
			for _, text := range []string{"oncall", "status"} {
				reply := bot.Handle(t.Context(), commands.Input{Text: text, Actor: filters.Actor{ID: "user:UCAROL", User: "UCAROL"}, Channel: "COPS"})
				if reply.Code != "" {
					t.Errorf("%s: %s is refused: %s", test.name, text, reply.Text())
				}
				got += "> " + text + "\n" + markup(reply)
			}
			bot.Stop(t.Context())
		}
		const path = "testdata/oncall.golden"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if difference := gocmp.Diff(string(want), got); difference != "" {
			t.Errorf("%s (run with -update to accept):\n%s", path, difference)
		}
	})
}
