package scheduler

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// compile returns a window that must have no problems. It is for every agent if the definition says nothing.
func compile(t testing.TB, d Definition) *Window {
	t.Helper()
	if len(d.Targets) == 0 {
		d.Targets = []string{"*"}
	}
	w, problems := Compile("kernel-tue", d)
	if len(problems) > 0 {
		t.Fatalf("%+v: %v", d, texts(problems))
	}
	return w
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestHardTimes names the changes of clocks that windows were seen to be wrong at.
func TestHardTimes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, zone, schedule string
		from, to             string   // days in UTC
		want                 []string // as clocks in the zone show it
	}{
		{
			"Cairo skips midnight", "Africa/Cairo", "0 0 * * *", "2027-04-28", "2027-05-01",
			[]string{"2027-04-29T00:00:00+02:00", "2027-04-30T01:00:00+03:00", "2027-05-01T00:00:00+03:00"},
		},
		{
			"Cairo has an evening on the day that began late", "Africa/Cairo", "0 22 * * *", "2027-04-29", "2027-05-02",
			[]string{"2027-04-29T22:00:00+02:00", "2027-04-30T22:00:00+03:00", "2027-05-01T22:00:00+03:00"},
		},
		{
			"Havana: odd days, or Saturdays", "America/Havana", "58 2 */2 * 6", "2027-03-05", "2027-03-22",
			[]string{
				"2027-03-05T02:58:00-05:00", "2027-03-06T02:58:00-05:00", "2027-03-07T02:58:00-05:00", "2027-03-09T02:58:00-05:00",
				"2027-03-11T02:58:00-05:00", "2027-03-13T02:58:00-05:00", "2027-03-15T02:58:00-04:00", "2027-03-17T02:58:00-04:00",
				"2027-03-19T02:58:00-04:00", "2027-03-20T02:58:00-04:00", "2027-03-21T02:58:00-04:00",
			},
		},
		{
			"Havana skips half past midnight", "America/Havana", "30 0 * * 0", "2027-03-14", "2027-03-16",
			[]string{"2027-03-14T01:00:00-04:00"},
		},
		{
			"Lord Howe skips half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-02", "2026-10-05",
			[]string{"2026-10-03T02:15:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"},
		},
		{
			"Lord Howe has half an hour twice", "Australia/Lord_Howe", "45 1 * * *", "2027-04-02", "2027-04-05",
			[]string{"2027-04-03T01:45:00+11:00", "2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"},
		},
		{
			"Apia skips a day", "Pacific/Apia", "0 12 * * *", "2011-12-28", "2012-01-01",
			[]string{"2011-12-28T12:00:00-10:00", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00", "2012-01-01T12:00:00+14:00"},
		},
		{
			"Apia: what is only on the day it skips", "Pacific/Apia", "*/20 * 30 12 *", "2011-12-01", "2012-01-31",
			[]string{"2011-12-31T00:00:00+14:00"},
		},
		{
			"New York skips 02:30", "America/New_York", "30 2 * * *", "2027-03-13", "2027-03-16",
			[]string{"2027-03-13T02:30:00-05:00", "2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"},
		},
		{
			"New York: four times that are skipped together", "America/New_York", "*/15 2 14 3 *", "2027-03-13", "2027-03-16",
			[]string{"2027-03-14T03:00:00-04:00"},
		},
		{
			"New York: skipped, and the time that is skipped to", "America/New_York", "0 2,3 14 3 *", "2027-03-13", "2027-03-16",
			[]string{"2027-03-14T03:00:00-04:00"},
		},
		{
			"New York has 01:30 twice", "America/New_York", "30 1 * * *", "2026-10-31", "2026-11-03",
			[]string{"2026-10-31T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"},
		},
		{
			"New York: an hour that is there twice opens nothing twice", "America/New_York", "0,30 1-2 1 11 *", "2026-10-31", "2026-11-03",
			[]string{"2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-01T02:30:00-05:00"},
		},
		{
			"Casablanca sets clocks back for Ramadan", "Africa/Casablanca", "30 2 * * *", "2027-02-06", "2027-02-09",
			[]string{"2027-02-06T02:30:00+01:00", "2027-02-07T02:30:00+01:00", "2027-02-08T02:30:00Z"},
		},
		{
			"Casablanca sets them forward after it", "Africa/Casablanca", "30 2 * * *", "2027-03-13", "2027-03-16",
			[]string{"2027-03-13T02:30:00Z", "2027-03-14T03:00:00+01:00", "2027-03-15T02:30:00+01:00"},
		},
		{
			"Troll skips two hours", "Antarctica/Troll", "0,30 1,2 * * *", "2027-03-28", "2027-03-29",
			[]string{"2027-03-28T03:00:00+02:00", "2027-03-29T01:00:00+02:00", "2027-03-29T01:30:00+02:00"},
		},
		{
			"the last day of a leap year", "America/New_York", "0 12 31 12 *", "2028-12-01", "2029-12-01",
			[]string{"2028-12-31T12:00:00-05:00"},
		},
		{
			"month ends", "UTC", "0 2 31 * *", "2026-01-01", "2027-01-01",
			[]string{
				"2026-01-31T02:00:00Z", "2026-03-31T02:00:00Z", "2026-05-31T02:00:00Z", "2026-07-31T02:00:00Z",
				"2026-08-31T02:00:00Z", "2026-10-31T02:00:00Z", "2026-12-31T02:00:00Z",
			},
		},
		{"leap days", "UTC", "0 2 29 2 *", "2024-01-01", "2033-01-01", []string{"2024-02-29T02:00:00Z", "2028-02-29T02:00:00Z", "2032-02-29T02:00:00Z"}},
		{"the leap day that 2100 has not", "UTC", "0 2 29 2 *", "2096-01-01", "2105-01-01", []string{"2096-02-29T02:00:00Z", "2104-02-29T02:00:00Z"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := compile(t, Definition{Schedule: test.schedule, Duration: "1m", TimeZone: test.zone})
			var got []string
			for occurrence := range w.Between(moment(t, test.from+"T00:00:00Z"), moment(t, test.to+"T00:00:00Z")) {
				got = append(got, occurrence.Start.In(w.Zone).Format(time.RFC3339))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpenAcross looks at windows that are open across midnight and across changes of the clocks: they are open as long as
// a stopwatch says.
func TestOpenAcross(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, zone, schedule, duration string
		start, end                     string
	}{
		{"midnight", "Europe/Berlin", "0 23 * * 2", "3h", "2026-12-01T23:00:00+01:00", "2026-12-02T02:00:00+01:00"},
		{"midnight and a year", "Europe/Berlin", "30 22 31 12 *", "4h", "2026-12-31T22:30:00+01:00", "2027-01-01T02:30:00+01:00"},
		{"a skipped hour", "Europe/Berlin", "0 23 * * 6", "4h", "2027-03-27T23:00:00+01:00", "2027-03-28T04:00:00+02:00"},
		{"an hour that is there twice", "Europe/Berlin", "0 23 * * 6", "4h", "2026-10-24T23:00:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"weeks", "UTC", "0 0 1 2 *", "28d", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := compile(t, Definition{Schedule: test.schedule, Duration: test.duration, TimeZone: test.zone})
			start, end := moment(t, test.start), moment(t, test.end)
			for _, at := range []time.Time{start, start.Add(1), start.Add(end.Sub(start) / 2), end.Add(-1)} {
				open, ok := w.Active(at)
				if !ok || !open.Start.Equal(start) || !open.End.Equal(end) || open.Window != w.Name {
					t.Errorf("at %s: %v %v", at, open, ok)
				}
			}
			for _, at := range []time.Time{start.Add(-1), end} {
				if open, ok := w.Active(at); ok {
					t.Errorf("at %s: %v", at, open)
				}
			}
		})
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	w := compile(t, Definition{Schedule: "30 23 * * *", Duration: "2h", TimeZone: "America/New_York", StartDate: "2026-10-31", EndDate: "2026-11-02"})
	want := []string{"2026-10-31T23:30:00-04:00", "2026-11-01T23:30:00-05:00", "2026-11-02T23:30:00-05:00"}
	var got []string
	for _, opening := range w.Openings(time.Time{}, 5) {
		got = append(got, opening.Start.In(w.Zone).Format(time.RFC3339))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if open, ok := w.Active(moment(t, "2026-11-03T01:00:00-05:00")); !ok || open.Name() != "kernel-tue/2026-11-03T04:30:00Z" {
		t.Errorf("after its last day began: %v %v", open, ok)
	}
	midnight := compile(t, Definition{Schedule: "0 0 * * *", Duration: "1h", StartDate: "2026-10-31", EndDate: "2026-11-01"})
	if got := midnight.Openings(time.Time{}, 5); len(got) != 2 || !got[0].Start.Equal(moment(t, "2026-10-31T00:00:00Z")) {
		t.Errorf("from midnight to midnight: %v", got)
	}
	skipped := compile(t, Definition{Schedule: "0 12 * * *", Duration: "1h", TimeZone: "Pacific/Apia", StartDate: "2011-12-30", EndDate: "2011-12-30"})
	if got := skipped.Openings(time.Time{}, 5); len(got) != 1 || !got[0].Start.Equal(moment(t, "2011-12-31T00:00:00+14:00")) {
		t.Errorf("on a day that clocks skipped: %v", got)
	}
}

// TestFar asks about times that no window will see: nothing hangs, and nothing is before what it is after.
func TestFar(t *testing.T) {
	t.Parallel()
	w := compile(t, Definition{Schedule: "30 2 * * *", Duration: "20h", TimeZone: "America/New_York"})
	for _, year := range []int{-5000, 0, 1, 1583, 1883, 1900, 1969, 2028, 2100, 9999, 100000} {
		at := time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC)
		if next, ok := w.Next(at); !ok || !next.Start.After(at) || next.Start.Sub(at) > 50*time.Hour {
			t.Errorf("after %v comes %v %v", at, next.Start, ok)
		}
		w.Active(at)
	}
}

// drawWindow draws a window that compiles.
func drawWindow(t *rapid.T) *Window {
	zones := []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
		"Africa/Casablanca", "Antarctica/Troll", "Asia/Kathmandu", "America/St_Johns", "Asia/Gaza", "America/Sao_Paulo",
	}
	field := func(name string, least, most int) string {
		low := rapid.IntRange(least, most).Draw(t, name)
		return rapid.SampledFrom([]string{
			"*", "*", digits(low), digits(low), digits(low) + "-" + digits(rapid.IntRange(low, most).Draw(t, name+" to")),
			digits(low) + "," + digits(rapid.IntRange(least, most).Draw(t, name+" too")), "*/" + digits(rapid.IntRange(1, most).Draw(t, name+" step")),
		}).Draw(t, name+" form")
	}
	definition := Definition{
		Schedule: field("minute", 0, 59) + " " + field("hour", 0, 23) + " " + field("day", 1, 28) + " " + field("month", 1, 12) + " " + field("weekday", 0, 6),
		Duration: rapid.SampledFrom([]string{"1m", "15m", "1h", "1h", "3h", "20h", "26h", "6d"}).Draw(t, "duration"),
		TimeZone: rapid.SampledFrom(zones).Draw(t, "zone"), Targets: []string{"*"},
	}
	w, problems := Compile("drawn", definition)
	if len(problems) == 1 && problems[0].Field == "duration" {
		definition.Duration = "1m" // it overlapped itself
		w, problems = Compile("drawn", definition)
	}
	if len(problems) > 0 {
		t.Fatalf("%+v: %v", definition, texts(problems))
	}
	return w
}

func digits(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func drawMoment(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1262304000, 2208988800).Draw(t, "moment"), rapid.Int64Range(0, 999999999).Draw(t, "nanoseconds"))
}

// TestNextGoesOn: each occurrence starts after the one before has ended, none is passed over, and it does not matter from
// where one asks.
func TestNextGoesOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, at := drawWindow(t), drawMoment(t)
		known := map[string]bool{}
		var last Occurrence
		for range 50 {
			next, ok := w.Next(at)
			if !ok {
				t.Fatalf("nothing after %v", at)
			}
			if !next.Start.After(at) || next.Start.Before(last.End) || known[next.Name()] || next.Start.Second() != 0 || next.End.Sub(next.Start) != w.Length {
				t.Fatalf("after %v comes %v, before it %v", at, next, last)
			}
			between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Start.Sub(at)-1)).Draw(t, "between")))
			if same, _ := w.Next(between); same != next {
				t.Fatalf("after %v comes %v, but after %v, which is later, %v", at, next, between, same)
			}
			known[next.Name()], last, at = true, next, next.Start
		}
	})
}

