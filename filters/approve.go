package filters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Approvals returns every approval that is remembered, the newest first: those that are over stay for a week.
func (s *Service) Approvals() []Approval { return s.config.Book.Approvals() }

// Approvals returns every approval of the book, the newest first. One that cannot be read is left out.
func (b *Book) Approvals() []Approval {
	var all []Approval
	for _, record := range b.Records(ShelfApprovals) {
		if approval, err := DecodeApproval(record); err == nil {
			all = append(all, approval)
		}
	}
	slices.SortFunc(all, func(x, y Approval) int { return cmp.Or(y.Asked.Compare(x.Asked), strings.Compare(x.ID, y.ID)) })
	return all
}

// Approval returns the one with the ID; Unknown if there is none.
func (s *Service) Approval(id string) (Approval, error) {
	record := s.config.Book.Record(ShelfApprovals, id)
	if record == nil {
		return Approval{}, &Error{Code: Unknown, Wrong: "I know no approval `" + cut(strings.ReplaceAll(id, "`", "'"), idShown) + "`: those that are over are forgotten after a week", Try: "`/mesos approvals` lists them"}
	}
	return DecodeApproval(record)
}

// idShown is how much is repeated of an ID that is none.
const idShown = 40

// askApproval records, in place of the change, that others are asked for it.
func (s *Service) askApproval(ctx context.Context, c *change) (Result, error) {
	approval := s.approval(ctx, c)
	if exceeds := approval.Impact.Exceeds; exceeds != "" && c.commit.Starts && approval.Plan.Kind == PlanFilters {
		return Result{}, &Error{Code: Limited, Wrong: "this is " + exceeds + ", so nobody is asked", Try: "Name fewer, or give others back first"}
	}
	c.commit = Commit{Request: c.Key, Starts: true}
	c.tell(&approval, string(ApprovalOpen))
	c.result.Approval, c.result.Changed = &approval, nil
	result, err := s.write(ctx, c)
	if err == nil && !result.Repeated {
		result.Operation, result.State = "", StateAsked
	}
	return result, err
}

// approval is the change's, its plan frozen.
func (s *Service) approval(ctx context.Context, c *change) Approval {
	plan := c.result.Plan
	impact := s.impact(ctx, &plan)
	return Approval{
		Schema: 1, ID: DerivedID("a-", c.operation), Plan: plan, Hash: plan.Hash(), Impact: impact.Brief(), Needs: c.needs,
		By: c.Actor.ID, User: c.Actor.User, Role: c.Actor.Role, Team: c.Actor.Team, Cause: c.Cause,
		Asked: c.now, Expires: c.now.Add(s.config.Patience), State: ApprovalOpen,
	}
}

// tell puts the approval, as it shall be, and the entry of what became of it into the commit.
func (c *change) tell(approval *Approval, outcome string) {
	told := ToldOf(approval, outcome)
	c.commit.PutRecord(told.Record, c.complete(told.Event))
}

// breakGlass does without waiting: the change is made at once, and the approval that it would have needed stays on the list until somebody else
// has looked at it.
func (s *Service) breakGlass(ctx context.Context, c *change) {
	if !c.Glass || c.needs.Approvals == 0 {
		return
	}
	approval := s.approval(ctx, c)
	approval.Glass, approval.State, approval.Closed, approval.Operation = true, ApprovalStarted, c.now, c.operation
	c.tell(&approval, OutcomeGlass)
	c.result.Approval = &approval
}

// The outcomes of journal entries about approvals, beside the states that they came to.
const (
	OutcomeApproved  = "approved"  // somebody said yes, and more must
	OutcomeWeighed   = "weighed"   // the leader worked out what it costs
	OutcomeCalled    = "called"    // those who are on call were told
	OutcomeReminded  = "reminded"  // those who may were reminded
	OutcomeEscalated = "escalated" // the next level was called
	OutcomeGlass     = "break-glass"
	OutcomeReviewed  = "reviewed"
)

// Approve says yes to an approval, as often as people differ. Errors: Unknown; Conflict (decided already, too late, counted
// already: each with what is so); Denied (the requester, or nobody who may); Unavailable (it cannot be told who may).
func (s *Service) Approve(ctx context.Context, request Request, id string) (Approval, error) {
	return s.vote(ctx, request, id, func(approval *Approval, vote Vote) string {
		vote.Yes = true
		approval.Votes = append(approval.Votes, vote)
		if approval.Yes() < approval.Needs.Approvals {
			return OutcomeApproved
		}
		return approval.close(ApprovalGranted, "", vote.At)
	})
}

