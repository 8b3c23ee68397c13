package scheduler

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// inLosses runs a test in a world whose agent web-00 is unreachable.
func inLosses(t *testing.T, test func(w *runWorld, lost filters.AgentID)) {
	t.Helper()
	inDrains(t, func(w *runWorld) {
		w.config.Allow = []filters.Verb{filters.VerbDrain, filters.VerbGone}
		test(w, w.lose("web-00"))
	})
}

func (w *runWorld) askGone(typed string, hosts ...string) (RunListing, error) {
	return w.desk.StartRun(context.Background(), typing(w.request("UALICE", hosts...), typed), RunRequest{Drain: &filters.Drain{Gone: true}})
}

func TestADrainReachesAnAgentThatIsAway(t *testing.T) {
	inLosses(t, func(w *runWorld, lost filters.AgentID) {
		listing, err := w.desk.StartRun(context.Background(), w.request("UALICE", "web-00"), RunRequest{Drain: &filters.Drain{}})
		if err != nil || len(listing.Notes) != 1 || !strings.Contains(listing.Notes[0], "web-00 is not listed by the master since 2000-01-01") {
			t.Fatalf("noted %q, %v", listing.Notes, err)
		}
		wait(time.Minute)
		w.want(listing.State.ID, "going: withholding")
		if agent := w.agent(listing.State.ID, "web-00"); agent.Agent != lost || !strings.Contains(agent.Why, "the kill waits until it is back") {
			t.Errorf("the run says %q", agent.Why)
		}
		w.ledgered(lost, func(e *filters.LedgerEntry) { e.Drained = time.Now().UTC() })
		wait(time.Minute)
		w.want(listing.State.ID, "done: done")
	})
}

// An ID in full is enough to have an agent marked gone that nobody remembers; the master has the last word.
func TestAnAgentThatNobodyRemembersIsMarkedGoneByItsID(t *testing.T) {
	inLosses(t, func(w *runWorld, _ filters.AgentID) {
		const id = "3c1d-S77"
		if _, err := w.desk.StartRun(context.Background(), w.request("UALICE", id), RunRequest{Drain: &filters.Drain{}}); filters.CodeOf(err) != filters.Unknown {
			t.Errorf("to be drained: %v", err)
		}
		listing, err := w.askGone(id, id)
		if err != nil || len(listing.Notes) != 1 || !strings.Contains(listing.Notes[0], "nobody here remembers "+id) {
			t.Fatalf("noted %q, %v", listing.Notes, err)
		}
		wait(time.Minute)
		w.want(listing.State.ID, "going: withholding")
		w.ledgered(id, func(e *filters.LedgerEntry) { e.Refused = "the master knows no such agent" })
		wait(time.Minute)
		w.want(listing.State.ID, "done: skipped")
		if why := w.agent(listing.State.ID, id).Why; why != "the master refused: the master knows no such agent" {
			t.Errorf("the run says %q", why)
		}
	})
}

// Being away is no proof of having left: only what the ledger told of it is.
func TestAReleaseBeforeItWasSentIsNotTakenForHavingLeft(t *testing.T) {
	inLosses(t, func(w *runWorld, lost filters.AgentID) {
		listing, err := w.askGone("web-00", "web-00")
		if err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		request := w.request("UALICE")
		request.All = true
		for _, filter := range w.service.Filters() {
			if _, err := w.service.Release(context.Background(), request, []string{filter.ID}); err != nil {
				t.Fatal(err)
			}
		}
		wait(time.Minute)
		if agent := w.agent(listing.State.ID, "web-00"); agent.Phase != AgentSkipped || !strings.Contains(agent.Why, "released by") {
			t.Errorf("the run says %s %q", agent.Phase, agent.Why)
		}
	})
}

// What was sent cannot be taken back: the run goes on, and says so.
func TestAMarkThatIsReleasedGoesOn(t *testing.T) {
	inLosses(t, func(w *runWorld, _ filters.AgentID) {
		w.stuck = true
		a := RunAgent{Phase: AgentWithholding}
		filter := &filters.Filter{Ended: time.Now(), EndedBy: "user:UBOB"}
		drain := &RunState{Drain: &filters.Drain{MarkGone: true}}
		next, changed := a.released(drain, &sight{filter: filter, ledger: &filters.LedgerEntry{DrainSent: "f-1", Ends: true}}, time.Now())
		if !changed || next.Phase != AgentWithholding || !strings.Contains(next.Why, "cannot be taken back") {
			t.Errorf("got %s %q", next.Phase, next.Why)
		}
		next, _ = a.released(drain, &sight{gone: true}, time.Now())
		if next.Phase != AgentDone {
			t.Errorf("once it is gone: %s", next.Phase)
		}
	})
}

// A host that came back as another agent is drained by its name, not by the ID that it had.
func TestAHostThatCameBackIsDrainedAsItIs(t *testing.T) {
	inLosses(t, func(w *runWorld, lost filters.AgentID) {
		w.machines.Lock()
		w.agents = append(w.agents, filters.Agent{ID: "S99", Hostname: "web-00", IP: "10.0.0.1", Active: true, Registered: time.Now().UTC()})
		w.machines.Unlock()
		wait(readEvery)
		_, err := w.desk.StartRun(context.Background(), w.request("UALICE", string(lost)), RunRequest{Drain: &filters.Drain{}})
		if filters.CodeOf(err) != filters.Conflict || !strings.Contains(err.Error(), "came back as agent S99") {
			t.Errorf("got %v", err)
		}
	})
}
