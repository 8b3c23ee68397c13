package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// leads are how long before its start the occurrences of the window are told of, longest first.
func (s *scene) leads() []time.Duration {
	if len(s.window.Announce) == 0 && (s.window.Definition.Approval || s.window.Mode == filters.ModeSchedule) {
		return []time.Duration{askLead}
	}
	return s.window.Announce
}

// announce tells of the coming occurrence when one of its lead times has come. Of several that have, the shortest counts.
func (s *scene) announce() *move {
	occurrence, ok := s.upcoming()
	if !ok || s.state.Paused != nil || s.skip(occurrence) != nil {
		return nil
	}
	leads := slices.Clone(s.leads())
	slices.Reverse(leads)
	for _, lead := range leads {
		if s.now.Before(occurrence.Start.Add(-lead)) || s.told(occurrence, lead) {
			continue
		}
		return s.tell(occurrence, lead)
	}
	return nil
}

// told tells whether the lead time of the occurrence, or a shorter one, was told.
func (s *scene) told(occurrence Occurrence, lead time.Duration) bool {
	known := s.state.Announced
	return known != nil && known.Start.Equal(occurrence.Start) && time.Duration(known.Lead) <= lead
}

// nextLead is the longest lead time of the occurrence that is not told yet.
func (s *scene) nextLead(occurrence Occurrence) (time.Duration, bool) {
	for _, lead := range s.leads() {
		if !s.told(occurrence, lead) && s.now.Before(occurrence.Start.Add(-lead)) {
			return lead, true
		}
	}
	return 0, false
}

// tell announces an occurrence, and asks about it if it needs approval and nobody was asked.
func (s *scene) tell(occurrence Occurrence, lead time.Duration) *move {
	agents := s.targets(s.window)
	next := s.to(filters.KindAnnounce, s.config.frozen(occurrence.Start, s.name))
	next.about(occurrence)
	next.subject = announceSubject(occurrence)
	told := Announcement{Start: occurrence.Start, Lead: Duration(lead), Agents: len(agents), Machines: machinesOf(agents)}
	if question := s.question(occurrence); question != nil {
		told.Question = question.ID
	} else if s.window.Definition.Approval {
		question := s.ask(occurrence, agents)
		told.Question, next.questions = question.ID, append(next.questions, filters.AskedOf{Question: question, Event: filters.Event{Kind: filters.KindQuestion}})
	}
	next.state.Announced = &told
	return next
}

// ask returns the question whether the occurrence may open. Its agents are fixed: others need another yes (invariant 7).
func (s *scene) ask(occurrence Occurrence, agents []*filters.Agent) filters.Question {
	id := filters.DerivedID("q-", string(filters.QuestionOpening), s.config.Cluster, occurrence.Name())
	question := filters.Question{ID: id, Subject: id, Kind: filters.QuestionOpening, Asked: s.now}
	for _, agent := range agents {
		question.Agents, question.Hosts = append(question.Agents, agent.ID), append(question.Hosts, agent.Hostname)
	}
	if s.window.kills() != "" && !s.configured {
		question.AskedBy = s.state.Author // somebody else says yes to what kills
	}
	question.Text = fmt.Sprintf("Window %s opens on %s UTC for %s and %s %d of %d agents (%s)%s. May it open?", s.name,
		occurrence.Start.Format("2006-01-02 15:04"), lasting(occurrence.End.Sub(occurrence.Start)), s.window.does(), len(agents), s.config.Roster().Len(), someOf(question.Hosts), s.window.cost())
	return question
}

// someOf names at most ten.
func someOf(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "none"
	case len(names) <= most:
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
