package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

var bg = context.Background()

// in runs the test in a bubble, with a world of six agents unless prepare makes it another.
func in(t *testing.T, prepare func(*world), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(6)
		if prepare != nil {
			prepare(w)
		}
		w.start()
		defer w.close()
		wait(time.Second)
		test(t, w)
		for _, fault := range w.faults {
			t.Error(fault)
		}
	})
}

func agents(n int) func(*world) {
	return func(w *world) {
		w.cluster = newCluster(n)
		w.judge = w.judgeGive
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settled returns how far the operation of the newest entry of the kind has come.
func (w *world) state(kind filters.Kind) filters.ChangeState {
	events := w.kinds(kind)
	if len(events) == 0 {
		return ""
	}
	w.memory.mutex.Lock()
	defer w.memory.mutex.Unlock()
	return w.progress[events[len(events)-1].Operation].State()
}

// say renders the journal of an agent from an entry on: `kind outcome`.
func (w *world) say(i int, kinds ...filters.Kind) string {
	var lines []string
	for _, event := range w.kinds(kinds...) {
		if event.Agent == w.agent(i).ID {
			lines = append(lines, strings.TrimSpace(string(event.Kind)+" "+event.Outcome))
		}
	}
	return strings.Join(lines, ", ")
}

func (w *world) withheldCount() int {
	n := 0
	w.edit(false, func() {
		for _, m := range w.machines {
			if m.Withheld(w.backend) {
				n++
			}
		}
	})
	return n
}

var story = []filters.Kind{filters.KindFilter, filters.KindTaking, filters.KindTook, filters.KindRelease, filters.KindExpire, filters.KindReleasing, filters.KindGave,
	filters.KindLost, filters.KindForeign, filters.KindUnforeign, filters.KindRestart, filters.KindMissing, filters.KindContested}

func TestFilterAndUnfilter(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 2*time.Hour, "web-0"))
		wait(20 * time.Millisecond)
		if !w.withheld(0) || w.state(filters.KindFilter) != filters.StateVerified {
			t.Errorf("20 ms after the command: withheld %v, %s", w.withheld(0), w.state(filters.KindFilter))
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(20 * time.Millisecond)
		if w.withheld(0) || w.state(filters.KindRelease) != filters.StateVerified {
			t.Errorf("20 ms after the release: withheld %v, %s", w.withheld(0), w.state(filters.KindRelease))
		}
		if len(w.filters) != 0 || len(w.ledger) != 0 {
			t.Errorf("left over: %v %v", w.filters, w.ledger)
		}
		want := "filter recorded, taking, took accepted, took verified, release recorded, releasing, gave accepted, gave verified"
		if got := w.say(0, story...); got != want {
			t.Errorf("the journal says\n%s, want\n%s", got, want)
		}
	})
}

func TestACommandReachesTheMasterInMilliseconds(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		wait(17 * time.Second) // in the middle of nothing
		begun := time.Now()
		ok(t, w.filter("UALICE", time.Hour, "web-3"))
		for w.callsOf("take") == 0 {
			wait(100 * time.Microsecond)
		}
		if took := time.Since(begun); took > 6*latency {
			t.Errorf("the master was called %v after the command, with a store and a journal of %v each", took, latency)
		}
	})
}

func TestEveryEntryOfTheLeaderSaysWho(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Minute, "web-0"))
		wait(2 * time.Minute)
		for _, event := range w.events {
			if event.Term == 0 {
				continue
			}
			if event.Actor != "bot:replica-1" || event.Term != 1 || event.Cause == "" || event.Operation == "" || event.Subject == "" || event.Host != "web-0" && event.Filter == nil {
				t.Errorf("incomplete: %+v", event)
			}
		}
	})
}

func TestTheLastOfTwoFiltersGivesBack(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Hour, "web-0"))
		ok(t, w.filter("UBOB", 2*time.Hour, "web-0"))
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(time.Second)
		if !w.withheld(0) || w.state(filters.KindRelease) != filters.StateVerified || w.callsOf("give") != 0 {
			t.Errorf("bob's filter stands: withheld %v, release %s", w.withheld(0), w.state(filters.KindRelease))
		}
		wait(2 * time.Hour)
		if w.withheld(0) || w.callsOf("take") != 1 || w.callsOf("give") != 1 {
			t.Errorf("withheld %v after %v", w.withheld(0), w.calls)
		}
	})
}

func TestExpiry(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 2*time.Hour, "web-0"))
		wait(2*time.Hour - time.Second)
		if !w.withheld(0) {
			t.Error("given back before its end")
		}
		wait(time.Second + 50*time.Millisecond)
		if w.withheld(0) {
			t.Error("not given back at its end")
		}
		expire := w.kinds(filters.KindExpire)[0]
		if expire.Request != expire.Filter.ID || expire.Cause != filters.CauseExpiry || expire.Filter.EndCause != filters.CauseExpiry || expire.Subject != w.events[0].Subject {
			t.Errorf("the entry says %+v", expire)
		}
		if _, kept := w.receipts[expire.Filter.ID]; !kept {
			t.Error("another leader could end the filter again: its ID is no request key")
		}
	})
}

