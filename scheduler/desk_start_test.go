package scheduler

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// askFor asks for a run of alice's that others must approve, and returns what was asked.
func (w *runWorld) askFor(wanted RunRequest, hosts ...string) (filters.Request, *filters.Approval) {
	w.t.Helper()
	w.needs = 1
	request := w.request("UALICE", hosts...)
	if wanted.Drain != nil && wanted.Drain.Ends() {
		request.Typed = hosts
	}
	listing, err := w.desk.StartRun(context.Background(), request, wanted)
	if err != nil || listing.Approval == nil || listing.Approval.State != filters.ApprovalOpen {
		w.t.Fatalf("asked: %+v, %v", listing.Approval, err)
	}
	return request, listing.Approval
}

// approve is bob's yes.
func (w *runWorld) approve(approval *filters.Approval) filters.Approval {
	w.t.Helper()
	granted, err := w.service.Approve(context.Background(), w.request("UBOB"), approval.ID)
	if err != nil || granted.State != filters.ApprovalGranted {
		w.t.Fatalf("%s: %v", granted.State, err)
	}
	return granted
}

// granted is what bob has approved of that alice asked for.
func (w *runWorld) granted(wanted RunRequest, hosts ...string) filters.Approval {
	w.t.Helper()
	_, approval := w.askFor(wanted, hosts...)
	return w.approve(approval)
}

func TestADrainBeginsOnceItIsApproved(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		wanted := RunRequest{Drain: &filters.Drain{MaxGrace: time.Minute}, Deadline: 10 * time.Minute}
		request, approval := w.askFor(wanted, "web-00", "web-01")
		again, err := w.desk.StartRun(context.Background(), request, wanted)
		if err != nil || again.Approval == nil || again.Approval.ID != approval.ID || len(w.service.Approvals()) != 1 {
			t.Errorf("delivered twice: %+v, %v, %d approvals", again.Approval, err, len(w.service.Approvals()))
		}
		wait(time.Hour)
		if runs := w.desk.Runs(); len(runs) != 0 || w.hostsHeld() != "" {
			t.Errorf("before anybody said yes: %d runs, withheld %q", len(runs), w.hostsHeld())
		}
	})
	inDrains(t, func(w *runWorld) {
		approval := w.granted(RunRequest{Drain: &filters.Drain{MaxGrace: time.Minute}, Deadline: 10 * time.Minute}, "web-00", "web-01")
		started, err := w.desk.Start(context.Background(), &approval)
		if err != nil || len(started.Skipped) != 0 {
			t.Fatalf("%+v, %v", started, err)
		}
		wait(time.Minute)
		w.want(started.Operation, "going: withholding waiting")
		state := w.run(started.Operation).State
		if state.By != "user:UALICE" || state.Reason != "firmware" || state.Approval != approval.ID || !slices.Equal(state.Yes, []string{"user:UBOB"}) || state.Drain.MaxGrace != time.Minute || time.Duration(state.Deadline) != 10*time.Minute {
			t.Errorf("not what was asked for: %+v", state)
		}
	})
}

// The leader may crash, and another take over, before it has written down that it began.
func TestAnApprovedRunBeginsOnce(t *testing.T) {
	for name, wanted := range map[string]RunRequest{
		"a drain":        {Drain: &filters.Drain{}},
		"a mark":         {Drain: &filters.Drain{Gone: true}},
		"a manual drain": {Drain: &filters.Drain{}, Manual: true, Last: true},
		"a run":          {Procedure: Procedure{Steps: []string{"wait 10m"}, Soak: "1m"}, MaxUnavailable: "2", Per: "rack"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldOf(t, 4, func(w *runWorld) { w.floor = &floor{t: t} }, func(w *runWorld) {
				w.config.Allow = []filters.Verb{filters.VerbDrain, filters.VerbGone}
				approval := w.granted(wanted, "web-00", "web-01")
				first, err := w.desk.Start(context.Background(), &approval)
				if err != nil {
					t.Fatal(err)
				}
				w.change("web-00", func(*filters.Agent) bool { return false })
				w.change("web-01", func(*filters.Agent) bool { return false })
				wait(readEvery)
				second, err := NewDesk(w.replica(&process{kill: func() {}})).Start(context.Background(), &approval)
				if err != nil || second.Operation != first.Operation || len(w.desk.Runs()) != 1 || len(w.run(first.Operation).Agents) != 2 {
					t.Errorf("%+v, then %+v, %v, %d runs", first, second, err, len(w.desk.Runs()))
				}
			})
		})
	}
}

