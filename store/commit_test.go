package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

var epochStart = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

// placed is a new filter of an owner on the n-th agent, in rack r<n%3>.
func placed(n int, owner string) filters.Filter {
	return filters.Filter{
		ID: filters.DerivedID("f", owner, agentID(n)), Agent: filters.AgentID(agentID(n)), Hostname: fmt.Sprintf("agent-%d", n),
		Rack: fmt.Sprintf("r%d", n%3), Owner: filters.Owner(owner), Mode: filters.ModeFilter, Reason: "kernel \"upgrade\"\n<!channel>",
		Created: epochStart, Until: epochStart.Add(2 * time.Hour), Subject: "s1", Operation: "o1", State: filters.StateRecorded,
	}
}

// placing is a commit that places filters.
func placing(request string, placed ...filters.Filter) filters.Commit {
	commit := filters.Commit{Request: request, Starts: true, Answer: []byte("answer to " + request)}
	for _, filter := range placed {
		commit.PutFilter(filter, filters.Event{
			Kind: filters.KindFilter, Operation: filter.Operation, Actor: string(filter.Owner), Cause: filters.CauseCommand,
			Outcome: string(filters.StateRecorded), Reason: filter.Reason,
		})
	}
	return commit
}

func code(t testing.TB, err error, want filters.Code) {
	t.Helper()
	if err == nil || filters.CodeOf(err) != want {
		t.Fatalf("error %v, want code %s", err, want)
	}
}

func TestCommitIsReadBack(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		filter := placed(1, "user:U1")
		receipt, err := s.Commit(t.Context(), placing("k1", filter))
		must(t, err)
		filter.Revision = 1
		state, err := s.Load(t.Context())
		must(t, err)
		if diff := cmp.Diff([]filters.Filter{filter}, state.Filters); diff != "" {
			t.Error(diff)
		}
		events, err := s.After(t.Context(), "", 10)
		must(t, err)
		if diff := cmp.Diff(receipt.Events, events); diff != "" {
			t.Error("the receipt's events are not the journal's:", diff)
		}
		if state.Position != events[0].ID || events[0].Request != "k1" || events[0].Filter.Revision != 1 {
			t.Errorf("position %s, event %+v", state.Position, events[0])
		}
		progress, err := s.Progress(t.Context(), "o1")
		must(t, err)
		if progress.Recorded != 1 || progress.State() != filters.StateRecorded {
			t.Errorf("progress %+v", progress)
		}
	})
}

// led returns a store's term, with the lease taken.
func led(t testing.TB, s *Store) int64 {
	t.Helper()
	term, _, ok, err := s.Acquire(t.Context(), "bot-1", "http://bot-1:8081", time.Minute)
	if err != nil || !ok {
		t.Fatalf("the lease was not given: %v", err)
	}
	return term
}

// loaded loads the state.
func loaded(t testing.TB, s *Store) filters.State {
	t.Helper()
	state, err := s.Load(t.Context())
	must(t, err)
	return state
}

func TestRepeatedRequestHasOneEffect(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		one, two := open(t, b), open(t, b)
		first, err := one.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
		must(t, err)
		again, err := two.Commit(t.Context(), placing("k1", placed(2, "user:U1")))
		must(t, err)
		if !again.Repeated || string(again.Answer) != "answer to k1" || !again.At.Equal(first.At) || len(again.Events) != 0 {
			t.Errorf("the repeat says %+v", again)
		}
		if state := loaded(t, one); len(state.Filters) != 1 {
			t.Errorf("%d filters, want 1", len(state.Filters))
		}
		found, ok, err := two.Receipt(t.Context(), "k1")
		if err != nil || !ok || string(found.Answer) != "answer to k1" || !found.At.Equal(first.At) {
			t.Errorf("receipt %+v %v %v", found, ok, err)
		}
		if _, ok, err := two.Receipt(t.Context(), "k2"); ok || err != nil {
			t.Errorf("the receipt of a key that was never used: %v %v", ok, err)
		}
	})
}

