package mesos

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

func listOf(view filters.View, ids ...string) *filters.Roster {
	for _, id := range ids {
		view.Agents = append(view.Agents, filters.Agent{
			ID: filters.AgentID(id), Hostname: "host-" + id, IP: "10.0.0.1", Port: 5051, Active: true, Deactivated: true,
			Attributes: []filters.Attribute{{Name: "disk", Value: "ssd"}, {Name: "rack", Value: "r1"}},
		})
	}
	return filters.NewRoster(view)
}

func idsOf(departed []filters.Departed) string {
	text := ""
	for _, one := range departed {
		text += string(one.Agent.ID) + " "
	}
	return text
}

func TestWhoLeftIsRemembered(t *testing.T) {
	start := time.Date(2026, 11, 21, 14, 3, 0, 0, time.UTC)
	var d departures
	all, some := listOf(filters.View{}, "a", "b", "c"), listOf(filters.View{}, "a")
	if got := d.follow(listOf(filters.View{}), all, start); len(got) != 0 {
		t.Errorf("at the first reading %v have left", got)
	}
	got := d.follow(all, some, start)
	want := filters.Departed{Since: start, Agent: filters.Agent{
		ID: "b", Hostname: "host-b", IP: "10.0.0.1", Port: 5051, Attributes: []filters.Attribute{{Name: "rack", Value: "r1"}},
	}}
	if diff := cmp.Diff(want, got[0]); diff != "" || idsOf(got) != "b c " {
		t.Errorf("%s, left %s", diff, idsOf(got))
	}
	if got := d.follow(some, some, start.Add(time.Hour)); idsOf(got) != "b c " || !got[0].Since.Equal(start) {
		t.Errorf("an hour later %v have left", got)
	}
	if got := d.follow(some, listOf(filters.View{}, "a", "b"), start.Add(2*time.Hour)); idsOf(got) != "c " {
		t.Errorf("b is back, and %s have left", idsOf(got))
	}
	if got := d.follow(some, some, start.Add(25*time.Hour)); len(got) != 0 {
		t.Errorf("a day later %s are remembered", idsOf(got))
	}
}

// After a failover agents that have not come back yet have not left.
func TestRecoveredAgentsHaveNotLeft(t *testing.T) {
	var d departures
	all := listOf(filters.View{}, "a", "b")
	recovering := listOf(filters.View{Recovered: []filters.Agent{{ID: "b", Hostname: "host-b"}}}, "a")
	if got := d.follow(all, recovering, time.Now()); len(got) != 0 {
		t.Errorf("%s have left", idsOf(got))
	}
	if got := d.follow(recovering, listOf(filters.View{}, "a"), time.Now()); idsOf(got) != "b " {
		t.Errorf("given up are %s", idsOf(got))
	}
}

func TestNoMoreThanAThousandAreRemembered(t *testing.T) {
	var d departures
	var told []filters.Departed
	start := time.Date(2026, 11, 21, 14, 3, 0, 0, time.UTC)
	for i := range departedMost + 5 {
		told = append(told, filters.Departed{Agent: filters.Agent{ID: filters.AgentID(fmt.Sprint(i))}, Since: start.Add(time.Duration(i) * time.Second)})
	}
	d.learn(told)
	none := listOf(filters.View{})
	got := d.follow(none, none, start.Add(time.Hour))
	if len(got) != departedMost || len(d.known) != departedMost || got[0].Agent.ID != "1004" {
		t.Errorf("%d are remembered, the newest %s", len(got), got[0].Agent.ID)
	}
}

// What one leader saw leave, the next one knows.
func TestDeparturesArePublished(t *testing.T) {
	since := time.Date(2026, 11, 21, 14, 3, 0, 0, time.UTC)
	told := publication{Schema: 1, At: since, Departed: []filters.Departed{{Agent: filters.Agent{ID: "b", Hostname: "host-b"}, Since: since}}}
	master, err := New(Config{Cluster: "prod", Masters: []string{"http://127.0.0.1:1"}, Now: func() time.Time { return since.Add(time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	master.told = &publication{}
	master.left.learn(told.Departed)
	master.index(filters.View{Began: since, Ended: since, Agents: []filters.Agent{{ID: "a"}}})
	if agent, away := master.Roster().Known("b"); agent == nil || !away.Equal(since) {
		t.Errorf("b is %v since %v", agent, away)
	}
	var other Master
	other.roster.Store(filters.NewRoster(filters.View{}))
	if err := other.Overlay(master.Published()); err != nil || idsOf(other.left.newest()) != "b " {
		t.Errorf("%v, learnt %s", err, idsOf(other.left.newest()))
	}
	t.Run("also by one that has read the cluster since", func(t *testing.T) {
		next, err := New(Config{Cluster: "prod", Masters: []string{"http://127.0.0.1:1"}, Now: func() time.Time { return since.Add(time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		next.reading = filters.View{Began: since.Add(time.Hour), Ended: since.Add(time.Hour), Agents: []filters.Agent{{ID: "a"}}}
		next.index(next.reading)
		if err := next.Overlay(master.Published()); err != nil {
			t.Fatal(err)
		}
		if agent, away := next.Roster().Known("b"); agent == nil || !away.Equal(since) {
			t.Errorf("b is %v since %v", agent, away)
		}
	})
}
