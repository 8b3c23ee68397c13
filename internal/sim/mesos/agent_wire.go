package mesos

import (
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	agentapi "github.com/mesos/mesos-go/api/v1/lib/agent"
)

// agentItself is GET_AGENT: what the agent knows of itself and of its drain.
func (c *Cluster) agentItself(a *agent) *agentapi.Response_GetAgent {
	shown := &agentapi.Response_GetAgent{AgentInfo: c.agentInfo(a)}
	if a.config != nil {
		config := a.config.message()
		shown.DrainConfig = &config
		shown.EstimatedDrainStartTime = timeInfo(a.config.since.Truncate(time.Second))
	}
	return shown
}

// taskLists is GET_TASKS.
func (a *agent) taskLists() *agentapi.Response_GetTasks {
	lists := &agentapi.Response_GetTasks{}
	for _, t := range a.tasks {
		list := &lists.LaunchedTasks
		switch {
		case t.unauthorized():
			list = &lists.PendingTasks
		case t.state == "TASK_STAGING":
			list = &lists.QueuedTasks
		}
		*list = append(*list, *t.ownMessage())
	}
	for _, t := range a.past {
		lists.CompletedTasks = append(lists.CompletedTasks, *t.ownMessage())
	}
	return lists
}

// unauthorized says whether an agent still makes up its mind about a task that
// came to it: the first eighth of its start. Until its executor has registered it
// is queued.
func (t *task) unauthorized() bool {
	return t.state == "TASK_STAGING" && time.Since(t.stagedAt) < t.app.framework.cluster.config.TaskStart/8
}

// ownMessage is a task as its agent shows it: without what masters said of it,
// and without the latest update if the agent has forgotten it.
func (t *task) ownMessage() *mesosapi.Task {
	own := *t
	own.statuses = t.ownStatuses()
	if !t.agentKnowsUpdate {
		own.update = nil
	}
	return own.message()
}

// ownStatuses are the updates that an agent knows: those that no master made.
func (t *task) ownStatuses() []status {
	return slices.DeleteFunc(slices.Clone(t.statuses), func(s status) bool { return s.source == sourceMaster })
}

// executorLists is GET_EXECUTORS.
func (a *agent) executorLists() *agentapi.Response_GetExecutors {
	there, past := a.executors()
	lists := &agentapi.Response_GetExecutors{}
	for _, t := range there {
		lists.Executors = append(lists.Executors, agentapi.Response_GetExecutors_Executor{ExecutorInfo: t.executorInfo()})
	}
	for _, t := range past {
		lists.CompletedExecutors = append(lists.CompletedExecutors, agentapi.Response_GetExecutors_Executor{ExecutorInfo: t.executorInfo()})
	}
	return lists
}

// executorNeeds is what a command executor uses beside its task.
var executorNeeds = resources{cpus: 0.1, mem: 32}

func (t *task) executorInfo() mesosapi.ExecutorInfo {
	shell, command, name := false, "/usr/libexec/mesos/mesos-executor", t.executorName()
	info := mesosapi.ExecutorInfo{
		ExecutorID:  mesosapi.ExecutorID{Value: t.executorID()},
		FrameworkID: &mesosapi.FrameworkID{Value: t.app.framework.id},
		Command: &mesosapi.CommandInfo{
			Shell: &shell, Value: &command, Arguments: []string{"mesos-executor", "--launcher_dir=/usr/libexec/mesos"},
		},
		Resources: scalarList(executorNeeds, allocatedTo("", t.app.role())),
		Name:      &name,
		Source:    &t.id,
	}
	if t.app.options.KillPolicy {
		// The executor gets two seconds more than its task.
		grace := mesosapi.DurationInfo{Nanoseconds: int64(t.app.options.KillGrace + 2*time.Second)}
		info.ShutdownGracePeriod = &grace
	}
	return info
}

// frameworksOn is GET_FRAMEWORKS.
func (c *Cluster) frameworksOn(a *agent) *agentapi.Response_GetFrameworks {
	lists := &agentapi.Response_GetFrameworks{}
	for _, f := range c.frameworksOf(a.tasks, a.past) {
		lists.Frameworks = append(lists.Frameworks, agentapi.Response_GetFrameworks_Framework{FrameworkInfo: f.info()})
	}
	return lists
}

// containerList is GET_CONTAINERS, with made-up but constant measurements.
func (a *agent) containerList() *agentapi.Response_GetContainers {
	list := &agentapi.Response_GetContainers{}
	there, _ := a.executors()
	for _, t := range there {
		name := t.executorName()
		id := mesosapi.ContainerID{Value: t.container}
		list.Containers = append(list.Containers, agentapi.Response_GetContainers_Container{
			FrameworkID:        &mesosapi.FrameworkID{Value: t.app.framework.id},
			ExecutorID:         &mesosapi.ExecutorID{Value: t.executorID()},
			ExecutorName:       &name,
			ContainerID:        id,
			ContainerStatus:    &mesosapi.ContainerStatus{ContainerID: &id, ExecutorPID: &t.pid},
			ResourceStatistics: t.statistics(),
		})
	}
	return list
}

func (t *task) statistics() *mesosapi.ResourceStatistics {
	limits := t.executorUse()
	user, system, cpus := 0.2, 0.05, rounded(limits.cpus)
	memory, resident := uint64(limits.mem)<<20, uint64(430)<<20
	return &mesosapi.ResourceStatistics{
		Timestamp: seconds(time.Now()), CPUsUserTimeSecs: &user, CPUsSystemTimeSecs: &system, CPUsSoftLimit: &cpus,
		MemLimitBytes: &memory, MemSoftLimitBytes: &memory, MemRSSBytes: &resident,
	}
}

func (a *agent) getFlags() *agentapi.Response {
	list := &agentapi.Response_GetFlags{}
	for _, flag := range a.host.flags() {
		list.Flags = append(list.Flags, mesosapi.Flag{Name: flag.name, Value: &flag.value})
	}
	return &agentapi.Response{Type: agentapi.Response_GET_FLAGS, GetFlags: list}
}
