package commands

import (
	"context"
	"fmt"
	"slices"

	"cordon/filters"
)

// approver is what commands asks about approvals.
type approver interface {
	Approvals() []filters.Approval
	Approval(id string) (filters.Approval, error)
	Approve(ctx context.Context, request filters.Request, id string) (filters.Approval, error)
	Deny(ctx context.Context, request filters.Request, id string) (filters.Approval, error)
	Withdraw(ctx context.Context, request filters.Request, id string) (filters.Approval, error)
	// Awaiting returns the approvals that wait for a word of the actor's.
	Awaiting(ctx context.Context, actor filters.Actor) ([]filters.Awaited, error)
	Review(ctx context.Context, request filters.Request, id string) (filters.Approval, error)
}

// approve says a person's word about an approval.
func (t *turn) approve(ctx context.Context) (Reply, error) {
	id, err := t.approvalMeant()
	if err != nil {
		return Reply{}, err
	}
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	word := t.service.Approve
	switch t.command.Verb {
	case "deny":
		word = t.service.Deny
	case "withdraw":
		word = t.service.Withdraw
	case "review":
		word = t.service.Review
	}
	approval, err := word(ctx, request, id)
	if err != nil {
		return Reply{}, err
	}
	return renderWord(t.cluster, t.command.Verb, &approval, request.DryRun, t.service.Now()), nil
}

// approvalMeant is the ID that was given, or that of the only approval that waits for such a word.
func (t *turn) approvalMeant() (string, error) {
	if len(t.command.IDs) == 1 {
		return t.command.IDs[0], nil
	}
	now := t.service.Now()
	waiting := slices.DeleteFunc(t.service.Approvals(), func(approval filters.Approval) bool {
		if t.command.Verb == "review" {
			return !approval.Unreviewed()
		}
		return !approval.Open(now) || approval.AskedBy(t.Actor) != (t.command.Verb == "withdraw")
	})
	err := &filters.Error{Code: filters.Invalid, Wrong: "`" + t.command.Verb + "` names no approval", Expected: "its ID, such as `a-5t1z9d3h`", Try: "`/mesos approvals` lists them"}
	switch {
	case len(t.command.IDs) > 1:
		err.Wrong = "`" + t.command.Verb + "` takes one approval at a time"
		return "", err
	case len(waiting) == 1:
		return waiting[0].ID, nil
	case len(waiting) == 0:
		err.Wrong += ", and none waits for that word of yours"
	default:
		err.Wrong += fmt.Sprintf(", and %d wait for that word", len(waiting))
	}
	return "", err
}
