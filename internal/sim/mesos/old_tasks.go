package mesos

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
)

// defaultTaskLimit is how many tasks /tasks shows unless limit says otherwise.
const defaultTaskLimit = 100

// oldTasks answers /tasks: the latest first, or the first with order=asc; of one
// framework or task where framework_id or task_id names it.
func (m *member) oldTasks(r *request) answer {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 0 {
		limit = defaultTaskLimit
	}
	offset, err := strconv.Atoi(query.Get("offset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	return m.withState(r, func() any {
		tasks := m.allTasks()
		tasks = slices.DeleteFunc(tasks, func(t *task) bool {
			return query.Has("task_id") && query.Get("task_id") != t.id || query.Has("framework_id") && query.Get("framework_id") != t.app.framework.id
		})
		slices.SortStableFunc(tasks, oldestFirst)
		if query.Get("order") != "asc" {
			slices.Reverse(tasks)
		}
		tasks = tasks[min(offset, len(tasks)):]
		return jsonFields{{"tasks", oldTaskList(tasks[:min(limit, len(tasks))])}}
	})
}

func oldestFirst(a, b *task) int {
	if len(a.statuses) == 0 || len(b.statuses) == 0 {
		return cmp.Compare(len(a.statuses), len(b.statuses))
	}
	return a.statuses[0].at.Compare(b.statuses[0].at)
}

func oldTaskList(tasks []*task) jsonList {
	shown := jsonList{}
	for _, t := range tasks {
		shown = append(shown, t.old())
	}
	return shown
}

// old is a task as the older endpoints show it (recording agent-old-state).
func (t *task) old() jsonFields {
	statuses := jsonList{}
	for _, s := range t.statuses {
		shown := jsonFields{{"state", s.state}, {"timestamp", seconds(s.at)}}
		if s.contained {
			shown = append(shown, jsonField{"container_status", t.oldContainer()})
		}
		statuses = append(statuses, shown)
	}
	return jsonFields{
		{"id", t.id}, {"name", t.app.options.TaskName}, {"framework_id", t.app.framework.id}, {"executor_id", ""}, {"slave_id", t.agent.id},
		{"state", t.state}, {"resources", oldResources(t.app.needs(), false)}, {"role", t.app.role()}, {"statuses", statuses},
	}
}

var containerPrinting = declared.of(messageNamed("mesos.ContainerStatus"))

func (t *task) oldContainer() json.RawMessage {
	status := t.containerStatus()
	status.ExecutorPID = nil
	return appendJSON(nil, containerPrinting, encode(status))
}
