package scheduler

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/filters"
)

func TestARunGoesOverItsAgentsTwoAtATime(t *testing.T) {
	inWorld(t, 5, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}, MaxParallel: 2, Soak: "5m"})
		wait(5 * time.Minute)
		w.want(id, "going: stepping stepping waiting waiting waiting")
		if got := w.hostsHeld(); got != "web-00 web-01" {
			t.Errorf("withheld: %s", got)
		}
		wait(8 * time.Minute)
		w.want(id, "going: returning returning waiting waiting waiting")
		wait(7 * time.Minute)
		w.want(id, "going: done done stepping stepping waiting")
		listing := w.run(id)
		if listing.Done != 2 || listing.Doing != 2 || listing.Left != 1 || listing.Estimate < 20*time.Minute || listing.Estimate > 40*time.Minute {
			t.Errorf("got %+v", listing)
		}
		wait(40 * time.Minute)
		w.want(id, "done: done done done done done")
		if got := w.hostsHeld(); got != "" || len(w.ledger) > 0 {
			t.Errorf("still withheld: %s", got)
		}
		w.check()
	})
}

func TestBatchByRackWaitsForTheWholeRack(t *testing.T) {
	inWorld(t, 5, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}, MaxParallel: 4, BatchBy: "rack"})
		wait(5 * time.Minute)
		w.want(id, "going: stepping stepping waiting waiting waiting")
		wait(10 * time.Minute)
		w.want(id, "going: done done stepping stepping waiting")
		w.check()
	})
}

func TestAWebhookStepIsCalledOnceForEachAgent(t *testing.T) {
	inWorld(t, 3, func(w *runWorld) {
		w.lead(0)
		var told []Call
		w.hooks = func(call Call) Answer {
			told = append(told, call)
			if call.Hostname == "web-01" {
				return Answer{Outcome: AnswerPending, Poll: "job/" + call.Key}
			}
			return Answer{Outcome: AnswerDone}
		}
		id := w.start(Procedure{Steps: []string{"wait 1m", "webhook reboot"}})
		wait(10 * time.Minute)
		w.want(id, "done: done done done")
		if len(told) != 3 || told[1].Cluster != "prod" || told[1].Agent != "S01" || told[1].Run != id || told[1].Step != 2 || told[1].Key == told[0].Key {
			t.Errorf("told %+v", told)
		}
		w.check()
	})
}

func TestAnAgentThatIsToRestartMustRegisterAgain(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"webhook reboot"}, Expect: "restart", Soak: "5m"})
		wait(10 * time.Minute)
		w.want(id, "going: returning")
		if why := w.agent(id, "web-00").Why; !strings.Contains(why, "has not registered again") {
			t.Errorf("says %q", why)
		}
		w.restart("web-00")
		wait(4 * time.Minute)
		w.restart("web-00") // a break: the soak time begins anew
		wait(4 * time.Minute)
		w.want(id, "going: returning")
		wait(3 * time.Minute)
		w.want(id, "done: done")
		w.check()
	})
}

// What an agent lacks when it comes back is said, and it stays withheld until it is as it was.
func TestAnAgentMustComeBackAsItWas(t *testing.T) {
	for name, test := range map[string]struct {
		change, repair func(*filters.Agent) bool
		words          string
	}{
		"another attribute": {func(a *filters.Agent) bool {
			a.Attributes = []filters.Attribute{{Name: "rack", Value: "r9"}}
			return true
		},
			func(a *filters.Agent) bool {
				a.Attributes = []filters.Attribute{{Name: "rack", Value: "r0"}}
				return true
			}, `attribute rack was "r0" and is "r9"`},
		"one more attribute": {func(a *filters.Agent) bool {
			a.Attributes = []filters.Attribute{{Name: "rack", Value: "r0"}, {Name: "x", Value: "y"}}
			return true
		},
			func(a *filters.Agent) bool { a.Attributes = a.Attributes[:1]; return true }, "attributes that it had not"},
		"less memory": {func(a *filters.Agent) bool { a.Resources.MemMB = 500; return true },
			func(a *filters.Agent) bool { a.Resources.MemMB = 999; return true }, "500 MB of memory"},
		"disconnected": {func(a *filters.Agent) bool { a.Active, a.Deactivated = false, false; return true },
			func(a *filters.Agent) bool { a.Deactivated = true; return true }, "not connected"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 1, func(w *runWorld) {
				w.lead(0)
				w.hooks = func(call Call) Answer { w.change(call.Hostname, test.change); return Answer{Outcome: AnswerDone} }
				id := w.start(Procedure{Steps: []string{"webhook reboot"}})
				wait(10 * time.Minute)
				w.want(id, "going: returning")
				if why := w.agent(id, "web-00").Why; !strings.Contains(why, test.words) {
					t.Errorf("says %q, want %q", why, test.words)
				}
				w.change("web-00", test.repair)
				wait(2 * time.Minute)
				w.want(id, "done: done")
				w.check()
			})
		})
	}
}

