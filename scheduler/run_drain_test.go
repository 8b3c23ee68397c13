package scheduler

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// inDrains runs a test in a world in which agents may be drained and their tasks are known.
func inDrains(t *testing.T, test func(w *runWorld)) {
	t.Helper()
	inWorld(t, 4, func(w *runWorld) {
		w.allow = []filters.Verb{filters.VerbDrain}
		w.config.Allow = w.allow
		w.setTasks("S00", map[string]int{"marathon": 2, "kafka": 1})
		w.lead(0)
		test(w)
	})
}

func (w *runWorld) setTasks(agent filters.AgentID, tasks map[string]int) {
	w.machines.Lock()
	defer w.machines.Unlock()
	if w.tasks == nil {
		w.tasks = map[filters.AgentID]map[string]int{}
	}
	w.tasks[agent] = tasks
}

// drainOf asks for a drain as alice does and returns the run's ID.
func (w *runWorld) drainOf(drain filters.Drain, deadline time.Duration, hosts ...string) string {
	w.t.Helper()
	listing, err := w.desk.StartRun(context.Background(), w.request("UALICE", hosts...), RunRequest{Drain: &drain, Deadline: deadline})
	if err != nil {
		w.t.Fatal(err)
	}
	return listing.State.ID
}

// ledgered changes the ledger of an agent as the reconciler does.
func (w *runWorld) ledgered(agent filters.AgentID, change func(*filters.LedgerEntry)) {
	w.t.Helper()
	w.mutex.Lock()
	entry, ok := w.ledger[agent]
	w.mutex.Unlock()
	if !ok {
		w.t.Fatalf("%s is not in the ledger", agent)
	}
	change(&entry)
	if _, err := w.write(func() (c filters.Commit) { c.PutLedger(entry, filters.Event{Kind: filters.KindDrained}); return c }()); err != nil {
		w.t.Fatal(err)
	}
}

func TestADrainTellsHowFarItIsAndWhatIsSafe(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		id := w.drainOf(filters.Drain{}, 0, "web-00", "web-01")
		wait(time.Minute)
		w.want(id, "going: withholding waiting")
		if why := w.agent(id, "web-00").Why; !strings.Contains(why, "3 of 3 tasks left") {
			t.Errorf("the run says %q", why)
		}
		w.setTasks("S00", map[string]int{"kafka": 1})
		wait(time.Minute)
		if why := w.agent(id, "web-00").Why; why != "1 of 3 tasks left: kafka 1" {
			t.Errorf("the run says %q", why)
		}
		w.ledgered("S00", func(e *filters.LedgerEntry) { e.Drained = time.Now().UTC() })
		wait(time.Minute)
		w.want(id, "going: done withholding")
		w.ledgered("S01", func(e *filters.LedgerEntry) { e.Drained = time.Now().UTC() })
		wait(time.Minute)
		w.want(id, "done: done done")
		if state := w.run(id).State; !strings.Contains(state.Why, "safe to take down: web-00, web-01") || w.hostsHeld() != "web-00 web-01" {
			t.Errorf("the end says %q, withheld are %s", state.Why, w.hostsHeld())
		}
	})
}

func TestADrainTellsSinceWhenTheOldestTaskRuns(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		began := time.Now().UTC()
		w.age("S00", began.Add(-50*time.Hour))
		id := w.drainOf(filters.Drain{}, 10*time.Minute, "web-00")
		wait(time.Minute)
		if why := w.agent(id, "web-00").Why; why != "3 of 3 tasks left: marathon 2, kafka 1, the oldest since "+began.Add(-50*time.Hour).Format("2006-01-02 15:04")+" UTC" {
			t.Errorf("the run says %q", why)
		}
		w.age("S00", began.Add(-time.Hour))
		w.setTasks("S00", map[string]int{"kafka": 1})
		left := "1 of 3 tasks left: kafka 1, the oldest since " + began.Add(-time.Hour).Format("15:04") + " UTC"
		wait(time.Minute)
		if why := w.agent(id, "web-00").Why; why != left {
			t.Errorf("the run says %q", why)
		}
		wait(10 * time.Minute)
		if why := w.agent(id, "web-00").Why; why != "over its deadline of 10 m: "+left {
			t.Errorf("the run says %q", why)
		}
	})
}

