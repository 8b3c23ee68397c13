package reconcile

import "cordon/filters"

// Reading is a complete reading with the index that Difference needs. It is made once for each roster and is immutable.
type Reading struct {
	*filters.Roster
	at        map[filters.AgentID]int32 // registered agents
	foreign   []int32                   // agents that are withheld, by whomever
	recovered map[filters.AgentID]bool
}

// NewReading indexes a roster.
func NewReading(roster *filters.Roster) *Reading {
	view := roster.View()
	r := &Reading{Roster: roster, at: make(map[filters.AgentID]int32, len(view.Agents))}
	for i := range view.Agents {
		agent := &view.Agents[i]
		r.at[agent.ID] = int32(i)
		if agent.Foreign(view.Backend) {
			r.foreign = append(r.foreign, int32(i))
		}
	}
	if len(view.Recovered) > 0 {
		r.recovered = make(map[filters.AgentID]bool, len(view.Recovered))
		for i := range view.Recovered {
			r.recovered[view.Recovered[i].ID] = true
		}
	}
	return r
}

// Agent returns the agent with the ID, nil if the reading did not list it.
func (r *Reading) Agent(id filters.AgentID) *filters.Agent {
	position, ok := r.at[id]
	if !ok {
		return nil
	}
	return &r.View().Agents[position]
}

// withheld calls yield with each agent that the reading shows withheld, by whomever.
func (r *Reading) withheld(yield func(*filters.Agent)) {
	agents := r.View().Agents
	for _, position := range r.foreign {
		yield(&agents[position])
	}
}
