package filters

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// Roster is an index over one View: agents by ID, hostname and prefix. It is immutable and safe for concurrent use.
type Roster struct {
	view   View
	byID   positions
	byHost positions // by lower-case hostname: its first agent
	next   []int32   // by position: the next agent on the same host; 0: none, for no first agent is a next one
	sizes  sync.Map  // by attribute: a map[string]int, see Sizes
}

// NewRoster indexes a view. It sorts the view's agents by ID in place and keeps the view.
func NewRoster(view View) *Roster {
	slices.SortFunc(view.Agents, func(a, b Agent) int { return strings.Compare(string(a.ID), string(b.ID)) })
	count := len(view.Agents)
	roster := &Roster{view: view, byID: newPositions(count), byHost: newPositions(count), next: make([]int32, count)}
	for i := count - 1; i >= 0; i-- {
		*roster.idSlot(view.Agents[i].ID) = int32(i) + 1
		slot := roster.hostSlot(view.Agents[i].Hostname)
		roster.next[i] = max(0, *slot-1)
		*slot = int32(i) + 1
	}
	return roster
}

func (r *Roster) idSlot(id AgentID) *int32 {
	return r.byID.slot(string(id), func(position int32) bool { return r.view.Agents[position].ID == id })
}

func (r *Roster) hostSlot(hostname string) *int32 {
	host := strings.ToLower(hostname)
	return r.byHost.slot(host, func(position int32) bool { return strings.ToLower(r.view.Agents[position].Hostname) == host })
}

// View returns the reading that the roster indexes. The caller must not change it.
func (r *Roster) View() *View { return &r.view }

// AsOf returns when the reading began; zero if there was none yet.
func (r *Roster) AsOf() time.Time { return r.view.Began }

// Len returns the number of registered agents.
func (r *Roster) Len() int { return len(r.view.Agents) }

// Sizes returns how many agents have each value of the attribute; of the empty attribute all agents have the empty value.
// The caller must not change it.
func (r *Roster) Sizes(attribute string) map[string]int {
	if known, ok := r.sizes.Load(attribute); ok {
		return known.(map[string]int)
	}
	sizes := map[string]int{}
	for i := range r.view.Agents {
		if value := r.view.Agents[i].Attribute(attribute); value != "" {
			sizes[value]++
		}
	}
	if attribute == "" {
		sizes[""] = r.Len()
	}
	r.sizes.Store(attribute, sizes)
	return sizes
}

// Agent returns the agent with the ID, nil if the reading did not list it.
func (r *Roster) Agent(id AgentID) *Agent {
	slot := *r.idSlot(id)
	if slot == 0 {
		return nil
	}
	return &r.view.Agents[slot-1]
}

// OnHost returns every agent of the hostname; case does not matter.
func (r *Roster) OnHost(hostname string) []*Agent {
	slot := *r.hostSlot(hostname)
	if slot == 0 {
		return nil
	}
	position := slot - 1
	agents := []*Agent{&r.view.Agents[position]}
	for position = r.next[position]; position != 0; position = r.next[position] {
		agents = append(agents, &r.view.Agents[position])
	}
	return agents
}

// WithPrefix returns the agents whose ID starts with the prefix, by ID.
func (r *Roster) WithPrefix(prefix string) []*Agent {
	var agents []*Agent
	first, _ := slices.BinarySearchFunc(r.view.Agents, prefix, func(a Agent, id string) int { return strings.Compare(string(a.ID), id) })
	for i := first; i < len(r.view.Agents) && strings.HasPrefix(string(r.view.Agents[i].ID), prefix); i++ {
		agents = append(agents, &r.view.Agents[i])
	}
	return agents
}

// All returns every agent, by ID.
func (r *Roster) All() iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		for i := range r.view.Agents {
			if !yield(&r.view.Agents[i]) {
				return
			}
		}
	}
}

// Hostnames returns every hostname once, sorted.
func (r *Roster) Hostnames() []string {
	seen := make(map[string]bool, r.Len())
	names := make([]string, 0, r.Len())
	for agent := range r.All() {
		if !seen[agent.Hostname] {
			seen[agent.Hostname] = true
			names = append(names, agent.Hostname)
		}
	}
	slices.Sort(names)
	return names
}
