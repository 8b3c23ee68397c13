package journal

import (
	"fmt"
	"slices"
	"strings"

	"cordon/filters"
)

// approved is what the requests begin with that carry out what was approved.
const approved = "approval:"

// approvals are what became of approvals, and of what needed one.
type approvals struct {
	known map[string]*filters.Approval // by ID
	asks  map[string]bool              // requests that asked for one, and do nothing else
	glass map[string]bool              // requests that did without waiting
	loose map[string]string            // requests that began what needs an approval without one: where
}

func newApprovals() approvals {
	return approvals{known: map[string]*filters.Approval{}, asks: map[string]bool{}, glass: map[string]bool{}, loose: map[string]string{}}
}

// approval follows an approval from one version to the next.
func (c *Checker) approval(e *filters.Event) {
	before := c.approvals.known[e.Record.Name]
	after, err := filters.DecodeApproval(e.Record)
	if err != nil {
		c.fail(RuleApproval, "%v", err)
		return
	}
	if before == nil {
		before = c.opened(e, &after)
	}
	if after.Revision != before.Revision+1 {
		c.fail(RuleLost, "approval %s goes from version %d to %d", after.ID, before.Revision, after.Revision)
	}
	c.frozen(before, &after)
	c.votes(e, before, &after)
	c.decided(before, &after)
	c.approvals.known[e.Record.Name] = &after
	if e.Record.Removed {
		delete(c.approvals.known, e.Record.Name)
	}
}

// opened holds the first that is heard of an approval to what that can be, and returns it as it was before anybody's word.
func (c *Checker) opened(e *filters.Event, first *filters.Approval) *filters.Approval {
	if first.Glass {
		c.approvals.glass[e.Request] = true
	} else if e.Request != "" {
		c.approvals.asks[e.Request] = true
		if known := c.requests[e.Request]; known != nil && len(known.changed) > 1 {
			c.fail(RuleApproval, "request %s asks for %s and did more: %v", e.Request, first.ID, known.changed)
		}
	}
	if !first.Glass && first.State != filters.ApprovalOpen {
		c.fail(RuleApproval, "approval %s appears as %s", first.ID, first.State)
	}
	if hash := first.Plan.Hash(); first.Hash != hash {
		c.fail(RuleApproval, "approval %s has the hash %s, its plan %s", first.ID, first.Hash, hash)
	}
	unborn := *first
	unborn.Revision, unborn.Votes = 0, nil
	return &unborn
}

// frozen holds what is asked for, by whom, and what it needs to what it was.
func (c *Checker) frozen(before, after *filters.Approval) {
	if after.Plan.Hash() != before.Hash || after.Hash != before.Hash {
		c.fail(RuleApproval, "the plan of %s is another than was asked for", after.ID)
	}
	if after.By != before.By || after.User != before.User || after.Needs != before.Needs || !after.Expires.Equal(before.Expires) {
		c.fail(RuleApproval, "who asks for %s, what it needs, or its end was changed", after.ID)
	}
}

// votes holds each word to being of somebody else, once, in time, and for ever; a yes may become a no, as long as it has not begun.
func (c *Checker) votes(e *filters.Event, before, after *filters.Approval) {
	if len(after.Votes) < len(before.Votes) || !slices.Equal(after.Votes[:len(before.Votes)], before.Votes) {
		c.fail(RuleApproval, "words about %s that were said were changed", after.ID)
		return
	}
	for i, vote := range after.Votes[len(before.Votes):] {
		said := after.Votes[:len(before.Votes)+i]
		back := !vote.Yes && wordsOf(said, vote.User) == 1 && slices.ContainsFunc(said, func(yes filters.Vote) bool { return yes.By == vote.By && yes.Yes })
		switch asks := after.Requester(); {
		case before.State != filters.ApprovalOpen && (!back || before.State != filters.ApprovalGranted):
			c.fail(RuleApproval, "`%s` is heard about %s, which is %s", vote.By, after.ID, before.State)
		case after.AskedBy(filters.Actor{ID: vote.By, User: vote.User}):
			c.fail(RuleApproval, "`%s` decides about %s, which was asked for by `%s`", vote.By, after.ID, asks.ID)
		case filters.Owner(vote.By).Kind() != "user" || vote.User == "":
			c.fail(RuleApproval, "`%s` decides about %s and is no person", vote.By, after.ID)
		case wordsOf(said, vote.User) > 0 && !back:
			c.fail(RuleApproval, "`%s` is heard twice about %s", vote.By, after.ID)
		case vote.Right == "":
			c.fail(RuleApproval, "`%s` decides about %s by no right", vote.By, after.ID)
		case e.At.After(after.Expires.Add(stepped)) && !back:
			c.fail(RuleApproval, "`%s` is heard about %s after it expired", vote.By, after.ID)
		}
	}
	if review := after.Review; review != nil && after.AskedBy(filters.Actor{ID: review.By, User: review.User}) {
		c.fail(RuleApproval, "`%s` reviews what they did themselves: %s", review.By, after.ID)
	}
}

