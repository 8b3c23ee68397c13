package mesos

import (
	"maps"
	"sync"
	"time"

	"cordon/filters"
)

// members are the agents that events told of since the readings: a reading shows who is there slowly, an event at once.
// Safe for concurrent use.
type members struct {
	mutex sync.Mutex
	told  map[filters.AgentID]member
	news  chan struct{} // has a value when told changed
}

// member is the last event about an agent.
type member struct {
	at    time.Time
	agent *filters.Agent // nil: AGENT_REMOVED
}

func newMembers() *members {
	return &members{told: map[filters.AgentID]member{}, news: make(chan struct{}, 1)}
}

func (m *members) came(agent filters.Agent, at time.Time) { m.tell(agent.ID, member{at, &agent}) }

func (m *members) went(agent filters.AgentID, at time.Time) { m.tell(agent, member{at, nil}) }

func (m *members) tell(id filters.AgentID, told member) {
	m.mutex.Lock()
	m.told[id] = told
	m.mutex.Unlock()
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// amend returns the view with what events tell beyond it: events before it began are in it and are forgotten; of those
// while it was read nobody knows, so they only add or remove; later ones are newer in everything. The view given is not
// changed.
func (m *members) amend(view filters.View) filters.View {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	maps.DeleteFunc(m.told, func(_ filters.AgentID, told member) bool { return told.at.Before(view.Began) })
	if len(m.told) == 0 {
		return view
	}
	agents := make([]filters.Agent, 0, len(view.Agents)+len(m.told))
	listed := make(map[filters.AgentID]bool, len(m.told))
	for i := range view.Agents {
		agent := &view.Agents[i]
		told, ok := m.told[agent.ID]
		listed[agent.ID] = ok
		switch {
		case !ok || told.agent != nil && !told.at.After(view.Ended):
			agents = append(agents, *agent)
		case told.agent != nil:
			agents = append(agents, *told.agent)
		}
	}
	view.Recovered = m.back(view.Recovered)
	for id, told := range m.told {
		if told.agent != nil && !listed[id] {
			agents = append(agents, *told.agent)
		}
	}
	view.Agents = agents
	return view
}

// back returns the recovered agents that have not come back.
func (m *members) back(recovered []filters.Agent) []filters.Agent {
	var away []filters.Agent
	for _, agent := range recovered {
		if told, ok := m.told[agent.ID]; !ok || told.agent == nil {
			away = append(away, agent)
		}
	}
	return away
}
