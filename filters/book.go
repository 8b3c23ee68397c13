package filters

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Book is this replica's copy of the durable state of one cluster: loaded once, then kept up from the journal's
// entries. A book may be behind Redis; writes are guarded by revisions, so acting on a stale page is refused, not wrong.
// Safe for concurrent use; what it returns must not be changed.
type Book struct {
	mutex     sync.RWMutex
	position  string
	ahead     map[string]bool // the IDs of entries that were anticipated and have not come from the journal
	epoch     string
	filters   pages[FilterKey, Filter]
	byAgent   map[AgentID][]*Filter
	sorted    []*Filter // by creation, hostname, ID and agent; nil while the book is being filled
	ledger    pages[AgentID, LedgerEntry]
	questions pages[string, Question]
	records   pages[RecordKey, Record]
	shelved   map[Shelf]uint64 // counts the changes of each shelf
	freeze    pages[struct{}, Freeze]
	lock      pages[struct{}, Lock]
	freed     map[AgentID]freed // how the agent's ledger entry was removed
	turned    chan struct{}     // closed and replaced when a page may have turned
	moved     chan struct{}     // closed and replaced when more may have changed than ends that moved further away
}

// pages holds records with the ID of the journal entry that wrote them. A replica meets its own writes twice, at once
// and again in the journal, possibly after older entries of others: only a newer entry turns a page. A removed record
// leaves an empty page until the journal has passed it.
type pages[K comparable, V any] struct {
	at    map[K]page[V]
	empty map[K]bool
}

type page[V any] struct {
	value *V
	id    string
}

func newPages[K comparable, V any]() pages[K, V] {
	return pages[K, V]{map[K]page[V]{}, map[K]bool{}}
}

func (p *pages[K, V]) turn(key K, id string, value *V) bool {
	if known, ok := p.at[key]; ok && !After(id, known.id) {
		return false
	}
	p.at[key] = page[V]{value, id}
	if value == nil {
		p.empty[key] = true
	} else {
		delete(p.empty, key)
	}
	return true
}

func (p *pages[K, V]) get(key K) *V { return p.at[key].value }

func (p *pages[K, V]) forget(position string) {
	for key := range p.empty {
		if !After(p.at[key].id, position) {
			delete(p.at, key)
			delete(p.empty, key)
		}
	}
}

func (p *pages[K, V]) values() []*V {
	values := make([]*V, 0, len(p.at))
	for _, page := range p.at {
		if page.value != nil {
			values = append(values, page.value)
		}
	}
	return values
}

// NewBook returns an empty book.
func NewBook() *Book {
	book := &Book{turned: make(chan struct{}), moved: make(chan struct{})}
	book.Reset(State{})
	return book
}

// Reset replaces what the book holds with the state.
func (b *Book) Reset(state State) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.position, b.epoch, b.ahead = state.Position, state.Epoch, map[string]bool{}
	b.filters, b.byAgent, b.sorted = newPages[FilterKey, Filter](), map[AgentID][]*Filter{}, nil
	b.ledger, b.questions, b.records = newPages[AgentID, LedgerEntry](), newPages[string, Question](), newPages[RecordKey, Record]()
	b.freeze, b.lock = newPages[struct{}, Freeze](), newPages[struct{}, Lock]()
	b.freed = map[AgentID]freed{}
	for _, shelf := range Shelves() {
		b.shelve(shelf)
	}
	for _, filter := range state.Filters {
		b.turnFilter(state.Position, &filter, false)
	}
	b.sorted = b.filters.values()
	slices.SortFunc(b.sorted, byCreation)
	for _, entry := range state.Ledger {
		b.ledger.turn(entry.Agent, state.Position, &entry)
	}
	for _, question := range state.Questions {
		b.questions.turn(question.ID, state.Position, &question)
	}
	for _, record := range state.Records {
		b.records.turn(record.Key(), state.Position, &record)
	}
	b.freeze.turn(struct{}{}, state.Position, state.Freeze)
	b.lock.turn(struct{}{}, state.Position, state.Lock)
	b.wake(true)
}

// Follow brings the book up to events read from the journal, in its order, and moves its position. It returns false if the journal
// went past what was anticipated without bringing it, as one does that was put back to an older one: then the book tells of what
// never was, and has to be loaded again.
func (b *Book) Follow(events ...Event) (whole bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	moved := b.applyAll(events)
	if len(events) > 0 {
		b.position = events[len(events)-1].ID
	}
	b.filters.forget(b.position)
	b.ledger.forget(b.position)
	b.questions.forget(b.position)
	b.records.forget(b.position)
	b.wake(moved)
	return b.caughtUp(events)
}

// caughtUp takes what the journal brought from what was anticipated, and tells whether nothing is left that should have come.
func (b *Book) caughtUp(events []Event) bool {
	for i := range events {
		delete(b.ahead, events[i].ID)
	}
	for id := range b.ahead {
		if !After(id, b.position) {
			return false
		}
	}
	return true
}

// Anticipate applies the events of this replica's own commit before the journal brings them.
func (b *Book) Anticipate(events ...Event) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for i := range events {
		if After(events[i].ID, b.position) {
			b.ahead[events[i].ID] = true
		}
	}
	b.wake(b.applyAll(events))
}

