package mesos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// offer is what is free on an agent, promised to a framework.
type offer struct {
	id        string
	agent     *agent
	framework *framework
	free      resources
	hold      *entry // answers it
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

// free is what an agent has left for anybody.
func (a *agent) free() resources {
	return a.host.total().minus(a.allocated()).minus(a.host.reserved())
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
func (c *Cluster) revive() {
	wanted := slices.ContainsFunc(c.frameworks, func(f *framework) bool { return f.hoarding || f.waits() })
	if c.allocation != nil || !wanted {
		return
	}
	c.allocation = c.agenda.after(c.config.AllocationInterval, func() {
		c.allocation = nil
		c.allocate()
		c.revive()
	})
}

// allocate offers what is free on every agent that may be offered, each to one
// framework: that which has the fewest tasks and offers of those that would take it.
func (c *Cluster) allocate() {
	if c.leader == nil || c.leader.state != leading {
		return
	}
	var ready []*agent
	for _, a := range c.registered {
		wanted := func(f *framework) bool { return f.interested(a) }
		if c.mayOffer(a) && len(a.offers) == 0 && slices.ContainsFunc(c.frameworks, wanted) {
			ready = append(ready, a)
		}
	}
	share := map[*framework]int{}
	for _, f := range c.frameworks {
		share[f] = f.taskTotal()
	}
	// Offers are answered in this order: apps spread over the emptiest agents.
	slices.SortStableFunc(ready, func(a, b *agent) int { return cmp.Compare(len(a.tasks), len(b.tasks)) })
	for _, a := range ready {
		if f := c.poorest(share, a); f != nil {
			c.makeOffer(a, f)
			share[f]++
		}
	}
	if len(c.subscribers) > 0 || len(c.watchers) > 0 {
		c.notify()
	}
}

// poorest is the framework with the smallest share of those that would take an
// agent's offer; nil: none would.
func (c *Cluster) poorest(share map[*framework]int, a *agent) *framework {
	var found *framework
	for _, f := range c.frameworks {
		if f.interested(a) && (found == nil || share[f] < share[found]) {
			found = f
		}
	}
	return found
}

// interested spares a large cluster the offers that nobody would take.
func (f *framework) interested(a *agent) bool {
	return f.hoarding || slices.ContainsFunc(f.apps, func(app *app) bool {
		return app.missing() > 0 && app.accepts(a) && a.free().holds(app.needs())
	})
}

func (a *app) accepts(agent *agent) bool {
	return a.options.Agent == "" || a.options.Agent == agent.host.config.Hostname
}

func (c *Cluster) makeOffer(a *agent, to *framework) {
	made := &offer{id: fmt.Sprintf("%s-O%d", c.masterID(), c.offerCount), agent: a, framework: to, free: a.free()}
	c.offerCount++
	a.offers = append(a.offers, made)
	a.changed()
	if !to.hoarding {
		made.hold = c.agenda.after(c.config.OfferHold, func() { to.answer(made) })
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
	f.cluster.revive()
	f.cluster.notify()
}

// useOffers lets tasks that wait start from offers that are kept.
func (f *framework) useOffers() {
	if !f.hoarding {
		return
	}
	for _, a := range f.cluster.registered {
		for _, o := range slices.Clone(a.offers) {
			if o.framework == f && f.use(o) {
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

// taskPrefix is an app's name as Marathon begins its tasks' IDs with it.
func taskPrefix(app string) string { return strings.ReplaceAll(strings.Trim(app, "/"), "/", "_") }

func (f *framework) launch(app *app, a *agent) {
	f.taskCount++
	launched := &task{
		id:          fmt.Sprintf("%s.%s", taskPrefix(app.name), uuidText()),
		app:         app,
		agent:       a,
		state:       "TASK_STAGING",
		stagedAt:    time.Now(),
		container:   uuidText(),
		surrounding: uuidText(),
		pid:         uint32(20000 + f.taskCount),
	}
	app.tasks = append(app.tasks, launched)
	a.tasks = append(a.tasks, launched)
	a.changed()
	f.cluster.answerInverseOffer(a.host)
	f.cluster.log.Debug("task launched", "app", app.name, "hostname", a.host.config.Hostname, "at", time.Now())
	f.cluster.start(launched)
}
