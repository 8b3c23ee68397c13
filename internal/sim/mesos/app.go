package mesos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// app is a command that should run in so many instances.
type app struct {
	name      string
	options   AppOptions
	wanted    int
	framework *framework
	since     time.Time // when it was launched first
	tasks     []*task
}

// AppOptions say how an app's tasks behave. The zero value is a task of 0.1 CPU
// and 16 MB that runs anywhere and ends when it is told to.
type AppOptions struct {
	Framework  string  // the framework's name; "" is the first one
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

func (o AppOptions) withDefaults(name string) AppOptions {
	o.TaskName = cmp.Or(o.TaskName, name)
	o.CPUs = cmp.Or(o.CPUs, 0.1)
	o.MemMB = cmp.Or(o.MemMB, 16)
	o.KillGrace = cmp.Or(o.KillGrace, 3*time.Second)
	return o
}

// Launch makes an app of the first framework run in so many more instances: on
// the agent named by its hostname, or anywhere if agent is "". The tasks start
// when offers allow it; until then they are in Snapshot.Waiting.
func (c *Cluster) Launch(name string, instances int, agent string) error {
	return c.LaunchWith(name, instances, AppOptions{Agent: agent})
}

// LaunchWith is Launch for tasks that behave as the options say, of the
// framework that they name. An app that exists keeps its options and its
// framework; only its number of instances grows.
func (c *Cluster) LaunchWith(name string, instances int, options AppOptions) error {
	if name == "" || instances < 1 {
		return errLaunch
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if options.Agent != "" {
		if _, err := c.host(options.Agent); err != nil {
			return err
		}
	}
	wanted, err := c.appToLaunch(name, options)
	if err != nil {
		return err
	}
	wanted.wanted += instances
	wanted.framework.useOffers()
	c.revive()
	c.notify()
	return nil
}

// appToLaunch is the app of that name, made now if there is none.
func (c *Cluster) appToLaunch(name string, options AppOptions) (*app, error) {
	if found := c.app(name); found != nil {
		switch {
		case found.options.Agent != options.Agent:
			return nil, fmt.Errorf("simulated cluster: app %s exists and is pinned to %q", name, found.options.Agent)
		case options.Framework != "" && options.Framework != found.framework.config.Name:
			return nil, fmt.Errorf("simulated cluster: app %s exists and belongs to %s", name, found.framework.config.Name)
		}
		return found, nil
	}
	owner, err := c.frameworkNamed(options.Framework)
	if err != nil {
		return nil, err
	}
	made := &app{name: name, options: options.withDefaults(name), framework: owner, since: time.Now()}
	owner.apps = append(owner.apps, made)
	return made, nil
}

// Kill ends an app and its tasks.
func (c *Cluster) Kill(name string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	doomed := c.app(name)
	if doomed == nil {
		return fmt.Errorf("simulated cluster: no app %q", name)
	}
	owner := doomed.framework
	owner.apps = slices.DeleteFunc(owner.apps, func(other *app) bool { return other == doomed })
	doomed.end()
	c.notify()
	return nil
}

// app finds an app by its name, of whatever framework: names are unique.
func (c *Cluster) app(name string) *app {
	for _, f := range c.frameworks {
		if found := f.app(name); found != nil {
			return found
		}
	}
	return nil
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

// lose takes a task from its app.
func (a *app) lose(t *task) {
	a.settle(t)
	a.tasks = slices.DeleteFunc(a.tasks, func(other *task) bool { return other == t })
}

// end tells all tasks of an app to end.
func (a *app) end() {
	for _, t := range slices.Clone(a.tasks) {
		a.framework.cluster.kill(t, a.options.KillGrace, "")
	}
}

// role is the role that the app's resources are allocated to.
func (a *app) role() string { return a.framework.config.Role }
