package scheduler

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"cordon/filters"
)

// OnCall tells who is on call. Implemented by internal/oncall.
type OnCall interface {
	// OnCall returns who is on call at a level of escalation, from 1 on. An error means that it is not known.
	OnCall(ctx context.Context, level int) (filters.OnCall, error)
}

// The outcomes of entries about shifts.
const (
	ShiftKnown = "known" // who is on call is known for the first time
	ShiftBegan = "began" // somebody came on call, and is told what to know
	ShiftEnded = "ended" // somebody went off call
)

// shiftName is the record of who was on call last.
const shiftName = "now"

// shiftState is the body of that record.
type shiftState struct {
	Schema int      `json:"schema"`
	Users  []string `json:"users"`
}

// ShiftDigest is what somebody is told who comes on call: the body of its journal entry's Reason, as JSON.
type ShiftDigest struct {
	Digest
	User      string          `json:"user"` // a Slack ID
	Others    []string        `json:"others,omitempty"`
	Source    string          `json:"source"`
	Until     time.Time       `json:"until,omitzero"` // zero: the source does not say
	NoEnd     int             `json:"no_end,omitempty"`
	Drains    []string        `json:"drains,omitempty"` // runs that drain; the others are Runs
	Questions []ShiftQuestion `json:"questions,omitempty"`
	Freeze    *filters.Freeze `json:"freeze,omitempty"`
	Lock      *filters.Lock   `json:"lock,omitempty"`
}

// ShiftQuestion is a question that is open; at most ten.
type ShiftQuestion struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

const (
	shiftEvery   = 20 * time.Second // how often it is asked who is on call
	shiftAsk     = 10 * time.Second // how long that may take
	shiftHorizon = 24 * time.Hour   // how far a digest looks ahead where nobody says when the shift ends
)

// Shifts tells those who come on call what they should know, once each time, on the leader. Who is on call first counts: while
// that is not known, or the fallback stands in, nobody's shift begins or ends.
type Shifts struct {
	config *Config
	onCall OnCall
	log    *slog.Logger
}

// NewShifts returns Shifts. The configuration is that of a Scheduler.
func NewShifts(config *Config, onCall OnCall) *Shifts {
	shifts := &Shifts{config, onCall, config.Logger}
	if shifts.log == nil {
		shifts.log = slog.New(slog.DiscardHandler)
	}
	return shifts
}

// Run tells of shifts until ctx ends: for the leader only, whose term every step carries. It returns ctx's error.
func (s *Shifts) Run(ctx context.Context, term int64) error {
	for ctx.Err() == nil {
		timer := time.NewTimer(s.step(ctx, term))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return ctx.Err()
}

// step tells of what changed since the last shift that is known, and returns how long to rest.
func (s *Shifts) step(ctx context.Context, term int64) time.Duration {
	asking, cancel := context.WithTimeout(ctx, shiftAsk)
	defer cancel()
	found, err := s.onCall.OnCall(asking, 1)
	if err != nil || found.Fallback != "" {
		return shiftEvery
	}
	now := s.config.Service.Now()
	for range len(found.Users) + 1 { // each newcomer is a step of its own
		if change := s.change(found, now); change == nil || s.take(ctx, change, now, term) != nil {
			break
		}
	}
	if left := found.Until.Sub(s.config.Service.Now()); !found.Until.IsZero() && left > 0 {
		return min(left+time.Second, shiftEvery)
	}
	return shiftEvery
}

// shiftChange is one step: who is on call after it, and whom it is about.
type shiftChange struct {
	state    shiftState
	revision int64
	outcome  string
	user     string // who came, or went; empty: this is the first that is known
	reason   string
}

// change is the next step towards who is on call now; nil: there is none.
func (s *Shifts) change(found filters.OnCall, now time.Time) *shiftChange {
	record := s.config.Book.Record(filters.ShelfOnCall, shiftName)
	next := &shiftChange{revision: revisionOf(record)}
	before, known := decodeShift(record)
	isOn := func(user string) bool { return slices.Contains(found.Users, user) }
	switch i := slices.IndexFunc(found.Users, func(user string) bool { return !slices.Contains(before.Users, user) }); {
	case !known:
		next.outcome, next.state.Users = ShiftKnown, found.Users
	case i >= 0:
		next.outcome, next.user = ShiftBegan, found.Users[i]
		next.state.Users = append(slices.DeleteFunc(before.Users, func(user string) bool { return !isOn(user) }), next.user)
		next.reason = s.digest(found, next.user, now)
	default:
		gone := slices.IndexFunc(before.Users, func(user string) bool { return !isOn(user) })
		if gone < 0 {
			return nil
		}
		next.outcome, next.user = ShiftEnded, before.Users[gone]
		next.state.Users = slices.Delete(before.Users, gone, gone+1)
	}
	next.state.Schema = 1
	return next
}

// decodeShift reads the record; one that cannot be read is as none.
func decodeShift(record *filters.Record) (state shiftState, known bool) {
	if record == nil || json.Unmarshal(record.Body, &state) != nil || state.Schema != 1 {
		return shiftState{}, false
	}
	return state, true
}

// take writes the step and its entry in one commit: by the record's revision it is done once, whoever leads.
func (s *Shifts) take(ctx context.Context, change *shiftChange, now time.Time, term int64) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	body, err := json.Marshal(change.state)
	if err != nil {
		return err
	}
	subject := "shift:" + change.user + "/" + now.UTC().Format(time.RFC3339Nano)
	_, err = s.config.Service.Arrange(ctx, filters.Arrangement{
		Request: filters.Request{Actor: s.config.system("window:shift"), Key: subject + "/" + change.outcome, Cause: filters.CauseWindow},
		Verb:    filters.VerbWindow, Term: term, Subject: subject,
		Told: []filters.Told{{
			Record: filters.Record{Shelf: filters.ShelfOnCall, Name: shiftName, Body: body, Revision: change.revision},
			Event:  filters.Event{Kind: filters.KindShift, Subject: subject, Outcome: change.outcome, Reason: change.reason},
		}},
	})
	if err != nil && filters.CodeOf(err) != filters.Conflict {
		s.log.Warn("a change of shift is not told yet", "error", err)
	}
	return err
}

// digest is what the newcomer should know, as JSON.
func (s *Shifts) digest(found filters.OnCall, user string, now time.Time) string {
	book := s.config.Book
	until := found.Until
	if until.IsZero() {
		until = now.Add(shiftHorizon)
	}
	told := ShiftDigest{
		Digest: s.config.summary(now, until), User: user, Source: found.Source, Until: found.Until, Freeze: book.Freeze(), Lock: book.Lock(),
		Others: slices.DeleteFunc(slices.Clone(found.Users), func(other string) bool { return other == user }),
	}
	told.Runs, told.Drains = s.config.underWay()
	for _, filter := range book.Filters() {
		if filter.Stands() && filter.Until.IsZero() {
			told.NoEnd++
		}
	}
	for _, question := range book.Questions() {
		if question.Open() && len(told.Questions) < digestMost {
			told.Questions = append(told.Questions, ShiftQuestion{question.ID, question.Text})
		}
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(err) // times of the last and the next years encode
	}
	return string(text)
}

// underWay are the IDs of runs that are not over, those that drain apart.
func (c *Config) underWay() (runs, drains []string) {
	for _, run := range NewDesk(c).Runs() {
		switch {
		case run.State.Phase.Over():
		case run.State.Drain != nil:
			drains = append(drains, run.State.ID)
		default:
			runs = append(runs, run.State.ID)
		}
	}
	return runs, drains
}
