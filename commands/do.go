package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cordon/filters"
)

// do asks the service and renders what it says.
func (t *turn) do(ctx context.Context) (Reply, error) {
	if t.opens != nil {
		return t.form(ctx)
	}
	if isMaintenance(t.command.Verb) {
		return t.maintain(ctx)
	}
	if isPlan(t.command.Verb) {
		return t.plan(ctx)
	}
	switch t.command.Verb {
	case "help":
		return t.help(ctx)
	case "freeze", "thaw":
		return t.freeze(ctx)
	case "answer":
		return t.answer(ctx)
	case "unlock":
		return t.unlock(ctx)
	case "filter", "adopt", "unfilter", "release", "extend":
		return t.change(ctx)
	case "approve", "deny", "withdraw", "review":
		return t.approve(ctx)
	case verbApprovalDetails:
		approval, err := t.service.Approval(t.command.IDs[0])
		return renderApprovalDetails(t.cluster, &approval, t.service.Now()), err
	case "drain", "gone":
		return t.drain(ctx)
	case "tasks":
		return t.tasks(ctx)
	case "oncall":
		return t.onCall(ctx)
	}
	return t.look(ctx)
}

// request is what every change has.
func (t *turn) request() (filters.Request, error) {
	request := filters.Request{
		Actor: t.Actor, Key: t.RequestKey, Cause: t.Cause, Message: t.Message, Targets: t.command.Targets, Reason: t.command.Reason,
		DryRun: t.command.DryRun, Yes: t.command.Yes, All: t.command.All, Typed: t.command.Typed, Glass: t.command.Glass,
	}
	var err error
	switch now := t.service.Now(); {
	case !t.command.Until.IsZero():
		request.Until, err = t.command.Until.At(now, t.Actor.Location())
	case t.command.For > 0:
		request.Until = now.Add(t.command.For)
	}
	return request, err
}

func (t *turn) change(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	var result filters.Result
	switch t.command.Verb {
	case "filter":
		result, err = t.service.Filter(ctx, request)
	case "adopt":
		result, err = t.service.Adopt(ctx, request)
	case "unfilter":
		result, err = t.service.Unfilter(ctx, request)
	case "release":
		result, err = t.service.Release(ctx, request, t.expand(t.command.IDs))
	case "extend":
		result, err = t.extend(ctx, request)
	}
	if err != nil {
		return Reply{}, t.unquoted(err)
	}
	if result.Waits() {
		return renderAsked(t.cluster, result.Approval, t.service.Now()), nil
	}
	return renderResult(result, t.Actor), nil
}

// unquoted adds to an error about an agent that nobody knows what is most likely meant where a reason of one word stands
// beside several targets: its other words.
func (t *turn) unquoted(err error) error {
	known, ok := errors.AsType[*filters.Error](err)
	if !ok || t.Filled != nil || known.Code != filters.Unknown || len(t.command.Targets) < 2 || t.command.Reason == "" || strings.ContainsAny(t.Text, "\"'“”") {
		return err
	}
	hinted := *known
	if hinted.Try != "" {
		hinted.Try += ". "
	}
	hinted.Try += "A reason of several words stands in quotes: `-m \"" + t.command.Reason + " …\"`"
	return &hinted
}

func (t *turn) extend(ctx context.Context, request filters.Request) (filters.Result, error) {
	ids := t.command.IDs
	for _, target := range request.Targets {
		if isFilterID(target.Name) || isSubject(target.Name) {
			ids = append(ids, target.Name)
		}
	}
	if len(ids) < len(request.Targets) {
		ids = nil // agents are named: whoever calls one f-1 means it
	} else {
		request.Targets = nil
	}
	return t.service.Extend(ctx, request, t.expand(ids), t.command.For)
}

func isFilterID(text string) bool { return strings.HasPrefix(text, "f-") && len(text) == 10 }
func isSubject(text string) bool {
	return strings.HasPrefix(text, "op-") || strings.HasPrefix(text, "run:")
}

// expand replaces the IDs of requests by those of the filters that they placed and that still stand.
func (t *turn) expand(ids []string) []string {
	if !slices.ContainsFunc(ids, isSubject) {
		return ids
	}
	var expanded []string
	standing := t.service.Filters()
	for _, id := range ids {
		before := len(expanded)
		for _, filter := range standing {
			if filter.Subject == id {
				expanded = append(expanded, filter.ID)
			}
		}
		if len(expanded) == before {
			expanded = append(expanded, id)
		}
	}
	return expanded
}

func (t *turn) freeze(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	thaw := t.command.Verb == "thaw"
	order := t.service.Freeze
	if thaw {
		order = t.service.Thaw
	}
	freeze, err := order(ctx, request)
	switch {
	case err != nil:
		return Reply{}, err
	case request.DryRun:
		return renderDryFreeze(t.cluster, freeze, thaw, t.service.Now()), nil
	}
	return renderFreeze(t.cluster, freeze, thaw, t.service.Now()), nil
}

func (t *turn) answer(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	question, err := t.service.Answer(ctx, request, t.command.IDs[0], t.command.Agree)
	if err != nil {
		return Reply{}, err
	}
	return renderAnswered(t.cluster, question, request.DryRun), nil
}

func (t *turn) unlock(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	overdue, lock, err := t.service.Unlock(ctx, request)
	if err != nil {
		return Reply{}, err
	}
	return renderUnlocked(t.cluster, overdue, t.goesOn(), lock, t.command.DryRun, t.service.Now()), nil
}

// look answers what changes nothing.
func (t *turn) look(ctx context.Context) (Reply, error) {
	now := t.service.Now()
	switch t.command.Verb {
	case "filters":
		return renderFilters(t.cluster, t.service.Filters(), now), nil
	case "approvals":
		return renderApprovals(t.cluster, t.service.Approvals(), t.Actor, now), nil
	case "questions":
		return renderQuestions(t.cluster, t.service.Questions(), now), nil
	case "history":
		page := max(t.command.Page, 1)
		events, reached, err := t.history(ctx, page*historyShown+1, now)
		return renderHistory(t.cluster, events, page, reached, now), err
	case "whoami":
		verbs, why, err := t.service.May(ctx, t.Actor)
		return renderWhoami(t.cluster, t.Actor, verbs, why), err
	case verbDetails:
		return t.details(ctx)
	case "status":
		if len(t.command.Targets) == 0 {
			return renderStatus(t.service.Status(), t.agenda(ctx, now)), nil
		}
		agents, err := t.service.Agents(t.command.Targets)
		return renderAgent(t.cluster, agents, now), err
	}
	agents, err := t.service.Agents(t.command.Targets)
	return renderAgents(t.cluster, agents, now), err
}

// details answers the Details button of a filter, a request, or an agent.
func (t *turn) details(ctx context.Context) (Reply, error) {
	id := t.command.IDs[0]
	var standing []filters.Filter
	var targets []filters.Target
	for _, filter := range t.service.Filters() {
		if filter.ID == id || filter.Subject == id || string(filter.Agent) == id {
			standing = append(standing, filter)
			if target := (filters.Target{Agent: filter.Agent}); len(targets) < listed && !slices.Contains(targets, target) {
				targets = append(targets, target)
			}
		}
	}
	if len(targets) == 0 {
		return renderDetails(t.cluster, id, nil, nil, t.service.Now()), nil
	}
	events, err := t.service.History(ctx, targets, historyShown)
	if err != nil {
		events = nil // the filters themselves are worth showing without their steps
	}
	return renderDetails(t.cluster, id, standing, t.told(events), t.service.Now()), nil
}