func TestConcurrentRepeatsHaveOneEffect(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		stores := []*Store{open(t, b), open(t, b)}
		results := make(chan filters.Receipt, 20)
		for i := range cap(results) {
			go func() {
				receipt, err := stores[i%2].Commit(t.Context(), placing("k1", placed(1, "user:U1")))
				if err != nil {
					t.Error(err)
				}
				results <- receipt
			}()
		}
		changed := 0
		for range cap(results) {
			if receipt := <-results; !receipt.Repeated {
				changed++
			}
		}
		if changed != 1 {
			t.Errorf("%d of the deliveries had an effect, want 1", changed)
		}
	})
}

func TestRaceOfTwoWriters(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		stores := []*Store{open(t, b), open(t, b)}
		filter := placed(1, "user:U1")
		_, err := stores[0].Commit(t.Context(), placing("k0", filter))
		must(t, err)
		filter.Revision = 1
		errs := make(chan error, 2)
		for i, s := range stores {
			go func() {
				_, err := s.Commit(t.Context(), placing(fmt.Sprint("race", i), filter))
				errs <- err
			}()
		}
		first, second := <-errs, <-errs
		if first == nil {
			first, second = second, first
		}
		must(t, second)
		code(t, first, filters.Conflict)
		if want := "`agent-1` was changed meanwhile"; first.Error() != want {
			t.Errorf("%q, want %q", first, want)
		}
		if state := loaded(t, stores[0]); state.Filters[0].Revision != 2 {
			t.Errorf("revision %d, want 2", state.Filters[0].Revision)
		}
	})
}

func TestFilterThatCameAgainIsAnother(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		old := placed(1, "user:U1")
		_, err := s.Commit(t.Context(), placing("k1", old))
		must(t, err)
		old.Revision = 1
		var settle filters.Commit
		settle.SettleFilter(old, filters.Event{Kind: filters.KindGave, Outcome: "verified"})
		_, err = s.Commit(t.Context(), settle)
		must(t, err)
		again := placed(1, "user:U1")
		again.ID = "another"
		_, err = s.Commit(t.Context(), placing("k2", again))
		must(t, err)
		_, err = s.Commit(t.Context(), placing("k3", old))
		code(t, err, filters.Conflict)
	})
}

func TestFilterTakesTheEndedOnesPlace(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		old := placed(1, "user:U1")
		old.Ended = epochStart
		_, err := s.Commit(t.Context(), placing("k1", old))
		must(t, err)
		again := placed(1, "user:U1")
		again.ID, again.Revision = "another", 1
		_, err = s.Commit(t.Context(), placing("k2", again))
		code(t, err, filters.Conflict)
		again.Replaces = old.ID
		receipt, err := s.Commit(t.Context(), placing("k3", again))
		must(t, err)
		extended := *receipt.Events[0].Filter
		extended.Until = epochStart.Add(3 * time.Hour)
		_, err = s.Commit(t.Context(), placing("k4", extended))
		must(t, err)
	})
}

