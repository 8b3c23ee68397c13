package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// snapshot is the durable state as Redis held it at one moment, undecoded.
type snapshot struct {
	epoch                              string
	position                           string
	filters, ledger, questions, staged map[string]string
	shelves                            map[filters.Shelf]map[string]string
	freeze, lock                       string
}

func (s *Store) snapshot(ctx context.Context) (snapshot, error) {
	var epoch, freeze, lock *redis.StringCmd
	var newest *redis.XMessageSliceCmd
	var staged *redis.MapStringStringCmd
	hashes := make([]*redis.MapStringStringCmd, len(s.keys.records))
	_, err := s.redis.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		epoch, freeze, lock = pipe.Get(ctx, s.keys.epoch), pipe.Get(ctx, s.keys.freeze), pipe.Get(ctx, s.keys.lock)
		newest = pipe.XRevRangeN(ctx, s.keys.journal, "+", "-", 1)
		staged = pipe.HGetAll(ctx, s.keys.staged)
		for i := range s.keys.records {
			hashes[i] = pipe.HGetAll(ctx, s.keys.records[i].key)
		}
		return nil
	})
	if err != nil && !absent(err) {
		return snapshot{}, s.redis.fault(err)
	}
	read := snapshot{
		epoch: epoch.Val(), freeze: freeze.Val(), lock: lock.Val(),
		filters: hashes[0].Val(), ledger: hashes[1].Val(), questions: hashes[2].Val(), staged: staged.Val(),
		shelves: map[filters.Shelf]map[string]string{},
	}
	for i, shelf := range filters.Shelves() {
		read.shelves[shelf] = hashes[3+i].Val()
	}
	if entries := newest.Val(); len(entries) > 0 {
		read.position = entries[0].ID
	}
	return read, nil
}

// Load reads the whole state, of one moment. What does not decode is never read as absent: it is put into quarantine and
// told of in the log; a filter that does not decode stands as one without an end, which nobody but a person ends, and
// anything else locks the state that is returned, so that nothing is given back.
func (s *Store) Load(ctx context.Context) (filters.State, error) {
	read, err := s.snapshot(ctx)
	if err != nil {
		return filters.State{}, err
	}
	state, bad := read.decode()
	if len(bad) == 0 {
		return state, nil
	}
	s.quarantine(ctx, bad)
	if state.Lock == nil {
		state.Lock = lockFor(bad, s.Now())
	}
	return state, nil
}

// lockFor is the lock for what stands in for nothing; nil if all of it is filters.
func lockFor(bad []Unreadable, now time.Time) *filters.Lock {
	bad = slices.DeleteFunc(slices.Clone(bad), func(u Unreadable) bool {
		_, ok := parseFilterKey(u.Field)
		return ok && u.Hash == "filters"
	})
	if len(bad) == 0 {
		return nil
	}
	return &filters.Lock{Cause: fmt.Sprintf("what Redis holds as `%s` cannot be read (values like that: %d)", bad[0].String(), len(bad)), At: now}
}

// Unreadable is a stored value that does not decode.
type Unreadable struct {
	Hash  string // filters, ledger, questions, a shelf, freeze or lock
	Field string
	Value string // as it is stored
	Cause string
}

func (u *Unreadable) String() string { return strings.TrimSpace(u.Hash + " " + u.Field) }

// quarantine keeps values that do not decode for whoever repairs them.
func (s *Store) quarantine(ctx context.Context, bad []Unreadable) {
	kept := make([]any, 0, 2*len(bad))
	for i := range bad {
		kept = append(kept, bad[i].String(), bad[i].Value)
		s.log.Error("a stored value cannot be read; the agent is not given back", "value", bad[i].String(), "cause", bad[i].Cause)
	}
	if err := s.redis.client.HSet(ctx, s.keys.quarantine, kept...).Err(); err != nil {
		s.log.Warn("values that cannot be read were not put into quarantine", "error", err)
	}
}

