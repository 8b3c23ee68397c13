package filters

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Unfilter ends the actor's own filters on the targets; with All those of every owner. Filters of other owners that
// still stand there are in the result's Others. Agents that are not registered are found by their filters.
func (s *Service) Unfilter(ctx context.Context, request Request) (Result, error) {
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, VerbUnfilter)
		standing, err := s.standingOn(c)
		if err != nil {
			return Result{}, err
		}
		own := slices.DeleteFunc(slices.Clone(standing), func(f *Filter) bool { return !c.mayEnd(f) })
		if len(own) == 0 {
			return Result{}, s.nothingOwn(c, standing)
		}
		return s.endAll(ctx, c, own)
	})
}

// Release ends the filters with the IDs, whoever owns them.
func (s *Service) Release(ctx context.Context, request Request, ids []string) (Result, error) {
	return s.release(ctx, request, VerbRelease, ids)
}

func (s *Service) release(ctx context.Context, request Request, verb Verb, ids []string) (Result, error) {
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, verb)
		found, err := s.byID(ids)
		if err != nil {
			return Result{}, err
		}
		return s.endAll(ctx, c, found)
	})
}

func (s *Service) endAll(ctx context.Context, c *change, found []*Filter) (Result, error) {
	for _, filter := range found {
		c.end(filter, KindRelease)
	}
	s.addOthers(c)
	c.intend(naming(found, 0))
	return s.finish(ctx, c)
}

// Extend moves the end of the actor's own filters on the targets to the later of their end and now + duration; with All
// those of every owner. With ids it moves those filters instead, whoever owns them, as the Extend button does. A filter
// without an end keeps none: the reminder of it is put off by a day.
func (s *Service) Extend(ctx context.Context, request Request, ids []string, duration time.Duration) (Result, error) {
	if duration <= 0 {
		return Result{}, &Error{Code: Invalid, Wrong: "`--for` is missing or not more than zero", Expected: "a duration such as `90m`, `2h30m` or `1d12h`"}
	}
	return s.retry(ctx, request.Key, func() (Result, error) {
		c := s.begin(request, VerbExtend)
		found, err := s.toExtend(c, ids)
		if err != nil {
			return Result{}, err
		}
		for _, filter := range found {
			c.prolong(*filter, c.now.Add(duration))
		}
		c.intend(naming(found, duration))
		return s.finish(ctx, c)
	})
}

func (c *change) prolong(filter Filter, until time.Time) {
	c.result.Plan.Steps = append(c.result.Plan.Steps, Step{filter.Agent, filter.Hostname, filter.Mode})
	switch {
	case filter.Until.IsZero():
		filter.Nagged = c.now
	case until.After(filter.Until):
		filter.Until = until
	default:
		c.result.Plan.Already = append(c.result.Plan.Already, Step{filter.Agent, filter.Hostname, filter.Mode})
		c.result.Others = append(c.result.Others, filter)
		return
	}
	c.extend(filter)
}

func (s *Service) toExtend(c *change, ids []string) ([]*Filter, error) {
	if len(ids) > 0 {
		return s.byID(ids)
	}
	standing, err := s.standingOn(c)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(standing), func(f *Filter) bool { return !c.mayEnd(f) })
	if len(own) == 0 {
		return nil, s.nothingOwn(c, standing)
	}
	return own, nil
}

// mayEnd tells whether the filter is the actor's own: placed by them, or by the drain that they asked for.
func (c *change) mayEnd(filter *Filter) bool {
	owner := c.Actor.Owner()
	return c.All || filter.Owner == owner || filter.Drain != nil && filter.Drain.By == owner
}

// end records that the filter is over. It stays in the store until the reconciler has settled what follows.
func (c *change) end(filter *Filter, kind Kind) {
	ended := *filter
	ended.Ended, ended.EndedBy, ended.EndCause, ended.EndOperation = c.now, c.Actor.ID, c.Cause, c.operation
	c.result.Plan.Steps = append(c.result.Plan.Steps, Step{ended.Agent, ended.Hostname, ended.Mode})
	c.commit.PutFilter(ended, c.event(kind))
	c.result.Changed = append(c.result.Changed, ended)
}

// addOthers names the filters that still stand on the agents of the change.
func (s *Service) addOthers(c *change) {
	ending := map[string]bool{}
	agents := map[AgentID]bool{}
	for _, filter := range c.result.Changed {
		ending[filter.ID] = true
		agents[filter.Agent] = true
	}
	for agent := range agents {
		for _, filter := range s.config.Book.Standing(agent) {
			if !ending[filter.ID] {
				c.result.Others = append(c.result.Others, *filter)
			}
		}
		switch entry := s.config.Book.Ledger(agent); {
		case entry.Leaving():
			c.result.Leaving = append(c.result.Leaving, entry.Hostname)
		case entry.Draining():
			c.result.Draining = append(c.result.Draining, entry.Hostname)
		}
	}
	slices.Sort(c.result.Draining)
	slices.Sort(c.result.Leaving)
	slices.SortFunc(c.result.Others, func(a, b Filter) int { return strings.Compare(a.Hostname+a.ID, b.Hostname+b.ID) })
}

