package app

import (
	"context"

	"cordon/filters"
	"cordon/store"
)

// journal is the journal for the poster. The book is read up to it already: whoever waits for an entry waits for the book.
type journal struct {
	*store.Store
	book *filters.Book
}

// Wait returns when the book has followed an entry after the ID, or with the context's error.
func (j journal) Wait(ctx context.Context, id string) error {
	for {
		turned := j.book.Turned()
		if filters.After(j.book.Position(), id) {
			return nil
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
