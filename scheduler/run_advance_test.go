package scheduler

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/filters"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func courseOf(t interface{ Fatal(...any) }, procedure Procedure) *course {
	c, err := chart(&RunState{Procedure: procedure})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// anySight draws what may be seen of an agent.
func anySight(t *rapid.T) *sight {
	minutes := func(name string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(-90, 5).Draw(t, name)) * time.Minute)
	}
	s := &sight{
		asOf: minutes("asOf"), others: rapid.Bool().Draw(t, "others"), known: rapid.IntRange(0, 4).Draw(t, "known") > 0,
		repeats: rapid.Bool().Draw(t, "repeats"), calling: rapid.Bool().Draw(t, "calling"),
	}
	if rapid.Bool().Draw(t, "listed") {
		s.agent = &filters.Agent{ID: "S1", Active: rapid.Bool().Draw(t, "active"), Registered: minutes("registered"), Resources: filters.Resources{CPUs: float64(rapid.IntRange(1, 2).Draw(t, "cpus"))}}
	}
	if rapid.IntRange(0, 4).Draw(t, "filter") > 0 {
		s.filter = &filters.Filter{Agent: "S1", EndedBy: "user:UBOB"}
		if rapid.IntRange(0, 4).Draw(t, "ended") == 0 {
			s.filter.Ended = noon
		}
	}
	if rapid.Bool().Draw(t, "ours") {
		s.ledger = &filters.LedgerEntry{Agent: "S1", Hold: filters.HoldHeld, State: rapid.SampledFrom([]filters.ChangeState{filters.StateAccepted, filters.StateVerified}).Draw(t, "state")}
	}
	if s.looks = rapid.Bool().Draw(t, "looks"); s.looks && rapid.Bool().Draw(t, "found") {
		s.found = &finding{began: minutes("look"), empty: rapid.IntRange(0, 2).Draw(t, "empty")}
		if s.found.empty == 0 {
			s.found.work.Tasks = []filters.Task{{Framework: "marathon", ID: "t1"}}
			s.found.stays = []filters.Stay{{Task: s.found.work.Tasks[0], Ready: rapid.Bool().Draw(t, "ready")}}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "answered") == 0 {
		outcome := rapid.SampledFrom([]AnswerOutcome{AnswerDone, AnswerPending, AnswerFailed, AnswerLost}).Draw(t, "outcome")
		s.answer = &Answer{Outcome: outcome, Poll: "job", Why: "so it is"}
	}
	return s
}

// anyAgent draws an agent of a run of such steps, wherever it may stand.
func anyAgent(t *rapid.T, c *course) RunAgent {
	since := noon.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "since")) * time.Minute)
	phase := rapid.SampledFrom([]AgentPhase{AgentWaiting, AgentWithholding, AgentStepping, AgentReturning, AgentGiving, AgentDone, AgentFailed, AgentSkipped}).Draw(t, "phase")
	a := RunAgent{Run: "r-1", Agent: "S1", Phase: phase, Since: since, Registered: noon.Add(-time.Hour), Resources: filters.Resources{CPUs: 2}}
	if phase != AgentStepping {
		return a
	}
	a = c.toStep(a, rapid.IntRange(0, len(c.Steps)-1).Draw(t, "step"), since)
	if a.Phase == AgentStepping && c.Steps[a.Step].Kind == StepWebhook && rapid.Bool().Draw(t, "sent") {
		a.Sent = since
		a.Poll = rapid.SampledFrom([]string{"", "job"}).Draw(t, "poll")
	}
	return a
}

