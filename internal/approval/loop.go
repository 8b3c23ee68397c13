package approval

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cordon/filters"
)

// Service records what becomes of approvals. Implemented by *filters.Service.
type Service interface {
	Now() time.Time
	// Settle records steps in one commit, fenced by the term; Conflict: look again.
	Settle(ctx context.Context, term int64, actor filters.Actor, steps ...filters.ApprovalStep) error
	// CostOf works out what a plan costs, by the newest reading.
	CostOf(ctx context.Context, plan *filters.Plan) filters.Impact
	// AskAgain opens another approval in the place of one that was granted and costs more by now.
	AskAgain(ctx context.Context, term int64, actor filters.Actor, approval filters.Approval, why string) error
}

// LoopConfig is what a Loop needs. OnCall and Logger may be nil.
type LoopConfig struct {
	Cluster string
	Replica string
	Book    *filters.Book
	Service Service
	// Starters carry out what was approved, by the kind of its plan.
	Starters map[string]filters.Starter
	OnCall   OnCall
	// Frozen says why nothing new starts, in a phrase; empty: it does.
	Frozen func() string
	Logger *slog.Logger
}

// Loop reminds, escalates, lets approvals expire and carries out what was granted. It runs on the leader.
type Loop struct {
	config LoopConfig
	actor  filters.Actor
}

// NewLoop returns a Loop.
func NewLoop(config LoopConfig) *Loop {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Loop{config, filters.Actor{ID: "bot:" + config.Replica}}
}

const (
	// lookEvery is how often the loop looks without being woken.
	lookEvery = time.Minute
	// retryAfter is how long after a step that failed for a passing reason it is tried again.
	retryAfter = time.Second
	// weighWithin is how long the leader may take to know what runs where.
	weighWithin = time.Minute
	// startMost bounds how long carrying out one plan takes: it only records.
	startMost = 10 * time.Second
)

// Run looks whenever the book turns, or something is due, until ctx ends. An error says that the term is over.
func (l *Loop) Run(ctx context.Context, term int64) error {
	for ctx.Err() == nil {
		turned := l.config.Book.Turned()
		again, err := l.look(ctx, term)
		if err != nil {
			return err
		}
		timer := time.NewTimer(again)
		select {
		case <-turned:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return ctx.Err()
}

// look does what is due for every approval, and returns in how long it is to look again.
func (l *Loop) look(ctx context.Context, term int64) (again time.Duration, err error) {
	again = lookEvery
	for _, approval := range l.config.Book.Approvals() {
		now := l.config.Service.Now()
		err := l.act(ctx, term, course(approval, l.config.Frozen(), now), now)
		switch code := filters.CodeOf(err); {
		case err == nil:
		case code == filters.Conflict || code == filters.Unavailable || code == filters.Unconfirmed:
			again = min(again, retryAfter)
			continue
		default:
			return 0, err
		}
		if !approval.Impact.TasksKnown && approval.Level == 0 && approval.State == filters.ApprovalOpen {
			again = min(again, retryAfter)
		}
		if due := next(&approval); due.After(now) {
			again = min(again, due.Sub(now))
		}
	}
	return again, ctx.Err()
}

func (l *Loop) act(ctx context.Context, term int64, deed deed, now time.Time) error {
	switch {
	case deed.start:
		return l.start(ctx, term, deed.approval)
	case deed.weigh:
		deed = l.weigh(ctx, deed.approval, now)
	}
	if deed.call > 0 {
		deed = l.call(ctx, deed, now)
	}
	if !deed.change {
		return nil
	}
	return l.config.Service.Settle(ctx, term, l.actor, filters.ApprovalStep{Approval: deed.approval, Outcome: deed.outcome})
}

// weigh fills in what the plan costs, once the leader knows: it is the bound that the plan is held to when it begins. Until then
// nobody is called, for a moment.
func (l *Loop) weigh(ctx context.Context, approval filters.Approval, now time.Time) deed {
	impact := l.config.Service.CostOf(ctx, &approval.Plan)
	if !impact.TasksKnown {
		if now.Before(approval.Asked.Add(weighWithin)) {
			return deed{}
		}
		return calling(approval, 1, filters.OutcomeCalled)
	}
	approval.Impact = impact.Brief()
	return deed{approval: approval, outcome: filters.OutcomeWeighed, change: true}
}

// call tells the people of a level. Where nobody is on call, or that cannot be told, the level counts as called.
func (l *Loop) call(ctx context.Context, told deed, now time.Time) deed {
	var on filters.OnCall
	if l.config.OnCall != nil {
		var err error
		if on, err = l.config.OnCall.OnCall(ctx, told.call); err != nil {
			l.config.Logger.Warn("it cannot be told who is on call", "approval", told.approval.ID, "level", told.call, "error", err)
		}
	}
	return called(told, on, now)
}

// start carries out what was granted. It is repeated after a crash: the approval's own request key makes it happen once.
func (l *Loop) start(ctx context.Context, term int64, approval filters.Approval) error {
	starter := l.config.Starters[approval.Plan.Kind]
	if starter == nil {
		return l.failed(ctx, term, approval, "this version of me cannot carry it out")
	}
	bounded, cancel := context.WithTimeout(ctx, startMost)
	defer cancel()
	started, err := starter.Start(bounded, &approval)
	switch filters.CodeOf(err) {
	case filters.Changed:
		return l.askAgain(ctx, term, approval, words(err))
	case filters.Conflict, filters.Unavailable, filters.Unconfirmed:
		return err
	}
	if err != nil && filters.CodeOf(err) == filters.Internal {
		l.config.Logger.Error("what was approved could not be carried out", "approval", approval.ID, "error", err)
	}
	if err != nil {
		return l.failed(ctx, term, approval, words(err))
	}
	approval.State, approval.Closed, approval.Operation, approval.Why = filters.ApprovalStarted, l.config.Service.Now(), started.Operation, left(started.Skipped)
	return l.config.Service.Settle(ctx, term, l.actor, filters.ApprovalStep{Approval: approval, Outcome: string(filters.ApprovalStarted)})
}

// askAgain asks anew, unless the requester may not even ask for it any more.
func (l *Loop) askAgain(ctx context.Context, term int64, approval filters.Approval, why string) error {
	err := l.config.Service.AskAgain(ctx, term, l.actor, approval, why)
	if filters.CodeOf(err) == filters.Denied {
		return l.failed(ctx, term, approval, why+"; and by now the one who asked may not ask for it any more")
	}
	return err
}

func (l *Loop) failed(ctx context.Context, term int64, approval filters.Approval, why string) error {
	approval.State, approval.Closed, approval.Why = filters.ApprovalFailed, l.config.Service.Now(), why
	return l.config.Service.Settle(ctx, term, l.actor, filters.ApprovalStep{Approval: approval, Outcome: string(filters.ApprovalFailed)})
}

// words are the error's for people.
func words(err error) string {
	if known, ok := errors.AsType[*filters.Error](err); ok {
		return known.Wrong
	}
	return "something went wrong on my side; it is in my log"
}

// hostsShown is how many hosts a phrase names.
const hostsShown = 10

// left says which agents were left out, and why.
func left(agents []filters.LeftOut) string {
	if len(agents) == 0 {
		return ""
	}
	text := "left out: "
	for i, agent := range agents {
		switch {
		case i == hostsShown:
			return text + ", …"
		case i > 0:
			text += ", "
		}
		text += agent.Hostname + " (" + agent.Why + ")"
	}
	return text
}
