package mesos

import (
	"net"
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields that are written piece by piece instead of as one message.
const (
	responseType       = 1 // of Response; each kind of answer has its own field
	responseState      = 9
	responseAgents     = 10
	responseFrameworks = 11
	responseExecutors  = 12
	responseTasks      = 13
	stateTasks         = 1 // of Response.GetState
	stateExecutors     = 2
	stateFrameworks    = 3
	stateAgents        = 4
	agentsRegistered   = 1 // of Response.GetAgents
	agentsRecovered    = 2
	executorsActive    = 1 // of Response.GetExecutors
	frameworksActive   = 1 // of Response.GetFrameworks
	tasksActive        = 2 // of Response.GetTasks
	tasksUnreachable   = 5
	tasksCompleted     = 3
	frameworkInfoField = 1 // of Response.GetFrameworks.Framework
	wireVarint         = protowire.VarintType
	wireBytes          = protowire.BytesType
)

// wire is a part of an answer in protobuf, in pieces, so that what 50,000
// agents have encoded already is not copied together under the lock.
type wire [][]byte

func (w wire) size() int {
	size := 0
	for _, piece := range w {
		size += len(piece)
	}
	return size
}

// flat is the part in one piece.
func (w wire) flat() []byte { return slices.Concat(w...) }

// field is the part as a field of what surrounds it.
func (w wire) field(number protowire.Number) wire {
	header := protowire.AppendTag(nil, number, wireBytes)
	header = protowire.AppendVarint(header, uint64(w.size()))
	return append(wire{header}, w...)
}

// listed is one message as a member of a list.
func listed(number protowire.Number, message []byte) []byte {
	out := make([]byte, 0, len(message)+8)
	out = protowire.AppendTag(out, number, wireBytes)
	return protowire.AppendBytes(out, message)
}

// response is an answer of the given type.
func response(kind master.Response_Type, parts ...wire) wire {
	header := protowire.AppendTag(nil, responseType, wireVarint)
	header = protowire.AppendVarint(header, uint64(kind))
	return slices.Concat(append([]wire{{header}}, parts...)...)
}

// marshaler is a message of mesos-go.
type marshaler interface{ Marshal() ([]byte, error) }

// encode is a message's bytes. A message that was built here and does not
// encode is a programming error.
func encode(message marshaler) []byte {
	out, err := message.Marshal()
	if err != nil {
		panic("simulated cluster: " + err.Error())
	}
	return out
}

// reads is what answers a call that only reads; nil: not such a call.
func (m *member) reads(call *master.Call) func(mediaType) answer {
	build := m.reader(call)
	if build == nil {
		return nil
	}
	return func(media mediaType) answer {
		if call.Type == master.Call_GET_AGENTS || call.Type == master.Call_GET_STATE {
			m.cluster.encodeAgents()
		}
		m.cluster.mutex.Lock()
		pieces := build()
		m.cluster.mutex.Unlock()
		return encoded(media, responsePrinting, pieces...)
	}
}

// reader chooses what builds the answer; the lock is held while it does.
func (m *member) reader(call *master.Call) func() wire {
	c := m.cluster
	switch call.Type {
	case master.Call_GET_AGENTS:
		return func() wire { return response(master.Response_GET_AGENTS, c.agentsWire().field(responseAgents)) }
	case master.Call_GET_TASKS:
		return func() wire { return response(master.Response_GET_TASKS, c.tasksWire().field(responseTasks)) }
	case master.Call_GET_FRAMEWORKS:
		return func() wire {
			return response(master.Response_GET_FRAMEWORKS, c.frameworksWire().field(responseFrameworks))
		}
	case master.Call_GET_EXECUTORS:
		return func() wire {
			return response(master.Response_GET_EXECUTORS, c.executorsWire().field(responseExecutors))
		}
	case master.Call_GET_STATE:
		return func() wire { return response(master.Response_GET_STATE, c.stateWire().field(responseState)) }
	}
	if build := m.plainReader(call); build != nil {
		return func() wire { return wire{encode(build())} }
	}
	return nil
}

// agentsWire is GetAgents: what is listed, and what the registry still waits for.
func (c *Cluster) agentsWire() wire {
	out := make(wire, 0, len(c.registered))
	for _, a := range c.registered {
		out = append(out, c.encodedAgent(a))
	}
	for _, a := range c.recovered() {
		out = append(out, listed(agentsRecovered, c.agentInfoWire(a)))
	}
	return out
}

// encodedAgent is an agent as a member of GetAgents, encoded once after each
// change.
func (c *Cluster) encodedAgent(a *agent) []byte {
	if a.encoded == nil {
		a.encoded = listed(agentsRegistered, c.agentWire(a))
	}
	return a.encoded
}

// encodeAgents encodes what has changed, a few agents at a time, so that a read
// of a large fleet does not keep everybody else waiting.
func (c *Cluster) encodeAgents() {
	const few = 500
	for from, left := 0, true; left; from += few {
		c.mutex.Lock()
		for _, a := range c.registered[min(from, len(c.registered)):min(from+few, len(c.registered))] {
			c.encodedAgent(a)
		}
		left = from+few < len(c.registered)
		c.mutex.Unlock()
	}
}

// recovered are the agents that a new leader knows from the registry only.
func (c *Cluster) recovered() []*agent {
	var waiting []*agent
	for _, h := range c.hosts {
		if h.agent != nil && h.agent.standing == recovered {
			waiting = append(waiting, h.agent)
		}
	}
	return waiting
}

// agentInfoWire is an AgentInfo as the registry has it, with the checkpoint flag
// that mesos-go does not know.
func (c *Cluster) agentInfoWire(a *agent) []byte {
	out := encode(c.agentInfo(a))
	out = protowire.AppendTag(out, checkpointField, wireVarint)
	return protowire.AppendVarint(out, 1)
}

func (c *Cluster) agentInfo(a *agent) *mesosapi.AgentInfo {
	port := int32(a.host.config.Port)
	return &mesosapi.AgentInfo{
		Hostname:   a.host.config.Hostname,
		Port:       &port,
		Resources:  a.host.resourceList(""),
		Attributes: a.host.attributeList(),
		ID:         &mesosapi.AgentID{Value: a.id},
	}
}

// agentWire is an agent as GET_AGENTS lists it.
func (c *Cluster) agentWire(a *agent) []byte {
	return c.agentMessage(a, c.agentInfoWire(a), a.active())
}

// agentInfoNumber is the field of GetAgents.Agent that is written by hand.
const agentInfoNumber = 1

func (c *Cluster) agentMessage(a *agent, info []byte, active bool) []byte {
	pid := a.pid()
	message := master.Response_GetAgents_Agent{
		Active:             active,
		Version:            c.config.Version,
		PID:                &pid,
		RegisteredTime:     timeInfo(a.registeredAt),
		ReregisteredTime:   timeInfo(a.reregisteredAt),
		TotalResources:     a.host.totalList(),
		AllocatedResources: c.allocatedList(a),
		OfferedResources:   c.offeredList(a),
		Capabilities:       a.host.capabilities(),
	}
	if c.has(withDraining) {
		deactivated := a.deactivated
		message.Deactivated, message.DrainInfo = &deactivated, a.drainInfo()
	}
	if !a.drainStart.IsZero() {
		message.EstimatedDrainStartTime = timeInfo(a.drainStart.Truncate(time.Second))
	}
	// The typed message carries an empty AgentInfo, which a second occurrence
	// of the field would be merged into: it is left out here.
	return append(listed(agentInfoNumber, info), withoutFirstField(encode(&message))...)
}

// withoutFirstField cuts an encoded message's first field off.
func withoutFirstField(encoded []byte) []byte {
	_, _, size := nextField(encoded)
	return encoded[max(size, 0):]
}

func (a *agent) pid() string {
	return "slave(1)@" + net.JoinHostPort(a.host.config.IP, itoa(a.host.config.Port))
}

// agentCapabilities are those of a 1.12 agent.
var agentCapabilities = func() []mesosapi.AgentInfo_Capability {
	list := make([]mesosapi.AgentInfo_Capability, 8)
	for i := range list {
		list[i].Type = mesosapi.AgentInfo_Capability_Type(i + 1)
	}
	return list
}()

// capabilities are those that the host's agent tells of.
func (h *host) capabilities() []mesosapi.AgentInfo_Capability {
	if !h.config.Undrainable {
		return agentCapabilities
	}
	return agentCapabilities[:mesosapi.AgentInfo_Capability_AGENT_DRAINING-1]
}

// timeInfo is a time as the master prints it; the zero time is not printed.
func timeInfo(at time.Time) *mesosapi.TimeInfo {
	if at.IsZero() {
		return nil
	}
	return &mesosapi.TimeInfo{Nanoseconds: at.UnixNano()}
}
