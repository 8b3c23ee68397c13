package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

// large is a commit that takes three chunks.
func large(request string) filters.Commit {
	all := make([]filters.Filter, 0, 1002)
	for i := range cap(all) {
		all = append(all, placed(i, "user:U1"))
	}
	return placing(request, all...)
}

// begin writes the first chunks of a commit and stops, as a process does that is killed.
func begin(t *testing.T, s *Store, commit filters.Commit, chunks int) (stage string) {
	t.Helper()
	c, err := compose(&commit)
	must(t, err)
	stage = stageStem(commit.Request)
	for _, part := range c.pieces()[:chunks] {
		part.stage = stage
		answer, err := s.deliver(t.Context(), c, &commit, part)
		must(t, err)
		stage = answer.text(2)
	}
	return stage
}

// seen is what readers of all kinds see.
func seen(t *testing.T, s *Store) map[string]int {
	t.Helper()
	after, history, id := 0, 0, ""
	for {
		events, err := s.After(t.Context(), id, 400)
		must(t, err)
		if len(events) == 0 {
			break
		}
		after += len(events)
		id = events[len(events)-1].ID
	}
	for before := ""; ; {
		events, err := s.History(t.Context(), filters.HistoryQuery{Most: 1000, Before: before})
		must(t, err)
		if len(events) == 0 {
			break
		}
		history += len(events)
		before = events[len(events)-1].ID
	}
	return map[string]int{"filters": len(loaded(t, s).Filters), "after": after, "history": history}
}

func TestLargeCommit(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		receipt, err := s.Commit(t.Context(), large("k1"))
		must(t, err)
		if len(receipt.Events) != 1002 {
			t.Errorf("the receipt has %d events", len(receipt.Events))
		}
		if diff := cmp.Diff(map[string]int{"filters": 1002, "after": 1002, "history": 1002}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
		standing(t, s, 1002, map[string]int{"r0": 334, "r1": 334, "r2": 334})
		again, err := s.Commit(t.Context(), large("k1"))
		must(t, err)
		if !again.Repeated || string(again.Answer) != "answer to k1" {
			t.Errorf("the repeat says %+v", again)
		}
		progress, err := s.Progress(t.Context(), "o1")
		if err != nil || progress.Recorded != 1002 {
			t.Errorf("progress %+v %v", progress, err)
		}
		if left := s.redis.client.HLen(t.Context(), s.keys.staged).Val(); left != 0 {
			t.Errorf("%d stages are left", left)
		}
	})
}

func TestLargeCommitWithoutKey(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), large(""))
		must(t, err)
		if got := len(loaded(t, s).Filters); got != 1002 {
			t.Errorf("%d filters", got)
		}
	})
}

func TestHalfWrittenPlanIsInvisibleUntilRepeated(t *testing.T) {
	for chunks := 1; chunks <= 2; chunks++ {
		t.Run(fmt.Sprint("after chunk ", chunks), func(t *testing.T) {
			onEach(t, func(t *testing.T, b backend) {
				s := open(t, b)
				changed := placed(7, "user:U1")
				changed.ID, changed.Reason = "older", "before"
				_, err := s.Commit(t.Context(), placing("k0", changed))
				must(t, err)
				commit := large("k1")
				commit.Filters[7].Revision, commit.Filters[7].ID = 1, "older"
				before := loaded(t, s)
				begin(t, s, commit, chunks)

				if diff := cmp.Diff(map[string]int{"filters": 1, "after": 1, "history": 1}, seen(t, s)); diff != "" {
					t.Error(diff)
				}
				state := loaded(t, s)
				state.Position = before.Position
				if diff := cmp.Diff(before, state); diff != "" {
					t.Error("the half-written plan shows:", diff)
				}
				if _, done, err := s.Receipt(t.Context(), "k1"); done || err != nil {
					t.Errorf("receipt %v %v", done, err)
				}

				_, err = open(t, b).Commit(t.Context(), commit) // another replica gets the repeated delivery
				must(t, err)
				if diff := cmp.Diff(map[string]int{"filters": 1002, "after": 1003, "history": 1003}, seen(t, s)); diff != "" {
					t.Error(diff)
				}
				standing(t, s, 1002, map[string]int{"r0": 334, "r1": 334, "r2": 334})
				for _, filter := range loaded(t, s).Filters {
					if filter.Reason == "before" {
						t.Error("the changed filter is the old one")
					}
				}
			})
		})
	}
}

