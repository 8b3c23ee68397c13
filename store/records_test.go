package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

// window is a new record of a window.
func window(name string) filters.Record { return recordAt(filters.ShelfWindows, name) }

func recordAt(shelf filters.Shelf, name string) filters.Record {
	return filters.Record{Shelf: shelf, Name: name, Body: json.RawMessage(`{"schema":1,"author":"user:U1"}`)}
}

// keeping is a commit of records.
func keeping(request string, records ...filters.Record) filters.Commit {
	commit := filters.Commit{Request: request, Answer: []byte("answer to " + request)}
	for _, record := range records {
		commit.PutRecord(record, filters.Event{Kind: filters.KindWindow, Outcome: "changed", Subject: "window:" + record.Name})
	}
	return commit
}

// oneOfEach is a record of each shelf, with names as hard as names may be.
func oneOfEach() []filters.Record {
	return []filters.Record{
		window("kernel-tue"), window("ünï\ncode \"quoted\" 🔧"),
		recordAt(filters.ShelfRuns, "r1"), recordAt(filters.ShelfRunAgents, "r1 20261101-S1"),
		recordAt(filters.ShelfMachines, "agent-one 10.0.0.1"), recordAt(filters.ShelfOnCall, "now"),
	}
}

func TestRecordsAreKeptChangedAndRemoved(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		records := oneOfEach()
		receipt, err := s.Commit(t.Context(), keeping("k1", records...))
		must(t, err)
		for i := range records {
			records[i].Revision = 1
		}
		if diff := cmp.Diff(records, loaded(t, s).Records); diff != "" {
			t.Error(diff)
		}
		events, err := s.After(t.Context(), "", 10)
		must(t, err)
		if diff := cmp.Diff(receipt.Events, events); diff != "" {
			t.Error("the receipt's events are not the journal's:", diff)
		}
		if diff := cmp.Diff(&records[1], events[1].Record); diff != "" {
			t.Error("the journal does not hold the record:", diff)
		}

		records[0].Body, records[2].Removed = json.RawMessage(`{"schema":1,"reason":"a\nb \u003c!channel\u003e"}`), true
		_, err = s.Commit(t.Context(), keeping("k2", records[0], records[2]))
		must(t, err)
		records[0].Revision = 2
		if diff := cmp.Diff([]filters.Record{records[0], records[1], records[3], records[4], records[5]}, loaded(t, s).Records); diff != "" {
			t.Error(diff)
		}
		again, err := s.Commit(t.Context(), keeping("k2", records[0]))
		if err != nil || !again.Repeated || string(again.Answer) != "answer to k2" {
			t.Errorf("the repeat says %+v %v", again, err)
		}
		_, err = s.Commit(t.Context(), keeping("k3", recordAt(filters.ShelfRuns, "r1"))) // it may come again
		must(t, err)
	})
}

func TestRecordsComeWithFiltersOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		both := placing("k1", placed(1, "window:kernel-tue/2026-11-24T01:00:00Z"))
		both.PutRecord(window("kernel-tue"), filters.Event{Kind: filters.KindOpen})
		behind := both
		behind.Records = []filters.Record{both.Records[0]}
		behind.Records[0].Revision = 4
		_, err := s.Commit(t.Context(), behind)
		code(t, err, filters.Conflict)
		if state := loaded(t, s); len(state.Filters)+len(state.Records) > 0 || state.Position != "" {
			t.Errorf("of what was refused there is %+v", state)
		}
		standing(t, s, 0, map[string]int{})
		_, err = s.Commit(t.Context(), both)
		must(t, err)
		if state := loaded(t, s); len(state.Filters) != 1 || len(state.Records) != 1 {
			t.Errorf("there is %+v", state)
		}
	})
}

func TestRefusalsOfRecords(t *testing.T) {
	behind := func(record filters.Record) filters.Record { record.Revision = 7; return record }
	bodied := func(body string) filters.Record { r := window("w"); r.Body = json.RawMessage(body); return r }
	cases := []struct {
		name   string
		record filters.Record
		code   filters.Code
		says   string
	}{
		{"a window", behind(window("kernel-tue")), filters.Conflict, "the window `kernel-tue` was changed meanwhile"},
		{"a run", behind(recordAt(filters.ShelfRuns, "r1")), filters.Conflict, "the run `r1` was changed meanwhile"},
		{"an agent of a run", behind(recordAt(filters.ShelfRunAgents, "r1 S1")), filters.Conflict, "agent `S1` of the run `r1` was changed meanwhile"},
		{"a machine", behind(recordAt(filters.ShelfMachines, "agent-one 10.0.0.1")), filters.Conflict, "the machine `agent-one` was changed meanwhile"},
		{"no such shelf", recordAt("filters", "S1 filter user:U1"), filters.Internal, "the change cannot be written"},
		{"no name", window(""), filters.Internal, "the change cannot be written"},
		{"a name that JSON would change", window("\xff"), filters.Internal, "the change cannot be written"},
		{"a body that is no JSON", bodied("{"), filters.Internal, "the change cannot be written"},
		{"a body of two", bodied("{}\n{}"), filters.Internal, "the change cannot be written"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				_, err := s.Commit(t.Context(), keeping("k0", oneOfEach()...))
				must(t, err)
				before := loaded(t, s)
				_, err = s.Commit(t.Context(), keeping("k", test.record))
				code(t, err, test.code)
				if err.Error() != test.says {
					t.Errorf("says %q\nwant %q", err, test.says)
				}
				if diff := cmp.Diff(before, loaded(t, s)); diff != "" {
					t.Error("it changed the state:", diff)
				}
			})
		})
	}
}

