package scheduler

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// What keeps a drain from beginning is found before anybody is asked, and says what to do instead.
func TestWhatStandsInTheWayOfADrain(t *testing.T) {
	for name, test := range map[string]struct {
		before func(w *runWorld)
		drain  filters.Drain
		typed  []string
		code   filters.Code
		words  string
	}{
		"another tool drains it": {before: func(w *runWorld) {
			w.change("web-00", func(a *filters.Agent) bool {
				a.Active, a.Deactivated, a.Drain = false, true, filters.Draining
				return true
			})
		}, code: filters.Conflict, words: "being drained by somebody else"},
		"somebody else withholds it": {before: func(w *runWorld) {
			w.change("web-00", func(a *filters.Agent) bool { a.Active, a.Deactivated = false, true; return true })
		}, code: filters.Conflict, words: "/mesos adopt web-00"},
		"a run is at it": {before: func(w *runWorld) {
			w.start(Procedure{Steps: []string{"confirm"}}, "web-00")
		}, code: filters.Conflict, words: "under way in run"},
		"a drain of it has begun": {before: func(w *runWorld) {
			w.drainOf(filters.Drain{}, 0, "web-00")
		}, code: filters.Conflict, words: "under way in run"},
		"it is drained": {before: func(w *runWorld) {
			w.drainOf(filters.Drain{}, 0, "web-00")
			wait(time.Minute)
			w.ledgered("S00", func(e *filters.LedgerEntry) { e.Drained = time.Now().UTC() })
			wait(time.Minute)
		}, code: filters.Conflict, words: "safe to take down"},
		"an old master": {before: func(w *runWorld) {
			w.config.Condition = func() filters.Condition { return filters.Condition{Version: "1.8.3"} }
		}, code: filters.Invalid, words: "1.9"},
		"an old agent": {before: func(w *runWorld) {
			w.change("web-00", func(a *filters.Agent) bool { a.Undrainable = true; return true })
		}, code: filters.Invalid, words: "AGENT_DRAINING"},
		"an old agent may be marked gone": {before: func(w *runWorld) {
			w.change("web-00", func(a *filters.Agent) bool { a.Undrainable = true; return true })
		}, drain: filters.Drain{Gone: true}, typed: []string{"web-00"}},
		"a freeze": {before: func(w *runWorld) {
			request := w.request("UALICE")
			request.Reason = "sale"
			if _, err := w.service.Freeze(context.Background(), request); err != nil {
				w.t.Fatal(err)
			}
		}, code: filters.Frozen, words: "sale"},
		"a lock": {before: func(w *runWorld) {
			if _, err := w.write(filters.Commit{Lock: &filters.Lock{Cause: "older than remembered"}, Events: []filters.Event{{Kind: filters.KindLock, Lock: &filters.Lock{Cause: "older than remembered"}}}}); err != nil {
				w.t.Fatal(err)
			}
		}, code: filters.Locked, words: "older than remembered"},
		"it is in the schedule": {before: func(w *runWorld) {
			told := filters.Told{Record: filters.Record{Shelf: filters.ShelfMachines, Name: filters.Machine{Hostname: "web-00", IP: "10.0.0.1"}.Name(), Body: []byte(`{}`)}}
			if _, err := w.service.Arrange(context.Background(), filters.Arrangement{Request: w.request("UALICE"), Verb: filters.VerbRun, Told: []filters.Told{told}}); err != nil {
				w.t.Fatal(err)
			}
		}, code: filters.Conflict, words: "maintenance cancel"},
		"not typed again":   {drain: filters.Drain{MarkGone: true}, code: filters.Invalid, words: "--confirm web-00"},
		"typed wrong":       {drain: filters.Drain{Gone: true}, typed: []string{"web-0"}, code: filters.Invalid, words: "none of the agents"},
		"typed again":       {drain: filters.Drain{Gone: true}, typed: []string{"WEB-00"}},
		"nothing is in way": {},
	} {
		t.Run(name, func(t *testing.T) {
			inDrains(t, func(w *runWorld) {
				w.config.Allow = []filters.Verb{filters.VerbDrain, filters.VerbGone}
				if test.before != nil {
					test.before(w)
				}
				wait(time.Minute)
				_, err := w.desk.StartRun(context.Background(), typing(w.request("UALICE", "web-00"), test.typed...), RunRequest{Drain: &test.drain})
				if err == nil && test.code == "" {
					return
				}
				if filters.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A dry run of a drain says what it costs, and what would refuse it.
func TestADryRunOfADrainWeighsIt(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		w.change("web-01", func(a *filters.Agent) bool { a.Active = false; return true })
		wait(time.Minute)
		request := w.request("UALICE", "web-00", "web-01")
		request.DryRun = true
		listing, err := w.desk.StartRun(context.Background(), request, RunRequest{Drain: &filters.Drain{}})
		if err != nil {
			t.Fatal(err)
		}
		impact := listing.State.Impact
		if impact == nil || impact.Tasks["marathon"] != 2 || len(impact.Alone) != 2 || len(listing.Notes) != 1 || !strings.Contains(listing.Notes[0], "web-01 is disconnected") {
			t.Errorf("weighed %+v, noted %q", impact, listing.Notes)
		}
		if runs := w.desk.Runs(); len(runs) != 0 || len(w.service.Approvals()) != 0 {
			t.Errorf("a dry run left %d runs", len(runs))
		}
	})
}

// Six agents are more than one command may take, however many are drained at once: they all stay withheld.
func TestADrainIsBoundAsOtherCommandsAre(t *testing.T) {
	inWorld(t, 8, func(w *runWorld) {
		w.config.Allow = []filters.Verb{filters.VerbDrain}
		_, err := w.desk.StartRun(context.Background(), w.request("UALICE", "web-*"), RunRequest{Drain: &filters.Drain{}})
		if filters.CodeOf(err) != filters.Limited {
			t.Errorf("got %v", err)
		}
	})
}

// An agent that is disconnected is drained all the same: what runs there is killed when it is back.
func TestADisconnectedAgentIsDrained(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		w.change("web-00", func(a *filters.Agent) bool { a.Active = false; return true })
		wait(time.Minute)
		id := w.drainOf(filters.Drain{}, 0, "web-00")
		wait(time.Minute)
		w.want(id, "going: withholding")
	})
}

func TestDrainsNeedMesos19(t *testing.T) {
	for version, can := range map[string]bool{"1.9.0": true, "1.12.0": true, "2.0": true, "1.8.1": false, "0.28.2": false, "": true, "x": true} {
		if drains(version) != can {
			t.Errorf("%q drains: %t", version, !can)
		}
	}
}

// A drain that never ends, because the machine is dead, does not keep it from being marked gone.
func TestGoneWhileADrainIsUnderWay(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		w.config.Allow = []filters.Verb{filters.VerbDrain, filters.VerbGone}
		drained := w.drainOf(filters.Drain{}, 0, "web-00")
		wait(time.Minute)
		listing, err := w.desk.StartRun(context.Background(), typing(w.request("UALICE", "web-00"), "web-00"), RunRequest{Drain: &filters.Drain{Gone: true}})
		if err != nil {
			t.Fatal(err)
		}
		wait(time.Minute)
		w.want(drained, "going: withholding")
		w.want(listing.State.ID, "going: withholding")
	})
}

// typing is the request with hostnames that were typed again.
func typing(request filters.Request, words ...string) filters.Request {
	request.Typed = words
	return request
}
