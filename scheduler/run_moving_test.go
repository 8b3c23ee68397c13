package scheduler

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

func TestAManualDrainMovesOneTaskOfAnAppAtATime(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		id := w.manually(RunRequest{}, "web-00")
		wait(8 * time.Second)
		w.want(id, "going: stepping")
		if why := w.agent(id, "web-00").Why; why != "2 of 2 tasks left: marathon 2 (/shop is being moved; /shop moves one task at a time)" {
			t.Errorf("the run says %q", why)
		}
		wait(7 * time.Second)
		if why := w.agent(id, "web-00").Why; why != "1 of 2 tasks left: marathon 1 (/shop waits until 2 of 2 others are healthy, 1 are)" {
			t.Errorf("the run says %q", why)
		}
		wait(time.Minute)
		w.want(id, "done: done")
		if state := w.run(id).State; !strings.Contains(state.Why, "safe to take down: web-00") || w.hostsHeld() != "web-00" {
			t.Errorf("the run says %q, withheld: %s", state.Why, w.hostsHeld())
		}
		if !slices.Equal(w.floor.asked, []string{"t1", "t2"}) {
			t.Errorf("asked for %v", w.floor.asked)
		}
		result, err := w.service.Unfilter(w.ctx, w.request("UALICE", "web-00"))
		if err != nil || len(result.Changed) != 1 {
			t.Errorf("alice cannot give back what she asked for: %v", err)
		}
		w.check()
	})
}

func TestTheSameAppMovesOneTaskAtATimeAcrossAgents(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		w.floor.place("marathon", "/search", "S00", "S01", "S02")
		id := w.manually(RunRequest{Procedure: Procedure{MaxParallel: 3}}, "web-00", "web-01", "web-02")
		wait(10 * time.Minute) // the floor itself fails the test when two are away
		w.want(id, "done: done done done")
		if asked := slices.Sorted(slices.Values(w.floor.asked)); !slices.Equal(asked, []string{"t1", "t2", "t3", "t4", "t5", "t6"}) {
			t.Errorf("asked for %v", w.floor.asked)
		}
	})
}

func TestWhatHoldsAnAgentUpIsNamed(t *testing.T) {
	tests := map[string]struct {
		wanted RunRequest
		begin  func(w *runWorld)
		words  []string
		end    func(w *runWorld)
	}{
		"a framework without an API": {
			RunRequest{Deadline: 2 * time.Minute},
			func(w *runWorld) { w.floor.place("chronos", "", "S02", "S02") },
			[]string{"over its deadline of 2 m", "2 of 2 tasks left: chronos 2 (waits for its people)"},
			func(w *runWorld) { w.floor.end("chronos") },
		},
		"an app that is not healthy": {
			RunRequest{},
			func(w *runWorld) {
				w.floor.place("marathon", "/mail", "S02", "S01")
				w.floor.set(func() { w.floor.sick["/mail"] = true })
			},
			[]string{"1 of 1 tasks left: marathon 1 (/mail waits until 1 of 1 others are healthy, 0 are)"},
			func(w *runWorld) { w.floor.set(func() { w.floor.sick["/mail"] = false }) },
		},
		"the last instance": {
			RunRequest{},
			func(w *runWorld) { w.floor.place("marathon", "/mail", "S02") },
			[]string{"/mail: its last instance"},
			func(w *runWorld) { w.floor.end("marathon") },
		},
		"a pending operation": {
			RunRequest{},
			func(w *runWorld) {
				w.floor.set(func() { w.floor.pending["S02"] = []filters.Operation{{ID: "op-1", Type: "CREATE", Framework: "kafka"}} })
			},
			[]string{"no tasks left; operation op-1 (CREATE of kafka) is pending, seen since 00:00 UTC"},
			func(w *runWorld) { w.floor.set(func() { delete(w.floor.pending, "S02") }) },
		},
		"a framework that does not answer": {
			RunRequest{},
			func(w *runWorld) {
				w.floor.place("marathon", "/mail", "S02", "S01")
				w.floor.set(func() { w.floor.deaf = "marathon answered 500" })
			},
			[]string{"1 of 1 tasks left: marathon 1 (marathon answered 500)"},
			func(w *runWorld) { w.floor.set(func() { w.floor.deaf = "" }) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			onFloor(t, 0, func(w *runWorld) {
				test.begin(w)
				id := w.manually(test.wanted, "web-02")
				wait(5 * time.Minute)
				w.want(id, "going: stepping")
				for _, words := range test.words {
					if why := w.agent(id, "web-02").Why; !strings.Contains(why, words) {
						t.Errorf("the run says %q, not %q", why, words)
					}
				}
				if late := w.agent(id, "web-02").Overdue; late != (test.wanted.Deadline > 0) {
					t.Errorf("overdue: %v", late)
				}
				test.end(w)
				wait(2 * time.Minute)
				w.want(id, "done: done")
				w.check()
			})
		})
	}
}

// A manual drain says of what is left the same as the master's own: also since when the oldest of it runs.
func TestAManualDrainTellsSinceWhenTheOldestTaskRuns(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		began := time.Now().UTC()
		w.floor.place("chronos", "", "S02", "S02")
		w.floor.set(func() {
			w.floor.tasks[len(w.floor.tasks)-1].Since = began.Add(-50 * time.Hour)
			w.floor.tasks[len(w.floor.tasks)-2].Since = began.Add(-time.Hour)
		})
		id := w.manually(RunRequest{}, "web-02")
		left := "2 of 2 tasks left: chronos 2 (waits for its people), the oldest since " + began.Add(-50*time.Hour).Format("2006-01-02 15:04") + " UTC"
		wait(time.Minute)
		if why := w.agent(id, "web-02").Why; why != left {
			t.Errorf("the run says %q", why)
		}
		w.floor.set(func() { w.floor.silent["S02"] = "it does not answer" })
		w.setTasks("S02", map[string]int{"chronos": 2})
		w.age("S02", began.Add(-time.Hour))
		wait(time.Minute)
		if why := w.agent(id, "web-02").Why; why != "it does not answer; by the master's word 2 of 2 tasks left: chronos 2, the oldest since "+began.Add(-time.Hour).Format("15:04")+" UTC" {
			t.Errorf("the run says %q", why)
		}
	})
}