func TestWhatIsSoWhenADrainIsStarted(t *testing.T) {
	for name, test := range map[string]struct {
		wanted RunRequest
		hosts  string // empty: web-00 and web-01
		before func(w *runWorld)
		code   filters.Code
		words  string // of the error, or of why an agent is left out
		over   string // the run's agents; empty: none began
	}{
		"all as it was": {over: "web-00 web-01"},
		"an agent has vanished": {before: func(w *runWorld) { w.change("web-00", func(*filters.Agent) bool { return false }) },
			words: "web-00 the master does not list it any more", over: "web-01"},
		"an agent cannot be reached": {before: func(w *runWorld) { w.lose("web-00") }, over: "web-00 web-01"},
		"somebody else drains one": {before: func(w *runWorld) {
			w.change("web-00", func(a *filters.Agent) bool {
				a.Active, a.Deactivated, a.Drain = false, true, filters.Draining
				return true
			})
		}, words: "web-00 it is being drained by somebody else", over: "web-01"},
		"we drained one already": {before: func(w *runWorld) {
			w.needs = 0
			if _, err := w.desk.StartRun(context.Background(), w.request("UALICE", "web-00"), RunRequest{Drain: &filters.Drain{}}); err != nil {
				w.t.Fatal(err)
			}
			wait(readEvery)
			w.needs = 1
		}, words: "web-00 it is ", over: "web-01"},
		"somebody else scheduled one": {before: func(w *runWorld) {
			w.config.InSchedule = func(context.Context, []*filters.Agent) ([]filters.AgentID, error) {
				return []filters.AgentID{"S00"}, nil
			}
		}, words: "web-00 its machine is in the maintenance schedule", over: "web-01"},
		"the master does not tell": {before: func(w *runWorld) {
			w.config.InSchedule = func(context.Context, []*filters.Agent) ([]filters.AgentID, error) {
				return nil, &filters.Error{Code: filters.Unavailable, Wrong: "the master does not answer"}
			}
		}, code: filters.Unavailable, words: "does not answer"},
		"none is left": {before: func(w *runWorld) {
			w.change("web-00", func(*filters.Agent) bool { return false })
			w.change("web-01", func(*filters.Agent) bool { return false })
		}, code: filters.Unknown, words: "none of its agents is left: web-00 (the master does not list it any more)"},
		"what is to be marked gone need not be known": {wanted: RunRequest{Drain: &filters.Drain{Gone: true}}, hosts: "3c1d-S77", over: "3c1d-S77"},
		"it costs more": {before: func(w *runWorld) { w.setTasks("S00", map[string]int{"marathon": 2, "kafka": 1, "cassandra": 3}) },
			code: filters.Changed, words: "cassandra"},
		"more must say yes": {before: func(w *runWorld) { w.needs = 2 }, code: filters.Changed, words: "by now 2 must say yes, and 1 did"},
		"alice may not any more": {before: func(w *runWorld) {
			w.deny(func(actor filters.Actor) bool { return actor.User == "UALICE" })
		}, code: filters.Denied, words: "may look"},
		"drains were switched off": {before: func(w *runWorld) { w.config.Allow = nil }, code: filters.Denied, words: "allow: [drain]"},
		"the cluster was not read yet": {before: func(w *runWorld) {
			w.machines.Lock()
			defer w.machines.Unlock()
			w.roster = filters.NewRoster(filters.View{})
		}, code: filters.Unavailable, words: "have not read the cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			inDrains(t, func(w *runWorld) {
				w.config.Allow = []filters.Verb{filters.VerbDrain, filters.VerbGone}
				if test.wanted.Drain == nil {
					test.wanted.Drain = &filters.Drain{}
				}
				approval := w.granted(test.wanted, strings.Fields(cmp.Or(test.hosts, "web-00 web-01"))...)
				wait(readEvery / 2)
				if test.before != nil {
					test.before(w)
				}
				if test.code != filters.Unavailable {
					wait(readEvery)
				}
				started, err := w.desk.Start(context.Background(), &approval)
				if test.code != "" {
					if filters.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) || len(w.desk.Runs()) != 0 {
						t.Errorf("got %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if again, err := w.desk.Start(context.Background(), &approval); err != nil || again.Operation != started.Operation || !slices.Equal(again.Skipped, started.Skipped) {
					t.Errorf("after a crash: %+v, %v", again, err)
				}
				var over []string
				for _, agent := range w.run(started.Operation).Agents {
					over = append(over, agent.Hostname)
				}
				out := ""
				for _, left := range started.Skipped {
					out += left.Hostname + " " + left.Why
				}
				if strings.Join(over, " ") != test.over || !strings.HasPrefix(out, test.words) || (out == "") != (test.words == "") {
					t.Errorf("goes over %v, left out: %s", over, out)
				}
			})
		})
	}
}

func TestADrainThatDoesNotWaitBeginsAtOnce(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		w.needs = 1
		request := w.request("UALICE", "web-00")
		request.Glass = true
		late := *w.config
		late.Book = filters.NewBook() // what was written has not come there
		for _, desk := range []*Desk{w.desk, w.desk, NewDesk(&late)} {
			listing, err := desk.StartRun(context.Background(), request, RunRequest{Drain: &filters.Drain{}})
			if err != nil || listing.Approval != nil || len(w.desk.Runs()) != 1 {
				t.Fatalf("%+v, %v", listing, err)
			}
		}
		wait(time.Minute)
		w.want(w.desk.Runs()[0].State.ID, "going: withholding")
		if all := w.service.Approvals(); len(all) != 1 || !all[0].Glass {
			t.Errorf("to be reviewed: %+v", all)
		}
	})
}

func TestADryRunSaysWhoMustSayYes(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		w.needs = 2
		request := w.request("UALICE", "web-00")
		request.DryRun = true
		listing, err := w.desk.StartRun(context.Background(), request, RunRequest{Drain: &filters.Drain{}})
		if err != nil || listing.Needs.Approvals != 2 || listing.Approval != nil || len(w.service.Approvals()) != 0 {
			t.Errorf("%+v, %v", listing.Needs, err)
		}
	})
}