func TestAnAgentThatDoesNotComeBackFailsAndStaysWithheld(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		w.hooks = func(call Call) Answer {
			w.change(call.Hostname, func(*filters.Agent) bool { return false })
			return Answer{Outcome: AnswerDone}
		}
		id := w.start(Procedure{Steps: []string{"webhook reboot"}})
		wait(25 * time.Minute)
		w.want(id, "going: returning waiting")
		wait(10 * time.Minute)
		w.want(id, "stopped: failed waiting")
		if why := w.run(id).State.Why; !strings.Contains(why, "web-00") || !strings.Contains(why, "did not come back within 30 m") || !strings.Contains(why, "does not list it") {
			t.Errorf("says %q", why)
		}
		if got := w.hostsHeld(); got != "web-00" {
			t.Errorf("withheld: %s", got)
		}
		w.check()
	})
}

// While the master cannot be read nobody knows how its agents are: they are waited for.
func TestNobodyFailsWhileTheMasterCannotBeRead(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(5 * time.Minute)
		w.machines.Lock()
		w.blind = true
		w.machines.Unlock()
		wait(5 * time.Hour)
		w.want(id, "going: returning")
		w.machines.Lock()
		w.blind = false
		w.machines.Unlock()
		wait(time.Minute)
		w.want(id, "done: done")
	})
}

func TestAnAgentThatComesBackUnderAnotherIDGoesOn(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"webhook reboot"}, Expect: "restart"})
		wait(time.Minute)
		w.move("web-00", "S99")
		wait(2 * time.Minute)
		w.want(id, "done: done")
		if agent := w.agent(id, "web-00"); agent.Moved != "S99" || w.hostsHeld() != "" {
			t.Errorf("got %+v, withheld %s", agent, w.hostsHeld())
		}
	})
}

// move lets a host come back under another agent ID, its filters with it, as the reconciler moves them.
func (w *runWorld) move(host string, id filters.AgentID) {
	w.change(host, func(a *filters.Agent) bool { a.ID, a.Registered = id, time.Now().UTC(); return true })
	w.read()
	w.mutex.Lock()
	commit := filters.Commit{}
	for _, filter := range w.filters {
		if filter.Hostname == host {
			commit.SettleFilter(filter, filters.Event{Kind: filters.KindMove})
			entry := w.ledger[filter.Agent]
			entry.Hold = filters.HoldFree
			commit.PutLedger(entry, filters.Event{Kind: filters.KindMove})
			filter.Agent, filter.Revision, filter.State = id, 0, filters.StateRecorded
			commit.PutFilter(filter, filters.Event{Kind: filters.KindMove})
		}
	}
	w.mutex.Unlock()
	if _, err := w.write(commit); err != nil {
		w.t.Error(err)
	}
}

func TestAPersonConfirms(t *testing.T) {
	for word, want := range map[string]string{"done": "done", "failed": "failed", "skip": "skipped"} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, 1, func(w *runWorld) {
				w.lead(0)
				id := w.start(Procedure{Steps: []string{"confirm", "wait 1m"}})
				wait(time.Hour)
				w.want(id, "going: asking")
				key := w.agent(id, "web-00").Key
				request := w.request("UBOB")
				if _, err := w.desk.Confirm(t.Context(), request, key, "perhaps"); filters.CodeOf(err) != filters.Invalid {
					t.Errorf("got %v", err)
				}
				for range 2 { // a click may come twice
					if _, err := w.desk.Confirm(t.Context(), request, key, word); err != nil {
						t.Error(err)
					}
				}
				wait(5 * time.Minute)
				if agent := w.agent(id, "web-00"); string(agent.Phase) != want || agent.By != "user:UBOB" {
					t.Errorf("got %+v", agent)
				}
				if _, err := w.desk.Confirm(t.Context(), w.request("UCAROL"), key, word); filters.CodeOf(err) != filters.Conflict || !strings.Contains(err.Error(), "user:UBOB") {
					t.Errorf("somebody who comes late is told %v", err)
				}
				if held := w.hostsHeld() != ""; held != (word == "failed") {
					t.Errorf("withheld: %v", held)
				}
				w.check()
			})
		})
	}
}

