package filters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWorse(t *testing.T) {
	bound := func(change func(*Impact)) *Impact {
		impact := &Impact{Agents: 3, TasksKnown: true, Tasks: map[string]int{"marathon": 27, "kafka": 3}, Alone: []string{"kafka"}, Last: []string{"/shop"},
			Volumes: []VolumeImpact{{Role: "kafka", Count: 2}}, Roles: []RoleImpact{{Role: "web"}, {Role: "kafka", Short: ShortLimit}}}
		change(impact)
		return impact
	}
	for name, test := range map[string]struct {
		now  func(*Impact)
		then func(*Impact)
		why  string
	}{
		"as it was":                  {func(i *Impact) {}, nil, ""},
		"less of everything":         {func(i *Impact) { *i = Impact{TasksKnown: true} }, nil, ""},
		"one more task":              {func(i *Impact) { i.Tasks["marathon"] = 28 }, nil, ""},
		"a tenth more tasks":         {func(i *Impact) { i.Tasks["marathon"] = 30 }, nil, ""},
		"more than a tenth":          {func(i *Impact) { i.Tasks["marathon"] = 31 }, nil, "34 tasks instead of 30"},
		"one more agent":             {func(i *Impact) { i.Agents = 4 }, nil, ""},
		"two more agents":            {func(i *Impact) { i.Agents = 5 }, nil, "5 agents instead of 3"},
		"a framework":                {func(i *Impact) { i.Tasks["chronos"] = 1 }, nil, "tasks of chronos"},
		"a framework without tasks":  {func(i *Impact) { i.Tasks["chronos"] = 0 }, nil, ""},
		"every task":                 {func(i *Impact) { i.Alone = []string{"kafka", "marathon"} }, nil, "every task of marathon"},
		"a last instance":            {func(i *Impact) { i.Last = []string{"/pay", "/shop"} }, nil, "the last instance of /pay"},
		"a volume":                   {func(i *Impact) { i.Volumes[0].Count = 3 }, nil, "persistent volumes: 3 instead of 2"},
		"another role's volume":      {func(i *Impact) { i.Volumes = []VolumeImpact{{Role: "hdfs", Count: 2}} }, nil, "volumes of role hdfs"},
		"a guarantee":                {func(i *Impact) { i.Roles[0].Short = ShortGuarantee }, nil, "the quota's guarantee of role web"},
		"a guarantee instead of one": {func(i *Impact) { i.Roles[1].Short = ShortGuarantee }, nil, "the quota's guarantee of role kafka"},
		"tasks are not known now":    {func(i *Impact) { i.TasksKnown = false; i.Tasks["chronos"] = 99 }, nil, ""},
		"tasks were not known":       {func(i *Impact) {}, func(i *Impact) { i.TasksKnown, i.Tasks, i.Alone = false, nil, nil }, ""},
		"two things":                 {func(i *Impact) { i.Tasks["chronos"] = 1; i.Agents = 9 }, nil, "9 agents instead of 3; tasks of chronos"},
	} {
		t.Run(name, func(t *testing.T) {
			then := test.then
			if then == nil {
				then = func(*Impact) {}
			}
			if why := bound(test.now).Worse(bound(then)); why != test.why {
				t.Errorf("got %q, want %q", why, test.why)
			}
		})
	}
}

func drawImpact(t *rapid.T, label string) Impact {
	most := rapid.SampledFrom([]int{3, 60}).Draw(t, label+" names")
	names := func(what string) []string {
		drawn := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("n%02d", rapid.IntRange(0, most).Draw(t, "name")) }), 0, most, rapid.ID).Draw(t, label+what)
		slices.Sort(drawn)
		return drawn
	}
	impact := Impact{Agents: rapid.IntRange(0, 50).Draw(t, label+" agents"), TasksKnown: true, Tasks: map[string]int{}, Alone: names("alone"), Last: names("last")}
	for _, name := range names("tasks") {
		impact.Tasks[name] = rapid.IntRange(1, 30).Draw(t, label+" count")
	}
	for _, name := range names("volumes") {
		impact.Volumes = append(impact.Volumes, VolumeImpact{Role: name, Count: rapid.IntRange(1, 3).Draw(t, label+" count")})
	}
	for _, name := range names("roles") {
		impact.Roles = append(impact.Roles, RoleImpact{Role: name, Short: rapid.SampledFrom([]string{"", ShortGuarantee, ShortLimit}).Draw(t, label+" short")})
		impact.Racks = append(impact.Racks, RackImpact{Rack: name})
	}
	return impact
}