func TestRecordThatCannotBeReadIsNotWrittenOver(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		s.log = silent
		must(t, s.redis.client.HSet(t.Context(), s.keys.prefix+"windows", "w1", "9 1 0 - -\n{}").Err())
		_, err := s.Commit(t.Context(), keeping("k", window("w1")))
		code(t, err, filters.Internal)
		if want := "what Redis holds about the window `w1` cannot be read"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	})
}

// started is a run over so many agents, as it is recorded when it begins: in one change, however many there are.
func started(request string, agents int) filters.Commit {
	commit := keeping(request, recordAt(filters.ShelfRuns, "r1"))
	for i := range agents {
		commit.PutRecord(recordAt(filters.ShelfRunAgents, fmt.Sprintf("r1 %s", agentID(i))), filters.Event{Kind: filters.KindRunAgent, Outcome: "waiting"})
	}
	return commit
}

func TestLargeRunIsStartedAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		before := loaded(t, s)
		begin(t, s, started("k1", 1001), 2)
		if diff := cmp.Diff(before.Records, loaded(t, s).Records); diff != "" {
			t.Error("the half-written run shows:", diff)
		}
		receipt, err := s.Commit(t.Context(), started("k1", 1001)) // the repeat goes on where it stopped
		must(t, err)
		if len(receipt.Events) == 0 {
			t.Error("the receipt has no events")
		}
		state := loaded(t, s)
		if len(state.Records) != 1002 {
			t.Errorf("%d records", len(state.Records))
		}
		follows(t, s, state)

		over := keeping("k2")
		for _, record := range state.Records {
			record.Removed = true
			over.PutRecord(record, filters.Event{Kind: filters.KindRunAgent, Outcome: "done"})
		}
		_, err = s.Commit(t.Context(), over)
		must(t, err)
		state = loaded(t, s)
		if len(state.Records) != 0 {
			t.Errorf("%d records are left", len(state.Records))
		}
		follows(t, s, state)
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Removed == 0 || s.redis.client.Exists(t.Context(), s.keys.prefix+"runs", s.keys.prefix+"run-agents").Val() != 0 {
			t.Errorf("%+v %v", tidied, err)
		}
		_, err = s.Commit(t.Context(), started("k3", 1001))
		must(t, err)
		if got := len(loaded(t, s).Records); got != 1002 {
			t.Errorf("started again there are %d records", got)
		}
	})
}

// follows checks that a book which followed the journal from its beginning holds what is stored.
func follows(t *testing.T, s *Store, state filters.State) {
	t.Helper()
	book, stored := filters.NewBook(), filters.NewBook()
	must(t, s.replay(t.Context(), book, "", state.Position))
	stored.Reset(state)
	if found := differences(book, stored); len(found) > 0 {
		t.Error(found)
	}
}

func TestHalfStartedRunIsTakenBack(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), keeping("k0", recordAt(filters.ShelfRunAgents, "r1 "+agentID(7)), window("kernel-tue")))
		must(t, err)
		before := loaded(t, s).Records
		commit := started("k1", 1001)
		commit.Records[8].Revision, commit.Records[8].Body = 1, json.RawMessage(`{"of":"the half"}`)
		stage := begin(t, s, commit, 2)
		age(t, s, stage)
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Stages != 1 {
			t.Errorf("%+v %v", tidied, err)
		}
		if diff := cmp.Diff(before, loaded(t, s).Records); diff != "" {
			t.Error(diff)
		}
		for shelf, want := range map[string]int64{"windows": 1, "runs": 0, "run-agents": 1} {
			if got := s.redis.client.HLen(t.Context(), s.keys.prefix+shelf).Val(); got != want {
				t.Errorf("%d values are on the shelf %s, want %d", got, shelf, want)
			}
		}
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		if got := len(loaded(t, s).Records); got != 1003 {
			t.Errorf("%d records", got)
		}
	})
}

func TestAuditFindsRecords(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), keeping("k1", oneOfEach()...))
		must(t, err)
		book := filters.NewBook()
		book.Reset(loaded(t, s))
		_, err = s.Commit(t.Context(), keeping("k2", window("later"))) // the journal explains this one
		must(t, err)
		found, err := s.Audit(t.Context(), book)
		if err != nil || len(found) > 0 {
			t.Errorf("%v %v", found, err)
		}
		must(t, s.redis.client.HDel(t.Context(), s.keys.prefix+"windows", "kernel-tue").Err())
		must(t, s.redis.client.HSet(t.Context(), s.keys.prefix+"runs", "r1", "1 5 0 - -\n"+`{"shelf":"runs","name":"r1","body":{}}`).Err())
		found, err = s.Audit(t.Context(), book)
		must(t, err)
		want := []string{"windows `kernel-tue` is in memory and not in Redis", "runs `r1` is another in Redis than in memory"}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzRecord: what is taken is read back as it was, on its own shelf.
func FuzzRecord(f *testing.F) {
	f.Add("windows", "kernel-tue", `{"schema":1}`)
	f.Add("run-agents", "r1 S1", "[1,\n2]")
	f.Add("runs", "\xff", "null")
	f.Add("filters", "a filter user:U1", "{}")
	f.Fuzz(func(t *testing.T, shelf, name, body string) {
		commit := keeping("k", filters.Record{Shelf: filters.Shelf(shelf), Name: name, Body: json.RawMessage(body)})
		c, err := compose(&commit)
		if err != nil {
			return
		}
		read := snapshot{shelves: map[filters.Shelf]map[string]string{
			filters.Shelf(shelf): {c.records[0].field: "1 1 0 - -\n" + c.records[0].json},
		}}
		state, bad := read.decode()
		if len(bad) > 0 || len(state.Records) != 1 || state.Records[0].Name != name || !json.Valid(state.Records[0].Body) {
			t.Errorf("%q %q %q: %+v %+v", shelf, name, body, state.Records, bad)
		}
	})
}