func TestConfirmFindsWhoAsks(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"confirm"}, MaxParallel: 2})
		wait(time.Minute)
		_, err := w.desk.Confirm(t.Context(), w.request("UBOB"), id, "done")
		if filters.CodeOf(err) != filters.Ambiguous || !strings.Contains(err.Error(), w.agent(id, "web-01").Key) {
			t.Errorf("got %v", err)
		}
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), w.agent(id, "web-01").Key, "done"); err != nil {
			t.Error(err)
		}
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), id, "done"); err != nil {
			t.Error(err)
		}
		wait(2 * time.Minute)
		w.want(id, "done: done done")
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), id, "done"); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("got %v", err)
		}
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), "c-nobody", "done"); filters.CodeOf(err) != filters.Unknown {
			t.Errorf("got %v", err)
		}
	})
}

// The confirmation has a message of its own: what asks and what answers carries its subject.
func TestAConfirmationHasASubjectOfItsOwn(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"confirm"}})
		wait(time.Minute)
		key := w.agent(id, "web-00").Key
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), key, "done"); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		var outcomes []string
		for _, event := range w.kinds(filters.KindRunAgent) {
			if event.Subject == "confirm:"+key {
				outcomes = append(outcomes, event.Outcome+" by "+event.Actor)
			}
		}
		if got := strings.Join(outcomes, ", "); got != "asking by run:"+id+", returning by user:UBOB" {
			t.Errorf("told %s", got)
		}
	})
}

func TestARunStopsAfterTooManyFailuresAndGoesOnWhenTold(t *testing.T) {
	inWorld(t, 5, func(w *runWorld) {
		w.lead(0)
		w.hooks = func(Call) Answer { return Answer{Outcome: AnswerFailed, Why: "it answered 500"} }
		id := w.start(Procedure{Steps: []string{"webhook reboot"}, MaxFailures: 1})
		wait(10 * time.Minute)
		w.want(id, "stopped: failed failed waiting waiting waiting")
		if why := w.run(id).State.Why; why != "2 agents failed and at most 1 may; the last was web-01: step 1 of 1, webhook reboot: it answered 500" {
			t.Errorf("says %q", why)
		}
		if _, err := w.desk.ResumeRun(t.Context(), w.request("UBOB"), id); err != nil {
			t.Fatal(err)
		}
		wait(10 * time.Minute)
		w.want(id, "stopped: failed failed failed failed waiting")
		w.hooks = func(Call) Answer { return Answer{Outcome: AnswerDone} }
		if _, err := w.desk.ResumeRun(t.Context(), w.request("UBOB"), id); err != nil {
			t.Fatal(err)
		}
		wait(10 * time.Minute)
		w.want(id, "done: failed failed failed failed done")
		if got := w.hostsHeld(); got != "web-00 web-01 web-02 web-03" || !strings.Contains(w.run(id).State.Why, "web-03") {
			t.Errorf("withheld: %s; says %q", got, w.run(id).State.Why)
		}
		w.check()
	})
}

