package poster_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"cordon/commands/poster"
	"cordon/filters"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var kinds = []filters.Kind{
	filters.KindFilter, filters.KindExtend, filters.KindRelease, filters.KindExpire, filters.KindAdopt, filters.KindMove, filters.KindNag,
	filters.KindTook, filters.KindGave, filters.KindLost, filters.KindContested, filters.KindForeign, filters.KindUnforeign, filters.KindRestart,
	filters.KindMissing, filters.KindFreeze, filters.KindThaw, filters.KindLock, filters.KindUnlock, filters.KindQuestion, filters.KindAnswer,
	filters.KindFailover, filters.KindSettled,
}

func anyEvent(t *rapid.T, i int) filters.Event {
	at := time.Date(2026, 9, 1, 12, 0, i, 0, time.UTC)
	agent := rapid.IntRange(1, 3).Draw(t, "agent")
	event := filters.Event{
		ID: fmt.Sprintf("%d-0", at.UnixMilli()), At: at, Subject: "op-1", Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Actor: "user:UALICE",
		Agent: filters.AgentID(fmt.Sprint("S", agent)), Host: fmt.Sprint("agent-", agent), Reason: rapid.SampledFrom([]string{"", "why"}).Draw(t, "reason"),
		Outcome: rapid.SampledFrom([]string{"", "recorded", "accepted", "verified", "failed"}).Draw(t, "outcome"),
	}
	if rapid.Bool().Draw(t, "filter") {
		event.Filter = &filters.Filter{
			ID: fmt.Sprint("f-", agent), Agent: event.Agent, Hostname: event.Host, Owner: "user:UALICE", Mode: filters.ModeFilter, Subject: "op-1",
			Created: at, State: rapid.SampledFrom([]filters.ChangeState{"recorded", "accepted", "verified", "failed"}).Draw(t, "state"),
		}
		if rapid.Bool().Draw(t, "until") {
			event.Filter.Until = at.Add(time.Hour)
		}
		if rapid.Bool().Draw(t, "ended") {
			event.Filter.Ended, event.Filter.EndedBy = at, "user:UBOB"
			event.Settled = rapid.Bool().Draw(t, "settled")
		}
	}
	if rapid.Bool().Draw(t, "question") {
		event.Question = &filters.Question{ID: "q-1", Text: "Really?", Asked: at, Answer: rapid.SampledFrom([]string{"", "yes"}).Draw(t, "answer")}
	}
	return event
}

// Whatever is folded in whatever order: Fold changes nothing that it was given, a notice survives being stored, and its
// message has a first line that says something.
func TestFold(t *testing.T) {
	topics := []poster.Topic{poster.TopicFilter, poster.TopicDrift, poster.TopicForeign, poster.TopicQuestion, poster.TopicNag, poster.TopicFreeze, poster.TopicLock, poster.TopicFailover}
	rapid.Check(t, func(t *rapid.T) {
		notice := poster.Notice{Schema: 1, Key: "op-1", Topic: rapid.SampledFrom(topics).Draw(t, "topic"), Began: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
		for i := range rapid.IntRange(1, 12).Draw(t, "events") {
			event := anyEvent(t, i)
			before := encode(t, notice)
			folded := poster.Fold(notice, &event)
			if difference := cmp.Diff(before, encode(t, notice)); difference != "" {
				t.Fatalf("Fold changed what it was given: %s", difference)
			}
			notice = poster.Notice{}
			if err := json.Unmarshal([]byte(encode(t, folded)), &notice); err != nil {
				t.Fatal(err)
			}
			message := poster.Render(notice, poster.Scene{Cluster: "prod", Now: event.At.Add(time.Minute)})
			if len(notice.Agents) == 0 && notice.Topic != poster.TopicQuestion {
				continue // nothing has happened yet that it is about
			}
			if again := poster.Render(folded, poster.Scene{Cluster: "prod", Now: event.At.Add(time.Minute)}); !cmp.Equal(message, again) {
				t.Fatalf("stored and read it tells something else:\n%s", cmp.Diff(again, message))
			}
			if len(message.Lines) == 0 || message.Lines[0].String() == "" {
				t.Fatalf("nothing to say: %+v", notice)
			}
		}
	})
}

func encode(t *rapid.T, notice poster.Notice) string {
	encoded, err := json.Marshal(notice)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
