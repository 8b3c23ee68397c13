package mesos

import (
	"slices"
	"time"
)

// Sources of status updates, by their names in mesos.proto.
const (
	sourceMaster   = "SOURCE_MASTER"
	sourceAgent    = "SOURCE_AGENT"
	sourceExecutor = "SOURCE_EXECUTOR"
)

// task is one task of a framework.
type task struct {
	id          string
	app         *app
	agent       *agent
	state       string // such as TASK_RUNNING
	statuses    []status
	stagedAt    time.Time
	container   string // ID of its container
	surrounding string // ID of the container around it, for task groups
	pid         uint32 // of its executor

	update           *status   // the latest that came from the agent, as the master knows it; nil: it does not
	agentKnowsUpdate bool      // false once the agent was restarted
	endedAt          time.Time // zero while it runs
	dead             bool      // ended without the agent having said so yet
	killing          *entry    // ends it when its grace is over
	doomed           bool      // was to end while its agent was away
	doomedFor        string    // the reason of that end
	draining         bool      // is being killed by a drain
	replaced         bool      // is killed as soon as another instance runs
	killedAt         time.Time // when the drain first killed it
}

// status is one status update of a task.
type status struct {
	state, message, source, reason string
	at                             time.Time
	uuid                           []byte // of updates that agents and executors send
	contained                      bool   // comes from an executor in a container
	unreachableAt                  time.Time
}

var terminalStates = []string{
	"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR",
}

func (s status) terminal() bool { return slices.Contains(terminalStates, s.state) }

// start sends a launched task through staging and starting to running.
func (c *Cluster) start(t *task) {
	c.publishTaskAdded(t)
	c.agenda.after(c.config.TaskStart, func() {
		if !t.staged() {
			return
		}
		c.executorSays(t, "TASK_STARTING", "", "")
		c.agenda.after(c.config.TaskStart/16, func() {
			if t.state == "TASK_STARTING" {
				c.executorSays(t, "TASK_RUNNING", "", "")
				t.app.replacedBy(t)
				c.notify()
			}
		})
		c.notify()
	})
}

// staged says whether the task is still where its launch left it and its agent
// can start it.
func (t *task) staged() bool {
	return t.state == "TASK_STAGING" && t.agent.standing == registered
}

// executorSays is a status update that comes from the task's executor.
func (c *Cluster) executorSays(t *task, state, message, reason string) {
	c.update(t, status{state: state, message: message, source: sourceExecutor, reason: reason, uuid: uuid(), contained: true})
}

// update applies a status update, tells subscribers and the framework, and
// takes a task that ended off its agent.
func (c *Cluster) update(t *task, s status) {
	s.at = time.Now()
	t.state = s.state
	t.statuses = append(t.statuses, s)
	if s.uuid != nil {
		t.update, t.agentKnowsUpdate = &s, true
	}
	t.agent.changed()
	c.publishTaskUpdated(t, s)
	switch {
	case s.terminal():
		c.agenda.cancel(t.killing)
		t.agent.tasks = slices.DeleteFunc(t.agent.tasks, func(other *task) bool { return other == t })
		t.agent.remember(t)
		t.app.framework.ended(t)
		c.checkDrained(t.agent)
	case s.state == "TASK_UNREACHABLE":
		t.app.framework.lost(t)
	}
}

// kill ends a task the way its executor does: at once, or when its grace is
// over if it ignores the signal to end. A drain's reason travels with the update.
func (c *Cluster) kill(t *task, grace time.Duration, reason string) {
	if t.killing != nil {
		c.agenda.cancel(t.killing)
	}
	wait, signal := c.config.TaskEnd, "Terminated"
	if t.app.options.IgnoreTerm {
		wait, signal = grace, "Killed"
	}
	t.killing = c.agenda.after(wait, func() {
		t.killing = nil
		if !t.agent.connected || t.agent.host.paused {
			t.doomed, t.doomedFor = true, reason
			return
		}
		c.executorSays(t, killedState(t), "Command terminated with signal "+signal, reason)
		c.notify()
	})
}

// killedState is TASK_KILLED, or TASK_GONE_BY_OPERATOR on an agent that will be
// marked gone once drained (recording events-drain-mark-gone).
func killedState(t *task) string {
	if config := t.agent.config; config != nil && config.markGone && t.draining {
		return "TASK_GONE_BY_OPERATOR"
	}
	return "TASK_KILLED"
}

// endTasks ends everything that runs on an agent, as when its process shuts
// down for good.
func (c *Cluster) endTasks(a *agent) {
	for _, t := range slices.Clone(a.tasks) {
		c.update(t, executorTerminated(time.Now()))
	}
}

// reportLost is what an agent says of tasks that ended while it was away.
func (c *Cluster) reportLost(a *agent) {
	for _, t := range slices.Clone(a.tasks) {
		switch {
		case t.dead:
			c.update(t, executorTerminated(time.Now()))
		case t.doomed:
			t.doomed = false
			c.kill(t, 0, t.doomedFor)
		}
	}
}

// reportEnded is what an agent that comes back after its machine was down says of
// the tasks that ended with it (recording events-maintenance).
func (c *Cluster) reportEnded(a *agent) {
	for _, t := range a.ended {
		t.state, t.update = "TASK_FAILED", nil
		t.statuses = slices.DeleteFunc(t.statuses, func(s status) bool { return s.source == sourceMaster })
		t.statuses = append(t.statuses, executorTerminated(time.Now()))
		c.publishTaskAdded(t)
	}
	a.ended = nil
}

// executorTerminated is an agent's word on a task whose executor is no more.
func executorTerminated(at time.Time) status {
	return status{
		state: "TASK_FAILED", message: "Executor terminated", source: sourceAgent,
		reason: "REASON_EXECUTOR_TERMINATED", at: at, uuid: uuid(),
	}
}

// takeTasksBack is a leader learning an agent's tasks from it, with what the
// agent still knows of them.
func (c *Cluster) takeTasksBack(a *agent) {
	for _, t := range a.tasks {
		if !t.agentKnowsUpdate {
			t.update = nil
		}
		t.statuses = slices.DeleteFunc(t.statuses, func(s status) bool { return s.source == sourceMaster })
		if t.state == "TASK_UNREACHABLE" {
			t.app.framework.returned(t)
		}
		c.publishTaskAdded(t)
	}
}
