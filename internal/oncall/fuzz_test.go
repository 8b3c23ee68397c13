package oncall

import (
	"encoding/json"
	"testing"
	"time"
)

// Whatever PagerDuty answers: nobody is on call who is not named, or twice.
func FuzzPagerDuty(f *testing.F) {
	for _, seed := range []string{
		`{"oncalls":[{"user":{"id":"P1","name":"A","email":"a@example.com"},"schedule":{"id":"PS"},"escalation_level":1,"end":"2030-01-01T00:00:00Z"}],"more":false}`,
		`{"oncalls":[{"user":null,"schedule":null,"escalation_policy":{"id":"PS"},"start":null,"end":null}]}`, `{"oncalls":null}`, `[]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var page pagerDutyPage
		if json.Unmarshal([]byte(text), &page) != nil {
			return
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for level := range 3 {
			found := pagerDutyOnCalls{id: "PS", level: level}.among(page.OnCalls, now)
			if len(found.people) > len(page.OnCalls) || !found.until.IsZero() && !found.until.After(now) {
				t.Fatalf("%q: %+v", text, found)
			}
		}
	})
}

// Whatever Opsgenie answers: each person is of one level at most once.
func FuzzOpsgenie(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"onCallParticipants":[{"id":"1","name":"a@example.com","type":"user"},{"type":"team","onCallParticipants":[{"name":"b@example.com","type":"user","escalationTime":5}]}]}}`,
		`{"data":{"onCallParticipants":[]}}`, `{"data":null}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var answer opsgenieAnswer
		if json.Unmarshal([]byte(text), &answer) != nil || answer.Data == nil {
			return
		}
		for level := 1; level < 4; level++ {
			seen := map[contact]bool{}
			for _, person := range (opsgenieOnCalls{level: level}).among(answer.Data.Participants) {
				if seen[person] {
					t.Fatalf("%q: %v twice", text, person)
				}
				seen[person] = true
			}
		}
	})
}