func TestAPausedRunFinishesWhatIsUnderWay(t *testing.T) {
	inWorld(t, 3, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(5 * time.Minute)
		for range 2 {
			listing, err := w.desk.PauseRun(t.Context(), w.request("UBOB"), id)
			if err != nil || listing.State.Phase != RunPaused || listing.State.Word.By != "user:UBOB" {
				t.Errorf("got %+v, %v", listing.State, err)
			}
		}
		wait(time.Hour)
		w.want(id, "paused: done waiting waiting")
		resume := w.request("UBOB")
		if _, err := w.desk.ResumeRun(t.Context(), resume, id); err != nil {
			t.Error(err)
		}
		wait(time.Hour)
		w.want(id, "done: done done done")
		if _, err := w.desk.ResumeRun(t.Context(), resume, id); err != nil {
			t.Errorf("a word that comes twice: %v", err)
		}
		for name, say := range map[string]func(context.Context, filters.Request, string) (RunListing, error){"pause": w.desk.PauseRun, "resume": w.desk.ResumeRun, "abort": w.desk.AbortRun} {
			if _, err := say(t.Context(), w.request("UBOB"), id); filters.CodeOf(err) != filters.Invalid {
				t.Errorf("%s of a run that is done: %v", name, err)
			}
			if _, err := say(t.Context(), w.request("UBOB"), "r-none"); filters.CodeOf(err) != filters.Unknown {
				t.Errorf("%s of no run: %v", name, err)
			}
		}
		w.check()
	})
}

// Abort gives back what nothing was done to, and what is past its steps and comes back well; the rest is named.
func TestAbortGivesBackOnlyWhatIsSafe(t *testing.T) {
	inWorld(t, 6, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m", "confirm", "wait 10m"}, MaxParallel: 5, Soak: "30m"})
		wait(11 * time.Minute)
		w.want(id, "going: asking asking asking asking asking waiting")
		for _, host := range []string{"web-00", "web-01"} {
			if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), w.agent(id, host).Key, "done"); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.desk.Confirm(t.Context(), w.request("UBOB"), w.agent(id, "web-02").Key, "skip"); err != nil {
			t.Error(err)
		}
		if err := w.release("web-03"); err != nil {
			t.Error(err)
		}
		wait(time.Minute)
		w.want(id, "going: stepping stepping returning skipped asking withholding")
		w.machines.Lock()
		w.stuck = false
		w.machines.Unlock()
		if _, err := w.desk.AbortRun(t.Context(), w.request("UBOB"), id); err != nil {
			t.Error(err)
		}
		wait(5 * time.Minute)
		w.want(id, "aborting: failed failed returning skipped failed skipped")
		if got := w.hostsHeld(); got != "web-00 web-01 web-02 web-04" {
			t.Errorf("withheld: %s", got)
		}
		wait(time.Hour)
		w.want(id, "aborted: failed failed skipped skipped failed skipped")
		if why := w.run(id).State.Why; why != "failed, and stay withheld: web-00, web-01, web-04" || w.hostsHeld() != "web-00 web-01 web-04" {
			t.Errorf("says %q, withheld %s", why, w.hostsHeld())
		}
		w.check()
	})
}

func (w *runWorld) release(host string) error {
	w.machines.Lock()
	w.stuck = true
	w.machines.Unlock()
	request := w.request("UBOB", host)
	request.All = true
	_, err := w.service.Unfilter(context.Background(), request)
	return err
}

func TestAnAgentReleasedByHandIsOver(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 1h"}})
		wait(time.Minute)
		request := w.request("UBOB", "web-00")
		request.All = true
		if _, err := w.service.Unfilter(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "going: skipped stepping")
		if why := w.agent(id, "web-00").Why; why != "released by user:UBOB while it was under way" {
			t.Errorf("says %q", why)
		}
		wait(3 * time.Hour)
		w.want(id, "done: skipped done")
		w.check()
	})
}

func TestNothingBeginsWithoutRoomAndTheRunSaysWhy(t *testing.T) {
	inWorld(t, 4, func(w *runWorld) {
		w.lead(0)
		if _, err := w.service.Filter(t.Context(), w.request("UBOB", "web-03")); err != nil {
			t.Fatal(err)
		}
		listing, err := w.desk.StartRun(t.Context(), w.request("UALICE", "web-00", "web-01", "web-02"), RunRequest{Procedure: Procedure{Steps: []string{"wait 10m"}, MaxParallel: 3}, MaxUnavailable: "50%"})
		if err != nil {
			t.Fatal(err)
		}
		id := listing.State.ID
		wait(5 * time.Minute)
		w.want(id, "going: stepping waiting waiting")
		if _, err := w.service.Unfilter(t.Context(), w.request("UBOB", "web-03")); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "going: stepping stepping waiting")
		if _, err := w.service.Filter(t.Context(), w.request("UBOB", "web-02", "web-03")); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "going: stepping stepping stepping") // what is withheld already takes no room
		wait(time.Hour)
		w.want(id, "done: done done done")
		if got := w.hostsHeld(); got != "web-02 web-03" {
			t.Errorf("a person's filters: %s", got)
		}
		w.check()
	})
}

