package reconcile_test

import (
	"testing"
	"time"

	"cordon/filters"
)

// drain places filters of mode drain, as a run does.
func (w *world) drain(owner filters.Owner, drain filters.Drain, agents ...int) error {
	w.keys++
	arrangement := filters.Arrangement{
		Request: w.request("UALICE"), Verb: filters.VerbRun, Subject: string(owner), Mode: filters.ModeDrain, Drain: &drain,
	}
	arrangement.Actor = filters.Actor{ID: string(owner)}
	for _, i := range agents {
		arrangement.Withhold = append(arrangement.Withhold, w.agent(i).ID)
	}
	_, err := w.service.Arrange(bg, arrangement)
	return err
}

// end ends the drain filter of an owner.
func (w *world) end(owner filters.Owner, i int) error {
	arrangement := filters.Arrangement{Request: w.request("UALICE"), Verb: filters.VerbRun, Subject: string(owner)}
	arrangement.Actor = filters.Actor{ID: string(owner)}
	arrangement.End = []filters.FilterKey{{Agent: w.agent(i).ID, Mode: filters.ModeDrain, Owner: owner}}
	_, err := w.service.Arrange(bg, arrangement)
	return err
}

const run = filters.Owner("run:r-1")

var drainStory = append([]filters.Kind{filters.KindDraining, filters.KindDrained, filters.KindGone}, story...)

func TestADrainIsSentOnceAndToldOf(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.drain(run, filters.Drain{MaxGrace: time.Minute}, 0))
		wait(time.Second)
		if w.callsOf("drain") != 1 || w.callsOf("take") != 0 || w.agent(0).drains.IsZero() {
			t.Fatalf("a second later the master was called %v", w.calls)
		}
		wait(drainTime + 10*time.Second)
		if got, want := w.say(0, drainStory...), "filter recorded, draining, took accepted, took verified, drained"; got != want {
			t.Errorf("the journal says\n%s, want\n%s", got, want)
		}
		ok(t, w.end(run, 0))
		wait(40 * time.Second)
		if w.withheld(0) || w.callsOf("give") != 1 || len(w.ledger)+len(w.filters) != 0 {
			t.Errorf("not given back after the drain: %v, left %v %v", w.calls, w.filters, w.ledger)
		}
	})
}

func TestReleasingWhileDrainingWaitsForItsEnd(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(10 * time.Second)
		ok(t, w.end(run, 0))
		wait(drainTime - 20*time.Second)
		if w.callsOf("give") != 0 {
			t.Errorf("given back while it drains: %v", w.calls)
		}
		wait(time.Minute)
		if w.withheld(0) || w.callsOf("give") != 1 || len(w.broken) > 0 {
			t.Errorf("withheld %v after %v, %v", w.withheld(0), w.calls, w.broken)
		}
	})
}

func TestADrainThatTheMasterLostIsDeactivatedOnly(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(drainTime + 10*time.Second)
		w.edit(true, func() {
			m := w.agent(0)
			m.Deactivated, m.Active, m.drains, m.Registered = false, true, time.Time{}, time.Now().UTC()
		})
		wait(time.Minute)
		if !w.withheld(0) || w.callsOf("drain") != 1 || w.callsOf("take") != 1 {
			t.Errorf("withheld %v after %v: what runs there was killed twice", w.withheld(0), w.calls)
		}
	})
}

func TestAnAgentThatIsFilteredIsDrainedToo(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		wait(time.Second)
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(drainTime + 10*time.Second)
		ok(t, w.end(run, 0))
		wait(40 * time.Second)
		if !w.withheld(0) || w.callsOf("drain") != 1 || w.callsOf("give") != 0 {
			t.Errorf("alice's filter stands: withheld %v after %v", w.withheld(0), w.calls)
		}
	})
}

func TestARefusedDrainIsNotRepeated(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.edit(false, func() { w.fates = []fate{refused} })
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(20 * time.Minute)
		entry := w.ledger[w.agent(0).ID]
		if w.callsOf("drain") != 0 || entry.Refused == "" || !w.withheld(0) {
			t.Errorf("withheld %v, refused %q after %v: it stays withheld and nothing is killed later", w.withheld(0), entry.Refused, w.calls)
		}
	})
}

