package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/reconcile"
)

func TestNothingIsGivenBackWhileAClusterSettles(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.failover(4 * time.Minute)
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		ok(t, w.filter("UBOB", 0, "web-2"))
		wait(3 * time.Minute)
		if !w.withheld(0) || w.loop.Held() == "" {
			t.Errorf("given back while agents are away; held: %q", w.loop.Held())
		}
		if !w.withheld(2) {
			t.Error("withholding waited")
		}
		wait(2 * time.Minute)
		if w.withheld(0) || w.loop.Held() != "" {
			t.Errorf("not given back when all are here again; held: %q", w.loop.Held())
		}
		failover, settled := w.kinds(filters.KindFailover), w.kinds(filters.KindSettled)
		if len(failover) != 1 || len(settled) != 1 || failover[0].Subject != settled[0].Subject || failover[0].Subject == "" || failover[0].Master != "master-1:5050" {
			t.Errorf("%v %v", failover, settled)
		}
		if len(w.kinds(filters.KindRestart)) != 0 {
			t.Error("a failover is not a restart of each agent")
		}
	})
}

// One agent that is known and has not come back is enough to wait for, however large the cluster.
func TestASettlingClusterIsWaitedForToTheLastAgent(t *testing.T) {
	in(t, agents(20), func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.failover(0)
		w.edit(true, func() { w.agent(1).back = time.Now().Add(4 * time.Minute) })
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(3 * time.Minute)
		if !w.withheld(0) {
			t.Error("given back while an agent is away")
		}
		wait(2 * time.Minute)
		if w.withheld(0) {
			t.Error("not given back when all are here again")
		}
	})
}

func TestAFleetThatStaysSmallerIsAskedAbout(t *testing.T) {
	in(t, agents(20), func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.failover(24 * time.Hour)
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(14 * time.Minute)
		if len(w.service.Questions()) != 0 || !w.withheld(0) {
			t.Fatal("asked, or given back, in less than 15 minutes")
		}
		wait(2 * time.Minute)
		questions := w.service.Questions()
		if len(questions) != 1 || questions[0].Kind != filters.QuestionShrunk || !w.withheld(0) {
			t.Fatalf("asked %+v, withheld %v", questions, w.withheld(0))
		}
		w.answerAll(true)
		wait(time.Minute)
		if w.withheld(0) || len(w.questions) != 0 {
			t.Errorf("after yes: withheld %v, questions %v", w.withheld(0), w.questions)
		}
	})
}

func TestANewLeaderWaitsForTheCallsOfTheOld(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Second)
		w.crash(0)
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		ok(t, w.filter("UBOB", 0, "web-1"))
		died := time.Now().Add(-time.Second)
		for w.withheld(0) {
			wait(100 * time.Millisecond)
			if !w.withheld(1) && time.Since(died) > 16*time.Second {
				t.Fatal("withholding waits too")
			}
		}
		if waited := time.Since(died); waited < 15*time.Second+callTimeout {
			t.Errorf("given back %v after the leader died: its lease and its calls last %v", waited, 15*time.Second+callTimeout)
		}
	})
}

func TestARefusalIsToldOnceAndTriedAgain(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.edit(false, func() {
			for range 20 {
				w.fates = append(w.fates, refused)
			}
		})
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Hour)
		if got, want := w.say(0, story...), "filter recorded, taking, took failed"; got != want {
			t.Errorf("the journal says %s, want %s", got, want)
		}
		if w.state(filters.KindFilter) != filters.StateFailed || w.kinds(filters.KindTook)[0].Reason == "" {
			t.Error("the refusal is not told")
		}
		tries := 20 - len(w.fates)
		if tries < 8 || tries > 16 {
			t.Errorf("tried %d times in an hour", tries)
		}
		w.edit(false, func() { w.fates = nil })
		wait(6 * time.Minute)
		if !w.withheld(0) {
			t.Error("not tried again")
		}
	})
}

