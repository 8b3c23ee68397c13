package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

func scheduling(d *scheduler.Definition) { d.Mode, d.Targets = "schedule", []string{"web-1", "web-2"} }
func takesDown(d *scheduler.Definition) {
	scheduling(d)
	d.TakeDown = true
}

// TestWindowsThatSchedule tries each case that has one obvious answer, named after the sentence that says it.
func TestWindowsThatSchedule(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(*house)
		test  func(*house)
	}{
		{"machines come into the schedule an hour ahead, and leave it at the end", one(scheduling), func(h *house) {
			h.until("00:59")
			h.scheduled("", "")
			h.until("01:01")
			h.scheduled("12", "")
			if span, _ := h.inMaster().Of(filters.Machine{Hostname: "web-1", IP: "10.0.0.1"}); span.String() != "2000-01-01 02:00 UTC for 2h" {
				h.Errorf("it is scheduled %s", span)
			}
			h.until("03:59")
			h.scheduled("12", "")
			h.until("04:01")
			h.scheduled("", "")
			h.calls("schedule web-1", "schedule web-2", "cancel web-1", "cancel web-2")
			h.says("1 01:00 announce", "1 01:00 announce", "1 02:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"they come with its first announcement", one(scheduling, func(d *scheduler.Definition) { d.Announce = []string{"90m", "10m"} }), func(h *house) {
			h.until("00:31")
			h.scheduled("12", "")
		}},
		{"machines are taken down at its start and brought up at its end, each once", one(takesDown), func(h *house) {
			h.until("01:59")
			h.scheduled("12", "")
			h.until("02:01")
			h.scheduled("12", "12")
			h.until("03:30")
			h.restart(10 * time.Minute)
			h.until("04:01")
			h.scheduled("", "")
			h.calls("schedule web-1", "schedule web-2", "down web-1", "down web-2", "up web-1", "up web-2")
			h.until("05:00")
			h.says("1 01:00 announce", "1 01:00 announce", "1 02:00 open", "1 02:00 open", "1 04:00 close", "1 04:00 closed")
		}},
		{"away across its end, it brings them up when it is back", one(takesDown), func(h *house) {
			h.until("02:01")
			h.restart(5 * time.Hour)
			h.until("07:30")
			h.scheduled("", "")
			h.calls("schedule web-1", "schedule web-2", "down web-1", "down web-2", "up web-1", "up web-2")
		}},
		{"away across its start, it opens late", one(takesDown), func(h *house) {
			h.until("00:30")
			h.restart(2 * time.Hour)
			h.until("02:32")
			h.scheduled("12", "12")
			h.until("04:01")
			h.scheduled("", "")
		}},
		{"away from before its start to after its end, it takes nothing down", one(takesDown), func(h *house) {
			h.until("01:01")
			h.restart(5 * time.Hour)
			h.until("06:30")
			h.scheduled("", "")
			h.calls("schedule web-1", "schedule web-2", "cancel web-1", "cancel web-2")
			h.says("1 01:00 announce", "1 01:00 announce", "1 06:01 passed: nobody was there to open it")
		}},
		{"skipped before its start, its machines leave the schedule", one(takesDown), func(h *house) {
			h.until("01:01")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("01:02")
			h.scheduled("", "")
			h.until("02:30")
			h.scheduled("", "")
		}},
		{"paused, they leave it, and come again when it is resumed", one(takesDown), func(h *house) {
			h.until("01:01")
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			h.until("01:10")
			h.scheduled("", "")
			h.ok(h.desk.Resume(h.Context(), h.by("UALICE"), "night"))
			h.until("01:11")
			h.scheduled("12", "")
		}},
		{"skipped while open, they are brought up at once", one(takesDown), func(h *house) {
			h.until("02:30")
			h.scheduled("12", "12")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:31")
			h.scheduled("", "")
		}},
		{"removed before its start: they leave, and then it is forgotten", func(*house) {}, func(h *house) {
			definition := nightly(scheduling)
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", definition))
			h.until("01:01")
			h.scheduled("12", "")
			h.ok(h.desk.Remove(h.Context(), h.by("UALICE"), "night"))
			h.until("01:10")
			h.scheduled("", "")
			if _, err := h.desk.Window("night"); filters.CodeOf(err) != filters.Unknown {
				h.Errorf("it is known still: %v", err)
			}
			if h.book.Record(filters.ShelfWindows, "night") != nil {
				h.Error("it is remembered still")
			}
		}},
		{"taken out of the configuration while open, it ends as it was opened", one(takesDown), func(h *house) {
			h.until("02:01")
			h.windows = nil
			h.restart(time.Minute)
			h.until("03:59")
			h.scheduled("12", "12")
			h.until("04:01")
			h.scheduled("", "")
		}},
		{"what somebody else scheduled is left out, and left alone", one(takesDown), func(h *house) {
			h.master.Put(filters.Machine{Hostname: "web-2", IP: "10.0.0.1"}, time.Now().Add(48*time.Hour), time.Hour)
			h.until("02:01")
			h.scheduled("12", "1")
			if out := h.opening("night").Out; len(out) != 1 || out[0].Hostname != "web-2" || !strings.Contains(out[0].Why, "somebody else") {
				h.Errorf("left out are %v", out)
			}
			h.until("04:01")
			h.scheduled("2", "")
		}},
		{"max_unavailable counts machines that are down", one(takesDown, most("1")), func(h *house) {
			h.until("02:30")
			h.scheduled("12", "1")
			h.ok(h.machines.Up(h.Context(), h.by("UALICE", "web-1")))
			h.until("02:40")
			h.scheduled("2", "2")
			h.until("04:01")
			h.scheduled("", "")
		}},
		{"a machine that somebody brings up is not taken down again", one(takesDown), func(h *house) {
			h.until("02:10")
			h.ok(h.machines.Up(h.Context(), h.by("UALICE", "web-1")))
			h.until("03:59")
			h.scheduled("2", "2")
		}},
		{"a window of chat that takes machines down and asks before that is not answered by who made it", func(*house) {}, func(h *house) {
			definition := nightly(takesDown, approval)
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", definition))
			h.until("01:30")
			h.scheduled("", "")
			if _, err := h.service.Answer(h.Context(), h.by("UALICE"), h.service.Questions()[0].ID, true); filters.CodeOf(err) != filters.Denied {
				h.Errorf("alice says yes to herself: %v", err)
			}
			h.ok(h.service.Answer(h.Context(), h.by("UBOB"), h.service.Questions()[0].ID, true))
			h.until("01:31")
			h.scheduled("12", "")
			h.until("02:01")
			h.scheduled("12", "12")
		}},
		{"refused, its machines do not come", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(takesDown, approval)))
			h.until("01:30")
			h.ok(h.service.Answer(h.Context(), h.by("UBOB"), h.service.Questions()[0].ID, false))
			h.until("02:30")
			h.scheduled("", "")
			h.calls()
		}},
		{"nobody is reminded of machines that a window sees to", one(takesDown), func(h *house) {
			h.set(func() { h.held = "" })
			h.until("04:30")
			for _, e := range h.store.Journal() {
				if e.Kind == filters.KindRemind {
					h.Errorf("somebody is reminded: %+v", e)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in(t, c.setup, c.test)
		})
	}
}