func TestTheLastInstanceMovesWhereSomebodySaysSo(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		w.floor.place("marathon", "/mail", "S02")
		id := w.manually(RunRequest{Last: true}, "web-02")
		wait(time.Minute)
		w.want(id, "done: done")
	})
}

// The master's word is not the agent's: an agent that does not answer is not told to be safe, a person is asked.
func TestAnAgentThatIsNotHeardIsForAPersonToSay(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		w.setTasks("S02", map[string]int{"kafka": 1})
		w.floor.set(func() { w.floor.silent["S02"] = "web-02 at 10.0.0.1:5051 refuses the connection" })
		id := w.manually(RunRequest{}, "web-02")
		wait(5 * time.Minute)
		w.want(id, "going: stepping")
		if why := w.agent(id, "web-02").Why; why != "web-02 at 10.0.0.1:5051 refuses the connection; by the master's word 1 of 1 tasks left: kafka 1" {
			t.Errorf("the run says %q", why)
		}
		w.setTasks("S02", map[string]int{})
		wait(time.Minute)
		w.want(id, "going: asking")
		if why := w.agent(id, "web-02").Why; !strings.Contains(why, "by the master's word, not the agent's, no task is left") {
			t.Errorf("the run says %q", why)
		}
		if _, err := w.desk.Confirm(w.ctx, w.request("UBOB"), id, "done"); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "done: done")
	})
}

// A task that begins between two looks, or an agent whose withholding is renewed, begins the count of empty looks anew.
func TestOneEmptyLookIsNotEnough(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		id := w.manually(RunRequest{}, "web-02")
		for w.agent(id, "web-02").Why != "no tasks left, looking once more" {
			wait(time.Second)
		}
		w.floor.place("chronos", "", "S02")
		wait(time.Minute)
		w.want(id, "going: stepping")
		w.floor.end("chronos")
		wait(4 * time.Second)
		w.want(id, "going: stepping")
		wait(12 * time.Second)
		w.want(id, "done: done")
	})
}

func TestAbortingAManualDrainGivesBack(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		w.floor.place("chronos", "", "S02")
		id := w.manually(RunRequest{}, "web-02", "web-03")
		wait(time.Minute)
		if _, err := w.desk.AbortRun(w.ctx, w.request("UBOB"), id); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "aborted: skipped skipped")
		if w.hostsHeld() != "" {
			t.Errorf("withheld: %s", w.hostsHeld())
		}
	})
}

// A run may move tasks off an agent before it does something to it.
func TestAStepMovesTasksBeforeTheNext(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		w.hooks = func(call Call) Answer {
			if len(w.floor.asked) != 2 {
				t.Errorf("called while tasks were there")
			}
			return Answer{Outcome: AnswerDone}
		}
		id := w.start(Procedure{Steps: []string{"move", "webhook reboot"}}, "web-00")
		wait(10 * time.Minute)
		w.want(id, "done: done")
		if w.hostsHeld() != "" || len(w.calls) != 1 {
			t.Errorf("withheld %q, called %v", w.hostsHeld(), w.calls)
		}
	})
}

// A leader that dies before or after any of its writes and questions is followed by one that goes on: no two tasks of an app
// are away at once, and what was asked is asked again only while it is still seen.
func TestALeaderMayDieWhileTasksMove(t *testing.T) {
	steps := moveThrough(t, 0)
	if steps < 8 {
		t.Fatalf("a move has %d steps: the test counts wrong", steps)
	}
	for dies := 1; dies <= steps; dies++ {
		moveThrough(t, dies)
	}
}

func moveThrough(t *testing.T, dies int) (steps int) {
	t.Helper()
	onFloor(t, dies, func(w *runWorld) {
		synctest.Wait()
		id := w.manually(RunRequest{Procedure: Procedure{MaxParallel: 2}}, "web-00", "web-01")
		wait(15 * time.Minute)
		w.want(id, "done: done done")
		if len(w.floor.asked) < 3 || dies == 0 && len(w.floor.asked) > 3 {
			t.Errorf("died at %d: asked for %v", dies, w.floor.asked)
		}
		w.check()
		steps = w.leading.steps()
	})
	return steps
}

func TestManualDrainsThatAreRefused(t *testing.T) {
	onFloor(t, 0, func(w *runWorld) {
		ask := func(wanted RunRequest, host string) error {
			wanted.Manual = true
			if wanted.Drain == nil {
				wanted.Drain = &filters.Drain{}
			}
			_, err := w.desk.StartRun(w.ctx, w.request("UALICE", host), wanted)
			return err
		}
		w.floor.place("chronos", "", "S02")
		w.manually(RunRequest{}, "web-02")
		wait(time.Minute)
		for name, test := range map[string]struct {
			err  error
			code filters.Code
		}{
			"twice":     {ask(RunRequest{}, "web-02"), filters.Conflict},
			"mark gone": {ask(RunRequest{Drain: &filters.Drain{MarkGone: true}}, "web-03"), filters.Invalid},
			"grace":     {ask(RunRequest{Drain: &filters.Drain{MaxGrace: time.Minute}}, "web-03"), filters.Invalid},
		} {
			if filters.CodeOf(test.err) != test.code {
				t.Errorf("%s: %v", name, test.err)
			}
		}
	})
}
