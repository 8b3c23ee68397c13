package mesos

import (
	"slices"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// LoseQuorum takes the registry's quorum away: reads go on, but a call that
// would change the registry gets no answer, and the leader that was asked aborts
// when its registry times out. Whoever is elected then stays recovering until
// RestoreQuorum (recordings ha-6-noquorum-*).
func (c *Cluster) LoseQuorum() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.quorumLost = true
}

// RestoreQuorum ends what LoseQuorum began.
func (c *Cluster) RestoreQuorum() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.quorumLost = false
	c.agenda.cancel(c.aborting)
	c.aborting = nil
	if m := c.leader; m != nil && m.state == recovering {
		c.agenda.after(c.config.Recovery, func() { c.recover(m) })
	}
}

// registryCalls are the calls that change the registry.
var registryCalls = []master.Call_Type{
	master.Call_DEACTIVATE_AGENT, master.Call_REACTIVATE_AGENT, master.Call_DRAIN_AGENT, master.Call_MARK_AGENT_GONE,
	master.Call_UPDATE_MAINTENANCE_SCHEDULE, master.Call_START_MAINTENANCE, master.Call_STOP_MAINTENANCE, master.Call_UPDATE_WEIGHTS,
}

// awaitRegistry holds a call back that a registry without a quorum cannot take;
// nil: go on.
func (m *member) awaitRegistry(r *request, call *master.Call) *answer {
	if !slices.Contains(registryCalls, call.Type) {
		return nil
	}
	return m.awaitQuorum(r)
}

// awaitQuorum holds a change back while the quorum is lost, until the asker gives
// up or the master aborts; nil: go on.
func (m *member) awaitQuorum(r *request) *answer {
	c := m.cluster
	c.mutex.Lock()
	if !c.quorumLost {
		c.mutex.Unlock()
		return nil
	}
	if c.aborting == nil {
		c.aborting = c.agenda.after(c.config.RegistryTimeout, func() {
			c.aborting = nil
			_ = c.failOver(c.successor) // nobody leads: nothing to abort
		})
	}
	ended := m.gone
	c.mutex.Unlock()
	select {
	case <-r.Context().Done():
	case <-ended:
	}
	return &answer{dropped: true}
}
