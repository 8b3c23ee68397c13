package approval

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

var began = time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC)

func open() filters.Approval {
	return filters.Approval{
		Schema: 1, ID: "a-1", Impact: filters.Impact{TasksKnown: true}, Plan: filters.Plan{Kind: filters.PlanFilters}, Needs: filters.Needs{Approvals: 1, From: filters.JurorsOnCall},
		By: "user:U1", User: "U1", Asked: began, Expires: began.Add(30 * time.Minute), State: filters.ApprovalOpen,
	}
}

func TestCourse(t *testing.T) {
	with := func(change func(*filters.Approval)) filters.Approval {
		approval := open()
		change(&approval)
		return approval
	}
	called := with(func(a *filters.Approval) { a.Level = 1 })
	reminded := with(func(a *filters.Approval) { a.Level, a.Reminded = 1, began.Add(15*time.Minute) })
	escalated := with(func(a *filters.Approval) { a.Level, a.Reminded = 2, began.Add(15*time.Minute) })
	granted := with(func(a *filters.Approval) { a.State, a.Closed = filters.ApprovalGranted, began.Add(time.Minute) })
	denied := with(func(a *filters.Approval) { a.State, a.Closed = filters.ApprovalDenied, began })
	glass := with(func(a *filters.Approval) {
		a.State, a.Closed, a.Glass, a.Level = filters.ApprovalStarted, began, true, 1
	})
	byRole := with(func(a *filters.Approval) { a.Needs.From = filters.JurorsApprovers })
	for name, test := range map[string]struct {
		approval filters.Approval
		after    time.Duration
		frozen   string
		state    filters.ApprovalState
		outcome  string
		call     int
		start    bool
		change   bool
	}{
		"who is on call is told at once":                   {approval: open(), call: 1, outcome: filters.OutcomeCalled},
		"where a role approves nobody is":                  {approval: byRole},
		"but all are reminded half-way":                    {approval: byRole, after: 15 * time.Minute, call: 1, outcome: filters.OutcomeReminded},
		"told, it waits":                                   {approval: called, after: 14 * time.Minute},
		"half-way they are reminded":                       {approval: called, after: 15 * time.Minute, call: 1, outcome: filters.OutcomeReminded},
		"reminded, it waits":                               {approval: reminded, after: 22 * time.Minute},
		"then the next level is called":                    {approval: reminded, after: 22*time.Minute + 30*time.Second, call: 2, outcome: filters.OutcomeEscalated},
		"called, it waits":                                 {approval: escalated, after: 29 * time.Minute},
		"at its time it expires":                           {approval: escalated, after: 30 * time.Minute, state: filters.ApprovalExpired, outcome: "expired", change: true},
		"a freeze voids it":                                {approval: called, frozen: "frozen for “sale”", state: filters.ApprovalVoid, outcome: "void", change: true},
		"a freeze voids what was granted and not begun":    {approval: granted, frozen: "frozen for “sale”", state: filters.ApprovalVoid, outcome: "void", change: true},
		"what was granted is begun":                        {approval: granted, after: time.Minute, start: true},
		"granted and not begun for half an hour: too late": {approval: granted, after: 31 * time.Minute, state: filters.ApprovalFailed, outcome: "failed", change: true},
		"what is over rests":                               {approval: denied, after: 7*24*time.Hour - time.Second},
		"for a week, then it is forgotten":                 {approval: denied, after: 7 * 24 * time.Hour, state: filters.ApprovalDenied, change: true},
		"broken glass stays until somebody reviewed it":    {approval: glass, after: 30 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			got := course(test.approval, test.frozen, began.Add(test.after))
			if got.outcome != test.outcome || got.call != test.call || got.start != test.start || got.change != test.change || test.state != "" && got.approval.State != test.state {
				t.Errorf("%+v", got)
			}
		})
	}
}

// shelf is a Service over a book, and a Starter.
type shelf struct {
	mutex    sync.Mutex
	book     *filters.Book
	sequence int
	starts   int
	fail     []error // what the next starts answer
	again    string
	knows    bool // what runs where
	outcomes []string
}

func (s *shelf) Now() time.Time { return time.Now().UTC() }

func (s *shelf) Settle(_ context.Context, _ int64, _ filters.Actor, steps ...filters.ApprovalStep) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, step := range steps {
		s.outcomes = append(s.outcomes, step.Outcome)
		s.put(step.Approval)
	}
	return nil
}

func (s *shelf) put(approval filters.Approval) {
	s.sequence++
	told := filters.ToldOf(&approval)
	told.Event.ID, told.Event.Record = time.Now().UTC().Format("150405")+"-"+string(rune('a'+s.sequence)), &told.Record
	s.book.Anticipate(told.Event)
}

func (s *shelf) CostOf(context.Context, *filters.Plan) filters.Impact {
	return filters.Impact{TasksKnown: s.knows, Tasks: map[string]int{"marathon": 3}}
}

