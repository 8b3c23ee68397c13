package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

func TestTheDeskListsWhatThereIs(t *testing.T) {
	in(t, func(h *house) {
		h.windows = map[string]scheduler.Definition{"night": nightly(), "hourly": nightly(from("0 * * * *", "10m"), on("web-1", "web-9")), "asks": nightly(from("0 12 * * *", "1h"), approval)}
		h.freezes = []scheduler.Freeze{{Name: "sale", From: "2000-01-01 04:30", To: "2000-01-01 05:30"}}
	}, func(h *house) {
		h.until("00:30")
		h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "chat", nightly(from("0 9 1 1 *", "1h"))))
		var names []string
		for _, listing := range h.desk.Windows() {
			names = append(names, listing.Window.Name)
			if listing.Configured != (listing.Window.Name != "chat") || (listing.State.Author == "user:UALICE") == listing.Configured {
				h.Errorf("%s: configured %v, by %q", listing.Window.Name, listing.Configured, listing.State.Author)
			}
		}
		if got := strings.Join(names, " "); got != "asks chat hourly night" {
			h.Errorf("windows %s", got)
		}
		h.ok(h.desk.Skip(h.Context(), h.by("UBOB"), "night"))
		listing, err := h.desk.Window("night")
		h.ok(nil, err)
		if want := time.Date(2000, 1, 2, 2, 0, 0, 0, time.UTC); !listing.HasNext || !listing.Next.Start.Equal(want) {
			h.Errorf("the next that opens is %v, want %v", listing.Next, want)
		}
		var lines []string
		for _, coming := range h.desk.Upcoming(time.Now(), 8) {
			lines = append(lines, coming.Start.Format("15:04 ")+coming.Window.Name+" "+strings.Repeat("*", coming.Agents)+" "+coming.Note)
		}
		want := []string{"01:00 hourly * ", "02:00 hourly * ", "02:00 night ****** skipped by user:UBOB", "03:00 hourly * ", "04:00 hourly * ", "05:00 hourly * frozen: sale", "06:00 hourly * ", "07:00 hourly * "}
		if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
			h.Errorf("to come\n%s", got)
		}
	})
}

func TestTheDeskRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		code filters.Code
		says string
		do   func(*house) error
	}{
		{"a window that is not there, with the nearest", filters.Unknown, "`night`", func(h *house) error { _, err := h.desk.Pause(h.Context(), h.by("UALICE"), "nigh"); return err }},
		{"to change what the configuration has", filters.Invalid, "the configuration wins", func(h *house) error {
			_, err := h.desk.Add(h.Context(), h.by("UALICE"), "night", nightly())
			return err
		}},
		{"to remove what the configuration has", filters.Invalid, "defined in the configuration", func(h *house) error {
			_, err := h.desk.Remove(h.Context(), h.by("UALICE"), "night")
			return err
		}},
		{"a definition that is wrong", filters.Invalid, "`schedule`", func(h *house) error {
			_, err := h.desk.Add(h.Context(), h.by("UALICE"), "new", nightly(from("61 * * * *", "1h")))
			return err
		}},
		{"to pause twice", filters.Conflict, "paused already, by `user:UALICE`", func(h *house) error {
			h.ok(h.desk.Pause(h.Context(), h.by("UALICE"), "night"))
			_, err := h.desk.Pause(h.Context(), h.by("UBOB"), "night")
			return err
		}},
		{"to resume what is not paused", filters.Invalid, "not paused", func(h *house) error {
			_, err := h.desk.Resume(h.Context(), h.by("UALICE"), "night")
			return err
		}},
		{"to skip what does not open any more", filters.Invalid, "does not open any more", func(h *house) error {
			definition := nightly()
			definition.EndDate = "1999-12-31"
			h.ok(h.desk.Add(h.Context(), h.by("UALICE"), "old", definition))
			_, err := h.desk.Skip(h.Context(), h.by("UALICE"), "old")
			return err
		}},
		{"who may not", filters.Denied, "look", func(h *house) error {
			h.set(func() { h.denied = "UALICE" })
			_, err := h.desk.Pause(h.Context(), h.by("UALICE"), "night")
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, one(), func(h *house) {
				err := c.do(h)
				if filters.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
					h.Errorf("%s: %v, want %s with %q", filters.CodeOf(err), err, c.code, c.says)
				}
			})
		})
	}
}

func TestADryRunOfAWindowChangesNothing(t *testing.T) {
	in(t, one(), func(h *house) {
		h.until("02:30")
		request := h.by("UALICE")
		request.DryRun = true
		for _, do := range []func() (scheduler.Listing, error){
			func() (scheduler.Listing, error) { return h.desk.Skip(h.Context(), request, "night") },
			func() (scheduler.Listing, error) { return h.desk.Pause(h.Context(), request, "night") },
			func() (scheduler.Listing, error) { return h.desk.Add(h.Context(), request, "new", nightly()) },
		} {
			listing, err := do()
			h.ok(nil, err)
			if listing.Note != "nothing was changed" {
				h.Errorf("it says %q", listing.Note)
			}
		}
		h.withheld("123456")
		h.says("1 02:00 open")
	})
}

func TestARepeatedRequestChangesAWindowOnce(t *testing.T) {
	in(t, one(), func(h *house) {
		request := h.by("UALICE")
		for range 2 {
			h.ok(h.desk.Pause(h.Context(), request, "night"))
		}
		request = h.by("UALICE")
		for range 2 {
			h.ok(h.desk.Resume(h.Context(), request, "night"))
		}
		request = h.by("UALICE")
		for range 2 {
			h.ok(h.desk.Add(h.Context(), request, "new", nightly()))
		}
		h.says("1 00:00 window paused", "1 00:00 window resumed", "1 00:00 window added")
	})
}
