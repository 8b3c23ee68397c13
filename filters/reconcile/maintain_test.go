package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
)

func withPrimitives(w *world) { w.primitives = newPrimitives() }

func (w *world) host(i int) filters.Machine {
	return filters.Machine{Hostname: fmt.Sprintf("web-%d", i), IP: fmt.Sprintf("10.0.0.%d", i)}
}

// inHours is a span of an hour that starts so many hours from now.
func (w *world) inHours(hours int) filters.Span {
	return filters.Span{Start: w.Now().Truncate(time.Minute).Add(time.Duration(hours) * time.Hour), Duration: time.Hour}
}

func (w *world) plan(span filters.Span, hosts ...string) error {
	_, err := w.desk.Schedule(bg, w.request("UALICE", hosts...), span)
	return err
}

func (w *world) takeDown(hosts ...string) error {
	_, err := w.desk.Down(bg, w.request("UALICE", hosts...))
	return err
}

// granted asks for what needs approval, and has somebody else say yes a second later.
func (w *world) granted(t *testing.T, listing operation.Listing, err error) *filters.Approval {
	t.Helper()
	ok(t, err)
	if listing.Approval == nil {
		t.Fatalf("nobody is asked: %+v", listing)
	}
	wait(time.Second)
	approval, err := w.service.Approve(bg, w.request("UBOB"), listing.Approval.ID)
	ok(t, err)
	wait(time.Second)
	return &approval
}

func (w *world) bringUp(hosts ...string) error {
	_, err := w.desk.Up(bg, w.request("UALICE", hosts...))
	return err
}

func (w *world) cancel(hosts ...string) error {
	_, err := w.desk.Cancel(bg, w.request("UALICE", hosts...))
	return err
}

// phase is where a machine stands as far as the store knows; empty: it is not ours.
func (w *world) phase(i int) operation.Phase {
	w.memory.mutex.Lock()
	defer w.memory.mutex.Unlock()
	record, ok := w.records[filters.RecordKey{Shelf: filters.ShelfMachines, Name: w.host(i).Name()}]
	if !ok {
		return ""
	}
	state, err := operation.Decode(&record)
	if err != nil {
		return operation.Phase(err.Error())
	}
	return state.Phase
}

func (w *world) mode(i int) (mode filters.MachineMode) {
	w.edit(false, func() { mode = w.primitives.modes[w.host(i).Key()] })
	return mode
}

// agenda is the master's schedule, postings how often it was posted, and scheduleReads how often it was read.
func (w *world) agenda() (schedule filters.Schedule) {
	w.edit(false, func() { schedule = w.primitives.schedule })
	return schedule
}

func (w *world) postings() (posts int) {
	w.edit(false, func() { posts = w.primitives.posts })
	return posts
}

func (w *world) scheduleReads() (reads int) {
	w.edit(false, func() { reads = w.primitives.reads })
	return reads
}

var maintained = []filters.Kind{filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindMeddled, filters.KindRemind}

// heard is what the journal says of a machine.
func (w *world) heard(i int) string {
	var lines []string
	for _, event := range w.kinds(maintained...) {
		if event.Host == w.host(i).Hostname || event.Host == "" {
			lines = append(lines, strings.TrimSpace(string(event.Kind)+" "+event.Outcome))
		}
	}
	return strings.Join(lines, ", ")
}

// sound fails the test if anything was done that no bot may do.
func (w *world) sound(t *testing.T) {
	t.Helper()
	for _, broken := range w.broken {
		t.Error(broken)
	}
}

func TestAMachineIsScheduledTakenDownAndBroughtUp(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(time.Second)
		if w.phase(1) != operation.PhaseScheduled || w.mode(1) != filters.MachineDraining {
			t.Fatalf("a second later it is %s, %s", w.phase(1), w.mode(1))
		}
		ok(t, w.takeDown("web-1"))
		wait(time.Second)
		if w.phase(1) != operation.PhaseDown || w.mode(1) != filters.MachineDown || w.callsOf("start") != 1 {
			t.Fatalf("after a word it is %s, %s, calls %v", w.phase(1), w.mode(1), w.calls)
		}
		ok(t, w.bringUp("web-1"))
		wait(time.Second)
		if w.phase(1) != "" || w.mode(1) != "" || len(w.agenda()) != 0 {
			t.Fatalf("brought up, and %s, %s, in the schedule %v", w.phase(1), w.mode(1), w.agenda())
		}
		want := "schedule recorded, schedule sending, schedule accepted, schedule verified, down recorded, down sending, down accepted, down verified, up recorded, up sending, up accepted, up verified"
		if got := w.heard(1); got != want {
			t.Errorf("the journal says\n%s, want\n%s", got, want)
		}
		if len(w.questions) != 0 {
			t.Errorf("questions are left: %v", w.questions)
		}
		w.sound(t)
	})
}

