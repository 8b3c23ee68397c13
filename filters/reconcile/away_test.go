package reconcile_test

import (
	"testing"
	"time"

	"cordon/filters"
)

// remembered gives people and leaders alike an agent that has departed, as filters/mesos does.
func (c *cluster) remembered(view filters.View) filters.View {
	for _, m := range c.machines {
		if m.away || m.gone {
			view.Departed = append(view.Departed, filters.Departed{Agent: filters.Agent{ID: m.ID, Hostname: m.Hostname, IP: m.IP, Port: m.Port}, Since: time.Now()})
		}
	}
	return view
}

// The master takes DRAIN_AGENT for an unreachable agent: the kill waits until it is back, and nobody is alarmed meanwhile.
func TestAnUnreachableAgentIsDrainedWhenItIsBack(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.lose(0, true)
		wait(time.Minute)
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(10 * time.Minute)
		entry := w.ledger[w.agent(0).ID]
		if w.callsOf("drain") != 1 || !entry.Heard || !entry.Drained.IsZero() || len(w.kinds(filters.KindMissing)) != 0 {
			t.Fatalf("while it is away: %+v after %v, alarms %v", entry, w.calls, w.kinds(filters.KindMissing))
		}
		w.lose(0, false)
		wait(drainTime + time.Minute)
		if w.callsOf("drain") != 1 || w.ledger[w.agent(0).ID].Drained.IsZero() || !w.withheld(0) {
			t.Errorf("back: %+v after %v", w.ledger[w.agent(0).ID], w.calls)
		}
	})
}

// Nothing shows whether a drain of an agent that is away arrived: when it is back, what it shows decides.
func TestALostAnswerToADrainOfAnUnreachableAgent(t *testing.T) {
	for name, becomes := range map[string]fate{"done, and the answer lost": lost, "never arrived": down} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				w.lose(0, true)
				wait(time.Minute)
				w.edit(false, func() { w.fates = []fate{becomes} })
				ok(t, w.drain(run, filters.Drain{}, 0))
				wait(5 * time.Minute)
				w.lose(0, false)
				wait(drainTime + 5*time.Minute)
				if w.callsOf("drain") != 1 || w.ledger[w.agent(0).ID].Drained.IsZero() {
					t.Errorf("drained %v after %v", w.ledger[w.agent(0).ID].Drained, w.calls)
				}
			})
		})
	}
}

// MARK_AGENT_GONE is asked again after a lost answer: of an agent that is gone the master says yes once more.
func TestAnUnreachableAgentIsMarkedGone(t *testing.T) {
	for name, test := range map[string]struct {
		becomes fate
		most    int
	}{
		"at once": {answered, 1}, "done, and the answer lost": {lost, 2}, "done later": {late, 2}, "never arrived": {down, 1},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				w.lose(0, true)
				wait(time.Minute)
				w.edit(false, func() { w.fates = []fate{test.becomes} })
				ok(t, w.drain(run, filters.Drain{Gone: true}, 0))
				wait(5 * time.Minute)
				if !w.agent(0).gone || w.callsOf("gone") > test.most || len(w.ledger)+len(w.filters) != 0 || len(w.kinds(filters.KindGone)) == 0 {
					t.Errorf("gone %v, left %v %v after %v", w.agent(0).gone, w.filters, w.ledger, w.calls)
				}
			})
		})
	}
}

// That an agent is away does not prove that it is gone: one that is drained to be marked gone may be unreachable.
func TestAwayIsNotGone(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.drain(run, filters.Drain{MarkGone: true}, 0))
		wait(10 * time.Second)
		w.edit(false, func() { w.agent(0).away, w.agent(0).drains = true, time.Time{} })
		w.edit(false, func() { w.agent(0).waits = &filters.Drain{MarkGone: true} })
		wait(10 * time.Minute)
		if len(w.kinds(filters.KindGone)) != 0 || len(w.filters) == 0 {
			t.Fatalf("away is taken for gone: %v", w.calls)
		}
		w.lose(0, false)
		wait(drainTime + 2*time.Minute)
		if len(w.kinds(filters.KindGone)) == 0 || len(w.ledger)+len(w.filters) != 0 || w.callsOf("drain") != 1 {
			t.Errorf("left %v %v after %v", w.filters, w.ledger, w.calls)
		}
	})
}

