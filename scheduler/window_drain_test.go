package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

func draining(d *scheduler.Definition) { d.Mode = "drain" }

func deadline(length string) func(*scheduler.Definition) {
	return func(d *scheduler.Definition) { d.Drain = &scheduler.Draining{MaxGracePeriod: "5m", Deadline: length} }
}

// slow are hosts whose tasks do not end.
func slow(hosts ...string) func(*house) {
	return func(h *house) {
		h.drains = map[string]bool{}
		for _, host := range hosts {
			h.drains[host] = true
		}
	}
}

// drained ends what keeps the host from being drained, and lets the leader notice.
func (h *house) over(host string) {
	h.Helper()
	h.set(func() { delete(h.drains, host) })
	<-time.After(2 * time.Minute)
}

// asked holds the journal to how often the master was asked to drain an agent.
func (h *house) asked(want int) {
	h.Helper()
	count := 0
	for _, e := range h.store.Journal() {
		if e.Kind == filters.KindDraining {
			count++
		}
	}
	if count != want {
		h.Errorf("%d agents were drained, want %d", count, want)
	}
}

// ours tells how many agents are ours to give back.
func (h *house) ours(want int) {
	h.Helper()
	if got := len(h.book.Entries()); got != want {
		h.Errorf("at %s %d agents are ours, want %d", time.Now().UTC().Format("2 15:04"), got, want)
	}
}

// TestWindowsThatDrain tries each case that has one obvious answer, named after the sentence that says it.
func TestWindowsThatDrain(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup []func(*house)
		test  func(*house)
	}{
		{"a window drains its agents when it opens and gives them back when it closes", []func(*house){one(draining, on("web-1", "web-2"))}, func(h *house) {
			h.until("02:01")
			h.withheld("12")
			h.asked(2)
			h.until("04:01")
			h.withheld("")
			h.ours(0)
			h.until("02:01")
			h.asked(4)
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed", "2 02:00 open")
		}},
		{"what still drains at the end is given back when it is drained", []func(*house){one(draining, on("web-1", "web-2")), slow("web-2")}, func(h *house) {
			h.until("04:30")
			h.withheld("")
			h.ours(1)
			h.over("web-2")
			h.ours(0)
			h.until("04:40")
			h.says("1 02:00 open", "1 04:00 close", "1 04:31 closed")
		}},
		{"what drains for an hour after the end is named", []func(*house){one(draining, on("web-1", "web-2")), slow("web-2")}, func(h *house) {
			h.until("05:30")
			h.ours(1)
			h.says("1 02:00 open", "1 04:00 close", "1 05:00 closed: still draining, and given back after that: web-2")
		}},
		{"a drain is asked for once, whoever leads and however often", []func(*house){one(draining, on("web-1")), slow("web-1")}, func(h *house) {
			h.until("02:30")
			h.restart(10 * time.Minute)
			h.until("03:30")
			h.restart(time.Hour)
			h.over("web-1")
			h.asked(1)
			h.ours(0)
		}},
		{"max_unavailable leaves room as for windows that only withhold", []func(*house){one(draining, most("2"))}, func(h *house) {
			h.until("02:30")
			h.withheld("12")
			h.release("web-1")
			h.until("02:40")
			h.withheld("23")
			h.asked(3)
		}},
		{"a machine in the maintenance schedule is left out, and named", []func(*house){one(draining, on("web-1", "web-2"))}, func(h *house) {
			h.set(func() { h.barred = []filters.AgentID{"aaaa-S2"} })
			h.until("02:01")
			h.withheld("1")
			if out := h.opening("night").Out; len(out) != 1 || out[0].Hostname != "web-2" || !strings.Contains(out[0].Why, "maintenance schedule") {
				h.Errorf("left out are %v", out)
			}
		}},
		{"nothing is drained while the master does not tell what stands in the way", []func(*house){one(draining)}, func(h *house) {
			h.set(func() { h.blind = true })
			h.until("02:30")
			h.withheld("")
			h.set(func() { h.blind = false })
			h.until("02:31")
			h.withheld("123456")
		}},
		{"an agent that somebody else drains is left out", []func(*house){one(draining, on("web-1", "web-2"))}, func(h *house) {
			h.set(func() { h.agents[0].Active, h.agents[0].Deactivated, h.agents[0].Drain = false, true, filters.Draining })
			h.until("02:01")
			h.withheld("2")
			if out := h.opening("night").Out; len(out) != 1 || out[0].Why != "somebody else drains it" {
				h.Errorf("left out are %v", out)
			}
		}},
		{"the channel is told once who is held up past the deadline", []func(*house){one(draining, on("web-1", "web-2"), deadline("30m")), slow("web-2")}, func(h *house) {
			h.until("03:30")
			h.restart(time.Minute)
			h.until("04:10")
			h.says("1 02:00 open", "1 02:30 warn: over the deadline of 30 m, and still draining: web-2", "1 04:00 close")
		}},
		{"skipped while it drains: what was not drained is given back after that", []func(*house){one(draining, on("web-1", "web-2")), slow("web-2")}, func(h *house) {
			h.until("02:30")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:35")
			h.withheld("")
			h.ours(1)
			h.over("web-2")
			h.ours(0)
		}},
		{"a window of chat that drains and asks before each opening is not answered by who made it", nil, func(h *house) {
			definition := nightly(draining, on("web-1"), approval)
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "disks", definition))
			h.until("01:30")
			questions := h.service.Questions()
			if len(questions) != 1 || !strings.Contains(questions[0].Text, "drains 1 of 6 agents (web-1); what runs there is killed") {
				h.Fatalf("asked is %+v", questions)
			}
			if _, err := h.service.Answer(h.Context(), h.by("UALICE"), questions[0].ID, true); filters.CodeOf(err) != filters.Denied {
				h.Errorf("alice says yes to herself: %v", err)
			}
			h.ok(h.service.Answer(h.Context(), h.by("UBOB"), questions[0].ID, true))
			h.until("02:01")
			h.asked(1)
		}},
		{"who may not drain makes no window that drains", nil, func(h *house) {
			h.set(func() { h.verbs = []filters.Verb{filters.VerbWindow} })
			definition := nightly(draining, approval)
			if _, err := h.desk.Add(h.Context(), h.by("UALICE"), "disks", definition); filters.CodeOf(err) != filters.Denied {
				h.Errorf("it was added: %v", err)
			}
		}},
		{"its run drains each agent, does its steps, and gives it back", []func(*house){one(draining, on("web-1", "web-2"), func(d *scheduler.Definition) {
			d.Run = &scheduler.Procedure{Steps: []string{"wait 10m"}}
		}), slow("web-1")}, func(h *house) {
			h.until("02:20")
			h.withheld("1") // its steps wait for the drain
			h.over("web-1")
			h.withheld("1")
			h.until("02:40")
			h.withheld("2")
			h.until("03:00")
			h.withheld("")
			h.asked(2)
			h.until("04:01")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"its run is aborted: what drains is given back when it is drained", []func(*house){one(draining, on("web-1", "web-2"), func(d *scheduler.Definition) {
			d.Run = &scheduler.Procedure{Steps: []string{"confirm"}}
		}), slow("web-1")}, func(h *house) {
			h.until("02:20")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:25")
			h.withheld("1")
			h.over("web-1")
			h.until("02:30")
			h.withheld("")
			h.ours(0)
			h.asked(1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in(t, func(h *house) {
				for _, each := range c.setup {
					each(h)
				}
			}, c.test)
		})
	}
}
