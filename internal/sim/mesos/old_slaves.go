package mesos

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// oldSlaves answers /slaves, of all agents or of the one that slave_id names; an
// ID that is not there gives an empty list (recordings old-get-slaves, extra-slaves-*).
func (m *member) oldSlaves(r *request) answer {
	wanted := r.URL.Query()
	selected := func(a *agent) bool { return !wanted.Has("slave_id") || wanted.Get("slave_id") == a.id }
	return m.withState(r, func() any {
		listed := jsonList{}
		for _, a := range m.registered() {
			if selected(a) {
				listed = append(listed, append(m.oldAgent(a), m.oldDetails(a)...))
			}
		}
		waiting := jsonList{}
		for _, a := range m.recovered() {
			if selected(a) {
				waiting = append(waiting, a.oldIdentity())
			}
		}
		return jsonFields{{"slaves", listed}, {"recovered_slaves", waiting}}
	})
}

// registered and recovered are the agents that this master knows: none while it
// is reading its registry.
func (m *member) registered() []*agent {
	if m.state != leading {
		return nil
	}
	return m.cluster.registered
}

func (m *member) recovered() []*agent {
	if m.state != leading {
		return nil
	}
	return m.cluster.recovered()
}

// oldIdentity is what /slaves shows of an agent that is not back yet.
func (a *agent) oldIdentity() jsonFields {
	config := a.host.config
	return jsonFields{
		{"id", a.id}, {"hostname", config.Hostname}, {"port", config.Port}, {"attributes", config.oldAttributes()},
	}
}

func (a AgentConfig) oldAttributes() jsonFields {
	attributes := jsonFields{}
	for _, name := range slices.Sorted(maps.Keys(a.Attributes)) {
		attributes = append(attributes, jsonField{name, a.Attributes[name]})
	}
	return attributes
}

// oldAgent is an agent as /state shows it, with its resources in sum.
func (m *member) oldAgent(a *agent) jsonFields {
	shown := append(a.oldIdentity(), jsonField{"pid", a.pid()}, jsonField{"registered_time", oldSeconds(a.registeredAt)})
	if !a.reregisteredAt.IsZero() {
		shown = append(shown, jsonField{"reregistered_time", oldSeconds(a.reregisteredAt)})
	}
	total := oldResources(a.host.total(), true)
	shown = append(shown, jsonFields{
		{"resources", total},
		{"used_resources", oldResources(a.allocated(), false)},
		{"offered_resources", oldResources(a.offered(), len(a.offers) > 0)},
		{"reserved_resources", jsonFields{}},
		{"unreserved_resources", total},
		{"active", a.active()},
	}...)
	if m.cluster.has(withDraining) {
		shown = append(shown, jsonField{"deactivated", a.deactivated})
	}
	shown = append(shown, jsonField{"version", m.cluster.config.Version}, jsonField{"capabilities", a.host.oldCapabilities()})
	return append(shown, a.oldDrain()...)
}

func (h *host) oldCapabilities() jsonList {
	names := jsonList{}
	for _, capability := range h.capabilities() {
		names = append(names, capability.Type.String())
	}
	return names
}

var drainPrinting = declared.of(messageNamed("mesos.DrainInfo"))

func (a *agent) oldDrain() jsonFields {
	info := a.drainInfo()
	if info == nil {
		return nil
	}
	shown := jsonFields{{"drain_info", json.RawMessage(appendJSON(nil, drainPrinting, encode(info)))}}
	if !a.drainStart.IsZero() {
		shown = append(shown, jsonField{"estimated_drain_start_time_seconds", oldSeconds(a.drainStart)})
	}
	return shown
}

// oldDetails is what /slaves adds to an agent: its resources one by one.
func (m *member) oldDetails(a *agent) jsonFields {
	details := jsonFields{
		{"reserved_resources_full", jsonFields{}},
		{"unreserved_resources_full", oldResourceList(a.host.resourceList("*"))},
		{"used_resources_full", oldResourceList(m.cluster.allocatedList(a))},
	}
	return append(details, jsonField{"offered_resources_full", oldResourceList(m.cluster.offeredList(a))})
}

// summarisedStates are the task states that /state-summary counts.
var summarisedStates = strings.Fields(`TASK_STAGING TASK_STARTING TASK_RUNNING TASK_KILLING TASK_FINISHED
	TASK_KILLED TASK_FAILED TASK_LOST TASK_ERROR TASK_UNREACHABLE`)

// oldTaskCounts counts tasks by state, those that ended included.
func oldTaskCounts(tasks []*task) jsonFields {
	counts := make(map[string]int)
	for _, t := range tasks {
		counts[t.state]++
	}
	shown := jsonFields{}
	for _, state := range summarisedStates {
		shown = append(shown, jsonField{state, counts[state]})
	}
	return shown
}