func TestARunSaysWhichLimitLeavesNoRoom(t *testing.T) {
	inWorld(t, 4, func(w *runWorld) {
		w.lead(0)
		if _, err := w.service.Filter(t.Context(), w.request("UBOB", "web-03")); err != nil {
			t.Fatal(err)
		}
		listing, err := w.desk.StartRun(t.Context(), w.request("UALICE", "web-00", "web-01"), RunRequest{Procedure: Procedure{Steps: []string{"wait 10m"}}, MaxUnavailable: "1"})
		if err != nil {
			t.Fatal(err)
		}
		wait(time.Hour)
		w.want(listing.State.ID, "going: waiting waiting")
		if why := w.run(listing.State.ID).State.Why; why != "max_unavailable leaves no room: 1 of at most 1 agents are withheld" {
			t.Errorf("says %q", why)
		}
		if told := len(w.kinds(filters.KindRun)); told != 2 {
			t.Errorf("%d entries about a run that waits", told)
		}
	})
}

func TestAFreezeHoldsARunAndAThawLetsItGoOn(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(time.Minute)
		freeze := w.request("UBOB")
		freeze.Reason = "sale"
		if _, err := w.service.Freeze(t.Context(), freeze); err != nil {
			t.Fatal(err)
		}
		wait(time.Hour)
		w.want(id, "going: done waiting")
		if why := w.run(id).State.Why; why != "frozen for “sale”" {
			t.Errorf("says %q", why)
		}
		if _, err := w.service.Thaw(t.Context(), w.request("UBOB")); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "going: done stepping")
		if why := w.run(id).State.Why; why != "" {
			t.Errorf("says %q", why)
		}
		w.check()
	})
}

// Who started a run and is no operator any more lets nothing new begin; what is under way is finished and given back.
func TestARunOfAFormerOperatorFinishesWhatIsUnderWay(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(time.Minute)
		w.deny(func(actor filters.Actor) bool { return actor.User == "UALICE" })
		wait(time.Hour)
		w.want(id, "going: done waiting")
		if got := w.hostsHeld(); got != "" || w.run(id).State.Why != "who started it may start nothing any more" {
			t.Errorf("withheld %s, says %q", got, w.run(id).State.Why)
		}
		w.check()
	})
}

func TestAgentsThatCannotBeginAreNamed(t *testing.T) {
	inWorld(t, 3, func(w *runWorld) {
		w.change("web-00", func(a *filters.Agent) bool { a.Active, a.Deactivated = false, true; return true })
		w.read()
		id := w.start(Procedure{Steps: []string{"wait 1m"}})
		w.change("web-01", func(*filters.Agent) bool { return false })
		w.read()
		w.lead(0)
		wait(10 * time.Minute)
		w.want(id, "going: skipped waiting done")
		wait(10 * time.Minute)
		w.want(id, "done: skipped skipped done")
		if foreign, gone := w.agent(id, "web-00").Why, w.agent(id, "web-01").Why; foreign != "somebody else withholds it" || gone != "the master does not list it since its turn came" {
			t.Errorf("says %q and %q", foreign, gone)
		}
		w.check()
	})
}

func TestTwoRunsAreNotUnderWayOnOneAgent(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		first := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(time.Second)
		second := w.start(Procedure{Steps: []string{"wait 10m"}})
		wait(5 * time.Minute)
		w.want(first, "going: stepping")
		w.want(second, "going: waiting")
		if why := w.run(second).State.Why; why != "web-00 is under way in another run" {
			t.Errorf("says %q", why)
		}
		wait(20 * time.Minute)
		w.want(second, "done: done")
		w.check()
	})
}

