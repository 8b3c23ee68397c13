package scheduler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// occurrence is the one that the opening is of.
func (s *scene) occurrence(opening *Opening) Occurrence {
	return Occurrence{Window: s.name, Start: opening.Start, End: opening.End}
}

// open begins the occurrence: with its run, or by withholding its agents for as long as it lasts.
func (s *scene) open(ctx context.Context, occurrence Occurrence, agents []*filters.Agent) *move {
	agents, out, known := s.sift(ctx, s.window, agents)
	if !known {
		return nil
	}
	next := s.to(filters.KindOpen, "")
	next.about(occurrence)
	next.key = occurrence.Name() // not again, even if the window was removed and made anew meanwhile
	next.settle(s.question(occurrence))
	next.account(occurrence)
	s.acts(next, s.window)
	ahead := s.state.Scheduled
	opening := &Opening{Start: occurrence.Start, End: occurrence.End, Opened: s.now, Late: s.now.Sub(occurrence.Start) > punctual, Definition: &s.window.Definition, Out: out}
	next.state.Open = opening
	if s.window.Definition.Joining {
		opening.Known = ids(agents)
	}
	switch {
	case s.window.Mode == filters.ModeSchedule:
		s.rests(next, ahead)
	case len(agents)+len(out) == 0:
		opening.Why = "no agent matches its targets"
	case len(agents) == 0:
		opening.Why = "something else stands in the way of every agent"
	case s.window.Definition.Run != nil:
		run, parts := startOf(occurrence, s.window, agents, s.now)
		run.Author = s.author()
		opening.Run, opening.Placed = run.ID, len(agents)
		if next.intent != nil {
			next.intent.Steps = s.window.steps(agents)
		}
		next.starts(&run, parts)
	default:
		s.place(next, s.window, agents)
	}
	return next
}

// place withholds the agents that the limits leave room for, in their order; the others wait.
func (s *scene) place(next *move, window *Window, agents []*filters.Agent) {
	opening := next.state.Open
	opening.Why = ""
	if len(opening.Waiting) > 0 {
		opening.Why = "the master does not list them"
	}
	next.room = s.config.room(window.MaxUnavailable, window.Per)
	for _, agent := range agents {
		if why := next.room.Take(agent); why != "" {
			opening.Waiting = append(opening.Waiting, agent.ID)
			if opening.Why == "" {
				opening.Why = why
			}
			continue
		}
		next.withhold = append(next.withhold, agent.ID)
		opening.Placed++
	}
	next.until, next.mode, next.drain = opening.End, window.Mode, window.Drain
	s.acts(next, window)
}

// acts has the gate asked about what the window does, and the policy too where nobody has approved of the window: what it asks for may
// have changed since, or the agents that match.
func (s *scene) acts(next *move, window *Window) {
	next.also = window.verbs()
	if !s.configured && s.state.Approved == nil {
		next.intent = &filters.Intent{Kind: filters.PlanWindow}
	}
}

// mayTake tells whether the occurrence may yet withhold agents that wait, or that join.
func (s *scene) mayTake(opening *Opening) bool {
	if s.window == nil || s.state.Paused != nil || opening.Run != "" || !s.now.Before(s.cutoff(opening)) {
		return false
	}
	return len(opening.Waiting) > 0 || s.joins()
}

// fill withholds agents that waited, or that joined, while there is room and time.
func (s *scene) fill(ctx context.Context) *move {
	opening := s.state.Open
	if !s.mayTake(opening) || s.held() != "" || !s.sees() {
		return nil
	}
	if s.opened.TakeDown {
		return s.takesDown()
	}
	waiting, away := s.present(opening.Waiting)
	joined := s.joined(opening)
	agents, out, known := s.sift(ctx, s.opened, append(waiting, joined...))
	if !known || len(agents)+len(out) == 0 {
		return nil
	}
	next := s.to(filters.KindOpen, "")
	next.about(s.occurrence(opening))
	filled := next.state.Open
	filled.Waiting, filled.Known, filled.Out = away, append(slices.Clone(opening.Known), ids(joined)...), append(slices.Clone(opening.Out), out...)
	s.place(next, s.opened, agents)
	if len(next.withhold) == 0 && len(joined)+len(out) == 0 {
		return nil
	}
	return next
}

// present returns the agents that are listed, and the others.
func (s *scene) present(list []filters.AgentID) (agents []*filters.Agent, away []filters.AgentID) {
	for _, id := range list {
		if agent := s.config.Roster().Agent(id); agent != nil {
			agents = append(agents, agent)
		} else {
			away = append(away, id)
		}
	}
	return agents, away
}

