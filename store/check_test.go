package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// installed is a cluster that has been led for a while: three filters, two agents held, sealed and witnessed in a
// directory, with one filter more that is newer than the witness.
func installed(t *testing.T, b backend) (s *Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	s = open(t, b, func(c *Config) { c.DataDir = dir })
	trusts(t, s)
	term := led(t, s)
	commit := placing("k1", placed(1, "user:U1"), placed(2, "user:U1"), placed(3, "user:U2"))
	commit.Term = term
	for n := 1; n <= 2; n++ {
		commit.PutLedger(filters.LedgerEntry{
			Agent: filters.AgentID(agentID(n)), Hostname: fmt.Sprint("agent-", n), Hold: filters.HoldHeld, State: filters.StateVerified, At: epochStart, Term: term,
		}, filters.Event{Kind: filters.KindTook, Outcome: "verified"})
	}
	_, err := s.Commit(t.Context(), commit)
	must(t, err)
	_, err = s.Seal(t.Context(), term)
	must(t, err)
	keep(t, s)
	_, err = s.Commit(t.Context(), placing("k2", placed(4, "user:U1")))
	must(t, err)
	return s, dir
}

// keep writes the witness as a replica does whose book is up to date.
func keep(t *testing.T, s *Store) {
	t.Helper()
	book := filters.NewBook()
	book.Reset(loaded(t, s))
	must(t, s.KeepLastWitness(t.Context(), book)) // however long the one before took to write
}

// again opens the store as the process does that is started after this one.
func again(t *testing.T, b backend, dir string) *Store {
	t.Helper()
	return open(t, b, func(c *Config) { c.DataDir = dir; c.Logger = silent })
}

func trusts(t *testing.T, s *Store) {
	t.Helper()
	lock, err := s.Check(t.Context())
	must(t, err)
	if lock != nil {
		t.Fatalf("it doubts: %s", lock.Cause)
	}
	if steady, err := s.Pulse(t.Context()); !steady || err != nil {
		t.Errorf("after a check the pulse is not steady (%v)", err)
	}
}

func doubts(t *testing.T, s *Store, want string) {
	t.Helper()
	lock, err := s.Check(t.Context())
	must(t, err)
	if lock == nil {
		t.Fatal("it does not doubt")
	}
	if !strings.Contains(lock.Cause, want) || lock.At.IsZero() {
		t.Errorf("it doubts because %q, want %q", lock.Cause, want)
	}
	if steady, err := s.Pulse(t.Context()); steady || err != nil {
		t.Errorf("in doubt the pulse is steady (%v)", err)
	}
}

func TestFirstInstallation(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		one, two := open(t, b), open(t, b)
		trusts(t, one)
		trusts(t, two)
		trusts(t, one)
		events, err := one.After(t.Context(), "", 10)
		if err != nil || len(events) != 1 || events[0].Kind != filters.KindFound || events[0].Actor != "bot:bot-1" {
			t.Errorf("%+v %v", events, err)
		}
		epoch := loaded(t, two).Epoch
		if len(epoch) != 32 || loaded(t, one).Epoch != epoch {
			t.Errorf("epoch %q", epoch)
		}
	})
}

// Two parts of a bot look at a new Redis at the same time: neither takes the other's work for a doubt.
func TestFirstInstallationFromTwoSides(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		var checks sync.WaitGroup
		for range 8 {
			checks.Go(func() {
				if lock, err := s.Check(t.Context()); lock != nil || err != nil {
					t.Errorf("%+v %v", lock, err)
				}
			})
		}
		checks.Wait()
	})
}

func TestWitnessFile(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, dir := installed(t, b)
		text, err := os.ReadFile(filepath.Join(dir, "prod.witness.json"))
		must(t, err)
		var fields map[string]any
		must(t, json.Unmarshal(text, &fields))
		for _, name := range []string{"schema", "epoch", "journal", "digest", "written_at", "filters", "ledger"} {
			if fields[name] == nil || fields[name] == "" {
				t.Errorf("%s is missing", name)
			}
		}
		read, err := ReadWitness(dir, "prod")
		must(t, err)
		if len(read.Filters) != 3 || len(read.Ledger) != 2 || read.Epoch != loaded(t, s).Epoch {
			t.Errorf("%+v", read)
		}
		if _, err := ReadWitness(dir, "test"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("of another cluster: %v", err)
		}
		exported, err := s.Export(t.Context())
		if err != nil || len(exported.Filters) != 4 || len(exported.Ledger) != 2 {
			t.Errorf("%+v %v", exported, err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("%v %v", left, err)
		}
	})
}

