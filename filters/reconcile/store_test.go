package reconcile_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"cordon/filters"
)

// memory is the store's contract in memory: revisions, terms, request keys, and one journal that books follow.
type memory struct {
	mutex     sync.Mutex
	term      int64
	sequence  int
	filters   map[filters.FilterKey]filters.Filter
	ledger    map[filters.AgentID]filters.LedgerEntry
	questions map[string]filters.Question
	records   map[filters.RecordKey]filters.Record
	lock      *filters.Lock
	freeze    *filters.Freeze
	receipts  map[string]filters.Receipt
	progress  map[string]*filters.Progress
	events    []filters.Event
	grown     chan struct{}
	downUntil time.Time
	poisoned  filters.AgentID // its record in the ledger is not as any book says
	behind    time.Duration   // how far books are behind the journal
	doubts    bool            // the store doubts itself: it refuses to give back
	skew      time.Duration   // Redis TIME against the local clock
	published int
	told      string // what was published last
	// intents is how long the journal was when the newest intent to give an agent back was written.
	intents map[filters.AgentID]int
	faults  []string // what no commit may do
}

func newMemory() *memory {
	return &memory{
		filters: map[filters.FilterKey]filters.Filter{}, ledger: map[filters.AgentID]filters.LedgerEntry{}, questions: map[string]filters.Question{},
		records: map[filters.RecordKey]filters.Record{}, receipts: map[string]filters.Receipt{}, progress: map[string]*filters.Progress{}, intents: map[filters.AgentID]int{}, grown: make(chan struct{}),
	}
}

func (m *memory) Now() time.Time { return time.Now().Add(m.skew).UTC().Truncate(time.Millisecond) }

func (m *memory) commit(commit filters.Commit) (filters.Receipt, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if time.Now().Before(m.downUntil) {
		return filters.Receipt{}, &filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer"}
	}
	if earlier, found := m.receipts[commit.Request]; found && commit.Request != "" {
		return filters.Receipt{Repeated: true, At: earlier.At, Answer: earlier.Answer}, nil
	}
	if m.doubts && slices.ContainsFunc(commit.Ledger, func(e filters.LedgerEntry) bool { return e.Hold == filters.HoldReleasing }) {
		return filters.Receipt{}, &filters.Error{Code: filters.Locked, Wrong: "nothing is given back"}
	}
	if commit.Gives && (m.doubts || m.lock != nil) {
		return filters.Receipt{}, &filters.Error{Code: filters.Locked, Wrong: "nothing is given back"}
	}
	if err := m.check(&commit); err != nil {
		return filters.Receipt{}, err
	}
	m.write(&commit)
	receipt := filters.Receipt{At: m.Now(), Answer: commit.Answer, Events: m.journal(commit.Events)}
	if commit.Request != "" {
		m.receipts[commit.Request] = receipt
	}
	return receipt, nil
}

func (m *memory) check(commit *filters.Commit) error {
	conflict := &filters.Error{Code: filters.Conflict, Wrong: "changed meanwhile"}
	if commit.Term != 0 && commit.Term < m.term || len(commit.Ledger) > 0 && commit.Term == 0 {
		return conflict
	}
	if commit.Starts && m.freeze != nil {
		return &filters.Error{Code: filters.Frozen, Wrong: "a freeze stands"}
	}
	for _, filter := range slices.Concat(commit.Filters, commit.Settled) {
		if m.filters[filter.Key()].Revision != filter.Revision {
			return conflict
		}
	}
	for _, entry := range commit.Ledger {
		if m.ledger[entry.Agent].Revision != entry.Revision || entry.Agent == m.poisoned {
			return conflict
		}
	}
	for _, question := range commit.Questions {
		if m.questions[question.ID].Revision != question.Revision {
			return conflict
		}
	}
	for _, record := range commit.Records {
		if m.records[record.Key()].Revision != record.Revision {
			return conflict
		}
	}
	return nil
}