// TestActiveAgrees: what is open is what started last, as Between says, and has not ended.
func TestActiveAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, at := drawWindow(t), drawMoment(t)
		if rapid.Bool().Draw(t, "near an edge") {
			next, _ := w.Next(at)
			at = rapid.SampledFrom([]time.Time{next.Start, next.Start.Add(-1), next.End, next.End.Add(-1), next.Start.Add(w.Length / 2)}).Draw(t, "edge")
		}
		started := slices.Collect(w.Between(at.Add(-w.Length).Add(1), at.Add(1)))
		active, ok := w.Active(at)
		if len(started) > 1 || ok != (len(started) == 1) || ok && active != started[0] {
			t.Fatalf("at %v: %v %v, started since %v", at, active, ok, started)
		}
	})
}

// TestNothingOverlaps walks through years of what was taken and what was refused: the short cuts that Compile takes find
// every overlap, and none that is not there.
func TestNothingOverlaps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWindow(t)
		length := time.Duration(rapid.IntRange(1, 3*24*60).Draw(t, "minutes")) * time.Minute
		if rapid.Bool().Draw(t, "about the closest") {
			length = w.clock.times.closest() + time.Duration(rapid.IntRange(-90, 90).Draw(t, "more"))*time.Minute
		}
		if length <= 0 {
			return
		}
		if first, second, found := w.clock.overlap(length); found {
			if second.Sub(first) >= length || !w.clock.next(first).Equal(second) || !w.clock.next(first.Add(-1)).Equal(first) {
				t.Fatalf("%s does not overlap between %v and %v", length, first, second)
			}
			return
		}
		last := w.clock.next(overlapsFrom)
		for range 3000 {
			next := w.clock.next(last)
			if next.Sub(last) < length && next.Before(overlapsUntil) {
				t.Fatalf("%s overlaps between %v and %v", length, last, next)
			}
			last = next
		}
	})
}
