// Package memory is the store's contract in memory, for tests of what stands on filters.Store: revisions, request keys,
// limits, terms and freezes as the real one has them, a clock that the test sets, and faults that it orders.
package memory

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"cordon/filters"
)

// Fault is what goes wrong with a commit.
type Fault int

// The faults.
const (
	None   Fault = iota
	Before       // nothing is written, and the writer is told so: Unavailable
	Lost         // nothing is written, and nobody knows: Unconfirmed
	After        // it is written, and nobody knows: Unconfirmed
)

// keyLife is how long a request key is known, as in the real store.
const keyLife = 24 * time.Hour

// Store is one cluster's durable state. It implements filters.Store and is safe for concurrent use. Set its fields before it
// is used.
type Store struct {
	// Clock is Redis TIME; nil: time.Now.
	Clock func() time.Time
	// Fault is asked about each commit; nil: nothing goes wrong. It must not use the store.
	Fault func(commit *filters.Commit) Fault
	// Written gets the entries of each commit, in the journal's order; it must not use the store. nil: nobody does.
	Written func(events []filters.Event)
	// Forgetful stores keep no journal: for simulations that are long, and have Written.
	Forgetful bool

	mutex     sync.Mutex
	term      int64
	newest    int64 // of the journal's IDs, ms
	sequence  int
	filters   map[filters.FilterKey]filters.Filter
	ledger    map[filters.AgentID]filters.LedgerEntry
	questions map[string]filters.Question
	records   map[filters.RecordKey]filters.Record
	freeze    *filters.Freeze
	lock      *filters.Lock
	receipts  map[string]filters.Receipt
	keys      []string // of receipts, oldest first
	progress  map[string]*filters.Progress
	standing  map[filters.AgentID]int // filters that stand
	rackOf    map[filters.AgentID]string
	racks     map[string]int // agents under them, by rack
	events    []filters.Event
}

// New returns an empty store.
func New() *Store {
	return &Store{
		filters: map[filters.FilterKey]filters.Filter{}, ledger: map[filters.AgentID]filters.LedgerEntry{}, questions: map[string]filters.Question{},
		records: map[filters.RecordKey]filters.Record{}, receipts: map[string]filters.Receipt{}, progress: map[string]*filters.Progress{},
		standing: map[filters.AgentID]int{}, rackOf: map[filters.AgentID]string{}, racks: map[string]int{},
	}
}

// Acquire begins the next term.
func (s *Store) Acquire() int64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.term++
	return s.term
}

// Trouble sets Fault while the store is used.
func (s *Store) Trouble(fault func(commit *filters.Commit) Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.Fault = fault
}

// Now is Redis TIME, UTC, to the millisecond.
func (s *Store) Now() time.Time {
	clock := s.Clock
	if clock == nil {
		clock = time.Now
	}
	return clock().UTC().Truncate(time.Millisecond)
}

// Commit writes a change, or refuses it, as the real store does.
func (s *Store) Commit(_ context.Context, commit filters.Commit) (filters.Receipt, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	fault := None
	if s.Fault != nil {
		fault = s.Fault(&commit)
	}
	switch fault {
	case Before:
		return filters.Receipt{}, &filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer"}
	case Lost:
		return filters.Receipt{}, unconfirmed()
	}
	receipt, err := s.commit(&commit)
	if fault == After {
		return filters.Receipt{}, unconfirmed()
	}
	return receipt, err
}

func unconfirmed() error {
	return &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}
}

func (s *Store) commit(commit *filters.Commit) (filters.Receipt, error) {
	now := s.Now()
	s.forget(now)
	if earlier, found := s.receipts[commit.Request]; found && commit.Request != "" {
		return filters.Receipt{Repeated: true, At: earlier.At, Answer: earlier.Answer}, nil
	}
	if err := s.refuse(commit, now); err != nil {
		return filters.Receipt{}, err
	}
	s.write(commit)
	receipt := filters.Receipt{At: now, Answer: commit.Answer, Events: s.journal(commit, now)}
	if commit.Request != "" {
		s.receipts[commit.Request] = filters.Receipt{At: now, Answer: commit.Answer}
		s.keys = append(s.keys, commit.Request)
	}
	return receipt, nil
}

// forget drops request keys that are too old.
func (s *Store) forget(now time.Time) {
	for len(s.keys) > 0 && now.Sub(s.receipts[s.keys[0]].At) > keyLife {
		delete(s.receipts, s.keys[0])
		s.keys = s.keys[1:]
	}
}

func (s *Store) write(commit *filters.Commit) {
	for _, filter := range commit.Filters {
		s.stand(s.filters[filter.Key()], -1)
		filter.Revision, filter.Replaces = filter.Revision+1, ""
		s.filters[filter.Key()] = filter
		s.stand(filter, 1)
	}
	for _, filter := range commit.Settled {
		s.stand(s.filters[filter.Key()], -1)
		delete(s.filters, filter.Key())
	}
	for _, entry := range commit.Ledger {
		entry.Revision++
		put(s.ledger, entry.Agent, entry, entry.Hold == filters.HoldFree)
	}
	for _, question := range commit.Questions {
		question.Revision++
		put(s.questions, question.ID, question, question.Done)
	}
	for _, record := range commit.Records {
		record.Revision++
		put(s.records, record.Key(), record, record.Removed)
	}
	if commit.Freeze != nil || commit.Thaw {
		s.freeze = commit.Freeze
	}
	if commit.Lock != nil || commit.Unlock {
		s.lock = commit.Lock
	}
}

func put[K comparable, V any](hash map[K]V, key K, value V, removed bool) {
	if removed {
		delete(hash, key)
		return
	}
	hash[key] = value
}

// stand counts a filter that stands; others do not count.
func (s *Store) stand(filter filters.Filter, by int) {
	if filter.ID == "" || !filter.Stands() {
		return
	}
	before := s.standing[filter.Agent]
	s.standing[filter.Agent] += by
	if before == 0 {
		s.rackOf[filter.Agent] = filter.Rack
		s.racks[filter.Rack]++
	}
	if before+by == 0 {
		delete(s.standing, filter.Agent)
		s.racks[s.rackOf[filter.Agent]]--
	}
}

// journal gives the entries their IDs, which only ever grow, and their times, which are the clock's.
func (s *Store) journal(commit *filters.Commit, now time.Time) []filters.Event {
	written := slices.Clone(commit.Events)
	for i := range written {
		if written[i].Term == 0 {
			written[i].Term = commit.Term
		}
		if ms := now.UnixMilli(); ms > s.newest {
			s.newest, s.sequence = ms, -1
		}
		s.sequence++
		written[i].ID, written[i].At = id(s.newest, s.sequence), now
		for _, state := range written[i].Counts() {
			s.count(written[i].Operation, state)
		}
	}
	if !s.Forgetful {
		s.events = append(s.events, written...)
	}
	if s.Written != nil {
		s.Written(written)
	}
	return written
}

func (s *Store) count(operation string, state filters.ChangeState) {
	progress := s.progress[operation]
	if progress == nil {
		progress = &filters.Progress{Operation: operation}
		s.progress[operation] = progress
	}
	switch state {
	case filters.StateRecorded:
		progress.Recorded++
	case filters.StateAccepted:
		progress.Accepted++
	case filters.StateVerified:
		progress.Verified++
	case filters.StateFailed:
		progress.Failed++
	}
}

func id(ms int64, sequence int) string {
	return strconv.FormatInt(ms, 10) + "-" + strconv.Itoa(sequence)
}
