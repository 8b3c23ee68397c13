package filters

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRefusalsAreBounded(t *testing.T) {
	var kept refusals
	now := time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC)
	count := func(actor string, tries int) (allowed int) {
		for range tries {
			if kept.allow(actor, now) {
				allowed++
			}
		}
		return allowed
	}
	if first := count("user:U1", 100); first != refusalBurst {
		t.Errorf("%d at once", first)
	}
	if other := count("user:U2", 1); other != 1 {
		t.Error("another actor's are not written down")
	}
	now = now.Add(10 * refusalEvery)
	if more := count("user:U1", 100); more != 10 {
		t.Errorf("%d after a while", more)
	}
	many := 0
	for i := range 2 * refusersMost {
		many += count("user:X"+strings.Repeat("x", i%3)+time.Duration(i).String(), 1)
	}
	if many > refusalsBurst || len(kept.full) > refusersMost {
		t.Errorf("%d of all who come, %d are told apart", many, len(kept.full))
	}
	now = now.Add(time.Hour)
	if again := count("user:U3", 1); again != 1 {
		t.Error("nobody's are written down ever after")
	}
}

// What is kept of a refusal is short, once for its key, and says no: what may have happened is none, nor is a mistake of ours,
// whose words may hold what people do not see.
func TestARefusalIsWrittenDown(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	refusal := Refusal{
		Actor: alice, Key: "k1" + strings.Repeat("k", 1000), Cause: CauseAPI, Message: strings.Repeat("m", 1000), Verb: VerbFilter,
		Err: &Error{Code: Denied, Wrong: strings.Repeat("é", 1000)},
	}
	for range 2 {
		if err := s.Refused(t.Context(), refusal); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.store.events) != 1 {
		t.Fatalf("written were %d entries", len(s.store.events))
	}
	event := s.store.events[0]
	if event.Kind != KindRefused || event.Actor != alice.ID || event.Cause != CauseAPI || event.Outcome != "denied" || event.Verb != VerbFilter {
		t.Errorf("written was %+v", event)
	}
	if len(event.Reason)+len(event.Request)+len(event.Message) > refusalMost+2*namesMost+10 {
		t.Errorf("written were %d, %d and %d bytes", len(event.Reason), len(event.Request), len(event.Message))
	}
	for _, err := range []error{&Error{Code: Unconfirmed, Wrong: "x"}, errors.New("dial 10.0.0.1: token s3cret")} {
		if s.Refused(t.Context(), Refusal{Actor: alice, Key: err.Error(), Err: err}) != nil || len(s.store.events) != 1 {
			t.Errorf("%v was written down", err)
		}
	}
}
