package mesos

import (
	"net/http"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// writes is what answers a call that changes the cluster; nil: not such a call.
// What is about machines, and draining, looks at more before it looks at rights.
func (m *member) writes(principal string, call *master.Call) func() answer {
	c := m.cluster
	if call.Type == master.Call_DRAIN_AGENT {
		return c.locked(func() answer { return c.drainAgent(principal, call.DrainAgent) })
	}
	if change := c.maintenanceWrite(principal, call); change != nil {
		return c.locked(change)
	}
	change := m.agentWrite(call)
	if change == nil {
		change = m.settingWrite(call)
	}
	if change != nil && c.onlooker(principal) {
		return func() answer { return statusText(http.StatusForbidden) }
	}
	return c.locked(change)
}

// agentWrite chooses what answers a call about one agent; nil: not such a call.
func (m *member) agentWrite(call *master.Call) func() answer {
	c := m.cluster
	switch call.Type {
	case master.Call_DEACTIVATE_AGENT:
		return func() answer { return c.deactivate(call.DeactivateAgent.AgentID.Value) }
	case master.Call_REACTIVATE_AGENT:
		return func() answer { return c.reactivate(call.ReactivateAgent.AgentID.Value) }
	case master.Call_MARK_AGENT_GONE:
		return func() answer { return c.markAgentGone(call.MarkAgentGone.AgentID.Value) }
	}
	return nil
}

func (c *Cluster) locked(do func() answer) func() answer {
	if do == nil {
		return nil
	}
	return func() answer {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		return do()
	}
}

// known finds an agent that the registry holds and that is not gone.
func (c *Cluster) known(id string) *agent {
	a := c.agents[id]
	if a == nil || a.standing == absent || a.standing == gone {
		return nil
	}
	return a
}

// deactivate withholds an agent: its offers are rescinded at once, its tasks run
// on, no event is sent (recordings deactivate-*).
func (c *Cluster) deactivate(id string) answer {
	a := c.known(id)
	if a == nil {
		return bad("Unknown agent")
	}
	a.deactivated = true
	a.withheld = true
	c.rescind(a)
	c.notify()
	return accepted()
}

// reactivate gives an agent back; one that is draining is refused, and one that
// is not listed answers 409 although the call takes effect (recordings
// deactivate-9, drain-04, surv-e2, unreachable-3, gone-5).
func (c *Cluster) reactivate(id string) answer {
	a := c.agents[id]
	switch {
	case a == nil || !a.deactivated:
		return bad("Agent is not deactivated")
	case a.drain != nil && !a.drain.drained:
		return bad("Agent is still in the DRAINING state")
	}
	a.deactivated, a.drain, a.config, a.drainStart = false, nil, nil, time.Time{}
	a.changed()
	if a.standing != registered {
		return text(http.StatusConflict, "Agent removed while processing the call")
	}
	a.withheld = !a.connected
	c.revive()
	c.notify()
	return accepted()
}
