package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"cordon/filters"
)

// operate lets a person answer whatever asks, every minute: of a webhook what they find, which is whether it was called.
func (w *runWorld) operate(id string) {
	w.workers.Go(func() {
		for pause(w.ctx, time.Minute) {
			listing, err := w.desk.Run(id)
			if err != nil {
				continue
			}
			for _, agent := range listing.Agents {
				if agent.Phase == AgentAsking {
					_, _ = w.desk.Confirm(w.ctx, w.request("UBOB"), agent.Key, w.finding(&agent, &listing))
				}
			}
		}
	})
}

func (w *runWorld) finding(agent *RunAgent, listing *RunListing) string {
	w.machines.Lock()
	defer w.machines.Unlock()
	if listing.Steps()[agent.Step].Kind == StepWebhook && w.calls[agent.Key] == 0 {
		return "skip"
	}
	return "done"
}

// A leader that dies before or after any of its writes and calls is followed by one that goes on: every agent is given back,
// and no webhook is called twice that does not allow it.
func TestALeaderMayDieAtAnyStep(t *testing.T) {
	for _, repeats := range []bool{false, true} {
		steps := runThrough(t, 0, repeats)
		if steps < 40 {
			t.Fatalf("a run has %d steps: the test counts wrong", steps)
		}
		for dies := 1; dies <= steps; dies++ {
			runThrough(t, dies, repeats)
		}
	}
}

// runThrough lets a run go through with a leader that dies after so many steps, and returns how many the first took.
func runThrough(t *testing.T, dies int, repeats bool) (steps int) {
	t.Helper()
	inWorld(t, 3, func(w *runWorld) {
		w.repeats = repeats
		w.hooks = func(call Call) Answer {
			if call.Agent == "S01" && call.Step == 1 {
				return Answer{Outcome: AnswerPending, Poll: "job/" + call.Key}
			}
			return Answer{Outcome: AnswerDone}
		}
		w.lead(dies)
		synctest.Wait()
		id := w.start(Procedure{Steps: []string{"webhook reboot", "confirm", "webhook reboot", "wait 30s"}, MaxParallel: 2, Soak: "1m"})
		w.operate(id)
		wait(time.Hour)
		listing := w.run(id)
		if listing.State.Phase != RunDone || listing.Failed > 0 || w.hostsHeld() != "" || len(w.ledger) > 0 || dies == 0 && listing.Done != 3 || repeats && listing.Done != 3 {
			t.Errorf("died at step %d, repeats %v: %s, withheld %q", dies, repeats, w.phases(id), w.hostsHeld())
		}
		w.once()
		w.check()
		steps = w.leading.steps()
	})
	return steps
}

// A replica that lost its leadership in the middle of a call and leads again does not know any better what became of the call.
func TestALeaderThatLeadsAgainDoesNotCallTwice(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		id := w.start(Procedure{Steps: []string{"webhook reboot"}})
		scheduler := New(w.replica(&process{kill: func() {}}))
		for range 2 {
			ctx, lose := context.WithTimeout(w.ctx, 3*time.Second) // the call has begun by then, and has no answer
			_ = scheduler.Run(ctx, w.acquire())
			lose()
		}
		ctx, lose := context.WithTimeout(w.ctx, time.Minute)
		defer lose()
		_ = scheduler.Run(ctx, w.acquire())
		w.want(id, "going: asking")
		if why := w.agent(id, "web-00").Why; len(w.calls) != 1 || !strings.Contains(why, "nobody knows whether it was done") {
			t.Errorf("called %v, says %q", w.calls, why)
		}
		w.once()
	})
}

// While the store is away nobody can be asked about a call of which nobody knows: it is not made meanwhile.
func TestNothingIsCalledOnTheWordOfALeaderThatDied(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		id := w.start(Procedure{Steps: []string{"webhook reboot"}})
		w.hooks = func(Call) Answer { w.kill(); return Answer{Outcome: AnswerDone} }
		w.lead(0)
		wait(5 * time.Second)
		w.mutex.Lock()
		w.down = true
		w.mutex.Unlock()
		wait(5 * time.Minute)
		w.mutex.Lock()
		w.down = false
		w.mutex.Unlock()
		wait(time.Minute)
		w.want(id, "going: asking")
		w.once()
	})
}

// That the answer to an intent was lost is no reason to ask: the replica knows that it has not called yet.
func TestALostAnswerToAnIntentIsNotACall(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		w.lead(0)
		w.loses = func(commit *filters.Commit) bool {
			for i := range commit.Records {
				if agent, err := DecodeRunAgent(&commit.Records[i]); err == nil && !agent.Sent.IsZero() && agent.Phase == AgentStepping {
					return true
				}
			}
			return false
		}
		id := w.start(Procedure{Steps: []string{"webhook reboot"}})
		wait(5 * time.Minute)
		w.want(id, "done: done")
		if len(w.calls) != 1 {
			t.Errorf("called %v", w.calls)
		}
		w.once()
	})
}

