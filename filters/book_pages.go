package filters

import (
	"slices"
	"strings"
)

// Position returns the ID of the newest journal entry that the book followed.
func (b *Book) Position() string { b.mutex.RLock(); defer b.mutex.RUnlock(); return b.position }

// Filter returns the filter with the key, ended ones that are not settled included; nil if there is none.
func (b *Book) Filter(key FilterKey) *Filter {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.filters.get(key)
}

// On returns the filters on an agent, ended ones that are not settled included, by ID.
func (b *Book) On(agent AgentID) []*Filter {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.byAgent[agent]
}

// Standing returns the filters on an agent that were not ended.
func (b *Book) Standing(agent AgentID) []*Filter {
	return slices.DeleteFunc(slices.Clone(b.On(agent)), func(f *Filter) bool { return !f.Stands() })
}

// Filters returns every filter, ended ones that are not settled included, by creation, hostname and ID.
func (b *Book) Filters() []*Filter {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return slices.Clone(b.sorted)
}

// WithID returns the filter with the ID, nil if there is none.
func (b *Book) WithID(id string) *Filter {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	for _, page := range b.filters.at {
		if page.value != nil && page.value.ID == id {
			return page.value
		}
	}
	return nil
}

// Ledger returns the entry of an agent, nil if we hold nothing there.
func (b *Book) Ledger(agent AgentID) *LedgerEntry {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.ledger.get(agent)
}

// Entries returns the whole ledger, in no order.
func (b *Book) Entries() []*LedgerEntry {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.ledger.values()
}

// Question returns the question with the ID, nil if there is none.
func (b *Book) Question(id string) *Question {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.questions.get(id)
}

// Questions returns the questions that are not done with, oldest first.
func (b *Book) Questions() []*Question {
	b.mutex.RLock()
	all := b.questions.values()
	b.mutex.RUnlock()
	slices.SortFunc(all, func(x, y *Question) int { return x.Asked.Compare(y.Asked) })
	return all
}

func (b *Book) shelve(shelf Shelf) {
	if b.shelved == nil {
		b.shelved = map[Shelf]uint64{}
	}
	b.shelved[shelf]++
}

// Shelved returns a number that is another one after each change of the shelf.
func (b *Book) Shelved(shelf Shelf) uint64 {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.shelved[shelf]
}

// Record returns the record of the shelf with the name, nil if there is none.
func (b *Book) Record(shelf Shelf, name string) *Record {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.records.get(RecordKey{shelf, name})
}

// Records returns the records of the shelf by name.
func (b *Book) Records(shelf Shelf) []*Record {
	b.mutex.RLock()
	all := b.records.values()
	b.mutex.RUnlock()
	all = slices.DeleteFunc(all, func(r *Record) bool { return r.Shelf != shelf })
	slices.SortFunc(all, func(x, y *Record) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// Freeze returns the freeze that stands, nil if none does.
func (b *Book) Freeze() *Freeze {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.freeze.get(struct{}{})
}

// Lock returns the lock that stands, nil if none does.
func (b *Book) Lock() *Lock { b.mutex.RLock(); defer b.mutex.RUnlock(); return b.lock.get(struct{}{}) }

// Withheld returns how many distinct agents are under standing filters, in all and by rack.
func (b *Book) Withheld() (total int, racks map[string]int) {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	racks = map[string]int{}
	for _, filters := range b.byAgent {
		if i := slices.IndexFunc(filters, (*Filter).Stands); i >= 0 {
			total++
			racks[filters[i].Rack]++
		}
	}
	return total, racks
}

// Held returns the agents that standing filters are on, in no order.
func (b *Book) Held() []AgentID {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	var held []AgentID
	for agent, filters := range b.byAgent {
		if slices.ContainsFunc(filters, (*Filter).Stands) {
			held = append(held, agent)
		}
	}
	return held
}
