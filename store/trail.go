package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Line is a journal entry as it leaves the store: everything that stands in the journal, whether it is in force or not, and
// the seal that covers it. Seals can be computed again from lines (ADR 14).
type Line struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"` // UTC, to the millisecond
	Version   string    `json:"version"`
	Term      int64     `json:"term"`
	Subject   string    `json:"subject"`
	Operation string    `json:"operation"`
	Kind      string    `json:"kind"`
	Agent     string    `json:"agent"`
	Actor     string    `json:"actor"`
	Cause     string    `json:"cause"`
	Request   string    `json:"request"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason"`
	// Record is what the entry changed, as it was afterwards; a JSON string where it is not JSON as we write it.
	Record json.RawMessage `json:"record,omitempty"`
	// Stage marks an entry that is in force only when a later one has Activates with the same stage.
	Stage     string `json:"stage,omitempty"`
	Activates string `json:"activates,omitempty"`
	// Fields are the entry as it stands there, in place of everything else but the ID, where it cannot be read.
	Fields map[string]any `json:"fields,omitempty"`
	Seal   *Seal          `json:"seal,omitempty"` // the first that covers it; nil: none does yet
}

// Stretch says which lines are read.
type Stretch struct {
	// After is the ID of the entry read last; empty: none was.
	After string
	// Since and Until bound the time of entries, UTC; zero: no bound. Since counts only where After is empty.
	Since, Until time.Time
	// Sealed leaves out what no seal covers yet.
	Sealed bool
	// Most is how many lines are read; at most, and if it is 0, 500.
	Most int
}

// Trail returns a stretch of the journal, oldest first. Cut says that older entries were trimmed before somebody read them:
// the entry After is not there any more, or the journal begins after Since.
func (s *Store) Trail(ctx context.Context, asked Stretch) (lines []Line, cut bool, err error) {
	if asked.Most <= 0 || asked.Most > pageSize {
		asked.Most = pageSize
	}
	messages, cut, err := s.stretch(ctx, &asked)
	if err != nil || len(messages) == 0 {
		return nil, cut, err
	}
	seals, err := s.redis.client.XRangeN(ctx, s.keys.seals, messages[0].ID, "+", int64(len(messages))).Result()
	if err != nil {
		return nil, false, s.redis.fault(err)
	}
	lines = make([]Line, 0, len(messages))
	for i := range messages {
		for len(seals) > 0 && filters.After(messages[i].ID, seals[0].ID) {
			seals = seals[1:]
		}
		if len(seals) == 0 && asked.Sealed {
			break
		}
		line := lineOf(&messages[i])
		if len(seals) > 0 {
			seal := sealOf(seals[0])
			line.Seal = &seal
		}
		lines = append(lines, line)
	}
	return lines, cut, nil
}

// stretch reads messages. Where it goes on, it reads the entry before again: if that is not there, entries between may be gone.
func (s *Store) stretch(ctx context.Context, asked *Stretch) (messages []redis.XMessage, cut bool, err error) {
	from, to := "-", "+"
	if !asked.Until.IsZero() {
		to = before(asked.Until.Add(time.Millisecond))
		to = "(" + to
	}
	switch {
	case asked.After != "":
		from = asked.After
	case !asked.Since.IsZero():
		from = before(asked.Since)
	}
	messages, err = s.redis.client.XRangeN(ctx, s.keys.journal, from, to, int64(asked.Most+1)).Result()
	if err != nil {
		return nil, false, s.redis.fault(err)
	}
	switch {
	case asked.After != "" && len(messages) > 0 && messages[0].ID == asked.After:
		messages = messages[1:]
	case asked.After != "":
		cut, err = s.beginsAfter(ctx, asked.After)
	case !asked.Since.IsZero():
		cut, err = s.beginsAfter(ctx, from)
	}
	return messages[:min(len(messages), asked.Most)], cut, err
}

// beginsAfter tells whether the journal was trimmed, and begins after the ID.
func (s *Store) beginsAfter(ctx context.Context, id string) (bool, error) {
	first, oldest, err := s.oldest(ctx)
	trimmed := first != nil && first.Values["previous"] != ""
	return trimmed && filters.After(oldest, id), err
}

func lineOf(message *redis.XMessage) Line {
	text := func(name string) string { value, _ := message.Values[name].(string); return value }
	at, wrong := decimal(text("at"))
	term, failed := decimal(text("term"))
	if wrong != nil || failed != nil {
		return Line{ID: message.ID, Fields: message.Values}
	}
	return Line{
		ID: message.ID, At: time.UnixMilli(at).UTC(), Version: text("version"), Term: term, Subject: text("subject"), Operation: text("operation"),
		Kind: text("kind"), Agent: text("agent"), Actor: text("actor"), Cause: text("cause"), Request: text("request"),
		Outcome: text("outcome"), Reason: text("reason"), Record: verbatim(text("record")), Stage: text("stage"), Activates: text("activates"),
	}
}

// verbatim is JSON that encodes as the text, or as a string that holds the text.
func verbatim(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if encoded, err := json.Marshal(json.RawMessage(text)); err == nil && string(encoded) == text && text[0] == '{' {
		return json.RawMessage(text)
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string encodes
	}
	return encoded
}

// behindMost is how many entries Behind counts.
const behindMost = 1000

// Behind tells how far a sink's cursor is behind the journal: how many entries, of 1000 at most, and when the oldest of them
// was written; zero if there is none.
func (s *Store) Behind(ctx context.Context, sink string) (entries int, since time.Time, err error) {
	cursor, err := s.Cursor(ctx, sink)
	if err != nil {
		return 0, time.Time{}, err
	}
	messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(cursor), "+", behindMost).Result()
	if err != nil || len(messages) == 0 {
		return 0, time.Time{}, s.redis.fault(err)
	}
	return len(messages), Stamped(messages[0].ID), nil
}
