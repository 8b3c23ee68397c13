package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

func TestARunThatMakesNoSenseIsRefused(t *testing.T) {
	inWorld(t, 4, func(w *runWorld) {
		for name, test := range map[string]struct {
			targets string
			wanted  RunRequest
			code    filters.Code
			words   string
		}{
			"nothing to do":        {"*", RunRequest{}, filters.Invalid, "nothing to do while an agent is withheld"},
			"a webhook not listed": {"*", RunRequest{Procedure: Procedure{Steps: []string{"webhook nuke"}}}, filters.Invalid, "I know no webhook `nuke`"},
			"no step":              {"*", RunRequest{Procedure: Procedure{Steps: []string{"confirm", "dance"}}}, filters.Invalid, "`steps[1]`: `dance` is no step"},
			"less than none":       {"*", RunRequest{Procedure: Procedure{Steps: []string{"confirm"}, MaxParallel: -1}}, filters.Invalid, "max_parallel"},
			"a limit that is none": {"*", RunRequest{Procedure: Procedure{Steps: []string{"confirm"}}, MaxUnavailable: "some"}, filters.Invalid, "`some`"},
			"nobody of the name":   {"nobody", RunRequest{Procedure: Procedure{Steps: []string{"confirm"}}}, filters.Unknown, "I know no agent `nobody`"},
		} {
			_, err := w.desk.StartRun(t.Context(), w.request("UALICE", test.targets), test.wanted)
			if filters.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s: got %v (%s), want %s with %q", name, err, filters.CodeOf(err), test.code, test.words)
			}
		}
		w.deny(func(filters.Actor) bool { return true })
		if _, err := w.desk.StartRun(t.Context(), w.request("UALICE", "*"), RunRequest{Procedure: Procedure{Soak: "1m"}}); filters.CodeOf(err) != filters.Denied {
			t.Errorf("got %v", err)
		}
		if len(w.events) > 0 {
			t.Errorf("something was written: %+v", w.events)
		}
	})
}

func TestADryRunShowsTheOrderAndChangesNothing(t *testing.T) {
	inWorld(t, 5, func(w *runWorld) {
		request := w.request("UALICE", "*")
		request.DryRun = true
		listing, err := w.desk.StartRun(t.Context(), request, RunRequest{Procedure: Procedure{Steps: []string{"wait 10m"}, Soak: "5m", MaxParallel: 1, BatchBy: "rack"}})
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, agent := range listing.Agents {
			order = append(order, agent.Batch+" "+agent.Hostname)
		}
		if got := strings.Join(order, ", "); got != "r0 web-00, r0 web-01, r1 web-02, r1 web-03, r2 web-04" || listing.Estimate != 75*time.Minute || listing.Left != 5 {
			t.Errorf("got %s in %s", got, listing.Estimate)
		}
		if len(w.events) > 0 || len(w.desk.Runs()) > 0 {
			t.Errorf("something was written: %+v", w.events)
		}
		wait(time.Second)
		w.machines.Lock()
		w.blind = true
		w.machines.Unlock()
		wait(2 * time.Minute)
		if _, err := w.desk.StartRun(t.Context(), request, RunRequest{Procedure: Procedure{Soak: "5m"}}); filters.CodeOf(err) != filters.Unavailable {
			t.Errorf("on an old picture: %v", err)
		}
	})
}

func TestOneRequestStartsOneRun(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		request := w.request("UALICE", "*")
		var ids []string
		for range 3 {
			listing, err := w.desk.StartRun(t.Context(), request, RunRequest{Procedure: Procedure{Soak: "5m"}})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, listing.State.ID)
		}
		wait(time.Second)
		other := w.start(Procedure{Soak: "1m"})
		runs := w.desk.Runs()
		if ids[0] != ids[1] || ids[0] != ids[2] || len(runs) != 2 || runs[0].State.ID != other || runs[1].State.ID != ids[0] {
			t.Errorf("started %v, listed %d", ids, len(runs))
		}
	})
}

func TestARunGoesOverFiveThousandAgentsAtMost(t *testing.T) {
	inWorld(t, mostAgents+1, func(w *runWorld) {
		_, err := w.desk.StartRun(t.Context(), w.request("UALICE", "*"), RunRequest{Procedure: Procedure{Soak: "1m"}})
		if filters.CodeOf(err) != filters.Limited || !strings.Contains(err.Error(), "5001") {
			t.Errorf("got %v", err)
		}
		if len(w.events) > 0 {
			t.Errorf("something was written: %d entries", len(w.events))
		}
	})
}

func TestALargeRunIsAborted(t *testing.T) {
	inWorld(t, 1000, func(w *runWorld) {
		id := w.start(Procedure{Soak: "1m", MaxParallel: 250})
		w.lead(0)
		wait(4 * time.Minute)
		if listing := w.run(id); listing.Done < 250 || listing.Doing+listing.Left == 0 {
			t.Errorf("done %d, doing %d", listing.Done, listing.Doing)
		}
		if _, err := w.desk.AbortRun(t.Context(), w.request("UBOB"), id); err != nil {
			t.Fatal(err)
		}
		wait(10 * time.Minute)
		if listing := w.run(id); listing.State.Phase != RunAborted || listing.Done+listing.Skipped != 1000 || w.hostsHeld() != "" {
			t.Errorf("%s: done %d, skipped %d", listing.State.Phase, listing.Done, listing.Skipped)
		}
	})
}

// A person's word and the loop's own step may meet: the word is tried again.
func TestAWordIsNotLostBecauseTheRunWentOnMeanwhile(t *testing.T) {
	inWorld(t, 2, func(w *runWorld) {
		id := w.start(Procedure{Soak: "1m"})
		commit := filters.Commit{}
		w.mutex.Lock()
		record := w.records[filters.RecordKey{Shelf: filters.ShelfRuns, Name: id}]
		w.mutex.Unlock()
		commit.PutRecord(record, filters.Event{Kind: filters.KindRun, Outcome: "held"})
		w.books = w.books[:0] // the desk's book is behind
		if _, err := w.write(commit); err != nil {
			t.Fatal(err)
		}
		told := make(chan error)
		w.workers.Go(func() {
			_, err := w.desk.PauseRun(w.ctx, w.request("UBOB"), id)
			told <- err
		})
		wait(time.Second)
		w.config.Book.Follow(w.events[len(w.events)-1])
		if err := <-told; err != nil {
			t.Error(err)
		}
		w.want(id, "paused: waiting waiting")
	})
}

func TestTheLastBatchIsThatOfAgentsWithoutTheAttribute(t *testing.T) {
	run := RunState{Procedure: Procedure{BatchBy: "rack"}}
	var agents []*filters.Agent
	for i, rack := range []string{"", "r2", "r1", "", "r1"} {
		agent := &filters.Agent{ID: filters.AgentID(fmt.Sprint(i)), Hostname: fmt.Sprintf("web-%d", i)}
		if rack != "" {
			agent.Attributes = []filters.Attribute{{Name: "rack", Value: rack}}
		}
		agents = append(agents, agent)
	}
	var order []string
	for i, agent := range lineUp(&run, agents) {
		order = append(order, agent.Hostname)
		if agent.Order != i {
			t.Errorf("%s has order %d", agent.Hostname, agent.Order)
		}
	}
	if got := strings.Join(order, " "); got != "web-2 web-4 web-1 web-0 web-3" {
		t.Errorf("got %s", got)
	}
}
