package memory

import (
	"context"
	"maps"
	"slices"

	"cordon/filters"
)

// Receipt returns what a request key did.
func (s *Store) Receipt(_ context.Context, key string) (filters.Receipt, bool, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	receipt, found := s.receipts[key]
	return receipt, found, nil
}

// Load reads the whole state.
func (s *Store) Load(context.Context) (filters.State, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	state := filters.State{Freeze: s.freeze, Lock: s.lock}
	if s.newest > 0 {
		state.Position = id(s.newest, s.sequence)
	}
	state.Filters = slices.Collect(maps.Values(s.filters))
	state.Ledger = slices.Collect(maps.Values(s.ledger))
	state.Questions = slices.Collect(maps.Values(s.questions))
	state.Records = slices.Collect(maps.Values(s.records))
	return state, nil
}

// History returns the newest journal entries that match, newest first.
func (s *Store) History(_ context.Context, query filters.HistoryQuery) ([]filters.Event, error) {
	var found []filters.Event
	for _, event := range slices.Backward(s.Journal()) {
		about := len(query.Agents) == 0 || slices.Contains(query.Agents, event.Agent)
		if about && (query.Subject == "" || event.Subject == query.Subject) && (query.Before == "" || filters.After(query.Before, event.ID)) {
			found = append(found, event)
		}
		if len(found) == query.Most && query.Most > 0 {
			break
		}
	}
	return found, nil
}

// Progress tells how far an operation has come.
func (s *Store) Progress(_ context.Context, operation string) (filters.Progress, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if progress := s.progress[operation]; progress != nil {
		return *progress, nil
	}
	return filters.Progress{}, nil
}

// Journal returns every entry, oldest first.
func (s *Store) Journal() []filters.Event {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.events)
}

// Since returns the entries from the place on, and the place after them: for who follows the journal.
func (s *Store) Since(place int) ([]filters.Event, int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.events[place:]), len(s.events)
}
