package scheduler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func mustRota(t interface{ Fatal(...any) }, definition RotaDefinition) *Rota {
	rota, problems := CompileRota(definition)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rota
}

func TestRota(t *testing.T) {
	t.Parallel()
	two := []string{"U1", "U2"}
	for name, c := range map[string]struct {
		RotaDefinition
		now, want string // user, start and end in UTC
	}{
		"before the first":           {RotaDefinition{two, "2026-11-23 09:00", "7d", "Europe/Berlin"}, "2026-11-23T07:59:59Z", ""},
		"the first":                  {RotaDefinition{two, "2026-11-23 09:00", "7d", "Europe/Berlin"}, "2026-11-23T08:00:00Z", "U1 2026-11-23T08:00:00Z 2026-11-30T08:00:00Z"},
		"the last second":            {RotaDefinition{two, "2026-11-23 09:00", "7d", "Europe/Berlin"}, "2026-11-30T07:59:59Z", "U1 2026-11-23T08:00:00Z 2026-11-30T08:00:00Z"},
		"nine is nine in summer":     {RotaDefinition{two, "2026-03-23 09:00", "7d", "Europe/Berlin"}, "2026-03-30T07:00:00Z", "U2 2026-03-30T07:00:00Z 2026-04-06T07:00:00Z"},
		"into a gap":                 {RotaDefinition{two, "2026-03-28 02:30", "1d", "Europe/Berlin"}, "2026-03-29T01:00:00Z", "U2 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z"},
		"before the gap":             {RotaDefinition{two, "2026-03-28 02:30", "1d", "Europe/Berlin"}, "2026-03-29T00:59:59Z", "U1 2026-03-28T01:30:00Z 2026-03-29T01:00:00Z"},
		"a time shown twice":         {RotaDefinition{two, "2026-10-24 02:30", "1d", "Europe/Berlin"}, "2026-10-25T00:30:00Z", "U2 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z"},
		"and the second time":        {RotaDefinition{two, "2026-10-24 02:30", "1d", "Europe/Berlin"}, "2026-10-25T01:30:00Z", "U2 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z"},
		"midnight, no zone":          {RotaDefinition{two, "2026-11-23", "12h", ""}, "2026-11-23T13:00:00Z", "U2 2026-11-23T12:00:00Z 2026-11-24T00:00:00Z"},
		"a whole day is jumped":      {RotaDefinition{[]string{"U1", "U2", "U3"}, "2011-12-29 00:00", "1d", "Pacific/Apia"}, "2011-12-30T10:00:00Z", "U3 2011-12-30T10:00:00Z 2011-12-31T10:00:00Z"},
		"the turn before that":       {RotaDefinition{[]string{"U1", "U2", "U3"}, "2011-12-29 00:00", "1d", "Pacific/Apia"}, "2011-12-30T09:59:59Z", "U1 2011-12-29T10:00:00Z 2011-12-30T10:00:00Z"},
		"one person, always on":      {RotaDefinition{two[:1], "2026-01-01", "1w", "UTC"}, "2026-01-15T00:00:00Z", "U1 2026-01-15T00:00:00Z 2026-01-22T00:00:00Z"},
		"an odd length is wall time": {RotaDefinition{two, "2026-03-28 20:00", "5h", "Europe/Berlin"}, "2026-03-29T04:00:00Z", "U1 2026-03-29T04:00:00Z 2026-03-29T09:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if shift, on := mustRota(t, c.RotaDefinition).At(now); on {
			got = strings.Join([]string{shift.User, shift.Start.Format(time.RFC3339), shift.End.Format(time.RFC3339)}, " ")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestRotaRefuses(t *testing.T) {
	t.Parallel()
	good := RotaDefinition{People: []string{"U1"}, From: "2026-11-23 09:00", Shift: "7d", TimeZone: "Europe/Berlin"}
	mustRota(t, good)
	for field, spoil := range map[string]func(*RotaDefinition){
		"people":    func(d *RotaDefinition) { d.People = nil },
		"people[1]": func(d *RotaDefinition) { d.People = []string{"U1", "@bob"} },
		"from":      func(d *RotaDefinition) { d.From = "Monday" },
		"shift":     func(d *RotaDefinition) { d.Shift = "30m" },
		"time_zone": func(d *RotaDefinition) { d.TimeZone = "Berlin" },
	} {
		wrong := good
		spoil(&wrong)
		rota, problems := CompileRota(wrong)
		if rota != nil || len(problems) != 1 || problems[0].Field != field || problems[0].Err.Expected == "" {
			t.Errorf("%s: %v", field, problems)
		}
	}
	for _, from := range []string{"", "1999-12-31", "2200-01-01", "2026-02-30 09:00", "09:00"} {
		wrong := good
		wrong.From = from
		if _, problems := CompileRota(wrong); len(problems) != 1 {
			t.Errorf("from %q: %v", from, problems)
		}
	}
}

// Whenever and wherever: somebody is on call from one handover to the next, the next one is another's in the order, and it
// comes when clocks show the same time of the day again, or jump over it.
func TestRotaProperties(t *testing.T) {
	t.Parallel()
	names := strings.Fields(zoneNames)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(names).Draw(t, "zone")
		from := time.Date(2010, 1, 1, 0, rapid.IntRange(0, 15*365*24*60).Draw(t, "from"), 0, 0, time.UTC)
		hours := rapid.OneOf(rapid.SampledFrom([]int{1, 8, 12, 24, 7 * 24}), rapid.IntRange(1, 31*24)).Draw(t, "hours")
		people := []string{"U1", "U2", "U3"}[:rapid.IntRange(1, 3).Draw(t, "people")]
		rota, problems := CompileRota(RotaDefinition{people, from.Format("2006-01-02 15:04"), (time.Duration(hours) * time.Hour).String(), zone})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		now := firstShown(from, rota.zone).Add(time.Duration(rapid.IntRange(0, 20*365*24*60*60).Draw(t, "after")) * time.Second)
		for range 4 {
			shift, on := rota.At(now)
			if !on || now.Before(shift.Start) || !now.Before(shift.End) {
				t.Fatalf("at %s: %v, %t", now, shift, on)
			}
			if again, _ := rota.At(shift.Start); again != shift {
				t.Fatalf("at its start %s: %v, then %v", shift.Start, shift, again)
			}
			if last, _ := rota.At(shift.End.Add(-1)); last != shift {
				t.Fatalf("just before its end %s: %v, then %v", shift.End, shift, last)
			}
			turn := int(latestShown(now, rota.zone).Sub(from) / rota.shift)
			if user := people[turn%len(people)]; shift.User != user || !slices.Contains(people, shift.User) {
				t.Fatalf("turn %d is %s's, got %s", turn, user, shift.User)
			}
			planned := from.Add(time.Duration(turn) * rota.shift)
			year, month, day := planned.Date()
			local := time.Date(year, month, day, planned.Hour(), planned.Minute(), 0, 0, rota.zone)
			if shown := shift.Start.In(rota.zone); local.Hour() == planned.Hour() && local.Minute() == planned.Minute() && (shown.Hour() != planned.Hour() || shown.Minute() != planned.Minute()) {
				t.Fatalf("clocks show %s at the handover of %s", shown, planned)
			}
			now = shift.End
		}
	})
}

func FuzzShown(f *testing.F) {
	for _, seed := range []string{"2026-11-23 09:00", "2026-11-23", "", "Monday", "2026-13-01 25:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if shown, err := parseShown(text); err == nil && (shown.Year() < 2000 || shown.Second() != 0) {
			t.Fatalf("%q is %s", text, shown)
		}
	})
}