// joins tells whether agents that join are taken. An approval fixes its agents: nobody joins.
func (s *scene) joins() bool {
	return s.opened != nil && s.opened.Definition.Joining && !s.opened.Definition.Approval && s.approved() == nil
}

// joined returns the agents that match since the opening, if such are taken.
func (s *scene) joined(opening *Opening) []*filters.Agent {
	if !s.joins() {
		return nil
	}
	return slices.DeleteFunc(s.targets(s.opened), func(agent *filters.Agent) bool { return slices.Contains(opening.Known, agent.ID) })
}

// cutoff is when nothing new begins any more.
func (s *scene) cutoff(opening *Opening) time.Time {
	if s.opened == nil {
		return opening.End
	}
	return opening.End.Add(-s.opened.Cutoff)
}

// warn tells that the cutoff has come.
func (s *scene) warn() *move {
	opening := s.state.Open
	if s.opened == nil || s.opened.Cutoff == 0 || opening.Warned || s.now.Before(s.cutoff(opening)) {
		return nil
	}
	next := s.to(filters.KindWarn, "")
	next.reason = opening.unreached()
	next.about(s.occurrence(opening))
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
	next.reason = opening.unreached()
	next.about(s.occurrence(opening))
	next.state.Open.Closing = s.now
	return next
}

// closed tells that all which the occurrence withheld is given back, or names what is not: after a while, or when the next
// one is to open.
func (s *scene) closed() *move {
	opening := s.state.Open
	held, draining, kept, failed := s.left(opening)
	machines, down := s.leftMachines(opening)
	following, ok := s.following(opening)
	if len(held)+len(draining)+len(machines) > 0 && s.now.Sub(opening.Closing) < closingMost && (!ok || s.now.Before(following.Start.Add(closingLeast))) {
		return nil
	}
	next := s.to(filters.KindClosed, "")
	next.about(s.occurrence(opening))
	next.reason = strings.Join(slices.Concat(
		naming("not given back yet: ", held),
		naming("not out of the maintenance schedule yet: ", machines),
		naming("left in it, because others took them down: ", down),
		naming("still draining, and given back after that: ", draining),
		naming("stay withheld, because somebody moved their end: ", kept),
		naming("stay withheld, because the run left them so: ", failed)), "; ")
	next.state.Open = nil
	return next
}

// naming is a phrase that names hosts, none if there are none.
func naming(phrase string, hosts []string) []string {
	if len(hosts) == 0 {
		return nil
	}
	return []string{phrase + someOf(hosts)}
}

// left returns the hosts whose filters of the occurrence and its run are not settled, those of them that are being drained, those
// whose filters somebody gave a later end, and those that the run, which is over, left withheld.
func (s *scene) left(opening *Opening) (held, draining, kept, failed []string) {
	owner, runs := s.occurrence(opening).Owner(), filters.Owner("run:"+opening.Run)
	over := s.run(opening) == nil
	for _, filter := range s.config.Book.Filters() {
		switch {
		case filter.Owner != owner && filter.Owner != runs:
		case filter.Owner == runs && filter.Stands() && over:
			failed = append(failed, filter.Hostname)
		case filter.Owner == owner && filter.Stands() && (filter.Until.IsZero() || filter.Until.After(opening.End)):
			kept = append(kept, filter.Hostname)
		case !filter.Stands() && s.config.Book.Ledger(filter.Agent).Draining():
			draining = append(draining, filter.Hostname)
		default:
			held = append(held, filter.Hostname)
		}
	}
	return held, draining, kept, failed
}

// run is the record of the opening's run while that is not over; nil: there is none.
func (s *scene) run(opening *Opening) *filters.Record {
	record := s.config.Book.Record(filters.ShelfRuns, opening.Run)
	if record == nil {
		return nil
	}
	if state, err := DecodeRun(record); err != nil || state.Phase.Over() {
		return nil
	}
	return record
}

func ids(agents []*filters.Agent) []filters.AgentID {
	list := make([]filters.AgentID, len(agents))
	for i, agent := range agents {
		list[i] = agent.ID
	}
	return list
}

// unreached says how many agents wait in vain, and why; empty: none does.
func (o *Opening) unreached() string {
	switch waiting := len(o.Waiting); waiting {
	case 0:
		return ""
	case 1:
		return "1 agent was not reached: " + o.Why
	default:
		return fmt.Sprintf("%d agents were not reached: %s", waiting, o.Why)
	}
}
