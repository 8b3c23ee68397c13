package mesos

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

func TestMembersAmendAReading(t *testing.T) {
	base := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	at := func(second int) time.Time { return base.Add(time.Duration(second) * time.Second) }
	agent := func(id string, active bool) filters.Agent {
		return filters.Agent{ID: filters.AgentID(id), Hostname: id, Active: active}
	}
	came := func(id string) func(*members, time.Time) {
		return func(m *members, when time.Time) { m.came(agent(id, true), when) }
	}
	went := func(id string) func(*members, time.Time) {
		return func(m *members, when time.Time) { m.went(filters.AgentID(id), when) }
	}
	// The reading began at 10 and ended at 20; it shows a, disconnected, and b.
	tests := []struct {
		name   string
		second int
		event  func(*members, time.Time)
		want   []string
	}{
		{"nothing", 5, func(*members, time.Time) {}, []string{"a-", "b+"}},
		{"removed before the reading: it is back", 5, went("a"), []string{"a-", "b+"}},
		{"added before the reading: it is gone again", 5, came("c"), []string{"a-", "b+"}},
		{"removed meanwhile", 15, went("a"), []string{"b+"}},
		{"added meanwhile", 15, came("c"), []string{"a-", "b+", "c+"}},
		{"added meanwhile, and read: the reading may be newer", 15, came("a"), []string{"a-", "b+"}},
		{"removed after", 25, went("b"), []string{"a-"}},
		{"back after", 25, came("a"), []string{"a+", "b+"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			members := newMembers()
			test.event(members, at(test.second))
			view := filters.View{Began: at(10), Ended: at(20), Agents: []filters.Agent{agent("a", false), agent("b", true)}}
			before := slices.Clone(view.Agents)
			var got []string
			for _, agent := range members.amend(view).Agents {
				got = append(got, string(agent.ID)+map[bool]string{true: "+", false: "-"}[agent.Active])
			}
			amended := members.amend(view)
			if diff := cmp.Diff(amended.Agents, members.amend(amended).Agents); diff != "" {
				t.Errorf("counted again, events change something: %s", diff)
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, view.Agents); diff != "" {
				t.Errorf("the reading itself was changed: %s", diff)
			}
		})
	}
}

func TestRecoveredAgentsComeBackByEvents(t *testing.T) {
	members := newMembers()
	now := time.Now()
	members.came(filters.Agent{ID: "a", Active: true}, now.Add(time.Second))
	view := members.amend(filters.View{Began: now, Ended: now, Recovered: []filters.Agent{{ID: "a"}, {ID: "b"}}})
	if len(view.Agents) != 1 || len(view.Recovered) != 1 || view.Recovered[0].ID != "b" {
		t.Errorf("agents %v, recovered %v", view.Agents, view.Recovered)
	}
}

func TestOverlayYieldsToANewerReading(t *testing.T) {
	base := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	view := filters.View{Began: base, Ended: base, Agents: []filters.Agent{{ID: "a", Active: true}, {ID: "b"}, {ID: "c", Active: true, Filtered: true}, {ID: "d", Active: true}}}
	told := &publication{
		AsOf: base.Add(time.Second), Deactivated: []filters.AgentID{"a", "not-known-here"}, Disconnected: []filters.AgentID{"d"},
		Filtered: []filters.AgentID{"b"}, Drains: map[filters.AgentID]filters.DrainState{"a": filters.Drained},
	}
	want := []filters.Agent{{ID: "a", Deactivated: true, Drain: filters.Drained}, {ID: "b", Active: true, Filtered: true}, {ID: "c", Active: true}, {ID: "d"}}
	if diff := cmp.Diff(want, told.over(view).Agents); diff != "" {
		t.Error(diff)
	}
	told.AsOf = base
	if diff := cmp.Diff(view, told.over(view)); diff != "" {
		t.Errorf("an older publication: %s", diff)
	}
	var none *publication
	if diff := cmp.Diff(view, none.over(view)); diff != "" {
		t.Errorf("no publication: %s", diff)
	}
}
