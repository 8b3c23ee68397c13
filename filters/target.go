package filters

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Target names agents as a person does: a hostname, an agent ID or a unique prefix of one, a glob, an
// attribute, or a group of the configuration.
type Target struct {
	Name      string  // hostname, agent ID, prefix or glob
	Agent     AgentID // exactly this agent; not typed by people
	Group     string  // without the @
	Attribute Attribute
}

// String renders the target as it is typed.
func (t Target) String() string {
	switch {
	case t.Agent != "":
		return string(t.Agent)
	case t.Group != "":
		return "@" + t.Group
	case t.Attribute.Name != "":
		return "-l " + t.Attribute.Name + "=" + t.Attribute.Value
	}
	return t.Name
}

// Group is a named set of agents from the configuration: hosts, attributes, or both joined.
type Group struct {
	Hosts      []string
	Attributes []Attribute // an agent must have all of them; used if not empty
}

// ParseTarget reads one word of a command: `@group`, or a name or glob. Attribute targets come from -l.
func ParseTarget(word string) (Target, error) {
	word = strings.TrimSpace(word)
	if word == "" {
		return Target{}, &Error{Code: Invalid, Wrong: "a target is empty", Expected: "a hostname, an agent ID, a glob such as `web-*`, or `@group`"}
	}
	if group, ok := strings.CutPrefix(word, "@"); ok {
		if group == "" {
			return Target{}, &Error{Code: Invalid, Wrong: "`@` names no group", Expected: "`@` and a group of the configuration, such as `@bench`"}
		}
		return Target{Group: group}, nil
	}
	if _, err := path.Match(word, ""); err != nil {
		return Target{}, &Error{Code: Invalid, Wrong: "`" + word + "` is not a glob", Expected: "a pattern such as `web-*` or `web-[0-9]`"}
	}
	return Target{Name: word}, nil
}

// ParseAttribute reads `name=value` as given to -l.
func ParseAttribute(text string) (Target, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || value == "" {
		return Target{}, &Error{Code: Invalid, Wrong: "`-l " + text + "` is not an attribute", Expected: "a name and a value, such as `-l rack=r1`"}
	}
	return Target{Attribute: Attribute{Name: name, Value: value}}, nil
}

// Resolve returns the agents that the targets name, each once, by hostname and ID. Attribute targets narrow: with names
// beside them they select among the named agents, and an agent must have all of them. A target that matches nothing or,
// as a prefix, several names is an Error.
func Resolve(roster *Roster, groups map[string]Group, targets []Target) ([]*Agent, error) {
	if len(targets) == 0 {
		return nil, &Error{Code: Invalid, Wrong: "no agent is named", Expected: "a hostname, an agent ID, a glob, `-l attribute=value` or `@group`"}
	}
	found := map[AgentID]*Agent{}
	var attributes []Attribute
	named := false
	for _, target := range targets {
		if target.Attribute.Name != "" {
			attributes = append(attributes, target.Attribute)
			continue
		}
		named = true
		agents, err := resolveOne(roster, groups, target)
		if err != nil {
			return nil, err
		}
		for _, agent := range agents {
			found[agent.ID] = agent
		}
	}
	if !named {
		for agent := range roster.All() {
			found[agent.ID] = agent
		}
	}
	agents := make([]*Agent, 0, len(found))
	for _, agent := range found {
		if hasAll(agent, attributes) {
			agents = append(agents, agent)
		}
	}
	if len(agents) == 0 {
		return nil, noneWith(attributes)
	}
	slices.SortFunc(agents, compareAgents)
	return agents, nil
}

func compareAgents(a, b *Agent) int {
	return cmp.Or(strings.Compare(a.Hostname, b.Hostname), strings.Compare(string(a.ID), string(b.ID)))
}

func hasAll(agent *Agent, attributes []Attribute) bool {
	for _, attribute := range attributes {
		if agent.Attribute(attribute.Name) != attribute.Value {
			return false
		}
	}
	return true
}

func noneWith(attributes []Attribute) error {
	words := make([]string, len(attributes))
	for i, attribute := range attributes {
		words[i] = attribute.Name + "=" + attribute.Value
	}
	return &Error{Code: Unknown, Wrong: "no agent has `" + strings.Join(words, "` and `") + "`", Try: "`/mesos agents` lists every agent with its attributes"}
}

