package filters

import (
	"testing"
	"time"
)

func TestWhoMayEndADrain(t *testing.T) {
	filter := &Filter{Owner: "run:r-1", Mode: ModeDrain, Drain: &Drain{By: "user:UALICE"}}
	for name, test := range map[string]struct {
		actor string
		all   bool
		may   bool
	}{
		"who asked for it":     {"user:UALICE", false, true},
		"somebody else":        {"user:UBOB", false, false},
		"somebody, with --all": {"user:UBOB", true, true},
		"the run":              {"run:r-1", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := &change{Request: Request{Actor: Actor{ID: test.actor}, All: test.all}}
			if c.mayEnd(filter) != test.may {
				t.Errorf("may end it: %t", !test.may)
			}
		})
	}
}

func TestDraining(t *testing.T) {
	for name, test := range map[string]struct {
		entry *LedgerEntry
		want  bool
	}{
		"not ours":     {nil, false},
		"withheld":     {&LedgerEntry{}, false},
		"sent":         {&LedgerEntry{DrainSent: "f-1"}, true},
		"drained":      {&LedgerEntry{DrainSent: "f-1", Drained: time.Now()}, false},
		"refused":      {&LedgerEntry{DrainSent: "f-1", Refused: "no"}, false},
		"marked, gone": {&LedgerEntry{DrainSent: "f-1", GoneSent: "f-2"}, false},
	} {
		if test.entry.Draining() != test.want {
			t.Errorf("%s: draining %t", name, !test.want)
		}
	}
}
