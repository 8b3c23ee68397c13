package mesos

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// framework is a scheduler in the manner of Marathon: it keeps the instances of
// its apps running, on whatever agent makes an offer. It lives in the process
// and needs no HTTP, but it has nothing except what offers give it.
type framework struct {
	cluster      *Cluster
	id           string
	name         string
	registeredAt time.Time
	apps         []*app
	completed    []*task
	unreachable  []*task
	hoarding     bool // keeps every offer that it gets
	allocation   *entry
	taskCount    int
}

// app is a command that should run in so many instances.
type app struct {
	name      string
	options   AppOptions
	wanted    int
	framework string // ID of the framework that it belongs to
	tasks     []*task
}

// AppOptions say how an app's tasks behave. The zero value is a task of 0.1 CPU
// and 16 MB that runs anywhere and ends when it is told to.
type AppOptions struct {
	Agent      string  // hostname of the only agent it may run on; "" is any
	TaskName   string  // what the tasks are called; "" is the app's name
	CPUs       float64 // 0 is 0.1
	MemMB      float64 // 0 is 16
	GPUs       float64
	KillGrace  time.Duration // how long it may go on after it was told to end; 0 is Mesos's 3 s
	KillPolicy bool          // KillGrace is declared in the task, so that operators see it
	IgnoreTerm bool          // it goes on for the whole grace
	TaskGroup  bool          // runs under the default executor, which obeys a drain's max_grace_period
	HTTP       bool          // a command task under an HTTP command executor, which obeys it too
	Once       bool          // nothing takes the place of a task that ended
}

// maxCompleted is how many finished tasks of a framework a master remembers
// (flag max_completed_tasks_per_framework).
const maxCompleted = 1000

func newFramework(c *Cluster) *framework {
	return &framework{cluster: c, id: c.masterID() + "-0000", name: c.config.Framework, registeredAt: time.Now()}
}

// Launch makes an app run in so many more instances: on the agent named by its
// hostname, or anywhere if agent is "". The tasks start when offers allow it;
// until then they are in Snapshot.Waiting.
func (c *Cluster) Launch(name string, instances int, agent string) error {
	return c.LaunchWith(name, instances, AppOptions{Agent: agent})
}

// LaunchWith is Launch for tasks that behave as the options say. An app that
// exists keeps its options; only its number of instances grows.
func (c *Cluster) LaunchWith(name string, instances int, options AppOptions) error {
	if name == "" || instances < 1 {
		return errors.New("simulated cluster: launching needs an app's name and at least one instance")
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if options.Agent != "" {
		if _, err := c.host(options.Agent); err != nil {
			return err
		}
	}
	wanted := c.framework.app(name)
	if wanted != nil && wanted.options.Agent != options.Agent {
		return fmt.Errorf("simulated cluster: app %s exists and is pinned to %q", name, wanted.options.Agent)
	}
	if wanted == nil {
		options.TaskName = cmp.Or(options.TaskName, name)
		options.CPUs = cmp.Or(options.CPUs, 0.1)
		options.MemMB = cmp.Or(options.MemMB, 16)
		options.KillGrace = cmp.Or(options.KillGrace, 3*time.Second)
		wanted = &app{name: name, options: options, framework: c.framework.id}
		c.framework.apps = append(c.framework.apps, wanted)
	}
	wanted.wanted += instances
	c.framework.useOffers()
	c.framework.revive()
	c.notify()
	return nil
}

// Kill ends an app and its tasks.
func (c *Cluster) Kill(name string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	doomed := c.framework.app(name)
	if doomed == nil {
		return fmt.Errorf("simulated cluster: no app %q", name)
	}
	c.framework.apps = slices.DeleteFunc(c.framework.apps, func(other *app) bool { return other == doomed })
	for _, t := range slices.Clone(doomed.tasks) {
		c.kill(t, t.app.options.KillGrace, "")
	}
	c.notify()
	return nil
}

// HoldOffers makes the framework keep every offer that it gets, unanswered,
// until HoldOffers(false). Without it, offers that are of no use are declined.
func (c *Cluster) HoldOffers(hold bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.framework.hoarding = hold
	if hold {
		c.framework.revive()
		return
	}
	for _, a := range c.registered {
		if len(a.offers) > 0 {
			c.rescind(a)
		}
	}
}

func (f *framework) app(name string) *app {
	for _, app := range f.apps {
		if app.name == name {
			return app
		}
	}
	return nil
}

// missing is how many instances wait for an offer.
func (a *app) missing() int { return a.wanted - len(a.tasks) }

// waits says whether any app lacks instances.
func (f *framework) waits() bool {
	return slices.ContainsFunc(f.apps, func(a *app) bool { return a.missing() > 0 })
}

// ended takes a finished task from its app; the app wants a new one.
func (f *framework) ended(t *task) {
	t.app.tasks = slices.DeleteFunc(t.app.tasks, func(other *task) bool { return other == t })
	f.unreachable = slices.DeleteFunc(f.unreachable, func(other *task) bool { return other == t })
	if t.app.options.Once {
		t.app.wanted--
	}
	f.completed = append(f.completed, t)
	if len(f.completed) > maxCompleted {
		f.completed = slices.Delete(f.completed, 0, len(f.completed)-maxCompleted)
	}
	f.revive()
}

// lost is a task whose agent is unreachable: another takes its place.
func (f *framework) lost(t *task) {
	if !t.app.options.Once {
		t.app.tasks = slices.DeleteFunc(t.app.tasks, func(other *task) bool { return other == t })
	}
	f.unreachable = append(f.unreachable, t)
	f.revive()
}

// returned is a task that came back with its agent; if another has taken its
// place it is killed, as Marathon does.
func (f *framework) returned(t *task) {
	f.unreachable = slices.DeleteFunc(f.unreachable, func(other *task) bool { return other == t })
	t.state = "TASK_RUNNING"
	if t.app.options.Once {
		return // its place was kept
	}
	surplus := t.app.missing() <= 0 || f.app(t.app.name) != t.app
	t.app.tasks = append(t.app.tasks, t)
	if surplus {
		f.cluster.kill(t, t.app.options.KillGrace, "")
	}
}
