package reconcile

import (
	"fmt"
	"testing"
	"time"

	"cordon/filters"
)

// A leader may take over in the minutes after a failover, when the master lists nobody as recovered any more: it holds what
// it reads against the fleet that the leader before left settled.
func TestALeaderHoldsItsFirstReadingAgainstTheFleetBefore(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		before Baseline
		leader string
		agents int
		held   bool
	}{
		"nothing is known":                  {Baseline{}, "one:5050", 12, false},
		"as before":                         {Baseline{"one:5050", 20}, "one:5050", 20, false},
		"two less are nothing":              {Baseline{"one:5050", 20}, "one:5050", 18, false},
		"a master that restarted meanwhile": {Baseline{"one:5050", 20}, "one:5050", 12, true},
		"another master, agents away":       {Baseline{"one:5050", 20}, "two:5050", 12, true},
		"another master, all here":          {Baseline{"one:5050", 20}, "two:5050", 20, false},
		"a larger fleet":                    {Baseline{"one:5050", 20}, "one:5050", 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := settling{reregister: 10 * time.Minute, leader: test.before.Leader, fleet: test.before.Fleet}
			holding := ""
			for i := range 3 { // the reading that found it, and those after it
				at := now.Add(time.Duration(i) * time.Minute)
				view := filters.View{Began: at, Leader: test.leader}
				for n := range test.agents {
					view.Agents = append(view.Agents, filters.Agent{ID: filters.AgentID(fmt.Sprint("S", n))})
				}
				holding, _ = s.observe(&surroundings{at, at, now.Add(-time.Second), test.leader, 0, filters.NewRoster(view), nil})
			}
			if (holding != "") != test.held {
				t.Errorf("giving back is held: %q, want held %v", holding, test.held)
			}
		})
	}
}
