package store

import (
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// The most that a recent remembers, in entries.
const (
	recentMost = 1024
	ownMost    = 4096
)

// recent is the end of the journal as Follow read it, decoded once for whoever reads it in this process, and what this
// process wrote itself, which need not be decoded at all. What it returns must not be changed.
type recent struct {
	mutex   sync.Mutex
	follows bool
	own     map[string]filters.Event // by ID, until they are read
	since   string                   // the ID before the first entry
	last    string                   // the newest ID that was read
	entries []entry                  // without gaps
}

// follow begins to remember what comes after an ID, or ends that.
func (r *recent) follow(follows bool, after string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.follows, r.own, r.since, r.last, r.entries = follows, map[string]filters.Event{}, after, after, nil
}

// wrote remembers events of this process until they are read.
func (r *recent) wrote(events []filters.Event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.follows || len(r.own)+len(events) > ownMost {
		return
	}
	for i := range events {
		if filters.After(events[i].ID, r.last) { // else the journal was quicker
			r.own[events[i].ID] = events[i]
		}
	}
}

// read decodes messages that follow each other and remembers them.
func (r *recent) read(messages []redis.XMessage) ([]entry, error) {
	entries := make([]entry, len(messages))
	r.mutex.Lock()
	for i := range messages {
		r.last = messages[i].ID
		entries[i].Event = r.own[r.last]
		delete(r.own, r.last)
	}
	r.mutex.Unlock()
	for i := range messages {
		if entries[i].ID != "" {
			continue
		}
		var err error
		if entries[i], err = parseEntry(messages[i]); err != nil {
			return nil, err
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.entries = append(r.entries, entries...)
	if spare := len(r.entries) - recentMost; spare > recentMost/4 {
		r.since = r.entries[spare-1].ID
		r.entries = slices.Clone(r.entries[spare:])
	}
	return entries, nil
}

// after returns the entries after an ID, at most so many; false if they are not, or not all, remembered.
func (r *recent) after(id string, most int) ([]entry, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.follows || filters.After(r.since, id) || len(r.entries) == 0 || !filters.After(r.entries[len(r.entries)-1].ID, id) {
		return nil, false
	}
	from := len(r.entries)
	for from > 0 && filters.After(r.entries[from-1].ID, id) {
		from--
	}
	rest := r.entries[from:]
	return slices.Clone(rest[:min(most, len(rest))]), true
}
