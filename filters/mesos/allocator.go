package mesos

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const pathFilters = "/allocator/filters"

// allocator is the backend of masters with the offer-filter allocator module. It sends GET, POST and DELETE, never PUT,
// which would activate every agent that is not in it; and agent IDs only, encoded from typed values, because a value of
// another type aborts the master (FACTS.md). All requests to the module share one gate.
type allocator struct {
	master *Master
	v1     bool // the master lists agents by GET_AGENTS; before 1.0 by GET /slaves
}

func (a *allocator) backend() filters.Backend { return filters.BackendAllocator }

// loaded asks whether the module is there: it refuses HEAD with 405 (getty-method-head.json); without it the path is 404.
func (a *allocator) loaded(ctx context.Context) (bool, error) {
	_, _, err := a.send(ctx, http.MethodHead, pathFilters, nil)
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case err == nil, ok && refused.status == http.StatusMethodNotAllowed:
		return true, nil
	case ok && refused.status == http.StatusNotFound:
		return false, nil
	}
	return false, a.plain(err)
}

// list reads the module's list, then the agents from the master that answered it. Of an agent that registered since the
// reading before, perhaps between the two, only the module's word from after it did says anything: it is asked again.
func (a *allocator) list(ctx context.Context, previous *filters.Roster) (listing, error) {
	filtered, at, err := a.filtered(ctx)
	if err != nil {
		return listing{}, err
	}
	list, err := a.agents(ctx, at, previous)
	if err != nil {
		return listing{}, err
	}
	came := func(agent filters.Agent) bool {
		return agent.Active && !agent.Deactivated && registeredSince(previous, &agent)
	}
	later := filtered
	if slices.ContainsFunc(list.agents, came) {
		if later, _, err = a.filtered(ctx); err != nil {
			return listing{}, err
		}
	}
	for i := range list.agents {
		agent := &list.agents[i]
		agent.Filtered = filtered[agent.ID]
		if came(*agent) {
			agent.Filtered = later[agent.ID]
		}
	}
	return list, nil
}

// registeredSince tells whether the agent registered, or registered again, after a reading; false if there was none. Some
// answers tell the time with fewer digits.
func registeredSince(previous *filters.Roster, agent *filters.Agent) bool {
	if previous.Len() == 0 {
		return false
	}
	known := previous.Agent(agent.ID)
	return known == nil || agent.Registered.Sub(known.Registered) >= time.Second
}

func (a *allocator) agents(ctx context.Context, at address, previous *filters.Roster) (listing, error) {
	m := a.master
	if a.v1 {
		return m.listV1(ctx, previous)
	}
	response, err := m.caller.ask(ctx, at, request{method: http.MethodGet, path: "/slaves"})
	if err != nil {
		return listing{}, m.plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	list, err := readSlaves(io.LimitReader(response.Body, largestListing))
	switch {
	case err != nil:
		return listing{}, unreadable(at, err)
	case len(list.agents)+len(list.recovered) == 0: // recovering-old-slaves.json: 200, and empty
		wrong := at.String() + " lists no agent at all, as a master does that is still recovering its registry"
		return listing{}, &filters.Error{Code: filters.Unavailable, Wrong: wrong}
	}
	list.leader = at
	return list, nil
}

// one reads the module's list; the rest of the agent is the newest reading's.
func (a *allocator) one(ctx context.Context, id filters.AgentID, newest *filters.Roster) (filters.Agent, bool, error) {
	known := newest.Agent(id)
	if known == nil {
		return filters.Agent{}, false, nil
	}
	filtered, _, err := a.filtered(ctx)
	if err != nil {
		return filters.Agent{}, false, err
	}
	agent := *known
	agent.Filtered = filtered[id]
	return agent, true, nil
}

// filtered is GET: every agent that the allocator holds inactive, whoever did it and why ever.
func (a *allocator) filtered(ctx context.Context) (map[filters.AgentID]bool, address, error) {
	text, at, err := a.send(ctx, http.MethodGet, pathFilters, nil)
	if err != nil {
		return nil, at, a.plain(err)
	}
	filtered, err := parseFilters(text)
	if err != nil {
		return nil, at, unreadable(at, err)
	}
	return filtered, at, nil
}

func parseFilters(text []byte) (map[filters.AgentID]bool, error) {
	var answer struct {
		Filters *[]struct {
			AgentID filters.AgentID `json:"agentId"`
		} `json:"filters"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	if answer.Filters == nil {
		return nil, errors.New("the answer has no filters")
	}
	filtered := make(map[filters.AgentID]bool, len(*answer.Filters))
	for _, filter := range *answer.Filters {
		filtered[filter.AgentID] = true
	}
	return filtered, nil
}

func (a *allocator) take(ctx context.Context, agent *filters.Agent) error {
	body, err := json.Marshal(struct {
		AgentID string `json:"agentId"`
	}{string(agent.ID)})
	if err != nil {
		return err
	}
	_, _, err = a.send(ctx, http.MethodPost, pathFilters, body)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusBadRequest && strings.HasPrefix(refused.text, "No such agent") {
		return unknown(agent, refused)
	}
	return a.plain(err)
}

func (a *allocator) give(ctx context.Context, agent *filters.Agent) error {
	_, _, err := a.send(ctx, http.MethodDelete, pathFilters+"?"+url.Values{"agentId": {string(agent.ID)}}.Encode(), nil)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusNotFound && strings.HasPrefix(refused.text, "No filter exists") {
		return nil
	}
	return a.plain(err)
}

// send sends a request to the module when its turn has come, and reads the answer.
func (a *allocator) send(ctx context.Context, method, path string, body []byte) (text []byte, at address, err error) {
	m := a.master
	err = m.moduleGate.within(ctx, m.config.CallTimeout, func(ctx context.Context) error {
		changing := method == http.MethodPost || method == http.MethodDelete
		response, answered, err := m.caller.send(ctx, request{method: method, path: path, kind: typeJSON, body: body, changing: changing})
		at = answered
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		text, err = io.ReadAll(io.LimitReader(response.Body, largestFilters))
		if err != nil && !changing { // 200 came: a change is done whatever follows
			return unreadable(at, err)
		}
		return nil
	})
	return text, at, err
}

const largestFilters = 64 << 20

// plain turns an error of send into one for people. The module answers that no leader is elected to wrong credentials
// too (getty-auth-none.json).
func (a *allocator) plain(err error) error {
	failure, ok := errors.AsType[*filters.Error](err)
	if ok && failure.Code == filters.Unavailable && strings.Contains(failure.Wrong, "knows no leader") && failure.Expected == "" {
		told := *failure
		told.Expected = "to a wrong `principal` or `secret_file` the allocator module says the same"
		return &told
	}
	return a.master.plain(err)
}
