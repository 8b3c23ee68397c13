package filters

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Freeze stops everything new; unfilter and expiry go on. It needs a reason. A second freeze changes nothing and returns
// the one that stands, with code Frozen.
func (s *Service) Freeze(ctx context.Context, request Request) (Freeze, error) {
	if strings.TrimSpace(request.Reason) == "" {
		return Freeze{}, needsReason("freeze", "-m \"Black Friday\"")
	}
	c := s.begin(request, VerbFreeze)
	freeze := Freeze{By: request.Actor.ID, Reason: request.Reason, At: c.now}
	if standing := s.config.Book.Freeze(); standing != nil {
		return *standing, s.orEarlier(ctx, c, &Error{Code: Frozen, Wrong: "a freeze stands already, by `" + standing.By + "` for " + Quoted(standing.Reason), Try: "`/mesos thaw -m why` ends it"})
	}
	if request.DryRun {
		return freeze, s.permit(ctx, c)
	}
	event := c.event(KindFreeze)
	event.Subject, event.Freeze, event.Outcome = c.operation, &freeze, ""
	c.commit.Freeze, c.commit.Events = &freeze, []Event{event}
	return freeze, s.order(ctx, c)
}

// Thaw ends the freeze and returns it. It needs a reason.
func (s *Service) Thaw(ctx context.Context, request Request) (Freeze, error) {
	if strings.TrimSpace(request.Reason) == "" {
		return Freeze{}, needsReason("thaw", "-m \"sale is over\"")
	}
	c := s.begin(request, VerbThaw)
	standing := s.config.Book.Freeze()
	if standing == nil {
		return Freeze{}, s.orEarlier(ctx, c, &Error{Code: Invalid, Wrong: "no freeze stands"})
	}
	if request.DryRun {
		return *standing, s.permit(ctx, c)
	}
	event := c.event(KindThaw)
	event.Subject, event.Outcome = c.operation, ""
	c.commit.Thaw, c.commit.Events = true, []Event{event}
	return *standing, s.order(ctx, c)
}

// Answer answers an open question, once: whoever comes second is told of the first answer, with code Conflict.
func (s *Service) Answer(ctx context.Context, request Request, id string, yes bool) (Question, error) {
	c := s.begin(request, VerbAnswer)
	known := s.config.Book.Question(id)
	if known == nil {
		return Question{}, s.orEarlier(ctx, c, &Error{Code: Unknown, Wrong: "no question `" + id + "` is open", Try: "`/mesos questions` lists them"})
	}
	if !known.Open() {
		return *known, s.orEarlier(ctx, c, &Error{Code: Conflict, Wrong: fmt.Sprintf("`%s` was answered %s by `%s` already", id, known.Answer, known.By)})
	}
	if own := known.AskedBy != "" && (known.AskedBy == request.Actor.ID || known.AskedBy == "user:"+request.Actor.User); own && yes {
		return *known, &Error{Code: Denied, Wrong: "you asked for this yourself", Expected: "the word of another operator", Try: "`/mesos answer " + id + " yes` from somebody else lets it begin"}
	}
	if err := s.mayOpen(ctx, request.Actor, known, yes); err != nil {
		return *known, err
	}
	question := *known
	question.Answer, question.By, question.Answered, question.Reason = "no", request.Actor.ID, c.now, request.Reason
	if yes {
		question.Answer = "yes"
	}
	if request.DryRun {
		return question, s.permit(ctx, c)
	}
	event := c.event(KindAnswer)
	event.Outcome, event.Operation = question.Answer, ""
	c.commit.PutQuestion(question, event)
	return question, s.order(ctx, c)
}

// mayOpen refuses the yes to an opening of a window to whoever may not approve.
func (s *Service) mayOpen(ctx context.Context, actor Actor, question *Question, yes bool) error {
	if question.Kind != QuestionOpening || !yes {
		return nil
	}
	asked := Approval{By: question.AskedBy, Needs: Needs{Approvals: 1, From: JurorsApprovers}, Plan: Plan{Cluster: s.config.Cluster, Verb: VerbWindow}}
	for i, agent := range question.Agents {
		asked.Plan.Steps = append(asked.Plan.Steps, Step{Agent: agent, Hostname: question.hostOf(i)})
	}
	_, err := s.config.Gate.Judge(ctx, actor, &asked)
	return err
}

