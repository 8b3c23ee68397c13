package year

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cordon/filters"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

// fleet is the truth about the cluster's agents.
type fleet struct {
	agents   []filters.Agent
	away     map[int]time.Time // until when
	settling time.Time         // until then nothing is given back
	roster   *filters.Roster
	sizes    map[string]int
	known    map[filters.AgentID]filters.Agent // ever
	ids      int
	down     func(filters.Machine) bool // nil: no machine is
}

func newFleet(now time.Time) *fleet {
	f := &fleet{away: map[int]time.Time{}, known: map[filters.AgentID]filters.Agent{}}
	for r := range racks {
		for i := range perRack {
			role := "web"
			if i >= 12 {
				role = "db"
			}
			f.agents = append(f.agents, filters.Agent{
				ID: f.id(), Hostname: fmt.Sprintf("%s-%s-%02d", role, rack(r+1), i), IP: fmt.Sprintf("10.0.%d.%d", r, i), Port: 5051, Active: true, Registered: now,
				Attributes: []filters.Attribute{{Name: "rack", Value: rack(r + 1)}, {Name: "role", Value: role}, {Name: "zone", Value: fmt.Sprintf("z%d", r%5)}},
				Resources:  filters.Resources{CPUs: 16, MemMB: 65536},
			})
		}
	}
	f.read(now)
	return f
}

func (f *fleet) id() filters.AgentID {
	f.ids++
	return filters.AgentID(fmt.Sprintf("aaaa-S%04d", f.ids))
}

// read makes the roster and the sizes anew.
func (f *fleet) read(now time.Time) {
	view := filters.View{Cluster: "prod", Began: now, Ended: now, Backend: filters.BackendOperator}
	f.sizes = map[string]int{}
	for i := range f.agents {
		agent := f.agents[i]
		f.known[agent.ID] = agent
		if _, away := f.away[i]; away || f.down != nil && f.down(agent.Machine()) {
			continue
		}
		view.Agents = append(view.Agents, agent)
		f.sizes[""]++
		for _, attribute := range agent.Attributes {
			f.sizes[attribute.Name+"="+attribute.Value]++
		}
	}
	f.roster = filters.NewRoster(view)
}

// pass lets agents come back whose time has come.
func (f *fleet) pass(now time.Time) {
	changed := false
	for i, until := range f.away {
		if !now.Before(until) {
			delete(f.away, i)
			f.agents[i].Registered = now
			changed = true
		}
	}
	if changed {
		f.read(now)
	}
	f.roster.View().Began = now
}

// size is how many agents there are with a value of an attribute, in all if it is empty.
func (f *fleet) size(attribute, value string) int {
	if attribute == "" {
		return f.sizes[""]
	}
	return f.sizes[attribute+"="+value]
}

// attribute is an agent's. Of one that is away only its rack is known, by its filters: it counts towards no limit by
// another attribute.
func (f *fleet) attribute(id filters.AgentID, name string) string {
	agent := f.known[id]
	if name != filters.RackAttribute && f.roster.Agent(id) == nil {
		return ""
	}
	return agent.Attribute(name)
}

func (f *fleet) Roster() *filters.Roster                      { return f.roster }
func (f *fleet) Tasks(filters.AgentID) (map[string]int, bool) { return nil, false }
func (f *fleet) Condition() filters.Condition {
	return filters.Condition{Backend: filters.BackendOperator}
}

// leave lets one agent be away for a while; it may come back with another ID.
func (f *fleet) leave(i int, until time.Time, other bool, now time.Time) {
	f.away[i] = until
	if other {
		f.agents[i].ID = f.id()
	}
	f.read(now)
}

// failover lets another master lead: agents register again, some later.
func (f *fleet) failover(now time.Time, late []int) {
	f.settling = now.Add(10 * time.Minute)
	for i := range f.agents {
		f.agents[i].Registered = now
		if slices.Contains(late, i) {
			f.away[i] = now.Add(time.Duration(1+i%9) * time.Minute)
		}
	}
	f.read(now)
}
