package marathon

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"cordon/filters"
)

// lastEvery is how long a Marathon's list of tasks is good for telling last instances.
const lastEvery = 30 * time.Second

// spread is where the running instances of a Marathon's apps are: how many on each agent, by app.
type spread struct {
	mutex sync.Mutex
	read  time.Time // zero: never
	apps  map[string]map[filters.AgentID]int
}

// Last returns the apps of every Marathon that is configured all of whose running instances are on the agents, sorted. It
// implements filters.Apps. Each Marathon is asked at most once in thirty seconds.
func (m *Mover) Last(ctx context.Context, agents []filters.AgentID) ([]string, error) {
	on := make(map[filters.AgentID]bool, len(agents))
	for _, agent := range agents {
		on[agent] = true
	}
	var last []string
	for _, framework := range m.frameworks {
		marathon, ok := framework.(*marathon)
		if !ok {
			continue
		}
		apps, err := marathon.spread(ctx)
		if err != nil {
			return nil, err
		}
		for app, places := range apps {
			if allOn(places, on) {
				last = append(last, filters.Inert(app))
			}
		}
	}
	slices.Sort(last)
	return slices.Compact(last), nil
}

func allOn(places map[filters.AgentID]int, on map[filters.AgentID]bool) bool {
	for agent := range places {
		if !on[agent] {
			return false
		}
	}
	return len(places) > 0
}

// spread reads where the apps run. What it returns must not be changed.
func (m *marathon) spread(ctx context.Context) (map[string]map[filters.AgentID]int, error) {
	m.known.mutex.Lock()
	defer m.known.mutex.Unlock()
	if !m.known.read.IsZero() && time.Since(m.known.read) < lastEvery {
		return m.known.apps, nil
	}
	var listed struct {
		Tasks []task `json:"tasks"`
	}
	if err := m.ask(ctx, http.MethodGet, m.at("/v2/tasks"), nil, &listed); err != nil {
		return nil, err
	}
	apps := map[string]map[filters.AgentID]int{}
	for _, task := range listed.Tasks {
		if task.State != "" && task.State != "TASK_RUNNING" {
			continue
		}
		if apps[task.App] == nil {
			apps[task.App] = map[filters.AgentID]int{}
		}
		apps[task.App][filters.AgentID(task.Agent)]++
	}
	m.known.read, m.known.apps = time.Now(), apps
	return apps, nil
}
