package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// store is what the Service sees of the stage.
type store struct{ *Stage }

// Commit does what a store does: request keys, revisions, the freeze, and the journal.
func (s store) Commit(_ context.Context, commit filters.Commit) (filters.Receipt, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.fault != nil && !s.happens {
		return filters.Receipt{}, s.fault
	}
	if earlier, used := s.receipts[commit.Request]; used && commit.Request != "" {
		earlier.Repeated, earlier.Events = true, nil
		return earlier, nil
	}
	if commit.Starts && s.freeze != nil {
		return filters.Receipt{}, &filters.Error{Code: filters.Frozen, Wrong: "nothing new starts in *prod*, it is frozen for " + filters.Quoted(s.freeze.Reason), Try: "`/mesos thaw -m why` ends that"}
	}
	for _, filter := range commit.Filters {
		if stored := s.filters[filter.Key()]; stored.Revision != filter.Revision {
			return filters.Receipt{}, &filters.Error{Code: filters.Conflict, Wrong: "it was changed meanwhile"}
		}
	}
	for _, record := range commit.Records {
		if stored := s.records[record.Key()]; stored.Revision != record.Revision {
			return filters.Receipt{}, &filters.Error{Code: filters.Conflict, Wrong: "it was changed meanwhile"}
		}
	}
	receipt := s.write(commit)
	if s.fault != nil {
		return filters.Receipt{}, s.fault
	}
	return receipt, nil
}

func (s *Stage) write(commit filters.Commit) filters.Receipt {
	for _, filter := range commit.Filters {
		filter.Revision++
		s.filters[filter.Key()] = filter
	}
	for _, filter := range commit.Settled {
		delete(s.filters, filter.Key())
	}
	for _, record := range commit.Records {
		record.Revision++
		s.records[record.Key()] = record
		if record.Removed {
			delete(s.records, record.Key())
		}
	}
	if commit.Freeze != nil || commit.Thaw {
		s.freeze = commit.Freeze
	}
	receipt := filters.Receipt{At: time.Now().UTC(), Answer: commit.Answer}
	for _, event := range commit.Events {
		receipt.Events = append(receipt.Events, s.append(event))
	}
	if commit.Request != "" {
		s.receipts[commit.Request] = receipt
	}
	return receipt
}

func (s *Stage) append(event filters.Event) filters.Event {
	s.sequence++
	event.At = time.Now().UTC().Truncate(time.Millisecond)
	event.ID = fmt.Sprintf("%d-%d", event.At.UnixMilli(), s.sequence)
	s.events = append(s.events, event)
	for _, state := range event.Counts() {
		count := s.progress[event.Operation]
		if count == nil {
			count = &filters.Progress{Operation: event.Operation}
			s.progress[event.Operation] = count
		}
		switch state {
		case filters.StateRecorded:
			count.Recorded++
		case filters.StateVerified:
			count.Verified++
		}
	}
	close(s.appended)
	s.appended = make(chan struct{})
	return event
}

// Happen writes entries to the journal as the leader would, with what they change.
func (s *Stage) Happen(events ...filters.Event) []filters.Event {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	written := make([]filters.Event, 0, len(events))
	for _, event := range events {
		if filter := event.Filter; filter != nil {
			copied := *filter
			copied.Revision++
			event.Filter = &copied
			s.filters[copied.Key()] = copied
			if event.Settled {
				delete(s.filters, copied.Key())
			}
		}
		written = append(written, s.append(event))
	}
	s.Book.Anticipate(written...)
	return written
}

func (s store) Now() time.Time { return time.Now().UTC() }

func (s store) Receipt(_ context.Context, key string) (filters.Receipt, bool, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	receipt, found := s.receipts[key]
	return receipt, found, s.mute
}

func (s store) Load(context.Context) (filters.State, error) { return filters.State{}, nil }

func (s store) Progress(_ context.Context, operation string) (filters.Progress, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if count := s.progress[operation]; count != nil {
		return *count, nil
	}
	return filters.Progress{}, nil
}

func (s store) History(_ context.Context, query filters.HistoryQuery) ([]filters.Event, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var found []filters.Event
	for _, event := range slices.Backward(s.events) {
		if query.Before != "" && !filters.After(query.Before, event.ID) || query.By != "" && event.Actor != query.By || len(query.Kinds) > 0 && !slices.Contains(query.Kinds, event.Kind) ||
			len(query.Outcomes) > 0 && !slices.Contains(query.Outcomes, event.Outcome) {
			continue
		}
		all := len(query.Agents)+len(query.Hosts) == 0
		if all || slices.Contains(query.Agents, event.Agent) || slices.ContainsFunc(query.Hosts, func(host string) bool { return event.Host == host || planned(&event, host) }) {
			found = append(found, event)
		}
	}
	return found[:min(len(found), max(query.Most, 1))], nil
}

// planned tells whether the plan of the entry's approval has the host.
func planned(event *filters.Event, host string) bool {
	return event.Kind == filters.KindApproval && event.Record != nil && strings.Contains(string(event.Record.Body), `"hostname":"`+host+`"`)
}

// Events returns the whole journal.
func (s *Stage) Events() []filters.Event {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.events)
}

// After is the journal as the poster reads it.
func (s *Stage) After(_ context.Context, id string, most int) ([]filters.Event, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	start := 0
	for start < len(s.events) && !filters.After(s.events[start].ID, id) {
		start++
	}
	rest := s.events[start:]
	return slices.Clone(rest[:min(len(rest), most)]), nil
}

// Wait returns when there is an entry behind the ID.
func (s *Stage) Wait(ctx context.Context, id string) error {
	for {
		s.mutex.Lock()
		appended := s.appended
		behind := len(s.events) > 0 && filters.After(s.events[len(s.events)-1].ID, id)
		s.mutex.Unlock()
		if behind {
			return nil
		}
		select {
		case <-appended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