func (b *Book) applyAll(events []Event) (moved bool) {
	for i := range events {
		moved = !b.onlyExtends(&events[i]) || moved
		b.apply(&events[i])
	}
	return moved
}

// onlyExtends tells whether the entry does no more than move an end further away.
func (b *Book) onlyExtends(event *Event) bool {
	if event.Kind != KindExtend || event.Filter == nil {
		return false
	}
	before := b.filters.get(event.Filter.Key())
	return before != nil && before.ID == event.Filter.ID && !before.Until.IsZero() && !event.Filter.Until.Before(before.Until)
}

func (b *Book) wake(moved bool) {
	close(b.turned)
	b.turned = make(chan struct{})
	if moved {
		close(b.moved)
		b.moved = make(chan struct{})
	}
}

// Moved returns a channel that is closed at the next change of the book that is more than ends that move further away: for
// who has nothing to do before an end comes.
func (b *Book) Moved() <-chan struct{} { b.mutex.RLock(); defer b.mutex.RUnlock(); return b.moved }

// Turned returns a channel that is closed at the next change of the book.
func (b *Book) Turned() <-chan struct{} { b.mutex.RLock(); defer b.mutex.RUnlock(); return b.turned }

func (b *Book) apply(event *Event) {
	if event.Filter != nil {
		b.turnFilter(event.ID, event.Filter, event.Settled)
	}
	if entry := event.Ledger; entry != nil {
		b.turnLedger(event, entry)
	}
	if question := event.Question; question != nil {
		b.questions.turn(question.ID, event.ID, unless(question.Done, question))
	}
	if record := event.Record; record != nil {
		b.records.turn(record.Key(), event.ID, unless(record.Removed, record))
		b.shelve(record.Shelf)
	}
	switch event.Kind {
	case KindFreeze, KindThaw:
		b.freeze.turn(struct{}{}, event.ID, event.Freeze)
	case KindLock, KindUnlock:
		b.lock.turn(struct{}{}, event.ID, event.Lock)
	}
}

// freed is when an agent's ledger entry was removed, and whether because the agent has left for ever.
type freed struct {
	at   time.Time
	gone bool
}

// freedMemory is how long a book remembers that an agent was given back; readings are taken more often than that.
const freedMemory = 10 * time.Minute

func (b *Book) turnLedger(event *Event, entry *LedgerEntry) {
	if !b.ledger.turn(entry.Agent, event.ID, unless(entry.Hold == HoldFree, entry)) || entry.Hold != HoldFree {
		return
	}
	maps.DeleteFunc(b.freed, func(_ AgentID, freed freed) bool { return event.At.Sub(freed.at) > freedMemory })
	b.freed[entry.Agent] = freed{event.At, event.Kind == KindGone}
}

// Freed returns when the agent was last given back, zero if not lately: a reading that began before shows it withheld.
func (b *Book) Freed(agent AgentID) time.Time {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.freed[agent].at
}

// Gone tells whether the agent has lately left the cluster for ever, as was asked.
func (b *Book) Gone(agent AgentID) bool {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.freed[agent].gone
}

func unless[V any](removed bool, value *V) *V {
	if removed {
		return nil
	}
	return value
}

func (b *Book) turnFilter(id string, filter *Filter, settled bool) {
	key := filter.Key()
	before := b.filters.get(key)
	if !b.filters.turn(key, id, unless(settled, filter)) {
		return
	}
	b.order(before, unless(settled, filter))
	others := slices.DeleteFunc(slices.Clone(b.byAgent[filter.Agent]), func(f *Filter) bool { return f == before })
	if !settled {
		others = append(others, filter)
	}
	if len(others) == 0 {
		delete(b.byAgent, filter.Agent)
		return
	}
	slices.SortFunc(others, func(x, y *Filter) int { return strings.Compare(x.ID, y.ID) })
	b.byAgent[filter.Agent] = others
}

// order puts a filter into its place, instead of the one that was there before; either may be nil.
func (b *Book) order(before, after *Filter) {
	if b.sorted == nil {
		return
	}
	if before != nil {
		place, _ := slices.BinarySearchFunc(b.sorted, before, byCreation)
		if after != nil && byCreation(before, after) == 0 {
			b.sorted[place] = after
			return
		}
		b.sorted = slices.Delete(b.sorted, place, place+1)
	}
	if after != nil {
		place, _ := slices.BinarySearchFunc(b.sorted, after, byCreation)
		b.sorted = slices.Insert(b.sorted, place, after)
	}
}

func byCreation(x, y *Filter) int {
	return cmp.Or(x.Created.Compare(y.Created), strings.Compare(x.Hostname, y.Hostname), strings.Compare(x.ID, y.ID), strings.Compare(string(x.Agent), string(y.Agent)))
}

// After tells whether the journal ID a comes after b: IDs are MILLISECONDS-SEQUENCE, and the empty one is before all.
func After(a, b string) bool {
	aTime, aSequence, _ := strings.Cut(a, "-")
	bTime, bSequence, _ := strings.Cut(b, "-")
	if aTime != bTime {
		return numberAfter(aTime, bTime)
	}
	return numberAfter(aSequence, bSequence)
}

func numberAfter(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}