func TestAMasterThatIsAwayLosesNothing(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.edit(false, func() { w.cluster.downUntil = time.Now().Add(24 * time.Hour) })
		for i := range 6 {
			ok(t, w.filter("UALICE", 0, fmt.Sprintf("web-%d", i)))
		}
		wait(time.Hour)
		if n := len(w.events); n > 12 {
			t.Errorf("%d entries in the journal while the master is away", n)
		}
		w.edit(true, func() { w.cluster.downUntil = time.Time{} })
		wait(time.Second)
		if w.withheldCount() != 6 {
			t.Errorf("%d of 6 withheld a second after the master is back", w.withheldCount())
		}
	})
}

func TestRedisAway(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Minute, "web-0"))
		wait(59 * time.Second)
		w.stopRedis(30 * time.Second)
		wait(30 * time.Second)
		if !w.withheld(0) {
			t.Error("given back without an intent in the ledger")
		}
		wait(10 * time.Second)
		if w.withheld(0) {
			t.Error("not given back 10 s after Redis is back")
		}
	})
}

func TestManyAreNotReadOneByOne(t *testing.T) {
	in(t, agents(500), func(t *testing.T, w *world) {
		for i := range 8 {
			ok(t, w.filter("UALICE", 0, fmt.Sprintf("web-%d?", i+10), fmt.Sprintf("web-%d", i)))
		}
		wait(5 * time.Second)
		if w.withheldCount() != 88 {
			t.Fatalf("%d of 88 withheld after 5 s", w.withheldCount())
		}
		if w.crowd > 32 {
			t.Errorf("%d calls at once", w.crowd)
		}
		wait(time.Minute)
		for key, filter := range w.filters {
			if filter.State != filters.StateVerified {
				t.Fatalf("%s is %s after two readings", key, filter.State)
			}
		}
		if w.lookers > 32 {
			t.Errorf("%d single readings at a time", w.lookers)
		}
		if w.ones > 3*88 || w.reads > 5 {
			t.Errorf("%d single readings, %d complete ones", w.ones, w.reads)
		}
	})
}

func TestTheModuleIsCalledInTurn(t *testing.T) {
	in(t, func(w *world) { w.backend = filters.BackendAllocator }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0", "web-1", "web-2", "web-3"))
		wait(time.Minute)
		if w.crowd != 1 || w.withheldCount() != 4 {
			t.Errorf("%d calls at once, %d agents withheld", w.crowd, w.withheldCount())
		}
		w.restart(0, true)
		wait(31 * time.Second)
		if !w.withheld(0) || len(w.kinds(filters.KindLost)) != 1 {
			t.Error("the filter that the module forgot is not posted again")
		}
	})
}

func TestManyEndsAtOnceAreAskedAbout(t *testing.T) {
	in(t, agents(60), func(t *testing.T, w *world) {
		until := w.Now().Add(time.Hour)
		for i := range 12 {
			request := w.request("UALICE", fmt.Sprintf("web-%d", i))
			request.Until = until
			_, err := w.service.Filter(bg, request)
			ok(t, err)
		}
		wait(2 * time.Hour)
		questions := w.service.Questions()
		if w.withheldCount() != 12 || len(questions) != 1 || questions[0].Kind != filters.QuestionGiveBack || len(questions[0].Agents) != 12 {
			t.Fatalf("%d withheld, asked %+v", w.withheldCount(), questions)
		}
		w.answerAll(true)
		wait(time.Minute)
		if w.withheldCount() != 0 || len(w.questions) != 0 {
			t.Errorf("after yes: %d withheld, questions %v", w.withheldCount(), w.questions)
		}
	})
}

func TestObserve(t *testing.T) {
	in(t, func(w *world) { w.observe = true }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Hour, "web-0"))
		wait(30 * time.Minute)
		taking := w.kinds(filters.KindTaking)
		if len(w.calls) != 0 || len(w.ledger) != 0 || len(taking) != 1 || taking[0].Cause != filters.CauseObserved || taking[0].Ledger != nil {
			t.Errorf("calls %v, ledger %v, told %+v", w.calls, w.ledger, taking)
		}
		wait(time.Hour)
		if len(w.filters) != 0 {
			t.Errorf("expiry stands still: %v", w.filters)
		}
	})
}

