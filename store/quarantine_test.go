package store

import (
	"testing"

	"cordon/filters"
)

func TestUnreadableIsNeverAbsent(t *testing.T) {
	filter := func() string { f := placed(1, "user:U1"); k := f.Key(); return k.String() }()
	cases := []struct {
		name, hash, field, value string
		locked                   bool
	}{
		{name: "a filter of a newer version", hash: "filters", field: filter, value: "2 1 1 f -\n{}"},
		{name: "a filter whose JSON is broken", hash: "filters", field: filter, value: "1 1 1 f -\n{"},
		{name: "a filter of another type", hash: "filters", field: filter, value: "1 1 1 f -\n[1]"},
		{name: "a filter in another's field", hash: "filters", field: filter, value: "1 1 1 f -\n" + `{"agent":"other","mode":"filter","owner":"user:U1"}`},
		{name: "no value at all", hash: "filters", field: filter, value: ""},
		{name: "a field that says nothing", hash: "filters", field: "nonsense", value: "1 1 1 f -\n{", locked: true},
		{name: "a ledger entry", hash: "ledger", field: agentID(1), value: "1 1 0 - -\n{", locked: true},
		{name: "a window", hash: "windows", field: "w1", value: "1 1 0 - -\n{", locked: true},
		{name: "a run of a newer version", hash: "runs", field: "r1", value: "2 1 0 - -\n{}", locked: true},
		{name: "an agent of a run in another's field", hash: "run-agents", field: "r1 a1", value: "1 1 0 - -\n" + `{"shelf":"run-agents","name":"r1 a2","body":{}}`, locked: true},
		{name: "a window among the runs", hash: "runs", field: "w1", value: "1 1 0 - -\n" + `{"shelf":"windows","name":"w1","body":{}}`, locked: true},
		{name: "a question", hash: "questions", field: "q1", value: "x", locked: true},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				s.log = silent
				_, err := s.Commit(t.Context(), placing("k2", placed(2, "user:U2")))
				must(t, err)
				hash := s.keys.prefix + test.hash
				must(t, s.redis.client.HSet(t.Context(), hash, test.field, test.value).Err())
				state := loaded(t, s)
				if (state.Lock != nil) != test.locked {
					t.Errorf("lock %+v", state.Lock)
				}
				kept, err := s.Quarantine(t.Context())
				if got, there := kept[test.hash+" "+test.field]; err != nil || !there || got != test.value {
					t.Errorf("quarantine %q %v", kept, err)
				}
				if got := s.redis.client.HGet(t.Context(), hash, test.field).Val(); got != test.value {
					t.Errorf("the value became %q", got)
				}
				if !test.locked {
					standsIn(t, s, state)
				}
			})
		})
	}
}

// standsIn checks that a filter stands on the agent in place of the one that does not decode.
func standsIn(t *testing.T, s *Store, state filters.State) {
	t.Helper()
	book := filters.NewBook()
	book.Reset(state)
	standing := book.Standing(filters.AgentID(agentID(1)))
	if len(standing) != 1 || !standing[0].Until.IsZero() || standing[0].Owner != "user:U1" || len(book.Filters()) != 2 {
		t.Fatalf("%d stand on the agent, of %d in all: %+v", len(standing), len(book.Filters()), standing)
	}
	release := *standing[0]
	release.Ended = epochStart
	_, err := s.Commit(t.Context(), placing("k3", release))
	if release.Revision < 1 {
		if err == nil {
			t.Error("a value without a sound first line was written over")
		}
		return
	}
	must(t, err) // its first line is sound: a person's release puts it right
	if again := loaded(t, s); len(again.Filters) != 2 || again.Filters[0].Ended.IsZero() {
		t.Errorf("after the release: %+v", again.Filters)
	}
}

func TestUnreadableFreezeAndLockLock(t *testing.T) {
	for _, name := range []string{"freeze", "lock"} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				s.log = silent
				must(t, s.redis.client.Set(t.Context(), s.keys.prefix+name, "9\n{}", 0).Err())
				if loaded(t, s).Lock == nil {
					t.Error("not locked")
				}
			})
		})
	}
}
