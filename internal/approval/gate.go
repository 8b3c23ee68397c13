// Package approval decides who may do what: it implements the domain's Gate. For now that is one list, the operators of
// a cluster: users and user groups of the configuration. Nobody is listed, nobody may; everybody may look.
package approval

import (
	"context"
	"slices"
	"strings"

	"cordon/filters"
)

// Groups tells who is in a user group of the workspace. Implemented by commands/slack.
type Groups interface {
	// Members returns the user IDs of a user group (S…). An error means that it is not known now.
	Members(ctx context.Context, group string) ([]string, error)
}

// RoleOperator is the role of a token that may change things.
const RoleOperator = "operator"

// Gate is the operators' list of one cluster. Safe for concurrent use.
type Gate struct {
	cluster string
	users   []string
	groups  []string
	members Groups
}

// NewGate returns the gate of a cluster. Operators are user IDs (U…, W…) and user group IDs (S…); members may be nil if
// no group is listed.
func NewGate(cluster string, operators []string, members Groups) *Gate {
	gate := &Gate{cluster: cluster, members: members}
	for _, id := range operators {
		if strings.HasPrefix(id, "S") {
			gate.groups = append(gate.groups, id)
		} else {
			gate.users = append(gate.users, id)
		}
	}
	return gate
}

// Decide returns nil if the actor may do what the plan says. If a user group cannot be asked, the answer is no.
func (g *Gate) Decide(ctx context.Context, actor filters.Actor, plan filters.Plan) error {
	if plan.Verb == filters.VerbLook {
		return nil
	}
	may, why, cause := g.operates(ctx, actor)
	if may {
		return nil
	}
	return &filters.Error{
		Code:     filters.Denied,
		Wrong:    "you may look at *" + g.cluster + "*, not change it",
		Expected: why,
		Try:      "`/mesos whoami` shows what you may do",
		Cause:    cause,
	}
}

var changing = []filters.Verb{
	filters.VerbFilter, filters.VerbUnfilter, filters.VerbRelease, filters.VerbExtend, filters.VerbAdopt,
	filters.VerbWindow, filters.VerbRun, filters.VerbDrain, filters.VerbGone, filters.VerbMaintenance, filters.VerbFreeze, filters.VerbThaw, filters.VerbAnswer, filters.VerbUnlock,
}

// May lists the verbs that the actor may use, and says why.
func (g *Gate) May(ctx context.Context, actor filters.Actor) (verbs []filters.Verb, why string, err error) {
	verbs = []filters.Verb{filters.VerbLook}
	may, why, _ := g.operates(ctx, actor)
	if may {
		verbs = append(verbs, changing...)
	}
	return verbs, why, nil
}

// operates tells whether the actor is an operator, and why or why not, in a phrase.
func (g *Gate) operates(ctx context.Context, actor filters.Actor) (may bool, why string, cause error) {
	switch kind := actor.Owner().Kind(); {
	case kind == "api" && actor.Role == RoleOperator:
		return true, "the token has the role operator", nil
	case kind == "api":
		return false, "the token's role is not operator", nil
	case planned(kind) && actor.User == "":
		return true, "the configuration says so", nil
	case kind != "user" && !planned(kind) || actor.User == "":
		return false, "only people and tokens of the configuration may", nil
	case slices.Contains(g.users, actor.User):
		return true, "you are listed as an operator of *" + g.cluster + "*", nil
	case len(g.users)+len(g.groups) == 0:
		return false, "no operators are listed for it in the configuration", nil
	}
	return g.inGroup(ctx, actor.User)
}

// planned tells whether the actor is a window or a run: they act with the rights of who made them, and those of the
// configuration with its own word.
func planned(kind string) bool { return kind == "window" || kind == "run" }

func (g *Gate) inGroup(ctx context.Context, user string) (may bool, why string, cause error) {
	for _, group := range g.groups {
		if g.members == nil {
			return false, "user groups cannot be asked", nil
		}
		members, err := g.members.Members(ctx, group)
		if err != nil {
			cause = err
			continue
		}
		if slices.Contains(members, user) {
			return true, "you are in user group " + group + ", which operates *" + g.cluster + "*", nil
		}
	}
	if cause != nil {
		return false, "Slack could not be asked who is in its user groups, so the answer is no for now", cause
	}
	return false, "you are not among its operators", nil
}