// What somebody agreed to is never worse than itself, cut or not; what is worse than one impact is worse than anything that is
// part of it; and cutting invents nothing.
func TestWorseIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, before := drawImpact(t, "now"), drawImpact(t, "before")
		brief := before.Brief()
		if why := before.Worse(&before) + before.Worse(&brief) + brief.Worse(&before); why != "" {
			t.Fatalf("worse than itself: %s", why)
		}
		if why := now.Worse(&brief); why != "" && now.Worse(&before) == "" {
			t.Fatalf("cutting makes it worse: %s", why)
		}
		less := before
		less.Tasks = maps.Clone(before.Tasks)
		for name := range less.Tasks {
			delete(less.Tasks, name)
			break
		}
		less.Agents, less.Last, less.Volumes = before.Agents/2, before.Last[:len(before.Last)/2], before.Volumes[:len(before.Volumes)/2]
		if why := now.Worse(&before); why != "" && now.Worse(&less) == "" {
			t.Fatalf("worse than the whole (%s) and not than a part", why)
		}
		if brief.TaskSum() != before.TaskSum() || brief.VolumeSum() != before.VolumeSum() {
			t.Fatal("cutting loses count")
		}
		text, err := json.Marshal(brief)
		if err != nil || len(text) > 8<<10 {
			t.Fatalf("%d bytes are stored (%v)", len(text), err)
		}
	})
}

// surveyed is a Survey and Apps that tell what they are told to.
type surveyed struct {
	load    Workload
	known   bool
	demands Demands
	last    []string
	err     error
}

func (s *surveyed) Workload([]AgentID) (Workload, bool)               { return s.load, s.known }
func (s *surveyed) Demands(context.Context) Demands                   { return s.demands }
func (s *surveyed) Last(context.Context, []AgentID) ([]string, error) { return s.last, s.err }

