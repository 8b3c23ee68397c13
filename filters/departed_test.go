package filters

import (
	"strings"
	"testing"
	"time"
)

// What has departed is found by its full name alone, and never beside one that is registered under it.
func TestResolveKnown(t *testing.T) {
	since := time.Date(2026, 11, 21, 14, 3, 0, 0, time.UTC)
	s := newScene(t, 3, LimitConfig{})
	s.view.Departed = []Departed{
		{Agent: Agent{ID: "aaaa-S8", Hostname: "agent-eight", IP: "10.0.0.8"}, Since: since},
		{Agent: Agent{ID: "aaaa-S9", Hostname: "agent-one"}, Since: since},
	}
	roster := NewRoster(s.view)
	for typed, test := range map[string]struct {
		anyID bool
		want  string
	}{
		"agent-eight":              {want: "aaaa-S8"},
		"AGENT-EIGHT":              {want: "aaaa-S8"},
		"aaaa-S8":                  {want: "aaaa-S8"},
		"agent-one":                {want: "aaaa-S0"},
		"aaaa-S9":                  {want: "aaaa-S9"},
		"agent-one agent-eight":    {want: "aaaa-S0 aaaa-S8"},
		"agent-e*":                 {want: "no agent's hostname matches `agent-e*`"},
		"agent-eigh":               {want: "I know no agent `agent-eigh`"},
		"agent-eight -l rack=r1":   {want: "`agent-eight` is not listed by the master since 2026-11-21 14:03 UTC"},
		"cccc-S12":                 {want: "I know no agent `cccc-S12`"},
		"cccc-S13":                 {anyID: true, want: "cccc-S13"},
		"agent-nine":               {anyID: true, want: "I know no agent `agent-nine`"},
		"agent-eight agent-eleven": {anyID: true, want: "I know no agent `agent-eleven`"},
	} {
		t.Run(typed, func(t *testing.T) {
			var targets []Target
			name, attribute, narrowed := strings.Cut(typed, " -l ")
			for _, word := range strings.Fields(name) {
				targets = append(targets, Target{Name: word})
			}
			if narrowed {
				target, _ := ParseAttribute(attribute)
				targets = append(targets, target)
			}
			agents, err := ResolveKnown(roster, nil, targets, test.anyID)
			var ids []string
			for _, agent := range agents {
				ids = append(ids, string(agent.ID))
			}
			got := strings.Join(ids, " ")
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLeaving(t *testing.T) {
	for name, test := range map[string]struct {
		entry *LedgerEntry
		want  bool
	}{
		"not ours":              {nil, false},
		"drained":               {&LedgerEntry{DrainSent: "f-1"}, false},
		"drained, to be marked": {&LedgerEntry{DrainSent: "f-1", Ends: true}, true},
		"marked":                {&LedgerEntry{GoneSent: "f-1"}, true},
		"refused":               {&LedgerEntry{GoneSent: "f-1", Ends: true, Refused: "no"}, false},
	} {
		if test.entry.Leaving() != test.want {
			t.Errorf("%s: leaving %t", name, !test.want)
		}
	}
}
