package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
	"cordon/test/memory"
)

// duty is who is on call, as a test says.
type duty struct {
	mutex sync.Mutex
	filters.OnCall
	err error
}

func (d *duty) say(users ...string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.Users, d.Fallback, d.err = users, "", nil
}

func (d *duty) set(change func(*duty)) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	change(d)
}

// phone asks a duty: its method has the name of the duty's embedded type.
type phone struct{ *duty }

func (p phone) OnCall(_ context.Context, level int) (filters.OnCall, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found := p.duty.OnCall
	found.Level, found.Levels, found.Users = level, 2, slices.Clone(found.Users)
	return found, p.err
}

// shifts holds the journal to what it tells of shifts: a line an entry.
func (h *house) shifts(want ...string) {
	h.Helper()
	var got []string
	for _, e := range h.store.Journal() {
		if e.Kind != filters.KindShift {
			continue
		}
		user, _, _ := strings.Cut(strings.TrimPrefix(e.Subject, "shift:"), "/")
		got = append(got, strings.TrimSpace(e.Outcome+" "+user))
	}
	if !slices.Equal(got, want) {
		h.Errorf("at %s the journal says %q, want %q", time.Now().UTC().Format("15:04"), got, want)
	}
}

// told is the newest digest of a shift.
func (h *house) told() (digest scheduler.ShiftDigest) {
	h.Helper()
	for _, e := range slices.Backward(h.store.Journal()) {
		if e.Kind == filters.KindShift && e.Outcome == scheduler.ShiftBegan {
			if err := json.Unmarshal([]byte(e.Reason), &digest); err != nil {
				h.Error(err)
			}
			return digest
		}
	}
	h.Error("nobody was told")
	return digest
}

