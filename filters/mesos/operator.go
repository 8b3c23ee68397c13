package mesos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"

	"cordon/filters"
)

const pathV1 = "/api/v1"

// operator is the backend of Mesos 1.9 and later: DEACTIVATE_AGENT and REACTIVATE_AGENT of the v1 operator API.
type operator struct{ master *Master }

func (o *operator) backend() filters.Backend { return filters.BackendOperator }

// list is GET_AGENTS, decoded from the body as it comes.
func (o *operator) list(ctx context.Context, previous *filters.Roster) (listing, error) {
	return o.master.listV1(ctx, previous)
}

func (m *Master) listV1(ctx context.Context, previous *filters.Roster) (listing, error) {
	body, err := calls.GetAgents().Marshal()
	if err != nil {
		return listing{}, err
	}
	response, at, err := m.caller.send(ctx, request{method: http.MethodPost, path: pathV1, kind: typeProtobuf, body: body})
	if err != nil {
		return listing{}, m.plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	list, err := readListing(io.LimitReader(response.Body, largestListing), previous)
	if err != nil {
		return listing{}, unreadable(at, err)
	}
	list.leader = at
	return list, nil
}

// one is GET /slaves?slave_id=ID. An empty list proves nothing: a recovering master gives it too.
func (o *operator) one(ctx context.Context, id filters.AgentID, _ *filters.Roster) (filters.Agent, bool, error) {
	m := o.master
	var agent filters.Agent
	listed := false
	err := m.gate.within(ctx, m.config.CallTimeout, func(ctx context.Context) error {
		path := "/slaves?" + url.Values{"slave_id": {string(id)}}.Encode()
		response, at, err := m.caller.send(ctx, request{method: http.MethodGet, path: path})
		if err != nil {
			return m.plain(err)
		}
		defer func() { _ = response.Body.Close() }()
		list, err := readSlaves(io.LimitReader(response.Body, largestOne))
		if err != nil {
			return unreadable(at, err)
		}
		for i := range list.agents {
			if list.agents[i].ID == id {
				agent, listed = list.agents[i], true
			}
		}
		return nil
	})
	return agent, listed, err
}

// What is read of an answer at most, in bytes.
const (
	largestListing = 1 << 30 // is streamed: the bound is against an answer without an end
	largestOne     = 4 << 20
)

func (o *operator) take(ctx context.Context, agent *filters.Agent) error {
	refused, err := o.change(ctx, calls.DeactivateAgent(mesos.AgentID{Value: string(agent.ID)}))
	if refused == nil {
		return err
	}
	if refused.is(http.StatusBadRequest, "Unknown agent") {
		return unknown(agent, refused)
	}
	return o.refused(agent, refused)
}

func (o *operator) give(ctx context.Context, agent *filters.Agent) error {
	refused, err := o.change(ctx, calls.ReactivateAgent(mesos.AgentID{Value: string(agent.ID)}))
	switch {
	case refused == nil:
		return err
	case refused.is(http.StatusBadRequest, "Agent is not deactivated"):
		return nil
	case refused.is(http.StatusBadRequest, "Agent is still in the DRAINING state"):
		return &filters.Error{
			Code:  filters.Invalid,
			Wrong: "`" + agent.Hostname + "` is still being drained, and a drain cannot be cancelled",
			Try:   "It can be given back once it is drained",
			Cause: refused,
		}
	}
	return o.refused(agent, refused)
}

// refused is for refusals that mean the same to both calls. 409 says that the agent was removed meanwhile, and yet the
// call takes effect (surv-e2-reactivate-unreachable.json): only a reading settles it.
func (o *operator) refused(agent *filters.Agent, refused *refusal) error {
	if refused.status == http.StatusConflict {
		wrong := "`" + agent.Hostname + "` is away, so its master answered that it was removed, and may have done it all the same"
		return &filters.Error{Code: filters.Unconfirmed, Wrong: wrong, Cause: refused}
	}
	return refused.plain(&o.master.config)
}

// change sends a changing call in its turn. 200 is success whatever else the answer has: the body is empty.
func (o *operator) change(ctx context.Context, call *master.Call) (*refusal, error) {
	m := o.master
	body, err := call.Marshal()
	if err != nil {
		return nil, err
	}
	err = m.gate.within(ctx, m.config.CallTimeout, func(ctx context.Context) error {
		response, _, err := m.caller.send(ctx, request{method: http.MethodPost, path: pathV1, kind: typeProtobuf, body: body, changing: true})
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
		return nil
	})
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused, nil
	}
	return nil, err
}

func unknown(agent *filters.Agent, cause error) error {
	return &filters.Error{Code: filters.Unknown, Wrong: "the master knows no agent `" + agent.Hostname + "` with the ID " + string(agent.ID), Cause: cause}
}