func TestOthersEntriesAndDownMachinesStay(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		w.edit(false, func() {
			w.primitives.theirs(w.host(4), w.inHours(1))
			w.primitives.theirs(w.host(5), w.inHours(3))
			w.primitives.modes[w.host(5).Key()] = filters.MachineDown
		})
		ok(t, w.plan(w.inHours(2), "web-1", "web-2"))
		wait(time.Second)
		if w.postings() != 1 || len(w.agenda().Machines()) != 4 {
			t.Errorf("%d posts left %v", w.postings(), w.agenda())
		}
		ok(t, w.plan(w.inHours(5), "web-1")) // moved
		wait(time.Second)
		ok(t, w.cancel("web-2"))
		wait(time.Second)
		span, _ := w.agenda().Of(w.host(1))
		if w.phase(1) != operation.PhaseScheduled || w.phase(2) != "" || !span.Equal(w.inHours(5)) || len(w.agenda().Machines()) != 3 {
			t.Errorf("web-1 %s at %v, web-2 %s; left %v", w.phase(1), span, w.phase(2), w.agenda())
		}
		for _, host := range []string{"web-4", "web-5"} {
			if err := w.cancel(host); err == nil || w.plan(w.inHours(2), host) == nil || w.bringUp(host) == nil {
				t.Errorf("%s is somebody else's: %v", host, err)
			}
		}
		w.sound(t)
	})
}

func TestALostAnswerToAMaintenanceCall(t *testing.T) {
	for name, fate := range map[string]fate{"done, and the answer lost": lost, "done later": late, "never arrived": down} {
		for _, until := range []string{"schedule", "down", "up", "cancel"} {
			t.Run(until+" "+name, func(t *testing.T) {
				in(t, withPrimitives, func(t *testing.T, w *world) {
					loses := func(step string) {
						if step == until {
							w.edit(false, func() { w.fates = append(w.fates, fate) })
						}
					}
					loses("schedule")
					ok(t, w.plan(w.inHours(2), "web-1"))
					wait(40 * time.Second)
					if until == "cancel" {
						loses("cancel")
						ok(t, w.cancel("web-1"))
						wait(time.Minute)
						if w.phase(1) != "" || len(w.agenda()) != 0 {
							t.Errorf("%s, %v", w.phase(1), w.agenda())
						}
						return
					}
					loses("down")
					ok(t, w.takeDown("web-1"))
					wait(40 * time.Second)
					if w.phase(1) != operation.PhaseDown || w.callsOf("start") != 1 {
						t.Fatalf("it is %s after %v: %s", w.phase(1), w.calls, w.heard(1))
					}
					loses("up")
					ok(t, w.bringUp("web-1"))
					wait(time.Minute)
					if w.phase(1) != "" || w.mode(1) != "" || w.callsOf("stop") != 1 {
						t.Errorf("it is %s, %s after %v: %s", w.phase(1), w.mode(1), w.calls, w.heard(1))
					}
					w.sound(t)
				})
			})
		}
	}
}

func TestALeaderThatDiesAroundMaintenance(t *testing.T) {
	for steps := 1; steps <= 30; steps++ {
		in(t, withPrimitives, func(t *testing.T, w *world) {
			w.edit(false, func() { w.primitives.theirs(w.host(4), w.inHours(1)) })
			w.current().dieIn(steps)
			ok(t, w.plan(w.inHours(2), "web-1"))
			wait(3 * time.Minute)
			w.current().dieIn(steps)
			if err := w.takeDown("web-1"); err != nil {
				t.Fatalf("died in %d steps: %v, %s", steps, err, w.heard(1))
			}
			wait(3 * time.Minute)
			if w.phase(1) != operation.PhaseDown || w.callsOf("start") != 1 {
				t.Fatalf("died in %d steps: it is %s after %v", steps, w.phase(1), w.calls)
			}
			w.current().dieIn(steps)
			ok(t, w.bringUp("web-1"))
			wait(3 * time.Minute)
			if w.phase(1) != "" || w.mode(1) != "" || w.callsOf("stop") != 1 || len(w.agenda()) != 1 {
				t.Errorf("died in %d steps: it is %s, %s after %v", steps, w.phase(1), w.mode(1), w.calls)
			}
			w.sound(t)
		})
	}
}

