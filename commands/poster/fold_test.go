package poster_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands/internal/stage"
	"cordon/commands/poster"
	"cordon/filters"
	"cordon/filters/operation"
	"cordon/scheduler"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var kinds = []filters.Kind{
	filters.KindFilter, filters.KindExtend, filters.KindRelease, filters.KindExpire, filters.KindAdopt, filters.KindMove, filters.KindNag,
	filters.KindTook, filters.KindGave, filters.KindLost, filters.KindContested, filters.KindForeign, filters.KindUnforeign, filters.KindRestart,
	filters.KindMissing, filters.KindFreeze, filters.KindThaw, filters.KindLock, filters.KindUnlock, filters.KindQuestion, filters.KindAnswer,
	filters.KindFailover, filters.KindSettled,
	filters.KindWindow, filters.KindAnnounce, filters.KindOpen, filters.KindWarn, filters.KindClose, filters.KindClosed, filters.KindPassed, filters.KindDigest, filters.KindShift,
	filters.KindRun, filters.KindRunAgent,
	filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindMeddled, filters.KindRemind,
}

// anyRecord gives an entry about windows and runs the record that it tells of, and the outcome and subject that go with it.
func anyRecord(t *rapid.T, event *filters.Event) {
	record := &filters.Record{Name: "nightly", Revision: 1}
	var state any
	switch start := event.At.Truncate(time.Hour); event.Kind {
	case filters.KindRun:
		phase := rapid.SampledFrom([]scheduler.RunPhase{scheduler.RunGoing, scheduler.RunPaused, scheduler.RunStopped, scheduler.RunAborting, scheduler.RunDone, scheduler.RunAborted}).Draw(t, "phase")
		state, record.Shelf, event.Subject = scheduler.RunState{ID: "r-1", Phase: phase, By: "user:UALICE", Started: start, Agents: 3}, filters.ShelfRuns, "run:r-1"
		event.Outcome = rapid.SampledFrom([]string{"started", "paused", "stopped", "done"}).Draw(t, "run")
	case filters.KindRunAgent:
		phase := rapid.SampledFrom([]scheduler.AgentPhase{scheduler.AgentWaiting, scheduler.AgentStepping, scheduler.AgentAsking, scheduler.AgentDone, scheduler.AgentFailed}).Draw(t, "phase")
		state, record.Shelf, event.Subject = scheduler.RunAgent{Run: "r-1", Agent: event.Agent, Hostname: event.Host, Phase: phase, Key: "c-1", By: "user:UBOB"}, filters.ShelfRunAgents, "run:r-1"
		event.Outcome = string(phase)
	case filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindMeddled, filters.KindRemind:
		phase := rapid.SampledFrom([]operation.Phase{operation.PhaseScheduling, operation.PhaseScheduled, operation.PhaseTakingDown, operation.PhaseDown, operation.PhaseUp, operation.PhaseLost, operation.PhaseFailed}).Draw(t, "phase")
		machine := filters.Machine{Hostname: event.Host, IP: "10.0.0.1"}
		state, record.Shelf, record.Name = operation.State{Schema: 1, Machine: machine, Phase: phase, Since: start, Owner: "user:UALICE", By: "user:UBOB", Why: event.Reason, Wanted: filters.Span{Start: start, Endless: true}}, filters.ShelfMachines, machine.Name()
		event.Outcome = rapid.SampledFrom([]string{"recorded", "sending", "accepted", "verified", "failed", "lost", "between", "starts", "over"}).Draw(t, "word")
	default:
		window := scheduler.WindowState{Announced: &scheduler.Announcement{Start: start, Agents: 2}, Skips: []scheduler.Skip{{Start: start}}}
		if rapid.Bool().Draw(t, "open") {
			window.Open = &scheduler.Opening{Start: start, End: start.Add(time.Hour), Opened: start, Placed: 1, Waiting: []filters.AgentID{"S1"}, Why: "no room"}
		}
		state, record.Shelf, event.Subject = window, filters.ShelfWindows, "window:nightly/"+start.Format(time.RFC3339)
		event.Outcome = rapid.SampledFrom([]string{"", "added", "changed", "paused", "resumed", "removed", "skipped"}).Draw(t, "word")
	}
	body, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	record.Body, event.Record = body, record
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
	if slices.Index(kinds, event.Kind) >= slices.Index(kinds, filters.KindWindow) && rapid.Bool().Draw(t, "record") {
		anyRecord(t, &event)
	}
	if rapid.Bool().Draw(t, "question") {
		event.Question = &filters.Question{ID: "q-1", Text: "Really?", Asked: at, Answer: rapid.SampledFrom([]string{"", "yes"}).Draw(t, "answer")}
	}
	return event
}

// Whatever is folded in whatever order: Fold changes nothing that it was given, a notice survives being stored, and its
// message has a first line that says something.
func TestFold(t *testing.T) {
	topics := []poster.Topic{poster.TopicFilter, poster.TopicDrift, poster.TopicForeign, poster.TopicQuestion, poster.TopicNag, poster.TopicFreeze, poster.TopicLock, poster.TopicFailover, poster.TopicSink,
		poster.TopicAnnounce, poster.TopicPassed, poster.TopicOccurrence, poster.TopicWindow, poster.TopicRun, poster.TopicConfirm, poster.TopicDigest, poster.TopicShift,
		poster.TopicMachines, poster.TopicRemind, poster.TopicMeddled}
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
			if len(notice.Agents) == 0 && slices.Index(topics, notice.Topic) < slices.Index(topics, poster.TopicAnnounce) && notice.Topic != poster.TopicQuestion {
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

// However many agents a run or a window has, its notice stays small, and so does its message.
func TestNoticesStaySmall(t *testing.T) {
	const agents = 3000
	for name, word := range map[string]string{
		"a run":    `alice: run start agent-* --max-parallel 300 --step "wait 1m" --max-failures 9 --yes -m "firmware"`,
		"a window": `alice: window add all agent-* --schedule "1 0 * * *" --duration 1h --max-unavailable 60%`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var hosts []string
				for i := range agents {
					hosts = append(hosts, fmt.Sprintf("agent-%04d", i))
				}
				s := set(t, stage.Options{Agents: hosts})
				s.does("leads")
				s.does(word)
				pass(75 * time.Second)
				_, notices, err := s.notices.Load(t.Context())
				if err != nil || s.stop() != nil {
					t.Error(err)
				}
				s.leader()
				for key, notice := range notices {
					if len(notice) > 300<<10 {
						t.Errorf("%s takes %d bytes", key, len(notice))
					}
				}
				if all := s.board.all(); !strings.Contains(all, " under way") && !strings.Contains(all, "withholds 1800 of 3000 agents") {
					t.Errorf("it did not begin:\n%s", all)
				}
				for _, text := range s.board.text {
					if len(text) > 3000 {
						t.Errorf("a message of %d bytes:\n%s", len(text), text)
					}
				}
				for i, at := range s.board.sent[1:] {
					if gap := at.Sub(s.board.sent[i]); gap < time.Second {
						t.Errorf("messages %d and %d are %s apart", i, i+1, gap)
					}
				}
			})
		})
	}
}