func TestTrustAfterARestart(t *testing.T) {
	server := newServer(t)
	s, dir := installed(t, server)
	trusts(t, again(t, server, dir))
	server.restart()
	if steady, err := s.Pulse(t.Context()); steady || err != nil {
		t.Errorf("the pulse does not tell of a restart (%v)", err)
	}
	trusts(t, s)
	trusts(t, again(t, server, dir))
}

func TestDoubts(t *testing.T) {
	del := func(key func(*keys) string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) { must(t, s.redis.client.Del(t.Context(), key(&s.keys)).Err()) }
	}
	newestOf := func(t *testing.T, s *Store, n int64) (ids []string) {
		for _, message := range s.redis.client.XRevRangeN(t.Context(), s.keys.journal, "+", "-", n).Val() {
			ids = append(ids, message.ID)
		}
		return ids
	}
	cases := []struct {
		name     string
		mischief func(t *testing.T, s *Store)
		because  string
	}{
		{"FLUSHALL", func(t *testing.T, s *Store) { must(t, s.redis.client.FlushAll(t.Context()).Err()) }, "Redis has no epoch any more"},
		{"the epoch is gone", del(func(k *keys) string { return k.epoch }), "Redis has no epoch any more"},
		{"the ledger is gone", del(func(k *keys) string { return k.ledger }), "lost 2 of 2 agents that we hold from the ledger"},
		{"an agent is gone from the ledger", func(t *testing.T, s *Store) {
			must(t, s.redis.client.HDel(t.Context(), s.keys.ledger, agentID(2)).Err())
		}, "lost 1 of 2 agents that we hold from the ledger (agent-2, for one)"},
		{"the filters are gone", del(func(k *keys) string { return k.filters }), "lost 4 of 4 filters"},
		{"the newest filter is gone", func(t *testing.T, s *Store) {
			filter := placed(4, "user:U1")
			must(t, s.redis.client.HDel(t.Context(), s.keys.filters, filter.Key().String()).Err())
		}, "lost 1 of 4 filters (on agent-4, for one)"},
		{"the journal is gone", del(func(k *keys) string { return k.journal }), "the journal is empty"},
		{"the journal's end is cut off", func(t *testing.T, s *Store) {
			must(t, s.redis.client.XDel(t.Context(), s.keys.journal, newestOf(t, s, 3)...).Err())
		}, "earlier than we know it"},
		{"the journal's beginning is cut off", func(t *testing.T, s *Store) {
			must(t, s.redis.client.XTrimMaxLen(t.Context(), s.keys.journal, 1).Err())
		}, "is gone"},
		{"the seals are gone", del(func(k *keys) string { return k.seals }), "the journal's seal of"},
		{"an entry under a newer seal was changed", func(t *testing.T, s *Store) {
			_, err := s.Seal(t.Context(), 1)
			must(t, err)
			newest := newestOf(t, s, 1)[0]
			rewrite(t, s, func(message *redis.XMessage) {
				if message.ID == newest {
					message.Values["actor"] = "user:U666"
				}
			})
		}, "the journal was changed after it was sealed"},
		{"another journal under the same IDs", func(t *testing.T, s *Store) {
			rewrite(t, s, func(message *redis.XMessage) { message.Values["actor"] = "user:U666" })
			must(t, s.redis.client.Del(t.Context(), s.keys.seals).Err())
			seal := s.readWitness().Journal
			must(t, s.redis.client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.seals, ID: seal, Values: []string{"digest", strings.Repeat("0", 64)}}).Err())
		}, "is not the one we know"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s, dir := installed(t, b)
				test.mischief(t, s)
				doubts(t, again(t, b, dir), test.because)
				s.log = silent
				if steady, err := s.Pulse(t.Context()); steady && strings.Contains(test.because, "no epoch") || err != nil {
					t.Errorf("the pulse of the running bot: %v %v", steady, err)
				}
				doubts(t, s, test.because)
				before, err := ReadWitness(dir, "prod")
				must(t, err)
				keep(t, s)
				after, err := ReadWitness(dir, "prod")
				must(t, err)
				if diff := cmp.Diff(before, after); diff != "" {
					t.Error("the doubtful state became the witness:", diff)
				}
			})
		})
	}
}