func TestImpactOfDrainingAndOfFiltering(t *testing.T) {
	s := newScene(t, 6, LimitConfig{}) // 4 CPUs each
	s.set(1, func(a *Agent) {          // agent-one
		a.Allocated = &Resources{CPUs: 2}
		a.Claims = &Claims{
			Shares:  []Share{{Role: "hdfs", Used: Resources{CPUs: 1}}, {Role: "kafka", Used: Resources{CPUs: 1}, Idle: Resources{CPUs: 1}}},
			Volumes: []Volume{{ID: "v1", Role: "kafka", Principal: "ops", SizeMB: 10}, {ID: "v2", Role: "kafka", Principal: "ops", SizeMB: 5}},
		}
	})
	s.set(2, func(a *Agent) {
		a.Claims = &Claims{Shares: []Share{{Role: "web", Used: Resources{CPUs: 3}}}}
		a.Allocated = &Resources{CPUs: 3}
	})
	s.set(3, func(a *Agent) { a.Active = false })
	told := &surveyed{known: true, last: []string{"/shop"}, demands: Demands{
		Down: 1, Subscribers: map[string][]string{"kafka": {"kafka-one"}}, Unread: []string{"roles"},
		Quotas:     []Quota{{Role: "kafka", Guarantee: Resources{CPUs: 15}}, {Role: "hdfs", Guarantee: Resources{CPUs: 14.5}}, {Role: "web", Limit: Resources{CPUs: 30}}},
		Operations: []PendingOperation{{Agent: "aaaa-S1", Type: "CREATE"}, {Agent: "aaaa-S1", Type: "RESERVE", Framework: "kafka-one"}, {Agent: "aaaa-S1", Type: "RESERVE", Framework: "kafka-one"}, {Agent: "aaaa-S9", Type: "CREATE"}},
	}}
	config := s.Service.config
	config.Survey, config.Apps = told, told
	service := NewService(config)
	agent := s.Roster().Agent("aaaa-S1")
	drain := service.Cost(t.Context(), ModeDrain, []*Agent{agent})
	want := Impact{
		AsOf: drain.AsOf, Agents: 1, Total: 6, Away: 1, Down: 1, Racks: drain.Racks, Tasks: map[string]int{}, TasksKnown: true, Last: []string{"/shop"},
		Volumes:    []VolumeImpact{{Role: "kafka", Principals: []string{"ops"}, Frameworks: []string{"kafka-one"}, Count: 2, SizeMB: 15}},
		Operations: []OperationImpact{{Type: "RESERVE", Framework: "kafka-one", Count: 2}, {Type: "CREATE", Count: 1}},
		Left:       Resources{CPUs: 13, MemMB: drain.Left.MemMB}, Whole: drain.Whole, Unread: []string{"roles"},
		Roles: []RoleImpact{
			{Role: "hdfs", Could: Resources{CPUs: 13, MemMB: drain.Left.MemMB}, Guarantee: Resources{CPUs: 14.5}},
			{Role: "kafka", Could: Resources{CPUs: 13, MemMB: drain.Left.MemMB}, Guarantee: Resources{CPUs: 15}, Short: ShortGuarantee},
			{Role: "web", Could: Resources{CPUs: 16, MemMB: drain.Left.MemMB}, Limit: Resources{CPUs: 30}},
		},
	}
	want.Roles[0].Short = ShortGuarantee
	if diff := cmp.Diff(want, drain); diff != "" {
		t.Error(diff)
	}
	request := asks(alice, "k1", agent.Hostname)
	request.DryRun = true
	filter := must(t)(service.Filter(t.Context(), request)).Impact
	if could := filter.Roles[0].Could.CPUs; could != 14 { // what runs there runs on
		t.Errorf("hdfs could have %v CPUs", could)
	}
	told.err, told.known = errors.New("no"), false
	if unread := service.Cost(t.Context(), ModeDrain, []*Agent{agent}); strings.Join(unread.Unread, ", ") != "roles, last instances" || unread.TasksKnown {
		t.Errorf("unread: %v, tasks known: %v", unread.Unread, unread.TasksKnown)
	}
}

// What runs on an agent that the master does not list is not known; it counts as withheld all the same, once.
func TestImpactOfAgentsThatAreNotListed(t *testing.T) {
	s := newScene(t, 6, LimitConfig{Cluster: LimitValue{Count: 2}})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-six")))
	six := s.view.Agents[5]
	s.view.Agents, s.view.Departed = s.view.Agents[:5], []Departed{{Agent: six, Since: s.store.now}}
	s.roster = NewRoster(s.view)
	forgotten, listed := &Agent{ID: "aaaa-S77", Hostname: "aaaa-S77"}, s.roster.Agent("aaaa-S1")
	impact := s.Cost(t.Context(), ModeDrain, []*Agent{&six, forgotten, listed})
	machine := s.impact(t.Context(), &Plan{Steps: []Step{{Hostname: "agent-ten@10.0.0.9", Mode: ModeDown}, {Hostname: "agent-ten@10.0.0.10", Mode: ModeDown}}})
	if machine.Unlisted != 2 || machine.Agents != 0 {
		t.Errorf("of machines %d are not listed, %d agents", machine.Unlisted, machine.Agents)
	}
	if impact.Unlisted != 2 || impact.Agents != 2 || impact.TaskSum() != 1 {
		t.Errorf("%d not listed, %d newly withheld, %d tasks known", impact.Unlisted, impact.Agents, impact.TaskSum())
	}
	if impact := s.Cost(t.Context(), ModeDrain, []*Agent{listed}); impact.Unlisted != 0 {
		t.Errorf("%d of the listed are not", impact.Unlisted)
	}
}
