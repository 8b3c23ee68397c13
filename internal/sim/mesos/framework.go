package mesos

import (
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
	config       FrameworkConfig
	registeredAt time.Time
	apps         []*app
	completed    []*task
	unreachable  []*task
	hoarding     bool // keeps every offer that it gets
	taskCount    int
}

// maxCompleted is how many finished tasks of a framework a master remembers
// (flag max_completed_tasks_per_framework).
const maxCompleted = 1000

// newFrameworks are the frameworks of the configuration, with IDs in its order.
func newFrameworks(c *Cluster) []*framework {
	var all []*framework
	for i, config := range c.config.Frameworks {
		id := fmt.Sprintf("%s-%04d", c.masterID(), i)
		all = append(all, &framework{cluster: c, id: id, config: config, registeredAt: time.Now()})
	}
	return all
}

// frameworkNamed finds a framework by its name; "" is the first one.
func (c *Cluster) frameworkNamed(name string) (*framework, error) {
	for _, f := range c.frameworks {
		if name == "" || f.config.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("simulated cluster: no framework %q", name)
}

// HoldOffers makes the first framework keep every offer that it gets,
// unanswered, until HoldOffers(false). Without it, offers that are of no use are
// declined.
func (c *Cluster) HoldOffers(hold bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.frameworks[0].hoarding = hold
	if hold {
		c.revive()
		return
	}
	for _, a := range c.registered {
		if len(a.offers) > 0 {
			c.rescind(a)
		}
	}
}

// waits says whether any app lacks instances.
func (f *framework) waits() bool {
	return slices.ContainsFunc(f.apps, func(a *app) bool { return a.missing() > 0 })
}

// taskTotal is how many tasks a framework has.
func (f *framework) taskTotal() int {
	total := 0
	for _, app := range f.apps {
		total += len(app.tasks)
	}
	return total
}

// ended takes a finished task from its app; the app wants a new one.
func (f *framework) ended(t *task) {
	t.app.lose(t)
	f.unreachable = slices.DeleteFunc(f.unreachable, func(other *task) bool { return other == t })
	if t.app.options.Once {
		t.app.wanted--
	}
	f.completed = append(f.completed, t)
	if len(f.completed) > maxCompleted {
		f.completed = slices.Delete(f.completed, 0, len(f.completed)-maxCompleted)
	}
	f.cluster.revive()
}

// lost is a task whose agent is unreachable: another takes its place.
func (f *framework) lost(t *task) {
	if !t.app.options.Once {
		t.app.lose(t)
	}
	f.unreachable = append(f.unreachable, t)
	f.cluster.revive()
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

// lostTasks are the tasks of all frameworks on unreachable agents.
func (c *Cluster) lostTasks() []*task {
	var lost []*task
	for _, f := range c.frameworks {
		lost = append(lost, f.unreachable...)
	}
	return lost
}

// endedTasks are the finished tasks of all frameworks that the leader remembers.
func (c *Cluster) endedTasks() []*task {
	var ended []*task
	for _, f := range c.frameworks {
		ended = append(ended, f.completed...)
	}
	return ended
}

// frameworksOf are the frameworks that the tasks belong to, in the order of the
// configuration.
func (c *Cluster) frameworksOf(tasks ...[]*task) []*framework {
	has := map[*framework]bool{}
	for _, list := range tasks {
		for _, t := range list {
			has[t.app.framework] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(c.frameworks), func(f *framework) bool { return !has[f] })
}

// of are the tasks that belong to a framework.
func (f *framework) of(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.app.framework != f })
}

// teardown ends all apps of a framework; it stays registered, without work.
func (c *Cluster) teardown(id string) answer {
	for _, f := range c.frameworks {
		if f.id != id {
			continue
		}
		for _, app := range f.apps {
			app.end()
		}
		f.apps = nil
		c.notify()
		return accepted()
	}
	return bad("No framework found with specified ID")
}

var errLaunch = errors.New("simulated cluster: launching needs an app's name and at least one instance")
