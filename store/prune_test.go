package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a leader finds to be old is removed only while it leads, and only as it was found.
func TestPruneIsFencedAndTakesWhatItRead(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		old := led(t, s)
		must(t, s.Release(t.Context(), old))
		term := led(t, s)
		read := map[string]string{"same": "1", "changed": "1", "gone": "1"}
		is := map[string]string{"same": "1", "changed": "2", "other": "1"}
		arguments := func(term int64) []any {
			list := []any{term}
			for field, value := range read {
				list = append(list, field, value)
			}
			return list
		}
		for field, value := range is {
			must(t, s.redis.client.HSet(t.Context(), s.keys.operations, field, value).Err())
		}
		for _, wrong := range []int64{old, term + 1, 0} {
			if _, err := s.run(t.Context(), pruneScript, []string{s.keys.term, s.keys.operations}, arguments(wrong)...); !errors.Is(err, ErrStale) {
				t.Errorf("term %d, while %d is the newest: %v", wrong, term, err)
			}
		}
		if diff := cmp.Diff(is, s.redis.client.HGetAll(t.Context(), s.keys.operations).Val()); diff != "" {
			t.Error("a stale leader removed something:", diff)
		}
		answer, err := s.run(t.Context(), pruneScript, []string{s.keys.term, s.keys.operations}, arguments(term)...)
		if err != nil || answer.number(2) != 1 {
			t.Errorf("%v %v", answer, err)
		}
		left := map[string]string{"changed": "2", "other": "1"}
		if diff := cmp.Diff(left, s.redis.client.HGetAll(t.Context(), s.keys.operations).Val()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTidyOfAStaleLeaderRemovesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), started("k1", 1001))
		must(t, err)
		over := keeping("k2")
		for _, record := range loaded(t, s).Records {
			record.Removed = true
			over.Records = append(over.Records, record)
		}
		_, err = s.Commit(t.Context(), over)
		must(t, err)
		must(t, s.redis.client.HSet(t.Context(), s.keys.operations, "o1", "1000 1 0 1 0").Err()) // of 1970
		old := led(t, s)
		must(t, s.Release(t.Context(), old))
		term := led(t, s)
		before := tidiable(t, s)
		if _, err := s.Tidy(t.Context(), old, time.Hour); !errors.Is(err, ErrStale) {
			t.Errorf("%v", err)
		}
		if diff := cmp.Diff(before, tidiable(t, s)); diff != "" || before["o1"] == "" || len(before) < 2 {
			t.Errorf("of %d values: %s", len(before), diff)
		}
		tidied, err := s.Tidy(t.Context(), term, time.Hour)
		if err != nil || tidied.Operations != 1 || int(tidied.Removed) != len(before)-1 || len(tidiable(t, s)) != 0 {
			t.Errorf("%+v %v", tidied, err)
		}
	})
}

// tidiable is what tidying has to do with: counters, and values that say that a record is removed.
func tidiable(t *testing.T, s *Store) map[string]string {
	t.Helper()
	all := s.redis.client.HGetAll(t.Context(), s.keys.operations).Val()
	for i := range s.keys.records {
		for field, value := range s.redis.client.HGetAll(t.Context(), s.keys.records[i].key).Val() {
			all[field] = value
		}
	}
	return all
}

// A removal that is staged is not in force: tidying must leave it, and what it would remove, alone.
func TestTidyLeavesStagedRemovalsAlone(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), started("k1", 1001))
		must(t, err)
		before := loaded(t, s).Records
		over := keeping("k2")
		for _, record := range before {
			record.Removed = true
			over.Records = append(over.Records, record)
		}
		begin(t, s, over, 2)
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Removed != 0 {
			t.Errorf("%+v %v", tidied, err)
		}
		if diff := cmp.Diff(before, loaded(t, s).Records); diff != "" {
			t.Error(diff)
		}
		_, err = s.Commit(t.Context(), over)
		must(t, err)
		if state := loaded(t, s); len(state.Records) != 0 {
			t.Errorf("%d records are left", len(state.Records))
		}
	})
}
