package marathon

import (
	"slices"
	"time"

	"cordon/internal/sim/mesos"
)

// appInfo is an app as GET /v2/apps shows it.
type appInfo struct {
	ID              string             `json:"id"`
	Command         string             `json:"cmd"`
	Instances       int                `json:"instances"`
	CPUs            float64            `json:"cpus"`
	Mem             float64            `json:"mem"`
	Disk            float64            `json:"disk"`
	GPUs            float64            `json:"gpus"`
	HealthChecks    []healthCheck      `json:"healthChecks"`
	UpgradeStrategy map[string]float64 `json:"upgradeStrategy"`
	Labels          map[string]string  `json:"labels"`
	Version         *string            `json:"version"`
	Staged          int                `json:"tasksStaged"`
	Running         int                `json:"tasksRunning"`
	Healthy         int                `json:"tasksHealthy"`
	Unhealthy       int                `json:"tasksUnhealthy"`
	Deployments     []identity         `json:"deployments"`
	Tasks           []taskInfo         `json:"tasks,omitempty"`
}

type identity struct {
	ID string `json:"id"`
}

// healthCheck is one that never has its tasks killed: maxConsecutiveFailures is 0.
type healthCheck struct {
	Protocol    string `json:"protocol"`
	Path        string `json:"path"`
	PortIndex   int    `json:"portIndex"`
	Grace       int    `json:"gracePeriodSeconds"`
	Interval    int    `json:"intervalSeconds"`
	Timeout     int    `json:"timeoutSeconds"`
	MaxFailures int    `json:"maxConsecutiveFailures"`
}

// checkInterval is how often health is checked.
const checkInterval = time.Second

// taskInfo is a task as the API shows it (EnrichedTask).
type taskInfo struct {
	App          string         `json:"appId"`
	Health       []healthResult `json:"healthCheckResults"`
	Host         string         `json:"host"`
	ID           string         `json:"id"`
	Addresses    []address      `json:"ipAddresses"`
	Ports        []int          `json:"ports"`
	ServicePorts []int          `json:"servicePorts"`
	Agent        string         `json:"slaveId"`
	State        string         `json:"state"`
	Staged       *string        `json:"stagedAt"`
	Started      *string        `json:"startedAt,omitempty"`
	Version      *string        `json:"version"`
	Volumes      []string       `json:"localVolumes"`
}

type address struct {
	IP       string `json:"ipAddress"`
	Protocol string `json:"protocol"`
}

type taskList struct {
	Tasks []taskInfo `json:"tasks"`
}

// healthResult is what the health checks of a task have found so far.
type healthResult struct {
	Alive        bool    `json:"alive"`
	Failures     int     `json:"consecutiveFailures"`
	FirstSuccess *string `json:"firstSuccess"`
	LastSuccess  *string `json:"lastSuccess"`
	LastFailure  *string `json:"lastFailure"`
	Instance     string  `json:"instanceId"`
}

func (m *Marathon) show(app mesos.AppView, withTasks bool) appInfo {
	tasks := m.tasksOf(app)
	shown := appInfo{
		ID: pathOf(app), Command: "sleep 100000", Instances: app.Instances, CPUs: app.CPUs, Mem: app.MemMB, GPUs: app.GPUs,
		HealthChecks: []healthCheck{}, UpgradeStrategy: map[string]float64{"minimumHealthCapacity": 1, "maximumOverCapacity": 1},
		Labels: map[string]string{}, Version: stamp(app.Since), Deployments: m.deploymentsOf(app),
	}
	if m.checked(app) {
		shown.HealthChecks = append(shown.HealthChecks, healthCheck{
			Protocol: "MESOS_HTTP", Path: "/health", Grace: 300, Interval: int(checkInterval.Seconds()), Timeout: 1,
		})
	}
	for _, task := range tasks {
		shown.count(task)
	}
	if withTasks {
		shown.Tasks = tasks
	}
	return shown
}

func (a *appInfo) count(task taskInfo) {
	switch task.State {
	case "TASK_STAGING", "TASK_STARTING":
		a.Staged++
	case "TASK_RUNNING":
		a.Running++
	}
	for _, result := range task.Health {
		if result.Alive {
			a.Healthy++
		} else {
			a.Unhealthy++
		}
	}
}

func (m *Marathon) deploymentsOf(app mesos.AppView) []identity {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if id := m.deployments[bare(app.Name)]; id != "" {
		return []identity{{id}}
	}
	return []identity{}
}

func (m *Marathon) checked(app mesos.AppView) bool {
	return !slices.Contains(m.config.Unchecked, app.Name)
}

func (m *Marathon) tasksOf(app mesos.AppView) []taskInfo {
	list := []taskInfo{}
	for _, task := range app.Tasks {
		list = append(list, taskInfo{
			App: pathOf(app), Health: m.healthOf(app, task), Host: task.Hostname, ID: task.ID,
			Addresses: []address{{task.IP, "IPv4"}}, Ports: []int{}, ServicePorts: []int{}, Agent: task.AgentID, State: task.State,
			Staged: stamp(task.StagedAt), Started: stamp(task.Started), Version: stamp(app.Since), Volumes: []string{},
		})
	}
	return list
}

// healthOf is what the checks of a task have found; nothing before the first one.
func (m *Marathon) healthOf(app mesos.AppView, task mesos.AppTask) []healthResult {
	first := task.Started.Add(m.config.HealthAfter)
	now := time.Now()
	if !m.checked(app) || task.Started.IsZero() || now.Before(first) {
		return []healthResult{}
	}
	m.mutex.Lock()
	ill := m.health[bare(app.Name)]
	m.mutex.Unlock()
	result := healthResult{Alive: true, FirstSuccess: stamp(first), LastSuccess: stamp(now), Instance: task.ID}
	switch {
	case ill.health == Stuck && task.StagedAt.After(ill.since):
		result = failing(task, first, now)
	case ill.health == Unhealthy && !first.Before(ill.since):
		result = failing(task, first, now)
	case ill.health == Unhealthy:
		result = failing(task, ill.since, now)
		result.FirstSuccess, result.LastSuccess = stamp(first), stamp(ill.since)
	}
	return []healthResult{result}
}

// failing is the health of a task whose checks have failed since a time.
func failing(task mesos.AppTask, since, now time.Time) healthResult {
	return healthResult{Failures: 1 + int(now.Sub(since)/checkInterval), LastFailure: stamp(now), Instance: task.ID}
}
