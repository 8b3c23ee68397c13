package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Errors of reading the journal: the reader loads the state again and goes on from there.
var (
	// ErrRewound says that the journal ends before the reader's position: Redis lost data or is another. Check says more.
	ErrRewound = errors.New("store: the journal ends before the position that was read")
	// ErrUnreadable says that an entry does not decode.
	ErrUnreadable = errors.New("store: a journal entry does not decode")
)

const (
	// pageSize is how many entries one read takes.
	pageSize = 500
	// blockFor is how long one blocking read waits before the journal's end is looked at.
	blockFor = 5 * time.Second
	// followPause is the longest wait before the journal is followed again: commands conflict with what was not read yet.
	followPause = 500 * time.Millisecond
	// historyMost bounds what a query returns, historyDepth how many entries it looks at.
	historyMost  = 1000
	historyUsual = 20
	historyDepth = 200_000
	// historyTime bounds how long a query looks: whoever asks in chat is answered in 2.5 s.
	historyTime = time.Second
)

// After returns the entries after an ID, oldest first, at most so many entries and those that the last of them puts in
// force; none if there are none yet. Entries of a change that is not in force are left out until it is: they come with the
// entry that activates it, before it, under their own, older IDs. The cursor to go on from is the last event's ID.
func (s *Store) After(ctx context.Context, id string, most int) ([]filters.Event, error) {
	most = min(max(most, 1), pageSize)
	for {
		entries, remembered := s.recent.after(id, most)
		if !remembered {
			messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(id), "+", int64(most)).Result()
			if err != nil {
				return nil, s.redis.fault(err)
			}
			if entries, err = parseEntries(messages); err != nil {
				return nil, err
			}
		}
		if len(entries) == 0 {
			return nil, nil
		}
		events, err := s.visible(ctx, entries)
		if err != nil || len(events) > 0 {
			return events, err
		}
		id = entries[len(entries)-1].ID
	}
}

func parseEntries(messages []redis.XMessage) ([]entry, error) {
	entries := make([]entry, len(messages))
	for i := range messages {
		var err error
		if entries[i], err = parseEntry(messages[i]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
	return entries, nil
}

func exclusive(id string) string {
	if id == "" {
		return "-"
	}
	return "(" + id
}

// visible leaves out, or fetches, what a chunked change staged.
func (s *Store) visible(ctx context.Context, entries []entry) ([]filters.Event, error) {
	events := make([]filters.Event, 0, len(entries))
	for i := range entries {
		read := &entries[i]
		if read.stage != "" {
			continue
		}
		if read.activates != "" {
			staged, err := s.stagedEvents(ctx, read)
			if err != nil {
				return nil, err
			}
			events = append(events, staged...)
		}
		events = append(events, read.Event)
	}
	return events, nil
}

// stagedEvents returns what the entry puts in force.
func (s *Store) stagedEvents(ctx context.Context, activation *entry) (events []filters.Event, err error) {
	start := activation.since
	if start == "-" {
		return nil, nil
	}
	for {
		messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, start, "("+activation.ID, pageSize).Result()
		if err != nil {
			return nil, s.redis.fault(err)
		}
		for _, message := range messages {
			if message.Values["stage"] != activation.activates {
				continue
			}
			read, err := parseEntry(message)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
			}
			events = append(events, read.Event)
		}
		if len(messages) < pageSize {
			return events, nil
		}
		start = "(" + messages[len(messages)-1].ID
	}
}

// Wait returns when the journal has an entry after the ID that After returns, or with an error.
func (s *Store) Wait(ctx context.Context, id string) error {
	tail := s.redis.connect()
	defer tail.Close()
	defer context.AfterFunc(ctx, func() { _ = tail.Close() })()
	for {
		messages, err := s.next(ctx, tail, id)
		if err != nil {
			return err
		}
		for _, message := range messages {
			if stage, _ := message.Values["stage"].(string); stage == "" {
				return nil
			}
			id = message.ID
		}
	}
}

// next waits for entries after the ID. Without any it returns none after a while, having seen that the journal still ends
// there.
func (s *Store) next(ctx context.Context, tail redis.UniversalClient, id string) ([]redis.XMessage, error) {
	after := id
	if after == "" {
		after = "0-0"
	}
	streams, err := tail.XRead(ctx, &redis.XReadArgs{Streams: []string{s.keys.journal, after}, Count: pageSize, Block: blockFor}).Result()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if absent(err) {
		return nil, s.ended(ctx, id)
	}
	if err != nil {
		return nil, s.redis.fault(err)
	}
	if len(streams) == 0 {
		return nil, nil
	}
	return streams[0].Messages, nil
}

// ended tells whether the journal ends before the ID.
func (s *Store) ended(ctx context.Context, id string) error {
	newest, err := s.newest(ctx, s.keys.journal)
	if err != nil {
		return err
	}
	if filters.After(id, newest) {
		return fmt.Errorf("%w: it ends at %q, read was %q", ErrRewound, newest, id)
	}
	return nil
}

// holds tells whether the journal goes on from the ID: it does not end before it, and where it was not trimmed so far, the
// entry is there. A journal that was put back to an older one and written to since goes on elsewhere.
func (s *Store) holds(ctx context.Context, id string) error {
	if err := s.ended(ctx, id); err != nil || id == "" {
		return err
	}
	messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, id, id, 1).Result()
	if err != nil || len(messages) > 0 {
		return s.redis.fault(err)
	}
	earlier, err := s.redis.client.XRevRangeN(ctx, s.keys.journal, "("+id, "-", 1).Result()
	if err != nil || len(earlier) == 0 {
		return s.redis.fault(err)
	}
	return fmt.Errorf("%w: %q was read and is not there, %q is", ErrRewound, id, earlier[0].ID)
}

