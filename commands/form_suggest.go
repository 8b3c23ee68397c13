package commands

import (
	"cmp"
	"slices"
	"strings"

	"cordon/filters"
)

// suggested is the most that is suggested at a time: Slack takes no more.
const suggested = 100

// Suggest lists what may be chosen in the form's field of agents behind what was typed: those whose names begin with it, then
// those that hold it. Of a verb that gives back or extends these are the agents that we withhold, of adopt those that somebody else does. A glob, an attribute or a
// group that names agents is a choice itself. It writes nothing, asks nothing of the outside, and knows no rights: everybody
// may look.
func (b *Bot) Suggest(filled Filled, typed string) []Choice {
	service, verb := b.config.Clusters[filled.Cluster], lexicon[filled.Verb]
	if service == nil || verb == nil || !verb.form {
		return nil
	}
	typed = strings.TrimSpace(typed)
	if verb.name == "adopt" {
		return agentChoices(service, matching(service.Foreigners(), typed))
	}
	if choices := several(service, typed); choices != nil {
		return choices
	}
	if verb.name == "unfilter" || verb.name == "extend" {
		return withheldChoices(service.Filters(), typed)
	}
	return agentChoices(service, matching(service.Hostnames(), typed))
}

// several suggests what is typed itself, where it names several agents at once; nil: it does not.
func several(service Service, typed string) []Choice {
	if !strings.ContainsAny(typed, "*?[@=") {
		return nil
	}
	target, err := filters.ParseTarget(typed)
	if isAttribute(typed) {
		target, err = filters.ParseAttribute(typed)
	}
	if err != nil {
		return nil
	}
	agents, err := service.Agents([]filters.Target{target})
	if err != nil || len(agents) == 0 {
		return nil
	}
	return []Choice{{Text: typed + ": " + Count(len(agents), "agent"), Value: typed}}
}

// matching returns the names that hold what was typed, those that begin with it first.
func matching(names []string, typed string) []string {
	typed = strings.ToLower(typed)
	var beginning, within []string
	for _, name := range names {
		switch strings.Index(strings.ToLower(name), typed) {
		case -1:
		case 0:
			if beginning = append(beginning, name); len(beginning) == suggested {
				return beginning
			}
		default:
			if len(within) < suggested {
				within = append(within, name)
			}
		}
	}
	all := append(beginning, within...)
	return all[:min(len(all), suggested)]
}

// agentChoices says of each agent where it stands and whether it is withheld.
func agentChoices(service Service, names []string) []Choice {
	targets := make([]filters.Target, len(names))
	for i, name := range names {
		targets[i] = filters.Target{Name: name}
	}
	about := map[string]string{}
	if len(targets) > 0 {
		agents, err := service.Agents(targets)
		for i := range agents {
			if err == nil {
				about[agents[i].Agent.Hostname] = agentAbout(&agents[i])
			}
		}
	}
	choices := make([]Choice, len(names))
	for i, name := range names {
		choices[i] = Choice{Text: name, Value: name, About: about[name]}
	}
	return choices
}

func agentAbout(agent *filters.AgentStatus) string {
	var parts []string
	if rack := agent.Agent.Attribute("rack"); rack != "" {
		parts = append(parts, "rack "+rack)
	}
	if agent.Withheld() {
		parts = append(parts, "withheld")
	}
	return strings.Join(parts, " · ")
}

// withheldChoices are the hosts under filters, each with the reason of the newest.
func withheldChoices(standing []filters.Filter, typed string) []Choice {
	reasons := map[string]string{}
	var names []string
	slices.SortStableFunc(standing, func(a, b filters.Filter) int {
		return cmp.Or(strings.Compare(a.Hostname, b.Hostname), b.Created.Compare(a.Created))
	})
	for _, filter := range standing {
		if _, seen := reasons[filter.Hostname]; !seen {
			reasons[filter.Hostname] = filter.Reason
			names = append(names, filter.Hostname)
		}
	}
	var choices []Choice
	for _, name := range matching(names, typed) {
		choices = append(choices, Choice{Text: name, Value: name, About: reasons[name]})
	}
	return choices
}
