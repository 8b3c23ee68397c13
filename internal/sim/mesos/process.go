package mesos

import (
	"fmt"
	"time"
)

// StopAgent kills a host's agent process. Its tasks run on; the master lists
// the agent as inactive and, after the configured time, as unreachable.
func (c *Cluster) StopAgent(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		if !h.running {
			return fmt.Errorf("simulated cluster: the agent of %s is not running", hostname)
		}
		c.stopProcess(h)
		return nil
	})
}

// StartAgent starts a host's agent process again; it registers at once, with
// the agent ID that its work directory holds.
func (c *Cluster) StartAgent(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		c.cancelPending(h)
		h.start()
		c.register(h)
		return nil
	})
}

// RestartAgent stops a host's agent process and starts it again after the
// configured time. Its tasks run on.
func (c *Cluster) RestartAgent(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		c.stopProcess(h)
		c.startLater(h)
		return nil
	})
}

// Reboot restarts a host: the agent process goes and its tasks end; after the
// configured time the agent is back with the same ID.
func (c *Cluster) Reboot(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		c.stopProcess(h)
		if h.agent != nil {
			for _, task := range h.agent.tasks {
				task.dead = true
			}
		}
		c.startLater(h)
		return nil
	})
}

// LoseWorkDir stops a host's agent, destroys its work directory with all that
// runs from it, and starts a new agent after the configured time: same host,
// same port, new agent ID, active.
func (c *Cluster) LoseWorkDir(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		c.stopProcess(h)
		if h.agent != nil {
			h.former, h.agent = h.agent, nil
		}
		c.startLater(h)
		return nil
	})
}

// Unregister tells a host's agent to leave the cluster (SIGUSR1): the process
// unregisters and exits, and what the registry knew of it, deactivation
// included, is forgotten. StartAgent brings it back with the same agent ID.
func (c *Cluster) Unregister(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		a := h.agent
		if !h.running || a == nil || a.standing != registered {
			return fmt.Errorf("simulated cluster: the agent of %s is not registered", hostname)
		}
		c.cancelPending(h)
		h.running = false
		c.endTasks(a)
		c.remove(a, "unregistered", agentRemoved)
		return nil
	})
}

// PauseAgent cuts a host's agent off (a hanging process, a broken network): the
// master notices only when the pings have failed for the configured time.
func (c *Cluster) PauseAgent(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		h.paused = true
		if a := h.agent; a != nil && a.standing == registered && a.timeout == nil {
			a.timeout = c.agenda.after(c.config.AgentTimeout, func() { c.loseContact(a) })
		}
		return nil
	})
}

// PartitionAgent is PauseAgent for so long. An agent whose pings fail for longer
// than Config.AgentTimeout becomes unreachable, and its tasks are started
// elsewhere; when it is back, those that have a successor are killed.
func (c *Cluster) PartitionAgent(hostname string, d time.Duration) error {
	if err := c.PauseAgent(hostname); err != nil {
		return err
	}
	return c.onHost(hostname, func(h *host) error {
		c.agenda.cancel(h.healing)
		h.healing = c.agenda.after(d, func() { c.resume(h) })
		return nil
	})
}

// ResumeAgent ends what PauseAgent began.
func (c *Cluster) ResumeAgent(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		c.resume(h)
		return nil
	})
}

func (c *Cluster) resume(h *host) {
	c.agenda.cancel(h.healing)
	h.healing, h.paused = nil, false
	if a := h.agent; a != nil && a.standing == registered && a.connected {
		c.agenda.cancel(a.timeout)
		a.timeout = nil
		c.revive()
		return
	}
	c.register(h)
}

func (c *Cluster) onHost(hostname string, do func(*host) error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	h, err := c.host(hostname)
	if err != nil {
		return err
	}
	if err := do(h); err != nil {
		return err
	}
	c.notify()
	return nil
}

// stopProcess ends a host's agent process. A process that was started again
// recovers its tasks from disk and no longer knows their latest updates.
func (c *Cluster) stopProcess(h *host) {
	c.cancelPending(h)
	h.running, h.paused = false, false
	if h.agent == nil {
		return
	}
	for _, task := range h.agent.tasks {
		task.agentKnowsUpdate = false
	}
	c.disconnect(h.agent)
}

// cancelPending takes back what a host's process was about to do.
func (c *Cluster) cancelPending(h *host) {
	c.agenda.cancel(h.pending)
	h.pending = nil
}

// start starts a host's agent process.
func (h *host) start() { h.running, h.paused, h.started = true, false, time.Now() }

func (c *Cluster) startLater(h *host) {
	c.startAfter(h, c.config.AgentRestart)
}

func (c *Cluster) startAfter(h *host, d time.Duration) {
	h.pending = c.agenda.after(d, func() {
		h.pending = nil
		h.start()
		c.register(h)
	})
}