func TestARestartThatLosesTheFilterIsRepairedAtOnce(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Hour + 7*time.Second)
		w.restart(0, false)
		wait(1100 * time.Millisecond)
		if !w.withheld(0) {
			t.Error("not withheld again a second after the agent came back")
		}
		wait(time.Second)
		lost := w.kinds(filters.KindLost)
		if len(lost) != 1 || lost[0].Subject == w.events[0].Subject || lost[0].Subject == "" || !strings.Contains(lost[0].Reason, "registered again") {
			t.Fatalf("the journal says %+v", lost)
		}
		if w.state(filters.KindLost) != filters.StateVerified {
			t.Errorf("the repair is %s", w.state(filters.KindLost))
		}
		for range 5 { // restarts are a cause that is known: never contested
			w.restart(0, false)
			wait(time.Minute)
		}
		if len(w.kinds(filters.KindContested)) != 0 || !w.withheld(0) {
			t.Error("contested, although each loss had its restart")
		}
	})
}

func TestARestartThatKeepsIt(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.restart(0, true)
		wait(2 * time.Minute)
		restarts := w.kinds(filters.KindRestart)
		if len(restarts) != 1 || restarts[0].Subject != w.events[0].Subject || w.callsOf("take") != 1 {
			t.Errorf("%v; calls %v", restarts, w.calls)
		}
	})
}

func TestContested(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.stranger(0, false)
		wait(31 * time.Second)
		if !w.withheld(0) {
			t.Error("the first loss is not repaired within a period")
		}
		w.stranger(0, false)
		wait(time.Hour)
		questions := w.service.Questions()
		if w.withheld(0) || len(questions) != 1 || questions[0].Kind != filters.QuestionContested || len(w.kinds(filters.KindContested)) != 1 {
			t.Fatalf("withheld %v, asked %+v", w.withheld(0), questions)
		}
		w.answerAll(true)
		wait(time.Second)
		if !w.withheld(0) || len(w.questions) != 0 {
			t.Errorf("after yes: withheld %v, questions %v", w.withheld(0), w.questions)
		}
		w.stranger(0, false)
		wait(time.Minute)
		w.stranger(0, false)
		wait(time.Minute)
		w.answerAll(false)
		wait(time.Hour)
		if w.withheld(0) || len(w.questions) != 0 {
			t.Errorf("after no: withheld %v, questions %v", w.withheld(0), w.questions)
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(time.Minute)
		if len(w.filters)+len(w.ledger) != 0 {
			t.Errorf("left over: %v %v", w.filters, w.ledger)
		}
	})
}

func TestStrangersAreLeftAlone(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.stranger(0, true)
		wait(time.Minute)
		ok(t, w.filter("UALICE", time.Hour, "web-0"))
		wait(time.Second)
		if w.state(filters.KindFilter) != filters.StateVerified {
			t.Errorf("the agent is withheld, and the filter %s", w.state(filters.KindFilter))
		}
		wait(2 * time.Hour)
		if !w.withheld(0) || len(w.calls) != 0 || len(w.filters) != 0 {
			t.Errorf("what somebody else withholds was touched: %v; left %v", w.calls, w.filters)
		}
		if got, want := w.say(0, story...), "foreign, filter recorded, foreign verified, expire recorded, gave verified"; got != want {
			t.Errorf("the journal says %s, want %s", got, want)
		}
	})
}

func TestTheyGiveBackWhileOurFilterStands(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.stranger(0, true)
		wait(time.Minute)
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.stranger(0, false)
		wait(31 * time.Second)
		if !w.withheld(0) || w.entry("aaaa-S0") == nil {
			t.Error("our filter stands, and the agent takes tasks")
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(time.Second)
		if w.withheld(0) {
			t.Error("it was ours to give back")
		}
	})
}

func TestAdopt(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.stranger(0, true)
		wait(time.Minute)
		_, err := w.service.Adopt(bg, w.request("UALICE", "web-0"))
		ok(t, err)
		wait(time.Second)
		entry := w.entry("aaaa-S0")
		if entry == nil || !entry.Adopted || entry.State != filters.StateVerified || w.callsOf("take") != 0 || w.state(filters.KindAdopt) != filters.StateVerified {
			t.Fatalf("the ledger says %+v, calls %v, %s", entry, w.calls, w.state(filters.KindAdopt))
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(time.Second)
		if w.withheld(0) || len(w.ledger) != 0 {
			t.Error("what was adopted is not given back")
		}
	})
}
