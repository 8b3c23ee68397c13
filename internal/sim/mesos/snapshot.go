package mesos

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Snapshot is the cluster as it is, for a page or a test to show. It is a copy.
type Snapshot struct {
	Leader  string        // address of the leading master; "" while there is none
	Agents  []AgentView   // by hostname
	Waiting []WaitingView // tasks that wait for an offer, one entry an instance
}

// AgentView is an agent as a Snapshot shows it.
type AgentView struct {
	ID, Hostname, IP string
	Attributes       map[string]string
	Active           bool // connected and not deactivated by the master
	Deactivated      bool // by the master
	Connected        bool
	Offered          bool   // a framework holds an offer
	Filtered         bool   // withheld in the allocator: by the module, or for one of the reasons above
	State            string // active, deactivated, draining, drained, filtered, disconnected, recovered, unreachable, gone, down or absent
	Operations       int    // that are pending
	Tasks            []TaskView
}

// TaskView is a task as a Snapshot shows it.
type TaskView struct {
	ID, App   string
	Framework string // its name
	State     string // such as TASK_RUNNING
}

// WaitingView is an instance of an app that waits for an offer.
type WaitingView struct {
	App   string
	Agent string // hostname that it is pinned to; "" is any
}

// Call is a request that a master answered.
type Call struct {
	At       time.Time
	Master   string // address of the master that was asked
	Method   string
	Path     string
	Type     string // of a v1 call, such as DEACTIVATE_AGENT; "" where there is none
	AgentID  string // of a call about one agent
	Status   int
	Duration time.Duration
}

// Snapshot copies what the cluster is like now.
func (c *Cluster) Snapshot() Snapshot {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var shot Snapshot
	if c.leader != nil && c.leader.state == leading {
		shot.Leader = c.leader.address()
	}
	for _, h := range c.hosts {
		shot.Agents = append(shot.Agents, c.view(h))
	}
	slices.SortFunc(shot.Agents, func(a, b AgentView) int { return cmp.Compare(a.Hostname, b.Hostname) })
	for _, f := range c.frameworks {
		for _, app := range f.apps {
			for range app.missing() {
				shot.Waiting = append(shot.Waiting, WaitingView{App: app.name, Agent: app.options.Agent})
			}
		}
	}
	return shot
}

func (c *Cluster) view(h *host) AgentView {
	view := AgentView{Hostname: h.config.Hostname, IP: h.config.IP, Attributes: maps.Clone(h.config.Attributes), State: "absent"}
	a := h.agent
	if a == nil {
		return view
	}
	view.ID = a.id
	view.Deactivated = a.deactivated
	view.Connected = a.connected
	view.Active = a.active()
	view.Filtered = a.withheld
	view.Offered = len(a.offers) > 0
	view.State = c.state(a)
	view.Operations = a.pendingOperations()
	for _, t := range a.tasks {
		view.Tasks = append(view.Tasks, TaskView{ID: t.id, App: t.app.name, Framework: t.app.framework.config.Name, State: t.state})
	}
	return view
}

func (c *Cluster) state(a *agent) string {
	switch a.standing {
	case recovered:
		return "recovered"
	case unreachable:
		return "unreachable"
	case gone:
		return "gone"
	case absent:
		if c.machineDown(a.host) {
			return "down"
		}
		return "absent"
	}
	switch {
	case !a.connected:
		return "disconnected"
	case a.drain != nil && a.drain.drained:
		return "drained"
	case a.drain != nil:
		return "draining"
	case a.deactivated:
		return "deactivated"
	case a.withheld:
		return "filtered"
	}
	return "active"
}

// Watch gives a value after each change, several changes at once as one, until
// ctx is done; then the channel is closed.
func (c *Cluster) Watch(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.watchers[changes] = true
	context.AfterFunc(ctx, func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		delete(c.watchers, changes)
		close(changes)
	})
	return changes
}

// notify wakes the watchers. The lock must be held.
func (c *Cluster) notify() {
	for watcher := range c.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}

// maxCalls bounds the memory of Calls.
const maxCalls = 200_000

// Calls are the requests that the masters answered, oldest first; of a very long
// history the older half is forgotten.
func (c *Cluster) Calls() []Call {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.calls)
}

func (c *Cluster) recordCall(call Call) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.calls) >= maxCalls {
		c.calls = slices.Delete(c.calls, 0, maxCalls/2)
	}
	c.calls = append(c.calls, call)
}
