package scheduler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"cordon/filters"
)

// shelves is the store's contract in memory: revisions, terms, request keys, freezes, and one journal. Books that are attached
// follow it at once.
type shelves struct {
	mutex     sync.Mutex
	sequence  int
	term      int64
	filters   map[filters.FilterKey]filters.Filter
	ledger    map[filters.AgentID]filters.LedgerEntry
	records   map[filters.RecordKey]filters.Record
	questions map[string]filters.Question
	freeze    *filters.Freeze
	receipts  map[string]filters.Receipt
	events    []filters.Event
	books     []*filters.Book
	down      bool
	loses     func(*filters.Commit) bool // commits whose answer is lost, and which books learn of late
}

func newShelves() *shelves {
	return &shelves{
		filters: map[filters.FilterKey]filters.Filter{}, ledger: map[filters.AgentID]filters.LedgerEntry{},
		records: map[filters.RecordKey]filters.Record{}, receipts: map[string]filters.Receipt{},
		questions: map[string]filters.Question{},
	}
}

func (s *shelves) write(commit filters.Commit) (filters.Receipt, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if earlier, found := s.receipts[commit.Request]; found && commit.Request != "" {
		return filters.Receipt{Repeated: true, At: earlier.At, Answer: earlier.Answer}, nil
	}
	if err := s.check(&commit); err != nil {
		return filters.Receipt{}, err
	}
	for _, filter := range commit.Filters {
		filter.Revision++
		s.filters[filter.Key()] = filter
	}
	for _, filter := range commit.Settled {
		delete(s.filters, filter.Key())
	}
	for _, entry := range commit.Ledger {
		entry.Revision++
		s.ledger[entry.Agent] = entry
		if entry.Hold == filters.HoldFree {
			delete(s.ledger, entry.Agent)
		}
	}
	for _, record := range commit.Records {
		record.Revision++
		s.records[record.Key()] = record
		if record.Removed {
			delete(s.records, record.Key())
		}
	}
	for _, question := range commit.Questions {
		question.Revision++
		s.questions[question.ID] = question
		if question.Done {
			delete(s.questions, question.ID)
		}
	}
	if commit.Freeze != nil || commit.Thaw {
		s.freeze = commit.Freeze
	}
	lost := s.loses != nil && s.loses(&commit)
	receipt := filters.Receipt{At: s.now(), Answer: commit.Answer, Events: s.journal(commit.Events, lost)}
	if commit.Request != "" {
		s.receipts[commit.Request] = receipt
	}
	if lost {
		return filters.Receipt{}, &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}
	}
	return receipt, nil
}

func (s *shelves) check(commit *filters.Commit) error {
	conflict := &filters.Error{Code: filters.Conflict, Wrong: "changed meanwhile"}
	switch {
	case s.down:
		return &filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer"}
	case commit.Term != 0 && commit.Term < s.term:
		return conflict
	case commit.Starts && s.freeze != nil:
		return &filters.Error{Code: filters.Frozen, Wrong: "a freeze stands"}
	}
	for _, filter := range slices.Concat(commit.Filters, commit.Settled) {
		if s.filters[filter.Key()].Revision != filter.Revision {
			return conflict
		}
	}
	for _, question := range commit.Questions {
		if s.questions[question.ID].Revision != question.Revision {
			return conflict
		}
	}
	seen := map[filters.RecordKey]bool{}
	for _, record := range commit.Records {
		if s.records[record.Key()].Revision != record.Revision || seen[record.Key()] {
			return conflict
		}
		seen[record.Key()] = true
	}
	if commit.Term != 0 && len(commit.Records)+len(commit.Filters) > 500 {
		return &filters.Error{Code: filters.Internal, Wrong: "too large for one script"}
	}
	if limits := commit.Limits; limits != nil && limits.Cluster > 0 && s.withheld(commit) > max(limits.Cluster, s.withheld(&filters.Commit{})) {
		return &filters.Error{Code: filters.Limited, Wrong: "more than max_withheld"}
	}
	return nil
}

func (s *shelves) withheld(commit *filters.Commit) int {
	agents := map[filters.AgentID]bool{}
	after := maps.Clone(s.filters)
	for _, filter := range commit.Filters {
		after[filter.Key()] = filter
	}
	for _, filter := range after {
		if filter.Stands() {
			agents[filter.Agent] = true
		}
	}
	return len(agents)
}

func (s *shelves) now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func (s *shelves) journal(events []filters.Event, late bool) []filters.Event {
	written := slices.Clone(events)
	for i := range written {
		s.sequence++
		written[i].ID, written[i].At = fmt.Sprintf("%d-%d", s.now().UnixMilli(), s.sequence), s.now()
	}
	s.events = append(s.events, written...)
	for _, book := range s.books {
		if late {
			time.AfterFunc(8*time.Second, func() { book.Follow(written...) })
		} else {
			book.Follow(written...)
		}
	}
	return written
}

// attach returns a book that is loaded and follows.
func (s *shelves) attach() *filters.Book {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	book := filters.NewBook()
	book.Reset(filters.State{
		Position: fmt.Sprintf("%d-%d", s.now().UnixMilli(), s.sequence), Filters: slices.Collect(maps.Values(s.filters)),
		Ledger: slices.Collect(maps.Values(s.ledger)), Records: slices.Collect(maps.Values(s.records)), Freeze: s.freeze,
		Questions: slices.Collect(maps.Values(s.questions)),
	})
	s.books = append(s.books, book)
	return book
}

func (s *shelves) acquire() int64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.term++
	return s.term
}

func (s *shelves) kinds(of ...filters.Kind) []filters.Event {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(s.events), func(e filters.Event) bool { return !slices.Contains(of, e.Kind) })
}

// process is one replica's life. It dies when its steps are counted down, before or after what the step does.
type process struct {
	mutex sync.Mutex
	taken int
	left  int // 0: it does not die
	dead  bool
	kill  context.CancelFunc
}

// step counts one step and tells whether the process lives.
func (p *process) step() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.taken++
	if p.left > 0 {
		if p.left--; p.left == 0 {
			p.dead = true
			p.kill()
		}
	}
	return !p.dead
}

func (p *process) steps() int { p.mutex.Lock(); defer p.mutex.Unlock(); return p.taken }

// pen is one process's way to the store. It implements filters.Store.
type pen struct {
	*shelves
	process *process
}

func (p *pen) Commit(ctx context.Context, commit filters.Commit) (filters.Receipt, error) {
	gone := &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}
	if ctx.Err() != nil || !p.process.step() {
		return filters.Receipt{}, gone
	}
	receipt, err := p.write(commit)
	if err == nil && !p.process.step() {
		return filters.Receipt{}, gone
	}
	return receipt, err
}

func (p *pen) Receipt(_ context.Context, key string) (filters.Receipt, bool, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	receipt, found := p.receipts[key]
	return receipt, found, nil
}

func (p *pen) Load(context.Context) (filters.State, error) { return filters.State{}, nil }
func (p *pen) Now() time.Time                              { return p.now() }
func (p *pen) History(context.Context, filters.HistoryQuery) ([]filters.Event, error) {
	return nil, nil
}
func (p *pen) Progress(context.Context, string) (filters.Progress, error) {
	return filters.Progress{}, nil
}