// wordsOf counts the words of a user.
func wordsOf(votes []filters.Vote, user string) (count int) {
	for i := range votes {
		if votes[i].User == user {
			count++
		}
	}
	return count
}

// next are the states that may follow one; none follows any other.
var next = map[filters.ApprovalState][]filters.ApprovalState{
	filters.ApprovalOpen:    {filters.ApprovalGranted, filters.ApprovalDenied, filters.ApprovalWithdrawn, filters.ApprovalExpired, filters.ApprovalVoid},
	filters.ApprovalGranted: {filters.ApprovalStarted, filters.ApprovalFailed, filters.ApprovalChanged, filters.ApprovalVoid, filters.ApprovalDenied},
}

// decided holds the state that an approval comes to to the one before, and to the words that it takes.
func (c *Checker) decided(before, after *filters.Approval) {
	if after.State == before.State {
		return
	}
	no := slices.ContainsFunc(after.Votes, func(vote filters.Vote) bool { return !vote.Yes })
	switch {
	case !slices.Contains(next[before.State], after.State):
		c.fail(RuleApproval, "%s was %s and is %s", after.ID, before.State, after.State)
	case after.State == filters.ApprovalGranted && (after.Yes() < after.Needs.Approvals || no):
		c.fail(RuleApproval, "%s is granted with %d of %d yes", after.ID, after.Yes(), after.Needs.Approvals)
	case after.State == filters.ApprovalDenied && !no:
		c.fail(RuleApproval, "%s is denied, and nobody said no", after.ID)
	case after.State == filters.ApprovalStarted && after.Operation != "" && c.requests[approved+after.ID] == nil:
		c.fail(RuleApproval, "%s is said to have begun, and nothing did", after.ID)
	}
}

// consent holds what is carried out to its approval: it is granted, and what is done is in the name of who asked.
func (c *Checker) consent(e *filters.Event) {
	if e.Request == "" || e.Kind == filters.KindApproval || e.Kind == filters.KindRefused {
		return
	}
	if c.approvals.asks[e.Request] {
		c.fail(RuleApproval, "request %s asks for approval, and %s is written for it", e.Request, e.Kind)
	}
	id, carried := strings.CutPrefix(e.Request, approved)
	if !carried {
		if c.rules.Approved != nil && c.rules.Approved(e) {
			c.approvals.loose[e.Request] = fmt.Sprintf("%s at %s", e.Kind, e.ID)
		}
		return
	}
	switch known := c.approvals.known[id]; {
	case known == nil:
		c.fail(RuleApproval, "%s is carried out, and nobody asked for it", id)
	case known.State != filters.ApprovalGranted:
		c.fail(RuleApproval, "%s is carried out while it is %s", id, known.State)
	case e.Actor != known.By:
		c.fail(RuleApproval, "%s is carried out in the name of %s, and was asked for by %s", id, e.Actor, known.By)
	}
}

// unapproved reports what began without the approval that it needs.
func (c *Checker) unapproved() {
	for request, where := range c.approvals.loose {
		if !c.approvals.glass[request] {
			c.fail(RuleApproval, "request %s needs an approval and had none: %s", request, where)
		}
	}
}

// undecided reports what was granted and never came to anything.
func (c *Checker) undecided() {
	for id, known := range c.approvals.known {
		if known.State == filters.ApprovalGranted {
			c.fail(RuleApproval, "%s was granted, and nothing became of it", id)
		}
	}
}
