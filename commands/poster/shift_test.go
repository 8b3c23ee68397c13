package poster_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands/internal/stage"
	"cordon/commands/poster"
	"cordon/filters"
	"cordon/scheduler"
)

// onCall is who is on call, as a script says; nobody at first.
type onCall struct {
	mutex sync.Mutex
	now   filters.OnCall
}

func (o *onCall) change(now filters.OnCall) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.now = now
}

// OnCall returns what the script said.
func (o *onCall) OnCall(context.Context, int) (filters.OnCall, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.now.Source == "" {
		return o.now, errors.New("it is not known")
	}
	return o.now, nil
}

// direct is the conversation with one person: it stands on the same board, and the log says whose it is.
func (s *scene) direct(user string) poster.Channel { return conversation{s.board, user} }

type conversation struct {
	*board
	user string
}

func (c conversation) Post(ctx context.Context, message poster.Message) (string, error) {
	c.mutex.Lock()
	c.log = append(c.log, "to "+c.user+" alone:\n")
	c.mutex.Unlock()
	return c.board.Post(ctx, message)
}

// asked writes down an approval that somebody asked for.
func (s *scene) asked(fields []string, state filters.ApprovalState, outcome string) {
	now := time.Now().UTC()
	plan := filters.Plan{Cluster: "prod", Verb: filters.Verb(fields[2]), Reason: "disk *errors*"}
	for _, host := range fields[3:] {
		plan.Steps = append(plan.Steps, filters.Step{Hostname: host, Mode: filters.ModeDrain})
	}
	approval := filters.Approval{
		Schema: 1, ID: fields[1], Plan: plan, Hash: plan.Hash(), Needs: filters.Needs{Approvals: 1, From: filters.JurorsOnCall}, By: "user:" + fields[0], User: fields[0],
		Asked: now, Expires: now.Add(30 * time.Minute), State: state, Glass: outcome == filters.OutcomeGlass,
	}
	told := filters.ToldOf(&approval, outcome)
	told.Record.Revision, told.Event.Record, told.Event.Actor = 1, &told.Record, approval.By
	s.on.Happen(told.Event)
}

// began is the entry of a shift that begins.
func began(user string) filters.Event {
	return filters.Event{
		Kind: filters.KindShift, Subject: "shift:" + user + "/2026-11-21T12:00:00Z", Outcome: scheduler.ShiftBegan, Actor: "window:shift",
		Reason: `{"at":"2026-11-21T12:00:00Z","total":0,"user":"` + user + `","source":"Slack user group S1"}`,
	}
}

// A message to one person whose answer was lost is looked for before it is sent again, also by the next leader.
func TestAShiftIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.board.lose = true
		s.on.Happen(began("UBOB"))
		pass(100 * time.Millisecond)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.board.lose = false
		s.start()
		pass(time.Minute)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if len(s.board.roots) != 1 {
			t.Errorf("told %d times", len(s.board.roots))
		}
	})
}

// Who cannot be told, because they have left, is not tried for ever.
func TestWhoCannotBeToldIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		tried := 0
		s.board.fail = func(string) error { tried++; return &poster.Refused{Cause: errors.New("user_not_found")} }
		s.on.Happen(began("UGONE"))
		pass(time.Hour)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if tried != 1 {
			t.Errorf("tried %d times", tried)
		}
	})
}
