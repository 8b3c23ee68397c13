package scheduler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// onlyRack is all agents of rack r1: web-1, web-2 and web-3.
func onlyRack(d *scheduler.Definition) {
	d.Targets, d.Attributes = nil, map[string]string{"rack": "r1"}
}

// asksFor has alice ask for a window that needs somebody's yes.
func (h *house) asksFor(name string, definition scheduler.Definition) *filters.Approval {
	h.Helper()
	h.set(func() { h.needs = filters.Needs{Approvals: 1, From: filters.JurorsApprovers} })
	listing, err := h.desk.Add(h.Context(), h.by("UALICE"), name, definition)
	if err != nil || listing.Approval == nil || listing.Approval.State != filters.ApprovalOpen {
		h.Fatalf("asked is %+v: %v", listing.Approval, err)
	}
	return listing.Approval
}

// approved has bob say yes to it, and the leader carry it out as often as it likes.
func (h *house) approved(asked *filters.Approval) {
	h.Helper()
	granted, err := h.service.Approve(h.Context(), h.by("UBOB"), asked.ID)
	h.ok(granted, err)
	for range 2 {
		started, err := h.desk.Start(h.Context(), &granted)
		h.ok(started, err)
	}
}

// window is the window as it is.
func (h *house) window(name string) scheduler.Listing {
	h.Helper()
	listing, err := h.desk.Window(name)
	h.ok(listing, err)
	return listing
}

// TestWindowsThatNeedApproval tries each case that has one obvious answer, named after the sentence that says it.
func TestWindowsThatNeedApproval(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*house)
	}{
		{"a window is not made before somebody said yes", func(h *house) {
			asked := h.asksFor("rack", nightly(onlyRack))
			if hosts := asked.Plan.Hosts(); !slices.Equal(hosts, []string{"web-1", "web-2", "web-3"}) || asked.Plan.Mode() != filters.ModeFilter {
				h.Errorf("asked is about %v, %s", hosts, asked.Plan.Mode())
			}
			if window := scheduler.PlannedWindow(&asked.Plan); window == nil || window.Name != "rack" {
				h.Errorf("the plan makes %+v", window)
			}
			if _, err := h.desk.Window("rack"); filters.CodeOf(err) != filters.Unknown {
				h.Errorf("it is there: %v", err)
			}
			h.until("02:30")
			h.withheld("")
			h.says()
		}},
		{"once they did it opens, for the agents that were approved of alone", func(h *house) {
			h.approved(h.asksFor("rack", nightly(onlyRack, joining)))
			joined := agent(7)
			joined.Attributes = agent(1).Attributes
			h.set(func() { h.agents = append(h.agents, joined) })
			h.until("02:01")
			h.withheld("123")
			h.until("04:01")
			h.withheld("")
			h.says("1 00:00 window added", "1 02:00 open", "1 04:00 close", "1 04:00 closed")
			if approved := h.window("rack").State.Approved; approved == nil || !slices.Equal(approved.By, []string{"user:UBOB"}) || len(approved.Agents) != 3 {
				h.Errorf("remembered is %+v", approved)
			}
		}},
		{"an agent that was approved of and has left has no part in it", func(h *house) {
			asked := h.asksFor("rack", nightly(onlyRack))
			h.set(func() { h.agents = h.agents[1:] })
			h.approved(asked)
			h.until("02:01")
			h.withheld("23")
		}},
		{"changed, it needs another yes, and stays as it is until then", func(h *house) {
			h.approved(h.asksFor("rack", nightly(onlyRack)))
			h.until("01:50")
			asked := h.asksFor("rack", nightly(on("web-5")))
			h.until("02:01")
			h.withheld("123")
			h.approved(asked)
			h.until("03:00")
			h.withheld("123") // it ends as it was opened
			h.until("02:01")
			h.withheld("5")
		}},
		{"what needed nobody's yes when it was made, and does when it opens, does not open, and says what to do", func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "rack", nightly(onlyRack)))
			h.set(func() { h.needs = filters.Needs{Approvals: 1} })
			h.until("02:30")
			h.withheld("")
			journal := h.store.Journal()
			passed := slices.IndexFunc(journal, func(e filters.Event) bool { return e.Kind == filters.KindPassed })
			if passed < 0 || !strings.Contains(journal[passed].Reason, "needs approval by a rule") || !strings.Contains(journal[passed].Reason, "/mesos window add rack") {
				h.Errorf("it does not say why it does not open: %+v", journal)
			}
		}},
		{"nor does one that goes over its agents with a run", func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "rack", nightly(onlyRack, func(d *scheduler.Definition) {
				d.Run = &scheduler.Procedure{Steps: []string{"wait 10m"}}
			})))
			h.set(func() { h.needs = filters.Needs{Approvals: 1} })
			h.until("02:30")
			h.withheld("")
		}},
		{"nor are agents of the configuration's window left out because a window of chat had the name before", func(h *house) {
			h.approved(h.asksFor("rack", nightly(on("web-5"))))
			h.windows["rack"] = nightly(onlyRack)
			h.restart(time.Minute)
			h.until("02:01")
			h.withheld("123")
		}},
		{"a dry run says what it would need", func(h *house) {
			h.set(func() { h.needs = filters.Needs{Approvals: 2, From: filters.JurorsOnCall, Rule: "racks"} })
			request := h.by("UALICE")
			request.DryRun = true
			listing, err := h.desk.Add(h.Context(), request, "rack", nightly(onlyRack))
			if h.ok(listing, err); listing.Needs.Approvals != 2 || listing.Approval != nil || len(h.service.Approvals()) != 0 {
				h.Errorf("%+v, %+v", listing.Needs, listing.Approval)
			}
		}},
		{"hostnames that are to be typed again are somebody's yes instead", func(h *house) {
			h.set(func() { h.needs = filters.Needs{Typed: true} })
			listing, err := h.desk.Add(h.Context(), h.by("UALICE"), "rack", nightly(onlyRack))
			if h.ok(listing, err); listing.Approval == nil || listing.Approval.Needs.Approvals != 1 {
				h.Errorf("%+v", listing.Approval)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { in(t, func(*house) {}, c.test) })
	}
}
