package mesos

import (
	"errors"
	"io"
	"slices"

	"cordon/filters"
)

// listing is what a master lists: registered agents, and those of its registry that are not back since a failover.
type listing struct {
	leader            address
	agents, recovered []filters.Agent
}

var errNoAgents = errors.New("the answer has no get_agents: it was cut short")

// readListing reads the answer to GET_AGENTS from its body.
func readListing(body io.Reader, previous *filters.Roster) (listing, error) {
	wire, decoder := newWire(body), newDecoder(previous)
	var list listing
	listed := false
	err := wire.message(untilEnd, func(at field) error {
		if at.number != 10 {
			return wire.skip(at.size)
		}
		listed = true
		return list.agentsOf(wire, at.size, decoder)
	})
	if err == nil && !listed {
		err = errNoAgents
	}
	return list, err
}

// agentsOf reads a Response.GetAgents.
func (l *listing) agentsOf(wire *wire, size int64, decoder *decoder) error {
	if l.agents == nil {
		l.agents = make([]filters.Agent, 0, decoder.previous.Len())
	}
	end := wire.read + size
	return wire.message(size, func(at field) error {
		if at.number != 1 && at.number != 2 {
			return wire.skip(at.size)
		}
		leaf, err := wire.bytes(at.size)
		if err != nil {
			return err
		}
		if at.number == 1 {
			agent, err := decoder.agent(leaf)
			if err == nil { // so the leaf is not empty
				l.agents = append(l.room(int(end-wire.read)/len(leaf)), agent)
			}
			return err
		}
		agent, err := decoder.info(leaf)
		if err == nil {
			agent.Resources, err = infoResources(leaf)
		}
		l.recovered = append(l.recovered, agent)
		return err
	})
}

// room returns the agents with room for one more, and for so many more as seem to come: growing step by step would leave
// several times their size to collect. What the message says is not believed beyond measure.
func (l *listing) room(more int) []filters.Agent {
	if len(l.agents) < cap(l.agents) {
		return l.agents
	}
	return slices.Grow(l.agents, 1+min(more, 1024+4*len(l.agents)))
}
