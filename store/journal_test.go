package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// fill writes so many entries, on three agents in turn.
func fill(t testing.TB, s *Store, entries int) {
	t.Helper()
	for from := 0; from < entries; from += 100 {
		var commit filters.Commit
		for i := from; i < min(entries, from+100); i++ {
			commit.Events = append(commit.Events, filters.Event{
				Kind: filters.KindForeign, Agent: filters.AgentID(agentID(i % 3)), Subject: fmt.Sprint("s", i%2), Reason: fmt.Sprint(i),
			})
		}
		_, err := s.Commit(t.Context(), commit)
		must(t, err)
	}
}

func TestHistory(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		fill(t, s, 1203)
		reasons := func(query filters.HistoryQuery) (found []string, last string) {
			t.Helper()
			events, err := s.History(t.Context(), query)
			must(t, err)
			for _, event := range events {
				found, last = append(found, event.Reason), event.ID
			}
			return found, last
		}
		newest, last := reasons(filters.HistoryQuery{Most: 3})
		older, _ := reasons(filters.HistoryQuery{Most: 2, Before: last})
		if diff := cmp.Diff([]string{"1202", "1201", "1200", "1199", "1198"}, append(newest, older...)); diff != "" {
			t.Error(diff)
		}
		one, _ := reasons(filters.HistoryQuery{Agents: []filters.AgentID{filters.AgentID(agentID(1))}, Subject: "s0", Most: 2})
		if diff := cmp.Diff([]string{"1198", "1192"}, one); diff != "" {
			t.Error(diff)
		}
		all, _ := reasons(filters.HistoryQuery{Agents: []filters.AgentID{filters.AgentID(agentID(0)), filters.AgentID(agentID(2))}, Most: 5000})
		if len(all) != 802 {
			t.Errorf("%d entries of two agents", len(all))
		}
		if usual, _ := reasons(filters.HistoryQuery{}); len(usual) != historyUsual {
			t.Errorf("%d entries by default", len(usual))
		}
		if none, _ := reasons(filters.HistoryQuery{Subject: "nobody's"}); none != nil {
			t.Errorf("%v", none)
		}
	})
}

// Words about approvals are told apart by their outcome, and found by the hosts of their plans.
func TestHistoryOfApprovals(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		for _, outcome := range []filters.ApprovalState{filters.ApprovalOpen, filters.ApprovalDenied} {
			told := filters.ToldOf(&filters.Approval{ID: "a-" + string(outcome), State: outcome, Plan: filters.Plan{Steps: []filters.Step{{Agent: "S1", Hostname: "web-1"}}}})
			commit := filters.Commit{}
			commit.PutRecord(told.Record, told.Event)
			_, err := s.Commit(t.Context(), commit)
			must(t, err)
		}
		for _, test := range []struct {
			query filters.HistoryQuery
			want  int
		}{
			{filters.HistoryQuery{Kinds: []filters.Kind{filters.KindApproval}}, 2},
			{filters.HistoryQuery{Kinds: []filters.Kind{filters.KindApproval}, Outcomes: []string{"denied"}}, 1},
			{filters.HistoryQuery{Kinds: []filters.Kind{filters.KindApproval}, Outcomes: []string{"granted"}}, 0},
			{filters.HistoryQuery{Hosts: []string{"web-1"}}, 2},
			{filters.HistoryQuery{Hosts: []string{"web-2"}}, 0},
		} {
			events, err := s.History(t.Context(), test.query)
			must(t, err)
			if len(events) != test.want {
				t.Errorf("%+v found %d, want %d", test.query, len(events), test.want)
			}
		}
	})
}

func TestFollowAndWait(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		fill(t, s, 700)
		ctx, cancel := context.WithCancel(t.Context())
		events, ended := make(chan filters.Event, 2000), make(chan error, 1)
		go func() {
			ended <- s.Follow(ctx, "", func(read []filters.Event) {
				for _, event := range read {
					events <- event
				}
			})
		}()
		last := ""
		for i := range 700 {
			event := <-events
			if event.Reason != fmt.Sprint(i) {
				t.Fatalf("entry %d says %s", i, event.Reason)
			}
			last = event.ID
		}
		waited := make(chan error, 1)
		go func() { waited <- s.Wait(ctx, last) }()
		fill(t, s, 1)
		must(t, <-waited)
		<-events
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Follow ended with %v", err)
		}
		if err := s.Wait(ctx, last); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait ended with %v", err)
		}
	})
}

