package reconcile

import "cordon/filters"

// Reading is a complete reading with the index that Difference needs. It is made once for each roster and is immutable.
type Reading struct {
	*filters.Roster
	foreign   []int32 // agents that are withheld, by whomever
	recovered map[filters.AgentID]bool
}

// NewReading indexes a roster.
func NewReading(roster *filters.Roster) *Reading {
	view := roster.View()
	r := &Reading{Roster: roster}
	for i := range view.Agents {
		if agent := &view.Agents[i]; agent.Foreign(view.Backend) {
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

// withheld calls yield with each agent that the reading shows withheld, by whomever.
func (r *Reading) withheld(yield func(*filters.Agent)) {
	agents := r.View().Agents
	for _, position := range r.foreign {
		yield(&agents[position])
	}
}