func (s *shelf) AskAgain(_ context.Context, _ int64, _ filters.Actor, approval filters.Approval, why string) error {
	s.again = why
	return s.Settle(context.Background(), 1, filters.Actor{}, filters.ApprovalStep{Approval: filters.Approval{ID: approval.ID, State: filters.ApprovalChanged, Closed: s.Now()}, Outcome: "changed"})
}

func (s *shelf) Start(context.Context, *filters.Approval) (filters.Started, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.starts++
	if len(s.fail) == 0 {
		return filters.Started{Operation: "op-1", Skipped: []filters.LeftOut{{Agent: "S9", Hostname: "web-9", Why: filters.Unlisted}}}, nil
	}
	err := s.fail[0]
	s.fail = s.fail[1:]
	return filters.Started{}, err
}

// live lets the loop go over an approval for so long, and returns the shelf and the approval as it is then.
func live(t *testing.T, approval filters.Approval, span time.Duration, prepare func(*shelf, *LoopConfig)) (s *shelf, after filters.Approval) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s = &shelf{book: filters.NewBook()}
		s.put(approval)
		config := LoopConfig{
			Cluster: "prod", Replica: "one", Book: s.book, Service: s, Starters: map[string]filters.Starter{filters.PlanFilters: s},
			OnCall: duty{1: {Users: []string{"U2"}}, 2: {Users: []string{"U3"}}}, Frozen: func() string { return "" },
		}
		if prepare != nil {
			prepare(s, &config)
		}
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		if err := NewLoop(config).Run(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the loop ended: %v", err)
		}
		all := s.book.Approvals()
		if len(all) != 1 {
			t.Fatalf("%d approvals", len(all))
		}
		after = all[0]
	})
	return s, after
}

// now is an open approval that was asked for when the bubble's clock began.
func now() filters.Approval {
	approval := open()
	approval.Asked = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	approval.Expires = approval.Asked.Add(30 * time.Minute)
	return approval
}

func TestPeopleAreToldRemindedAndTheNextLevelCalled(t *testing.T) {
	s, after := live(t, now(), time.Hour, nil)
	if !slices.Equal(s.outcomes, []string{"called", "reminded", "escalated", "expired"}) || after.State != filters.ApprovalExpired || !slices.Equal(after.Called, []string{"U3"}) {
		t.Errorf("%v, then %+v", s.outcomes, after)
	}
}

func TestWhatWasGrantedIsCarriedOut(t *testing.T) {
	granted := now()
	granted.State, granted.Closed = filters.ApprovalGranted, granted.Asked
	for name, test := range map[string]struct {
		fail   []error
		starts int
		state  filters.ApprovalState
		why    string
	}{
		"at once":                    {nil, 1, filters.ApprovalStarted, "left out: web-9 (the master does not list it any more)"},
		"Redis is away for a moment": {[]error{&filters.Error{Code: filters.Unavailable}, &filters.Error{Code: filters.Unconfirmed}}, 3, filters.ApprovalStarted, "left out: web-9 (the master does not list it any more)"},
		"it may not be done":         {[]error{&filters.Error{Code: filters.Denied, Wrong: "you may look, not change"}}, 1, filters.ApprovalFailed, "you may look, not change"},
		"it costs more by now":       {[]error{&filters.Error{Code: filters.Changed, Wrong: "6 tasks instead of 4"}}, 1, filters.ApprovalChanged, ""},
		"a mistake of ours":          {[]error{errors.New("secret")}, 1, filters.ApprovalFailed, "something went wrong on my side; it is in my log"},
	} {
		t.Run(name, func(t *testing.T) {
			s, after := live(t, granted, time.Minute, func(s *shelf, _ *LoopConfig) { s.fail = test.fail })
			if s.starts != test.starts || after.State != test.state || after.Why != test.why {
				t.Errorf("%d starts, then %s: %q; want %d, %s: %q", s.starts, after.State, after.Why, test.starts, test.state, test.why)
			}
		})
	}
}

func TestAFreezeVoidsWhatWaits(t *testing.T) {
	s, after := live(t, now(), time.Minute, func(_ *shelf, config *LoopConfig) { config.Frozen = func() string { return "frozen for “sale”" } })
	if after.State != filters.ApprovalVoid || s.starts != 0 {
		t.Errorf("%+v", after)
	}
}

func TestTheLeaderWeighsWhatAFollowerDidNotKnow(t *testing.T) {
	unknown := now()
	unknown.Impact = filters.Impact{}
	s, after := live(t, unknown, 10*time.Minute, func(s *shelf, _ *LoopConfig) { s.knows = true })
	if !slices.Equal(s.outcomes, []string{"weighed", "called"}) || after.Impact.Tasks["marathon"] != 3 {
		t.Errorf("%v, %+v", s.outcomes, after.Impact)
	}
	s, _ = live(t, unknown, 10*time.Minute, nil)
	if !slices.Equal(s.outcomes, []string{"called"}) {
		t.Errorf("nobody knows: %v", s.outcomes)
	}
}
