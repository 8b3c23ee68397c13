package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a journal in memory, whose writes and reads fail as told.
type book struct {
	mutex   sync.Mutex
	entries []Entry
	cursor  string
	term    int64
	fail    func(what string) error
}

func (b *book) write(count int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for range count {
		id := fmt.Sprintf("1790000%06d-0", len(b.entries)+1)
		b.entries = append(b.entries, Entry{id, []byte(`{"id":"` + id + `","kind":"filter"}`)})
	}
}

func (b *book) failing(what string) error {
	if b.fail == nil {
		return nil
	}
	return b.fail(what)
}

func (b *book) Sealed(_ context.Context, after string, most int) ([]Entry, bool, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.failing("read"); err != nil {
		return nil, false, err
	}
	first := slices.IndexFunc(b.entries, func(entry Entry) bool { return filters.After(entry.ID, after) })
	if first < 0 {
		return nil, false, nil
	}
	return slices.Clone(b.entries[first:min(len(b.entries), first+most)]), false, nil
}

func (b *book) Cursor(context.Context, string) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.cursor, b.failing("cursor")
}

func (b *book) SaveCursor(_ context.Context, term int64, _, cursor string) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if term < b.term {
		return &filters.Error{Code: filters.Conflict, Wrong: "another replica leads"}
	}
	if err := b.failing("save"); err != nil {
		return err
	}
	b.cursor = cursor
	return nil
}

// shelf is a place in memory.
type shelf struct {
	mutex sync.Mutex
	ids   []string
	fail  func() error
}

func (s *shelf) Take(_ context.Context, entries []Entry) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.fail != nil {
		if err := s.fail(); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		s.ids = append(s.ids, entry.ID)
	}
	return nil
}

// inOrder are the IDs without those that came again; it fails if one came before its time.
func inOrder(t interface{ Fatalf(string, ...any) }, ids []string) []string {
	var seen []string
	for _, id := range ids {
		if place, again := slices.BinarySearch(seen, id); !again && place != len(seen) {
			t.Fatalf("%s comes after a later one", id)
		} else if !again {
			seen = append(seen, id)
		}
	}
	return seen
}

func (b *book) ids() (all []string) {
	for _, entry := range b.entries {
		all = append(all, entry.ID)
	}
	return all
}

// Whatever fails, and however often the leader changes, every entry arrives, in order.
func TestEveryEntryArrivesInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		faults := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "read", "cursor", "save", "take"}), 0, 20).Draw(r, "faults")
		parts := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 5).Draw(r, "written")
		synctest.Test(t, func(t *testing.T) {
			journal, place := &book{}, &shelf{}
			var mutex sync.Mutex
			next := func(what string) error {
				mutex.Lock()
				defer mutex.Unlock()
				if len(faults) == 0 {
					return nil
				}
				fault := faults[0]
				faults = faults[1:]
				if fault == what {
					return errors.New(what + " failed")
				}
				return nil
			}
			journal.fail, place.fail = next, func() error { return next("take") }
			for term, count := range parts {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a leader's time
				sink := &Sink{Name: "siem", Place: place, Journal: journal, Logger: slog.New(slog.DiscardHandler)}
				journal.write(count)
				if err := sink.Run(ctx, int64(term+1)); err != nil {
					t.Errorf("term %d: %v", term, err)
				}
				cancel()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
			defer cancel()
			_ = (&Sink{Name: "siem", Place: place, Journal: journal, Logger: slog.New(slog.DiscardHandler)}).Run(ctx, 99)
			if diff := cmp.Diff(journal.ids(), inOrder(t, place.ids)); diff != "" {
				t.Error(diff)
			}
		})
	})
}

func TestAStaleLeaderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &book{term: 2}
		journal.write(1)
		sink := &Sink{Name: "siem", Place: &shelf{}, Journal: journal, Logger: slog.New(slog.DiscardHandler)}
		if err := sink.Run(t.Context(), 1); filters.CodeOf(err) != filters.Conflict || journal.cursor != "" {
			t.Errorf("%v, cursor %q", err, journal.cursor)
		}
	})
}

func TestPeopleAreToldOfASinkThatIsStuckAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, place := &book{}, &shelf{}
		broken := true
		place.fail = func() error {
			if broken {
				return errors.New("it answered 503")
			}
			return nil
		}
		var told []string
		began := time.Now()
		sink := &Sink{Name: "siem", Place: place, Journal: journal, Logger: slog.New(slog.DiscardHandler)}
		var mutex sync.Mutex
		sink.Changed = func(_ context.Context, trouble Trouble) {
			mutex.Lock()
			defer mutex.Unlock()
			told = append(told, trouble.Why)
		}
		count := func() int { mutex.Lock(); defer mutex.Unlock(); return len(told) }
		journal.write(3)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- sink.Run(ctx, 1) }()
		time.Sleep(StuckAfter - time.Minute)
		synctest.Wait()
		if trouble := sink.Trouble(); count() != 0 || trouble.Why != "it answered 503" || !trouble.Since.Equal(began) {
			t.Errorf("told %v, trouble %+v", told, trouble)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		place.mutex.Lock()
		broken = false
		place.mutex.Unlock()
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"it answered 503", ""}, told); diff != "" || len(place.ids) != 3 || sink.Trouble() != (Trouble{}) {
			t.Errorf("%s; taken %v", diff, place.ids)
		}
	})
}

func TestABatchIsBounded(t *testing.T) {
	long := Entry{"1-1", make([]byte, batchBytes-10)}
	for want, entries := range map[int][]Entry{0: nil, 1: {long, long}, 2: {{"1-1", []byte("{}")}, {"1-2", []byte("{}")}}} {
		if got := len(fitting(entries)); got != want {
			t.Errorf("%d of %d fit, want %d", got, len(entries), want)
		}
	}
}