func TestSetUpAnewByAnother(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, dir := installed(t, b)
		must(t, s.redis.client.FlushAll(t.Context()).Err())
		trusts(t, open(t, b)) // a new replica takes it for a new installation
		doubts(t, again(t, b, dir), "Redis has another epoch")
		_, err := s.Commit(t.Context(), filters.Commit{Unlock: true, Events: []filters.Event{{Kind: filters.KindUnlock}}})
		must(t, err)
		trusts(t, again(t, b, dir)) // a person said that it is right
	})
}

func TestUnlockedByAPerson(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, dir := installed(t, b)
		must(t, s.redis.client.Del(t.Context(), s.keys.ledger).Err())
		s.log = silent
		doubts(t, s, "ledger")
		lock, _ := s.Check(t.Context())
		_, err := s.Commit(t.Context(), filters.Commit{Lock: lock, Events: []filters.Event{{Kind: filters.KindLock, Lock: lock}}})
		must(t, err)
		before := loaded(t, s).Epoch
		_, err = s.Commit(t.Context(), filters.Commit{Unlock: true, Events: []filters.Event{{Kind: filters.KindUnlock}}})
		must(t, err)
		if loaded(t, s).Epoch == before {
			t.Error("unlocking kept the epoch")
		}
		trusts(t, s)
		trusts(t, again(t, b, dir))
		_, err = s.Seal(t.Context(), 1)
		must(t, err)
		keep(t, s)
		trusts(t, again(t, b, dir))
		if read, err := ReadWitness(dir, "prod"); err != nil || read.Epoch == before || len(read.Ledger) != 0 {
			t.Errorf("%+v %v", read, err)
		}
	})
}

func TestOlderCopyIsRestored(t *testing.T) {
	server := newServer(t)
	s, dir := installed(t, server)
	server.kill()
	copied := filepath.Join(t.TempDir(), "copy")
	data := filepath.Join(server.dir, "appendonlydir")
	copyDirectory(t, data, copied)
	server.start()
	trusts(t, s)
	released := filters.Commit{Term: 1}
	entry := loaded(t, s).Ledger[0]
	entry.Hold = filters.HoldFree
	released.PutLedger(entry, filters.Event{Kind: filters.KindGave, Outcome: "verified"})
	_, err := s.Commit(t.Context(), released)
	must(t, err)
	_, err = s.Seal(t.Context(), 1)
	must(t, err)
	keep(t, s)

	server.kill()
	must(t, os.RemoveAll(data))
	copyDirectory(t, copied, data)
	server.start()
	// The bot that runs on asks by itself before it gives anything back.
	s.log = silent
	must(t, s.redis.Ping(t.Context()))
	entry = loaded(t, s).Ledger[0]
	entry.Hold, entry.State = filters.HoldReleasing, filters.StateRecorded
	give := filters.Commit{Term: 1}
	give.PutLedger(entry, filters.Event{Kind: filters.KindReleasing})
	_, err = s.Commit(t.Context(), give)
	code(t, err, filters.Locked)
	doubts(t, s, "earlier than we know it")
	doubts(t, again(t, server, dir), "earlier than we know it")
	_, err = s.Commit(t.Context(), placing("k9", placed(9, "user:U1"))) // withholding goes on
	must(t, err)
	doubts(t, again(t, server, dir), "is gone")
}

// What the process saw last is not in its witness yet when Redis goes back to before it.
func TestARestoredRedisIsDoubtedBeforeTheWitnessKnows(t *testing.T) {
	server := newServer(t)
	s, dir := installed(t, server)
	keep(t, s)
	server.kill()
	data, copied := filepath.Join(server.dir, "appendonlydir"), filepath.Join(t.TempDir(), "copy")
	copyDirectory(t, data, copied)
	server.start()
	trusts(t, s)
	_, err := s.Commit(t.Context(), placing("k8", placed(8, "user:U1")))
	must(t, err)

	server.kill()
	must(t, os.RemoveAll(data))
	copyDirectory(t, copied, data)
	server.start()
	s.log = silent
	for range 2 { // the doubt does not pass by being told once
		doubts(t, s, "earlier than we know it")
	}
	trusts(t, again(t, server, dir)) // a new process knows no more than its witness
}