func TestRefusalsChangeNothing(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(t *testing.T, s *Store)
		commit  func(s *Store) filters.Commit
		code    filters.Code
		says    string
	}{
		{
			name: "deadline has passed by Redis TIME",
			commit: func(s *Store) filters.Commit {
				c := placing("k", placed(1, "user:U1"))
				c.Deadline = s.Now().Add(-time.Second)
				return c
			},
			code: filters.Unavailable, says: "Redis took too long",
		},
		{
			name:    "a term that is older",
			prepare: func(t *testing.T, s *Store) { term := led(t, s); must(t, s.Release(t.Context(), term)); led(t, s) },
			commit:  func(*Store) filters.Commit { c := placing("k", placed(1, "user:U1")); c.Term = 1; return c },
			code:    filters.Conflict, says: "another replica leads this cluster now",
		},
		{
			name:   "a term that this Redis never gave",
			commit: func(*Store) filters.Commit { c := placing("k", placed(1, "user:U1")); c.Term = 7; return c },
			code:   filters.Conflict, says: "another replica leads this cluster now",
		},
		{
			name: "frozen",
			prepare: func(t *testing.T, s *Store) {
				freeze := filters.Freeze{By: "user:U9", Reason: "Black Friday", At: epochStart}
				_, err := s.Commit(t.Context(), filters.Commit{Freeze: &freeze, Events: []filters.Event{{Kind: filters.KindFreeze, Freeze: &freeze}}})
				must(t, err)
			},
			commit: func(*Store) filters.Commit { return placing("k", placed(1, "user:U1")) },
			code:   filters.Frozen,
			says:   "nothing new starts in *prod*, it is frozen by `user:U9` since 2026-11-21 14:00 UTC for “Black Friday”. `/mesos thaw -m why` ends that",
		},
		{
			name: "locked, and an agent would be given back",
			prepare: func(t *testing.T, s *Store) {
				led(t, s)
				lock := filters.Lock{Cause: "the journal is empty", At: epochStart}
				_, err := s.Commit(t.Context(), filters.Commit{Lock: &lock, Events: []filters.Event{{Kind: filters.KindLock, Lock: &lock}}})
				must(t, err)
			},
			commit: func(*Store) filters.Commit {
				c := filters.Commit{Term: 1}
				c.PutLedger(filters.LedgerEntry{Agent: "a", Hold: filters.HoldReleasing, State: filters.StateRecorded}, filters.Event{Kind: filters.KindReleasing})
				return c
			},
			code: filters.Locked,
			says: "nothing is given back in *prod*: it is locked: the journal is empty. `/mesos unlock --dry-run` shows what would follow",
		},
		{
			name: "locked, and a machine would be brought up",
			prepare: func(t *testing.T, s *Store) {
				lock := filters.Lock{Cause: "the journal is empty", At: epochStart}
				_, err := s.Commit(t.Context(), filters.Commit{Lock: &lock, Events: []filters.Event{{Kind: filters.KindLock, Lock: &lock}}})
				must(t, err)
			},
			commit: func(*Store) filters.Commit {
				c := keeping("k", recordAt(filters.ShelfMachines, "agent-one 10.0.0.1"))
				c.Gives = true
				return c
			},
			code: filters.Locked,
			says: "nothing is given back in *prod*: it is locked: the journal is empty. `/mesos unlock --dry-run` shows what would follow",
		},
		{
			name:   "a revision that is not stored",
			commit: func(*Store) filters.Commit { f := placed(1, "user:U1"); f.Revision = 3; return placing("k", f) },
			code:   filters.Conflict, says: "`agent-1` was changed meanwhile",
		},
		{
			name: "too many in the cluster",
			prepare: func(t *testing.T, s *Store) {
				_, err := s.Commit(t.Context(), placing("before", placed(0, "user:U1"), placed(1, "user:U1")))
				must(t, err)
			},
			commit: func(*Store) filters.Commit {
				c := placing("k", placed(1, "user:U2"), placed(2, "user:U2"))
				c.Limits = &filters.Limits{Cluster: 2}
				return c
			},
			code: filters.Limited, says: "`max_withheld` allows 2 in *prod*, this would make 3. Name fewer agents, or release some: `/mesos filters` lists what stands",
		},
		{
			name: "too many in a rack",
			prepare: func(t *testing.T, s *Store) {
				_, err := s.Commit(t.Context(), placing("before", placed(1, "user:U1"), placed(4, "user:U1")))
				must(t, err)
			},
			commit: func(*Store) filters.Commit {
				c := placing("k", placed(2, "user:U2"), placed(7, "user:U2"))
				c.Limits = &filters.Limits{Racks: map[string]int{"r1": 2, "r2": 2}}
				return c
			},
			code: filters.Limited, says: "`max_withheld` allows 2 in rack r1, this would make 3. Name fewer agents, or release some: `/mesos filters` lists what stands",
		},
		{
			name:   "the ledger without a term",
			commit: func(*Store) filters.Commit { return filters.Commit{Ledger: []filters.LedgerEntry{{Agent: "a"}}} },
			code:   filters.Internal, says: "the change cannot be written",
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				if test.prepare != nil {
					test.prepare(t, s)
				}
				before, counted := loaded(t, s), dump(t, s)
				_, err := s.Commit(t.Context(), test.commit(s))
				code(t, err, test.code)
				if err.Error() != test.says {
					t.Errorf("says %q\nwant %q", err, test.says)
				}
				if diff := cmp.Diff(before, loaded(t, s)); diff != "" {
					t.Error("it changed the state:", diff)
				}
				if diff := cmp.Diff(counted, dump(t, s)); diff != "" {
					t.Error("it changed something:", diff)
				}
			})
		})
	}
}