// A run in a window begins nothing after the cutoff; at the end it finishes what is under way, or is aborted.
func TestARunEndsWithItsWindow(t *testing.T) {
	for stop, want := range map[bool]string{false: "done: done done skipped skipped", true: "aborted: done skipped skipped skipped"} {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			inWorld(t, 4, func(w *runWorld) {
				w.lead(0)
				window := &Window{Name: "kernel", Mode: filters.ModeFilter, Cutoff: 10 * time.Minute, Stop: stop, Definition: Definition{Run: &Procedure{Steps: []string{"wait 35m"}}}}
				now := w.now()
				occurrence := Occurrence{Window: "kernel", Start: now, End: now.Add(time.Hour)}
				var targets []*filters.Agent
				for agent := range w.Roster().All() {
					targets = append(targets, agent)
				}
				run, line := startOf(occurrence, window, targets, now)
				if _, err := w.service.Arrange(t.Context(), startArrangement(filters.Request{Actor: filters.Actor{ID: run.By}}, &run, &RunRequest{}, line)); err != nil {
					t.Fatal(err)
				}
				wait(51 * time.Minute)
				w.want(run.ID, "going: done stepping skipped skipped")
				wait(time.Hour)
				w.want(run.ID, want)
				if got := w.hostsHeld(); got != "" {
					t.Errorf("withheld: %s", got)
				}
				w.check()
			})
		})
	}
}

func TestARunOfAWindowOfChatBeginsWithItsAuthorsRights(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		var left atomic.Bool // alice operates the cluster no more
		w.denied = func(actor filters.Actor) bool { return left.Load() && actor.User == "UALICE" }
		w.lead(0)
		window := &Window{Name: "mine", Mode: filters.ModeFilter, Definition: Definition{Run: &Procedure{Steps: []string{"wait 5m"}}}}
		occurrence := Occurrence{Window: "mine", Start: w.now(), End: w.now().Add(2 * time.Hour)}
		run, line := startOf(occurrence, window, []*filters.Agent{w.Roster().Agent("S00"), w.Roster().Agent("S01")}, w.now())
		run.Author = "UALICE"
		if _, err := w.service.Arrange(t.Context(), startArrangement(filters.Request{Actor: filters.Actor{ID: run.By}}, &run, &RunRequest{}, line)); err != nil {
			t.Fatal(err)
		}
		wait(2 * time.Minute)
		left.Store(true)
		wait(20 * time.Minute)
		w.want(run.ID, "going: done waiting")
	})
}

// The entries of one commit may come to the book one after the other: a run without all of its agents is not done.
func TestARunWithoutItsAgentsIsNotDone(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		run := RunState{Schema: 1, ID: "r-1", Phase: RunGoing, By: "user:UALICE", Started: w.now(), Mode: filters.ModeFilter, Procedure: Procedure{Soak: "1m"}, Agents: 2}
		line := lineUp(&run, []*filters.Agent{w.Roster().Agent("S00"), w.Roster().Agent("S01")})
		for _, told := range []filters.Told{run.told(0, "started"), line[0].told(0, ""), line[1].told(0, "")} {
			commit := filters.Commit{}
			commit.PutRecord(told.Record, told.Event)
			if _, err := w.write(commit); err != nil {
				t.Fatal(err)
			}
			if len(w.desk.Runs()) > 0 && told.Record.Name != line[1].record() {
				t.Error("a run is listed without its agents")
			}
			wait(10 * time.Minute)
		}
		w.want("r-1", "done: done done")
		w.check()
	})
}

func TestRunsThatAreOverLeaveAfterAWeek(t *testing.T) {
	inWorld(t, 3, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"wait 1m"}, MaxParallel: 3})
		wait(6 * 24 * time.Hour)
		w.want(id, "done: done done done")
		wait(2 * 24 * time.Hour)
		if len(w.desk.Runs()) > 0 || len(w.records) > 0 {
			t.Errorf("still there: %+v", w.records)
		}
	})
}

func TestAnOutageOfTheStoreIsSatOut(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		w.lead(0)
		id := w.start(Procedure{Steps: []string{"webhook reboot", "wait 1m"}})
		for range 20 {
			wait(5 * time.Second)
			w.mutex.Lock()
			w.down = !w.down
			w.mutex.Unlock()
		}
		w.mutex.Lock()
		w.down = false
		w.mutex.Unlock()
		wait(10 * time.Minute)
		w.want(id, "done: done done")
		w.once()
		w.check()
	})
}
