package mesos

import (
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// departedMost is how many departed agents are remembered, departedFor for how long.
	departedMost = 1000
	departedFor  = 24 * time.Hour
)

// departures are the agents that left the readings: the master lists no unreachable agent, but takes calls for it. It belongs to
// Master, whose mutex guards it.
type departures struct {
	known map[filters.AgentID]filters.Departed
}

// follow notes who left between two readings, forgets who is back, and returns those that are away, the newest first.
func (d *departures) follow(before, after *filters.Roster, now time.Time) []filters.Departed {
	recovered := map[filters.AgentID]bool{}
	for i := range after.View().Recovered {
		recovered[after.View().Recovered[i].ID] = true
	}
	there := func(id filters.AgentID) bool { return after.Agent(id) != nil || recovered[id] }
	for agent := range before.All() {
		if !there(agent.ID) {
			d.note(filters.Departed{Agent: trimmed(agent), Since: now})
		}
	}
	for i := range before.View().Recovered { // given up after a failover
		if agent := &before.View().Recovered[i]; !there(agent.ID) {
			d.note(filters.Departed{Agent: trimmed(agent), Since: now})
		}
	}
	maps.DeleteFunc(d.known, func(id filters.AgentID, departed filters.Departed) bool {
		return there(id) || now.Sub(departed.Since) > departedFor
	})
	return d.newest()
}

// learn takes over what another replica remembers, and tells whether any of it was news.
func (d *departures) learn(told []filters.Departed) (news bool) {
	for _, departed := range told {
		if known, ok := d.known[departed.Agent.ID]; !ok || departed.Since.Before(known.Since) {
			d.note(departed)
			news = true
		}
	}
	return news
}

func (d *departures) note(departed filters.Departed) {
	if d.known == nil {
		d.known = map[filters.AgentID]filters.Departed{}
	}
	d.known[departed.Agent.ID] = departed
}

// newest returns the newest first, and forgets those that are too many.
func (d *departures) newest() []filters.Departed {
	if len(d.known) == 0 {
		return nil
	}
	list := slices.SortedFunc(maps.Values(d.known), func(a, b filters.Departed) int {
		if order := b.Since.Compare(a.Since); order != 0 {
			return order
		}
		return strings.Compare(string(a.Agent.ID), string(b.Agent.ID))
	})
	for _, departed := range list[min(len(list), departedMost):] {
		delete(d.known, departed.Agent.ID)
	}
	return list[:min(len(list), departedMost)]
}

// trimmed is what is remembered of an agent.
func trimmed(agent *filters.Agent) filters.Agent {
	kept := filters.Agent{ID: agent.ID, Hostname: agent.Hostname, IP: agent.IP, Port: agent.Port}
	if rack := agent.Rack(); rack != "" {
		kept.Attributes = []filters.Attribute{{Name: filters.RackAttribute, Value: rack}}
	}
	return kept
}
