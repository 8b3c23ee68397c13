package filters

import (
	"strings"
	"time"
)

// Departed is an agent that one reading listed and a newer one did not: it is unreachable, or has left. Of its attributes only the
// rack is kept, and of its flags none.
type Departed struct {
	Agent Agent     `json:"agent"`
	Since time.Time `json:"since"` // when it was first not listed, UTC
}

// Known returns the agent with the ID, registered or departed; since is when it was first not listed, zero for one that is
// registered. It is nil if nobody remembers the agent.
func (r *Roster) Known(id AgentID) (agent *Agent, since time.Time) {
	if agent := r.Agent(id); agent != nil {
		return agent, time.Time{}
	}
	for i := range r.view.Departed {
		if departed := &r.view.Departed[i]; departed.Agent.ID == id {
			return &departed.Agent, departed.Since
		}
	}
	return nil, time.Time{}
}

// departed returns the departed agents with the hostname or the ID.
func (r *Roster) departed(name string) []*Departed {
	var found []*Departed
	for i := range r.view.Departed {
		departed := &r.view.Departed[i]
		if departed.Agent.ID == AgentID(name) || strings.EqualFold(departed.Agent.Hostname, name) {
			found = append(found, departed)
		}
	}
	return found
}

// ResolveKnown is Resolve that also finds departed agents, by hostname or ID: a hostname means them only where no registered
// agent has it. Where attributes narrow the targets only registered agents are meant. With anyID an agent ID in full stands for
// itself, whether anybody remembers it or not: its agent has the ID as hostname.
func ResolveKnown(roster *Roster, groups map[string]Group, targets []Target, anyID bool) ([]*Agent, error) {
	var departed []*Agent
	var rest []Target
	for _, target := range targets {
		switch found := roster.unlisted(target, anyID); {
		case target.Attribute.Name != "":
			return Resolve(roster, groups, targets)
		case len(found) > 0:
			departed = append(departed, found...)
		default:
			rest = append(rest, target)
		}
	}
	if len(rest) == 0 && len(departed) > 0 {
		return departed, nil
	}
	agents, err := Resolve(roster, groups, rest)
	return append(agents, departed...), err
}

// unlisted returns the agents that the target names and that are not registered; none if a registered one has the name.
func (r *Roster) unlisted(target Target, anyID bool) []*Agent {
	name := target.Name
	if target.Agent != "" {
		name = string(target.Agent)
	}
	if name == "" || r.Agent(AgentID(name)) != nil || len(r.OnHost(name)) > 0 {
		return nil
	}
	var agents []*Agent
	for _, departed := range r.departed(name) {
		agents = append(agents, &departed.Agent)
	}
	if len(agents) == 0 && anyID && looksLikeID(name) {
		agents = append(agents, &Agent{ID: AgentID(name), Hostname: name})
	}
	return agents
}

// notListed is the error about a name that only departed agents have.
func notListed(departed *Departed) error {
	host := departed.Agent.Hostname
	return &Error{
		Code: Unknown, Wrong: "`" + host + "` is not listed by the master since " + departed.Since.UTC().Format("2006-01-02 15:04") + " UTC",
		Expected: "an agent that is registered", Try: "`/mesos status " + host + "` tells more; `/mesos drain " + host + "` and `/mesos gone " + host + "` reach it all the same",
	}
}