func TestHalfWrittenPlanIsTakenBack(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		ended := placed(7, "user:U1")
		_, err := s.Commit(t.Context(), placing("k0", ended))
		must(t, err)
		commit := large("k1")
		commit.Filters[7].Revision, commit.Filters[7].Ended = 1, epochStart
		stage := begin(t, s, commit, 2)
		before := loaded(t, s)
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Stages != 0 {
			t.Errorf("a plan that is being written: %+v %v", tidied, err)
		}
		age(t, s, stage)
		tidied, err = s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Stages != 1 {
			t.Errorf("a plan of an hour ago: %+v %v", tidied, err)
		}
		if diff := cmp.Diff(before, loaded(t, s)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int{"filters": 1, "after": 1, "history": 1}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
		standing(t, s, 1, map[string]int{"r1": 1})
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		if diff := cmp.Diff(map[string]int{"filters": 1002, "after": 1003, "history": 1003}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

// age makes a stage look an hour older.
func age(t *testing.T, s *Store, stage string) {
	t.Helper()
	m := parseMark(s.redis.client.HGet(t.Context(), s.keys.staged, stage).Val())
	text := fmt.Sprintf("%s %d %s %d %s", m.state, m.chunks, m.first, m.at.Add(-stageLife).UnixMilli(), m.request)
	must(t, s.redis.client.HSet(t.Context(), s.keys.staged, stage, text).Err())
}

func TestPlanThatIsOvertakenIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		begin(t, s, large("k1"), 1)
		_, err := s.Commit(t.Context(), placing("k2", placed(3, "user:U1")))
		must(t, err) // a person's own command does not wait for a plan that may never be finished
		_, err = s.Commit(t.Context(), large("k1"))
		code(t, err, filters.Conflict)
		if diff := cmp.Diff(map[string]int{"filters": 1, "after": 1, "history": 1}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
		standing(t, s, 1, map[string]int{"r0": 1})
		if filter := loaded(t, s).Filters[0]; filter.Revision != 1 || filter.Agent != filters.AgentID(agentID(3)) {
			t.Errorf("left is %+v", filter)
		}
	})
}

// Whoever uses up the request key of a plan that is half written keeps it from coming into force: so a no stops what was approved.
func TestPlanWhoseKeyIsUsedUpHalfWayIsNotInForce(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		stage := begin(t, s, large("k1"), 1)
		no := placing("k1", placed(5000, "user:U1"))
		no.Answer = []byte("denied")
		_, err := s.Commit(t.Context(), no)
		must(t, err)
		receipt, err := s.Commit(t.Context(), large("k1"))
		must(t, err)
		if !receipt.Repeated || string(receipt.Answer) != "denied" {
			t.Errorf("the plan is told %+v", receipt)
		}
		if diff := cmp.Diff(map[string]int{"filters": 1, "after": 1, "history": 1}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
		age(t, s, stage)
		tidied, err := s.Tidy(t.Context(), led(t, s), time.Hour)
		if err != nil || tidied.Stages != 1 {
			t.Errorf("the half of it: %+v %v", tidied, err)
		}
		standing(t, s, 1, map[string]int{"r2": 1})
	})
}

func TestPlanThatIsRefusedHalfWayLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		commit := large("k")
		commit.Limits = &filters.Limits{Cluster: 1001}
		_, err := s.Commit(t.Context(), commit)
		code(t, err, filters.Limited)
		if diff := cmp.Diff(map[string]int{"filters": 0, "after": 0, "history": 0}, seen(t, s)); diff != "" {
			t.Error(diff)
		}
		standing(t, s, 0, map[string]int{})
		commit.Limits.Cluster = 1002
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		standing(t, s, 1002, map[string]int{"r0": 334, "r1": 334, "r2": 334})
		progress, err := s.Progress(t.Context(), commit.Events[0].Operation)
		must(t, err)
		if progress.Recorded != len(commit.Events) {
			t.Errorf("%d changes are counted, want %d: what was refused half-way counts too", progress.Recorded, len(commit.Events))
		}
	})
}

func TestPlanThatReplacesCountsWhatEndsFirst(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		_, err := s.Commit(t.Context(), large("k1"))
		must(t, err)
		commit := placing("k2")
		for i := range 600 {
			commit.Filters = append(commit.Filters, placed(2000+i, "user:U1"))
		}
		for i := range 600 {
			ended := placed(i, "user:U1")
			ended.Revision, ended.Ended = 1, epochStart
			commit.Filters = append(commit.Filters, ended)
		}
		commit.Limits = &filters.Limits{Cluster: 1002}
		_, err = s.Commit(t.Context(), commit)
		must(t, err)
		total, _, err := s.Standing(t.Context())
		if err != nil || total != 1002 {
			t.Errorf("%d agents, %v", total, err)
		}
	})
}

func TestFollowerSeesALargeCommitAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		begin(t, s, large("k1"), 2)
		// Its book is loaded between the second chunk and the last, so the staged entries are behind its position.
		book := filters.NewBook()
		book.Reset(loaded(t, s))
		if len(book.Filters()) != 0 {
			t.Fatal("the plan shows before its last chunk")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- s.Follow(ctx, book.Position(), func(events []filters.Event) { book.Follow(events...) })
		}()
		turned := book.Turned()
		_, err := s.Commit(t.Context(), large("k1"))
		must(t, err)
		for len(book.Filters()) < 1002 {
			<-turned
			turned = book.Turned()
			if n := len(book.Filters()); n != 0 && n != 1002 {
				t.Errorf("%d of the plan's filters are in force", n)
			}
		}
		cancel()
		<-ended
		differences, err := s.Audit(t.Context(), book)
		if err != nil || len(differences) > 0 {
			t.Errorf("%v %v", differences, err)
		}
	})
}