// Whatever is seen: what is over stays so, steps are taken one by one, a webhook is called anew only if nobody called it or it
// may be called twice, nothing is given back that is not back, and an agent comes to rest.
func TestTransitionsHoldWhateverIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := courseOf(t, Procedure{
			Steps:  rapid.SliceOfN(rapid.SampledFrom([]string{"wait 3m", "confirm", "move", "webhook reboot"}), 1, 4).Draw(t, "steps"),
			Soak:   rapid.SampledFrom([]string{"", "4m"}).Draw(t, "soak"),
			Expect: rapid.SampledFrom([]string{"", "restart"}).Draw(t, "expect"),
		})
		run := &RunState{Phase: rapid.SampledFrom([]RunPhase{RunGoing, RunPaused, RunStopped, RunAborting}).Draw(t, "run")}
		a, s := anyAgent(t, c), anySight(t)
		for range 20 {
			after, changed := c.advance(run, a, s, noon)
			if !changed {
				return
			}
			holds(t, c, run, &a, &after, s)
			if after.Sent != a.Sent && !after.Sent.IsZero() {
				s.calling, s.answer = true, nil // it is called
			}
			if after.Key != a.Key {
				s.answer = nil
			}
			a = after
		}
		t.Fatalf("it does not come to rest: %+v", a)
	})
}

func holds(t *rapid.T, c *course, run *RunState, before, after *RunAgent, s *sight) {
	called := !after.Sent.IsZero() && !after.Sent.Equal(before.Sent)
	switch {
	case before.Phase.Over():
		t.Fatalf("%s is over, and then %s", before.Phase, after.Phase)
	case !slices.Contains(follows[before.Phase], after.Phase):
		t.Fatalf("%s follows %s", after.Phase, before.Phase)
	case after.Step != before.Step && after.Step != before.Step+1 && before.Phase != AgentWithholding:
		t.Fatalf("step %d follows %d", after.Step, before.Step)
	case called && (c.Steps[after.Step].Kind != StepWebhook || !s.known || !before.Sent.IsZero() && !s.repeats):
		t.Fatalf("called: %+v", after)
	case after.Phase == AgentGiving && before.Phase != AgentGiving && run.Phase != RunAborting && (s.agent == nil || c.missing(before, s) != "" || !s.asOf.After(before.Since)):
		t.Fatalf("given back without being back: %+v", before)
	case after.Phase == AgentGiving && before.Phase != AgentGiving && run.Phase == RunAborting && before.Phase != AgentReturning && c.touched(before):
		t.Fatalf("given back in the middle: %+v", before)
	case before.Phase == AgentGiving && after.Phase != AgentGiving && s.ledger != nil && !s.others:
		t.Fatalf("over before it is given back")
	}
}

func TestWhatAbortGivesBack(t *testing.T) {
	c := courseOf(t, Procedure{Steps: []string{"wait 1m", "webhook reboot", "confirm"}})
	for name, test := range map[string]struct {
		agent RunAgent
		want  AgentPhase
	}{
		"not begun":                   {RunAgent{Phase: AgentWaiting}, AgentSkipped},
		"being withheld":              {RunAgent{Phase: AgentWithholding}, AgentGiving},
		"waiting before all else":     {RunAgent{Phase: AgentStepping, Step: 0}, AgentGiving},
		"about to be called":          {RunAgent{Phase: AgentStepping, Step: 1}, AgentGiving},
		"called":                      {RunAgent{Phase: AgentStepping, Step: 1, Sent: noon}, AgentFailed},
		"nobody knows whether called": {RunAgent{Phase: AgentAsking, Step: 1, Sent: noon}, AgentFailed},
		"a person is asked":           {RunAgent{Phase: AgentAsking, Step: 2}, AgentFailed},
		"past its steps":              {RunAgent{Phase: AgentReturning, Step: 3, Since: noon}, AgentReturning},
		"being given back":            {RunAgent{Phase: AgentGiving, Step: 3}, AgentGiving},
		"failed":                      {RunAgent{Phase: AgentFailed, Step: 1}, AgentFailed},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sight{asOf: noon, filter: &filters.Filter{}, known: true, ledger: &filters.LedgerEntry{}}
			got, _ := c.advance(&RunState{Phase: RunAborting}, test.agent, s, noon)
			if got.Phase != test.want {
				t.Errorf("%s follows %s, want %s", got.Phase, test.agent.Phase, test.want)
			}
		})
	}
	first := courseOf(t, Procedure{Steps: []string{"confirm"}})
	if got, _ := first.advance(&RunState{Phase: RunAborting}, RunAgent{Phase: AgentWithholding}, &sight{filter: &filters.Filter{}}, noon); got.Phase != AgentGiving {
		t.Errorf("%s follows an abort before anybody was asked", got.Phase)
	}
}

