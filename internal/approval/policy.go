package approval

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Rule is one rule of a policy: what it matches, and what that needs. Empty conditions match everything.
type Rule struct {
	Name  string
	Verbs []filters.Verb
	Modes []filters.Mode
	// AgentsOver, ClusterOver and RackOver match plans over more than so many agents, or than so many percent of the cluster or
	// of some rack; 0: not looked at.
	AgentsOver  int
	ClusterOver float64
	RackOver    float64
	// Attributes match plans with an agent that has all of them.
	Attributes map[string]string
	// Between matches a time of the day; nil: any.
	Between *Between
	// Window matches while a window is open (true) or none is (false); Ends what cannot be taken back, Last what has the last
	// instance of an app, or every task of a framework; nil: not looked at.
	Window, Ends, Last *bool

	Needs filters.Needs // its Rule and Why are filled in
}

// Between is a time of the day, in its zone; one whose end is before its start goes over midnight.
type Between struct {
	From, To time.Duration // since midnight, by the clock on the wall
	Zone     *time.Location
}

// holds tells whether the moment is in it: From included, To not.
func (b *Between) holds(moment time.Time) bool {
	local := moment.In(b.Zone)
	at := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	if b.From <= b.To {
		return b.From <= at && at < b.To
	}
	return at >= b.From || at < b.To
}

// facts are what rules are matched against.
type facts struct {
	ask    *filters.Ask
	agents []*filters.Agent // of the plan that the roster has
	count  int              // of the plan
	roster *filters.Roster
	now    time.Time
	open   func() bool
	impact *filters.Impact // nil: not worked out yet
}

// usual are the rules that decide where none of the configuration does.
func usual(onCall bool) []Rule {
	yes, jurors, drains := true, filters.JurorsApprovers, []filters.Mode{filters.ModeDrain}
	if onCall {
		jurors = filters.JurorsOnCall
	}
	return []Rule{
		{Name: "irreversible", Ends: &yes, Needs: filters.Needs{Approvals: 2, From: filters.JurorsApprovers}},
		{Name: "last instance", Verbs: []filters.Verb{filters.VerbDrain}, Modes: drains, Last: &yes, Needs: filters.Needs{Approvals: 2, From: filters.JurorsApprovers}},
		{Name: "drain", Verbs: []filters.Verb{filters.VerbDrain}, Modes: drains, Needs: filters.Needs{Approvals: 1, From: jurors}},
	}
}

// decide returns what the plan needs by the first rule that matches it, and what was found of each rule up to that. Of a plan of
// several verbs each is decided, and what asks for the most holds. What hosts the bot, its Redis or a master is asked about whatever
// the rules say.
func (g *Gate) decide(ask *filters.Ask) (needs filters.Needs, tried []Finding) {
	if ask.Plan.Kind == "" { // a word about what is under way
		return filters.Needs{}, nil
	}
	for _, one := range ask.Each() {
		found, rules := g.decideAs(&one)
		if most := needs.Most(found); tried == nil || most.Rule != needs.Rule {
			needs, tried = most, rules
		}
	}
	return needs, tried
}

func (g *Gate) decideAs(ask *filters.Ask) (needs filters.Needs, tried []Finding) {
	known := g.factsOf(ask)
	for _, rule := range slices.Concat(g.config.Rules, usual(g.config.OnCall != nil)) {
		why, matches := rule.matches(known)
		tried = append(tried, Finding{Name: rule.Name, Holds: matches, Why: why})
		if matches {
			needs = rule.Needs
			needs.Rule, needs.Why = rule.Name, why
			break
		}
	}
	if host := g.vital(known); host != "" && needs.Approvals == 0 {
		needs.Rule, needs.Why, needs.Approvals, needs.From = "vital", host+" hosts the bot, its Redis or a master", 1, filters.JurorsApprovers
		tried = append(tried, Finding{Name: needs.Rule, Holds: true, Why: needs.Why})
	}
	return needs, tried
}

func (g *Gate) factsOf(ask *filters.Ask) *facts {
	known := &facts{ask: ask, roster: g.config.Roster(), now: g.config.Now()}
	known.open = func() bool { return g.config.Open != nil && g.config.Open() }
	seen := map[filters.AgentID]bool{}
	for _, step := range ask.Plan.Steps {
		if seen[step.Agent] && step.Agent != "" {
			continue
		}
		seen[step.Agent] = true
		known.count++
		if agent := known.roster.Agent(step.Agent); agent != nil {
			known.agents = append(known.agents, agent)
		}
	}
	return known
}

// vital names an agent of the plan on whose host the bot, its Redis or a master runs; empty: there is none.
func (g *Gate) vital(known *facts) string {
	if g.config.Hosts == nil {
		return ""
	}
	hosts := g.config.Hosts()
	for _, agent := range known.agents {
		if slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, agent.Hostname) || host == agent.IP }) {
			return agent.Hostname
		}
	}
	return ""
}

