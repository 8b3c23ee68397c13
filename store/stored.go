package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"cordon/filters"
)

// stored are a commit's records as they will be stored: its events tell of them in the same words, encoded once.
type stored struct {
	filters   shelf[filters.FilterKey, filters.Filter]
	ledger    shelf[filters.AgentID, filters.LedgerEntry]
	questions shelf[string, filters.Question]
	records   shelf[filters.RecordKey, filters.Record]
}

func newStored(commit *filters.Commit) *stored {
	s := &stored{}
	s.filters.grow(len(commit.Filters))
	s.ledger.grow(len(commit.Ledger))
	s.questions.grow(len(commit.Questions))
	s.records.grow(len(commit.Records))
	return s
}

// shelf finds records by key. Events come in the order of the records, so the next is nearly always the one.
type shelf[K comparable, R any] struct {
	keys    []K
	records []*R
	encoded []string
	next    int
}

func (s *shelf[K, R]) grow(most int) {
	if most == 0 {
		return
	}
	s.keys, s.records, s.encoded = make([]K, 0, most), make([]*R, 0, most), make([]string, 0, most)
}

func (s *shelf[K, R]) put(key K, record *R, encoded string) {
	s.keys, s.records, s.encoded = append(s.keys, key), append(s.records, record), append(s.encoded, encoded)
}

// find returns the record with the key and its JSON, or the given record, encoded now.
func (s *shelf[K, R]) find(key K, given *R) (*R, string, error) {
	place := s.next
	if place >= len(s.keys) || s.keys[place] != key {
		place = slices.Index(s.keys, key)
	}
	if place < 0 {
		encoded, err := encode(given)
		return given, encoded, err
	}
	s.next = place + 1
	return s.records[place], s.encoded[place], nil
}

// detail points the event at the records as they will be stored and returns the JSON that stands beside it.
func (s *stored) detail(event *filters.Event) (string, error) {
	var parts object
	if event.Filter != nil {
		filter, encoded, err := s.filters.find(event.Filter.Key(), event.Filter)
		if err != nil {
			return "", err
		}
		event.Filter = filter
		parts.add("filter", encoded)
	}
	if event.Settled {
		parts.add("settled", "true")
	}
	if event.Ledger != nil {
		entry, encoded, err := s.ledger.find(event.Ledger.Agent, event.Ledger)
		if err != nil {
			return "", err
		}
		event.Ledger = entry
		parts.add("ledger", encoded)
	}
	if event.Question != nil {
		question, encoded, err := s.questions.find(event.Question.ID, event.Question)
		if err != nil {
			return "", err
		}
		event.Question = question
		parts.add("question", encoded)
	}
	if event.Record != nil {
		kept, encoded, err := s.records.find(event.Record.Key(), event.Record)
		if err != nil {
			return "", err
		}
		event.Record = kept
		parts.add("record", encoded)
	}
	return parts.close(event)
}

// object writes a JSON object out of parts that are JSON already (entryRecord is how it is read).
type object struct{ text []byte }

func (o *object) add(name, encoded string) {
	o.text = slices.Grow(o.text, len(name)+len(encoded)+8)
	o.text = append(o.text, "{,"[min(len(o.text), 1)])
	o.text = append(o.text, '"')
	o.text = append(append(o.text, name...), `":`...)
	o.text = append(o.text, encoded...)
}

// addValue adds what is not stored elsewhere.
func (o *object) addValue(name string, value any) error {
	encoded, err := json.Marshal(value)
	if err == nil {
		o.add(name, string(encoded))
	}
	return err
}

// close adds the rest of the event and returns the object, empty if it has no parts.
func (o *object) close(event *filters.Event) (string, error) {
	var freeze, lock, host, master, verb, message error
	if event.Freeze != nil {
		freeze = o.addValue("freeze", event.Freeze)
	}
	if event.Lock != nil {
		lock = o.addValue("lock", event.Lock)
	}
	if event.Host != "" {
		host = o.addValue("host", event.Host)
	}
	if event.Master != "" {
		master = o.addValue("master", event.Master)
	}
	if event.Verb != "" {
		verb = o.addValue("verb", event.Verb)
	}
	if event.Message != "" {
		message = o.addValue("message", event.Message)
	}
	if len(o.text) == 0 {
		return "", nil
	}
	return string(append(o.text, '}')), errors.Join(freeze, lock, host, master, verb, message)
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}