// Back from a failover, the server of before may have missed what the other was told.
func TestAServerThatComesBackIsAnother(t *testing.T) {
	for _, c := range []struct {
		many bool
		want int64
	}{{false, 3}, {true, 2}} {
		servers := servers{many: c.many}
		for _, process := range []string{"one", "one", "two", "two", "one", "one"} {
			servers.meet(process)
		}
		if got := servers.changes.Load(); got != c.want {
			t.Errorf("many %v: %d changes, want %d", c.many, got, c.want)
		}
	}
}

// Redis may be swapped after it was checked and before the intent to give back is written: then the intent does not count.
func TestAnIntentWrittenToAnotherRedisDoesNotCount(t *testing.T) {
	b := newMini(t)
	s, _ := installed(t, b)
	s.log = silent
	send := s.batch.send
	s.batch.send = func(group []*passenger) {
		must(t, s.redis.client.Del(t.Context(), s.keys.epoch).Err())
		s.redis.servers.changes.Add(1)
		send(group)
	}
	entry := loaded(t, s).Ledger[0]
	entry.Hold, entry.State = filters.HoldReleasing, filters.StateRecorded
	commit := filters.Commit{Term: entry.Term}
	commit.PutLedger(entry, filters.Event{Kind: filters.KindReleasing})
	_, err := s.Commit(t.Context(), commit)
	code(t, err, filters.Locked)
}

func copyDirectory(t *testing.T, from, to string) {
	t.Helper()
	if output, err := exec.Command("cp", "-r", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, output)
	}
}

func TestReplicaWithoutWitness(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, _ := installed(t, b)
		beat := func(ago time.Duration) {
			must(t, s.redis.client.Set(t.Context(), s.keys.beat, s.Now().Add(-ago).UnixMilli(), 0).Err())
		}
		other := func() *Store { return again(t, b, t.TempDir()) }
		trusts(t, other())
		beat(4 * time.Minute)
		trusts(t, other())
		beat(6 * time.Minute)
		doubts(t, other(), "has no witness of its own, and no leader was heard since")
		must(t, s.redis.client.Del(t.Context(), s.keys.beat).Err())
		doubts(t, other(), "no leader was ever heard")
		beat(0)
		must(t, s.redis.client.Del(t.Context(), s.keys.epoch).Err())
		doubts(t, other(), "Redis has no epoch")
	})
}

func TestWitnessThatCannotBeCompared(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, dir := installed(t, b)
		path := witnessPath(dir, "prod")
		must(t, s.redis.client.Set(t.Context(), s.keys.beat, s.Now().Add(-time.Hour).UnixMilli(), 0).Err())
		old := *s.readWitness()
		old.WrittenAt = s.Now().Add(-witnessLife - time.Hour)
		must(t, s.writeWitness(&old))
		doubts(t, again(t, b, dir), "witness is too old to compare, and no leader was heard since")
		must(t, os.WriteFile(path, []byte(`{"schema":1`), 0o600))
		doubts(t, again(t, b, dir), "no witness of its own")
		must(t, os.WriteFile(path, []byte(`{"schema":9}`), 0o600))
		doubts(t, again(t, b, dir), "no witness of its own")
	})
}

func TestAudit(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s, _ := installed(t, b)
		book := filters.NewBook()
		book.Reset(loaded(t, s))
		_, err := s.Commit(t.Context(), placing("k5", placed(5, "user:U1"))) // the book is behind: that is no difference
		must(t, err)
		found, err := s.Audit(t.Context(), book)
		if err != nil || len(found) > 0 {
			t.Fatalf("%v %v", found, err)
		}
		filter := placed(1, "user:U1")
		must(t, s.redis.client.HDel(t.Context(), s.keys.filters, filter.Key().String()).Err())
		must(t, s.redis.client.HSet(t.Context(), s.keys.ledger, agentID(2), "1 9 0 - -\n"+`{"agent":"`+agentID(2)+`"}`).Err())
		must(t, s.redis.client.HSet(t.Context(), s.keys.ledger, "new", "1 1 0 - -\n"+`{"agent":"new"}`).Err())
		found, err = s.Audit(t.Context(), book)
		must(t, err)
		want := []string{
			"filter `" + filter.Key().String() + "` is in memory and not in Redis",
			"ledger entry `" + agentID(2) + "` is another in Redis than in memory",
			"ledger entry `new` is in Redis and not in memory",
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	})
}