// dump reads what limits and progress count, and which request keys were used.
func dump(t testing.TB, s *Store) map[string]any {
	t.Helper()
	client, ctx := s.redis.client, t.Context()
	all := map[string]any{}
	for _, key := range []string{s.keys.withheld, s.keys.counts, s.keys.operations, s.keys.staged} {
		all[key] = client.HGetAll(ctx, key).Val()
	}
	_, all["k"], _ = s.Receipt(ctx, "k")
	return all
}

func TestLimitsCountAgentsOfEverybody(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		limits := &filters.Limits{Cluster: 2, Racks: map[string]int{"r1": 1, "r2": 1}}
		commit := placing("k1", placed(1, "user:U1"), placed(2, "user:U1"))
		commit.Limits = limits
		_, err := s.Commit(t.Context(), commit)
		must(t, err)
		commit = placing("k2", placed(1, "user:U2"))
		commit.Limits = limits
		_, err = s.Commit(t.Context(), commit)
		must(t, err) // a second filter on the same agent withholds no more agents
		standing(t, s, 2, map[string]int{"r1": 1, "r2": 1})

		ended := placed(1, "user:U1")
		ended.Revision, ended.Ended = 1, epochStart
		_, err = s.Commit(t.Context(), placing("k3", ended))
		must(t, err)
		standing(t, s, 2, map[string]int{"r1": 1, "r2": 1}) // U2's stands on it still

		moved, here := placed(2, "user:U1"), placed(5, "user:U1") // both in r2: one goes, one comes
		moved.Revision, moved.Ended = 1, epochStart
		commit = placing("k4", here, moved)
		commit.Limits = limits
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		standing(t, s, 2, map[string]int{"r1": 1, "r2": 1})

		ended = placed(1, "user:U2")
		ended.Revision, ended.Ended = 1, epochStart
		_, err = s.Commit(t.Context(), placing("k5", ended))
		must(t, err)
		standing(t, s, 1, map[string]int{"r2": 1})
		ended.Revision = 2
		var settle filters.Commit
		settle.SettleFilter(ended, filters.Event{Kind: filters.KindGave})
		_, err = s.Commit(t.Context(), settle)
		must(t, err)
		standing(t, s, 1, map[string]int{"r2": 1})
	})
}

func standing(t testing.TB, s *Store, total int, racks map[string]int) {
	t.Helper()
	gotTotal, gotRacks, err := s.Standing(t.Context())
	must(t, err)
	if diff := cmp.Diff(racks, gotRacks); gotTotal != total || diff != "" {
		t.Errorf("%d agents, want %d; racks %s", gotTotal, total, diff)
	}
}

