package mesos

import (
	"fmt"
	"net"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

// message is a task as the v1 API shows it.
func (t *task) message() *mesosapi.Task {
	state := taskState(t.state)
	shown := &mesosapi.Task{
		Name:        t.app.options.TaskName,
		TaskID:      mesosapi.TaskID{Value: t.id},
		FrameworkID: mesosapi.FrameworkID{Value: t.app.framework.id},
		AgentID:     mesosapi.AgentID{Value: t.agent.id},
		State:       &state,
		Resources:   scalarList(t.app.needs(), allocatedTo("", t.app.role())),
	}
	for _, s := range t.statuses {
		shown.Statuses = append(shown.Statuses, *t.statusMessage(s))
	}
	if t.app.options.TaskGroup {
		shown.ExecutorID = &mesosapi.ExecutorID{Value: t.executorID()}
	}
	if t.update != nil {
		latest := taskState(t.update.state)
		shown.StatusUpdateState = &latest
		shown.StatusUpdateUUID = t.update.uuid
	}
	if t.app.options.KillPolicy {
		shown.KillPolicy = &mesosapi.KillPolicy{GracePeriod: &mesosapi.DurationInfo{Nanoseconds: int64(t.app.options.KillGrace)}}
	}
	return shown
}

// executorID is the ID of a task's executor: that of a command task is the
// task's own, a task group's is the framework's choice.
func (t *task) executorID() string {
	if t.app.options.TaskGroup {
		return "default-" + t.id
	}
	return t.id
}

// statusMessage is one of a task's updates as the v1 API shows it.
func (t *task) statusMessage(s status) *mesosapi.TaskStatus {
	state, source := taskState(s.state), mesosapi.TaskStatus_Source(mesosapi.TaskStatus_Source_value[s.source])
	at := seconds(s.at)
	shown := &mesosapi.TaskStatus{
		TaskID:          mesosapi.TaskID{Value: t.id},
		State:           &state,
		Source:          &source,
		AgentID:         &mesosapi.AgentID{Value: t.agent.id},
		Timestamp:       &at,
		UUID:            s.uuid,
		UnreachableTime: timeInfo(s.unreachableAt),
	}
	if s.message != "" {
		shown.Message = &s.message
	}
	if s.reason != "" {
		reason := mesosapi.TaskStatus_Reason(mesosapi.TaskStatus_Reason_value[s.reason])
		shown.Reason = &reason
	}
	if s.uuid != nil {
		shown.ExecutorID = &mesosapi.ExecutorID{Value: t.executorID()}
	}
	if s.contained {
		shown.ContainerStatus = t.containerStatus()
	}
	return shown
}

// containerStatus is where a task runs: a command task in its executor's
// container, a task group's in one inside it (evidence-drain-task-group).
func (t *task) containerStatus() *mesosapi.ContainerStatus {
	if t.app.options.TaskGroup {
		return &mesosapi.ContainerStatus{ContainerID: &mesosapi.ContainerID{
			Value: t.container, Parent: &mesosapi.ContainerID{Value: t.surrounding},
		}}
	}
	address := t.agent.host.config.IP
	shown := mesosapi.NetworkInfo_IPAddress{IPAddress: &address} // IPv4 is the default, which is not sent
	if ip := net.ParseIP(address); ip != nil && ip.To4() == nil {
		shown.Protocol = mesosapi.IPv6.Enum()
	}
	return &mesosapi.ContainerStatus{
		ContainerID: &mesosapi.ContainerID{Value: t.container},
		NetworkInfos: []mesosapi.NetworkInfo{{
			IPAddresses: []mesosapi.NetworkInfo_IPAddress{shown},
		}},
		ExecutorPID: &t.pid,
	}
}

func taskState(name string) mesosapi.TaskState {
	state, known := mesosapi.TaskState_value[name]
	if !known {
		panic(fmt.Sprintf("simulated cluster: no task state %q", name))
	}
	return mesosapi.TaskState(state)
}

// seconds is a time in seconds since 1970, to the microsecond, as status
// updates carry it.
func seconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }
