package scheduler

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCalendar(t *testing.T) {
	t.Parallel()
	calendar, problems := CompileFreezes([]Freeze{
		{Name: "year end", From: "2026-12-20", To: "2027-01-03", TimeZone: "Europe/Berlin"},
		{Name: "fair", From: "2026-12-01 18:00", To: "2026-12-02 06:00", Windows: []string{"web", "cache"}},
		{Name: "audit", From: "2026-12-01", To: "2026-12-01", Windows: []string{"web"}},
		{Name: "skipped", From: "2027-03-14 02:30", To: "2027-03-14", TimeZone: "America/New_York"},
	})
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	for _, test := range []struct{ at, window, want string }{
		{"2026-12-19T22:59:59Z", "web", ""},
		{"2026-12-19T23:00:00Z", "web", "year end"},
		{"2026-12-25T00:00:00Z", "", "year end"},
		{"2027-01-03T22:59:59Z", "", "year end"},
		{"2027-01-03T23:00:00Z", "", ""},
		{"2026-11-30T23:59:59Z", "web", ""},
		{"2026-12-01T00:00:00Z", "web", "audit"},
		{"2026-12-01T18:00:00Z", "web", "fair"},
		{"2026-12-01T18:00:00Z", "cache", "fair"},
		{"2026-12-01T18:00:00Z", "kernel", ""},
		{"2026-12-01T18:00:00Z", "", ""},
		{"2026-12-02T06:00:00Z", "web", ""},
		{"2027-03-14T06:59:59Z", "web", ""},
		{"2027-03-14T07:00:00Z", "web", "skipped"},
		{"2027-03-15T03:59:59Z", "web", "skipped"},
		{"2027-03-15T04:00:00Z", "web", ""},
	} {
		period, frozen := calendar.At(moment(t, test.at), test.window)
		if period.Name != test.want || frozen != (test.want != "") {
			t.Errorf("%+v: %v %v", test, period, frozen)
		}
	}
	if periods := calendar.Periods(); len(periods) != 4 || periods[0].Name != "audit" || periods[3].Name != "skipped" {
		t.Errorf("%v", periods)
	}
	var none *Calendar
	if _, frozen := none.At(time.Now(), "web"); frozen || none.Periods() != nil {
		t.Error("a calendar that is not there freezes")
	}
}

func TestFreezeProblems(t *testing.T) {
	t.Parallel()
	const edge = ": a day such as `2026-12-20`, or a day and a time such as `2026-12-20 18:00`"
	calendar, problems := CompileFreezes([]Freeze{
		{From: "2026-12-20", To: "2026-12-21"},
		{Name: "a", To: "2026-12-21"},
		{Name: "b", From: "2026-12-20 25:00", To: "tomorrow", TimeZone: "CEST/x"},
		{Name: "c", From: "2026-12-20", To: "2026-12-19", Windows: []string{"web", "All of them"}},
		{Name: "d", From: "2026-12-20 18:00", To: "2026-12-20 18:00"},
		{Name: "e", From: "2011-12-30", To: "2011-12-30", TimeZone: "Pacific/Apia"},
	})
	want := []string{
		"freezes[0].name: is missing: what people know it as, such as `year end`",
		"freezes[1].from: is missing" + edge,
		"freezes[2].time_zone: `CEST/x` is not a time zone that I know: a name of the IANA database, such as `Europe/Berlin`, or `UTC`",
		"freezes[2].from: `2026-12-20 25:00` is not a time that there is" + edge,
		"freezes[2].to: `tomorrow` is not a time that there is" + edge,
		"freezes[3].windows[1]: `All of them` is not a window's name: 1 to 63 lower-case letters, digits and hyphens, such as `kernel-tue`",
		"freezes[3].to: `2026-12-19` is not after `2026-12-20`: a later day or time, such as `2027-01-03`",
		"freezes[4].to: `2026-12-20 18:00` is not after `2026-12-20 18:00`: a later day or time, such as `2027-01-03`",
		"freezes[5].to: `2011-12-30` is not after `2011-12-30`: a later day or time, such as `2027-01-03`",
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" || calendar != nil {
		t.Errorf("%v %s", calendar, diff)
	}
}

func FuzzFreeze(f *testing.F) {
	f.Add("2026-12-20", "2027-01-03 18:00", "Europe/Berlin")
	f.Add("0000-01-01", "9999-12-31", "Pacific/Apia")
	f.Fuzz(func(t *testing.T, from, to, zone string) {
		calendar, problems := CompileFreezes([]Freeze{{Name: "fuzzed", From: from, To: to, TimeZone: zone}})
		if (calendar == nil) != (len(problems) > 0) {
			t.Fatalf("%v and %v", calendar, texts(problems))
		}
		for _, period := range calendar.Periods() {
			if !period.To.After(period.From) {
				t.Fatal(period)
			}
			if _, frozen := calendar.At(period.From, ""); !frozen {
				t.Fatal("it does not freeze at its beginning", period)
			}
			if _, frozen := calendar.At(period.To, ""); frozen {
				t.Fatal("it freezes at its end", period)
			}
		}
	})
}
