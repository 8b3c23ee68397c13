package approval

import (
	"context"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Groups tells who is in a user group of the workspace. Implemented by commands/slack.
type Groups interface {
	// Members returns the user IDs of a user group (S…), as of a minute ago at most while the workspace answers. An error means
	// that it is not known now.
	Members(ctx context.Context, group string) ([]string, error)
	// MemberNow tells whether somebody is in it as the workspace says just now: nothing older is a yes, a no may be some seconds old.
	MemberNow(ctx context.Context, group, user string) (bool, error)
}

// OnCall tells who is on call. Implemented by internal/oncall.
type OnCall interface {
	// OnCall returns who is on call now at a level of escalation, 1 being asked first. An error means that it is not known.
	OnCall(ctx context.Context, level int) (filters.OnCall, error)
}

// Config is what a Gate needs. Cluster and Grants are required; without grants nobody may.
type Config struct {
	Cluster string
	Grants  []Grant
	Rules   []Rule // the configuration's, in order; the first that matches decides
	Groups  map[string]filters.Group
	Members Groups // nil: user groups cannot be asked
	OnCall  OnCall // nil: nobody is on call
	// Roster is the newest index of agents; nil: none is known.
	Roster func() *filters.Roster
	// Hosts are hostnames and IPs of what the bot itself needs: its own, its Redis's and the masters'.
	Hosts func() []string
	// Open tells whether a window is open; nil: that is not known.
	Open func() bool
	Now  func() time.Time // the cluster's time; nil: the local clock
}

// Gate decides for one cluster. Safe for concurrent use.
type Gate struct{ config Config }

// NewGate returns the gate of a cluster.
func NewGate(config Config) *Gate {
	if config.Now == nil {
		config.Now = func() time.Time { return time.Now().UTC() }
	}
	if config.Roster == nil {
		empty := filters.NewRoster(filters.View{})
		config.Roster = func() *filters.Roster { return empty }
	}
	return &Gate{config}
}

// Operators are the grants of a cluster that lists operators and nothing else: they do everything, say yes to one another, and
// everybody looks.
func Operators(ids []string) []Grant {
	return []Grant{{Role: Onlooker, To: []string{Everybody}}, {Role: Admin, To: ids}}
}

// Decide returns what the plan needs, if the actor may ask for it at all.
func (g *Gate) Decide(ctx context.Context, ask filters.Ask) (filters.Needs, error) {
	kind := ask.Actor.Owner().Kind()
	if planned(kind) && ask.Actor.User == "" {
		return filters.Needs{}, nil // the configuration says so
	}
	if err := g.entitled(ctx, &ask); err != nil {
		return filters.Needs{}, err
	}
	needs, _ := g.decide(&ask)
	if planned(kind) {
		return filters.Needs{}, unasked(&needs)
	}
	return needs, nil
}

// unasked refuses what goes on by itself and needs somebody's word by now: what was approved, or needed nothing when a person began
// it, is a plan of no kind.
func unasked(needs *filters.Needs) error {
	if needs.Approvals == 0 && !needs.Typed {
		return nil
	}
	why := ""
	if needs.Why != "" {
		why = " (" + needs.Why + ")"
	}
	return &filters.Error{Code: filters.Changed, Wrong: "it needs approval by the rule `" + needs.Rule + "`" + why + ", and nobody was asked"}
}

// planned tells whether the actor is a window or a run: they act with the rights of who made them, and those of the
// configuration with its own word.
func planned(kind string) bool { return kind == "window" || kind == "run" }

// entitled refuses what the actor's roles do not have.
func (g *Gate) entitled(ctx context.Context, ask *filters.Ask) error {
	all, unsure := g.rights(ctx, ask.Actor)
	for _, one := range ask.Each() {
		if err := g.entitledBy(ctx, all, unsure, &one); err != nil {
			return err
		}
	}
	return nil
}

// entitledBy refuses what none of the grants gives, as what it is alone.
func (g *Gate) entitledBy(ctx context.Context, all []held, unsure error, ask *filters.Ask) error {
	verb, reason := ask.Plan.Verb, ""
	for _, grant := range all {
		switch {
		case ask.Glass && grant.Role != Admin, !grant.allows(verb):
		case g.reaches(grant.Grant, &ask.Plan):
			return nil
		default:
			reason = "your right to it does not reach all of these agents: " + grant.why
		}
	}
	if verb == filters.VerbLook {
		if _, on := g.onCall(ctx, ask.Actor); on {
			return nil // who is to approve has to see what
		}
	}
	return g.refusal(ask, all, reason, unsure)
}

func (g *Gate) rights(ctx context.Context, actor filters.Actor) ([]held, error) {
	switch kind := actor.Owner().Kind(); {
	case kind == "api":
		if grant, ok := tokenGrant(actor); ok {
			return []held{grant}, nil
		}
		return nil, nil
	case kind == "user" || planned(kind):
		return g.grantsOf(ctx, actor)
	}
	return nil, nil
}

// reaches tells whether the grant's targets hold every agent of the plan.
func (g *Gate) reaches(grant *Grant, plan *filters.Plan) bool {
	if len(grant.Targets) == 0 {
		return true
	}
	inside := g.inside(grant.Targets)
	return !slices.ContainsFunc(slices.Concat(plan.Steps, plan.Already), func(step filters.Step) bool {
		return !slices.ContainsFunc(inside, func(agent *filters.Agent) bool { return agent.ID == step.Agent })
	})
}

// inside are the agents of the targets: of those that name any, with the attributes that others ask for. What matches nothing, a
// host that was retired say, reaches nothing and hides none of the rest.
func (g *Gate) inside(targets []filters.Target) []*filters.Agent {
	attributes := slices.DeleteFunc(slices.Clone(targets), func(target filters.Target) bool { return target.Attribute.Name == "" })
	if len(attributes) == len(targets) {
		agents, _ := filters.Resolve(g.config.Roster(), g.config.Groups, attributes)
		return agents
	}
	var all []*filters.Agent
	for _, target := range targets {
		if target.Attribute.Name == "" {
			agents, _ := filters.Resolve(g.config.Roster(), g.config.Groups, append([]filters.Target{target}, attributes...))
			all = append(all, agents...)
		}
	}
	return all
}

// refusal says why not.
func (g *Gate) refusal(ask *filters.Ask, all []held, reason string, unsure error) error {
	err := &filters.Error{
		Code: filters.Denied, Wrong: "you may look at *" + g.config.Cluster + "*, not change it",
		Expected: reason, Try: "`/mesos whoami` shows what you may do", Cause: unsure,
	}
	looks := slices.ContainsFunc(all, func(grant held) bool { return grant.allows(filters.VerbLook) })
	changes := slices.ContainsFunc(all, func(grant held) bool { return grant.Role != Onlooker })
	switch {
	case ask.Glass:
		err.Wrong = "`--break-glass` is for admins of *" + g.config.Cluster + "*"
	case !looks:
		err.Wrong, err.Try = "you may not see *"+g.config.Cluster+"*", ""
	case changes:
		err.Wrong = "you may not `" + string(ask.Plan.Verb) + "` in *" + g.config.Cluster + "*"
	}
	switch {
	case reason != "":
	case ask.Glass && changes && unsure == nil:
		err.Expected = "you are not among its admins"
	case changes && unsure == nil:
		err.Expected = changing(all)
	default:
		err.Expected = g.lack(ask.Actor, unsure)
	}
	return err
}

// changing says what the actor has that is more than looking.
func changing(all []held) string {
	var words []string
	for _, grant := range all {
		if grant.Role != Onlooker {
			words = append(words, grant.words())
		}
	}
	return strings.Join(words, "; ")
}

// lack says what the actor lacks.
func (g *Gate) lack(actor filters.Actor, unsure error) string {
	switch kind := actor.Owner().Kind(); {
	case unsure != nil:
		return "Slack could not be asked who is in its user groups, so the answer is no for now"
	case kind == "api":
		return "the token's role is not operator"
	case kind != "user" && !planned(kind) || actor.User == "":
		return "only people and tokens of the configuration may"
	case !slices.ContainsFunc(g.config.Grants, func(grant Grant) bool { return grant.Role != Onlooker && len(grant.To) > 0 }):
		return "no operators are listed for it in the configuration"
	}
	return "you are not among its operators"
}

// May lists the verbs that the actor may use, and says why, role by role.
func (g *Gate) May(ctx context.Context, actor filters.Actor) (may []filters.Verb, why string, err error) {
	all, unsure := g.rights(ctx, actor)
	changes := slices.ContainsFunc(all, func(grant held) bool { return grant.Role != Onlooker })
	var reasons []string
	for _, grant := range all {
		if !changes || grant.Role != Onlooker { // to look is the least that every other role has
			reasons = append(reasons, grant.words())
		}
		for _, verb := range verbs[grant.Role] {
			if grant.allows(verb) && !slices.Contains(may, verb) {
				may = append(may, verb)
			}
		}
	}
	if right, on := g.onCall(ctx, actor); on {
		reasons = append(reasons, "you are "+right)
		if !slices.Contains(may, filters.VerbApprove) {
			may = append(may, filters.VerbApprove)
		}
	}
	if !changes {
		reasons = append(reasons, g.lack(actor, unsure))
	}
	return may, strings.Join(reasons, "; "), nil
}

// words tell of the grant, and how it is narrowed.
func (h *held) words() string {
	words := h.why
	if len(h.Verbs) > 0 {
		list := make([]string, len(h.Verbs))
		for i, verb := range h.Verbs {
			list[i] = "`" + string(verb) + "`"
		}
		words += ", for " + strings.Join(list, ", ") + " alone"
	}
	if len(h.Targets) > 0 {
		words += ", on some of its agents"
	}
	return words
}
