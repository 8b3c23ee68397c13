package commands

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestWhen(t *testing.T) {
	const now = "2026-09-01T12:00:00Z"
	for _, c := range []struct{ text, now, zone, want string }{
		{"18:00", now, "Europe/Paris", "2026-09-01T16:00:00Z"},
		{"18:00", now, "UTC", "2026-09-01T18:00:00Z"},
		{"today 18:00", now, "UTC", "2026-09-01T18:00:00Z"},
		{"18:00 Europe/Paris", now, "America/New_York", "2026-09-01T16:00:00Z"},
		{"18:00 UTC", now, "America/New_York", "2026-09-01T18:00:00Z"},
		{"tomorrow 06:00", now, "Europe/Paris", "2026-09-02T04:00:00Z"},
		{"Tomorrow 6:00 Asia/Tokyo", now, "Europe/Paris", "2026-09-01T21:00:00Z"},
		{"2026-09-01T18:00:00+02:00", now, "UTC", "2026-09-01T16:00:00Z"},
		{"2026-09-01T18:00Z", now, "UTC", "2026-09-01T18:00:00Z"},
		// 2027-03-28: 02:00 to 03:00 does not exist in Paris; the end of the gap is 01:00 UTC.
		{"tomorrow 02:30", "2027-03-27T12:00:00Z", "Europe/Paris", "2027-03-28T01:00:00Z"},
		// 2026-10-25: 02:30 comes twice in Paris; the first is 00:30 UTC.
		{"tomorrow 02:30", "2026-10-24T12:00:00Z", "Europe/Paris", "2026-10-25T00:30:00Z"},
		{"tomorrow 03:30", "2026-10-24T12:00:00Z", "Europe/Paris", "2026-10-25T02:30:00Z"},
		// Half an hour forward on Lord Howe Island, 2026-10-04 at 02:00.
		{"tomorrow 02:15", "2026-10-03T00:00:00Z", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
	} {
		when, err := parseWhen("--until", c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		at, _ := time.Parse(time.RFC3339, c.now)
		got, err := when.At(at, zone(t, c.zone))
		if err != nil || got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%q at %s in %s: got %v %v, want %s", c.text, c.now, c.zone, got.UTC(), err, c.want)
		}
	}
}

func TestWhenRefuses(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for text, says := range map[string]string{
		"11:59":                "tomorrow 11:59",
		"2020-01-01T00:00:00Z": "is past",
		"2028-01-01T00:00:00Z": "at most a year",
		"18:00 Mars/Base":      "not a time zone",
		"18:00 Local":          "not a time zone",
		"18:00 ../etc/passwd":  "not a time zone",
		"24:00":                "24 hours",
		"18:60":                "24 hours",
		"6pm":                  "not written like this",
		"tomorrow":             "not written like this",
		"18:00 UTC now":        "not written like this",
	} {
		when, err := parseWhen("--until", text)
		if err == nil {
			_, err = when.At(now, time.UTC)
		}
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--until") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// On the clock of its zone a moment shows what was asked for, or the first moment after a gap; never is there an earlier
// moment that shows it.
func TestClocksAreExact(t *testing.T) {
	zones := []string{"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "America/Havana", "Pacific/Auckland", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		wall := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 2*365*24*60).Draw(t, "minute"), 0, 0, time.UTC)
		moment := onClock(wall, zone)
		shows := func(t time.Time) time.Time {
			t = t.In(zone)
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		}
		if !shows(moment).Equal(wall) {
			if !shows(moment).After(wall) || !shows(moment.Add(-time.Second)).Before(wall) {
				t.Fatalf("%s in %s became %s", wall, zone, moment)
			}
			return
		}
		for _, earlier := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
			if shows(moment.Add(-earlier)).Equal(wall) {
				t.Fatalf("%s in %s is shown %s earlier already", wall, zone, earlier)
			}
		}
	})
}
