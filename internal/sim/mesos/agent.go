package mesos

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// host is a machine that runs an agent's process.
type host struct {
	config  AgentConfig
	running bool // the agent's process
	started time.Time
	paused  bool   // the process hangs or the network is cut: pings fail
	agent   *agent // what its work directory knows; nil: nothing yet
	former  *agent // what its lost work directory knew
	pending *entry // the next thing that its process will do
	healing *entry // ends a partition
	server  *http.Server
	address string // of the server, host:port; "": the agent has no socket
}

// standing is where an agent stands with the leading master.
type standing int

const (
	absent      standing = iota // unregistered, or removed with its machine
	recovered                   // known from the registry, not back since the failover
	registered                  // listed by GET_AGENTS
	unreachable                 // lost for longer than the pings allow
	gone                        // marked gone, for ever
)

// agent is one agent ID: what the registry keeps of it, what the leader has in
// memory, and what the agent itself knows.
type agent struct {
	host *host
	id   string

	// What the registry keeps, across failovers.
	standing    standing
	deactivated bool
	drain       *drain

	// What the leading master has in memory.
	connected      bool
	withheld       bool // inactive in the allocator, whoever made it so
	registeredAt   time.Time
	reregisteredAt time.Time
	drainStart     time.Time // zero: not known since the failover
	offers         []*offer
	timeout        *entry // makes it unreachable
	drainCheck     *entry // ends a drain that has nothing to kill
	tasks          []*task

	// What the agent's process knows.
	config     *drainConfig // the drain that it obeys
	ended      []*task      // ended with its machine, not reported yet
	past       []*task      // ended tasks that it remembers, oldest first
	operations []*operation // that it was asked for, oldest first

	encoded []byte // as GET_AGENTS lists it, in protobuf; nil: to be encoded again
}

// active is the flag of GET_AGENTS: the agent is connected and may be offered.
func (a *agent) active() bool { return a.connected && !a.deactivated }

// changed makes the next reader encode the agent again.
func (a *agent) changed() { a.encoded = nil }

// register brings a host's agent to the leading master: for the first time, or
// back with the ID that its work directory holds.
func (c *Cluster) register(h *host) {
	c.cancelPending(h)
	if !h.running || h.paused || c.leader == nil || c.leader.state != leading {
		return
	}
	a := h.agent
	switch {
	case a != nil && a.standing == gone, c.machineDown(h):
		if a != nil {
			a.ended = nil
		}
		c.stopProcess(h) // the master refuses it and the process exits
		return
	case a == nil:
		c.registerNew(h)
	case a.standing == registered:
		c.reconnect(a)
	default:
		c.admit(a)
	}
	c.notify()
}

func (c *Cluster) registerNew(h *host) {
	c.removePredecessor(h)
	a := &agent{host: h, id: fmt.Sprintf("%s-S%d", c.masterID(), c.agentCount), registeredAt: time.Now()}
	c.agentCount++
	h.agent = a
	c.agents[a.id] = a
	c.list(a)
	c.log.Debug("agent registered", "hostname", h.config.Hostname, "agent", a.id)
	c.publishAgentAdded(a)
}

// removePredecessor takes off the list whatever agent had the host's address
// before its work directory was lost.
func (c *Cluster) removePredecessor(h *host) {
	if h.former != nil && h.former.standing == registered {
		c.remove(h.former, "a new agent registered at the same address", agentRemoved)
	}
	h.former = nil
}

// reconnect is an agent that comes back before it was given up: same flags,
// same tasks; the allocator takes it as active, which drops the module's filter
// (recording getty-survive-3).
func (c *Cluster) reconnect(a *agent) {
	c.agenda.cancel(a.timeout)
	a.timeout = nil
	a.connected = true
	a.reregisteredAt = time.Now()
	a.withheld = a.deactivated
	a.changed()
	c.reportLost(a)
	c.resumeDrain(a)
	c.revive()
}

// admit takes an agent back that the leader does not list: after a failover,
// from unreachable, after it was unregistered or its machine was down.
func (c *Cluster) admit(a *agent) {
	c.agenda.cancel(a.timeout)
	a.timeout = nil
	a.registeredAt = time.Now()
	a.reregisteredAt = a.registeredAt.Add(time.Microsecond)
	a.drainStart = time.Time{}
	c.list(a)
	c.takeTasksBack(a)
	c.reportEnded(a)
	c.reportLost(a)
	c.publishAgentAdded(a)
	c.resumeDrain(a)
}

// list puts an agent among the registered ones.
func (c *Cluster) list(a *agent) {
	a.standing = registered
	a.connected = true
	a.withheld = a.deactivated
	a.changed()
	c.registered = append(c.registered, a)
	c.restoreFiltersSoon()
	c.answerInverseOffer(a.host)
	c.revive()
}

// unlist takes an agent from among the registered ones; its offers are
// rescinded.
func (c *Cluster) unlist(a *agent, to standing) {
	a.standing = to
	a.connected = false
	a.changed()
	c.agenda.cancel(a.timeout)
	a.timeout = nil
	c.rescind(a)
	c.registered = slices.DeleteFunc(c.registered, func(other *agent) bool { return other == a })
}

// disconnect is an agent whose connection broke: it stays listed, inactive,
// until its pings have failed for the configured time.
func (c *Cluster) disconnect(a *agent) {
	if a == nil || a.standing != registered || !a.connected {
		return
	}
	a.connected = false
	a.withheld = true
	a.changed()
	c.rescind(a)
	a.timeout = c.agenda.after(c.config.AgentTimeout, func() { c.loseContact(a) })
	c.notify()
}

// loseContact makes an agent unreachable: it leaves the list without an event,
// its tasks become unreachable, and their frameworks start them elsewhere
// (recordings unreachable-*, events-unreachable).
func (c *Cluster) loseContact(a *agent) {
	c.unlist(a, unreachable)
	now := time.Now()
	for _, task := range slices.Clone(a.tasks) {
		c.update(task, status{
			state: "TASK_UNREACHABLE", source: sourceMaster, reason: "REASON_AGENT_REMOVED",
			message: "health check timed out", unreachableAt: now,
		})
	}
	c.notify()
}

// agentRemoved and silently say whether subscribers hear of a removal.
const (
	agentRemoved = true
	silently     = false
)

// remove takes an agent out of the registry; its deactivation is forgotten and
// its tasks are lost.
func (c *Cluster) remove(a *agent, why string, event bool) {
	c.unlist(a, absent)
	a.deactivated, a.drain, a.config = false, nil, nil
	for _, task := range slices.Clone(a.tasks) {
		c.update(task, status{
			state: "TASK_LOST", source: sourceMaster, reason: "REASON_AGENT_REMOVED",
			message: fmt.Sprintf("Agent %s removed: %s", a.host.config.Hostname, why),
		})
	}
	if event {
		c.publishAgentRemoved(a)
	}
	c.notify()
}
