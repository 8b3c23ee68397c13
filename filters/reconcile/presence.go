package reconcile

import (
	"slices"
	"strings"

	"cordon/filters"
)

// host is what stays the same when an agent comes back under another ID.
type host struct {
	name string
	ip   string
	port int
}

func (h host) is(agent *filters.Agent) bool {
	return h.ip != "" && h.ip == agent.IP && h.port == agent.Port && strings.EqualFold(h.name, agent.Hostname)
}

// presence deals with agents that left the master's lists, or came back to them.
func (d *differ) presence(t *track) {
	switch {
	case len(t.filters) == 0:
	case d.absent(t):
		if t.has(present) {
			change := t.change(filters.ChangeMissing, filters.CauseObserved, "the master lists it no more")
			if d.tookDown(t) {
				change.Cause, change.Reason = filters.CauseMaintenance, "its machine is down for maintenance, by our word"
			}
			change.Filters = t.having(present)
			d.record(change)
		}
		if t.stands && !t.entry.Leaving() && !t.has(stays) {
			d.returned(t)
		}
	case t.seen != nil && t.has(missing):
		change := t.change(filters.ChangeBack, filters.CauseObserved, "it is listed again, and still withheld")
		if !d.withheld(t) {
			change.Reason = "it is listed again, without its filter"
		}
		change.Filters = t.having(missing)
		d.record(change)
	}
}

// tookDown tells whether we took the agent's machine down.
func (d *differ) tookDown(t *track) bool {
	machine := filters.Machine{Hostname: t.filters[0].Hostname, IP: t.filters[0].IP}
	return slices.ContainsFunc(d.Down, machine.Same)
}

// stays tells whether the filter does not follow its host to another agent ID: its agent is to leave for ever, or was away
// already when it was asked for.
func stays(filter *filters.Filter) bool {
	return filter.Stands() && filter.Drain != nil && (filter.Drain.Ends() || filter.Missing.Equal(filter.Created))
}

func missing(filter *filters.Filter) bool { return !filter.Missing.IsZero() }
func present(filter *filters.Filter) bool { return filter.Missing.IsZero() }

// returned looks for the agent's host under another agent ID (invariant 6).
func (d *differ) returned(t *track) {
	first := t.filters[0]
	host := host{first.Hostname, first.IP, first.Port}
	successor, certain := d.successor(t.agent, host)
	switch {
	case successor == nil:
	case certain:
		d.move(t, successor)
		return
	case host.is(successor):
		d.notice(t, successor)
		return
	}
	for _, candidate := range d.Reading.OnHost(first.Hostname) {
		if candidate.ID == t.agent || !candidate.Registered.IsZero() && candidate.Registered.Before(first.Created) {
			continue // it was there before, beside ours
		}
		d.askReturned(t, candidate)
	}
}

// successor returns the one agent that has the host's name, IP and port, and whether that is certain: the lists without
// the old ID must be of a reading that began after the new one had appeared.
func (d *differ) successor(old filters.AgentID, host host) (successor *filters.Agent, certain bool) {
	for _, candidate := range d.Reading.OnHost(host.name) {
		if candidate.ID == old || !host.is(candidate) {
			continue
		}
		if successor != nil {
			return nil, false
		}
		successor = candidate
	}
	if successor == nil {
		return nil, false
	}
	noticed, ok := d.Noticed[successor.ID]
	return successor, ok && d.Reading.AsOf().After(noticed)
}

// notice has the agent remembered until a reading that begins after now.
func (d *differ) notice(t *track, successor *filters.Agent) {
	if _, ok := d.Noticed[successor.ID]; !ok {
		d.record(filters.Change{Kind: filters.ChangeNotice, Agent: t.agent, NewAgent: successor})
	}
}

func (d *differ) move(t *track, successor *filters.Agent) {
	change := t.change(filters.ChangeMove, filters.CauseObserved, "the host came back with a new agent ID")
	change.NewAgent = successor
	d.record(change)
}

// stranger deals with an agent that the newest complete reading shows withheld and that we have nothing to do with. A
// newer sighting may know better: we may just have given it back.
func (d *differ) stranger(agent *filters.Agent) {
	if sighting, ok := d.Sightings[agent.ID]; ok && sighting.Began.After(d.Reading.AsOf()) {
		agent = &sighting.Agent
	}
	if d.Foreign != nil && !d.Foreign[agent.ID] && agent.Foreign(d.backend) && d.Reading.AsOf().After(d.Touched[agent.ID]) {
		d.record(filters.Change{Kind: filters.ChangeForeign, Agent: agent.ID, Seen: agent, Cause: filters.CauseObserved, Reason: "somebody else withholds it"})
	}
}

// unstrangers deals with agents that somebody else withheld and does not any more.
func (d *differ) unstrangers() {
	for id := range d.Foreign {
		agent := d.Reading.Agent(id)
		if sighting, ok := d.Sightings[id]; ok && sighting.Began.After(d.Reading.AsOf()) {
			agent = &sighting.Agent
		}
		if agent != nil && !agent.Foreign(d.backend) {
			d.record(filters.Change{Kind: filters.ChangeUnforeign, Agent: id, Seen: agent, Cause: filters.CauseObserved, Reason: "nobody else withholds it any more"})
		}
	}
}
