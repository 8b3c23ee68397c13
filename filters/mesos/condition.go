package mesos

import (
	"errors"
	"sync"
	"time"

	"cordon/filters"
)

// troubles is what is wrong just now, each part until it goes well again.
type troubles struct {
	mutex           sync.Mutex
	reading, stream error
	heard           time.Time // the last event, or answer to a reading where there are no events
}

func (t *troubles) read(err error) { t.mutex.Lock(); defer t.mutex.Unlock(); t.reading = err }

func (t *troubles) events(err error) { t.mutex.Lock(); defer t.mutex.Unlock(); t.stream = err }

func (t *troubles) hear(at time.Time) { t.mutex.Lock(); defer t.mutex.Unlock(); t.heard = at }

func (t *troubles) state() (heard time.Time, words string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	switch {
	case t.reading != nil:
		return t.heard, plainWords(t.reading)
	case t.stream != nil:
		return t.heard, "no events come: " + plainWords(t.stream)
	}
	return t.heard, ""
}

// plainWords are an error's words for people: those of a filters.Error and of this package's own errors; of others only
// what kind of mishap it was.
func plainWords(err error) string {
	switch {
	case filters.CodeOf(err) != filters.Internal:
		return err.Error()
	case errors.Is(err, errSilent), errors.Is(err, errMoved), errors.Is(err, errNotSubscribed):
		return err.Error()
	}
	return "the stream " + phrase(err)
}

// Condition tells how the master is: on a follower as the leader published it, if that is newer than what this replica
// knows by itself.
func (m *Master) Condition() filters.Condition {
	condition := filters.Condition{Read: m.Roster().AsOf()}
	m.standing.condition(&condition)
	condition.Heard, condition.Trouble = m.trouble.state()
	if words := m.caller.finder.trouble(); condition.Trouble == "" && words != "" {
		condition.Trouble = words
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.told != nil && m.leading.Load() == 0 && m.told.At.After(condition.Heard) {
		condition = m.told.Condition
	}
	return condition
}
