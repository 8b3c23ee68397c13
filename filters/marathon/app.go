package marathon

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"cordon/filters"
)

// marathon is a Marathon.
type marathon struct {
	*caller
	known spread
}

// task is what is read of a task, as /v2/tasks and an app tell of it.
type task struct {
	ID     string   `json:"id"`
	App    string   `json:"appId"`
	Agent  string   `json:"slaveId"`
	State  string   `json:"state"`
	Health []health `json:"healthCheckResults"`
}

// health is the last result of one health check of a task.
type health struct {
	Alive bool `json:"alive"`
}

// app is what is read of an app.
type app struct {
	ID          string     `json:"id"`
	Instances   int        `json:"instances"`
	Checks      []struct{} `json:"healthChecks"`
	Deployments []struct{} `json:"deployments"`
	Tasks       []task     `json:"tasks"`
	// Residency stands in apps with persistent volumes: Marathon starts their tasks again on the same agent alone.
	Residency *struct{} `json:"residency"`
}

// name is the app as it is told to people.
func (a *app) name() string { return filters.Inert(a.ID) }

// weigh reads which app each task is of, and how each of these apps is now.
func (m *marathon) weigh(ctx context.Context, agent filters.AgentID, work *filters.Work, moving []filters.Task, last bool) ([]filters.Stay, error) {
	var listed struct {
		Tasks []task `json:"tasks"`
	}
	if err := m.ask(ctx, http.MethodGet, m.at("/v2/tasks"), nil, &listed); err != nil {
		return nil, err
	}
	byID := make(map[string]*task, len(listed.Tasks))
	for i := range listed.Tasks {
		byID[listed.Tasks[i].ID] = &listed.Tasks[i]
	}
	tasks := work.Tasks
	if work.Unseen != "" {
		tasks = m.listed(listed.Tasks, agent)
	}
	var stays []filters.Stay
	apps, granted := map[string]*app{}, map[string]bool{}
	for _, there := range tasks {
		known := byID[there.ID]
		if known == nil {
			stays = append(stays, filters.Stay{Task: there, Why: "Marathon does not list it"})
			continue
		}
		stay := filters.Stay{Task: there, App: known.App}
		current, err := m.app(ctx, apps, known.App)
		if err != nil {
			stay.Why = filters.Inert(known.App) + ": " + reason(m.name, err)
		} else if stay.Why = current.obstacle(there.ID, moving, last); stay.Why == "" && granted[known.App] {
			stay.Why = filters.Inert(known.App) + " moves one task at a time"
		}
		stay.Ready = stay.Why == ""
		granted[known.App] = granted[known.App] || stay.Ready
		stays = append(stays, stay)
	}
	return stays, nil
}

// listed are the tasks that Marathon has on the agent.
func (m *marathon) listed(all []task, agent filters.AgentID) []filters.Task {
	var there []filters.Task
	for i := range all {
		if task := &all[i]; task.Agent == string(agent) {
			there = append(there, filters.Task{Framework: m.name, ID: task.ID, State: task.State})
		}
	}
	return there
}

// app reads an app once.
func (m *marathon) app(ctx context.Context, known map[string]*app, id string) (*app, error) {
	if app := known[id]; app != nil {
		return app, nil
	}
	var told struct {
		App app `json:"app"`
	}
	address := m.at(pathOf(id)...)
	address.RawQuery = "embed=app.tasks&embed=app.deployments"
	if err := m.ask(ctx, http.MethodGet, address, nil, &told); err != nil {
		return nil, err
	}
	if told.App.ID != id {
		return nil, errUnreadable
	}
	known[id] = &told.App
	return &told.App, nil
}

// obstacle says why the task cannot move now, in a phrase; empty: nothing stands in its way.
func (a *app) obstacle(id string, moving []filters.Task, last bool) string {
	switch {
	case len(a.Deployments) > 0:
		return a.name() + " is being deployed"
	case a.Residency != nil:
		return a.name() + " keeps its data on this agent, so it would not start elsewhere"
	}
	well := 0
	for i := range a.Tasks {
		other := &a.Tasks[i]
		if other.ID == id {
			continue
		}
		for _, asked := range moving {
			if asked.ID == other.ID {
				return a.name() + " moves one task at a time"
			}
		}
		if a.well(other) {
			well++
		}
	}
	switch need := a.Instances - 1; {
	case need == 0 && well == 0 && !last:
		return a.name() + ": its last instance, which is held until somebody says --last"
	case well < need:
		return fmt.Sprintf("%s waits until %d of %d others are healthy, %d %s", a.name(), need, need, well, isOrAre(well))
	}
	return ""
}

// well tells whether the task runs and passes its health checks. One that was not checked yet is not known to be.
func (a *app) well(task *task) bool {
	if task.State != "" && task.State != "TASK_RUNNING" {
		return false
	}
	if len(task.Health) == 0 {
		return len(a.Checks) == 0
	}
	for _, result := range task.Health {
		if !result.Alive {
			return false
		}
	}
	return true
}

func isOrAre(count int) string {
	if count == 1 {
		return "is"
	}
	return "are"
}

// pathOf is the path of an app: its ID's parts are escaped one by one.
func pathOf(id string) []string {
	path := []string{"/v2/apps"}
	for i, part := range strings.Split(strings.Trim(id, "/"), "/") {
		if i == 0 {
			path[0] += "/"
		} else {
			path = append(path, "/")
		}
		path = append(path, part)
	}
	return path
}

// move kills the task, without scaling the app down: Marathon starts it again elsewhere. It knows nothing of a task that is
// gone.
func (m *marathon) move(ctx context.Context, task string) error {
	address := m.at("/v2/tasks/delete")
	address.RawQuery = "scale=false&wipe=false"
	return m.ask(ctx, http.MethodPost, address, map[string][]string{"ids": {task}}, nil)
}
