package scheduler_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
	"cordon/test/memory"
)

// question is what is asked, which is one thing.
func (h *house) question() filters.Question {
	h.Helper()
	questions := h.service.Questions()
	if len(questions) != 1 {
		h.Fatalf("%d questions", len(questions))
	}
	return questions[0]
}

func (h *house) answer(yes bool) {
	h.Helper()
	h.ok(h.service.Answer(h.Context(), h.by("UBOB"), h.question().ID, yes))
}

func leads(all ...string) func(*scheduler.Definition) {
	return func(d *scheduler.Definition) { d.Announce = all }
}

// TestWhatIsAskedAndTold tries approvals, announcements, digests and trouble with the store, named after the sentence that
// says what happens.
func TestWhatIsAskedAndTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(*house)
		test  func(*house)
	}{
		{"an occurrence that needs approval asks an hour before it opens, and opens after a yes", one(approval), func(h *house) {
			h.until("00:59")
			if len(h.service.Questions()) != 0 {
				h.Error("asked too early")
			}
			h.until("01:30")
			question := h.question()
			if question.Kind != filters.QuestionOpening || len(question.Agents) != 6 || !strings.HasSuffix(question.Text, "?") {
				h.Errorf("%+v", question)
			}
			h.answer(true)
			h.until("02:30")
			h.withheld("123456")
			h.says("1 01:00 announce", "1 02:00 open")
			if len(h.book.Questions()) != 0 {
				h.Error("the question stays")
			}
		}},
		{"it asks at the longest announce before", one(approval, leads("20h", "1h")), func(h *house) {
			h.until("00:30")
			h.answer(true)
			h.until("05:59")
			h.withheld("")
			if len(h.service.Questions()) != 0 {
				h.Error("asked too early")
			}
			h.until("06:00")
			h.question()
			h.says("1 00:00 announce", "1 01:00 announce", "1 02:00 open", "1 04:00 close", "1 04:00 closed", "1 06:00 announce")
		}},
		{"without a yes it does not open", one(approval), func(h *house) {
			h.until("03:00")
			h.withheld("")
			h.until("04:01")
			h.says("1 01:00 announce", "1 04:00 passed: nobody approved it")
			if len(h.service.Questions()) != 0 {
				h.Error("the question is still open")
			}
		}},
		{"a yes while it would be open opens it late", one(approval), func(h *house) {
			h.until("03:00")
			h.answer(true)
			h.until("03:01")
			h.withheld("123456")
			h.says("1 01:00 announce", "1 03:00 open")
		}},
		{"after a no it does not open", one(approval), func(h *house) {
			h.until("01:30")
			h.answer(false)
			h.until("02:30")
			h.withheld("")
			h.says("1 01:00 announce", "1 02:00 passed: refused by user:UBOB")
		}},
		{"opening places only agents of the question that still match; additions need another approval", one(approval, joining, most("5")), func(h *house) {
			h.until("01:30")
			h.answer(true)
			h.set(func() { h.agents = append(h.agents[1:], agent(7)) })
			h.until("02:30")
			h.withheld("23456")
			h.release("web-6")
			h.until("02:31")
			h.withheld("2345")
		}},
		{"a skip withdraws the question", one(approval), func(h *house) {
			h.until("01:30")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			if len(h.service.Questions()) != 0 {
				h.Error("it still asks")
			}
			h.until("02:30")
			h.says("1 01:00 announce", "1 01:30 window skipped", "1 02:00 passed: skipped by user:UALICE")
		}},
		{"a window that is changed after it asked asks anew", func(*house) {}, func(h *house) {
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(approval)))
			h.until("01:30")
			first := h.question()
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly(approval, from("0 2 * * *", "3h"))))
			h.until("01:31")
			if second := h.question(); second.Text == first.Text {
				h.Errorf("it asks the same: %s", second.Text)
			}
			h.answer(true)
			h.until("04:30")
			h.withheld("123456")
		}},
		{"each lead time is told once, also by another leader", one(leads("24h", "2h", "30m")), func(h *house) {
			h.until("01:00")
			h.restart(time.Minute)
			h.until("01:45")
			h.restart(time.Minute)
			h.until("02:30")
			h.says("1 00:00 announce", "1 01:30 announce", "1 02:00 open")
		}},
		{"of lead times that nobody was there for the shortest is told", one(leads("1h30m", "1h", "30m")), func(h *house) {
			h.restart(100 * time.Minute)
			h.until("02:30")
			h.says("1 01:40 announce", "1 02:00 open")
		}},
		{"what is paused or skipped is not announced", one(leads("1h")), func(h *house) {
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:30")
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			h.until("02:00")
			h.says("1 00:00 window skipped", "1 02:00 passed: skipped by user:UALICE", "1 02:30 window paused")
		}},
		{"a digest in the morning: what is filtered, by whom, since when, what opens today", func(h *house) {
			h.windows = map[string]scheduler.Definition{"night": nightly(), "noon": nightly(from("0 12 * * *", "1h"), on("web-1"))}
			h.digest, _ = scheduler.CompileDigest("08:00", "")
		}, func(h *house) {
			request := h.by("UALICE", "web-5")
			h.ok(h.service.Filter(h.Context(), request))
			h.until("08:30")
			h.restart(time.Minute)
			h.until("09:00")
			told := h.digests()
			if len(told) != 1 || told[0].Total != 1 || told[0].Filters[0].Owner != "user:UALICE" || len(told[0].Opens) != 2 || told[0].Opens[0].Window != "noon" || told[0].Opens[1].Agents != 6 {
				h.Errorf("%+v", told)
			}
			h.until("09:00")
			h.restart(25 * time.Hour)
			if told := h.digests(); len(told) != 2 {
				h.Errorf("%d digests: one of the morning is of no use later", len(told))
			}
			h.until("09:00")
			if told := h.digests(); len(told) != 3 {
				h.Errorf("%d digests in three mornings with somebody there", len(told))
			}
		}},
		{"a digest at half past midnight comes on each day of summer time", func(h *house) {
			h.digest, _ = scheduler.CompileDigest("00:30", "Europe/London")
			<-time.After(time.Until(time.Date(2000, 3, 25, 12, 0, 0, 0, time.UTC)))
		}, func(h *house) {
			before := len(h.digests())
			<-time.After(72 * time.Hour)
			if got := len(h.digests()) - before; got != 3 {
				h.Errorf("%d digests in three days", got)
			}
		}},
		{"an outage of the store: what was not written is written later, once", one(), func(h *house) {
			h.until("01:59")
			until := time.Now().Add(10 * time.Minute)
			h.store.Trouble(func(*filters.Commit) memory.Fault {
				if time.Now().Before(until) {
					return memory.Before
				}
				return memory.None
			})
			h.until("02:30")
			h.withheld("123456")
			h.says("1 02:09 open")
		}},
		{"an answer that was lost: what was written is not written again", one(most("3")), func(h *house) {
			h.until("01:59")
			count := 0
			h.store.Trouble(func(*filters.Commit) memory.Fault {
				if count++; count%2 == 0 {
					return memory.After
				}
				return memory.None
			})
			h.follow()
			h.until("05:00")
			h.withheld("")
			opened := 0
			for _, e := range h.store.Journal() {
				if e.Kind == filters.KindOpen || e.Kind == filters.KindFilter {
					opened++
				}
			}
			if opened != 4 {
				h.Errorf("%d entries of opening and placing, want 4", opened)
			}
		}},
		{"a stale leader cannot write", one(), func(h *house) {
			h.until("01:00")
			h.store.Acquire()
			h.until("03:00")
			h.withheld("")
			h.says()
		}},
		{"a window closes with its run: the closing waits for it and names what it left withheld", one(from("0 2 * * *", "20m"), func(d *scheduler.Definition) {
			d.Run = &scheduler.Procedure{Steps: []string{"wait 1m", "confirm"}, MaxParallel: 2}
		}), func(h *house) {
			h.until("02:10")
			h.withheld("12")
			for _, asking := range h.desk.Runs()[0].Agents {
				if asking.Phase == scheduler.AgentAsking {
					h.ok(h.desk.Confirm(h.Context(), h.by("UBOB"), asking.Key, map[string]string{"web-1": "failed", "web-2": "done"}[asking.Hostname]))
				}
			}
			h.until("02:19")
			h.withheld("1")
			h.until("02:30")
			h.says("1 02:00 open", "1 02:20 close", "1 02:20 closed: stay withheld, because the run left them so: web-1")
		}},
		{"paused while open, with a run: what is under way is finished, and nothing more begins", one(func(d *scheduler.Definition) {
			d.Run = &scheduler.Procedure{Steps: []string{"wait 10m"}, MaxParallel: 2}
		}), func(h *house) {
			h.until("02:05")
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			h.until("02:20")
			h.withheld("")
			h.ok(h.desk.Resume(h.Context(), h.by("UALICE"), "night"))
			h.until("02:22")
			h.withheld("34")
		}},
		{"skip, open, with a run: the run is aborted", one(func(d *scheduler.Definition) {
			d.Run = &scheduler.Procedure{Steps: []string{"wait 30m"}, MaxParallel: 2}
		}), func(h *house) {
			h.until("02:10")
			h.withheld("12")
			h.ok(h.desk.Skip(h.Context(), h.by("UALICE"), "night"))
			h.until("02:12")
			h.withheld("")
			if phase := h.desk.Runs()[0].State.Phase; phase != scheduler.RunAborted {
				h.Errorf("the run is %s", phase)
			}
			h.says("1 02:00 open", "1 02:10 close: why not", "1 02:10 closed")
		}},
	} {
		t.Run(c.name, func(t *testing.T) { in(t, c.setup, c.test) })
	}
}

// follow lets the book follow the journal, as it does where answers are lost.
func (h *house) follow() {
	book, next := h.book, len(h.store.Journal())
	stop := h.stop
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			events, place := h.store.Since(next)
			if next = place; len(events) > 0 {
				book.Follow(events...)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
	h.stop = func() { cancel(); <-done; stop() }
}

// digests are those that were told.
func (h *house) digests() []scheduler.Digest {
	var told []scheduler.Digest
	for _, e := range h.store.Journal() {
		if e.Kind != filters.KindDigest {
			continue
		}
		var digest scheduler.Digest
		if err := json.Unmarshal([]byte(e.Reason), &digest); err != nil {
			h.Error(err)
		}
		told = append(told, digest)
	}
	return told
}