func TestObservingKillsNothing(t *testing.T) {
	in(t, func(w *world) { w.observe = true }, func(t *testing.T, w *world) {
		ok(t, w.drain("run:r-1", filters.Drain{}, 0))
		ok(t, w.drain("run:r-2", filters.Drain{Gone: true}, 1))
		wait(5 * time.Minute)
		var told []string
		for _, event := range w.kinds(filters.KindDraining, filters.KindTaking) {
			told = append(told, event.Reason)
		}
		if slices.Sort(told); len(w.calls) != 0 || strings.Join(told, "; ") != "observing only: I would drain it; observing only: I would mark it gone for ever" {
			t.Errorf("calls %v, told %q", w.calls, told)
		}
	})
}

func TestAHostThatCameBackUnderANewIDKeepsItsFilter(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute + 10*time.Second) // in the middle of two readings
		id := w.loseWorkDir(0)
		wait(spacing + time.Second) // the reading that shows it, and one that proves it, at once
		if !w.machines[id].Deactivated {
			t.Error("the host takes tasks under its new ID")
		}
		wait(2 * time.Minute)
		entry := w.entry(id)
		if entry == nil || entry.State != filters.StateVerified || w.entry("aaaa-S0") != nil {
			t.Fatalf("the ledger says %+v and %+v", entry, w.entry("aaaa-S0"))
		}
		if len(w.kinds(filters.KindMissing)) != 1 || len(w.kinds(filters.KindMove)) == 0 {
			t.Error("the journal does not tell of it")
		}
		filter := w.service.Filters()[0]
		if filter.Agent != id || filter.ID != w.events[0].Filter.ID || filter.Owner != "user:UALICE" {
			t.Errorf("the filter is %+v", filter)
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(time.Second)
		if len(w.filters)+len(w.ledger) != 0 || w.machines[id].Deactivated {
			t.Errorf("left over: %v %v", w.filters, w.ledger)
		}
	})
}

func TestAFilterWithoutAnEndIsBroughtToMindDaily(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(24*time.Hour - time.Minute)
		if n := len(w.kinds(filters.KindNag)); n != 0 {
			t.Errorf("%d reminders in the first day", n)
		}
		wait(2*24*time.Hour + 2*time.Minute)
		if n := len(w.kinds(filters.KindNag)); n != 3 {
			t.Errorf("%d reminders in three days", n)
		}
		if !w.withheld(0) {
			t.Error("given back by a reminder")
		}
	})
}

func TestALockHoldsAndWhatItHeldIsAskedAbout(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Minute, "web-0"))
		wait(time.Second)
		w.setLock(true)
		ok(t, w.filter("UBOB", 0, "web-1"))
		wait(time.Hour)
		if !w.withheld(0) || !w.withheld(1) {
			t.Errorf("locked: web-0 withheld %v, web-1 withheld %v", w.withheld(0), w.withheld(1))
		}
		w.setLock(false)
		wait(time.Hour)
		if !w.withheld(0) || len(w.service.Questions()) != 1 {
			t.Errorf("unlocked, not answered: withheld %v, asked %v", w.withheld(0), w.service.Questions())
		}
		w.answerAll(true)
		wait(time.Minute)
		if w.withheld(0) || len(w.questions) != 0 {
			t.Errorf("answered: withheld %v, questions %v", w.withheld(0), w.questions)
		}
	})
}

func TestAStaleLeaderCannotWriteAndSendsNothing(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.acquire() // another replica leads now, and this one does not know yet
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		if len(w.calls) != 0 || len(w.ledger) != 0 {
			t.Errorf("a stale leader called %v and wrote %v", w.calls, w.ledger)
		}
	})
}

func TestTheViewIsPublishedAndMetersTell(t *testing.T) {
	var passes, calls, drifts, lags atomic.Int64
	in(t, func(w *world) {
		w.meter = reconcile.Meter{
			Pass:  func(time.Duration, int) { passes.Add(1) },
			Lag:   func(d time.Duration) { lags.Add(int64(d)) },
			Drift: func(filters.Kind) { drifts.Add(1) },
			Call:  func(verb string, code filters.Code, _ time.Duration) { calls.Add(1) },
		}
	}, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Minute)
		w.restart(0, false)
		wait(10 * time.Minute)
		w.memory.mutex.Lock()
		published := w.published
		w.memory.mutex.Unlock()
		if passes.Load() == 0 || calls.Load() == 0 || drifts.Load() != 1 || lags.Load() == 0 || published < 10 {
			t.Errorf("%d passes, %d calls, %d drifts, lags of %d ns, published %d times", passes.Load(), calls.Load(), drifts.Load(), lags.Load(), published)
		}
	})
}