// age has the oldest task of the agent run since the time.
func (w *runWorld) age(agent filters.AgentID, since time.Time) {
	w.machines.Lock()
	defer w.machines.Unlock()
	if w.oldest == nil {
		w.oldest = map[filters.AgentID]time.Time{}
	}
	w.oldest[agent] = since
}

func TestADrainOverItsDeadlineIsToldOfAndNotForced(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		id := w.drainOf(filters.Drain{}, 10*time.Minute, "web-00")
		wait(12 * time.Minute)
		if agent := w.agent(id, "web-00"); !agent.Overdue || !strings.Contains(agent.Why, "over its deadline of 10 m") || !strings.Contains(agent.Why, "kafka 1") {
			t.Errorf("the run says %q", agent.Why)
		}
		w.want(id, "going: withholding")
	})
}

func TestWhatTheMasterRefusesFails(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		id := w.drainOf(filters.Drain{}, 0, "web-00", "web-01")
		wait(time.Minute)
		w.ledgered("S00", func(e *filters.LedgerEntry) { e.Refused = "it is part of a maintenance schedule" })
		wait(time.Minute)
		w.want(id, "stopped: failed waiting")
		if why := w.agent(id, "web-00").Why; why != "the master refused: it is part of a maintenance schedule" {
			t.Errorf("the run says %q", why)
		}
	})
}

func TestAbortingADrainDoesNotPretendToCancelIt(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		id := w.drainOf(filters.Drain{}, 0, "web-00", "web-01")
		wait(time.Minute)
		if _, err := w.desk.AbortRun(context.Background(), w.request("UALICE"), id); err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(id, "aborting: withholding skipped")
		w.ledgered("S00", func(e *filters.LedgerEntry) { e.Drained = time.Now().UTC() })
		wait(time.Minute)
		w.want(id, "aborted: done skipped")
		if w.hostsHeld() != "web-00" {
			t.Errorf("withheld are %q", w.hostsHeld())
		}
	})
}

func TestDrainsAreOffUnlessTheConfigurationAllowsThem(t *testing.T) {
	inWorld(t, 1, func(w *runWorld) {
		_, err := w.desk.StartRun(context.Background(), w.request("UALICE", "web-00"), RunRequest{Drain: &filters.Drain{}})
		if filters.CodeOf(err) != filters.Denied || !strings.Contains(err.Error(), "allow: [drain]") {
			t.Errorf("got %v", err)
		}
		w.config.Allow = []filters.Verb{filters.VerbDrain}
		_, err = w.desk.StartRun(context.Background(), w.request("UALICE", "web-00"), RunRequest{Drain: &filters.Drain{Gone: true}})
		if filters.CodeOf(err) != filters.Denied || !strings.Contains(err.Error(), "allow: [gone]") {
			t.Errorf("gone is more than drain: got %v", err)
		}
	})
}

func TestWhatTheMasterWouldNotDrainIsNotAskedAbout(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		refusal := &filters.Error{Code: filters.Conflict, Wrong: "`web-00` is in the maintenance schedule"}
		w.config.Undrainable = func(_ context.Context, agents []filters.Agent) error {
			if agents[0].Hostname == "web-00" {
				return refusal
			}
			return nil
		}
		_, err := w.desk.StartRun(t.Context(), w.request("UALICE", "web-00"), RunRequest{Drain: &filters.Drain{}})
		if filters.CodeOf(err) != filters.Conflict || len(w.service.Approvals()) != 0 {
			t.Errorf("got %v, and %d approvals", err, len(w.service.Approvals()))
		}
		w.drainOf(filters.Drain{}, 0, "web-01")
	})
}
