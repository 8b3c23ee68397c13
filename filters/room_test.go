package filters

import (
	"testing"
	"time"
)

func arrangement(s *scene, most LimitValue, per string, agents ...AgentID) (Arrangement, []string) {
	room := s.Room(most, per)
	a := Arrangement{Request: Request{Actor: Actor{ID: "window:w/1"}, Until: s.store.now.Add(time.Hour)}, Verb: VerbWindow, Subject: "window:w/1", Room: room}
	var reasons []string
	for _, id := range agents {
		if why := room.Take(s.roster.Agent(id)); why != "" {
			reasons = append(reasons, why)
			continue
		}
		a.Withhold = append(a.Withhold, id)
	}
	return a, reasons
}

func TestRoomCountsWhatEverybodyHolds(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits LimitConfig
		most   LimitValue
		per    string
		want   int    // of agents 1 to 3, while alice holds agent 0 in the rack of agent 1
		why    string // of the first that has no room
	}{
		{name: "no limit", want: 3},
		{name: "two of the cluster", most: LimitValue{Count: 2}, want: 1, why: "max_unavailable leaves no room: 2 of at most 2 agents are withheld"},
		{name: "one of each rack", most: LimitValue{Count: 1}, per: "rack", want: 1, why: "max_unavailable leaves no room in rack r1: 1 of at most 1 agents are withheld"},
		{name: "half of each zone", most: LimitValue{Percent: 50}, per: "zone", want: 1, why: "max_unavailable leaves no room in zone z1: 2 of at most 2 agents are withheld"},
		{name: "of an attribute that none has", most: LimitValue{Count: 1}, per: "row", want: 3},
		{name: "max_withheld", limits: LimitConfig{Rack: LimitValue{Count: 1}}, want: 1, why: "max_withheld leaves no room in rack r1: 1 of at most 1 agents are withheld"},
		{name: "the tighter of both", limits: LimitConfig{Cluster: LimitValue{Count: 2}}, most: LimitValue{Count: 3}, want: 1, why: "max_withheld leaves no room: 2 of at most 2 agents are withheld"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 4, c.limits)
			if _, err := s.Filter(t.Context(), asks(alice, "", "agent-one")); err != nil {
				t.Fatal(err)
			}
			a, reasons := arrangement(s, c.most, c.per, "aaaa-S1", "aaaa-S2", "aaaa-S3", "aaaa-S0")
			if len(a.Withhold) != c.want+1 || len(reasons) != 3-c.want || c.why != "" && reasons[0] != c.why {
				t.Errorf("%v are let, %q", a.Withhold, reasons)
			}
			if result, err := s.Arrange(t.Context(), a); err != nil || len(result.Changed) != c.want+1 {
				t.Errorf("%d are withheld, %v", len(result.Changed), err)
			}
		})
	}
}

// What somebody withheld since the room was looked for is counted where it is written.
func TestALimitHoldsThoughTheBookIsBehind(t *testing.T) {
	for _, c := range []struct {
		name string
		per  string
	}{{"over the cluster", ""}, {"by rack", RackAttribute}} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 4, LimitConfig{})
			a, _ := arrangement(s, LimitValue{Count: 1}, c.per, "aaaa-S1")
			s.store.before = func() {
				commit := Commit{}
				commit.PutFilter(Filter{ID: "f-1", Agent: "aaaa-S0", Rack: "r1", Owner: alice.Owner(), Mode: ModeFilter}, Event{Kind: KindFilter})
				if _, err := s.store.Commit(t.Context(), commit); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.Arrange(t.Context(), a); CodeOf(err) != Limited {
				t.Errorf("withheld over the limit: %v", err)
			}
		})
	}
}

// Machines that are down make their agents unavailable, each once, although the roster does not list them.
func TestRoomCountsWhatIsDown(t *testing.T) {
	for _, c := range []struct {
		name string
		per  string
		want string
	}{
		{"of the cluster", "", "max_unavailable leaves no room: 3 of at most 3 agents are withheld"},
		{"of the rack", RackAttribute, "max_unavailable leaves no room in rack r1: 3 of at most 3 agents are withheld"},
		{"not by what is not known of it", "zone", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 4, LimitConfig{})
			room := s.Room(LimitValue{Count: 3}, c.per)
			for range 2 {
				room.Away([]AgentID{"gone-S1", "gone-S2", "gone-S3"}, "r1")
			}
			if why := room.Take(s.roster.Agent("aaaa-S1")); why != c.want {
				t.Errorf("%q, want %q", why, c.want)
			}
		})
	}
}

// Of a window that drains the gate is asked as of a drain, too.
func TestWhatTheGateIsAskedOfAWindow(t *testing.T) {
	s := newScene(t, 4, LimitConfig{})
	a, _ := arrangement(s, LimitValue{}, "", "aaaa-S1")
	a.Also = []Verb{VerbDrain}
	s.without = VerbDrain
	if _, err := s.Arrange(t.Context(), a); CodeOf(err) != Denied {
		t.Errorf("a window withheld by who may not drain: %v", err)
	}
}