// Quarantine returns the values that were found not to decode, by hash and field, as they were then.
func (s *Store) Quarantine(ctx context.Context) (map[string]string, error) {
	values, err := s.redis.client.HGetAll(ctx, s.keys.quarantine).Result()
	return values, s.redis.fault(err)
}

// decode turns a snapshot into the domain's words, and lists what it could not.
func (r *snapshot) decode() (filters.State, []Unreadable) {
	epoch, _, _ := strings.Cut(r.epoch, " ")
	state := filters.State{Position: r.position, Epoch: epoch}
	var bad, worse []Unreadable
	state.Filters, bad = decodeHash(r.filters, r.staged, "filters", func(filter *filters.Filter, field string, revision int64) bool {
		filter.Revision = revision
		return filter.Key().String() == field
	})
	for i := range bad {
		if filter, ok := unreadableFilter(bad[i], r.staged); ok {
			state.Filters = append(state.Filters, filter)
		}
	}
	state.Ledger, worse = decodeHash(r.ledger, r.staged, "ledger", func(entry *filters.LedgerEntry, field string, revision int64) bool {
		entry.Revision = revision
		return string(entry.Agent) == field
	})
	bad = append(bad, worse...)
	state.Questions, worse = decodeHash(r.questions, r.staged, "questions", func(question *filters.Question, field string, revision int64) bool {
		question.Revision = revision
		return question.ID == field
	})
	bad = append(bad, worse...)
	for _, shelf := range filters.Shelves() {
		records, worse := decodeHash(r.shelves[shelf], r.staged, string(shelf), func(record *filters.Record, field string, revision int64) bool {
			record.Revision = revision
			return record.Shelf == shelf && record.Name == field
		})
		state.Records, bad = append(state.Records, records...), append(bad, worse...)
	}
	state.Freeze, bad = decodePlain[filters.Freeze](r.freeze, "freeze", bad)
	state.Lock, bad = decodePlain[filters.Lock](r.lock, "lock", bad)
	return state, bad
}

// decodeHash decodes what is in force of a hash, by field. own completes a record and tells whether it belongs there.
func decodeHash[R any](fields, staged map[string]string, hash string, own func(*R, string, int64) bool) (records []R, bad []Unreadable) {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		in, found, err := inForce(fields[field], staged)
		if err == nil && !found {
			continue
		}
		var record R
		if err == nil {
			record, err = decode[R](in.json)
		}
		if err == nil && !own(&record, field, in.revision) {
			err = fmt.Errorf("the value belongs to another field")
		}
		if err != nil {
			bad = append(bad, Unreadable{hash, field, fields[field], err.Error()})
			continue
		}
		records = append(records, record)
	}
	return records, bad
}

func decodePlain[R any](text, name string, bad []Unreadable) (*R, []Unreadable) {
	if text == "" {
		return nil, bad
	}
	record, err := parsePlain[R](text)
	if err != nil {
		return nil, append(bad, Unreadable{Hash: name, Value: text, Cause: err.Error()})
	}
	return record, bad
}

// unreadableFilter is a filter that stands in for one that does not decode: its field says whose it is and on which agent.
// Where at least the first line of the value is sound, releasing it replaces the value.
func unreadableFilter(bad Unreadable, staged map[string]string) (filters.Filter, bool) {
	key, ok := parseFilterKey(bad.Field)
	if !ok {
		return filters.Filter{}, false
	}
	filter := filters.Filter{
		ID: filters.DerivedID("unreadable-", bad.Field), Agent: key.Agent, Hostname: string(key.Agent), Mode: key.Mode, Owner: key.Owner,
		Reason: "what Redis holds about this filter cannot be read", State: filters.StateVerified, Revision: -1,
	}
	if in, found, err := inForce(bad.Value, staged); err == nil && found {
		filter.Revision = in.revision
		if in.identity != "-" {
			filter.ID = in.identity
		}
	}
	return filter, true
}
