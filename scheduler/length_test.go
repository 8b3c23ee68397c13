package scheduler

import (
	"testing"
	"time"

	"cordon/filters"
)

func TestParseLength(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "2h30m": 150 * time.Minute, "1d12h": 36 * time.Hour, "1w": 168 * time.Hour, "45s": 45 * time.Second,
		"2h0m0s": 2 * time.Hour, "31d": longest, " 5m ": 5 * time.Minute,
		"": 0, "0": 0, "0s": 0, "-2h": 0, "-0": 0, "32d": 0, "5w": 0, "99999999999999999999h": 0, "2": 0, "2x": 0, "h": 0, "1.5h": 0, "30m2h": 0,
		"2h2h": 0, "2 h": 0, "1h-": 0, "--1h": 0, "1ns": 0, "٣h": 0, "1y": 0,
	} {
		length, err := parseLength(text)
		if length != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %v, %v, want %v", text, length, err, want)
		}
	}
}

func FuzzLength(f *testing.F) {
	for _, seed := range []string{"90m", "1d12h", "31d", "-2h", "0", "999999999999w9d", "2h0m0s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		length, err := parseLength(text)
		if err != nil {
			if filters.CodeOf(err) != filters.Invalid || length != 0 {
				t.Fatalf("%q: %v, %v", text, length, err)
			}
			return
		}
		again, err := parseLength(length.String())
		if err != nil || again != length || length < time.Second || length > longest {
			t.Fatalf("%q is %v, which is read as %v, %v", text, length, again, err)
		}
	})
}

func TestLasting(t *testing.T) {
	t.Parallel()
	for length, want := range map[time.Duration]string{
		2 * time.Hour: "2 h", 90 * time.Minute: "1 h 30 m", 36 * time.Hour: "1 d 12 h", longest: "31 d", 61 * time.Second: "1 m 1 s",
	} {
		if got := lasting(length); got != want {
			t.Errorf("%v: got %q, want %q", length, got, want)
		}
	}
}