// Deny says no, with a reason: one is enough. Whoever said yes may say no as long as it has not begun, by the right of that yes: to stop
// something nobody is asked. Errors are Approve's.
func (s *Service) Deny(ctx context.Context, request Request, id string) (Approval, error) {
	if strings.TrimSpace(request.Reason) == "" {
		return Approval{}, needsReason("deny", id+" -m \"not during the sale\"")
	}
	deny := func(approval *Approval, vote Vote) string {
		approval.Votes = append(approval.Votes, vote)
		return approval.close(ApprovalDenied, "", vote.At)
	}
	return s.changeApproval(ctx, request, id, func(approval *Approval, now time.Time) (string, error) {
		if yes := approval.Revocable(request.Actor, now); yes != nil {
			return deny(approval, request.vote(yes.Right, now)), nil
		}
		return s.say(ctx, &request, approval, now, deny)
	})
}

// vote is the word of who asks, a no until it is said to be a yes.
func (r *Request) vote(right string, now time.Time) Vote {
	return Vote{By: r.Actor.ID, User: r.Actor.User, Right: right, Reason: r.Reason, At: now}
}

// close ends the approval's being open, and returns the outcome.
func (a *Approval) close(state ApprovalState, why string, now time.Time) string {
	a.State, a.Why, a.Closed = state, why, now
	return string(state)
}

// Withdraw takes the requester's own approval back while it is open, or before it was carried out.
func (s *Service) Withdraw(ctx context.Context, request Request, id string) (Approval, error) {
	return s.changeApproval(ctx, request, id, func(approval *Approval, now time.Time) (string, error) {
		switch {
		case !approval.AskedBy(request.Actor):
			return "", &Error{Code: Denied, Wrong: "only `" + approval.By + "` can withdraw it, who asked for it", Try: "`/mesos deny " + id + " -m why` says no to it"}
		case !approval.Open(now):
			return "", approval.over(now)
		}
		return approval.close(ApprovalWithdrawn, request.Reason, now), nil
	})
}

// Review notes that somebody other than who broke the glass has looked at what was done.
func (s *Service) Review(ctx context.Context, request Request, id string) (Approval, error) {
	return s.changeApproval(ctx, request, id, func(approval *Approval, now time.Time) (string, error) {
		switch {
		case !approval.Glass:
			return "", &Error{Code: Invalid, Wrong: "`" + id + "` waited for its approval: there is nothing to review", Try: "`/mesos approvals` lists what is to be reviewed"}
		case approval.Review != nil:
			return "", &Error{Code: Conflict, Wrong: "`" + id + "` was reviewed by `" + approval.Review.By + "` already"}
		case approval.AskedBy(request.Actor):
			return "", &Error{Code: Denied, Wrong: "you did this yourself", Expected: "it takes the eyes of somebody else"}
		}
		right, err := s.judge(ctx, &request, approval)
		if err != nil {
			return "", err
		}
		approval.Review = &Vote{By: request.Actor.ID, User: request.Actor.User, Yes: true, Right: right, Reason: request.Reason, At: now}
		return OutcomeReviewed, nil
	})
}

// vote has the actor say a word that they may say now.
func (s *Service) vote(ctx context.Context, request Request, id string, word func(*Approval, Vote) string) (Approval, error) {
	return s.changeApproval(ctx, request, id, func(approval *Approval, now time.Time) (string, error) {
		return s.say(ctx, &request, approval, now, word)
	})
}

func (s *Service) say(ctx context.Context, request *Request, approval *Approval, now time.Time, word func(*Approval, Vote) string) (string, error) {
	if err := approval.votable(request.Actor, now); err != nil {
		return "", err
	}
	right, err := s.judge(ctx, request, approval)
	if err != nil {
		return "", err
	}
	return word(approval, request.vote(right, now)), nil
}

// judge returns the right by which whoever asks may say a word. A dry run is answered by what was so a minute ago.
func (s *Service) judge(ctx context.Context, request *Request, approval *Approval) (string, error) {
	if request.DryRun {
		return "", s.config.Gate.MayJudge(ctx, request.Actor, approval)
	}
	return s.config.Gate.Judge(ctx, request.Actor, approval)
}

