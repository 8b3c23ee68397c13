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

// oldFrameworkList is the frameworks as /state and /frameworks list them; a master
// that reads its registry knows none.
func (m *member) oldFrameworkList() jsonList {
	if m.state != leading {
		return jsonList{}
	}
	list := jsonList{}
	for _, f := range m.cluster.frameworks {
		list = append(list, m.oldFramework(f))
	}
	return list
}

func (m *member) oldFramework(f *framework) jsonFields {
	used, offered, offers := m.frameworkSums(f)
	return append(m.oldFrameworkSummary(f), jsonFields{
		{"user", "root"}, {"failover_timeout", 100000.0}, {"checkpoint", true},
		{"registered_time", oldSeconds(f.registeredAt)}, {"unregistered_time", 0.0},
		{"resources", oldResources(used.plus(offered), len(offers) > 0)},
		{"roles", jsonList{f.config.Role}},
		{"tasks", oldTaskList(f.of(m.runningTasks()))},
		{"unreachable_tasks", oldTaskList(f.unreachable)},
		{"completed_tasks", oldTaskList(f.completed)},
		{"offers", offers},
		{"executors", jsonList{}},
		{"offer_constraints", jsonFields{}},
	}...)
}

// frameworkSums is what a framework uses, what it is offered, and the offers.
func (m *member) frameworkSums(f *framework) (used, offered resources, offers jsonList) {
	offers = jsonList{}
	for _, a := range m.registered() {
		used = used.plus(a.usedBy(f))
		for _, o := range a.offersTo(f) {
			offered = offered.plus(o.free)
			offers = append(offers, jsonFields{
				{"id", o.id}, {"framework_id", f.id},
				{"allocation_info", jsonFields{{"role", f.config.Role}}},
				{"slave_id", a.id}, {"resources", oldResources(o.free, true)},
			})
		}
	}
	return used, offered, offers
}

func (m *member) oldFrameworkSummary(f *framework) jsonFields {
	used, offered, offers := m.frameworkSums(f)
	capabilities := jsonList{}
	for _, capability := range frameworkCapabilities {
		capabilities = append(capabilities, capability.Type.String())
	}
	return jsonFields{
		{"id", f.id}, {"name", f.config.Name},
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

// allTasks are all that this master knows of.
func (m *member) allTasks() []*task {
	return slices.Concat(m.runningTasks(), m.cluster.lostTasks(), m.cluster.endedTasks())
}

// oldStateSummary answers /state-summary: numbers instead of tasks.
func (m *member) oldStateSummary(r *request) answer {
	return m.withState(r, func() any {
		agents, frameworks := jsonList{}, jsonList{}
		all := m.allTasks()
		hosts := map[*framework]jsonList{}
		for _, a := range m.registered() {
			own := slices.DeleteFunc(slices.Clone(all), func(t *task) bool { return t.agent != a })
			shown := append(m.oldAgent(a), oldTaskCounts(own)...)
			ids := jsonList{}
			for _, f := range m.cluster.frameworksOf(own) {
				ids, hosts[f] = append(ids, f.id), append(hosts[f], a.id)
			}
			agents = append(agents, append(shown, jsonField{"framework_ids", ids}))
		}
		if m.state == leading {
			for _, f := range m.cluster.frameworks {
				shown := append(m.oldFrameworkSummary(f), oldTaskCounts(f.of(all))...)
				frameworks = append(frameworks, append(shown, jsonField{"slave_ids", append(jsonList{}, hosts[f]...)}))
			}
		}
		return jsonFields{{"hostname", m.hostname()}, {"cluster", "testbed"}, {"slaves", agents}, {"frameworks", frameworks}}
	})
}

// oldFrameworks answers /frameworks, of all or of the one that framework_id names.
func (m *member) oldFrameworks(r *request) answer {
	wanted := r.URL.Query()
	return m.withState(r, func() any {
		shown := jsonList{}
		for i, f := range m.oldFrameworkList() {
			if !wanted.Has("framework_id") || wanted.Get("framework_id") == m.cluster.frameworks[i].id {
				shown = append(shown, f)
			}
		}
		return jsonFields{{"frameworks", shown}, {"completed_frameworks", jsonList{}}, {"unregistered_frameworks", jsonList{}}}
	})
}

// oldRoles answers /roles: those of the frameworks.
func (m *member) oldRoles(r *request) answer {
	return m.withState(r, func() any {
		roles := jsonList{}
		if m.state == leading {
			for _, role := range m.cluster.roles() {
				roles = append(roles, m.oldRole(role))
			}
		}
		return jsonFields{{"roles", roles}}
	})
}

func (m *member) oldRole(role string) jsonFields {
	var used, offered resources
	ids := jsonList{}
	for _, f := range m.cluster.inRole(role) {
		its, promised, _ := m.frameworkSums(f)
		used, offered, ids = used.plus(its), offered.plus(promised), append(ids, f.id)
	}
	return jsonFields{
		{"name", role}, {"weight", m.cluster.weight(role)},
		{"quota", jsonFields{{"role", role}, {"guarantee", jsonFields{}}, {"limit", jsonFields{}}, {"consumed", oldQuantities(used)}}},
		{"resources", oldQuantities(used.plus(offered))}, {"allocated", oldQuantities(used)}, {"offered", oldQuantities(offered)},
		{"reserved", jsonFields{}}, {"frameworks", ids},
	}
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
