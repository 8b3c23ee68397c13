package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestSealAndVerify(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		none, err := s.Seal(t.Context(), term)
		if err != nil || none.ID != "" {
			t.Errorf("an empty journal: %v %v", none, err)
		}
		var last Seal
		for _, entries := range []int{1, 700, 3} {
			fill(t, s, entries)
			last, err = s.Seal(t.Context(), term)
			must(t, err)
			if again, err := s.Seal(t.Context(), term); err != nil || again != last {
				t.Errorf("sealed again without a new entry: %v %v", again, err)
			}
		}
		fill(t, s, 2)
		found, err := s.Verify(t.Context())
		if err != nil || found.Seals != 4 || found.Entries != 704 || found.Unsealed != 2 || found.Head != last || found.Open.IsZero() || found.Trimmed {
			t.Errorf("%+v %v", found, err)
		}
		if state := loaded(t, s); state.Position == last.ID {
			t.Error("the last seal covers entries that came after it")
		}
		if _, err := s.Seal(t.Context(), term+1); !errors.Is(err, ErrStale) {
			t.Errorf("another term seals: %v", err)
		}
	})
}

func TestTampering(t *testing.T) {
	cases := map[string]func(t *testing.T, s *Store, ids []string){
		"an entry is removed": func(t *testing.T, s *Store, ids []string) {
			must(t, s.redis.client.XDel(t.Context(), s.keys.journal, ids[5]).Err())
		},
		"the first entry is removed": func(t *testing.T, s *Store, ids []string) {
			must(t, s.redis.client.XDel(t.Context(), s.keys.journal, ids[0]).Err())
		},
		"the beginning is cut off": func(t *testing.T, s *Store, ids []string) {
			must(t, s.redis.client.XTrimMinID(t.Context(), s.keys.journal, ids[12]).Err())
		},
		"the journal is removed": func(t *testing.T, s *Store, ids []string) {
			must(t, s.redis.client.Del(t.Context(), s.keys.journal).Err())
		},
		"a seal is removed": func(t *testing.T, s *Store, ids []string) {
			must(t, s.redis.client.XDel(t.Context(), s.keys.seals, ids[19]).Err())
		},
		"an entry says something else": func(t *testing.T, s *Store, ids []string) {
			rewrite(t, s, func(message *redis.XMessage) {
				if message.ID == ids[7] {
					message.Values["reason"] = "another"
				}
			})
		},
	}
	for name, tamper := range cases {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				term := led(t, s)
				for range 3 {
					fill(t, s, 10)
					_, err := s.Seal(t.Context(), term)
					must(t, err)
				}
				var ids []string
				for _, message := range s.redis.client.XRange(t.Context(), s.keys.journal, "-", "+").Val() {
					ids = append(ids, message.ID)
				}
				tamper(t, s, ids)
				_, err := s.Verify(t.Context())
				if _, ok := errors.AsType[*Broken](err); !ok {
					t.Errorf("Verify says %v", err)
				}
			})
		})
	}
}

// rewrite writes the journal anew with changed entries.
func rewrite(t *testing.T, s *Store, change func(*redis.XMessage)) {
	t.Helper()
	client := s.redis.client
	messages := client.XRange(t.Context(), s.keys.journal, "-", "+").Val()
	must(t, client.Del(t.Context(), s.keys.journal).Err())
	for _, message := range messages {
		change(&message)
		must(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.journal, ID: message.ID, Values: message.Values}).Err())
	}
}

func TestTrim(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		var seals []Seal
		for range 4 {
			fill(t, s, 10)
			seal, err := s.Seal(t.Context(), term)
			must(t, err)
			seals = append(seals, seal)
		}
		fill(t, s, 10)
		trim := func(keep time.Duration, want int64) {
			t.Helper()
			gone, err := s.Trim(t.Context(), term, keep)
			if err != nil || gone != want {
				t.Errorf("%d entries went, %v; want %d", gone, err, want)
			}
			if _, err := s.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		}
		trim(time.Hour, 0)
		must(t, s.SaveCursor(t.Context(), term, "poster", seals[1].ID))
		must(t, s.SaveCursor(t.Context(), term, "file", seals[2].ID))
		trim(-time.Second, 19) // up to the poster's cursor; the entry under its seal stays
		must(t, s.SaveCursor(t.Context(), term, "poster", seals[3].ID))
		must(t, s.renewWitness(t.Context(), seals[1].ID, s.Now()))
		trim(-time.Second, 0) // a witness needs it
		old := fmt.Sprintf("%s %d", seals[1].ID, s.Now().Add(-witnessLife).UnixMilli())
		must(t, s.redis.client.HSet(t.Context(), s.keys.witnesses, "bot-1", old).Err())
		trim(-time.Second, 10) // that has not been renewed for a week; now the file's cursor holds it
		must(t, s.SaveCursor(t.Context(), term, "file", loaded(t, s).Position))
		trim(-time.Second, 10) // what is not sealed stays
		found, err := s.Verify(t.Context())
		if err != nil || found.Seals != 0 || found.Entries != 0 || found.Unsealed != 10 || !found.Trimmed {
			t.Errorf("%+v %v", found, err)
		}
		if _, err := s.Trim(t.Context(), term+1, 0); err == nil {
			t.Error("another term trims")
		}
	})
}

func TestOldCountersGo(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
		must(t, err)
		old := fmt.Sprintf("%d 1 1 1 0", s.Now().Add(-progressLife-time.Hour).UnixMilli())
		for i := range 1500 {
			must(t, s.redis.client.HSet(t.Context(), s.keys.operations, fmt.Sprint("old", i), old).Err())
		}
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Operations != 1500 {
			t.Errorf("%+v %v", tidied, err)
		}
		if progress, err := s.Progress(t.Context(), "o1"); err != nil || progress.Recorded != 1 {
			t.Errorf("%+v %v", progress, err)
		}
		if progress, err := s.Progress(t.Context(), "old1"); err != nil || progress.State() != "" {
			t.Errorf("%+v %v", progress, err)
		}
	})
}
