package filters

import (
	"context"
	"slices"
	"strings"
)

// Filter withholds the targets for the actor until the request's end. Where the actor's filter stands already, its end
// and reason become the request's. Errors: Invalid, Unknown, Ambiguous, Denied, Limited, Frozen, Unavailable and
// Unconfirmed.
func (s *Service) Filter(ctx context.Context, request Request) (Result, error) {
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, VerbFilter)
		agents, err := s.targets(c)
		if err != nil {
			return Result{}, err
		}
		for _, agent := range agents {
			s.place(c, agent, KindFilter)
		}
		c.intend(&Intent{Kind: PlanFilters})
		return s.finish(ctx, c)
	})
}

// Adopt takes over agents that somebody else withheld: from then on they are ours to give back. A reason is required.
func (s *Service) Adopt(ctx context.Context, request Request) (Result, error) {
	if strings.TrimSpace(request.Reason) == "" {
		return Result{}, needsReason("adopt", "agent-four -m \"left by the night shift\"")
	}
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, VerbAdopt)
		agents, err := s.targets(c)
		if err != nil {
			return Result{}, err
		}
		for _, agent := range agents {
			if err := s.adoptable(agent); err != nil {
				return Result{}, err
			}
			s.place(c, agent, KindAdopt)
		}
		c.intend(&Intent{Kind: PlanFilters})
		return s.finish(ctx, c)
	})
}

// Replace makes the actor's own filters be exactly those on the targets (PUT /allocator/filters), in one commit. No
// targets ends them all.
func (s *Service) Replace(ctx context.Context, request Request) (Result, error) {
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, VerbFilter)
		wanted := s.keep(c)
		var agents []*Agent
		if len(c.Targets) > 0 {
			var err error
			if agents, err = s.targets(c); err != nil {
				return Result{}, err
			}
		}
		for _, agent := range agents {
			wanted[agent.ID] = true
			s.place(c, agent, KindFilter)
		}
		for _, filter := range s.config.Book.Filters() {
			if filter.Owner == c.Actor.Owner() && filter.Stands() && !wanted[filter.Agent] {
				c.end(filter, KindRelease)
			}
		}
		c.Direct = true // a mixture of what begins and what ends cannot be begun again
		c.intend(&Intent{Kind: PlanFilters})
		return s.finish(ctx, c)
	})
}

// keep takes the targets out of the change that name an agent which is away just now and under the actor's filter.
func (s *Service) keep(c *change) map[AgentID]bool {
	kept := map[AgentID]bool{}
	c.Targets = slices.DeleteFunc(slices.Clone(c.Targets), func(target Target) bool {
		known := s.config.Book.Filter(FilterKey{target.Agent, ModeFilter, c.Actor.Owner()})
		away := target.Agent != "" && s.config.State.Roster().Agent(target.Agent) == nil && known != nil && known.Stands()
		if away {
			kept[target.Agent] = true
		}
		return away
	})
	return kept
}

func (s *Service) targets(c *change) ([]*Agent, error) {
	if !c.Until.IsZero() && !c.Until.After(c.now) {
		return nil, &Error{Code: Invalid, Wrong: "the end lies in the past", Expected: "a time to come, such as `--until 18:00` or `--for 2h`"}
	}
	if err := s.Unread(); err != nil {
		return nil, err
	}
	return Resolve(s.config.State.Roster(), s.config.Groups, c.Targets)
}

// place makes the actor's filter stand on the agent, as the request says.
func (s *Service) place(c *change, agent *Agent, kind Kind) {
	step := Step{Agent: agent.ID, Hostname: agent.Hostname, Mode: c.modeOf()}
	filter := Filter{
		ID: DerivedID("f-", c.operation, string(agent.ID)), Agent: agent.ID, Hostname: agent.Hostname, IP: agent.IP, Port: agent.Port, Rack: agent.Rack(),
		Owner: c.Actor.Owner(), Mode: c.modeOf(), Drain: c.drain, Reason: c.Reason, Created: c.now, Until: c.Until,
		Subject: c.subjectOf(), Operation: c.operation, State: StateRecorded, Adopt: kind == KindAdopt,
	}
	if s.config.State.Roster().Agent(agent.ID) == nil {
		filter.Missing = c.now // that it is away is known
	}
	known := s.config.Book.Filter(filter.Key())
	if known == nil {
		c.put(step, filter, kind)
		return
	}
	filter.Revision = known.Revision
	if !known.Stands() {
		filter.Replaces = known.ID
		c.supersede(known)
		c.put(step, filter, kind)
		return
	}
	if kind == KindAdopt && !known.Adopt {
		s.adoptKnown(c, step, *known)
		return
	}
	s.renew(c, step, *known)
}

