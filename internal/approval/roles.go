package approval

import (
	"context"
	"slices"
	"strings"

	"cordon/filters"
)

// Role is what somebody may do.
type Role string

// The roles. An approver may answer what is asked and look; an admin may do everything.
const (
	Onlooker Role = "onlooker"
	Operator Role = "operator"
	Approver Role = "approver"
	Admin    Role = "admin"
)

// Roles lists the roles, the weakest first.
func Roles() []Role { return []Role{Onlooker, Operator, Approver, Admin} }

// operating are the verbs that change things and that operators have.
var operating = []filters.Verb{
	filters.VerbFilter, filters.VerbUnfilter, filters.VerbRelease, filters.VerbExtend, filters.VerbAdopt,
	filters.VerbWindow, filters.VerbRun, filters.VerbDrain, filters.VerbGone, filters.VerbMaintenance,
	filters.VerbFreeze, filters.VerbThaw, filters.VerbAnswer,
}

// verbs are what a role may do. Verbs of approvals are not among them: who may approve is judged at the click.
var verbs = map[Role][]filters.Verb{
	Onlooker: {filters.VerbLook},
	Operator: append([]filters.Verb{filters.VerbLook}, operating...),
	Approver: {filters.VerbLook, filters.VerbApprove, filters.VerbAnswer},
	Admin:    slices.Concat([]filters.Verb{filters.VerbLook}, operating, []filters.Verb{filters.VerbUnlock, filters.VerbApprove}),
}

// Everybody stands in Grant.To for every member of the workspace.
const Everybody = "*"

// Grant gives a role.
type Grant struct {
	Role Role
	// To are Slack users (U…, W…), user groups (S…), or Everybody.
	To []string
	// Targets narrow it to agents; none: to every agent. Verbs narrow it to some of the role's; none: to all of them.
	Targets []filters.Target
	Verbs   []filters.Verb
}

// allows tells whether the grant has the verb.
func (g *Grant) allows(verb filters.Verb) bool {
	return slices.Contains(verbs[g.Role], verb) && (len(g.Verbs) == 0 || slices.Contains(g.Verbs, verb) || verb == filters.VerbLook)
}

// held is a grant that somebody has, and why, in a phrase.
type held struct {
	*Grant
	why string
}

// grantsOf returns what the actor has. An error says that some user group could not be asked: there may be more.
func (g *Gate) grantsOf(ctx context.Context, actor filters.Actor) (all []held, unsure error) {
	for i := range g.config.Grants {
		grant := &g.config.Grants[i]
		why, err := g.given(ctx, grant, actor.User, lately)
		if err != nil {
			unsure = err
		}
		if why != "" {
			all = append(all, held{grant, why})
		}
	}
	return all, unsure
}

// asking tells whether somebody is in a user group.
type asking func(groups Groups, ctx context.Context, group, user string) (bool, error)

// lately tells it as of a minute ago.
func lately(groups Groups, ctx context.Context, group, user string) (bool, error) {
	members, err := groups.Members(ctx, group)
	return slices.Contains(members, user), err
}

// given says why the user has the grant; empty: they have not.
func (g *Gate) given(ctx context.Context, grant *Grant, user string, ask asking) (why string, unsure error) {
	switch {
	case user == "":
		return "", nil
	case slices.Contains(grant.To, user):
		return "you are listed as " + named(grant.Role) + " of *" + g.config.Cluster + "*", nil
	case slices.Contains(grant.To, Everybody):
		return "everybody is " + named(grant.Role) + " of *" + g.config.Cluster + "*", nil
	}
	for _, group := range grant.To {
		if !strings.HasPrefix(group, "S") {
			continue
		}
		in, err := g.member(ctx, group, user, ask)
		if err != nil {
			unsure = err
		}
		if in {
			return "you are in user group " + group + ", which is " + named(grant.Role) + " of *" + g.config.Cluster + "*", nil
		}
	}
	return "", unsure
}

func (g *Gate) member(ctx context.Context, group, user string, ask asking) (bool, error) {
	if g.config.Members == nil {
		return false, &filters.Error{Code: filters.Unavailable, Wrong: "user groups cannot be asked"}
	}
	return ask(g.config.Members, ctx, group, user)
}

// named is the role with its article.
func named(role Role) string {
	if strings.ContainsRune("aeiou", rune(role[0])) {
		return "an " + string(role)
	}
	return "a " + string(role)
}

// tokenGrant is what a token has by its own role.
func tokenGrant(actor filters.Actor) (held, bool) {
	role := Role(actor.Role)
	if role == "" {
		return held{&Grant{Role: Onlooker}, "the token may look"}, true
	}
	if len(verbs[role]) == 0 {
		return held{}, false
	}
	return held{&Grant{Role: role}, "the token has the role " + actor.Role}, true
}