func TestALostAnswerToADrain(t *testing.T) {
	for name, becomes := range map[string]fate{"done, and the answer lost": lost, "done later": late, "never arrived": down} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				w.edit(false, func() { w.fates = []fate{becomes} })
				ok(t, w.drain(run, filters.Drain{}, 0))
				wait(5 * time.Minute)
				if w.callsOf("drain") != 1 || w.agent(0).drains.IsZero() || w.ledger[w.agent(0).ID].Drained.IsZero() {
					t.Errorf("drained %v after %v", w.ledger[w.agent(0).ID].Drained, w.calls)
				}
			})
		})
	}
}

func TestALeaderThatDiesAroundADrain(t *testing.T) {
	for steps := 1; steps <= 12; steps++ {
		in(t, nil, func(t *testing.T, w *world) {
			w.current().dieIn(steps)
			for w.drain(run, filters.Drain{}, 0) != nil {
				wait(time.Second)
			}
			wait(10 * time.Minute)
			entry := w.ledger[w.agent(0).ID]
			if w.callsOf("drain") != 1 || entry.Drained.IsZero() || !w.withheld(0) {
				t.Errorf("died in %d steps: drained %v after %v", steps, entry.Drained, w.calls)
			}
		})
	}
}

func TestGoneIsTerminal(t *testing.T) {
	for name, drain := range map[string]filters.Drain{"after a drain": {MarkGone: true}, "at once": {Gone: true}} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				ok(t, w.filter("UBOB", 0, "web-0"))
				ok(t, w.drain(run, drain, 0))
				wait(drainTime + 2*time.Minute)
				if w.callsOf("drain")+w.callsOf("gone") != 1 || len(w.ledger)+len(w.filters) != 0 || w.callsOf("give") != 0 {
					t.Errorf("left %v %v after %v", w.filters, w.ledger, w.calls)
				}
				if len(w.kinds(filters.KindGone)) == 0 {
					t.Error("nobody is told that it is gone")
				}
			})
		})
	}
}

// What is drained already, and what is being drained, can be marked gone: that outranks the drain.
func TestGoneOutranksADrain(t *testing.T) {
	for name, after := range map[string]time.Duration{"while it drains": 10 * time.Second, "once it is drained": drainTime + 20*time.Second} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				ok(t, w.drain(run, filters.Drain{}, 0))
				wait(after)
				ok(t, w.drain("run:r-2", filters.Drain{Gone: true}, 0))
				wait(2 * time.Minute)
				if w.callsOf("drain") != 1 || w.callsOf("gone") != 1 || len(w.ledger)+len(w.filters) != 0 || w.callsOf("give") != 0 || len(w.broken) > 0 {
					t.Errorf("left %v %v after %v, %v", w.filters, w.ledger, w.calls, w.broken)
				}
			})
		})
	}
}

// Each change of what ended with the agent is counted once.
func TestGoneCountsEachChangeOnce(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UBOB", 0, "web-0"))
		wait(time.Second)
		ok(t, w.drain(run, filters.Drain{Gone: true}, 0))
		wait(2 * time.Minute)
		verified := map[string]int{}
		for _, event := range w.events {
			for _, state := range event.Counts() {
				if state == filters.StateVerified {
					verified[event.Operation]++
				}
			}
		}
		if len(verified) != 2 {
			t.Errorf("operations came to their ends %v", verified)
		}
		for operation, count := range verified {
			if count != 1 {
				t.Errorf("%s came to its end %d times", operation, count)
			}
		}
	})
}

func TestADrainIsToldOfBeforeItIsGivenBack(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(10 * time.Second)
		ok(t, w.end(run, 0))
		wait(drainTime + time.Minute)
		said := w.say(0, filters.KindDrained, filters.KindReleasing)
		if said != "drained, releasing" || w.withheld(0) {
			t.Errorf("withheld %v, the journal says %s", w.withheld(0), said)
		}
	})
}
