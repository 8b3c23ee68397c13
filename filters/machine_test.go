package filters

import (
	"strings"
	"testing"
	"time"
)

func TestParseMachine(t *testing.T) {
	for word, want := range map[string]Machine{
		"agent-nine@10.0.0.9":   {"agent-nine", "10.0.0.9"},
		" agent-nine@10.0.0.9 ": {"agent-nine", "10.0.0.9"},
		"a@b@10.0.0.9":          {}, "agent-nine": {}, "@10.0.0.9": {}, "agent-nine@": {}, "agent-nine@10.0.0": {}, "agent-nine@::1": {}, "web-*@10.0.0.9": {},
	} {
		machine, err := ParseMachine(word)
		if machine != want && err == nil || (err == nil) != (want != Machine{}) {
			t.Errorf("%q: %+v, %v", word, machine, err)
		}
		if err != nil && CodeOf(err) != Invalid {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func FuzzParseMachine(f *testing.F) {
	f.Add("agent-nine@10.0.0.9")
	f.Add("a@300.1.1.1")
	f.Fuzz(func(t *testing.T, word string) {
		machine, err := ParseMachine(word)
		if err != nil {
			if CodeOf(err) != Invalid {
				t.Errorf("%q: %v", word, err)
			}
			return
		}
		if machine.Typed() != strings.TrimSpace(word) || machine.Hostname == "" || machine.Check() != nil {
			t.Errorf("%q was read as %+v", word, machine)
		}
	})
}

func TestMachinesAreTheSameInWhateverCase(t *testing.T) {
	one, same := Machine{"Agent-One", "10.0.0.1"}, Machine{"agent-one", "10.0.0.1"}
	if !one.Same(same) || one.Name() != same.Name() || one.Same(Machine{"agent-one", "10.0.0.2"}) || one.Same(Machine{Hostname: "agent-one"}) {
		t.Error("hostname in whatever case, and IP, make a machine")
	}
}

func TestSchedulesAreComparedByWhatTheySay(t *testing.T) {
	a, b := Machine{"a", "10.0.0.1"}, Machine{"b", "10.0.0.2"}
	hour := Span{Start: time.Unix(5000, 1), Duration: time.Hour}
	together := Schedule{{Machines: []Machine{b, a}, Span: hour}}
	apart := Schedule{{Machines: []Machine{a}, Span: hour}, {Machines: []Machine{b}, Span: hour}}
	if !together.Equal(apart) || !Schedule(nil).Equal(Schedule{}) {
		t.Error("the same entries in other windows are the same schedule")
	}
	for name, other := range map[string]Schedule{
		"one less":               {{Machines: []Machine{a}, Span: hour}},
		"a nanosecond later":     {{Machines: []Machine{b}, Span: hour}, {Machines: []Machine{a}, Span: Span{Start: time.Unix(5000, 2), Duration: time.Hour}}},
		"without an end":         {{Machines: []Machine{b}, Span: hour}, {Machines: []Machine{a}, Span: Span{Start: hour.Start, Endless: true}}},
		"another machine of two": {{Machines: []Machine{b, {"c", "10.0.0.3"}}, Span: hour}},
	} {
		if together.Equal(other) || other.Equal(together) {
			t.Errorf("%s is the same", name)
		}
	}
}

func TestSpansInWords(t *testing.T) {
	start := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	for want, span := range map[string]Span{
		"2026-11-22 02:00 UTC for 1h":                  {Start: start, Duration: time.Hour},
		"2026-11-22 02:00 UTC for 1h30m":               {Start: start, Duration: 90 * time.Minute},
		"2026-11-22 02:00 UTC for 20m":                 {Start: start, Duration: 20 * time.Minute},
		"2026-11-22 02:00 UTC for 45s":                 {Start: start, Duration: 45 * time.Second},
		"from 2026-11-22 02:00 UTC on, without an end": {Start: start, Endless: true},
	} {
		if got := span.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