// byID finds the standing filters with the IDs.
func (s *Service) byID(ids []string) ([]*Filter, error) {
	if len(ids) == 0 {
		return nil, &Error{Code: Invalid, Wrong: "no filter is named", Expected: "a filter's ID", Try: "`/mesos filters` lists them"}
	}
	var found []*Filter
	for _, id := range ids {
		filter := s.config.Book.WithID(id)
		if filter == nil || !filter.Stands() {
			return nil, s.noFilter(id)
		}
		if !slices.Contains(found, filter) {
			found = append(found, filter)
		}
	}
	return found, nil
}

// noFilter explains that nothing stands under an ID, which may be the name of an agent.
func (s *Service) noFilter(id string) error {
	if len(s.config.State.Roster().OnHost(id)) > 0 {
		return &Error{Code: Unknown, Wrong: "`" + id + "` is an agent, not a filter", Expected: "a filter's ID, such as `f-3k7q2m9x`", Try: "`/mesos unfilter " + id + "` ends your own filter there"}
	}
	return &Error{Code: Unknown, Wrong: "no filter `" + id + "` stands: it may have been released or run out", Try: "`/mesos filters` lists those that do"}
}

// standingOn returns the filters that stand on the agents of the targets, registered or not.
func (s *Service) standingOn(c *change) ([]*Filter, error) {
	agents, err := Resolve(s.config.State.Roster(), s.config.Groups, c.Targets)
	absent, missing := Resolve(s.absent(), s.config.Groups, c.Targets)
	if err != nil && (missing != nil || CodeOf(err) != Unknown) {
		return nil, err
	}
	var standing []*Filter
	for _, agent := range append(agents, absent...) {
		standing = append(standing, s.config.Book.Standing(agent.ID)...)
	}
	if len(standing) == 0 && len(agents) > 0 {
		return nil, s.nothingStands(c, agents)
	}
	return standing, nil
}

// absent indexes the agents that filters stand on and that the master does not list.
func (s *Service) absent() *Roster {
	roster := s.config.State.Roster()
	view := View{Cluster: s.config.Cluster}
	for _, filter := range s.config.Book.Filters() {
		if filter.Stands() && roster.Agent(filter.Agent) == nil {
			agent := Agent{ID: filter.Agent, Hostname: filter.Hostname, IP: filter.IP, Port: filter.Port}
			if filter.Rack != "" {
				agent.Attributes = []Attribute{{RackAttribute, filter.Rack}}
			}
			view.Agents = append(view.Agents, agent)
		}
	}
	view.Agents = slices.CompactFunc(NewRoster(view).view.Agents, func(a, b Agent) bool { return a.ID == b.ID })
	return NewRoster(view)
}

func (s *Service) nothingStands(c *change, agents []*Agent) error {
	names := hostnames(agents)
	if len(agents) == 1 && s.foreign(agents[0]) {
		return &Error{Code: Unknown, Wrong: names + " is withheld by somebody else, not by us",
			Expected: "what we did not withhold is not ours to give back",
			Try:      "`/mesos adopt " + agents[0].Hostname + " -m \"why\"` makes it ours first"}
	}
	return &Error{Code: Unknown, Wrong: "no filter stands on " + names, Try: "`/mesos filters` lists those that do"}
}

// nothingOwn explains that filters stand, but none that the actor may end this way.
func (s *Service) nothingOwn(c *change, standing []*Filter) error {
	owners := make([]string, 0, len(standing))
	for _, filter := range standing {
		owners = append(owners, "`"+string(filter.Owner)+"`")
	}
	slices.Sort(owners)
	owners = slices.Compact(owners)
	host := standing[0].Hostname
	return &Error{Code: Unknown, Wrong: "you have no filter on `" + host + "`: it is withheld by " + strings.Join(owners[:min(3, len(owners))], ", "),
		Try: "`/mesos " + string(c.result.Verb) + " " + host + " --all` reaches the filters of every owner"}
}

func hostnames(agents []*Agent) string {
	names := make([]string, 0, 3)
	for _, agent := range agents[:min(3, len(agents))] {
		names = append(names, "`"+agent.Hostname+"`")
	}
	text := strings.Join(names, ", ")
	if len(agents) > 3 {
		text += " and more"
	}
	return text
}