func TestALeaderThatDiesAroundACancellation(t *testing.T) {
	for steps := 1; steps <= 12; steps++ {
		in(t, withPrimitives, func(t *testing.T, w *world) {
			w.edit(false, func() { w.primitives.theirs(w.host(4), w.inHours(1)) })
			ok(t, w.plan(w.inHours(2), "web-1", "web-2"))
			wait(time.Second)
			w.current().dieIn(steps)
			ok(t, w.cancel("web-1"))
			wait(3 * time.Minute)
			if w.phase(1) != "" || w.phase(2) != operation.PhaseScheduled || len(w.agenda().Machines()) != 2 || w.mode(1) != "" {
				t.Errorf("died in %d steps: %s, %s; left %v", steps, w.phase(1), w.phase(2), w.agenda())
			}
			w.sound(t)
		})
	}
}

// The last call of a leader that died may arrive while the next one leads already: that one begins only when none can.
func TestTheLastCallOfADeadLeader(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		first := w.current()
		w.edit(false, func() {
			w.fates, w.primitives.delay = []fate{late}, 30*time.Second
			before := w.primitives.reads
			w.primitives.onRead = func(n int) {
				if n == before+3 { // it posts, waits for what may come of that, and dies
					first.dieIn(2)
				}
			}
		})
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(27 * time.Second) // the next one leads for two seconds
		ok(t, w.cancel("web-1"))
		wait(2 * time.Minute)
		if w.phase(1) != "" || len(w.agenda()) != 0 || w.postings() != 2 {
			t.Errorf("it is %q; after %d postings there is %v: %s", w.phase(1), w.postings(), w.agenda(), w.heard(1))
		}
		w.sound(t)
	})
}

func TestSomebodyEditsBetweenReadingAndPosting(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		w.edit(false, func() {
			before := w.primitives.reads
			w.primitives.onRead = func(n int) {
				if n == before+3 { // the desk's and the source's are over: this one precedes the posting
					w.primitives.theirs(w.host(3), w.inHours(9))
				}
			}
		})
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(10 * time.Second)
		if len(w.agenda().Machines()) != 2 || w.phase(1) != operation.PhaseScheduled {
			t.Errorf("%s, %v", w.phase(1), w.agenda())
		}
		if want := "schedule recorded, schedule sending, meddled between, schedule sending, schedule accepted, schedule verified"; w.heard(1) != want {
			t.Errorf("the journal says\n%s, want\n%s", w.heard(1), want)
		}
		w.sound(t)
	})
}

func TestSomebodyTakesTheMachineBetween(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		theirs := w.inHours(9)
		w.edit(false, func() {
			before := w.primitives.reads
			w.primitives.onRead = func(n int) {
				if n == before+3 {
					w.primitives.theirs(w.host(1), theirs)
				}
			}
		})
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(time.Minute)
		span, _ := w.agenda().Of(w.host(1))
		want := "schedule recorded, schedule sending, meddled between, meddled lost"
		if !span.Equal(theirs) || w.phase(1) != "" || w.heard(1) != want || w.postings() != 0 {
			t.Errorf("%s, at %v, %d posts: %s", w.phase(1), span, w.postings(), w.heard(1))
		}
		w.sound(t)
	})
}

