package memory

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func filter(agent filters.AgentID, owner filters.Owner, revision int64) filters.Filter {
	return filters.Filter{ID: "f-" + string(agent) + string(owner), Agent: agent, Owner: owner, Mode: filters.ModeFilter, Rack: "r1", Revision: revision}
}

// one is a commit of filters, as a leader of the term writes it; 0: nobody's.
func one(key string, term int64, all ...filters.Filter) filters.Commit {
	commit := filters.Commit{Request: key, Term: term, Starts: true}
	for _, each := range all {
		commit.PutFilter(each, filters.Event{Kind: filters.KindFilter, Operation: "op", Outcome: "recorded"})
	}
	return commit
}

// TestContract tries what the real store promises of commits, each after one filter of alice on agent a.
func TestContract(t *testing.T) {
	limited := one("", 0, filter("b", "user:UBOB", 0))
	limited.Limits = &filters.Limits{Cluster: 1}
	racks := one("", 0, filter("b", "user:UBOB", 0))
	racks.Limits = &filters.Limits{Racks: map[string]int{"r1": 1}}
	same := one("", 0, filter("a", "user:UBOB", 0))
	same.Limits = &filters.Limits{Cluster: 1, Racks: map[string]int{"r1": 1}}
	late := one("", 0, filter("b", "user:UBOB", 0))
	late.Deadline = time.Unix(1, 0)
	for _, c := range []struct {
		name   string
		commit filters.Commit
		fault  Fault
		code   filters.Code
		writes bool
	}{
		{name: "another filter", commit: one("", 0, filter("b", "user:UBOB", 0)), writes: true},
		{name: "the stored revision", commit: one("", 2, filter("a", "user:UALICE", 1)), writes: true},
		{name: "another revision", commit: one("", 2, filter("a", "user:UALICE", 2)), code: filters.Conflict},
		{name: "one that is there already", commit: one("", 0, filter("a", "user:UALICE", 0)), code: filters.Conflict},
		{name: "an older term", commit: one("", 1, filter("b", "user:UBOB", 0)), code: filters.Conflict},
		{name: "over the limit", commit: limited, code: filters.Limited},
		{name: "over the rack's limit", commit: racks, code: filters.Limited},
		{name: "an agent that is withheld takes no room", commit: same, writes: true},
		{name: "too late", commit: late, code: filters.Unavailable},
		{name: "the key again", commit: one("first", 0, filter("b", "user:UBOB", 0))},
		{name: "an outage", commit: one("", 0, filter("b", "user:UBOB", 0)), fault: Before, code: filters.Unavailable},
		{name: "a lost request", commit: one("", 0, filter("b", "user:UBOB", 0)), fault: Lost, code: filters.Unconfirmed},
		{name: "a lost answer", commit: one("", 0, filter("b", "user:UBOB", 0)), fault: After, code: filters.Unconfirmed, writes: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := New()
			store.Acquire()
			store.Acquire()
			if _, err := store.Commit(t.Context(), one("first", 0, filter("a", "user:UALICE", 0))); err != nil {
				t.Fatal(err)
			}
			store.Trouble(func(*filters.Commit) Fault { return c.fault })
			before := len(store.Journal())
			receipt, err := store.Commit(t.Context(), c.commit)
			if (err != nil) != (c.code != "") || err != nil && filters.CodeOf(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
			if wrote := len(store.Journal()) > before; wrote != c.writes || receipt.Repeated != (c.name == "the key again") {
				t.Errorf("written: %v, repeated: %v", wrote, receipt.Repeated)
			}
		})
	}
}

func TestAFreezeStopsWhatStarts(t *testing.T) {
	store := New()
	freeze := filters.Commit{Freeze: &filters.Freeze{Reason: "sale"}}
	if _, err := store.Commit(t.Context(), freeze); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Commit(t.Context(), one("", 0, filter("a", "user:UALICE", 0))); filters.CodeOf(err) != filters.Frozen {
		t.Error(err)
	}
	if _, err := store.Commit(t.Context(), filters.Commit{Thaw: true}); err != nil {
		t.Error(err)
	}
	if _, err := store.Commit(t.Context(), one("", 0, filter("a", "user:UALICE", 0))); err != nil {
		t.Error(err)
	}
}

func TestIDsGoOnWhenTheClockIsSetBack(t *testing.T) {
	now := time.Unix(1000, 0)
	store := New()
	store.Clock = func() time.Time { return now }
	for i, agent := range []filters.AgentID{"a", "b", "c"} {
		now = now.Add(time.Duration(1-i) * time.Second)
		if _, err := store.Commit(t.Context(), one("", 0, filter(agent, "user:UALICE", 0))); err != nil {
			t.Fatal(err)
		}
	}
	events := store.Journal()
	for i := range events[1:] {
		if !filters.After(events[i+1].ID, events[i].ID) {
			t.Errorf("%s comes after %s", events[i+1].ID, events[i].ID)
		}
	}
	book := filters.NewBook()
	state, _ := store.Load(t.Context())
	book.Reset(state)
	if len(book.Filters()) != 3 || book.Position() != events[2].ID {
		t.Errorf("loaded %d filters at %s", len(book.Filters()), book.Position())
	}
}
