package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cordon/filters"
)

// Audit reads everything again and compares it with the book: what it returns are differences, each in a sentence, that
// no journal entry explains. It copies the book first and brings the copy up to what it read, so it can run beside writers.
func (s *Store) Audit(ctx context.Context, book *filters.Book) ([]string, error) {
	position := book.Position()
	replayed := filters.NewBook()
	copied := filters.State{Position: position, Freeze: book.Freeze(), Lock: book.Lock()}
	for _, filter := range book.Filters() {
		copied.Filters = append(copied.Filters, *filter)
	}
	for _, entry := range book.Entries() {
		copied.Ledger = append(copied.Ledger, *entry)
	}
	for _, question := range book.Questions() {
		copied.Questions = append(copied.Questions, *question)
	}
	for _, shelf := range filters.Shelves() {
		for _, record := range book.Records(shelf) {
			copied.Records = append(copied.Records, *record)
		}
	}
	replayed.Reset(copied)
	state, err := s.Load(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.replay(ctx, replayed, position, state.Position); err != nil {
		return nil, err
	}
	stored := filters.NewBook()
	stored.Reset(state)
	return differences(replayed, stored), nil
}

// differences compares two books of the same position.
func differences(kept, stored *filters.Book) []string {
	found := compare("filter", kept.Filters(), stored.Filters(), func(f *filters.Filter) string { return f.Key().String() })
	found = append(found, compare("ledger entry", kept.Entries(), stored.Entries(), func(e *filters.LedgerEntry) string { return string(e.Agent) })...)
	found = append(found, compare("question", kept.Questions(), stored.Questions(), func(q *filters.Question) string { return q.ID })...)
	for _, shelf := range filters.Shelves() {
		found = append(found, compare(string(shelf), kept.Records(shelf), stored.Records(shelf), func(r *filters.Record) string { return r.Name })...)
	}
	found = append(found, compare("freeze", one(kept.Freeze()), one(stored.Freeze()), func(*filters.Freeze) string { return "" })...)
	return append(found, compare("lock", one(kept.Lock()), one(stored.Lock()), func(*filters.Lock) string { return "" })...)
}

func one[R any](record *R) []*R {
	if record == nil {
		return nil
	}
	return []*R{record}
}

func compare[R any](what string, kept, stored []*R, name func(*R) string) (found []string) {
	known := make(map[string]*R, len(kept))
	for _, record := range kept {
		known[name(record)] = record
	}
	for _, record := range stored {
		key := name(record)
		other, there := known[key]
		delete(known, key)
		switch {
		case !there:
			found = append(found, fmt.Sprintf("%s `%s` is in Redis and not in memory", what, key))
		case !same(record, other):
			found = append(found, fmt.Sprintf("%s `%s` is another in Redis than in memory", what, key))
		}
	}
	for key := range known {
		found = append(found, fmt.Sprintf("%s `%s` is in memory and not in Redis", what, key))
	}
	slices.SortFunc(found, cmp.Compare[string])
	return found
}

// same compares two records as they would be stored.
func same[R any](a, b *R) bool {
	first, err := encode(a)
	second, other := encode(b)
	return err == nil && other == nil && first == second
}