// matches tells whether all conditions of the rule hold, and by what; or which of them does not.
func (r *Rule) matches(known *facts) (why string, all bool) {
	var reasons []string
	for _, condition := range []func(*Rule, *facts) (string, bool){
		(*Rule).verb, (*Rule).mode, (*Rule).size, (*Rule).rack, (*Rule).attributes, (*Rule).time, (*Rule).window, (*Rule).ends, (*Rule).last,
	} {
		reason, holds := condition(r, known)
		if !holds {
			return reason, false
		}
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return strings.Join(reasons, ", "), true
}

func (r *Rule) verb(known *facts) (string, bool) {
	if verb := known.ask.Plan.Verb; len(r.Verbs) > 0 && !slices.Contains(r.Verbs, verb) {
		return "it is " + string(verb) + ", not " + listed(r.Verbs), false
	}
	return "", true
}

func (r *Rule) mode(known *facts) (string, bool) {
	if len(r.Modes) > 0 && !slices.ContainsFunc(known.ask.Plan.Steps, func(step filters.Step) bool { return slices.Contains(r.Modes, step.Mode) }) {
		return "its mode is not " + listed(r.Modes), false
	}
	return "", true
}

// listed joins words with "or".
func listed[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return strings.Join(all, " or ")
}

func (r *Rule) size(known *facts) (string, bool) {
	whole := known.roster.Len()
	switch {
	case r.AgentsOver > 0 && known.count <= r.AgentsOver:
		return fmt.Sprintf("it is %s, not more than %d", counted(known.count), r.AgentsOver), false
	case r.ClusterOver > 0 && float64(known.count)*100 <= r.ClusterOver*float64(whole):
		return fmt.Sprintf("it is %d of %d agents, not more than %g %%", known.count, whole, r.ClusterOver), false
	case r.AgentsOver > 0:
		return fmt.Sprintf("it is %s, more than %d", counted(known.count), r.AgentsOver), true
	case r.ClusterOver > 0:
		return fmt.Sprintf("it is %d of %d agents, more than %g %%", known.count, whole, r.ClusterOver), true
	}
	return "", true
}

func counted(agents int) string {
	if agents == 1 {
		return "1 agent"
	}
	return fmt.Sprintf("%d agents", agents)
}

func (r *Rule) rack(known *facts) (string, bool) {
	if r.RackOver == 0 {
		return "", true
	}
	racks := map[string]int{}
	for _, agent := range known.agents {
		racks[agent.Rack()]++
	}
	sizes := known.roster.Sizes(filters.RackAttribute)
	for _, rack := range slices.Sorted(maps.Keys(racks)) {
		if count := racks[rack]; rack != "" && float64(count)*100 > r.RackOver*float64(sizes[rack]) {
			return fmt.Sprintf("it is %d of %d agents of rack %s, more than %g %%", count, sizes[rack], rack, r.RackOver), true
		}
	}
	return fmt.Sprintf("it is not more than %g %% of any rack", r.RackOver), false
}

func (r *Rule) attributes(known *facts) (string, bool) {
	if len(r.Attributes) == 0 {
		return "", true
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		pairs = append(pairs, name+"="+r.Attributes[name])
	}
	named := strings.Join(pairs, " and ")
	for _, agent := range known.agents {
		if !slices.ContainsFunc(pairs, func(pair string) bool { return !has(agent, pair) }) {
			return agent.Hostname + " has " + named, true
		}
	}
	return "none of them has " + named, false
}

func has(agent *filters.Agent, pair string) bool {
	name, value, _ := strings.Cut(pair, "=")
	return agent.Attribute(name) == value
}

func (r *Rule) time(known *facts) (string, bool) {
	if r.Between == nil {
		return "", true
	}
	return "it is " + known.now.In(r.Between.Zone).Format("15:04 ") + r.Between.Zone.String(), r.Between.holds(known.now)
}

func (r *Rule) window(known *facts) (string, bool) {
	if r.Window == nil {
		return "", true
	}
	if known.open() {
		return "a window is open", *r.Window
	}
	return "no window is open", !*r.Window
}

func (r *Rule) ends(known *facts) (string, bool) {
	if r.Ends == nil {
		return "", true
	}
	plan := &known.ask.Plan
	if plan.Verb == filters.VerbGone {
		return "it cannot be undone", *r.Ends
	}
	if slices.ContainsFunc(plan.Steps, func(step filters.Step) bool { return step.Mode == filters.ModeDown }) {
		return "what runs there is killed at once", *r.Ends
	}
	return "it can be taken back", !*r.Ends
}

func (r *Rule) last(known *facts) (string, bool) {
	if r.Last == nil {
		return "", true
	}
	if known.impact == nil {
		impact := known.ask.Impact()
		known.impact = &impact
	}
	if names := known.impact.LastOf(); len(names) > 0 {
		return "the last of " + strings.Join(names, ", ") + " runs there", *r.Last
	}
	return "nothing has its last instance there", !*r.Last
}
