package approval

import (
	"fmt"
	"slices"

	"cordon/filters"
)

// Doubts says what of grants and rules one cannot have meant: rules that never decide, approvals that nobody could give. Allowed
// are the verbs that kill tasks and may be asked for; onCall says that somebody may be on call.
func Doubts(grants []Grant, rules []Rule, onCall bool, allowed []string) []string {
	d := doubter{grants: grants, onCall: onCall}
	if !slices.ContainsFunc(grants, func(grant Grant) bool { return len(grant.To) > 0 && (grant.Role == Operator || grant.Role == Admin) }) {
		d.say("nobody may change anything: there is no operator and no admin")
	}
	for i := range rules {
		d.rule(rules[:i], &rules[i])
	}
	for _, rule := range usual(onCall) {
		met := rule.Name == "irreversible" && (slices.Contains(allowed, "gone") || slices.Contains(allowed, "down")) ||
			rule.Name != "irreversible" && slices.Contains(allowed, "drain")
		if met && !slices.ContainsFunc(rules, func(earlier Rule) bool { return earlier.covers(&rule) }) {
			d.reachable("the usual rule", &rule)
		}
	}
	return d.said
}

type doubter struct {
	grants []Grant
	onCall bool
	said   []string
}

func (d *doubter) say(format string, values ...any) {
	d.said = append(d.said, fmt.Sprintf(format, values...))
}

// rule looks at one rule of the configuration, behind earlier ones.
func (d *doubter) rule(earlier []Rule, rule *Rule) {
	for i := range earlier {
		if earlier[i].Name == rule.Name {
			d.say("two rules are named `%s`: messages do not tell which one decided", rule.Name)
		}
		if earlier[i].covers(rule) {
			d.say("rule `%s` never decides: whatever it matches, rule `%s` before it has decided", rule.Name, earlier[i].Name)
			return
		}
	}
	if why := rule.impossible(); why != "" {
		d.say("rule `%s` never matches: %s", rule.Name, why)
		return
	}
	d.reachable("rule", rule)
}

// reachable says if nobody could ever give what the rule needs.
func (d *doubter) reachable(what string, rule *Rule) {
	needs := rule.Needs
	duty := needs.From == filters.JurorsOnCall
	if needs.Approvals == 0 || duty && d.onCall {
		return
	}
	jurors, several := d.people(func(grant *Grant) bool { return grant.judges(needs.From) })
	enough := several || d.enough(jurors, needs.Approvals)
	switch {
	case duty && enough:
		d.say("%s `%s` asks whoever is on call, and `on_call` names nobody: admins alone can say yes", what, rule.Name)
	case duty:
		d.say("%s `%s` asks whoever is on call, and `on_call` names nobody: nobody can say yes", what, rule.Name)
	case !enough:
		d.say("%s `%s` needs %d to say yes, and nobody could: %d may, and who asks does not count", what, rule.Name, needs.Approvals, len(jurors))
	}
}

// enough tells whether somebody can ask for whom so many others are jurors.
func (d *doubter) enough(jurors []string, approvals int) bool {
	askers, several := d.people(func(grant *Grant) bool { return grant.Role == Operator || grant.Role == Admin })
	if several {
		return len(jurors) >= approvals
	}
	return slices.ContainsFunc(askers, func(asker string) bool {
		others := slices.DeleteFunc(slices.Clone(jurors), func(juror string) bool { return juror == asker })
		return len(others) >= approvals
	})
}

// people are the users of grants; many says that a user group or everybody is among them.
func (d *doubter) people(has func(*Grant) bool) (users []string, many bool) {
	for i := range d.grants {
		if !has(&d.grants[i]) {
			continue
		}
		for _, id := range d.grants[i].To {
			if many = many || id == Everybody || id[0] == 'S'; !slices.Contains(users, id) {
				users = append(users, id)
			}
		}
	}
	return users, many
}

// covers tells whether the rule matches whatever the other one does.
func (r *Rule) covers(other *Rule) bool {
	over := func(mine, theirs float64) bool { return mine == 0 || theirs >= mine }
	same := func(mine, theirs *bool) bool { return mine == nil || theirs != nil && *mine == *theirs }
	attributes := true
	for name, value := range r.Attributes {
		attributes = attributes && other.Attributes[name] == value
	}
	between := r.Between == nil || other.Between != nil && *r.Between == *other.Between
	return within(other.Verbs, r.Verbs) && within(other.Modes, r.Modes) && over(float64(r.AgentsOver), float64(other.AgentsOver)) &&
		over(r.ClusterOver, other.ClusterOver) && over(r.RackOver, other.RackOver) && attributes && between &&
		same(r.Window, other.Window) && same(r.Ends, other.Ends) && same(r.Last, other.Last)
}

// within tells whether all of the words are among the others; no words mean every one.
func within[T comparable](words, others []T) bool {
	return len(others) == 0 || len(words) > 0 && !slices.ContainsFunc(words, func(word T) bool { return !slices.Contains(others, word) })
}

// asked are the verbs that the policy is asked about, with the modes of their plans.
var asked = map[filters.Verb][]filters.Mode{
	filters.VerbFilter: {filters.ModeFilter}, filters.VerbAdopt: {filters.ModeFilter}, filters.VerbRun: {filters.ModeFilter},
	filters.VerbUnfilter: {filters.ModeFilter, filters.ModeDrain}, filters.VerbRelease: {filters.ModeFilter, filters.ModeDrain},
	filters.VerbExtend: {filters.ModeFilter, filters.ModeDrain}, filters.VerbDrain: {filters.ModeDrain, filters.ModeFilter}, filters.VerbGone: {filters.ModeDrain},
	filters.VerbMaintenance: {filters.ModeSchedule, filters.ModeDown},
}

// impossible says why no plan can match the rule; empty: one can.
func (r *Rule) impossible() string {
	if len(r.Verbs) == 0 {
		return ""
	}
	known := slices.DeleteFunc(slices.Clone(r.Verbs), func(verb filters.Verb) bool { return asked[verb] == nil })
	switch {
	case len(known) == 0:
		return "the policy is not asked about " + listed(r.Verbs)
	case r.Ends != nil && *r.Ends && !slices.Contains(known, filters.VerbGone) && !slices.Contains(known, filters.VerbMaintenance):
		return listed(r.Verbs) + " can be taken back"
	case len(r.Modes) > 0 && !slices.ContainsFunc(known, func(verb filters.Verb) bool {
		return slices.ContainsFunc(asked[verb], func(mode filters.Mode) bool { return slices.Contains(r.Modes, mode) })
	}):
		return listed(r.Verbs) + " never has the mode " + listed(r.Modes)
	}
	return ""
}