// votable explains why the actor cannot vote, whatever their rights.
func (a *Approval) votable(actor Actor, now time.Time) error {
	switch {
	case a.VoteOf(actor.User) != nil && a.Open(now):
		return &Error{Code: Conflict, Wrong: fmt.Sprintf("your word is counted already: %d of %d have said yes", a.Yes(), a.Needs.Approvals), Expected: "the word of somebody else", Try: "`/mesos deny " + a.ID + " -m why` takes yours back, as long as it has not begun"}
	case !a.Open(now):
		return a.over(now)
	case actor.User == "":
		return &Error{Code: Denied, Wrong: "only people approve", Expected: "somebody in chat"}
	case a.AskedBy(actor):
		return &Error{Code: Denied, Wrong: "you asked for this yourself", Expected: "it takes the word of somebody else", Try: "`/mesos withdraw " + a.ID + "` takes it back"}
	}
	return nil
}

// over explains what became of an approval that waits for nobody any more.
func (a *Approval) over(now time.Time) error {
	err := &Error{Code: Conflict, Wrong: "`" + a.ID + "` was " + string(a.State) + " already"}
	last := Vote{}
	if len(a.Votes) > 0 {
		last = a.Votes[len(a.Votes)-1]
	}
	if a.Glass {
		err.Wrong, err.Try = "`"+a.ID+"` waited for nobody: `"+a.By+"` broke the glass", "`/mesos review "+a.ID+"` says that you have looked at it"
		return err
	}
	switch a.State {
	case ApprovalOpen, ApprovalExpired:
		err.Wrong = "it is too late for `" + a.ID + "`: it expired at " + a.Expires.UTC().Format("15:04 UTC")
		err.Try = "Whoever wants it asks for it again"
	case ApprovalGranted:
		err.Wrong = "`" + a.ID + "` was decided already: approved, the last word was by `" + last.By + "`"
	case ApprovalStarted:
		return a.begun()
	case ApprovalDenied:
		err.Wrong = "`" + a.ID + "` was decided already: denied by `" + last.By + "` for " + Quoted(last.Reason)
	case ApprovalWithdrawn:
		err.Wrong = "`" + a.ID + "` was withdrawn by `" + a.By + "`"
	case ApprovalVoid:
		err.Wrong = "`" + a.ID + "` is void: " + a.Why
	case ApprovalChanged:
		err.Wrong, err.Try = "`"+a.ID+"` was asked again as `"+a.Again+"`: "+a.Why, "`/mesos approve "+a.Again+"`"
	}
	return err
}

// saidBefore answers a word that cannot be said any more: as it was answered when the same request said it, else with why not.
func (s *Service) saidBefore(ctx context.Context, c *change, approval *Approval, err error) (Approval, error) {
	if earlier, found := s.recall(ctx, c.Key, err); found && earlier.Approval != nil {
		return *earlier.Approval, nil
	}
	if approval.State != ApprovalDenied {
		return *approval, err
	}
	if earlier, found := s.recall(ctx, approval.startKey(), err); found && earlier.Approval.closedBy(c.Actor, true) {
		return *earlier.Approval, nil
	}
	return *approval, err
}

// closedBy tells whether this answers the actor's own word, where what was granted was stopped: of two who stop it one is first.
func (a *Approval) closedBy(actor Actor, granted bool) bool {
	return a != nil && (!granted || len(a.Votes) > 0 && a.Votes[len(a.Votes)-1].By == actor.ID)
}

// begun explains that it is too late for a word, and what stops or undoes what was begun.
func (a *Approval) begun() error {
	last := Vote{}
	if len(a.Votes) > 0 {
		last = a.Votes[len(a.Votes)-1]
	}
	err := &Error{Code: Conflict, Wrong: "`" + a.ID + "` was decided already: approved, the last word was by `" + last.By + "`, and it has begun"}
	hosts := a.Plan.Hosts()
	names := strings.Join(hosts[:min(len(hosts), hostsTyped)], ",")
	switch run := a.Plan.Kind == PlanRun; {
	case run && a.Operation == "":
		err.Try = "`/mesos run list` shows it, `/mesos run abort ID` stops what is left of it"
	case run:
		err.Try = "`/mesos run abort " + a.Operation + "` stops what is left of it"
	case a.Plan.Kind == PlanMachines && a.Plan.Mode() == ModeDown:
		err.Try = "`/mesos maintenance up " + names + "` brings them up again"
	case a.Plan.Kind == PlanMachines:
		err.Try = "`/mesos maintenance cancel " + names + "` takes them out of the schedule again"
	case a.Plan.Kind == PlanWindow:
		err.Try = "`/mesos window rm " + strings.TrimPrefix(a.Operation, "window:") + "` takes the window away"
	case a.Plan.Verb == VerbUnfilter || a.Plan.Verb == VerbRelease:
		err.Try = "`/mesos filter " + names + "` withholds them again"
	case a.Plan.Verb == VerbFilter || a.Plan.Verb == VerbAdopt:
		err.Try = "`/mesos unfilter " + names + " --all` gives them back"
	}
	return err
}