func TestShifts(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*house, *duty)
	}{
		{"who is on call at first is no change of shift", func(h *house, d *duty) {
			h.until("00:05")
			h.shifts("known")
		}},
		{"who comes on call is told once, and who goes is remembered", func(h *house, d *duty) {
			h.until("00:05")
			d.say("UBOB", "UCAROL")
			h.until("03:00")
			h.shifts("known", "began UBOB", "began UCAROL")
			if digest := h.told(); digest.User != "UCAROL" || !slices.Equal(digest.Others, []string{"UBOB"}) || digest.Source != "PagerDuty schedule P1" {
				h.Errorf("%+v", digest)
			}
			d.say("UCAROL")
			h.until("04:00")
			h.shifts("known", "began UBOB", "began UCAROL", "ended UBOB")
		}},
		{"who comes back is told again", func(h *house, d *duty) {
			h.until("00:05")
			for i, user := range []string{"UBOB", "UALICE", "UBOB"} {
				d.say(user)
				h.until([]string{"01:00", "02:00", "03:00"}[i])
			}
			h.shifts("known", "began UBOB", "began UALICE", "began UBOB")
		}},
		{"a gap ends a shift", func(h *house, d *duty) {
			h.until("00:05")
			d.say()
			h.until("01:00")
			d.say("UALICE")
			h.until("02:00")
			h.shifts("known", "ended UALICE", "began UALICE")
		}},
		{"nobody's shift changes while it is not known who is on call, or the fallback stands in", func(h *house, d *duty) {
			h.until("00:05")
			d.set(func(d *duty) { d.err = errors.New("away") })
			h.until("01:00")
			d.set(func(d *duty) { d.err, d.Users, d.Fallback = nil, []string{"UZOE"}, "PagerDuty answered 503" })
			h.until("02:00")
			d.say("UALICE")
			h.until("03:00")
			h.shifts("known")
		}},
		{"a bot that was away tells those who came meanwhile, and none twice", func(h *house, d *duty) {
			h.until("00:05")
			d.say("UBOB")
			h.restart(time.Hour)
			h.until("02:00")
			for range 3 {
				h.restart(time.Minute)
			}
			h.until("03:00")
			h.shifts("known", "began UBOB")
		}},
		{"a handover is told within seconds", func(h *house, d *duty) {
			h.until("00:05")
			end := time.Now().Add(30 * time.Second)
			d.set(func(d *duty) { d.Until = end })
			<-time.After(25 * time.Second)
			d.set(func(d *duty) { d.Users, d.Until = []string{"UBOB"}, end.Add(time.Hour) })
			<-time.After(25 * time.Second)
			h.shifts("known", "began UBOB")
		}},
		{"a write whose answer is lost happens once", func(h *house, d *duty) {
			h.until("00:05")
			failed := 0
			h.store.Trouble(func(commit *filters.Commit) memory.Fault {
				if len(commit.Events) == 0 || commit.Events[0].Kind != filters.KindShift || failed == 3 {
					return memory.None
				}
				failed++
				return []memory.Fault{memory.Before, memory.Lost, memory.After}[failed-1]
			})
			d.say("UBOB")
			h.until("01:00")
			h.shifts("known", "began UBOB")
			if failed != 3 {
				h.Errorf("%d writes failed", failed)
			}
		}},
		{"a digest tells what stands, who asks, what is under way and what opens before the shift ends", func(h *house, d *duty) {
			h.until("00:05")
			h.ok(h.service.Filter(h.Context(), h.by("UALICE", "web-5")))
			h.ok(h.service.Freeze(h.Context(), h.by("UALICE")))
			d.set(func(d *duty) { d.Users, d.Until = []string{"UBOB"}, time.Now().Add(8*time.Hour) })
			h.until("00:10")
			digest := h.told()
			if digest.Total != 1 || digest.NoEnd != 1 || digest.Filters[0].Hostname != "web-5" || digest.Freeze == nil || digest.Freeze.Reason != "why not" {
				h.Errorf("%+v", digest)
			}
			if len(digest.Opens) != 1 || digest.Opens[0].Window != "night" || digest.Asked != 0 {
				h.Errorf("%+v", digest)
			}
			d.set(func(d *duty) { d.Users, d.Until = []string{"UCAROL"}, time.Now().Add(time.Hour) })
			h.until("00:15")
			if digest := h.told(); len(digest.Opens) != 0 {
				h.Errorf("what opens after the shift: %+v", digest.Opens)
			}
		}},
		{"approvals that wait are told, and what is to be reviewed", func(h *house, d *duty) {
			h.until("00:05")
			h.set(func() { h.needs = filters.Needs{Approvals: 1} })
			h.ok(h.service.Filter(h.Context(), h.by("UALICE", "web-1", "web-2")))
			withdrawn, err := h.service.Filter(h.Context(), h.by("UALICE", "web-3"))
			h.ok(withdrawn, err)
			h.ok(h.service.Withdraw(h.Context(), h.by("UALICE"), withdrawn.Approval.ID))
			glass := h.by("UALICE", "web-4")
			glass.Glass = true
			h.ok(h.service.Filter(h.Context(), glass))
			d.say("UBOB")
			h.until("00:10")
			digest := h.told()
			if digest.Awaiting != 1 || len(digest.Approvals) != 1 || digest.Unseen != 1 || len(digest.Reviews) != 1 {
				h.Fatalf("%+v", digest)
			}
			open, review := digest.Approvals[0], digest.Reviews[0]
			if !slices.Equal(open.Hosts, []string{"web-1", "web-2"}) || open.Total != 2 || open.By != "user:UALICE" || open.Verb != filters.VerbFilter || open.Expires.IsZero() {
				h.Errorf("%+v", open)
			}
			if !slices.Equal(review.Hosts, []string{"web-4"}) || review.Reason != "why not" {
				h.Errorf("%+v", review)
			}
			h.until("01:00")
			d.say("UCAROL")
			h.until("01:05")
			if digest := h.told(); digest.Awaiting != 0 || digest.Unseen != 1 {
				h.Errorf("half an hour later: %+v", digest)
			}
		}},
		{"questions are told", func(h *house, d *duty) {
			definition := nightly(approval)
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "asks", definition))
			h.until("01:30")
			d.say("UBOB")
			h.until("01:40")
			if digest := h.told(); digest.Asked != 1 || len(digest.Questions) != 1 || !strings.HasSuffix(digest.Questions[0].Text, "?") {
				h.Errorf("%+v", digest)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &duty{OnCall: filters.OnCall{Users: []string{"UALICE"}, Source: "PagerDuty schedule P1"}}
			in(t, func(h *house) { one()(h); h.onCall = phone{d} }, func(h *house) { c.test(h, d) })
		})
	}
}
