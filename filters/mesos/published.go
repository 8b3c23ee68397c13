package mesos

import (
	"encoding/json"
	"time"

	"cordon/filters"
)

// publication is what the leader tells followers, who read flags seldom: Published and Overlay. IDs that are in none of
// its lists are of agents that are active, as far as the follower's own reading lists them.
type publication struct {
	Schema       int                                    `json:"schema"` // 1
	At           time.Time                              `json:"at"`     // when it was written, by the leader's clock, UTC
	AsOf         time.Time                              `json:"as_of"`  // when the reading behind the flags began
	Condition    filters.Condition                      `json:"condition"`
	Deactivated  []filters.AgentID                      `json:"deactivated,omitempty"`
	Disconnected []filters.AgentID                      `json:"disconnected,omitempty"`
	Filtered     []filters.AgentID                      `json:"filtered,omitempty"` // by the allocator module
	Drains       map[filters.AgentID]filters.DrainState `json:"drains,omitempty"`
	Departed     []filters.Departed                     `json:"departed,omitempty"`
}

// Published returns what followers need of the leader as compact JSON: its condition, and which agents are deactivated,
// disconnected, filtered or drained. It is for Overlay; nothing else should read it.
func (m *Master) Published() []byte {
	roster := m.Roster()
	told := publication{Schema: 1, At: m.config.Now().UTC(), AsOf: roster.AsOf(), Condition: m.Condition(), Departed: roster.View().Departed}
	for agent := range roster.All() {
		told.add(agent)
	}
	encoded, err := json.Marshal(told)
	if err != nil {
		panic(err) // a publication holds nothing that does not encode
	}
	return encoded
}

func (p *publication) add(agent *filters.Agent) {
	if agent.Deactivated {
		p.Deactivated = append(p.Deactivated, agent.ID)
	} else if !agent.Active {
		p.Disconnected = append(p.Disconnected, agent.ID)
	}
	if agent.Filtered {
		p.Filtered = append(p.Filtered, agent.ID)
	}
	if agent.Drain != filters.NotDraining {
		if p.Drains == nil {
			p.Drains = map[filters.AgentID]filters.DrainState{}
		}
		p.Drains[agent.ID] = agent.Drain
	}
}

// Overlay takes what the leader published: its condition, and the flags of agents if they are newer than this replica's
// own reading. It ignores what is older than it has, and everything while Lead runs.
func (m *Master) Overlay(published []byte) error {
	var told publication
	if err := json.Unmarshal(published, &told); err != nil {
		return &filters.Error{Code: filters.Internal, Wrong: "what the leader published cannot be read", Cause: err}
	}
	if told.Schema != 1 {
		return &filters.Error{Code: filters.Internal, Wrong: "the leader publishes in a form that this version does not know"}
	}
	if m.leading.Load() > 0 {
		return nil
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.told != nil && !told.At.After(m.told.At) {
		return nil
	}
	m.told = &told
	news := m.left.learn(told.Departed)
	if (news || told.AsOf.After(m.reading.Began)) && !m.reading.Ended.IsZero() {
		m.index(m.reading)
	}
	return nil
}

// over returns the view with the flags of the publication, if they are newer. The view given is not changed.
func (p *publication) over(view filters.View) filters.View {
	if p == nil || view.Ended.IsZero() || !p.AsOf.After(view.Began) {
		return view
	}
	flags := map[filters.AgentID]*filters.Agent{}
	flag := func(ids []filters.AgentID, set func(*filters.Agent)) {
		for _, id := range ids {
			if flags[id] == nil {
				flags[id] = &filters.Agent{Active: true}
			}
			set(flags[id])
		}
	}
	flag(p.Deactivated, func(a *filters.Agent) { a.Active, a.Deactivated = false, true })
	flag(p.Disconnected, func(a *filters.Agent) { a.Active = false })
	flag(p.Filtered, func(a *filters.Agent) { a.Filtered = true })
	for id, drain := range p.Drains {
		flag([]filters.AgentID{id}, func(a *filters.Agent) { a.Drain = drain })
	}
	agents := make([]filters.Agent, len(view.Agents))
	for i, agent := range view.Agents {
		agent.Active, agent.Deactivated, agent.Filtered, agent.Drain = true, false, false, filters.NotDraining
		if told := flags[agent.ID]; told != nil {
			agent.Active, agent.Deactivated, agent.Filtered, agent.Drain = told.Active, told.Deactivated, told.Filtered, told.Drain
		}
		agents[i] = agent
	}
	view.Agents, view.Began, view.Ended = agents, p.AsOf, p.AsOf
	return view
}
