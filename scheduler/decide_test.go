package scheduler_test

import (
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// has is a house with windows in its configuration.
func has(windows map[string]scheduler.Definition) func(*house) {
	return func(h *house) { h.windows = windows }
}

func one(change ...func(*scheduler.Definition)) func(*house) {
	return has(map[string]scheduler.Definition{"night": nightly(change...)})
}

// TestObvious tries each case that has one obvious answer, named after the sentence that says it.
func TestObvious(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(*house)
		test  func(*house)
	}{
		{"a window filters its agents when it opens and gives them back when it closes", one(), func(h *house) {
			h.until("01:59")
			h.withheld("")
			h.until("02:00")
			h.withheld("123456")
			h.until("03:59")
			h.withheld("123456")
			h.until("04:00")
			h.withheld("")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"two windows on one agent: the last to end gives it back", has(map[string]scheduler.Definition{"night": nightly(), "late": nightly(from("0 3 * * *", "2h"), on("web-1"))}), func(h *house) {
			h.until("04:30")
			h.withheld("1")
			h.until("05:00")
			h.withheld("")
		}},
		{"a person and a window on one agent: two filters, the last to end gives back", one(on("web-1", "web-2")), func(h *house) {
			request := h.by("UALICE", "web-1")
			request.Until = time.Now().Add(5 * time.Hour)
			h.ok(h.service.Filter(h.Context(), request))
			h.until("03:00")
			h.withheld("12")
			h.until("04:30")
			h.withheld("1")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed")
			h.until("05:30")
			h.withheld("")
		}},
		{"released by hand during an occurrence: over for that agent, nothing places it again", one(most("4"), joining), func(h *house) {
			h.until("02:30")
			h.withheld("1234")
			h.release("web-2")
			h.until("03:00")
			h.withheld("1345")
			h.release("web-1")
			h.until("03:30")
			h.withheld("3456")
			h.release("web-6")
			h.until("03:58")
			h.withheld("345")
			h.restart(10 * time.Second)
			h.withheld("345")
		}},
		{"a window edited while open: the open occurrence ends as it was opened", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(most("1"), joining, on("web-1", "web-2", "web-3"))))
			h.until("02:30")
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(from("0 2 * * *", "3h"), joining, on("web-4"))))
			h.until("02:31")
			h.withheld("1")
			h.release("web-1")
			h.until("02:32")
			h.withheld("2") // it goes on as it was opened
			h.until("04:00")
			h.withheld("")
			h.until("02:00")
			h.withheld("4")
			h.until("04:59")
			h.withheld("4")
			h.says("1 00:00 window added", "1 02:00 open", "1 02:30 window changed", "1 02:31 open",
				"1 04:00 close: 1 agent was not reached: max_unavailable leaves no room: 1 of at most 1 agents are withheld", "1 04:00 closed", "2 02:00 open")
		}},
		{"paused while open: what is open stays and ends on time, nothing more of it is placed and nothing opens until resume", one(most("2")), func(h *house) {
			h.until("02:30")
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			h.release("web-1")
			h.until("03:59")
			h.withheld("2")
			h.until("04:30")
			h.withheld("")
			h.until("03:00")
			h.withheld("")
			h.ok(h.desk.Resume(h.Context(), h.by("UALICE"), "night"))
			h.until("03:01")
			h.withheld("12")
			if !h.opening("night").Late {
				h.Error("nothing says that it opened late")
			}
			h.until("04:30")
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			h.until("04:01")
			h.says("1 02:00 open", "1 02:30 window paused", "1 04:00 close: 4 agents were not reached: max_unavailable leaves no room: 2 of at most 2 agents are withheld",
				"1 04:00 closed", "2 03:00 window resumed", "2 03:00 open", "2 04:00 close: 4 agents were not reached: max_unavailable leaves no room: 2 of at most 2 agents are withheld",
				"2 04:00 closed", "2 04:30 window paused", "3 04:00 passed: paused by user:UALICE")
		}},
		{"skip, open: it is closed now and given back", one(), func(h *house) {
			h.until("02:30")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:31")
			h.withheld("")
			h.until("03:59")
			h.withheld("")
			h.until("02:00")
			h.withheld("123456")
			h.says("1 02:00 open", "1 02:30 close: why not", "1 02:30 closed", "2 02:00 open")
		}},
		{"skip, not open: the next occurrence does not open", one(), func(h *house) {
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:30")
			h.withheld("")
			h.until("02:00")
			h.withheld("123456")
			h.says("1 00:00 window skipped", "1 02:00 passed: skipped by user:UALICE", "2 02:00 open")
		}},
		{"a skip that is delivered twice skips once", one(), func(h *house) {
			request := h.by("UALICE")
			h.ok(h.desk.Skip(h.Context(), request, "night"))
			h.ok(h.desk.Skip(h.Context(), request, "night"))
			h.until("02:30")
			h.until("02:30")
			h.withheld("123456")
		}},
		{"rm while open: closed now, then gone; what is made anew does not open the same occurrence again", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly()))
			h.until("02:30")
			h.ok(h.desk.Remove(h.Context(), h.by("UALICE"), "night"))
			h.until("02:31")
			h.withheld("")
			if _, err := h.desk.Window("night"); filters.CodeOf(err) != filters.Unknown {
				h.Errorf("it is still there: %v", err)
			}
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly()))
			h.until("03:00")
			h.withheld("")
			h.until("02:00")
			h.withheld("123456")
			h.says("1 00:00 window added", "1 02:00 open", "1 02:30 close: why not", "1 02:30 closed", "1 02:30 window removed", "1 02:31 window added",
				"1 02:31 passed: it was open before, and an occurrence opens once", "2 02:00 open")
		}},
		{"gone from the configuration while open: ends on time", one(most("2")), func(h *house) {
			h.until("02:30")
			h.windows = nil
			h.restart(time.Minute)
			h.release("web-1")
			h.until("03:59")
			h.withheld("2")
			h.until("04:01")
			h.withheld("")
			h.until("02:30")
			h.says("1 02:00 open", "1 04:00 close: 4 agents were not reached: max_unavailable leaves no room: 2 of at most 2 agents are withheld", "1 04:00 closed",
				"1 04:00 window removed: it is in the configuration no more")
		}},
		{"a freeze: nothing opens; an occurrence that a freeze kept shut opens late if the freeze ends while it would be open", one(), func(h *house) {
			h.ok(h.service.Freeze(h.Context(), h.by("UALICE")))
			h.until("03:00")
			h.withheld("")
			h.ok(h.service.Thaw(h.Context(), h.by("UALICE")))
			h.until("03:01")
			h.withheld("123456")
			h.until("04:01")
			h.ok(h.service.Freeze(h.Context(), h.by("UALICE")))
			h.until("04:01")
			h.says("1 03:00 open", "1 04:00 close", "1 04:00 closed", "2 04:00 passed: frozen for “why not”")
		}},
		{"a freeze: what is not to open late does not", one(skips), func(h *house) {
			h.ok(h.service.Freeze(h.Context(), h.by("UALICE")))
			h.until("03:00")
			h.ok(h.service.Thaw(h.Context(), h.by("UALICE")))
			h.until("03:30")
			h.withheld("")
			h.says("1 02:01 passed: frozen for “why not”, and it is not to open late")
		}},
		{"a freeze: nothing more is placed; what stands ends on time", one(most("2")), func(h *house) {
			h.until("02:30")
			h.ok(h.service.Freeze(h.Context(), h.by("UALICE")))
			h.release("web-1")
			h.until("03:59")
			h.withheld("2")
			h.until("04:00")
			h.withheld("")
		}},
		{"freeze periods: deny beats allow", func(h *house) {
			h.windows = map[string]scheduler.Definition{"night": nightly(), "free": nightly(on("web-6"), from("0 2 * * *", "2h30m"))}
			h.freezes = []scheduler.Freeze{{Name: "year end", From: "1999-12-20", To: "2000-01-01 02:30", Windows: []string{"night"}}, {Name: "sale", From: "2000-01-02", To: "2000-01-02"}}
		}, func(h *house) {
			h.until("02:29")
			h.withheld("6")
			h.until("02:31")
			h.withheld("123456")
			h.until("03:00")
			h.until("03:00")
			h.withheld("")
			h.until("05:00")
			h.says("1 02:00 open", "1 02:30 open", "1 04:00 close", "1 04:00 closed", "1 04:30 close", "1 04:30 closed",
				"2 04:00 passed: frozen: sale", "2 04:30 passed: frozen: sale")
		}},
		{"missed: late opens while it would still be open", one(), func(h *house) {
			h.until("01:00")
			h.restart(2 * time.Hour)
			h.withheld("123456")
			h.until("04:00")
			h.withheld("")
			h.says("1 03:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"missed: skip does not", one(skips), func(h *house) {
			h.until("01:00")
			h.restart(2 * time.Hour)
			h.withheld("")
			h.says("1 03:00 passed: nobody was there to open it, and it is not to open late")
		}},
		{"being down across an edge changes nothing about the answer", one(), func(h *house) {
			h.until("03:00")
			h.restart(2 * time.Hour)
			h.withheld("")
			h.says("1 02:00 open", "1 05:00 close", "1 05:00 closed")
		}},
		{"no new batch in the last minutes: the cutoff is told, with what was not reached", one(most("2"), cutoff), func(h *house) {
			h.until("03:29")
			h.release("web-1")
			h.until("03:30")
			h.release("web-2")
			h.until("03:59")
			h.withheld("3")
			h.says("1 02:00 open", "1 03:29 open", "1 03:30 warn: 3 agents were not reached: max_unavailable leaves no room: 2 of at most 2 agents are withheld")
		}},
		{"what was missed does not open after its cutoff", one(cutoff), func(h *house) {
			h.until("01:00")
			h.restart(2*time.Hour + 45*time.Minute)
			h.withheld("")
			h.says("1 03:45 passed: nobody was there to open it before its cutoff")
		}},
		{"max_unavailable counts what people and other windows hold; agents that wait are placed when there is room", func(h *house) {
			h.windows = map[string]scheduler.Definition{"night": nightly(func(d *scheduler.Definition) { d.MaxUnavailable, d.MaxUnavailablePer = "2", "rack" })}
		}, func(h *house) {
			request := h.by("UALICE", "web-2")
			request.Until = time.Now().Add(3 * time.Hour)
			h.ok(h.service.Filter(h.Context(), request))
			h.until("02:00")
			h.withheld("1245") // the window's on 2 takes no room
			h.release("web-4")
			h.until("02:01")
			h.withheld("1256")
			h.until("03:00")
			h.withheld("1256") // the window withholds 2 itself
			h.release("web-2")
			h.until("03:01")
			h.withheld("1356")
		}},
		{"max_withheld holds for windows too", func(h *house) {
			h.windows = map[string]scheduler.Definition{"night": nightly()}
			h.limits = filters.LimitConfig{Rack: filters.LimitValue{Count: 2}, Cluster: filters.LimitValue{Percent: 50}}
		}, func(h *house) {
			h.until("02:00")
			h.withheld("124")
			if got := h.opening("night"); len(got.Waiting) != 3 || got.Placed != 3 || got.Why != "max_withheld leaves no room in rack r1: 2 of at most 2 agents are withheld" {
				h.Errorf("%+v", got)
			}
		}},
		{"agents that join while it is open are withheld if so configured", has(map[string]scheduler.Definition{"joins": nightly(joining), "not": nightly(from("0 2 * * *", "4h"))}), func(h *house) {
			h.until("02:30")
			h.set(func() { h.agents = append(h.agents, agent(7)) })
			h.until("02:31")
			h.withheld("1234567")
			h.until("04:00")
			h.withheld("123456")
		}},
		{"a window that matched nothing takes agents that join, once each", one(joining, on("web-7", "web-8")), func(h *house) {
			h.until("02:30")
			h.set(func() { h.agents = append(h.agents, agent(7)) })
			h.until("02:31")
			h.withheld("7")
			h.release("web-7")
			h.until("02:40")
			h.withheld("")
			h.set(func() { h.agents = append(h.agents, agent(8)) })
			h.until("02:50")
			h.withheld("8")
			h.says("1 02:00 open", "1 02:30 open", "1 02:40 open")
		}},
		{"targets that match nothing: a message at opening", one(on("db-*")), func(h *house) {
			h.until("02:30")
			if got := h.opening("night"); got.Why != "no agent matches its targets" || got.Start.IsZero() {
				h.Errorf("%+v", got)
			}
			h.until("04:00")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"an agent that is away when it is to be placed is placed when it is back", one(most("5")), func(h *house) {
			h.until("02:10")
			h.withheld("12345")
			h.set(func() { h.agents = h.agents[:5] })
			h.release("web-1")
			h.until("02:30")
			h.withheld("2345")
			h.set(func() { h.agents = append(h.agents, agent(6)) })
			h.until("02:31")
			h.withheld("23456")
		}},
		{"extend by a person on a window's filter moves that filter only: the closing message names it", one(), func(h *house) {
			h.until("03:00")
			for _, filter := range h.service.Filters() {
				if filter.Hostname == "web-3" {
					h.ok(h.service.Extend(h.Context(), h.by("UALICE"), []string{filter.ID}, 2*time.Hour))
				}
			}
			h.until("04:01")
			h.withheld("3")
			h.until("05:01")
			h.withheld("")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed: stay withheld, because somebody moved their end: web-3")
		}},
		{"the closing names what could not be given back, and the next occurrence opens all the same", one(from("0 */2 * * *", "2h")), func(h *house) {
			h.until("02:30")
			h.set(func() { h.held = "settling" })
			h.until("04:30")
			h.withheld("123456")
			h.says("1 00:00 open", "1 02:00 close", "1 02:00 closed", "1 02:00 open", "1 04:00 close",
				"1 04:00 closed: not given back yet: web-1, web-2, web-3, web-4, web-5, web-6", "1 04:00 open")
			h.set(func() { h.held = "" })
		}},
		{"the closing waits for what is given back", one(), func(h *house) {
			h.until("03:00")
			h.set(func() { h.held = "settling" })
			h.until("04:30")
			h.set(func() { h.held = "" })
			h.until("05:30")
			h.says("1 02:00 open", "1 04:00 close", "1 04:31 closed")
		}},
		{"nothing opens while the cluster cannot be read", one(), func(h *house) {
			h.set(func() { h.asOf = time.Now() })
			h.until("02:30")
			h.withheld("")
			h.set(func() { h.asOf = time.Time{} })
			h.until("02:31")
			h.withheld("123456")
		}},
		{"a window acts with the rights of who made it", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly()))
			h.set(func() { h.denied = "UALICE" })
			h.until("02:30")
			h.withheld("")
			h.says("1 00:00 window added", "1 02:00 passed: user:UALICE made it, and may withhold no agents any more")
		}},
		{"a month of 31 nights that nobody was there for is accounted for in few words", one(from("0 2 * * *", "1h")), func(h *house) {
			h.restart(24*time.Hour*33 + 5*time.Hour)
			passed := 0
			for _, e := range h.store.Journal() {
				if e.Kind == filters.KindPassed {
					passed++
				}
			}
			if passed != 21 {
				h.Errorf("%d entries", passed)
			}
			h.until("02:30")
			h.withheld("123456")
		}},
		{"three nights that nobody was there for are told one by one", one(from("0 2 * * *", "1h")), func(h *house) {
			h.restart(77 * time.Hour)
			h.says("4 05:00 passed: nobody was there to open it", "4 05:00 passed: nobody was there to open it", "4 05:00 passed: nobody was there to open it",
				"4 05:00 passed: nobody was there to open it")
		}},
		{"a definition's times changed: nothing is falsely missed", one(), func(h *house) {
			h.until("05:00")
			h.windows["night"] = nightly(from("30 * * * *", "20m"))
			h.restart(time.Minute)
			h.until("05:30")
			h.withheld("123456")
			h.until("05:51")
			h.windows["night"] = nightly(from("0 2 * * *", "4h"))
			h.restart(time.Minute)
			h.until("06:00")
			h.withheld("")
			h.says("1 02:00 open", "1 04:00 close", "1 04:00 closed", "1 05:01 window changed", "1 05:30 open", "1 05:50 close", "1 05:50 closed", "1 05:52 window changed")
		}},
		{"the configuration wins and says so", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(on("web-1"))))
			h.windows = map[string]scheduler.Definition{"night": nightly(on("web-2"))}
			h.restart(time.Minute)
			h.until("02:30")
			h.withheld("2")
			if _, err := h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(on("web-1"))); filters.CodeOf(err) != filters.Invalid {
				h.Errorf("chat changed it: %v", err)
			}
			h.windows = nil
			h.restart(time.Minute)
			h.until("04:30")
			h.says("1 00:00 window added", "1 00:01 window changed: the configuration defines it now, and wins over the one that user:UALICE made", "1 02:00 open",
				"1 04:00 close", "1 04:00 closed", "1 04:00 window removed: it is in the configuration no more")
		}},
	} {
		t.Run(c.name, func(t *testing.T) { in(t, c.setup, c.test) })
	}
}