func resolveOne(roster *Roster, groups map[string]Group, target Target) ([]*Agent, error) {
	if target.Agent != "" {
		return resolveExactly(roster, target.Agent)
	}
	if target.Group != "" {
		return resolveGroup(roster, groups, target.Group)
	}
	if strings.ContainsAny(target.Name, `*?[`) {
		return resolveGlob(roster, target.Name)
	}
	if agents := roster.OnHost(target.Name); len(agents) > 0 {
		return agents, nil
	}
	if agent := roster.Agent(AgentID(target.Name)); agent != nil {
		return []*Agent{agent}, nil
	}
	return resolvePrefix(roster, target.Name)
}

func resolveExactly(roster *Roster, id AgentID) ([]*Agent, error) {
	agent := roster.Agent(id)
	if agent == nil {
		return nil, unknownAgent(roster, string(id))
	}
	return []*Agent{agent}, nil
}

func resolveGlob(roster *Roster, pattern string) ([]*Agent, error) {
	var agents []*Agent
	for agent := range roster.All() {
		if matched, _ := path.Match(pattern, agent.Hostname); matched {
			agents = append(agents, agent)
		}
	}
	if len(agents) == 0 {
		return nil, &Error{Code: Unknown, Wrong: "no agent's hostname matches `" + pattern + "`", Try: "`/mesos agents` lists every agent"}
	}
	return agents, nil
}

func resolveGroup(roster *Roster, groups map[string]Group, name string) ([]*Agent, error) {
	group, ok := groups[name]
	if !ok {
		return nil, unknownGroup(groups, name)
	}
	var agents []*Agent
	for _, host := range group.Hosts {
		matches, err := resolveOne(roster, nil, Target{Name: host})
		if err != nil && CodeOf(err) != Unknown {
			return nil, err
		}
		agents = append(agents, matches...)
	}
	if len(group.Attributes) > 0 {
		for agent := range roster.All() {
			if hasAll(agent, group.Attributes) {
				agents = append(agents, agent)
			}
		}
	}
	if len(agents) == 0 {
		return nil, &Error{Code: Unknown, Wrong: "no agent of group `@" + name + "` is registered"}
	}
	return agents, nil
}

func unknownGroup(groups map[string]Group, name string) error {
	names := make([]string, 0, len(groups))
	for known := range groups {
		names = append(names, "`@"+known+"`")
	}
	if len(names) == 0 {
		return &Error{Code: Unknown, Wrong: "I know no group `@" + name + "`", Expected: "the configuration has no groups"}
	}
	slices.Sort(names)
	return &Error{Code: Unknown, Wrong: "I know no group `@" + name + "`", Expected: "one of " + strings.Join(names, ", ")}
}

// resolvePrefix accepts the start of exactly one agent ID. The start of a hostname is not accepted, so that a slip of the
// finger withholds nothing.
func resolvePrefix(roster *Roster, prefix string) ([]*Agent, error) {
	byID := roster.WithPrefix(prefix)
	hosts := roster.hostsWithPrefix(prefix)
	switch {
	case len(byID) == 1 && len(hosts) == 0:
		return byID, nil
	case len(byID) == 0 && len(hosts) < 2:
		return nil, unknownAgent(roster, prefix)
	}
	names := hosts
	for _, agent := range byID {
		names = append(names, string(agent.ID))
	}
	return nil, ambiguous(prefix, names, len(byID) == 0)
}

func (r *Roster) hostsWithPrefix(prefix string) []string {
	prefix = strings.ToLower(prefix)
	var hosts []string
	for agent := range r.All() {
		if host := strings.ToLower(agent.Hostname); strings.HasPrefix(host, prefix) {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// ambiguous lists what the start is the start of. A glob is of use where all are hostnames: it does not look at agent IDs.
func ambiguous(prefix string, names []string, glob bool) error {
	shown := names
	more := ""
	if len(shown) > 10 {
		shown, more = shown[:10], fmt.Sprintf(" and %d more", len(names)-10)
	}
	wrong := fmt.Sprintf("`%s` is the start of %d agent names: `%s`%s", prefix, len(names), strings.Join(shown, "`, `"), more)
	try := "Give one in full"
	if glob {
		try += fmt.Sprintf(", or `%s*` for all of them", prefix)
	}
	return &Error{Code: Ambiguous, Wrong: wrong, Try: try}
}

func unknownAgent(roster *Roster, name string) error {
	if departed := roster.departed(name); len(departed) > 0 {
		return notListed(departed[0])
	}
	err := &Error{Code: Unknown, Wrong: "I know no agent `" + name + "` in *" + roster.view.Cluster + "*"}
	err.Try = "`/mesos agents` lists every agent"
	if nearest := roster.Nearest(name, 3); len(nearest) > 0 {
		err.Try = "Nearest: `" + strings.Join(nearest, "`, `") + "`"
	}
	return err
}
