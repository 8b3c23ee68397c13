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
type stagedField struct {
	hash        int // among the hashes of records, as lua/unstage.lua counts them
	field, rack string
}

func (s *Store) stagedFields(ctx context.Context, stage string) (fields []stagedField, err error) {
	for i := range s.keys.records {
		values, err := s.redis.client.HGetAll(ctx, s.keys.records[i].key).Result()
		if err != nil {
			return nil, s.redis.fault(err)
		}
		for _, field := range slices.Sorted(maps.Keys(values)) {
			in, err := parseValue(values[field])
			if err != nil || in.stage != stage {
				continue
			}
			fields = append(fields, stagedField{i + 1, field, rackOf(&in)})
		}
	}
	return fields, nil
}

// rackOf is the rack that a staged filter's agent is counted in; empty for other records.
func rackOf(in *value) string {
	if old, err := parseValue(in.replaced); err == nil {
		in = &old
	}
	filter, _ := decode[filters.Filter](in.json)
	return filter.Rack
}

func (s *Store) unstageSome(ctx context.Context, stage, text string, fields []stagedField, last bool) (string, error) {
	m := parseMark(text)
	keys := make([]string, 0, len(s.keys.records)+4+m.chunks)
	keys = append(keys, s.keys.withheld, s.keys.counts, s.keys.staged, s.keys.journal)
	for i := range s.keys.records {
		keys = append(keys, s.keys.records[i].key)
	}
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