func TestStatesAreWrittenAndRemoved(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		lock, err := s.Check(t.Context())
		if err != nil || lock != nil {
			t.Fatalf("a new installation: %v %v", lock, err)
		}
		term, epoch := led(t, s), loaded(t, s).Epoch
		entry := filters.LedgerEntry{Agent: "a1", Hostname: "agent-1", Backend: filters.BackendOperator, Mode: filters.ModeFilter,
			Hold: filters.HoldTaking, State: filters.StateRecorded, At: epochStart, Term: term}
		question := filters.Question{ID: "q1", Subject: "s1", Kind: filters.QuestionContested, Text: "Again?", Asked: epochStart}
		freeze := filters.Freeze{By: "user:U9", Reason: "sale", At: epochStart}
		commit := filters.Commit{Term: term, Freeze: &freeze, Lock: &filters.Lock{Cause: "doubt", At: epochStart}}
		commit.PutLedger(entry, filters.Event{Kind: filters.KindTaking, Operation: "o1", Outcome: "recorded"})
		commit.PutQuestion(question, filters.Event{Kind: filters.KindQuestion})
		commit.Events = append(commit.Events, filters.Event{Kind: filters.KindFreeze, Freeze: &freeze}, filters.Event{Kind: filters.KindLock, Lock: commit.Lock})
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		entry.Revision, question.Revision = 1, 1
		want := filters.State{Epoch: epoch, Ledger: []filters.LedgerEntry{entry}, Questions: []filters.Question{question}, Freeze: &freeze, Lock: commit.Lock}
		state := loaded(t, s)
		want.Position = state.Position
		if diff := cmp.Diff(want, state); diff != "" {
			t.Error(diff)
		}
		events, err := s.After(t.Context(), "", 10)
		must(t, err)
		if events[1].Ledger == nil || events[1].Term != term || events[3].Freeze == nil || events[4].Lock == nil {
			t.Errorf("the journal does not hold what was changed: %+v", events)
		}

		entry.Hold, question.Done = filters.HoldFree, true
		commit = filters.Commit{Term: term, Thaw: true, Unlock: true}
		commit.PutLedger(entry, filters.Event{Kind: filters.KindGave, Operation: "o1", Outcome: "verified"})
		commit.PutQuestion(question, filters.Event{Kind: filters.KindAnswer})
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		state = loaded(t, s)
		if len(state.Ledger)+len(state.Questions) > 0 || state.Freeze != nil || state.Lock != nil || state.Epoch == epoch || state.Epoch == "" {
			t.Errorf("left over: %+v", state)
		}
		progress, err := s.Progress(t.Context(), "o1")
		if want := (filters.Progress{Operation: "o1", Recorded: 1, Verified: 1}); err != nil || progress != want {
			t.Errorf("progress %+v %v", progress, err)
		}
	})
}

func TestSecondFreezeIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		for i, by := range []string{"user:U1", "user:U2"} {
			_, err := s.Commit(t.Context(), filters.Commit{Freeze: &filters.Freeze{By: by, Reason: "sale", At: epochStart}})
			if i == 0 {
				must(t, err)
			} else {
				code(t, err, filters.Frozen)
			}
		}
		if by := loaded(t, s).Freeze.By; by != "user:U1" {
			t.Errorf("frozen by %s", by)
		}
	})
}

func TestTextOfPeopleIsKeptAsItIs(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		for i, text := range []string{"a\nb\n1 2 0 - -\n{}", "\x00\u202e", "'); --", "ünïcödé 🔧", "[[]]", "1e400", "null"} {
			filter := placed(i, "user:U1")
			filter.Reason = text
			_, err := s.Commit(t.Context(), placing(fmt.Sprint("k", i, text), filter))
			must(t, err)
			events, err := s.History(t.Context(), filters.HistoryQuery{Most: 1})
			must(t, err)
			if events[0].Reason != text || events[0].Filter.Reason != text {
				t.Errorf("%q became %q and %q", text, events[0].Reason, events[0].Filter.Reason)
			}
		}
	})
}
