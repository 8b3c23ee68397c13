package store

import (
	"context"
	"fmt"
	"maps"
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
)

// Tidied is what Tidy removed.
type Tidied struct {
	Entries    int64 // of the journal
	Operations int64 // counters
	Stages     int   // changes whose writer died half-way
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
	tidied.Entries, err = s.Trim(ctx, term, keep)
	return tidied, err
}

// Trim drops journal entries older than keep, but none that a seal, a sink's cursor or a witness still needs: the lowest of
// them is as far as it goes. The entry under the oldest seal that remains stays.
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
	limit := fmt.Sprintf("%d-0", max(1, s.Now().Add(-keep).UnixMilli()))
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

// tidyOperations removes counters that have not moved for long.
func (s *Store) tidyOperations(ctx context.Context, term int64) (gone int64, err error) {
	old := s.Now().Add(-progressLife)
	for cursor := uint64(0); ; {
		fields, next, err := s.redis.client.HScan(ctx, s.keys.operations, cursor, "", pageSize).Result()
		if err != nil {
			return gone, s.redis.fault(err)
		}
		arguments := []any{term}
		for pair := range slices.Chunk(fields, 2) {
			progress := filters.Progress{Operation: pair[0]}
			if touched, err := parseProgress(pair[1], &progress); err == nil && touched.Before(old) {
				arguments = append(arguments, pair[0], pair[1])
			}
		}
		if len(arguments) > 1 {
			answer, err := s.run(ctx, pruneScript, []string{s.keys.term, s.keys.operations}, arguments...)
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

// tidyStages takes back chunked changes that were never put in force, and lifts the marks of those whose entries are gone.
func (s *Store) tidyStages(ctx context.Context) (taken int, err error) {
	stages, err := s.redis.client.HGetAll(ctx, s.keys.staged).Result()
	if err != nil {
		return 0, s.redis.fault(err)
	}
	for stage, text := range stages {
		mark := parseMark(text)
		if mark.state == "pending" && s.Now().Sub(mark.at) < stageLife {
			continue
		}
		if err := s.unstage(ctx, stage); err != nil {
			return taken, err
		}
		if mark.state == "pending" {
			taken++
		}
	}
	return taken, nil
}

// mark is what the hash `staged` says of a stage.
type mark struct {
	state   string // pending or broken
	chunks  int
	first   string // journal ID, or -
	at      time.Time
	request string // the key of the request
}

func parseMark(text string) mark {
	var m mark
	var ms int64
	if words := strings.SplitN(text, " ", 5); len(words) == 5 {
		m.state, m.first, m.request = words[0], words[2], words[4]
		_, _ = fmt.Sscan(words[1], &m.chunks)
		_, _ = fmt.Sscan(words[3], &ms)
	}
	m.at = time.UnixMilli(ms)
	return m
}

// unstage takes back what a stage wrote, and lets its request be made anew. Its mark stays for as long as the journal holds
// its entries, which it hides.
func (s *Store) unstage(ctx context.Context, stage string) error {
	text, err := s.redis.client.HGet(ctx, s.keys.staged, stage).Result()
	if absent(err) {
		return nil
	}
	if err != nil {
		return s.redis.fault(err)
	}
	fields, err := s.stagedFields(ctx, stage)
	if err != nil {
		return err
	}
	for len(fields) > chunkMost {
		if text, err = s.unstageSome(ctx, stage, text, fields[:chunkMost], false); err != nil {
			return err
		}
		fields = fields[chunkMost:]
	}
	_, err = s.unstageSome(ctx, stage, text, fields, true)
	return err
}

// stagedField is a value that a stage wrote.
type stagedField struct{ hash, field, rack string }

func (s *Store) stagedFields(ctx context.Context, stage string) (fields []stagedField, err error) {
	for number, key := range map[string]string{filtersHash: s.keys.filters, ledgerHash: s.keys.ledger, questionsHash: s.keys.questions} {
		values, err := s.redis.client.HGetAll(ctx, key).Result()
		if err != nil {
			return nil, s.redis.fault(err)
		}
		for _, field := range slices.Sorted(maps.Keys(values)) {
			in, err := parseValue(values[field])
			if err != nil || in.stage != stage {
				continue
			}
			filter, _ := decode[filters.Filter](in.json)
			if old, err := parseValue(in.replaced); err == nil {
				filter, _ = decode[filters.Filter](old.json)
			}
			fields = append(fields, stagedField{number, field, filter.Rack})
		}
	}
	return fields, nil
}

func (s *Store) unstageSome(ctx context.Context, stage, text string, fields []stagedField, last bool) (string, error) {
	m := parseMark(text)
	keys := []string{s.keys.filters, s.keys.ledger, s.keys.questions, s.keys.withheld, s.keys.counts, s.keys.staged, s.keys.journal}
	for i := range m.chunks {
		keys = append(keys, fmt.Sprintf("%s/%d", m.request, i+1))
	}
	arguments := []any{stage, text, flag(last), m.chunks}
	for _, field := range fields {
		arguments = append(arguments, field.hash, field.field, field.rack)
	}
	answer, err := s.run(ctx, unstageScript, keys, arguments...)
	if err != nil {
		return "", err
	}
	if answer.word() == "MOVED" {
		return "", &filters.Error{Code: filters.Conflict, Wrong: "the plan is being written on"}
	}
	return strings.Replace(text, "pending", "broken", 1), nil
}
