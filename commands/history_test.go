package commands

import (
	"testing"

	"cordon/filters"
)

func TestStepsSayWhatWasDone(t *testing.T) {
	filter := &filters.Filter{ID: "f-1", Agent: "S1", Hostname: "agent-one"}
	entry := &filters.LedgerEntry{Agent: "S1", Backend: filters.BackendOperator}
	for want, event := range map[string]filters.Event{
		"agent-one DEACTIVATE_AGENT accepted by m:5050":                     {Kind: filters.KindTook, Outcome: "accepted", Filter: filter, Ledger: entry, Master: "m:5050"},
		"agent-one withheld already, so no call was needed":                 {Kind: filters.KindTook, Outcome: "accepted", Filter: filter, Master: "m:5050", Reason: "the agent is withheld already"},
		"agent-one confirmed: no new tasks":                                 {Kind: filters.KindTook, Outcome: "verified", Filter: filter, Ledger: entry},
		"agent-one confirmed: no new tasks, adopted as it was":              {Kind: filters.KindTook, Outcome: "verified", Filter: filter, Ledger: entry, Reason: "adopted as it was"},
		"agent-one DEACTIVATE_AGENT refused by m:5050: 403 Forbidden.":      {Kind: filters.KindTook, Outcome: "failed", Filter: filter, Ledger: entry, Master: "m:5050", Reason: "403 Forbidden."},
		"agent-one not waited for any more: overtaken":                      {Kind: filters.KindTook, Outcome: "verified", Host: "agent-one", Reason: "overtaken"},
		"agent-one not given back: others still withhold it":                {Kind: filters.KindGave, Outcome: "verified", Filter: filter, Settled: true, Reason: "others still withhold it"},
		"agent-one over: somebody gave it back before":                      {Kind: filters.KindGave, Outcome: "verified", Filter: filter, Settled: true, Reason: "somebody gave it back before"},
		"agent-one restarted, deactivation kept":                            {Kind: filters.KindRestart, Host: "agent-one", Reason: "it registered again and is still withheld"},
		"agent-one is listed again, and still withheld":                     {Kind: filters.KindRestart, Filter: filter, Reason: "it is listed again, and still withheld"},
		"agent-one is not in the master's list any more":                    {Kind: filters.KindMissing, Filter: filter, Reason: "the master lists it no more"},
		"agent-one withheld by somebody else":                               {Kind: filters.KindForeign, Host: "agent-one", Reason: "somebody else withholds it"},
		"agent-one host came back with a new agent ID, its filter followed": {Kind: filters.KindMove, Filter: filter, Reason: "the host came back with a new agent ID"},
		"agent-one kept without an end by @UBOB":                            {Kind: filters.KindExtend, Filter: filter, Actor: "user:UBOB"},
	} {
		if got := EventLine(&event).String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestHistoryLeavesBookkeepingOut(t *testing.T) {
	filter := &filters.Filter{Hostname: "agent-four"}
	kept := told([]filters.Event{
		{Kind: filters.KindMove, Filter: filter, Outcome: "recorded"},
		{Kind: filters.KindMove, Filter: filter, Settled: true},
		{Kind: filters.KindMove, Ledger: &filters.LedgerEntry{}},
		{Kind: filters.KindMissing, Filter: filter},
	})
	if len(kept) != 2 || kept[0].Outcome != "recorded" || kept[1].Kind != filters.KindMissing {
		t.Errorf("kept %+v", kept)
	}
}

// What somebody wrote into a window's definition names nobody alive (invariant 12).
func TestTheReasonOfAWindowIsInert(t *testing.T) {
	event := filters.Event{Kind: filters.KindOpen, Subject: "window:nightly/2026-09-01T00:00:00Z", Actor: "window:nightly/2026-09-01T00:00:00Z", Reason: "asked by user:UBOB"}
	for _, span := range EventLine(&event) {
		if span.Style == Person {
			t.Errorf("%s is mentioned", span.Text)
		}
	}
}

// Whoever did something is told by a name that people know: what a run did was somebody's wish.
func TestNoIDIsAName(t *testing.T) {
	filter := func(drain *filters.Drain) *filters.Filter { return &filters.Filter{Hostname: "web-1", Drain: drain} }
	for _, c := range []struct {
		filter *filters.Filter
		by     string
		want   string
	}{
		{filter(&filters.Drain{Gone: true, By: "user:UALICE"}), "run:r-5h24cx0z", "released by the gone that @UALICE asked for"},
		{filter(&filters.Drain{By: "user:UALICE"}), "run:r-5h24cx0z", "released by the drain that @UALICE asked for"},
		{filter(nil), "run:r-5h24cx0z", "released by the run r-5h24cx0z"},
		{filter(nil), "window:patch/2026-09-01T00:00:00Z", "released by patch"},
		{nil, "api:deploy", "released by token deploy"},
	} {
		event := &filters.Event{Kind: filters.KindRelease, Actor: c.by, Filter: c.filter}
		if got := EventWords(event).String(); got != c.want {
			t.Errorf("%s is told as %q, want %q", c.by, got, c.want)
		}
	}
	for phrase, want := range map[string]string{
		"released by run:r-5h24cx0z while it was under way":  "released by the run while it was under way",
		"it is down by the word of window:patch/2026, by us": "it is down by the word of patch, by us",
		"failed, says user:UBOB":                             "failed, says @UBOB",
		"the one that api:deploy made":                       "the one that token deploy made",
		"paused by user:UBOB for “released by user:UBOB”":    "paused by @UBOB for “released by user:UBOB”",
	} {
		if got := Phrase(phrase).String(); got != want {
			t.Errorf("%q is told as %q, want %q", phrase, got, want)
		}
	}
	if got := People("is being taken down, by the word of `window:patch/2026-09-01T00:00:00Z`").String(); got != "is being taken down, by the word of patch" {
		t.Error(got)
	}
}
