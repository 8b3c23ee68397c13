package store

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"
)

// Notices are the references of the messages that a sink has posted, by subject, with the sink's position in the
// journal. They move together, so a message is posted twice at worst and never lost.
type Notices struct {
	store *Store
	sink  string
}

// Notices returns the notices of a sink. The journal is kept for it from its cursor on, once it was saved. The references
// are one hash: only one sink, the poster, has any.
func (s *Store) Notices(sink string) *Notices { return &Notices{s, sink} }

// Load returns the sink's cursor, a journal ID that is empty at first, and the JSON of every reference by subject.
func (n *Notices) Load(ctx context.Context) (cursor string, notices map[string]json.RawMessage, err error) {
	var position *redis.StringCmd
	var messages *redis.MapStringStringCmd
	_, err = n.store.redis.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		position = pipe.Get(ctx, n.store.keys.cursor(n.sink))
		messages = pipe.HGetAll(ctx, n.store.keys.messages)
		return nil
	})
	if err != nil && !absent(err) {
		return "", nil, n.store.redis.fault(err)
	}
	notices = make(map[string]json.RawMessage, len(messages.Val()))
	for subject, text := range messages.Val() {
		notices[subject] = json.RawMessage(text)
	}
	return position.Val(), notices, nil
}

// Save moves the cursor (empty: leaves it) and changes references, in one script. A term that is not the newest is
// refused with ErrStale.
func (n *Notices) Save(ctx context.Context, term int64, cursor string, changed map[string]json.RawMessage, dropped []string) error {
	arguments := []any{term, n.sink, cursor, len(changed)}
	for subject, notice := range changed {
		arguments = append(arguments, subject, []byte(notice))
	}
	for _, subject := range dropped {
		arguments = append(arguments, subject)
	}
	k := &n.store.keys
	_, err := n.store.run(ctx, noticesScript, []string{k.term, k.messages, k.sinks, k.cursor(n.sink)}, arguments...)
	return err
}