// Followers learn at once that giving back waits, and that it does no more: they say so in their answers.
func TestFollowersAreToldWhatIsHeld(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		wait(time.Minute)
		w.failover(10 * time.Second)
		said := map[string]bool{}
		for range 60 {
			wait(time.Second)
			w.memory.mutex.Lock()
			held, told := w.loop.Held(), w.told
			w.memory.mutex.Unlock()
			if told != held {
				t.Errorf("followers are told %q, and the leader says %q", told, held)
			}
			said[held] = true
		}
		if len(said) < 2 || !said[""] {
			t.Errorf("giving back was held because %v", said)
		}
	})
}

// A leader that slept past its lease makes no call, though nobody has told it yet that it leads no more.
func TestNoCallIsMadePastTheLease(t *testing.T) {
	var left atomic.Int64
	in(t, func(w *world) { w.left = func() time.Duration { return time.Duration(left.Load()) } }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(20 * time.Second)
		if w.takes != 0 || w.withheld(0) {
			t.Errorf("%d calls past the lease", w.takes)
		}
		left.Store(int64(10 * time.Second))
		wait(time.Minute)
		if !w.withheld(0) {
			t.Error("not withheld by a leader whose lease lasts")
		}
	})
}

func TestTheLoopRests(t *testing.T) {
	var passes atomic.Int64
	in(t, func(w *world) { w.meter.Pass = func(time.Duration, int) { passes.Add(1) } }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0", "web-1"))
		wait(time.Minute)
		before := passes.Load()
		wait(time.Hour)
		if n := passes.Load() - before; n > 3*120 {
			t.Errorf("%d passes in an hour in which nothing happened", n)
		}
	})
}

func TestOneRecordThatCannotBeWrittenHoldsNothingElseUp(t *testing.T) {
	in(t, func(w *world) { w.poisoned = "aaaa-S0" }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 5*time.Minute, "web-0", "web-1", "web-2"))
		wait(time.Minute)
		if w.withheld(0) || !w.withheld(1) || !w.withheld(2) {
			t.Errorf("withheld: %v, %v, %v", w.withheld(0), w.withheld(1), w.withheld(2))
		}
		wait(5 * time.Minute)
		if w.withheld(1) || w.withheld(2) {
			t.Error("the others are not given back")
		}
	})
}

// The leader's book is behind: it does not know of bob's filter yet when it decides to give back.
func TestAFilterThatTheLeaderDoesNotKnowYetStopsGivingBack(t *testing.T) {
	in(t, func(w *world) { w.behind = 50 * time.Millisecond }, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Second)
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(45 * time.Millisecond)
		ok(t, w.filter("UBOB", 0, "web-0"))
		wait(time.Second)
		if w.callsOf("give") != 0 || !w.withheld(0) {
			t.Errorf("given back while bob's filter stands: %v", w.calls)
		}
		if w.state(filters.KindRelease) != filters.StateVerified || w.state(filters.KindFilter) != filters.StateVerified {
			t.Errorf("alice's release is %s, bob's filter %s", w.state(filters.KindRelease), w.state(filters.KindFilter))
		}
	})
}

func TestAStoreThatDoubtsItselfHoldsNothingElseUp(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", time.Minute, "web-0"))
		wait(time.Second)
		w.edit(false, func() { w.doubts = true })
		wait(2 * time.Minute)
		ok(t, w.filter("UBOB", 0, "web-1"))
		wait(time.Second)
		if !w.withheld(0) || !w.withheld(1) || w.loop.Held() == "" {
			t.Errorf("doubting: web-0 withheld %v, web-1 withheld %v, held %q", w.withheld(0), w.withheld(1), w.loop.Held())
		}
		w.edit(false, func() { w.doubts = false })
		wait(6 * time.Second)
		if w.withheld(0) {
			t.Error("not given back when the doubt is over")
		}
	})
}
