package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// progressLife is how long the counters of an operation are kept after they last changed.
	progressLife = 7 * 24 * time.Hour
	// stageLife is how long a chunked change may take before it is taken back.
	stageLife = time.Hour
	// cursorPatience is how much longer than usual the journal is kept for a sink that does not take it: one that was taken
	// out of the configuration, or is away for ever, must not fill Redis.
	cursorPatience = 30 * 24 * time.Hour
)

// Tidied is what Tidy removed.
type Tidied struct {
	Entries    int64 // of the journal
	Operations int64 // counters
	Stages     int   // changes whose writer died half-way
	Removed    int64 // what chunks left of the records that they removed
}

// Tidy removes what nobody needs any more: journal entries older than keep (Trim), the counters of operations that have
// not moved for a week, chunked changes that were never put in force. The leader calls it now and then. An older term is
// refused with ErrStale.
func (s *Store) Tidy(ctx context.Context, term int64, keep time.Duration) (tidied Tidied, err error) {
	if tidied.Stages, err = s.tidyStages(ctx); err != nil {
		return tidied, err
	}
	if tidied.Operations, err = s.tidyOperations(ctx, term); err != nil {
		return tidied, err
	}
	if tidied.Removed, err = s.tidyRemoved(ctx, term); err != nil {
		return tidied, err
	}
	tidied.Entries, err = s.Trim(ctx, term, keep)
	return tidied, err
}

// Trim drops journal entries older than keep, but none that a seal, a sink's cursor or a witness still needs: the lowest of
// them is as far as it goes. A cursor holds entries for 30 days at most. The entry under the oldest seal that remains stays.
func (s *Store) Trim(ctx context.Context, term int64, keep time.Duration) (int64, error) {
	limit, err := s.needed(ctx, keep)
	if err != nil || limit == "" {
		return 0, err
	}
	seal, found, err := s.sealAt(ctx, limit)
	if err != nil || !found {
		return 0, err
	}
	answer, err := s.run(ctx, trimScript, []string{s.keys.term, s.keys.journal, s.keys.seals}, term, seal.ID)
	if err != nil {
		return 0, err
	}
	return answer.number(2), nil
}

// needed returns the journal ID from which on somebody needs the entries; empty: all of them.
func (s *Store) needed(ctx context.Context, keep time.Duration) (string, error) {
	limit := before(s.Now().Add(-keep))
	lower := func(id string) {
		if filters.After(limit, id) {
			limit = id
		}
	}
	sinks, err := s.redis.client.SMembers(ctx, s.keys.sinks).Result()
	if err != nil {
		return "", s.redis.fault(err)
	}
	for _, sink := range sinks {
		cursor, err := s.redis.client.Get(ctx, s.keys.cursor(sink)).Result()
		if err != nil && !absent(err) {
			return "", s.redis.fault(err)
		}
		if last := before(s.Now().Add(-keep - cursorPatience)); filters.After(last, cursor) {
			cursor = last
		}
		lower(cursor)
	}
	witnesses, err := s.redis.client.HGetAll(ctx, s.keys.witnesses).Result()
	if err != nil {
		return "", s.redis.fault(err)
	}
	for _, line := range witnesses {
		id, at, _ := strings.Cut(line, " ")
		if s.Now().Sub(milliseconds(at)) < witnessLife {
			lower(id)
		}
	}
	return limit, nil
}

// before is the ID that entries before the time stand before.
func before(at time.Time) string { return fmt.Sprintf("%d-0", max(1, at.UnixMilli())) }

// tidyOperations removes counters that have not moved for long.
func (s *Store) tidyOperations(ctx context.Context, term int64) (int64, error) {
	old := s.Now().Add(-progressLife)
	return s.prune(ctx, term, s.keys.operations, func(pairs []string) (dead []any, err error) {
		for pair := range slices.Chunk(pairs, 2) {
			progress := filters.Progress{Operation: pair[0]}
			if touched, err := parseProgress(pair[1], &progress); err == nil && touched.Before(old) {
				dead = append(dead, pair[0], pair[1])
			}
		}
		return dead, nil
	})
}

// tidyRemoved removes the values by which chunks before the last say that a record is removed, once they are in force.
func (s *Store) tidyRemoved(ctx context.Context, term int64) (gone int64, err error) {
	for i := range s.keys.records {
		removed, err := s.prune(ctx, term, s.keys.records[i].key, func(pairs []string) ([]any, error) { return s.removed(ctx, pairs) })
		if gone += removed; err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// removed picks the values that say so and are in force. The stages are read after the values: one that is not among them
// then is in force, or was taken back, and then the value is another.
func (s *Store) removed(ctx context.Context, pairs []string) (dead []any, err error) {
	stages := make([]string, 0, 8)
	for pair := range slices.Chunk(pairs, 2) {
		if in, err := parseValue(pair[1]); err == nil && in.json == "" {
			dead, stages = append(dead, pair[0], pair[1]), append(stages, in.stage)
		}
	}
	if len(dead) == 0 {
		return nil, nil
	}
	marks, err := s.redis.client.HMGet(ctx, s.keys.staged, stages...).Result()
	if err != nil {
		return nil, s.redis.fault(err)
	}
	inForce := dead[:0]
	for i, mark := range marks {
		if mark == nil {
			inForce = append(inForce, dead[2*i], dead[2*i+1])
		}
	}
	return inForce, nil
}

// prune removes what is picked out of the fields and values of a hash, as far as it is as it was read.
func (s *Store) prune(ctx context.Context, term int64, key string, pick func(pairs []string) ([]any, error)) (gone int64, err error) {
	for cursor := uint64(0); ; {
		pairs, next, err := s.redis.client.HScan(ctx, key, cursor, "", pageSize).Result()
		if err != nil {
			return gone, s.redis.fault(err)
		}
		dead, err := pick(pairs)
		if err != nil {
			return gone, err
		}
		for some := range slices.Chunk(dead, 2*chunkMost) {
			answer, err := s.run(ctx, pruneScript, []string{s.keys.term, key}, append([]any{term}, some...)...)
			if err != nil {
				return gone, err
			}
			gone += answer.number(2)
		}
		if cursor = next; cursor == 0 {
			return gone, nil
		}
	}
}
