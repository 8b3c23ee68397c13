package scheduler

import (
	"fmt"
	"slices"
	"time"

	"cordon/filters"
)

// occurrence is the one that the opening is of.
func (s *scene) occurrence(opening *Opening) Occurrence {
	return Occurrence{Window: s.name, Start: opening.Start, End: opening.End}
}

// open begins the occurrence: with its run, or by withholding its agents for as long as it lasts.
func (s *scene) open(occurrence Occurrence, agents []*filters.Agent) *move {
	next := s.to(filters.KindOpen, "")
	next.about(occurrence, "")
	next.settle(s.question(occurrence))
	next.account(occurrence)
	opening := &Opening{Start: occurrence.Start, End: occurrence.End, Opened: s.now, Late: s.now.Sub(occurrence.Start) > punctual}
	next.state.Open = opening
	if s.window.Definition.Joining {
		opening.Known = ids(agents)
	}
	switch {
	case len(agents) == 0:
		opening.Why = "no agent matches its targets"
	case s.window.Definition.Run != nil:
		run, parts := startOf(occurrence, s.window, agents, s.now)
		opening.Run, opening.Placed = run.ID, len(agents)
		next.starts(&run, parts)
	default:
		s.place(next, opening, agents)
	}
	return next
}

// place withholds the agents that the limits leave room for, in their order; the others wait.
func (s *scene) place(next *move, opening *Opening, agents []*filters.Agent) {
	room := s.config.Service.Room(s.window.MaxUnavailable, s.window.Per)
	opening.Why = ""
	for _, agent := range agents {
		if why := room.Take(agent); why != "" {
			opening.Waiting = append(opening.Waiting, agent.ID)
			if opening.Why == "" {
				opening.Why = why
			}
			continue
		}
		next.withhold = append(next.withhold, agent.ID)
		opening.Placed++
	}
	next.until = opening.End
}

// fill withholds agents that waited, or that joined, while there is room and time.
func (s *scene) fill() *move {
	opening := s.state.Open
	if s.window == nil || opening.Run != "" || s.state.Paused != nil || !s.now.Before(s.cutoff(opening)) {
		return nil
	}
	if s.config.frozen(s.now, s.name) != "" || !s.sees() {
		return nil
	}
	joined := s.joined(opening)
	if len(opening.Waiting)+len(joined) == 0 {
		return nil
	}
	next := s.to(filters.KindOpen, "")
	next.about(s.occurrence(opening), "")
	next.key = "" // each time is another step of the same occurrence
	filled := next.state.Open
	waiting := s.present(opening.Waiting, filled)
	filled.Waiting = slices.DeleteFunc(slices.Clone(opening.Waiting), func(id filters.AgentID) bool {
		return slices.ContainsFunc(waiting, func(agent *filters.Agent) bool { return agent.ID == id })
	})
	filled.Known = append(slices.Clone(opening.Known), ids(joined)...)
	if len(opening.Known) == 0 {
		filled.Known = nil
	}
	s.place(next, filled, append(waiting, joined...))
	if len(next.withhold) == 0 && len(joined) == 0 {
		return nil
	}
	return next
}

// present returns the agents that are listed.
func (s *scene) present(list []filters.AgentID, _ *Opening) []*filters.Agent {
	var agents []*filters.Agent
	for _, id := range list {
		if agent := s.config.Roster().Agent(id); agent != nil {
			agents = append(agents, agent)
		}
	}
	return agents
}

// joined returns the agents that match since the opening, if such are taken. An approval fixes its agents: nobody joins.
func (s *scene) joined(opening *Opening) []*filters.Agent {
	if !s.window.Definition.Joining || s.window.Definition.Approval || s.state.Timing != timing(s.window) {
		return nil
	}
	return slices.DeleteFunc(s.targets(), func(agent *filters.Agent) bool { return slices.Contains(opening.Known, agent.ID) })
}

// cutoff is when nothing new begins any more.
func (s *scene) cutoff(opening *Opening) time.Time {
	if s.window == nil {
		return opening.End
	}
	return opening.End.Add(-s.window.Cutoff)
}

// warn tells that the cutoff has come.
func (s *scene) warn() *move {
	opening := s.state.Open
	if s.window == nil || s.window.Cutoff == 0 || opening.Warned || s.now.Before(s.cutoff(opening)) {
		return nil
	}
	next := s.to(filters.KindWarn, "")
	if waiting := len(opening.Waiting); waiting > 0 {
		next.reason = fmt.Sprintf("%d agents were not reached: %s", waiting, opening.Why)
	}
	next.about(s.occurrence(opening), "warn")
	next.state.Open.Warned = true
	return next
}

// close ends the occurrence when its time has come. Its filters have the same end, and the reconciler gives back.
func (s *scene) close() *move {
	opening := s.state.Open
	if s.now.Before(opening.End) {
		return nil
	}
	next := s.to(filters.KindClose, "")
	if waiting := len(opening.Waiting); waiting > 0 {
		next.reason = fmt.Sprintf("%d agents were not reached: %s", waiting, opening.Why)
	}
	next.about(s.occurrence(opening), "close")
	next.state.Open.Closing = s.now
	return next
}

// closed tells that all which the occurrence withheld is given back, or names what is not.
func (s *scene) closed() *move {
	opening := s.state.Open
	held, kept := s.left(opening)
	if len(held) > 0 && s.now.Sub(opening.Closing) < closingMost {
		return nil
	}
	next := s.to(filters.KindClosed, "")
	next.about(s.occurrence(opening), "closed")
	switch {
	case len(held) > 0:
		next.reason = "not given back yet: " + someOf(held)
	case len(kept) > 0:
		next.reason = "stay withheld, because somebody moved their end: " + someOf(kept)
	}
	next.state.Open = nil
	return next
}

// left returns the hosts whose filters of the occurrence are not settled, and those whose filters somebody gave a later end.
func (s *scene) left(opening *Opening) (held, kept []string) {
	owner := s.occurrence(opening).Owner()
	for _, filter := range s.config.Book.Filters() {
		switch {
		case filter.Owner != owner:
		case filter.Stands() && (filter.Until.IsZero() || filter.Until.After(opening.End)):
			kept = append(kept, filter.Hostname)
		default:
			held = append(held, filter.Hostname)
		}
	}
	return held, kept
}

func ids(agents []*filters.Agent) []filters.AgentID {
	list := make([]filters.AgentID, len(agents))
	for i, agent := range agents {
		list[i] = agent.ID
	}
	return list
}