// adoptKnown lets the actor's filter that stands already take the agent over: somebody else withheld it before we could.
func (s *Service) adoptKnown(c *change, step Step, filter Filter) {
	filter.Adopt, filter.Reason, filter.Operation, filter.State = true, c.Reason, c.operation, StateRecorded
	if !c.Until.IsZero() {
		filter.Until = c.Until
	}
	c.put(step, filter, KindAdopt)
}

// renew gives a filter that stands the request's end and reason; without either it stays as it is.
func (s *Service) renew(c *change, step Step, filter Filter) {
	c.result.Plan.Already = append(c.result.Plan.Already, step)
	reason := filter.Reason
	if c.Reason != "" {
		reason = c.Reason
	}
	until := filter.Until
	if !c.Until.IsZero() {
		until = c.Until
	}
	if until.Equal(filter.Until) && reason == filter.Reason {
		return
	}
	filter.Until, filter.Reason = until, reason
	c.extend(filter)
}

func (c *change) put(step Step, filter Filter, kind Kind) {
	c.commit.Starts = true
	c.result.Plan.Steps = append(c.result.Plan.Steps, step)
	c.commit.PutFilter(filter, c.event(kind))
	c.result.Changed = append(c.result.Changed, filter)
}

// extend writes a filter whose end or reason has changed. Recording it is all there is to do.
func (c *change) extend(filter Filter) {
	event := c.event(KindExtend)
	event.Outcome = string(StateVerified)
	c.commit.PutFilter(filter, event)
	c.result.Changed = append(c.result.Changed, filter)
}

// supersede tells that an ended filter's giving back will not happen, because the same owner withholds again. Its placing
// is over too, if it was not done.
func (c *change) supersede(filter *Filter) {
	event := Event{
		Kind: KindGave, Subject: filter.Subject, Operation: filter.EndOperation, Agent: filter.Agent, Actor: c.Actor.ID, Cause: c.Cause,
		Request: c.Key, Outcome: string(StateVerified), Reason: "withheld again before it was given back", Host: filter.Hostname,
	}
	c.commit.Events = append(c.commit.Events, event)
	if filter.State == StateRecorded || filter.State == StateAccepted {
		event.Kind, event.Operation, event.Reason = KindTook, filter.Operation, "ended before it was confirmed"
		c.commit.Events = append(c.commit.Events, event)
	}
}

// finish checks the plan and records it, or answers a dry run. A plan without changes is answered without a write.
func (s *Service) finish(ctx context.Context, c *change) (Result, error) {
	if err := s.permit(ctx, c); err != nil {
		return Result{}, err
	}
	if err := s.bound(c); err != nil {
		return Result{}, err
	}
	if c.DryRun {
		if err := s.fresh(c); err != nil {
			return Result{}, err
		}
		c.result.Impact = s.impact(ctx, &c.result.Plan)
		if freeze := s.config.Book.Freeze(); freeze != nil && c.commit.Starts {
			c.result.Impact.Exceeds = "*" + s.config.Cluster + "* is frozen for " + Quoted(freeze.Reason)
		}
		c.result.Count = len(c.result.Changed)
		return c.result, nil
	}
	if len(c.commit.Filters) == 0 {
		return s.unchanged(ctx, c)
	}
	if c.waits() {
		return s.askApproval(ctx, c)
	}
	s.breakGlass(ctx, c)
	if c.commit.Starts {
		c.commit.Limits = s.limits(&c.result.Plan)
	}
	return s.record(ctx, c)
}

// unchanged answers a request for what is so already; if the request itself made it so, with what it answered then.
func (s *Service) unchanged(ctx context.Context, c *change) (Result, error) {
	if c.Key != "" {
		if earlier, found, err := s.Outcome(ctx, c.Key); err != nil || found {
			return earlier, err
		}
	}
	return c.result, nil
}

func (s *Service) adoptable(agent *Agent) error {
	entry := s.config.Book.Ledger(agent.ID)
	switch {
	case entry != nil:
		return &Error{Code: Invalid, Wrong: "`" + agent.Hostname + "` is withheld by us already", Try: "`/mesos filters` shows for whom"}
	case !s.foreign(agent):
		return &Error{Code: Invalid, Wrong: "`" + agent.Hostname + "` takes tasks: nobody withholds it", Expected: "an agent that somebody else withholds", Try: "`/mesos filter " + agent.Hostname + "` withholds it"}
	}
	return nil
}

func needsReason(verb, example string) error {
	return &Error{Code: Invalid, Wrong: "`" + verb + "` needs a reason", Expected: "`-m` and a few words", Try: "For example `/mesos " + verb + " " + example + "`"}
}
