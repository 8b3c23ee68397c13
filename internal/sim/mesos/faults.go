package mesos

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Failover kills the leading master. Its connections are cut; after the election
// time the next master leads, recovers its registry, and the agents register
// again over the re-registration time. The old leader comes back as a standby.
// A cluster with one master restarts it.
func (c *Cluster) Failover() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failOver(c.successor)
}

// RestartMaster kills the leading master and starts it again: it is back soon,
// takes itself for a standby of itself until it is elected, and leads again.
func (c *Cluster) RestartMaster() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failOver(func(old *member) *member { return old })
}

func (c *Cluster) failOver(choose func(*member) *member) error {
	old := c.leader
	if old == nil || old.state != leading {
		return errors.New("simulated cluster: no master leads")
	}
	if err := old.shutDown(); err != nil {
		return err
	}
	next := choose(old)
	back := c.config.Election / 8
	if next != old {
		back = c.config.Election + c.config.Recovery
	}
	c.agenda.after(back, func() { c.bringBack(old) })
	c.agenda.after(c.config.Election, func() { c.elect(next) })
	c.forgetMemory()
	c.notify()
	return nil
}

// Leaderless makes a master, by its place in the configuration, lose ZooKeeper:
// it knows no leader and says so.
func (c *Cluster) Leaderless(master int) error { return c.pin(master, leaderless) }

// StayRecovering makes a master an elected one that cannot read its registry
// because too few of its kind answer.
func (c *Cluster) StayRecovering(master int) error { return c.pin(master, recovering) }

func (c *Cluster) pin(master int, state masterState) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if master < 0 || master >= len(c.masters) {
		return fmt.Errorf("simulated cluster: no master %d", master)
	}
	c.masters[master].become(state)
	c.notify()
	return nil
}

// successor is the master that will lead after one went away: the next in the
// order of the configuration, or itself.
func (c *Cluster) successor(old *member) *member {
	for i, m := range c.masters {
		if m != old {
			continue
		}
		for step := 1; step < len(c.masters); step++ {
			if next := c.masters[(i+step)%len(c.masters)]; next.state == standby {
				return next
			}
		}
	}
	return old
}

// bringBack starts a master's process again on its old address; while the
// address is taken it tries again.
func (c *Cluster) bringBack(m *member) {
	if m.state != dead || c.closed {
		return
	}
	if err := m.listen(context.Background()); err != nil {
		m.pending = c.agenda.after(time.Second, func() { c.bringBack(m) })
		return
	}
	c.notify()
}

// elect makes a master the leader: first it recovers, then it answers, and the
// agents come back one after the other.
func (c *Cluster) elect(m *member) {
	if m.state == dead {
		m.pending = c.agenda.after(c.config.Recovery, func() { c.elect(m) })
		return
	}
	c.leader = m
	m.become(recovering)
	c.agenda.after(c.config.Recovery, func() { c.recover(m) })
	c.notify()
}

func (c *Cluster) recover(m *member) {
	if c.leader != m || m.state != recovering || c.quorumLost {
		return
	}
	m.become(leading)
	c.log.Info("master leads", "master", m.address())
	for i, h := range c.hosts {
		if a := h.agent; a != nil && a.standing == recovered {
			a.timeout = c.agenda.after(c.config.ReregistrationTimeout, func() { c.giveUp(a) })
		}
		if h.running {
			wait := c.config.Reregistration * time.Duration(i+1) / time.Duration(len(c.hosts))
			h.pending = c.agenda.after(wait, func() { c.register(h) })
		}
	}
	c.notify()
}

// giveUp makes a recovered agent that did not come back unreachable.
func (c *Cluster) giveUp(a *agent) {
	if a.standing == recovered {
		c.loseContact(a)
	}
}

// forgetMemory is what goes with a leader's process: everything that the
// registry does not keep.
func (c *Cluster) forgetMemory() {
	for _, a := range c.registered {
		a.standing = recovered
		a.connected = false
		c.agenda.cancel(a.timeout)
		a.timeout = nil
		c.rescind(a)
	}
	c.registered = nil
	for _, f := range c.frameworks {
		f.completed = nil
	}
	c.forgetMachines()
}