func TestWhatSomebodyElseChangedIsToldAndLeft(t *testing.T) {
	for name, test := range map[string]struct {
		meddle func(w *world)
		want   string
		kind   string
	}{
		"taken out": {func(w *world) { w.primitives.leave(w.host(1)) }, "", "meddled lost"},
		"moved":     {func(w *world) { w.primitives.theirs(w.host(1), w.inHours(7)) }, "", "meddled lost"},
		"taken down": {func(w *world) { w.primitives.modes[w.host(1).Key()] = filters.MachineDown }, string(operation.PhaseScheduled),
			"meddled down"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, withPrimitives, func(t *testing.T, w *world) {
				ok(t, w.plan(w.inHours(2), "web-1"))
				wait(10 * time.Second)
				posts := w.postings()
				w.edit(false, func() { test.meddle(w) })
				wait(5 * time.Minute)
				if string(w.phase(1)) != test.want || !strings.HasSuffix(w.heard(1), test.kind) || w.postings() != posts {
					t.Errorf("it is %q, %d posts: %s", w.phase(1), w.postings(), w.heard(1))
				}
				if w.bringUp("web-1") == nil {
					t.Error("what somebody else did is brought up")
				}
				w.sound(t)
			})
		})
	}
}

func TestGivingBackMachinesWaits(t *testing.T) {
	for name, test := range map[string]struct{ hold, release func(w *world) }{
		"while locked": {func(w *world) {
			_, _ = (&pen{w.memory, &process{kill: func() {}}}).Commit(bg, filters.Commit{Lock: &filters.Lock{Cause: "doubt"}, Events: []filters.Event{{Kind: filters.KindLock, Lock: &filters.Lock{Cause: "doubt"}}}})
		}, func(w *world) {
			request := w.request("UALICE")
			_, _, _ = w.service.Unlock(bg, request)
		}},
		"while the cluster settles": {func(w *world) { w.failover(4 * time.Minute) }, func(*world) { wait(4 * time.Minute) }},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, withPrimitives, func(t *testing.T, w *world) {
				ok(t, w.plan(w.inHours(2), "web-1", "web-3"))
				wait(time.Second)
				ok(t, w.takeDown("web-1"))
				wait(time.Second)
				test.hold(w)
				wait(2 * time.Second)
				ok(t, w.bringUp("web-1@10.0.0.1"))
				ok(t, w.cancel("web-3@10.0.0.3"))
				wait(2 * time.Minute)
				if w.callsOf("stop") != 0 || w.postings() != 1 {
					t.Fatalf("given back all the same: %v", w.calls)
				}
				test.release(w)
				wait(2 * time.Minute)
				if w.callsOf("stop") != 1 || w.phase(1)+w.phase(3) != "" || len(w.agenda()) != 0 {
					t.Errorf("not given back after that: %s, %s, %v", w.phase(1), w.phase(3), w.calls)
				}
				w.sound(t)
			})
		})
	}
}

func TestNothingIsTakenDownBeforeItIsApproved(t *testing.T) {
	in(t, func(w *world) { withPrimitives(w); w.approvals = 1 }, func(t *testing.T, w *world) {
		listing, err := w.desk.Schedule(bg, w.request("UALICE", "web-1", "web-2"), w.inHours(2))
		planned := w.granted(t, listing, err)
		if w.phase(1) != "" || w.postings() != 0 {
			t.Fatalf("a yes alone posts the schedule: %s, %v", w.phase(1), w.calls)
		}
		_, err = w.desk.Start(bg, planned)
		ok(t, err)
		wait(time.Second)
		listing, err = w.desk.Down(bg, w.request("UALICE", "web-1", "web-2"))
		ok(t, err)
		wait(31 * time.Minute)
		if w.callsOf("start") != 0 || w.phase(1) != operation.PhaseScheduled || strings.Contains(w.heard(1), "down") {
			t.Errorf("half an hour later: %s, %v, %s", w.phase(1), w.calls, w.heard(1))
		}
		_, err = w.service.Approve(bg, w.request("UBOB"), listing.Approval.ID)
		if filters.CodeOf(err) != filters.Conflict {
			t.Errorf("a yes that is too late: %v", err)
		}
		w.sound(t)
	})
}