// Unlock ends a lock, with a reason, and returns it with the filters whose end is overdue: with DryRun nothing is
// changed, so that a person sees first what would be given back.
func (s *Service) Unlock(ctx context.Context, request Request) (overdue []Filter, lock Lock, err error) {
	c := s.begin(request, VerbUnlock)
	standing := s.config.Book.Lock()
	if standing == nil {
		return nil, Lock{}, s.orEarlier(ctx, c, &Error{Code: Invalid, Wrong: "*" + s.config.Cluster + "* is not locked"})
	}
	if strings.TrimSpace(request.Reason) == "" && !request.DryRun {
		return nil, *standing, needsReason("unlock", "-m \"Redis restored from last night's dump, checked\"")
	}
	overdue = s.overdue()
	if request.DryRun {
		return overdue, *standing, s.permit(ctx, c)
	}
	event := c.event(KindUnlock)
	event.Subject, event.Outcome = c.operation, ""
	c.commit.Unlock, c.commit.Events = true, []Event{event}
	return overdue, *standing, s.order(ctx, c)
}

// overdue returns the filters that have ended, or whose end has come, and whose agents are not given back yet.
func (s *Service) overdue() []Filter {
	now := s.Now()
	var overdue []Filter
	for _, filter := range s.config.Book.Filters() {
		if !filter.Stands() || filter.Expired(now) {
			overdue = append(overdue, *filter)
		}
	}
	return overdue
}

// order asks the gate and commits a change that has no filters.
func (s *Service) order(ctx context.Context, c *change) error {
	if err := s.permit(ctx, c); err != nil {
		return err
	}
	_, err := s.record(ctx, c)
	return err
}

// orEarlier returns nil if the request key has done its work already, and err otherwise: a repeated delivery of a
// request that succeeded must not be told that there is nothing to do.
func (s *Service) orEarlier(ctx context.Context, c *change, err *Error) error {
	if _, found := s.recall(ctx, c.Key, err); found {
		return nil
	}
	return err
}

// History returns the newest journal entries about the targets, of everything without targets, newest first.
func (s *Service) History(ctx context.Context, targets []Target, most int) ([]Event, error) {
	found, err := s.Search(ctx, Search{Targets: targets, Most: most})
	return found.Events, err
}

// everKnown resolves targets for looking back: registered agents, agents that only filters know, or an agent ID that
// the master has forgotten. Of what is named by its hostname alone, what happened under other agent IDs is meant as well.
func (s *Service) everKnown(targets []Target) (ids []AgentID, hosts []string, err error) {
	agents, err := Resolve(s.config.State.Roster(), s.config.Groups, targets)
	absent, missing := Resolve(s.absent(), s.config.Groups, targets)
	for _, agent := range append(agents, absent...) {
		ids = append(ids, agent.ID)
		if slices.ContainsFunc(targets, func(t Target) bool { return strings.EqualFold(t.Name, agent.Hostname) }) {
			hosts = append(hosts, agent.Hostname)
		}
	}
	if err != nil && missing != nil {
		if len(targets) == 1 && looksLikeID(targets[0].Name) {
			return []AgentID{AgentID(targets[0].Name)}, nil, nil
		}
		return nil, nil, err
	}
	return ids, hosts, nil
}

// looksLikeID tells whether the name has the form of a master's agent ID, such as 7d2c…-S12.
func looksLikeID(name string) bool {
	i := strings.LastIndex(name, "-S")
	return i > 0 && i+2 < len(name) && strings.Trim(name[i+2:], "0123456789") == ""
}

// Questions returns the questions that nobody has answered yet, oldest first.
func (s *Service) Questions() []Question {
	var open []Question
	for _, question := range s.config.Book.Questions() {
		if question.Open() {
			open = append(open, *question)
		}
	}
	return open
}

// Filters returns the filters that stand, oldest first.
func (s *Service) Filters() []Filter {
	var standing []Filter
	for _, filter := range s.config.Book.Filters() {
		if filter.Stands() {
			standing = append(standing, *filter)
		}
	}
	return standing
}