func TestFollowGoesOnAfterARestart(t *testing.T) {
	server := newServer(t)
	s := open(t, server)
	events := make(chan filters.Event, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, "", func(read []filters.Event) {
			for _, event := range read {
				events <- event
			}
		})
	}()
	fill(t, s, 1)
	<-events
	server.restart()
	_, err := s.Commit(within(t, 5), placing("k1", placed(1, "user:U1")))
	must(t, err)
	if event := <-events; event.Kind != filters.KindFilter {
		t.Errorf("%+v", event)
	}
	cancel()
	<-ended
}

func TestFollowInABubble(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(string) *Store, _ *miniredis.Miniredis) {
		s := open("one")
		ctx, cancel := context.WithCancel(t.Context())
		events, ended := make(chan filters.Event, 1), make(chan error, 1)
		go func() {
			ended <- s.Follow(ctx, "", func(read []filters.Event) { events <- read[0] })
		}()
		time.Sleep(time.Hour) // 720 blocking reads
		fill(t, s, 1)
		if event := <-events; !event.At.Equal(time.Now().Truncate(time.Millisecond)) {
			t.Errorf("written at %v, now is %v", event.At, time.Now())
		}
		cancel()
		<-ended
	})
}

func TestFollowTellsOfARewoundJournal(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(string) *Store, server *miniredis.Miniredis) {
		s := open("one")
		fill(t, s, 2)
		ended := make(chan error, 1)
		go func() { ended <- s.Follow(t.Context(), "", func([]filters.Event) {}) }()
		time.Sleep(time.Minute)
		server.FlushAll()
		if err := <-ended; !errors.Is(err, ErrRewound) {
			t.Errorf("%v", err)
		}
	})
}

// A journal that was put back to an older one, and written to since, does not end before what was read: it lacks it.
func TestFollowTellsOfAJournalThatGoesOnElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		fill(t, s, 2)
		events, err := s.History(t.Context(), filters.HistoryQuery{})
		must(t, err)
		lost := events[1].ID + "7" // between the two entries, or after both
		for _, after := range []string{events[1].ID, events[0].ID} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if err := s.Follow(ctx, after, func([]filters.Event) {}); errors.Is(err, ErrRewound) {
				t.Errorf("%s is there: %v", after, err)
			}
			cancel()
		}
		if err := s.Follow(within(t, 5), lost, func([]filters.Event) {}); !errors.Is(err, ErrRewound) {
			t.Errorf("%s is not there: %v", lost, err)
		}
	})
}

func TestEntryThatDoesNotDecode(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		fill(t, s, 1)
		must(t, s.redis.client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.journal, Values: []string{
			"version", "1", "at", "1", "term", "0", "kind", "filter", "record", "{",
		}}).Err())
		err := s.Follow(t.Context(), "", func([]filters.Event) {})
		if !errors.Is(err, ErrUnreadable) {
			t.Errorf("Follow: %v", err)
		}
		fill(t, s, 1)
		events, err := s.History(t.Context(), filters.HistoryQuery{})
		if err != nil || len(events) != 3 || events[1].Kind != filters.KindFilter {
			t.Errorf("History: %+v %v", events, err)
		}
		state := loaded(t, s) // from here on a reader can go on
		if _, err := s.After(t.Context(), state.Position, 1); err != nil {
			t.Error(err)
		}
	})
}

