package filters

import (
	"context"
	"strings"
	"testing"
	"time"
)

func must(t *testing.T) func(Result, error) Result {
	return func(result Result, err error) Result {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func wantCode(t *testing.T, err error, code Code, words string) {
	t.Helper()
	if CodeOf(err) != code || err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v (%s), want %s with %q", err, CodeOf(err), code, words)
	}
}

func TestFilterIsRecordedWithItsJournalEntry(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	request := asks(alice, "trigger-1", "agent-one")
	request.Until = s.Now().Add(2 * time.Hour)
	result := must(t)(s.Filter(t.Context(), request))
	if len(result.Changed) != 1 || result.State != StateRecorded || result.Operation == "" {
		t.Fatalf("got %+v", result)
	}
	standing := s.Filters()
	if len(standing) != 1 || standing[0].Hostname != "agent-one" || standing[0].Owner != "user:UALICE" || !standing[0].Until.Equal(request.Until) {
		t.Errorf("the book holds %+v", standing)
	}
	event := s.store.events[0]
	if event.Kind != KindFilter || event.Actor != alice.ID || event.Request != "trigger-1" || event.Cause != request.Cause || event.Reason != "kernel upgrade" || event.Subject != result.Operation {
		t.Errorf("the journal says %+v", event)
	}
}

// What was reported as failed because it took too long must not happen later: the write carries the caller's deadline.
func TestTheDeadlineTravelsWithTheWrite(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	must(t)(s.Filter(ctx, asks(alice, "k1", "agent-one")))
	if left := s.store.deadline.Sub(s.Now()); left <= 59*time.Minute || left > time.Hour {
		t.Errorf("the write may happen for %s yet", left)
	}
	must(t)(s.Filter(t.Context(), asks(alice, "k2", "agent-two")))
	if !s.store.deadline.IsZero() {
		t.Errorf("a deadline that nobody set: %s", s.store.deadline)
	}
}

func TestUnlockingNeedsAReasonAndShowsWhatIsOverdueFirst(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	request := asks(alice, "k1", "agent-one")
	request.Until = s.Now().Add(time.Hour)
	must(t)(s.Filter(t.Context(), request))
	s.config.Book.Anticipate(Event{ID: "9999999999999-0", Kind: KindLock, Lock: &Lock{Cause: "it lost writes"}})
	s.store.now = s.store.now.Add(2 * time.Hour)
	order := Request{Actor: alice, Key: "k2"}
	_, _, err := s.Unlock(t.Context(), order)
	wantCode(t, err, Invalid, "needs a reason")
	order.DryRun = true
	overdue, lock, err := s.Unlock(t.Context(), order)
	if err != nil || len(overdue) != 1 || overdue[0].Hostname != "agent-one" || lock.Cause != "it lost writes" {
		t.Errorf("%+v %+v %v", overdue, lock, err)
	}
	if len(s.store.events) != 1 {
		t.Errorf("a look wrote %+v", s.store.events[1:])
	}
}

func TestAnEndThatHasPassedIsRefused(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	for _, ago := range []time.Duration{0, time.Second, 1000 * time.Hour} {
		request := asks(alice, "k1", "agent-one")
		request.Until = s.Now().Add(-ago)
		_, err := s.Filter(t.Context(), request)
		wantCode(t, err, Invalid, "the end lies in the past")
	}
	if len(s.store.events) != 0 {
		t.Errorf("something was written: %+v", s.store.events)
	}
}

func TestOneRequestKeyHasOneEffect(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	first := must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	again := must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	if again.Operation != first.Operation || len(s.store.events) != 1 {
		t.Errorf("the repeat did something: %d entries", len(s.store.events))
	}
	released := must(t)(s.Unfilter(t.Context(), asks(alice, "k2", "agent-one")))
	again = must(t)(s.Unfilter(t.Context(), asks(alice, "k2", "agent-one")))
	if !again.Repeated || again.Operation != released.Operation || again.Count != 1 {
		t.Errorf("repeating a release that is done answers %+v", again)
	}
}

func TestFilteringAgainMovesEndAndReason(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	request := asks(alice, "k2", "agent-one")
	request.Until, request.Reason = s.Now().Add(time.Hour), "disk"
	result := must(t)(s.Filter(t.Context(), request))
	standing := s.Filters()
	if len(standing) != 1 || standing[0].Reason != "disk" || !standing[0].Until.Equal(request.Until) || len(result.Plan.Steps) != 0 {
		t.Errorf("got %+v", standing)
	}
	if progress, _ := s.Progress(t.Context(), result.Operation); progress.State() != StateVerified {
		t.Errorf("moving an end is %q, want verified: nothing is sent for it", progress.State())
	}
	same := must(t)(s.Filter(t.Context(), asks(alice, "", "agent-one")))
	if same.Operation == "" && len(same.Plan.Already) != 1 {
		t.Errorf("asking for what stands: %+v", same)
	}
}

func TestUnfilterEndsOnlyTheCallersOwn(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	must(t)(s.Filter(t.Context(), asks(bob, "k2", "agent-one")))
	result := must(t)(s.Unfilter(t.Context(), asks(alice, "k3", "agent-one")))
	if len(result.Changed) != 1 || len(result.Others) != 1 || result.Others[0].Owner != "user:UBOB" {
		t.Errorf("got %+v", result)
	}
	_, err := s.Unfilter(t.Context(), asks(alice, "k4", "agent-one"))
	wantCode(t, err, Unknown, "withheld by `user:UBOB`")
	all := asks(alice, "k5", "agent-one")
	all.All = true
	must(t)(s.Unfilter(t.Context(), all))
	if len(s.Filters()) != 0 {
		t.Errorf("still standing: %+v", s.Filters())
	}
	_, err = s.Unfilter(t.Context(), asks(alice, "k6", "agent-one"))
	wantCode(t, err, Unknown, "no filter stands on `agent-one`")
}

func TestUnfilterFindsAnAgentThatTheMasterForgot(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-six")))
	s.view.Agents = s.view.Agents[:5]
	s.roster = NewRoster(s.view)
	must(t)(s.Unfilter(t.Context(), asks(alice, "k2", "agent-six")))
	if len(s.Filters()) != 0 {
		t.Error("the filter of an agent that is away cannot be ended")
	}
}

func TestAnEndedFilterIsReplacedAndItsOperationSettled(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	release := must(t)(s.Unfilter(t.Context(), asks(alice, "k2", "agent-one")))
	must(t)(s.Filter(t.Context(), asks(alice, "k3", "agent-one")))
	if len(s.Filters()) != 1 {
		t.Fatalf("got %+v", s.Filters())
	}
	if progress, _ := s.Progress(t.Context(), release.Operation); progress.State() != StateVerified {
		t.Errorf("the release is %q for ever", progress.State())
	}
}

func TestExtendTakesTheLaterEnd(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	request := asks(alice, "k1", "agent-one")
	request.Until = s.Now().Add(3 * time.Hour)
	must(t)(s.Filter(t.Context(), request))
	for _, test := range []struct{ duration, want time.Duration }{{time.Hour, 3 * time.Hour}, {4 * time.Hour, 4 * time.Hour}, {4 * time.Hour, 4 * time.Hour}} {
		must(t)(s.Extend(t.Context(), asks(alice, "", "agent-one"), nil, test.duration))
		if got := s.Filters()[0].Until.Sub(s.Now()); got != test.want {
			t.Errorf("after extend by %v the end is in %v, want %v", test.duration, got, test.want)
		}
	}
	_, err := s.Extend(t.Context(), asks(alice, "", "agent-one"), nil, -time.Hour)
	wantCode(t, err, Invalid, "`90m`")
}

func TestReleaseByIDReachesAnybodysFilter(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	id := must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one"))).Changed[0].ID
	must(t)(s.Release(t.Context(), asks(bob, "k2"), []string{id}))
	_, err := s.Release(t.Context(), asks(bob, "k3"), []string{id})
	wantCode(t, err, Unknown, "may have been released")
}

func TestAdoptOnlyWhatSomebodyElseWithholds(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	_, err := s.Adopt(t.Context(), asks(alice, "k1", "agent-four"))
	wantCode(t, err, Invalid, "nobody withholds it")
	s.set(3, func(a *Agent) { a.Active, a.Deactivated = false, true })
	request := asks(alice, "k2", "agent-four")
	request.Reason = " "
	_, err = s.Adopt(t.Context(), request)
	wantCode(t, err, Invalid, "needs a reason")
	result := must(t)(s.Adopt(t.Context(), asks(alice, "k3", "agent-four")))
	if !result.Changed[0].Adopt || s.store.events[0].Kind != KindAdopt {
		t.Errorf("got %+v", result.Changed)
	}
	_, err = s.Unfilter(t.Context(), asks(alice, "k4", "agent-five"))
	wantCode(t, err, Unknown, "no filter stands")
}

func TestAdoptTakesOverWhereOnesOwnFilterStands(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.set(3, func(a *Agent) { a.Active, a.Deactivated = false, true })
	placed := must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-four"))).Changed[0]
	adopted := must(t)(s.Adopt(t.Context(), asks(alice, "k2", "agent-four")))
	standing := s.Filters()
	if len(standing) != 1 || !standing[0].Adopt || standing[0].ID != placed.ID || adopted.Operation == "" {
		t.Errorf("got %+v", standing)
	}
}

func TestAnOperationThatWasRefusedFirstAndThenDoneIsDone(t *testing.T) {
	for want, progress := range map[ChangeState]Progress{
		"":            {},
		StateRecorded: {Recorded: 2, Accepted: 1},
		StateAccepted: {Recorded: 2, Accepted: 2, Verified: 1},
		StateVerified: {Recorded: 2, Accepted: 2, Verified: 2, Failed: 1},
		StateFailed:   {Recorded: 2, Accepted: 1, Verified: 1, Failed: 1},
	} {
		if got := progress.State(); got != want {
			t.Errorf("%+v is %q, want %q", progress, got, want)
		}
	}
}

func TestWhatIsNotOursIsNotGivenBack(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.set(3, func(a *Agent) { a.Active, a.Deactivated = false, true })
	_, err := s.Unfilter(t.Context(), asks(alice, "k1", "agent-four"))
	wantCode(t, err, Unknown, "`/mesos adopt agent-four")
}

func TestReplaceLeavesOthersAlone(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	robot := Actor{ID: "api:ci", Role: "operator"}
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	must(t)(s.Replace(t.Context(), asks(robot, "k2", "agent-one", "agent-two")))
	must(t)(s.Replace(t.Context(), asks(robot, "k3", "agent-two", "agent-three")))
	var names []string
	for _, filter := range s.Filters() {
		names = append(names, filter.Hostname+" "+string(filter.Owner))
	}
	if got := strings.Join(names, ", "); len(names) != 3 || strings.Contains(got, "agent-one api") {
		t.Errorf("got %s", got)
	}
	must(t)(s.Replace(t.Context(), asks(robot, "k4")))
	if standing := s.Filters(); len(standing) != 1 || standing[0].Owner != "user:UALICE" {
		t.Errorf("an empty list leaves %+v", standing)
	}
}

func TestBounds(t *testing.T) {
	t.Run("one command, small cluster", func(t *testing.T) {
		_, err := newScene(t, 6, LimitConfig{}).Filter(t.Context(), asks(alice, "k", "*"))
		wantCode(t, err, Limited, "at most 5 of the 6")
	})
	t.Run("a tenth of a large one, and --yes above 25", func(t *testing.T) {
		s := newScene(t, 400, LimitConfig{})
		_, err := s.Filter(t.Context(), asks(alice, "k", "web-1?", "web-2?"))
		if err != nil {
			t.Errorf("20 of 400: %v", err)
		}
		_, err = s.Filter(t.Context(), asks(alice, "k1", "web-3?", "web-4?", "web-5?"))
		wantCode(t, err, Limited, "`--yes`")
		sure := asks(alice, "k2", "web-3?", "web-4?", "web-5?")
		sure.Yes = true
		if _, err = s.Filter(t.Context(), sure); err != nil {
			t.Errorf("with --yes: %v", err)
		}
		sure = asks(alice, "k3", "web-1*")
		sure.Yes = true
		_, err = s.Filter(t.Context(), sure)
		wantCode(t, err, Limited, "at most 40 of the 400")
	})
	t.Run("the cluster", func(t *testing.T) {
		s := newScene(t, 6, LimitConfig{Cluster: LimitValue{Percent: 34}})
		must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-two")))
		_, err := s.Filter(t.Context(), asks(bob, "k2", "agent-three"))
		wantCode(t, err, Limited, "3 agents")
		must(t)(s.Filter(t.Context(), asks(bob, "k3", "agent-one")))
	})
	t.Run("a rack", func(t *testing.T) {
		s := newScene(t, 6, LimitConfig{Rack: LimitValue{Count: 1}})
		must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-three")))
		_, err := s.Filter(t.Context(), asks(bob, "k2", "agent-two"))
		wantCode(t, err, Limited, "rack r1")
	})
}

func TestDryRunChangesNothingAndShowsTheBlastRadius(t *testing.T) {
	s := newScene(t, 6, LimitConfig{Rack: LimitValue{Count: 1}})
	request := asks(alice, "k1", "agent-one", "agent-two")
	request.DryRun = true
	result := must(t)(s.Filter(t.Context(), request))
	impact := result.Impact
	if len(s.store.events) != 0 || impact.Agents != 2 || impact.Total != 6 || impact.Tasks["marathon"] != 3 || impact.Left.CPUs != 16 || impact.Whole.CPUs != 24 {
		t.Errorf("got %+v", impact)
	}
	if strings.Join(impact.Alone, " ") != "chronos marathon" || !strings.Contains(impact.Exceeds, "2 of rack r1, 1 allowed") {
		t.Errorf("alone %v, exceeds %q", impact.Alone, impact.Exceeds)
	}
	s.store.now = s.store.now.Add(2 * time.Minute)
	_, err := s.Filter(t.Context(), request)
	wantCode(t, err, Unavailable, "picture of the cluster is 2m0s old")
}

func TestNothingStartsUnderAFreeze(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	if _, err := s.Freeze(t.Context(), asks(bob, "k2")); err != nil {
		t.Fatal(err)
	}
	_, err := s.Filter(t.Context(), asks(alice, "k3", "agent-two"))
	wantCode(t, err, Frozen, "freeze")
	must(t)(s.Unfilter(t.Context(), asks(alice, "k4", "agent-one")))
	if _, err := s.Freeze(t.Context(), asks(bob, "k2")); err != nil {
		t.Errorf("the same freeze delivered again: %v", err)
	}
	if _, err := s.Thaw(t.Context(), asks(bob, "k5")); err != nil {
		t.Fatal(err)
	}
	must(t)(s.Filter(t.Context(), asks(alice, "k6", "agent-two")))
}

func TestARecordChangedMeanwhileIsPlannedAgain(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-one")))
	s.store.before = func() { // another replica moves the end; this one's book hears of it a moment later
		filter := s.Filters()[0]
		filter.Until = s.Now().Add(5 * time.Hour)
		var commit Commit
		commit.PutFilter(filter, Event{Kind: KindExtend})
		receipt, _ := s.store.Commit(t.Context(), commit)
		go s.book.Follow(receipt.Events...)
	}
	must(t)(s.Unfilter(t.Context(), asks(alice, "k2", "agent-one")))
	if len(s.Filters()) != 0 {
		t.Error("the release was lost to a race")
	}
}

func TestNoRightNoChange(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.denied = true
	_, err := s.Filter(t.Context(), asks(alice, "k1", "agent-one"))
	wantCode(t, err, Denied, "look")
	_, err = s.Freeze(t.Context(), asks(alice, "k2"))
	wantCode(t, err, Denied, "look")
	if len(s.store.events) != 0 {
		t.Error("something was recorded")
	}
}

func TestAnswersAreGivenOnce(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.book.Follow(Event{ID: "1-1", Kind: KindQuestion, Question: &Question{ID: "q-1", Text: "Is it?", Asked: s.Now()}})
	if _, err := s.Answer(t.Context(), asks(alice, "k1"), "q-1", true); err != nil {
		t.Fatal(err)
	}
	_, err := s.Answer(t.Context(), asks(bob, "k2"), "q-1", false)
	wantCode(t, err, Conflict, "answered yes by `user:UALICE`")
	if _, err := s.Answer(t.Context(), asks(alice, "k1"), "q-1", true); err != nil {
		t.Errorf("the same answer delivered again: %v", err)
	}
	_, err = s.Answer(t.Context(), asks(bob, "k3"), "q-9", false)
	wantCode(t, err, Unknown, "q-9")
}

func TestWhoAsksDoesNotSayYes(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	ask := func(id string) {
		s.book.Follow(Event{ID: "1-" + id, Kind: KindQuestion, Question: &Question{ID: "q-" + id, Kind: QuestionOpening, Text: "Open?", Asked: s.Now(), AskedBy: alice.ID}})
	}
	ask("1")
	_, err := s.Answer(t.Context(), asks(alice, "k1"), "q-1", true)
	wantCode(t, err, Denied, "asked for this yourself")
	token := Actor{ID: "api:alices", User: alice.User}
	_, err = s.Answer(t.Context(), asks(token, "k2"), "q-1", true)
	wantCode(t, err, Denied, "asked for this yourself")
	if _, err := s.Answer(t.Context(), asks(bob, "k3"), "q-1", true); err != nil {
		t.Errorf("bob's yes: %v", err)
	}
	ask("2")
	if _, err := s.Answer(t.Context(), asks(alice, "k4"), "q-2", false); err != nil {
		t.Errorf("alice withdraws: %v", err)
	}
}

func TestStatusCountsEveryAgentOnce(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.set(1, func(a *Agent) { a.Active, a.Deactivated = false, true })
	s.set(2, func(a *Agent) { a.Active = false })
	s.set(3, func(a *Agent) { a.Active, a.Deactivated = false, true })
	must(t)(s.Filter(t.Context(), asks(alice, "k1", "agent-four", "agent-five")))
	s.book.Follow(Event{ID: "9999999999999-1", Kind: KindTook, Ledger: &LedgerEntry{Agent: "aaaa-S3", Hold: HoldHeld}})
	status := s.Status()
	if status.Ours != 1 || status.Others != 1 || status.Away != 1 || status.Taking != 3 || status.Pending != 1 || status.Filters != 2 || status.NoEnd != 2 {
		t.Errorf("got %+v", status)
	}
}
