package stage

import (
	"maps"
	"slices"
	"time"

	"cordon/filters"
)

// TaskLasts is how long a task of a drained agent takes to end, one after the other.
const TaskLasts = 20 * time.Second

// drain writes down how far the drain that the filter asks for has come, and tells whether it has.
func (s *Stage) drain(filter *filters.Filter, now time.Time) bool {
	entry := s.Book.Ledger(filter.Agent)
	event := filters.Event{Agent: filter.Agent, Host: filter.Hostname, Subject: filter.Subject, Operation: filter.Operation, Actor: "bot:one"}
	switch {
	case filter.Stands() && (entry == nil || !entry.SentFor(filter)):
		s.send(filter, event, now)
		return true
	case entry != nil && filter.Drain.Gone && filter.Stands() && entry.Refused == "":
		s.leave(filter, event, entry)
		return true
	case entry == nil || !entry.Drained.IsZero() || entry.Refused != "":
		return false
	}
	if now.Sub(entry.At) < TaskLasts {
		return true
	}
	next := *entry
	if next.At = now; s.kill(filter.Agent) {
		entry.At = now // the book's own: nobody else looks at it meanwhile
		return true
	}
	if filter.Drain.MarkGone {
		s.leave(filter, event, entry)
		return true
	}
	next.Drained, event.Kind, event.Operation, event.Ledger = now, filters.KindDrained, "", &next
	s.Happen(event)
	return true
}

// send writes down that the master was asked.
func (s *Stage) send(filter *filters.Filter, event filters.Event, now time.Time) {
	entry := filters.LedgerEntry{
		Agent: filter.Agent, Hostname: filter.Hostname, Backend: filters.BackendOperator, Mode: filter.Mode, Subject: filter.Subject,
		Hold: filters.HoldHeld, State: filters.StateVerified, At: now, Heard: true, DrainSent: filter.ID,
	}
	if filter.Drain.Gone {
		entry.DrainSent, entry.GoneSent = "", filter.ID
	}
	if s.refusing(filter.Hostname) {
		entry.DrainSent, entry.GoneSent, entry.Refused = filter.ID, "", "it is part of a maintenance schedule"
	}
	placed := *filter
	placed.State = filters.StateVerified
	draining, took := event, event
	draining.Kind, draining.Ledger = filters.KindDraining, &entry
	took.Kind, took.Outcome, took.Filter, took.Ledger = filters.KindTook, string(filters.StateVerified), &placed, &entry
	s.Happen(draining, took)
}

// leave writes down that the agent has left the cluster for ever.
func (s *Stage) leave(filter *filters.Filter, event filters.Event, entry *filters.LedgerEntry) {
	s.mutex.Lock()
	s.view.Agents = slices.DeleteFunc(slices.Clone(s.view.Agents), func(agent filters.Agent) bool { return agent.ID == filter.Agent })
	s.roster, s.seen = filters.NewRoster(s.view), nil
	s.mutex.Unlock()
	ended, free := *filter, *entry
	ended.Ended, ended.EndedBy, ended.EndCause = time.Now().UTC(), "bot:one", filters.CauseGone
	free.Hold = filters.HoldFree
	event.Kind, event.Cause, event.Outcome, event.Filter, event.Settled, event.Ledger = filters.KindGone, filters.CauseGone, string(filters.StateVerified), &ended, true, &free
	s.Happen(event)
}

// kill ends one task, and tells whether there was one.
func (s *Stage) kill(agent filters.AgentID) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	tasks := maps.Clone(s.tasks[agent])
	for _, framework := range filters.Frameworks(tasks) {
		if tasks[framework] > 0 {
			tasks[framework]--
			s.tasks[agent] = tasks
			return true
		}
	}
	return false
}

// running are the tasks of an agent.
func (s *Stage) running(agent filters.AgentID) (map[string]int, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	tasks, known := s.tasks[agent]
	return tasks, known
}

// Refuse has the master refuse to drain the agents on the host.
func (s *Stage) Refuse(hostname string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refuses = append(s.refuses, hostname)
}

func (s *Stage) refusing(hostname string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Contains(s.refuses, hostname)
}