func TestNotices(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term, notices := led(t, s), s.Notices("poster")
		cursor, kept, err := notices.Load(t.Context())
		if cursor != "" || len(kept) > 0 || err != nil {
			t.Errorf("at first: %q %v %v", cursor, kept, err)
		}
		text := map[string]json.RawMessage{"s1": json.RawMessage(`{"ref":"1.2"}`), "s2": json.RawMessage(`[]`)}
		must(t, notices.Save(t.Context(), term, "5-1", text, nil))
		must(t, notices.Save(t.Context(), term, "", map[string]json.RawMessage{"s1": json.RawMessage(`{"ref":"3.4"}`)}, []string{"s2", "s3"}))
		cursor, kept, err = notices.Load(t.Context())
		must(t, err)
		if diff := cmp.Diff(map[string]json.RawMessage{"s1": json.RawMessage(`{"ref":"3.4"}`)}, kept); diff != "" || cursor != "5-1" {
			t.Error(cursor, diff)
		}
		if err := notices.Save(t.Context(), term+1, "6-1", text, nil); !errors.Is(err, ErrStale) {
			t.Errorf("another term: %v", err)
		}
		must(t, s.SaveCursor(t.Context(), term, "file", "7-0"))
		if cursor, err := s.Cursor(t.Context(), "file"); cursor != "7-0" || err != nil {
			t.Errorf("%q %v", cursor, err)
		}
		if cursor, err := s.Cursor(t.Context(), "url"); cursor != "" || err != nil {
			t.Errorf("%q %v", cursor, err)
		}
	})
}

// What happened on a host under an agent ID that it has no more belongs to its history.
func TestHistoryOfAHost(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), filters.Commit{Events: []filters.Event{
			{Kind: filters.KindForeign, Agent: "old-S1", Host: "web-1", Reason: "before"},
			{Kind: filters.KindForeign, Agent: "S2", Host: "web-10", Reason: "another host"},
			{Kind: filters.KindForeign, Agent: "new-S1", Host: "web-1", Reason: "after"},
		}})
		must(t, err)
		events, err := s.History(t.Context(), filters.HistoryQuery{Agents: []filters.AgentID{"new-S1"}, Hosts: []string{"web-1"}})
		must(t, err)
		if len(events) != 2 || events[0].Reason != "after" || events[1].Reason != "before" {
			t.Errorf("%+v", events)
		}
	})
}

func TestHistorySelects(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		drain := placed(1, "user:U1")
		drain.Mode = filters.ModeDrain
		for key, filter := range map[string]filters.Filter{"k1": placed(2, "user:U1"), "k2": drain} {
			_, err := s.Commit(t.Context(), placing(key, filter))
			must(t, err)
		}
		_, err := s.Commit(t.Context(), filters.Commit{Message: "C1/17.5", Events: []filters.Event{
			{Kind: filters.KindRefused, Actor: "user:U2", Verb: filters.VerbDrain, Reason: "no"},
			{Kind: filters.KindRefused, Actor: "user:U2", Verb: filters.VerbFilter, Reason: "no"},
			{Kind: filters.KindOpen, Actor: "window:nightly/2026-09-01T00:00:00Z"},
			{Kind: filters.KindOpen, Actor: "window:nightly-two/2026-09-01T00:00:00Z"},
		}})
		must(t, err)
		all, err := s.History(t.Context(), filters.HistoryQuery{})
		if err != nil || len(all) != 6 || all[3].Verb != filters.VerbDrain || all[3].Message != "C1/17.5" {
			t.Fatalf("%d %v: %+v", len(all), err, all)
		}
		hour := time.Hour
		for name, c := range map[string]struct {
			query filters.HistoryQuery
			want  int
		}{
			"by a person":            {filters.HistoryQuery{By: "user:U2"}, 2},
			"by a window":            {filters.HistoryQuery{By: "window:nightly"}, 1},
			"by nobody":              {filters.HistoryQuery{By: "user:U"}, 0},
			"of a kind":              {filters.HistoryQuery{Kinds: []filters.Kind{filters.KindRefused}}, 2},
			"of a verb":              {filters.HistoryQuery{Verb: filters.VerbFilter, Kinds: []filters.Kind{filters.KindFilter}}, 3},
			"of drains":              {filters.HistoryQuery{Verb: filters.VerbDrain, Kinds: []filters.Kind{filters.KindDraining}}, 2},
			"since an hour":          {filters.HistoryQuery{Since: s.Now().Add(-hour)}, 6},
			"since in an hour":       {filters.HistoryQuery{Since: s.Now().Add(hour)}, 0},
			"until an hour ago":      {filters.HistoryQuery{Until: s.Now().Add(-hour)}, 0},
			"until, before an entry": {filters.HistoryQuery{Until: s.Now().Add(hour), Before: all[2].ID}, 3},
		} {
			found, err := s.History(t.Context(), c.query)
			if err != nil || len(found) != c.want {
				t.Errorf("%s: %d found, want %d, %v", name, len(found), c.want, err)
			}
		}
	})
}
