package store

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"
)

// Notices are what the poster keeps about its messages, beside its position in the journal. They move together, so a
// message is posted twice at worst and never lost.
type Notices struct {
	store *Store
	sink  string
}

// Notices returns the notices of a sink of the journal. There is one hash of them, so one sink only has any: the poster.
func (s *Store) Notices(sink string) *Notices { return &Notices{s, sink} }

// Load returns the sink's cursor, a journal ID that is empty at first, and JSON by key.
func (n *Notices) Load(ctx context.Context) (cursor string, notices map[string]json.RawMessage, err error) {
	var position *redis.StringCmd
	var messages *redis.MapStringStringCmd
	s := n.store
	_, err = s.redis.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		position = pipe.Get(ctx, s.keys.cursor(n.sink))
		messages = pipe.HGetAll(ctx, s.keys.messages)
		return nil
	})
	if err != nil && !absent(err) {
		return "", nil, s.redis.fault(err)
	}
	notices = make(map[string]json.RawMessage, len(messages.Val()))
	for key, text := range messages.Val() {
		notices[key] = json.RawMessage(text)
	}
	return position.Val(), notices, nil
}

// Save moves the cursor (empty: leaves it) and changes what is kept, in one script. A term that is not the newest is
// refused with ErrStale.
func (n *Notices) Save(ctx context.Context, term int64, cursor string, changed map[string]json.RawMessage, dropped []string) error {
	return n.store.saveSink(ctx, term, n.sink, cursor, changed, dropped)
}

// Cursor returns the position of another sink of the journal, empty if it never saved one.
func (s *Store) Cursor(ctx context.Context, sink string) (string, error) {
	cursor, err := s.redis.client.Get(ctx, s.keys.cursor(sink)).Result()
	if absent(err) {
		return "", nil
	}
	return cursor, s.redis.fault(err)
}

// SaveCursor moves another sink's cursor; the journal is kept for it from there on. A term that is not the newest is
// refused with ErrStale.
func (s *Store) SaveCursor(ctx context.Context, term int64, sink, cursor string) error {
	return s.saveSink(ctx, term, sink, cursor, nil, nil)
}

func (s *Store) saveSink(ctx context.Context, term int64, sink, cursor string, changed map[string]json.RawMessage, dropped []string) error {
	arguments := []any{term, sink, cursor, len(changed)}
	for key, notice := range changed {
		arguments = append(arguments, key, []byte(notice))
	}
	for _, key := range dropped {
		arguments = append(arguments, key)
	}
	_, err := s.run(ctx, noticesScript, []string{s.keys.term, s.keys.messages, s.keys.sinks, s.keys.cursor(sink)}, arguments...)
	return err
}
