package mesos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// offer is what is free on an agent, promised to the framework.
type offer struct {
	id    string
	agent *agent
	free  resources
	hold  *entry // answers it
}

// resources are the amounts that tasks use.
type resources struct{ cpus, mem, disk, gpus float64 }

func (r resources) minus(other resources) resources {
	return resources{r.cpus - other.cpus, r.mem - other.mem, r.disk - other.disk, r.gpus - other.gpus}
}

func (r resources) plus(other resources) resources {
	return resources{r.cpus + other.cpus, r.mem + other.mem, r.disk + other.disk, r.gpus + other.gpus}
}

// holds says whether other fits into r.
func (r resources) holds(other resources) bool {
	const dust = 1e-9
	left := r.minus(other)
	return left.cpus > -dust && left.mem > -dust && left.disk > -dust && left.gpus > -dust
}

func (a *app) needs() resources {
	return resources{cpus: a.options.CPUs, mem: a.options.MemMB, gpus: a.options.GPUs}
}

func (h *host) total() resources {
	return resources{h.config.CPUs, h.config.MemMB, h.config.DiskMB, h.config.GPUs}
}

// allocated is what an agent's tasks use.
func (a *agent) allocated() resources {
	var used resources
	for _, t := range a.tasks {
		used = used.plus(t.app.needs())
	}
	return used
}

// offered is what an agent's outstanding offers promise.
func (a *agent) offered() resources {
	var promised resources
	for _, o := range a.offers {
		promised = promised.plus(o.free)
	}
	return promised
}

// mayOffer says whether the master offers an agent's resources.
func (c *Cluster) mayOffer(a *agent) bool {
	return a.standing == registered && a.active() && !a.withheld && !a.host.paused
}

// revive asks for offers; they come with the next allocation. It does nothing
// while nobody wants them.
func (f *framework) revive() {
	if f == nil || f.allocation != nil || !f.hoarding && !f.waits() {
		return
	}
	f.allocation = f.cluster.agenda.after(f.cluster.config.AllocationInterval, func() {
		f.allocation = nil
		f.cluster.allocate()
		f.revive()
	})
}

// allocate offers what is free on every agent that may be offered.
func (c *Cluster) allocate() {
	if c.leader == nil || c.leader.state != leading {
		return
	}
	var ready []*agent
	for _, a := range c.registered {
		if c.mayOffer(a) && len(a.offers) == 0 && c.framework.interested(a) {
			ready = append(ready, a)
		}
	}
	// Offers are answered in this order: apps spread over the emptiest agents.
	slices.SortStableFunc(ready, func(a, b *agent) int { return cmp.Compare(len(a.tasks), len(b.tasks)) })
	for _, a := range ready {
		c.makeOffer(a)
	}
	if len(c.subscribers) > 0 || len(c.watchers) > 0 {
		c.notify()
	}
}

// interested spares a large cluster the offers that nobody would take.
func (f *framework) interested(a *agent) bool {
	return f.hoarding || slices.ContainsFunc(f.apps, func(app *app) bool {
		return app.missing() > 0 && app.accepts(a)
	})
}

func (a *app) accepts(agent *agent) bool {
	return a.options.Agent == "" || a.options.Agent == agent.host.config.Hostname
}

func (c *Cluster) makeOffer(a *agent) {
	made := &offer{id: fmt.Sprintf("%s-O%d", c.masterID(), c.offerCount), agent: a, free: a.host.total().minus(a.allocated())}
	c.offerCount++
	a.offers = append(a.offers, made)
	a.changed()
	if !c.framework.hoarding {
		made.hold = c.agenda.after(c.config.OfferHold, func() { c.framework.answer(made) })
	}
}

// rescind takes an agent's offers back; what the framework sends for them later
// is refused.
func (c *Cluster) rescind(a *agent) {
	for _, o := range a.offers {
		c.agenda.cancel(o.hold)
	}
	a.offers = nil
	a.changed()
}

// answer accepts an offer for the tasks that wait and declines the rest.
func (f *framework) answer(o *offer) {
	f.use(o)
	o.agent.offers = slices.DeleteFunc(o.agent.offers, func(other *offer) bool { return other == o })
	o.agent.changed()
	f.revive()
	f.cluster.notify()
}

// useOffers lets tasks that wait start from offers that are kept.
func (f *framework) useOffers() {
	if !f.hoarding {
		return
	}
	for _, a := range f.cluster.registered {
		for _, o := range slices.Clone(a.offers) {
			if f.use(o) {
				a.offers = slices.DeleteFunc(a.offers, func(other *offer) bool { return other == o })
				a.changed()
			}
		}
	}
}

// use launches on an offer what waits and fits, one instance of each app in
// turn so that apps spread over agents, and says whether it launched anything.
func (f *framework) use(o *offer) bool {
	launched := false
	free := o.free
	for _, app := range f.apps {
		if app.missing() > 0 && app.accepts(o.agent) && free.holds(app.needs()) {
			f.launch(app, o.agent)
			free = free.minus(app.needs())
			launched = true
		}
	}
	return launched
}

func (f *framework) launch(app *app, a *agent) {
	f.taskCount++
	launched := &task{
		id:          fmt.Sprintf("%s.%s", app.name, uuidText()),
		app:         app,
		agent:       a,
		state:       "TASK_STAGING",
		container:   uuidText(),
		surrounding: uuidText(),
		pid:         uint32(20000 + f.taskCount),
	}
	app.tasks = append(app.tasks, launched)
	a.tasks = append(a.tasks, launched)
	a.changed()
	f.cluster.log.Debug("task launched", "app", app.name, "hostname", a.host.config.Hostname, "at", time.Now())
	f.cluster.start(launched)
}