func (m *memory) write(commit *filters.Commit) {
	m.checkOnce(commit)
	for _, filter := range commit.Filters {
		filter.Revision++
		m.filters[filter.Key()] = filter
	}
	for _, filter := range commit.Settled {
		delete(m.filters, filter.Key())
	}
	for _, entry := range commit.Ledger {
		entry.Revision++
		m.ledger[entry.Agent] = entry
		switch entry.Hold {
		case filters.HoldFree:
			delete(m.ledger, entry.Agent)
		case filters.HoldReleasing:
			if entry.State == filters.StateRecorded {
				m.intents[entry.Agent] = len(m.events)
			}
		}
	}
	for _, question := range commit.Questions {
		question.Revision++
		m.questions[question.ID] = question
		if question.Done {
			delete(m.questions, question.ID)
		}
	}
	for _, record := range commit.Records {
		record.Revision++
		m.records[record.Key()] = record
		if record.Removed {
			delete(m.records, record.Key())
		}
	}
	if commit.Lock != nil {
		m.lock = commit.Lock
	}
	if commit.Unlock {
		m.lock = nil
	}
}

// checkOnce finds commits that write a record twice: the second would silently win.
func (m *memory) checkOnce(commit *filters.Commit) {
	seen := map[string]bool{}
	note := func(key string) {
		if seen[key] {
			m.faults = append(m.faults, "one commit writes twice: "+key)
		}
		seen[key] = true
	}
	for _, filter := range slices.Concat(commit.Filters, commit.Settled) {
		note(filter.Key().String())
	}
	for _, entry := range commit.Ledger {
		note("ledger " + string(entry.Agent))
	}
	for _, question := range commit.Questions {
		note(question.ID)
	}
	for _, record := range commit.Records {
		note(record.Name)
	}
}

func (m *memory) journal(events []filters.Event) []filters.Event {
	written := slices.Clone(events)
	for i := range written {
		m.sequence++
		written[i].ID, written[i].At = fmt.Sprintf("%d-%d", m.Now().UnixMilli(), m.sequence), m.Now()
		for _, state := range written[i].Counts() {
			progress := m.progress[written[i].Operation]
			if progress == nil {
				progress = &filters.Progress{Operation: written[i].Operation}
				m.progress[written[i].Operation] = progress
			}
			*map[filters.ChangeState]*int{filters.StateRecorded: &progress.Recorded, filters.StateAccepted: &progress.Accepted,
				filters.StateVerified: &progress.Verified, filters.StateFailed: &progress.Failed}[state]++
		}
	}
	m.events = append(m.events, written...)
	close(m.grown)
	m.grown = make(chan struct{})
	return written
}

// follow keeps the book up with the journal, a little behind it.
func (m *memory) follow(ctx context.Context, book *filters.Book) {
	for next := 0; ; {
		m.mutex.Lock()
		events, grown := slices.Clone(m.events[next:]), m.grown
		m.mutex.Unlock()
		if len(events) > 0 {
			if !pause(ctx, latency+m.behind) {
				return
			}
			book.Follow(events...)
			next += len(events)
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

func (m *memory) acquire() int64 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.term++
	return m.term
}

func (m *memory) kinds(of ...filters.Kind) []filters.Event {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(m.events), func(e filters.Event) bool { return !slices.Contains(of, e.Kind) })
}

func (m *memory) entry(agent filters.AgentID) *filters.LedgerEntry {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if entry, ok := m.ledger[agent]; ok {
		return &entry
	}
	return nil
}

func (m *memory) standing() map[filters.AgentID]int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	standing := map[filters.AgentID]int{}
	for filter := range maps.Values(m.filters) {
		if filter.Stands() {
			standing[filter.Agent]++
		}
	}
	return standing
}

// book is one replica's way to the store. It implements reconcile.Recorder and filters.Store.
type pen struct {
	*memory
	process *process
}

func (p *pen) Commit(ctx context.Context, commit filters.Commit) (filters.Receipt, error) {
	gone := &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}
	if !p.process.step() || !pause(ctx, latency) {
		return filters.Receipt{}, gone
	}
	receipt, err := p.commit(commit)
	if err == nil && !p.process.step() {
		return filters.Receipt{}, gone
	}
	return receipt, err
}

func (p *pen) Publish(_ context.Context, _ int64, view []byte) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.published++
	p.told = string(view)
	return nil
}

func (p *pen) Receipt(_ context.Context, key string) (filters.Receipt, bool, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	receipt, found := p.receipts[key]
	return receipt, found, nil
}

func (p *pen) Load(context.Context) (filters.State, error) { return filters.State{}, nil }
func (p *pen) History(context.Context, filters.HistoryQuery) ([]filters.Event, error) {
	return nil, nil
}

func (p *pen) Progress(_ context.Context, operation string) (filters.Progress, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if progress := p.progress[operation]; progress != nil {
		return *progress, nil
	}
	return filters.Progress{}, nil
}