func TestWhatWithholdingWaitsFor(t *testing.T) {
	c := courseOf(t, Procedure{Steps: []string{"wait 1m"}})
	late := noon.Add(withholdPatience + time.Second)
	for name, test := range map[string]struct {
		sight sight
		want  AgentPhase
	}{
		"nothing is seen":          {sight{asOf: noon, filter: &filters.Filter{}}, AgentWithholding},
		"the master said yes":      {sight{asOf: noon, filter: &filters.Filter{}, ledger: &filters.LedgerEntry{Hold: filters.HoldHeld, State: filters.StateAccepted}}, AgentWithholding},
		"a reading shows it":       {sight{asOf: noon, filter: &filters.Filter{}, ledger: &filters.LedgerEntry{Hold: filters.HoldHeld, State: filters.StateVerified}}, AgentStepping},
		"the master refused":       {sight{asOf: noon, filter: &filters.Filter{State: filters.StateFailed}}, AgentFailed},
		"late":                     {sight{asOf: late, filter: &filters.Filter{}}, AgentFailed},
		"released by hand":         {sight{asOf: noon, filter: &filters.Filter{Ended: noon, EndedBy: "user:UBOB"}}, AgentSkipped},
		"its filter is gone":       {sight{asOf: noon}, AgentSkipped},
		"its host came back anew":  {sight{asOf: noon, moved: "S2"}, AgentWithholding},
		"somebody withheld it too": {sight{asOf: noon, filter: &filters.Filter{}, others: true}, AgentWithholding},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := c.advance(&RunState{Phase: RunGoing}, RunAgent{Phase: AgentWithholding, Since: noon}, &test.sight, late)
			if got.Phase != test.want {
				t.Errorf("got %s, want %s", got.Phase, test.want)
			}
		})
	}
}

func TestWhatIsOrphanedIsAskedAboutUnlessItMayBeRepeated(t *testing.T) {
	c := courseOf(t, Procedure{Steps: []string{"webhook reboot"}})
	sent := c.toStep(RunAgent{Run: "r-1", Agent: "S1"}, 0, noon)
	sent.Sent = noon
	polled := sent
	polled.Poll = "job"
	for name, test := range map[string]struct {
		agent RunAgent
		sight sight
		want  AgentPhase
		again bool
	}{
		"nobody knows":                     {sent, sight{known: true}, AgentAsking, false},
		"it may be repeated":               {sent, sight{known: true, repeats: true}, AgentStepping, true},
		"this process calls":               {sent, sight{known: true, calling: true}, AgentStepping, false},
		"it is pending":                    {polled, sight{known: true}, AgentStepping, false},
		"pending, and not there any more":  {polled, sight{}, AgentAsking, false},
		"sent, and not there any more":     {sent, sight{}, AgentAsking, false},
		"not sent, and not there any more": {c.toStep(RunAgent{}, 0, noon), sight{}, AgentFailed, false},
	} {
		t.Run(name, func(t *testing.T) {
			test.sight.filter = &filters.Filter{}
			later := noon.Add(time.Minute)
			got, _ := c.advance(&RunState{Phase: RunGoing}, test.agent, &test.sight, later)
			if got.Phase != test.want || got.Sent.Equal(later) != test.again {
				t.Errorf("got %+v, want %s", got, test.want)
			}
		})
	}
}

