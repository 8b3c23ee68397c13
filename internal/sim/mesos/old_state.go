package mesos

import (
	"maps"
	"net/http"
	"slices"
)

// oldState answers /state.
func (m *member) oldState(r *request) answer {
	return m.withState(r, func() any {
		shown := append(m.oldIdentity(), m.oldLeader()...)
		shown = append(shown, jsonField{"cluster", "testbed"}, jsonField{"flags", m.oldFlagFields()})
		agents, waiting := jsonList{}, jsonList{}
		for _, a := range m.registered() {
			agents = append(agents, m.oldAgent(a))
		}
		for _, a := range m.recovered() {
			waiting = append(waiting, a.oldIdentity())
		}
		return append(shown, jsonFields{
			{"slaves", agents}, {"recovered_slaves", waiting},
			{"frameworks", m.oldFrameworkList()}, {"completed_frameworks", jsonList{}},
			{"orphan_tasks", jsonList{}}, {"unregistered_frameworks", jsonList{}},
		}...)
	})
}

func (m *member) oldIdentity() jsonFields {
	active, inactive, unreachable := m.countAgents()
	shown := jsonFields{
		{"version", m.cluster.config.Version}, {"build_date", buildDate}, {"build_time", buildTime}, {"build_user", buildUser},
		{"start_time", oldSeconds(m.started)},
	}
	if !m.elected.IsZero() {
		shown = append(shown, jsonField{"elected_time", oldSeconds(m.elected)})
	}
	return append(shown, jsonFields{
		{"id", m.id}, {"pid", "master@" + m.address()}, {"hostname", m.hostname()},
		{"capabilities", jsonList{"AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"}},
		{"activated_slaves", float64(active)}, {"deactivated_slaves", float64(inactive)}, {"unreachable_slaves", float64(unreachable)},
	}...)
}

// countAgents counts the agents that this master lists, and those that it lost.
func (m *member) countAgents() (active, inactive, lost int) {
	for _, a := range m.registered() {
		if a.active() {
			active++
		} else {
			inactive++
		}
	}
	if m.state == leading {
		for _, a := range m.cluster.agents {
			if a.standing == unreachable {
				lost++
			}
		}
	}
	return active, inactive, lost
}

func (m *member) oldLeader() jsonFields {
	leader := m.cluster.leader
	if leader == nil {
		return nil
	}
	return jsonFields{
		{"leader", "master@" + leader.address()},
		{"leader_info", jsonFields{
			{"id", leader.id}, {"pid", "master@" + leader.address()}, {"port", int(leader.port())}, {"hostname", leader.hostname()},
		}},
	}
}

// oldFrameworkList is the framework as /state and /frameworks list it; a master
// that reads its registry knows none.
func (m *member) oldFrameworkList() jsonList {
	if m.state != leading {
		return jsonList{}
	}
	f := m.cluster.framework
	used, offered, offers := m.frameworkSums()
	shown := m.oldFrameworkSummary(used, offered, offers)
	return jsonList{append(shown, jsonFields{
		{"user", "root"}, {"failover_timeout", 100000.0}, {"checkpoint", true},
		{"registered_time", oldSeconds(f.registeredAt)}, {"unregistered_time", 0.0},
		{"resources", oldResources(used.plus(offered), len(offers) > 0)},
		{"roles", jsonList{anyRole}},
		{"tasks", oldTaskList(m.runningTasks())},
		{"unreachable_tasks", oldTaskList(f.unreachable)},
		{"completed_tasks", oldTaskList(f.completed)},
		{"offers", offers},
		{"executors", jsonList{}},
		{"offer_constraints", jsonFields{}},
	}...)}
}

// frameworkSums is what the framework uses, what it is offered, and the offers.
func (m *member) frameworkSums() (used, offered resources, offers jsonList) {
	offers = jsonList{}
	for _, a := range m.registered() {
		used = used.plus(a.allocated())
		offered = offered.plus(a.offered())
		for _, o := range a.offers {
			offers = append(offers, jsonFields{
				{"id", o.id}, {"framework_id", m.cluster.framework.id},
				{"allocation_info", jsonFields{{"role", anyRole}}},
				{"slave_id", a.id}, {"resources", oldResources(o.free, true)},
			})
		}
	}
	return used, offered, offers
}

