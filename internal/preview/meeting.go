package preview

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"cordon/filters"
	"cordon/scheduler"
)

// pair is two windows, the first by name.
type pair struct{ one, other *Window }

func pairOf(a, b *Window) pair {
	if a.Name > b.Name {
		a, b = b, a
	}
	return pair{a, b}
}

// met is that another window is open for the same agents.
type met struct {
	window *Window
	agents int // that both have; maybeSome: the state is not known
}

// maybeSome stands for a number of agents that is not known.
const maybeSome = -1

// meet finds windows that are open at once for the same agents.
func (p *Preview) meet(groups map[string]filters.Group) {
	common, found := map[pair]int{}, map[pair]*Meeting{}
	var open []*Opening
	for _, opening := range p.opened() {
		open = slices.DeleteFunc(open, func(earlier *Opening) bool { return !earlier.End.After(opening.Opens) })
		for _, earlier := range open {
			both := pairOf(earlier.Window, opening.Window)
			agents, known := common[both]
			if !known {
				agents = inCommon(both, groups)
				common[both] = agents
			}
			if agents == 0 || both.one == both.other {
				continue
			}
			earlier.meets(opening.Window, agents)
			opening.meets(earlier.Window, agents)
			if found[both] == nil {
				found[both] = &Meeting{One: both.one.Name, Other: both.other.Name, First: opening.Opens, Agents: max(agents, 0)}
			}
			found[both].Times++
		}
		open = append(open, opening)
	}
	for _, meeting := range found {
		p.Meetings = append(p.Meetings, *meeting)
	}
	slices.SortFunc(p.Meetings, func(a, b Meeting) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.One, b.One), strings.Compare(a.Other, b.Other))
	})
}

// opened are the openings that do open, by when they do.
func (p *Preview) opened() []*Opening {
	opened := slices.DeleteFunc(slices.Clone(p.Openings), func(opening *Opening) bool { return opening.Opens.IsZero() })
	slices.SortStableFunc(opened, func(a, b *Opening) int { return a.Opens.Compare(b.Opens) })
	return opened
}

// meets remembers another window once, however often it opens meanwhile.
func (o *Opening) meets(window *Window, agents int) {
	if !slices.ContainsFunc(o.met, func(known met) bool { return known.window == window }) {
		o.met = append(o.met, met{window, agents})
	}
}

// inCommon counts the agents that both windows have; maybeSome if the state is not known and nothing keeps them apart.
func inCommon(both pair, groups map[string]filters.Group) int {
	if both.one.known {
		has := make(map[filters.AgentID]bool, len(both.one.agents))
		for _, agent := range both.one.agents {
			has[agent.ID] = true
		}
		count := 0
		for _, agent := range both.other.agents {
			if has[agent.ID] {
				count++
			}
		}
		return count
	}
	if mayShare(both.one.Window, both.other.Window, groups) {
		return maybeSome
	}
	return 0
}

// mayShare tells whether an agent can be among the targets of both, as far as one can tell without knowing the agents.
func mayShare(one, other *scheduler.Window, groups map[string]filters.Group) bool {
	for _, a := range sorts(one, groups) {
		for _, b := range sorts(other, groups) {
			if hostsMeet(a.host, b.host) && attributesMeet(a.attributes, b.attributes) {
				return true
			}
		}
	}
	return false
}

// sort is a sort of agents: those of a hostname, an agent ID or a glob (empty: any) that have the attributes.
type sort struct {
	host       string
	attributes []filters.Attribute
}

// sorts are the sorts of agents that the window names.
func sorts(window *scheduler.Window, groups map[string]filters.Group) []sort {
	var narrow []filters.Attribute
	var named []sort
	for _, target := range window.Targets {
		switch group := groups[target.Group]; {
		case target.Attribute.Name != "":
			narrow = append(narrow, target.Attribute)
		case target.Group != "":
			for _, host := range group.Hosts {
				named = append(named, sort{host: host})
			}
			if len(group.Attributes) > 0 {
				named = append(named, sort{attributes: group.Attributes})
			}
		default:
			named = append(named, sort{host: cmp.Or(target.Name, string(target.Agent))})
		}
	}
	if len(named) == 0 {
		named = append(named, sort{})
	}
	for i := range named {
		named[i].attributes = append(slices.Clone(named[i].attributes), narrow...)
	}
	return named
}

func hostsMeet(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == "" || b == "" || a == b {
		return true
	}
	if isGlob(a) && isGlob(b) {
		return globsMeet(a, b)
	}
	one, _ := path.Match(a, b)
	other, _ := path.Match(b, a)
	return one || other
}

func isGlob(name string) bool { return strings.ContainsAny(name, `*?[`) }

// globsMeet compares what stands before the first mark: `web-*` and `db-*` have nothing in common.
func globsMeet(a, b string) bool {
	a, b = a[:strings.IndexAny(a, `*?[\`)], b[:strings.IndexAny(b, `*?[\`)]
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

// attributesMeet tells whether an agent can have all of both: an attribute has one value.
func attributesMeet(a, b []filters.Attribute) bool {
	for _, one := range a {
		for _, other := range b {
			if one.Name == other.Name && one.Value != other.Value {
				return false
			}
		}
	}
	return true
}
