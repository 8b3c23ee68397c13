package mesos

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// drain is what the registry keeps of a DRAIN_AGENT call.
type drain struct {
	drained bool
	config  drainConfig
}

// drainConfig is what the agent is told.
type drainConfig struct {
	maxGrace time.Duration
	limited  bool // maxGrace was given
	markGone bool
	since    time.Time // when the agent was told
}

// drainAgent starts a drain: the agent is deactivated, its offers are rescinded
// and its tasks are killed with their own graces. Saying it again restarts the
// clock (recordings drain-*, evidence-drain-*).
func (c *Cluster) drainAgent(principal string, call *master.Call_DrainAgent) answer {
	a := c.known(call.AgentID.Value)
	if a != nil && a.standing == registered && c.window(a.host) != nil {
		return bad(fmt.Sprintf("Agent %s is part of a maintenance schedule under Machine %s", a.id, a.host.machine()))
	}
	if c.onlooker(principal) {
		return statusText(http.StatusForbidden)
	}
	if a == nil {
		return bad("Unknown agent")
	}
	if a.host.config.Undrainable { // no recording shows the words
		return bad(fmt.Sprintf("Agent %s is not capable of draining", a.id))
	}
	config := drainConfig{markGone: call.MarkGone != nil && *call.MarkGone}
	if grace := call.MaxGracePeriod; grace != nil {
		config.limited = true
		config.maxGrace = time.Duration(grace.Seconds)*time.Second + time.Duration(grace.Nanos)
	}
	a.deactivated, a.withheld = true, true
	a.drain = &drain{config: config}
	a.drainStart = time.Now()
	c.rescind(a)
	c.resumeDrain(a)
	c.notify()
	return accepted()
}

// resumeDrain tells an agent that is connected what its drain demands.
func (c *Cluster) resumeDrain(a *agent) {
	if a.drain == nil || a.drain.drained || !a.connected || a.host.paused {
		return
	}
	config := a.drain.config
	config.since = time.Now()
	a.config = &config
	a.changed()
	for _, t := range slices.Clone(a.tasks) {
		c.killForDrain(t, config)
	}
	// An agent without tasks is drained a moment later, when the registry has
	// it (recording drain-form-absent-get-agents).
	c.agenda.cancel(a.drainCheck)
	a.drainCheck = c.agenda.after(c.config.TaskEnd, func() { c.checkDrained(a) })
}

// killForDrain kills a task for a drain. max_grace_period shortens the grace of
// tasks whose executor obeys it, counted from the first kill; a longer one is
// ignored.
func (c *Cluster) killForDrain(t *task, config drainConfig) {
	grace := t.app.options.KillGrace
	if config.limited && (t.app.options.TaskGroup || t.app.options.HTTP) {
		grace = min(grace, max(config.maxGrace, 0))
	}
	if t.draining {
		grace -= time.Since(t.killedAt)
		if t.killing != nil && time.Until(t.killing.at) <= grace {
			return
		}
	} else {
		t.draining, t.killedAt = true, time.Now()
	}
	c.kill(t, max(grace, 0), "REASON_AGENT_DRAINING")
}

// checkDrained ends a drain when nothing is left on the agent: it stays
// deactivated, or is marked gone if the call said so.
func (c *Cluster) checkDrained(a *agent) {
	if a.drain == nil || a.drain.drained || a.config == nil || len(a.tasks) > 0 || !a.connected {
		return
	}
	if a.drain.config.markGone {
		c.markGone(a)
		return
	}
	a.drain.drained = true
	a.changed()
	c.notify()
}

// markAgentGone answers MARK_AGENT_GONE (recordings gone-7, gone-8).
func (c *Cluster) markAgentGone(id string) answer {
	a := c.agents[id]
	if a == nil || a.standing == absent {
		return text(http.StatusNotFound, fmt.Sprintf("Agent '%s' not found", id))
	}
	if a.standing != gone {
		c.markGone(a)
	}
	return accepted()
}

// markGone ends an agent for ever: its tasks are gone by the operator's word,
// no event tells of it, and its process exits.
func (c *Cluster) markGone(a *agent) {
	c.unlist(a, gone)
	for _, t := range slices.Clone(a.tasks) {
		c.update(t, status{
			state: "TASK_GONE_BY_OPERATOR", source: sourceMaster, reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
			message: "Agent has been marked gone",
		})
	}
	c.stopProcess(a.host)
	c.notify()
}

// drainInfo is a drain as GET_AGENTS shows it; nil: the agent has none.
func (a *agent) drainInfo() *mesosapi.DrainInfo {
	if a.drain == nil {
		return nil
	}
	info := &mesosapi.DrainInfo{State: mesosapi.DrainState_DRAINING, Config: a.drain.config.message()}
	if a.drain.drained {
		info.State = mesosapi.DrainState_DRAINED
	}
	return info
}

func (d drainConfig) message() mesosapi.DrainConfig {
	message := mesosapi.DrainConfig{MarkGone: &d.markGone}
	if d.limited {
		message.MaxGracePeriod = &mesosapi.DurationInfo{Nanoseconds: int64(d.maxGrace)}
	}
	return message
}