// Whatever machines, webhooks and people do and whenever leaders die, once a run is over every agent of it is over: given back,
// or failed and named; and the journal holds what check wants of it.
func TestWhateverHappensEveryAgentIsOverOrNamed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		agents := rapid.IntRange(1, 7).Draw(rt, "agents")
		procedure := Procedure{
			MaxParallel: rapid.IntRange(1, 4).Draw(rt, "parallel"), MaxFailures: rapid.IntRange(0, 3).Draw(rt, "failures"),
			Steps:   rapid.SliceOfN(rapid.SampledFrom([]string{"wait 3m", "confirm", "webhook reboot"}), 1, 4).Draw(rt, "steps"),
			BatchBy: rapid.SampledFrom([]string{"", "rack"}).Draw(rt, "batch"), Soak: rapid.SampledFrom([]string{"", "4m"}).Draw(rt, "soak"),
			Expect: rapid.SampledFrom([]string{"", "restart"}).Draw(rt, "expect"),
		}
		repeats := rapid.Bool().Draw(rt, "repeats")
		failed := ""
		synctest.Test(t, func(t *testing.T) {
			w := newRunWorld(t, agents)
			w.repeats = repeats
			failed = w.muddle(rand.New(rand.NewPCG(seed, 1)), procedure)
		})
		if failed != "" || t.Failed() {
			rt.Fatalf("%s", failed)
		}
	})
}

// muddle lets everything happen to a run for some hours, then lets it come to its end.
func (w *runWorld) muddle(random *rand.Rand, procedure Procedure) (failed string) {
	chance := func(percent int) bool { return random.IntN(100) < percent }
	dice := rand.New(rand.NewPCG(random.Uint64(), 2))
	w.hooks = func(call Call) Answer {
		w.machines.Lock()
		defer w.machines.Unlock()
		outcomes := []AnswerOutcome{AnswerDone, AnswerDone, AnswerDone, AnswerPending, AnswerFailed, AnswerLost}
		return Answer{Outcome: outcomes[dice.IntN(len(outcomes))], Poll: "job/" + call.Key, Why: "so it is"}
	}
	w.open()
	defer w.close()
	w.lead(random.IntN(60))
	synctest.Wait()
	id := w.start(procedure)
	hosts := len(w.agents)
	for range 200 {
		wait(time.Duration(random.IntN(90)) * time.Second)
		host := fmt.Sprintf("web-%02d", random.IntN(hosts))
		switch {
		case chance(20):
			w.restart(host)
		case chance(4):
			w.change(host, func(a *filters.Agent) bool { a.Resources.MemMB = []float64{1000, 500}[random.IntN(2)]; return true })
		case chance(2):
			w.change(host, func(*filters.Agent) bool { return false })
		case chance(3):
			request := w.request("UBOB", host)
			request.All = true
			_, _ = w.service.Unfilter(w.ctx, request)
		case chance(4):
			_, _ = w.service.Filter(w.ctx, w.request("UCAROL", host))
		case chance(8):
			_, _ = w.desk.PauseRun(w.ctx, w.request("UBOB"), id)
		case chance(30):
			_, _ = w.desk.ResumeRun(w.ctx, w.request("UBOB"), id)
		case chance(1):
			_, _ = w.desk.AbortRun(w.ctx, w.request("UBOB"), id)
		case chance(40):
			w.answerOne(id, random)
		case chance(10):
			w.kill()
		}
	}
	return w.settle(id)
}

func (w *runWorld) answerOne(id string, random *rand.Rand) {
	for _, agent := range w.run(id).Agents {
		if agent.Phase == AgentAsking {
			_, _ = w.desk.Confirm(w.ctx, w.request("UBOB"), agent.Key, []string{"done", "done", "skip", "failed"}[random.IntN(4)])
			return
		}
	}
}

// kill lets the leader die at its next step.
func (w *runWorld) kill() {
	w.machines.Lock()
	p := w.leading
	w.machines.Unlock()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.left = 1
}

// settle lets the run come to its end, and says what is wrong then.
func (w *runWorld) settle(id string) string {
	w.operate(id)
	for range 100 {
		if w.run(id).State.Phase.Over() {
			break
		}
		_, _ = w.desk.ResumeRun(w.ctx, w.request("UBOB"), id)
		wait(10 * time.Minute)
	}
	wait(10 * time.Minute)
	listing := w.run(id)
	if !listing.State.Phase.Over() {
		return "the run does not end: " + w.phases(id)
	}
	for _, agent := range listing.Agents {
		held := w.heldByRun(id, agent.current())
		if !agent.Phase.Over() || held && agent.Phase != AgentFailed {
			return fmt.Sprintf("%s is %s and withheld %v", agent.Hostname, agent.Phase, held)
		}
		if agent.Phase == AgentFailed && !strings.Contains(listing.State.Why, agent.Hostname) {
			return fmt.Sprintf("%s failed and is not named: %q", agent.Hostname, listing.State.Why)
		}
	}
	w.once()
	w.check()
	return ""
}

func (w *runWorld) heldByRun(id string, agent filters.AgentID) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	filter, ok := w.filters[filters.FilterKey{Agent: agent, Mode: filters.ModeFilter, Owner: filters.Owner("run:" + id)}]
	return ok && filter.Stands()
}
