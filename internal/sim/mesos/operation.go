package mesos

import (
	"fmt"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// operation is something that an agent was asked to do with its resources. It
// lives as long as the agent's work directory, across restarts.
type operation struct {
	agent     *agent
	framework *framework
	id        string // the framework's own
	uuid      []byte
	done      bool
}

// PendOperation makes the first framework ask a host's agent to turn a part of
// its disk into a volume (CREATE_DISK). The operation stays OPERATION_PENDING
// until FinishOperation. It returns the operation's ID.
func (c *Cluster) PendOperation(hostname string) (string, error) {
	var id string
	err := c.onHost(hostname, func(h *host) error {
		if h.agent == nil || h.agent.standing != registered {
			return fmt.Errorf("simulated cluster: the agent of %s is not registered", hostname)
		}
		c.operationCount++
		id = fmt.Sprintf("create-disk-%d", c.operationCount)
		h.agent.operations = append(h.agent.operations, &operation{agent: h.agent, framework: c.frameworks[0], id: id, uuid: uuid()})
		return nil
	})
	return id, err
}

// FinishOperation ends all operations that are pending on a host's agent.
func (c *Cluster) FinishOperation(hostname string) error {
	return c.onHost(hostname, func(h *host) error {
		ended := 0
		if h.agent != nil {
			for _, o := range h.agent.operations {
				if !o.done {
					o.done = true
					ended++
				}
			}
		}
		if ended == 0 {
			return fmt.Errorf("simulated cluster: no operation is pending on %s", hostname)
		}
		return nil
	})
}

// pendingOperations is how many operations are pending on an agent.
func (a *agent) pendingOperations() int {
	count := 0
	for _, o := range a.operations {
		if !o.done {
			count++
		}
	}
	return count
}

// operationList is GET_OPERATIONS of an agent. What is done stays listed.
func (a *agent) operationList() []mesosapi.Operation {
	var list []mesosapi.Operation
	for _, o := range a.operations {
		list = append(list, o.message())
	}
	return list
}

// operationList is GET_OPERATIONS of the leading master.
func (c *Cluster) operationList() *master.Response_GetOperations {
	list := &master.Response_GetOperations{}
	for _, a := range c.registered {
		list.Operations = append(list.Operations, a.operationList()...)
	}
	return list
}

func (o *operation) message() mesosapi.Operation {
	id := &mesosapi.OperationID{Value: o.id}
	status := mesosapi.OperationStatus{OperationID: id, State: mesosapi.OPERATION_PENDING, AgentID: &mesosapi.AgentID{Value: o.agent.id}}
	if o.done {
		status.State = mesosapi.OPERATION_FINISHED
	}
	source := mesosapi.Resource{Name: "disk", Type: &scalarType, Scalar: &mesosapi.Value_Scalar{Value: 256}}
	allocatedTo("", o.framework.config.Role)(&source)
	return mesosapi.Operation{
		FrameworkID: &mesosapi.FrameworkID{Value: o.framework.id},
		AgentID:     &mesosapi.AgentID{Value: o.agent.id},
		Info: mesosapi.Offer_Operation{
			Type: mesosapi.Offer_Operation_CREATE_DISK, ID: id,
			CreateDisk: &mesosapi.Offer_Operation_CreateDisk{Source: source, TargetType: mesosapi.Resource_DiskInfo_Source_MOUNT},
		},
		LatestStatus: status,
		Statuses:     []mesosapi.OperationStatus{status},
		UUID:         mesosapi.UUID{Value: o.uuid},
	}
}
