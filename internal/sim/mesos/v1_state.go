package mesos

import (
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"google.golang.org/protobuf/encoding/protowire"
)

// stateWire is GetState: the four big answers in one.
func (c *Cluster) stateWire() wire {
	var out wire
	out = append(out, c.tasksWire().field(stateTasks)...)
	out = append(out, c.executorsWire().field(stateExecutors)...)
	out = append(out, c.frameworksWire().field(stateFrameworks)...)
	return append(out, c.agentsWire().field(stateAgents)...)
}

// executorsWire is GetExecutors: those of task groups. Command tasks have theirs
// from the agent, and the master does not know them (recording read-get-executors).
func (c *Cluster) executorsWire() wire {
	var out wire
	for _, a := range c.registered {
		for _, t := range a.tasks {
			if !t.app.options.TaskGroup {
				continue
			}
			out = append(out, listed(executorsActive, encode(&master.Response_GetExecutors_Executor{
				ExecutorInfo: mesosapi.ExecutorInfo{
					Type:        mesosapi.ExecutorInfo_DEFAULT,
					ExecutorID:  mesosapi.ExecutorID{Value: t.executorID()},
					FrameworkID: &mesosapi.FrameworkID{Value: t.app.framework.id},
					Resources:   scalarList(executorNeeds, allocatedTo("", t.app.role())),
				},
				AgentID: mesosapi.AgentID{Value: a.id},
			})))
		}
	}
	return out
}

// tasksWire is GetTasks.
func (c *Cluster) tasksWire() wire {
	var out wire
	for _, a := range c.registered {
		for _, t := range a.tasks {
			out = append(out, listed(tasksActive, encode(t.message())))
		}
	}
	for _, t := range c.lostTasks() {
		out = append(out, listed(tasksUnreachable, encode(t.message())))
	}
	for _, t := range c.endedTasks() {
		out = append(out, listed(tasksCompleted, encode(t.message())))
	}
	return out
}

// frameworksWire is GetFrameworks.
func (c *Cluster) frameworksWire() wire {
	var out wire
	for _, f := range c.frameworks {
		out = append(out, listed(frameworksActive, c.frameworkWire(f)))
	}
	return out
}

// frameworkWire is a framework as GET_FRAMEWORKS lists it, with the offer
// constraints that mesos-go does not know.
func (c *Cluster) frameworkWire(f *framework) []byte {
	message := master.Response_GetFrameworks_Framework{
		FrameworkInfo:    f.info(),
		Active:           true,
		Connected:        true,
		RegisteredTime:   timeInfo(f.registeredAt),
		ReregisteredTime: timeInfo(f.registeredAt),
	}
	var allocated, promised resources
	for _, a := range c.registered {
		allocated = allocated.plus(a.usedBy(f))
		for _, o := range a.offersTo(f) {
			promised = promised.plus(o.free)
			message.Offers = append(message.Offers, c.offerMessage(o))
		}
	}
	message.AllocatedResources = scalarList(allocated, allocatedTo("*", f.config.Role))
	if len(message.Offers) > 0 {
		message.OfferedResources = freeList(promised, allocatedTo("*", f.config.Role))
	}
	out := encode(&message)
	out = protowire.AppendTag(out, offerConstraintsField, wireBytes)
	return protowire.AppendBytes(out, nil)
}

// frameworkCapabilities are those of a framework that knows partitions.
var frameworkCapabilities = []mesosapi.FrameworkInfo_Capability{
	{Type: mesosapi.FrameworkInfo_Capability_MULTI_ROLE},
	{Type: mesosapi.FrameworkInfo_Capability_PARTITION_AWARE},
	{Type: mesosapi.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
}

func (f *framework) info() mesosapi.FrameworkInfo {
	failover, checkpoint := 100000.0, true
	info := mesosapi.FrameworkInfo{
		User:            "root",
		Name:            f.config.Name,
		ID:              &mesosapi.FrameworkID{Value: f.id},
		FailoverTimeout: &failover,
		Checkpoint:      &checkpoint,
		Roles:           []string{f.config.Role},
		Capabilities:    frameworkCapabilities,
	}
	if f.config.Principal != "" {
		info.Principal = &f.config.Principal
	}
	return info
}

func (c *Cluster) offerMessage(o *offer) mesosapi.Offer {
	config := o.agent.host.config
	var unavailability *mesosapi.Unavailability
	if window := c.window(o.agent.host); window != nil {
		unavailability = &window.Unavailability
	}
	path := "/slave(1)"
	return mesosapi.Offer{
		ID:          mesosapi.OfferID{Value: o.id},
		FrameworkID: mesosapi.FrameworkID{Value: o.framework.id},
		AgentID:     mesosapi.AgentID{Value: o.agent.id},
		Hostname:    config.Hostname,
		URL: &mesosapi.URL{
			Scheme:  "http",
			Address: mesosapi.Address{Hostname: &config.Hostname, IP: &config.IP, Port: int32(config.Port)},
			Path:    &path,
		},
		Resources:      freeList(o.free, allocatedTo("", o.framework.config.Role)),
		Attributes:     o.agent.host.attributeList(),
		Unavailability: unavailability,
		AllocationInfo: &mesosapi.Resource_AllocationInfo{Role: &o.framework.config.Role},
	}
}