// hostsTyped is how many hosts an example names.
const hostsTyped = 10

// changeApproval carries out a word about an approval, once for its key, by compare and swap: of two words at once the second
// is held against what the first made of it.
func (s *Service) changeApproval(ctx context.Context, request Request, id string, decide func(*Approval, time.Time) (string, error)) (Approval, error) {
	for attempt := 1; ; attempt++ {
		turned := s.config.Book.Turned()
		approval, err := s.Approval(id)
		if err != nil {
			return Approval{}, err
		}
		c := s.begin(request, VerbApprove)
		granted := approval.State == ApprovalGranted
		outcome, err := decide(&approval, c.now)
		if err != nil {
			return s.saidBefore(ctx, c, &approval, err)
		}
		if granted {
			c.commit.Request = approval.startKey() // either this is written or it begins, never both
		}
		if request.DryRun {
			return approval, nil
		}
		c.tell(&approval, outcome)
		c.result.Approval = &approval
		result, err := s.write(ctx, c)
		switch {
		case err == nil && result.Approval.closedBy(request.Actor, granted):
			return *result.Approval, nil
		case err == nil && result.Approval == nil:
			return approval, approval.begun()
		case err != nil && CodeOf(err) != Conflict || attempt == attempts:
			return approval, err
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return approval, err
		}
	}
}

// Settle records the leader's steps about approvals, in one commit that carries its term. Conflict: one of them was changed
// meanwhile, look again.
func (s *Service) Settle(ctx context.Context, term int64, actor Actor, steps ...ApprovalStep) error {
	c := s.begin(Request{Actor: actor, Cause: CauseApproval}, VerbApprove)
	c.commit.Term = term
	for _, step := range steps {
		told := ToldOf(&step.Approval, step.Outcome)
		told.Record.Removed = step.Outcome == ""
		if step.Outcome == "" {
			told.Event.Outcome = "forgotten"
		}
		c.commit.PutRecord(told.Record, c.complete(told.Event))
	}
	_, err := s.write(ctx, c)
	return err
}

// ApprovalStep is an approval as it shall be, and what became of it; with an empty Outcome it is forgotten.
type ApprovalStep struct {
	Approval Approval
	Outcome  string
}

// brief is the approval as a kept answer has it.
func (a *Approval) brief() *Approval {
	if a == nil {
		return nil
	}
	short := *a
	short.Plan.Steps = short.Plan.Steps[:min(len(short.Plan.Steps), answerMost)]
	short.Plan.Already = nil
	return &short
}

// CostOf works out what a plan costs, from the newest reading.
func (s *Service) CostOf(ctx context.Context, plan *Plan) Impact { return s.impact(ctx, plan) }

// AskAgain closes an approval that was granted and costs more by now than was approved, and opens another in its place with what
// it costs now. Conflict: it was changed meanwhile.
func (s *Service) AskAgain(ctx context.Context, term int64, actor Actor, approval Approval, why string) error {
	now := s.Now()
	again := approval
	again.ID, again.Revision = DerivedID("a-", approval.ID, "again"), 0
	again.Votes, again.State, again.Closed, again.Why = nil, ApprovalOpen, time.Time{}, why
	again.Asked, again.Expires, again.Level, again.Called, again.Reminded = now, now.Add(s.config.Patience), 0, nil, time.Time{}
	impact := s.impact(ctx, &again.Plan)
	again.Impact = impact.Brief()
	needs, err := s.config.Gate.Decide(ctx, Ask{Actor: again.Requester(), Plan: again.Plan, Impact: func() Impact { return impact }})
	if err != nil {
		return err
	}
	if needs.Approvals > 0 {
		again.Needs = needs
	}
	approval.Again = again.ID
	approval.close(ApprovalChanged, why, now)
	return s.Settle(ctx, term, actor, ApprovalStep{approval, string(ApprovalChanged)}, ApprovalStep{again, string(ApprovalOpen)})
}