// newest returns the ID of a stream's last entry, empty if it has none.
func (s *Store) newest(ctx context.Context, stream string) (string, error) {
	messages, err := s.redis.client.XRevRangeN(ctx, stream, "+", "-", 1).Result()
	if err != nil || len(messages) == 0 {
		return "", s.redis.fault(err)
	}
	return messages[0].ID, nil
}

// Follow hands over the journal's entries after an ID, in order, as they are written, until the context ends, and then
// returns its error. One call per replica and cluster; it has a connection of its own and connects again when that is
// lost. It returns ErrRewound or ErrUnreadable when the reader has to load the state again.
func (s *Store) Follow(ctx context.Context, after string, take func([]filters.Event)) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, followPause) {
		position, err := s.follow(ctx, after, take)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrRewound) || errors.Is(err, ErrUnreadable) {
			return err
		}
		if position != after {
			pause = 50 * time.Millisecond
		}
		after = position
		s.log.Debug("the journal cannot be read just now", "error", err)
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

// follow reads with one connection until that is lost, and returns the position that it reached.
func (s *Store) follow(ctx context.Context, after string, take func([]filters.Event)) (string, error) {
	if err := s.holds(ctx, after); err != nil {
		return after, err
	}
	s.recent.follow(true, after)
	defer s.recent.follow(false, "")
	tail := s.redis.connect()
	defer tail.Close()
	defer context.AfterFunc(ctx, func() { _ = tail.Close() })()
	for {
		messages, err := s.next(ctx, tail, after)
		if err != nil {
			return after, err
		}
		entries, err := s.recent.read(messages)
		if err != nil {
			return after, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		events, err := s.visible(ctx, entries)
		if err != nil {
			return after, err
		}
		if len(events) > 0 {
			take(events)
		}
		if len(messages) > 0 {
			after = messages[len(messages)-1].ID
		}
	}
}

// History returns the newest entries that match, newest first, see filters.HistoryQuery. It looks at 200,000 entries before
// query.Before at most, and for a second: a *filters.LookedBack says where it stopped.
func (s *Store) History(ctx context.Context, query filters.HistoryQuery) ([]filters.Event, error) {
	most := min(query.Most, historyMost)
	if most <= 0 {
		most = historyUsual
	}
	hidden, err := s.redis.client.HGetAll(ctx, s.keys.staged).Result()
	if err != nil {
		return nil, s.redis.fault(err)
	}
	began := time.Now()
	end, start := bounds(&query)
	var found []filters.Event
	for looked := 0; ; looked += pageSize {
		if looked >= historyDepth || time.Since(began) > historyTime {
			return found, &filters.LookedBack{ID: strings.TrimPrefix(end, "(")}
		}
		messages, err := s.redis.client.XRevRangeN(ctx, s.keys.journal, end, start, pageSize).Result()
		if err != nil {
			return nil, s.redis.fault(err)
		}
		for _, message := range messages {
			if !matches(&query, message.Values, hidden) {
				continue
			}
			read, err := parseEntry(message)
			if err != nil {
				s.log.Error("a journal entry cannot be read in full", "error", err)
			}
			if found = append(found, read.Event); len(found) == most {
				return found, nil
			}
		}
		if len(messages) < pageSize {
			return found, nil
		}
		end = "(" + messages[len(messages)-1].ID
	}
}

// bounds are the IDs between which a query looks, the newest first.
func bounds(query *filters.HistoryQuery) (end, start string) {
	end, start = "+", "-"
	if !query.Until.IsZero() {
		end = "(" + before(query.Until.Add(time.Millisecond))
	}
	if query.Before != "" && (end == "+" || filters.After(strings.TrimPrefix(end, "("), query.Before)) {
		end = "(" + query.Before
	}
	if !query.Since.IsZero() {
		start = before(query.Since)
	}
	return end, start
}

// onHost tells whether an entry names one of the hosts, itself or in the filter that it changed.
func onHost(hosts []string, values map[string]any) bool {
	record, _ := values["record"].(string)
	return slices.ContainsFunc(hosts, func(host string) bool {
		return strings.Contains(record, `"hostname":"`+host+`"`) || strings.Contains(record, `"host":"`+host+`"`)
	})
}

func matches(query *filters.HistoryQuery, values map[string]any, hidden map[string]string) bool {
	agent, _ := values["agent"].(string)
	if len(query.Agents)+len(query.Hosts) > 0 && !slices.Contains(query.Agents, filters.AgentID(agent)) && !onHost(query.Hosts, values) {
		return false
	}
	if query.Subject != "" && values["subject"] != query.Subject {
		return false
	}
	if actor, _ := values["actor"].(string); query.By != "" && actor != query.By && !strings.HasPrefix(actor, query.By+"/") {
		return false
	}
	if len(query.Kinds) > 0 && !told(query, values) {
		return false
	}
	stage, _ := values["stage"].(string)
	_, pending := hidden[stage]
	return !pending
}

// told tells whether an entry is of a kind that is meant, or tells of the verb in another way.
func told(query *filters.HistoryQuery, values map[string]any) bool {
	kind, _ := values["kind"].(string)
	record, _ := values["record"].(string)
	outcome, _ := values["outcome"].(string)
	switch {
	case slices.Contains(query.Kinds, filters.Kind(kind)):
		return len(query.Outcomes) == 0 || slices.Contains(query.Outcomes, outcome)
	case query.Verb == "":
		return false
	case kind == string(filters.KindRefused):
		return strings.Contains(record, `"verb":"`+string(query.Verb)+`"`)
	case query.Verb == filters.VerbDrain && (kind == string(filters.KindFilter) || kind == string(filters.KindRun)):
		return strings.Contains(record, `"mode":"drain"`)
	}
	return false
}
