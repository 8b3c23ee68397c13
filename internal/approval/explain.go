package approval

import (
	"context"
	"strings"

	"cordon/filters"
)

// Explanation is why a gate decides about a plan as it does.
type Explanation struct {
	Grants []Finding // of the cluster, in order: whether it gives the actor the right to ask
	// Denied says why the actor may not ask for it; nil: they may. Then no rule was looked at.
	Denied error
	// Rules are those that were looked at, the configuration's before the usual ones: the last one decides if it holds.
	Rules []Finding
	Needs filters.Needs
	// Jurors are who may say yes, grant by grant; whoever is on call is not among them.
	Jurors []string
}

// Finding is a grant or a rule, whether it holds for the plan, and by what it does or does not.
type Finding struct {
	Name   string
	Holds  bool
	Unsure bool // it is not known whether it does
	Why    string
}

// Explain says why Decide answers as it does. Beside Members it asks nobody.
func (g *Gate) Explain(ctx context.Context, ask filters.Ask) Explanation {
	var told Explanation
	for i := range g.config.Grants {
		told.Grants = append(told.Grants, g.find(ctx, &g.config.Grants[i], &ask))
	}
	if told.Denied = g.entitled(ctx, &ask); told.Denied != nil {
		return told
	}
	told.Needs, told.Rules = g.decide(&ask)
	for i := range g.config.Grants {
		grant := &g.config.Grants[i]
		if told.Needs.Approvals > 0 && grant.judges(told.Needs.From) && g.reaches(grant, &ask.Plan) {
			told.Jurors = append(told.Jurors, grant.name()+alone(grant, ask.Actor.User))
		}
	}
	return told
}

// alone says of a grant that who asks is all that it names.
func alone(grant *Grant, user string) string {
	if len(grant.To) == 1 && grant.To[0] == user {
		return ": nobody but who asks, which does not count"
	}
	return ""
}

// find tells whether the grant gives the actor the right to ask.
func (g *Gate) find(ctx context.Context, grant *Grant, ask *filters.Ask) Finding {
	found := Finding{Name: grant.name()}
	why, err := g.given(ctx, grant, ask.Actor.User, lately)
	switch {
	case why == "" && err != nil:
		found.Unsure, found.Why = true, reasonOf(err)
	case why == "":
		found.Why = ask.Actor.User + " is not among them"
	case !grant.allows(ask.Plan.Verb):
		found.Why = "it does not give `" + string(ask.Plan.Verb) + "`"
	case ask.Glass && grant.Role != Admin:
		found.Why = "only admins break the glass"
	case !g.reaches(grant, &ask.Plan):
		found.Why = "it does not reach all of these agents"
	default:
		found.Holds, found.Why = true, strings.Replace(why, "you are", ask.Actor.User+" is", 1)
	}
	return found
}

// judges tells whether who has the grant may say yes to what needs it from the jurors.
func (g *Grant) judges(from filters.Jurors) bool {
	return g.allows(filters.VerbApprove) && (g.Role == Admin || g.Role == Approver && from != filters.JurorsOnCall)
}

// name tells the grant from others: the role, who has it, and how it is narrowed.
func (g *Grant) name() string {
	name := string(g.Role) + " (" + strings.ReplaceAll(strings.Join(g.To, ", "), Everybody, "everybody") + ")"
	if len(g.Verbs) > 0 {
		name += " for " + listed(g.Verbs)
	}
	for i, target := range g.Targets {
		name += [2]string{" on ", ", "}[min(i, 1)] + target.String()
	}
	return name
}