// The approvals' loop begins what was approved, dies before it has written that down, and begins it again.
func TestApprovedMachinesAreTakenDownOnceByLeadersThatDie(t *testing.T) {
	for steps := 1; steps <= 10; steps++ {
		in(t, func(w *world) { withPrimitives(w); w.approvals = 1 }, func(t *testing.T, w *world) {
			listing, err := w.desk.Schedule(bg, w.request("UALICE", "web-1"), w.inHours(2))
			_, err = w.desk.Start(bg, w.granted(t, listing, err))
			ok(t, err)
			wait(time.Second)
			listing, err = w.desk.Down(bg, w.request("UALICE", "web-1"))
			approval := w.granted(t, listing, err)
			w.current().dieIn(steps)
			first, err := w.desk.Start(bg, approval)
			ok(t, err)
			wait(3 * time.Minute)
			again, err := w.desk.Start(bg, approval)
			ok(t, err)
			wait(time.Minute)
			if w.phase(1) != operation.PhaseDown || w.callsOf("start") != 1 || again.Operation != first.Operation {
				t.Errorf("died in %d steps: it is %s after %v, operations %q and %q", steps, w.phase(1), w.calls, first.Operation, again.Operation)
			}
			w.sound(t)
		})
	}
}

func TestARefusedMaintenanceCallIsNotRepeated(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		w.edit(false, func() { w.fates = []fate{refused} })
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(5 * time.Minute)
		if w.phase(1) != "" || w.postings() != 0 || !strings.HasSuffix(w.heard(1), "schedule failed") {
			t.Errorf("%s after %v: %s", w.phase(1), w.calls, w.heard(1))
		}
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(time.Second)
		w.edit(false, func() { w.fates = []fate{refused} })
		ok(t, w.takeDown("web-1"))
		wait(5 * time.Minute)
		if w.phase(1) != operation.PhaseScheduled || w.callsOf("start") != 0 {
			t.Errorf("%s after %v: %s", w.phase(1), w.calls, w.heard(1))
		}
	})
}

func TestWhoeverForgotIsReminded(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		ok(t, w.plan(w.inHours(1), "web-1"))
		wait(4 * time.Hour)
		if want := "schedule recorded, schedule sending, schedule accepted, schedule verified, remind starts, remind over"; w.heard(1) != want {
			t.Errorf("the journal says\n%s, want\n%s", w.heard(1), want)
		}
		if reads := w.scheduleReads(); reads > 4*60*2+20 {
			t.Errorf("the schedule was read %d times in four hours", reads)
		}
	})
}

func TestNothingIsReadWhereNothingIsOurs(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Hour)
		if reads := w.scheduleReads(); reads != 0 {
			t.Errorf("the schedule was read %d times for nothing", reads)
		}
	})
}

// What was down or scheduled when the bot began to only observe stays so, and says what would be done.
func TestObservingLeavesMachinesAsTheyAre(t *testing.T) {
	in(t, withPrimitives, func(t *testing.T, w *world) {
		ok(t, w.plan(w.inHours(2), "web-1", "web-2"))
		wait(time.Minute)
		ok(t, w.takeDown("web-1"))
		wait(time.Minute)
		w.edit(false, func() { w.observe = true })
		w.crash(0)
		wait(time.Minute)
		posts := w.postings()
		ok(t, w.bringUp("web-1"))
		ok(t, w.cancel("web-2"))
		wait(time.Minute)
		if w.phase(1) != operation.PhaseDown || w.phase(2) != operation.PhaseScheduled || w.postings() != posts || w.callsOf("stop") != 0 {
			t.Errorf("they are %s and %s", w.phase(1), w.phase(2))
		}
		ok(t, w.takeDown("web-2"))
		wait(time.Minute)
		if w.phase(2) != operation.PhaseScheduled || w.callsOf("start") != 1 {
			t.Errorf("web-2 is %s", w.phase(2))
		}
	})
}

func TestObservingMaintainsNothing(t *testing.T) {
	in(t, func(w *world) { withPrimitives(w); w.observe = true }, func(t *testing.T, w *world) {
		ok(t, w.plan(w.inHours(2), "web-1"))
		wait(5 * time.Minute)
		if w.postings() != 0 || w.heard(1) != "schedule recorded, schedule failed" || w.phase(1) != "" {
			t.Errorf("%d posts: %s, it is %q", w.postings(), w.heard(1), w.phase(1))
		}
		told := w.kinds(filters.KindSchedule)
		if last := told[len(told)-1]; last.Reason != "observing only: I would now put it into the maintenance schedule" || last.Cause != filters.CauseObserved {
			t.Errorf("%+v", last)
		}
		ok(t, w.plan(w.inHours(2), "web-1")) // nothing of the first is in its way
		wait(time.Minute)
		w.sound(t)
	})
}
