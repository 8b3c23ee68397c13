package approval

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cordon/filters"
)

// Judge returns the right by which the actor may approve, deny or review now: their role, or that they are on call. An admin may
// always. What cannot be told now is a no: who has left a user group since is none of its members any more.
func (g *Gate) Judge(ctx context.Context, actor filters.Actor, approval *filters.Approval) (string, error) {
	return g.judge(ctx, actor, approval, Groups.MemberNow)
}

// MayJudge tells whether Judge would say yes, by who was in user groups a minute ago.
func (g *Gate) MayJudge(ctx context.Context, actor filters.Actor, approval *filters.Approval) error {
	_, err := g.judge(ctx, actor, approval, lately)
	return err
}

func (g *Gate) judge(ctx context.Context, actor filters.Actor, approval *filters.Approval, ask asking) (string, error) {
	if actor.Owner().Kind() != "user" || actor.User == "" {
		return "", &filters.Error{Code: filters.Denied, Wrong: "only people approve", Expected: "somebody in chat"}
	}
	var right string
	var refusal, unsure error
	if approval.Needs.From == filters.JurorsOnCall {
		if right, refusal = g.callee(ctx, actor, approval.Level); refusal == nil {
			return right, nil
		}
	}
	for i := range g.config.Grants {
		grant := &g.config.Grants[i]
		if !grant.judges(approval.Needs.From) || !g.reaches(grant, &approval.Plan) {
			continue
		}
		why, err := g.given(ctx, grant, actor.User, ask)
		if why != "" {
			return string(grant.Role), nil
		}
		unsure = errors.Join(unsure, err)
	}
	if refusal != nil {
		return "", refusal
	}
	err := &filters.Error{Code: filters.Denied, Wrong: "you are not an approver of *" + g.config.Cluster + "*", Try: "`/mesos whoami` shows what you may do", Cause: unsure}
	if unsure != nil {
		err.Code, err.Expected = filters.Unavailable, "Slack could not be asked who is in its user groups, so the answer is no for now"
	}
	return "", err
}

// callee returns the right of somebody who is on call, at the first level or at one that was called since.
func (g *Gate) callee(ctx context.Context, actor filters.Actor, called int) (string, error) {
	if g.config.OnCall == nil {
		return "", &filters.Error{Code: filters.Unavailable, Wrong: "nobody is on call for *" + g.config.Cluster + "*", Expected: "`on_call` in its configuration, or an admin"}
	}
	var names []string
	var unsure error
	for level := 1; level <= max(called, 1); level++ {
		on, err := g.config.OnCall.OnCall(ctx, level)
		if err != nil {
			unsure = err
			continue
		}
		if slices.Contains(on.Users, actor.User) {
			return "on call, says " + on.Source, nil
		}
		for _, user := range on.Users {
			names = append(names, "`user:"+user+"`")
		}
	}
	switch {
	case unsure != nil:
		return "", &filters.Error{Code: filters.Unavailable, Wrong: "it cannot be told now who is on call, so the answer is no", Expected: reasonOf(unsure), Cause: unsure}
	case len(names) == 0:
		return "", &filters.Error{Code: filters.Denied, Wrong: "you are not on call, and nobody is", Expected: "it takes the word of an admin"}
	}
	return "", &filters.Error{Code: filters.Denied, Wrong: "you are not on call", Expected: "it takes the word of " + strings.Join(names, " or ") + ", or of an admin"}
}

// reasonOf is the error's own words where it has some for people.
func reasonOf(err error) string {
	if known, ok := errors.AsType[*filters.Error](err); ok {
		return known.Error()
	}
	return ""
}

// onCall tells whether the actor is on call at the first level, for whoami: without knowing it is no.
func (g *Gate) onCall(ctx context.Context, actor filters.Actor) (string, bool) {
	if g.config.OnCall == nil || actor.Owner().Kind() != "user" {
		return "", false
	}
	on, err := g.config.OnCall.OnCall(ctx, 1)
	if err != nil || !slices.Contains(on.Users, actor.User) {
		return "", false
	}
	return "on call, says " + on.Source, true
}