func TestEstimates(t *testing.T) {
	done := func(batch string, minutes int) part {
		return part{RunAgent: RunAgent{Phase: AgentDone, Batch: batch, Begun: noon, Since: noon.Add(time.Duration(minutes) * time.Minute)}}
	}
	doing := func(batch string, since int) part {
		return part{RunAgent: RunAgent{Phase: AgentStepping, Batch: batch, Begun: noon.Add(-time.Duration(since) * time.Minute)}}
	}
	waiting := func(batch string) part { return part{RunAgent: RunAgent{Phase: AgentWaiting, Batch: batch}} }
	for name, test := range map[string]struct {
		parallel int
		agents   []part
		want     time.Duration
	}{
		"nothing is done":           {1, []part{doing("", 1), waiting("")}, 0},
		"nothing is left":           {1, []part{done("", 10)}, 0},
		"one is left":               {2, []part{done("", 10), waiting("")}, 10 * time.Minute},
		"three by twos":             {2, []part{done("", 10), waiting(""), waiting(""), waiting("")}, 20 * time.Minute},
		"one under way, one left":   {1, []part{done("", 10), doing("", 4), waiting("")}, 16 * time.Minute},
		"beside the one under way":  {2, []part{done("", 10), doing("", 4), waiting("")}, 10 * time.Minute},
		"it takes longer than most": {1, []part{done("", 10), doing("", 40)}, 0},
		"the median counts":         {1, []part{done("", 1), done("", 10), done("", 90), waiting("")}, 10 * time.Minute},
		"batch by batch":            {5, []part{done("a", 10), waiting("a"), waiting("b"), waiting("b")}, 20 * time.Minute},
		"fewer left than places":    {3, []part{done("", 10), doing("", 2), doing("", 3), waiting("")}, 10 * time.Minute},
		"the free place is taken":   {2, []part{done("", 10), doing("", 2), doing("", 6), waiting("")}, 14 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c := courseOf(t, Procedure{Steps: []string{"wait 1m"}, MaxParallel: test.parallel})
			if got := estimate(c, test.agents, noon); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Whoever looks at three in the morning reads of each agent that waits what for and since when.
func TestWhatIsWaitedForIsTold(t *testing.T) {
	c := courseOf(t, Procedure{Steps: []string{"move"}})
	began := noon.UTC()
	since := ", since " + began.Format("2006-01-02 15:04") + " UTC"
	agent := &filters.Agent{ID: "S1", Hostname: "web-1"}
	filter := &filters.Filter{ID: "f-1", Agent: "S1"}
	held := &filters.LedgerEntry{Hold: filters.HoldHeld, State: filters.StateVerified, DrainSent: "f-1"}
	for name, test := range map[string]struct {
		run   RunState
		phase AgentPhase
		sight sight
		want  string
	}{
		"a drain that the master was not asked for": {RunState{Mode: filters.ModeDrain, Drain: &filters.Drain{}}, AgentWithholding, sight{trouble: "no master leads"}, "the master was not asked to yet" + since + ": no master leads"},
		"gone that was asked for":                   {RunState{Mode: filters.ModeDrain, Drain: &filters.Drain{Gone: true}}, AgentWithholding, sight{ledger: held}, "the master was asked to, and it is not seen to have left yet" + since},
		"what is not withheld yet":                  {RunState{}, AgentWithholding, sight{}, "the master was not seen to withhold it yet" + since},
		"what is not given back yet":                {RunState{}, AgentGiving, sight{ledger: held}, "the master was not seen to give it back yet" + since},
		"what was not looked at yet":                {RunState{}, AgentStepping, sight{ledger: held, looks: true}, "no look at it has ended yet" + since},
		"what cannot be looked at":                  {RunState{}, AgentStepping, sight{ledger: held, looks: true, agent: &filters.Agent{}}, "the master does not list it, so it cannot be looked at" + since},
		"what takes tasks again":                    {RunState{}, AgentStepping, sight{looks: true}, "it is not withheld just now, so no task is asked to move" + since},
	} {
		t.Run(name, func(t *testing.T) {
			s, run := test.sight, test.run
			run.Phase = RunGoing
			if s.filter = filter; test.phase == AgentGiving {
				s.filter = nil
			}
			if s.agent == nil {
				s.agent = agent
			} else {
				s.agent = nil
			}
			s.asOf = began
			told := RunAgent{Agent: "S1", Hostname: "web-1", Phase: test.phase, Since: began, Begun: began}
			for _, after := range []time.Duration{quietMost, time.Minute, time.Hour} {
				next, _ := c.advance(&run, told, &s, began.Add(after))
				if next.Phase != test.phase || next.Why != test.want {
					t.Fatalf("after %s it says %q, want %q", after, next.Why, test.want)
				}
				if !next.Since.Equal(told.Since) {
					t.Errorf("it is so since %s", next.Since)
				}
				told = next
			}
		})
	}
}
