package mesos

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// FrameworkView is a framework as it sees itself. It is a copy.
type FrameworkView struct {
	ID, Name, Role string
	Apps           []AppView // in the order of their launch
}

// AppView is an app of a framework.
type AppView struct {
	Name      string
	Instances int // wanted
	CPUs      float64
	MemMB     float64
	GPUs      float64
	Since     time.Time // when it was launched first
	Tasks     []AppTask // those on unreachable agents included
}

// AppTask is a task of an app. Killing is true from the moment that it is told to
// end, Replaced while another instance is started in its place.
type AppTask struct {
	ID       string
	State    string // such as TASK_RUNNING
	AgentID  string
	Hostname string
	IP       string
	StagedAt time.Time
	Started  time.Time // zero: it does not run yet
	Killing  bool
	Replaced bool
}

// Framework shows a framework by its name; "" is the first one.
func (c *Cluster) Framework(name string) (FrameworkView, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	f, err := c.frameworkNamed(name)
	if err != nil {
		return FrameworkView{}, err
	}
	shown := FrameworkView{ID: f.id, Name: f.config.Name, Role: f.config.Role}
	for _, app := range f.apps {
		shown.Apps = append(shown.Apps, app.view())
	}
	return shown, nil
}

func (a *app) view() AppView {
	shown := AppView{
		Name: a.name, Instances: a.wanted, Since: a.since,
		CPUs: a.options.CPUs, MemMB: a.options.MemMB, GPUs: a.options.GPUs,
	}
	for _, t := range slices.Concat(a.tasks, a.framework.unreachable) {
		if t.app == a && !slices.ContainsFunc(shown.Tasks, func(other AppTask) bool { return other.ID == t.id }) {
			shown.Tasks = append(shown.Tasks, t.view())
		}
	}
	return shown
}

func (t *task) view() AppTask {
	host := t.agent.host.config
	shown := AppTask{
		ID: t.id, State: t.state, AgentID: t.agent.id, Hostname: host.Hostname, IP: host.IP,
		StagedAt: t.stagedAt, Killing: t.killing != nil, Replaced: t.replaced,
	}
	for _, s := range t.statuses {
		if s.state == "TASK_RUNNING" && shown.Started.IsZero() {
			shown.Started = s.at
		}
	}
	return shown
}

// KillTasks makes a framework kill those of its tasks that have the IDs, and
// returns the IDs that it knew. Others take their place, wherever an offer comes
// from, unless scale lowers the number of instances of their apps.
func (c *Cluster) KillTasks(framework string, ids []string, scale bool) ([]string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	f, err := c.frameworkNamed(framework)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, app := range f.apps {
		for _, t := range slices.Clone(app.tasks) {
			if !slices.Contains(ids, t.id) {
				continue
			}
			known = append(known, t.id)
			if t.killing == nil {
				c.kill(t, app.options.KillGrace, "")
			}
			if scale {
				app.wanted--
			}
		}
	}
	c.notify()
	return known, nil
}

// ErrNoTask is what ReplaceTask says of a task that the framework does not run.
var ErrNoTask = errors.New("simulated cluster: no such task")

// ReplaceTask makes a framework start another instance of a task's app, and kill
// the task once that runs. While no offer comes the task stays.
func (c *Cluster) ReplaceTask(framework, id string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	f, err := c.frameworkNamed(framework)
	if err != nil {
		return err
	}
	for _, app := range f.apps {
		for _, t := range app.tasks {
			if t.id == id {
				app.replace(t)
				return nil
			}
		}
	}
	return fmt.Errorf("%w: %s", ErrNoTask, id)
}

// replace asks for one more instance, once for each task.
func (a *app) replace(old *task) {
	if old.replaced || old.killing != nil {
		return
	}
	old.replaced = true
	a.wanted++
	a.framework.cluster.revive()
	a.framework.cluster.notify()
}

// replacedBy lets a task that runs now take the place of one that waits for it.
func (a *app) replacedBy(started *task) {
	for _, old := range a.tasks {
		if old.replaced && old != started {
			a.settle(old)
			a.framework.cluster.kill(old, a.options.KillGrace, "")
			return
		}
	}
}

// settle ends the wish for an instance in a task's place.
func (a *app) settle(t *task) {
	if t.replaced {
		t.replaced = false
		a.wanted--
	}
}