func (m *member) oldFrameworkSummary(used, offered resources, offers jsonList) jsonFields {
	f := m.cluster.framework
	capabilities := jsonList{}
	for _, capability := range frameworkCapabilities {
		capabilities = append(capabilities, capability.Type.String())
	}
	return jsonFields{
		{"id", f.id}, {"name", f.name},
		{"used_resources", oldResources(used, false)}, {"offered_resources", oldResources(offered, len(offers) > 0)},
		{"capabilities", capabilities}, {"hostname", ""}, {"webui_url", ""},
		{"active", true}, {"connected", true}, {"recovered", false},
	}
}

// runningTasks are the tasks on agents that this master lists.
func (m *member) runningTasks() []*task {
	var tasks []*task
	for _, a := range m.registered() {
		tasks = append(tasks, a.tasks...)
	}
	return tasks
}

// oldStateSummary answers /state-summary: numbers instead of tasks.
func (m *member) oldStateSummary(r *request) answer {
	return m.withState(r, func() any {
		agents, frameworks := jsonList{}, jsonList{}
		all := slices.Concat(m.runningTasks(), m.cluster.framework.unreachable, m.cluster.framework.completed)
		hosts := jsonList{}
		for _, a := range m.registered() {
			own := slices.DeleteFunc(slices.Clone(all), func(t *task) bool { return t.agent != a })
			shown := append(m.oldAgent(a), oldTaskCounts(own)...)
			ids := jsonList{}
			if len(own) > 0 {
				ids, hosts = jsonList{m.cluster.framework.id}, append(hosts, a.id)
			}
			agents = append(agents, append(shown, jsonField{"framework_ids", ids}))
		}
		if m.state == leading {
			shown := append(m.oldFrameworkSummary(m.frameworkSums()), oldTaskCounts(all)...)
			frameworks = append(frameworks, append(shown, jsonField{"slave_ids", hosts}))
		}
		return jsonFields{{"hostname", m.hostname()}, {"cluster", "testbed"}, {"slaves", agents}, {"frameworks", frameworks}}
	})
}

// oldFrameworks answers /frameworks, of all or of the one that framework_id names.
func (m *member) oldFrameworks(r *request) answer {
	wanted := r.URL.Query()
	return m.withState(r, func() any {
		shown := m.oldFrameworkList()
		if wanted.Has("framework_id") && wanted.Get("framework_id") != m.cluster.framework.id {
			shown = jsonList{}
		}
		return jsonFields{{"frameworks", shown}, {"completed_frameworks", jsonList{}}, {"unregistered_frameworks", jsonList{}}}
	})
}

// oldRoles answers /roles: the one role that the simulated framework has.
func (m *member) oldRoles(r *request) answer {
	return m.withState(r, func() any {
		roles := jsonList{}
		if m.state == leading {
			used, offered, _ := m.frameworkSums()
			roles = append(roles, jsonFields{
				{"name", anyRole}, {"weight", 1.0},
				{"quota", jsonFields{{"role", anyRole}, {"guarantee", jsonFields{}}, {"limit", jsonFields{}}, {"consumed", oldQuantities(used)}}},
				{"resources", oldQuantities(used.plus(offered))}, {"allocated", oldQuantities(used)}, {"offered", oldQuantities(offered)},
				{"reserved", jsonFields{}}, {"frameworks", jsonList{m.cluster.framework.id}},
			})
		}
		return jsonFields{{"roles", roles}}
	})
}

// oldQuantities is the amounts that are not zero, by name.
func oldQuantities(amounts resources) jsonFields {
	shown := jsonFields{}
	for _, named := range []jsonField{{"cpus", amounts.cpus}, {"disk", amounts.disk}, {"gpus", amounts.gpus}, {"mem", amounts.mem}} {
		if value := rounded(named.value.(float64)); value > 0 {
			shown = append(shown, jsonField{named.name, value})
		}
	}
	return shown
}

// oldQuota shows that there is none, and oldWeights the weights that were set; changing them here is not simulated.
func (m *member) oldQuota(r *request) answer {
	return m.oldSetting(r, func() any { return jsonFields{} }, http.MethodPost, http.MethodDelete)
}

func (m *member) oldWeights(r *request) answer {
	return m.oldSetting(r, func() any {
		shown := jsonList{}
		for _, role := range slices.Sorted(maps.Keys(m.cluster.weights)) {
			shown = append(shown, jsonFields{{"role", role}, {"weight", m.cluster.weights[role]}})
		}
		return shown
	}, http.MethodPut)
}

func (m *member) oldSetting(r *request, show func() any, changes ...string) answer {
	switch {
	case r.Method == http.MethodGet:
		return m.withState(r, show)
	case slices.Contains(changes, r.Method):
		return statusText(http.StatusNotImplemented)
	}
	return methodNotAllowed(r.Method, append([]string{http.MethodGet}, changes...)...)
}
