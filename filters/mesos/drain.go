package mesos

import (
	"context"

	"net/http"

	"github.com/gogo/protobuf/types"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"

	"cordon/filters"
)

// Drain asks the master to drain the agent, or to mark it gone: DRAIN_AGENT and MARK_AGENT_GONE of Mesos 1.9 and later.
// Errors are Take's. A drain that is sent again begins anew (FACTS.md, "Deactivation and draining").
func (m *Master) Drain(ctx context.Context, agent filters.Agent, drain filters.Drain) error {
	chosen, err := m.reach(ctx)
	if err != nil {
		return notDone(err)
	}
	operator, ok := chosen.(*operator)
	if !ok {
		return invalid("this cluster is withheld from by the allocator module, which cannot drain", "a cluster with the operator backend: Mesos 1.9 or later")
	}
	return operator.drain(ctx, &agent, drain)
}

func (o *operator) drain(ctx context.Context, agent *filters.Agent, drain filters.Drain) error {
	refused, err := o.change(ctx, drainCall(mesos.AgentID{Value: string(agent.ID)}, drain))
	switch {
	case refused == nil:
		return err
	case refused.is(http.StatusBadRequest, "Unknown agent"), refused.status == http.StatusNotFound:
		return &filters.Error{Code: filters.Unknown, Wrong: "the master knows no such agent", Cause: refused}
	}
	return o.refused(agent, refused)
}

// drainCall encodes what is asked for. Protobuf keeps a grace period from being misread (FACTS.md, "Calls").
func drainCall(agent mesos.AgentID, drain filters.Drain) *master.Call {
	if drain.Gone {
		return calls.MarkAgentGone(agent)
	}
	return calls.DrainAgent(agent, func(call *master.Call_DrainAgent) {
		if drain.MaxGrace > 0 {
			call.MaxGracePeriod = types.DurationProto(drain.MaxGrace)
		}
		if drain.MarkGone {
			yes := true
			call.MarkGone = &yes
		}
	})
}
