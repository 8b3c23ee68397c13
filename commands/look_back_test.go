package commands

import (
	"testing"
	"time"

	"cordon/filters"
)

func TestSinceIsReadInTheAskersZone(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2h": "2026-11-21T10:00:00Z", "3d": "2026-11-18T12:00:00Z", "2026-11-01": "2026-10-31T23:00:00Z", "2026-11-01 14:30": "2026-11-01T13:30:00Z",
		"2026-11-01T14:30:00Z": "2026-11-01T14:30:00Z", "2026-03-29 02:30": "2026-03-29T01:00:00Z",
	} {
		since, err := ParseSince("--since", text)
		if got := since.At(now, paris).Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", text, got, want, err)
		}
	}
	for _, text := range []string{"", "yesterday", "-2h", "0s", "2026-13-01", "2026-11-01 25:00", "2026-11-01 14:00 Mars"} {
		if _, err := ParseSince("--since", text); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseSince(f *testing.F) {
	for _, text := range []string{"2h", "2026-11-01", "2026-11-01 14:30", "2026-11-01T14:30:00Z", "1w"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		since, err := ParseSince("--since", text)
		if (err == nil) == since.IsZero() && err == nil && since.At(time.Now(), time.UTC).IsZero() {
			t.Errorf("%q is read as no time", text)
		}
	})
}

func TestWhomHistoryIsAbout(t *testing.T) {
	asked := &turn{Input: Input{Actor: filters.Actor{ID: "user:UBOB"}, People: map[string]string{"alice": "UALICE"}}}
	for text, want := range map[string]string{
		"": "", "me": "user:UBOB", "@alice": "user:UALICE", "alice": "user:UALICE", "U0123": "user:U0123", "@W0123": "user:W0123",
		"window:nightly": "window:nightly", "api:ci": "api:ci", "user:U1": "user:U1",
	} {
		if got, err := asked.actorOf(text); got != want || err != nil {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"@carol", "window:", "Undefined"} {
		if _, err := asked.actorOf(text); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHistoryIsParsed(t *testing.T) {
	command, err := Parse("history agent-one --by @alice --verb Cordon --since 2d --until 2026-11-01 --page 2")
	if err != nil || command.Look.By != "@alice" || command.Look.Deed != "filter" || command.Look.Since.IsZero() || command.Look.Until.IsZero() || command.Page != 2 {
		t.Errorf("%+v %v", command.Look, err)
	}
	if command, err := Parse("history --until 1h"); err != nil || command.Look.Until.ago != time.Hour {
		t.Errorf("up to an hour ago: %+v %v", command.Look.Until, err)
	}
	for _, text := range []string{"history --verb dance", "history --since soon", "history --until later"} {
		if _, err := Parse(text); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}