// A mark cannot be taken back: what is released after it was sent goes on to gone, and leaves nothing behind.
func TestAMarkIsNotTakenBack(t *testing.T) {
	for name, test := range map[string]struct {
		away bool
		with filters.Drain
	}{"while it drains": {false, filters.Drain{MarkGone: true}}, "unreachable": {true, filters.Drain{MarkGone: true}}} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				w.lose(0, test.away)
				wait(time.Minute)
				ok(t, w.drain(run, test.with, 0))
				wait(10 * time.Second)
				ok(t, w.end(run, 0))
				wait(5 * time.Minute)
				w.lose(0, false)
				wait(drainTime + 5*time.Minute)
				if w.callsOf("give") != 0 || len(w.ledger)+len(w.filters) != 0 || len(w.kinds(filters.KindGone)) == 0 {
					t.Errorf("left %v %v after %v", w.filters, w.ledger, w.calls)
				}
			})
		})
	}
}

// An ID that the master does not know is refused, and what is released then leaves nothing behind.
func TestAnAgentThatNobodyKnowsIsNotMarkedGone(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		id := w.agent(0).ID
		w.edit(true, func() { w.machines["zzzz-S9"], w.machines[id] = w.machines[id], nil })
		w.edit(true, func() { delete(w.machines, id); w.machines["zzzz-S9"].ID = "zzzz-S9" })
		wait(time.Minute)
		arrangement := filters.Arrangement{Request: w.request("UALICE"), Verb: filters.VerbRun, Subject: string(run), Mode: filters.ModeDrain, Drain: &filters.Drain{Gone: true}, Withhold: []filters.AgentID{id}}
		arrangement.Actor = filters.Actor{ID: string(run)}
		_, err := w.service.Arrange(bg, arrangement)
		ok(t, err)
		wait(2 * time.Minute)
		if entry := w.ledger[id]; entry.Refused == "" || w.callsOf("gone") != 1 {
			t.Fatalf("%+v after %v", entry, w.calls)
		}
		end := filters.Arrangement{Request: w.request("UALICE"), Verb: filters.VerbRun, Subject: string(run), End: []filters.FilterKey{{Agent: id, Mode: filters.ModeDrain, Owner: run}}}
		end.Actor = filters.Actor{ID: string(run)}
		_, err = w.service.Arrange(bg, end)
		ok(t, err)
		wait(2 * time.Minute)
		if len(w.ledger)+len(w.filters) != 0 {
			t.Errorf("left %v %v after %v", w.filters, w.ledger, w.calls)
		}
	})
}

// A drain that was asked for while its agent was away does not follow the host to another agent: what runs there was not meant.
func TestADrainOfAnAgentThatIsAwayStaysWithIt(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		w.lose(0, true)
		wait(time.Minute)
		ok(t, w.drain(run, filters.Drain{}, 0))
		wait(time.Minute)
		w.edit(false, func() { w.agent(0).away = false })
		fresh := w.loseWorkDir(0)
		wait(10 * time.Minute)
		if w.machines[fresh].Deactivated || len(w.kinds(filters.KindMove)) != 0 {
			t.Errorf("the host's new agent is drained: %v", w.calls)
		}
	})
}

// That the agents of a machine are away which we took down alarms nobody.
func TestAwayByOurWordIsNoAlarm(t *testing.T) {
	drifts := 0
	in(t, func(w *world) {
		withPrimitives(w)
		w.meter.Drift = func(filters.Kind) { drifts++ }
	}, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 0, "web-0"))
		ok(t, w.plan(w.inHours(1), "web-0"))
		wait(time.Minute)
		ok(t, w.takeDown("web-0"))
		wait(10 * time.Second)
		w.edit(true, func() { w.agent(0).away = true })
		wait(time.Minute)
		missing := w.kinds(filters.KindMissing)
		if len(missing) != 1 || missing[0].Cause != filters.CauseMaintenance || drifts != 0 {
			t.Errorf("told %+v, %d alarms", missing, drifts)
		}
		w.lose(1, true)
		ok(t, w.filter("UALICE", 0, "web-2"))
		wait(time.Minute)
		w.lose(2, true)
		wait(time.Minute)
		if missing := w.kinds(filters.KindMissing); len(missing) != 2 || missing[1].Cause != filters.CauseObserved || drifts != 1 {
			t.Errorf("of one that nobody took down %+v, %d alarms", missing, drifts)
		}
	})
}
