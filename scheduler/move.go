package scheduler

import (
	"slices"
	"time"

	"cordon/filters"
)

// The outcomes of KindWindow.
const (
	outcomeSeen    = "seen" // the configuration has it
	outcomeAdded   = "added"
	outcomeChanged = "changed"
	outcomeRemoved = "removed"
	outcomePaused  = "paused"
	outcomeResumed = "resumed"
	outcomeSkipped = "skipped"

	outcomeScheduling = "scheduling" // of KindAnnounce: its machines come into the maintenance schedule
)

// move is one step of a window: its state afterwards, and what is withheld or ended with it, in one commit.
type move struct {
	window          string
	revision        int64
	state           WindowState
	removed         bool
	kind            filters.Kind
	outcome, reason string
	subject, key    string
	owner           filters.Owner
	until           time.Time
	withhold        []filters.AgentID
	mode            filters.Mode    // of the filters that withhold; empty: filter
	drain           *filters.Drain  // what they ask for
	steps           []filters.Step  // that begin beside filters
	something       bool            // something begins beside filters, which a freeze forbids
	bare            bool            // the window's record stays as it is
	also            []filters.Verb  // that the gate is asked about beside windows
	intent          *filters.Intent // that the policy is asked about; nil: it is not
	end             []filters.FilterKey
	questions       []filters.AskedOf
	room            *filters.Room  // that what is withheld was taken from
	others          []filters.Told // of its run
}

// to begins a step with a copy of the state.
func (s *scene) to(kind filters.Kind, reason string) *move {
	return &move{window: s.name, revision: s.revision, state: s.state.clone(), kind: kind, reason: reason, owner: filters.Owner("window:" + s.name)}
}

// clone copies the state deep enough to be changed.
func (w *WindowState) clone() WindowState {
	copied := *w
	copied.Skips = slices.Clone(w.Skips)
	if w.Open != nil {
		open := *w.Open
		copied.Open = &open
	}
	return copied
}

// about makes the step one of the occurrence. The record's revision lets it happen once; what must not happen twice even
// after the record was removed has a key.
func (t *move) about(occurrence Occurrence) {
	t.owner, t.subject = occurrence.Owner(), string(occurrence.Owner())
}

// account says that the occurrence, and everything before it, is accounted for.
func (t *move) account(occurrence Occurrence) {
	t.state.Last, t.state.Announced, t.state.Scheduled = occurrence.Start, nil, nil
	t.state.Skips = slices.DeleteFunc(t.state.Skips, func(skip Skip) bool { return !skip.Start.After(occurrence.Start) })
}

// retime goes on with other times: what would have opened before by them is nobody's loss.
func (t *move) retime(window *Window, now time.Time) {
	t.state.Timing, t.state.Announced, t.state.Scheduled = timing(window), nil, nil
	if floor := now.Add(-window.Length); floor.After(t.state.Last) {
		t.state.Last = floor
	}
}

// settle is done with a question; nil is none.
func (t *move) settle(question *filters.Question) {
	if question == nil {
		return
	}
	done := *question
	done.Done = true
	t.questions = append(t.questions, filters.AskedOf{Question: done, Event: filters.Event{Kind: filters.KindQuestion, Reason: t.reason}})
}

// starts adds the records of a run that begins.
func (t *move) starts(run *RunState, agents []RunAgent) {
	t.others = append(t.others, filters.Told{
		Record: filters.Record{Shelf: filters.ShelfRuns, Name: run.ID, Body: encode(run)},
		Event:  filters.Event{Kind: filters.KindRun, Subject: "run:" + run.ID, Outcome: "started"},
	})
	for i := range agents {
		agent := &agents[i]
		t.others = append(t.others, filters.Told{
			Record: filters.Record{Shelf: filters.ShelfRunAgents, Name: agent.Run + " " + string(agent.Agent), Body: encode(agent)},
			Event:  filters.Event{Kind: filters.KindRunAgent, Subject: "run:" + run.ID, Agent: agent.Agent, Host: agent.Hostname, Outcome: string(agent.Phase)},
		})
	}
}

// aborts lets a run that is not over end with the occurrence, by somebody's word.
func (t *move) aborts(record *filters.Record, word Word) {
	state, err := DecodeRun(record)
	if err != nil || state.Phase == RunAborting {
		return
	}
	state = aborting(state, word)
	t.others = append(t.others, state.told(record.Revision, string(RunAborting)))
}

// arrangement is the step as the service carries it out, for an actor under a request.
func (t *move) arrangement(request filters.Request, term int64) filters.Arrangement {
	request.Until = t.until
	if request.Reason == "" {
		request.Reason = t.reason
	}
	t.state.Schema = 1
	body := encode(t.state)
	told := filters.Told{
		Record: filters.Record{Shelf: filters.ShelfWindows, Name: t.window, Body: body, Removed: t.removed, Revision: t.revision},
		Event:  filters.Event{Kind: t.kind, Subject: t.subject, Outcome: t.outcome, Reason: t.reason},
	}
	all := append([]filters.Told{told}, t.others...)
	if t.bare {
		all = t.others
	}
	return filters.Arrangement{
		Request: request, Verb: filters.VerbWindow, Term: term, Subject: t.subject, Withhold: t.withhold, Mode: t.mode, Drain: t.drain, End: t.end, Room: t.room,
		Also: t.also, Intent: t.intent, Steps: t.steps, Starts: t.something,
		Told: all, Questions: t.questions,
	}
}
