package filters

import (
	"slices"
	"strings"
	"time"
)

// AgentID is the ID that the master gave an agent. It survives restarts of agent and master; it changes when the agent
// unregisters or loses its work directory (FACTS.md, "Deactivation and draining").
type AgentID string

// Attribute is one attribute of an agent, its value as text whatever its Mesos type.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RackAttribute is the attribute that limits and blast radius count by.
const RackAttribute = "rack"

// Resources is what an agent has in all: CPUs and GPUs in units, memory and disk in mebibytes.
type Resources struct {
	CPUs   float64 `json:"cpus"`
	GPUs   float64 `json:"gpus,omitempty"`
	MemMB  float64 `json:"mem"`
	DiskMB float64 `json:"disk,omitempty"`
}

// Add returns the sum of both.
func (r Resources) Add(other Resources) Resources {
	return Resources{r.CPUs + other.CPUs, r.GPUs + other.GPUs, r.MemMB + other.MemMB, r.DiskMB + other.DiskMB}
}

// Sub returns what is left of r without other, of no resource less than nothing.
func (r Resources) Sub(other Resources) Resources {
	return Resources{max(0, r.CPUs-other.CPUs), max(0, r.GPUs-other.GPUs), max(0, r.MemMB-other.MemMB), max(0, r.DiskMB-other.DiskMB)}
}

// resourceDust is below what Mesos tells apart: three decimals.
const resourceDust = 0.0005

// Covers tells whether r has at least as much of every resource as other.
func (r Resources) Covers(other Resources) bool {
	return r.CPUs+resourceDust > other.CPUs && r.GPUs+resourceDust > other.GPUs && r.MemMB+resourceDust > other.MemMB && r.DiskMB+resourceDust > other.DiskMB
}

// DrainState is the state of a drain as the master tells it in drain_info.
type DrainState string

// The states of a drain; an agent that is not drained has NotDraining.
const (
	NotDraining DrainState = ""
	Draining    DrainState = "DRAINING"
	Drained     DrainState = "DRAINED"
)

// Agent is a Mesos agent as one reading of the master showed it.
type Agent struct {
	ID         AgentID     `json:"id"`
	Hostname   string      `json:"hostname"`
	IP         string      `json:"ip,omitempty"`
	Port       int         `json:"port,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"` // sorted by name
	Resources  Resources   `json:"resources"`

	// Allocated is what tasks and executors hold of the resources; nil: nothing. Agents share it: it must not be changed.
	Allocated *Resources `json:"allocated,omitempty"`
	// Claims are what roles hold of the agent; nil: nothing beyond what tasks of the role * use. It must not be changed.
	Claims *Claims `json:"claims,omitempty"`

	// Active is the master's `active`: connected and given offers, as far as the master knows.
	Active bool `json:"active"`
	// Deactivated is the master's `deactivated`. Neither active nor deactivated means disconnected.
	Deactivated bool `json:"deactivated,omitempty"`
	// Filtered is set if the allocator module's list holds the agent; on the operator backend it is always false.
	Filtered bool `json:"filtered,omitempty"`
	// Undrainable is set if the agent's process told its capabilities and AGENT_DRAINING is none of them: it is older than Mesos 1.9.
	Undrainable bool `json:"undrainable,omitempty"`
	// Registered is when the agent last registered, or registered again, by the master's clock; zero if the master does not
	// tell. It changes with every restart of the agent and every failover of the master.
	Registered time.Time `json:"registered,omitzero"`
	// Drain is the state of the agent's drain.
	Drain DrainState `json:"drain,omitempty"`
}

// Attribute returns the value of the named attribute, or the empty string.
func (a *Agent) Attribute(name string) string {
	i, found := slices.BinarySearchFunc(a.Attributes, name, func(at Attribute, name string) int {
		return strings.Compare(at.Name, name)
	})
	if !found {
		return ""
	}
	return a.Attributes[i].Value
}

// Rack returns the agent's rack, or the empty string.
func (a *Agent) Rack() string { return a.Attribute(RackAttribute) }

// Connected tells whether the agent's process is known to be connected. Of a deactivated agent the master's answer does
// not tell (GET_AGENTS: `active:false, deactivated:true` either way), so it counts as connected.
func (a *Agent) Connected() bool { return a.Active || a.Deactivated }

// Withheld tells whether the agent gets no offers by way of the given backend. The module's list names disconnected and
// deactivated agents too, so there it counts only for agents that are connected and not deactivated (invariant 10).
func (a *Agent) Withheld(backend Backend) bool {
	if backend == BackendAllocator {
		return a.Filtered && a.Active && !a.Deactivated
	}
	return a.Deactivated
}

// Foreign tells whether the agent is withheld, by whatever means, as the reading shows it.
func (a *Agent) Foreign(backend Backend) bool { return a.Deactivated || a.Withheld(backend) }

// Backend is how a filter reaches a cluster.
type Backend string

// The backends: the master's v1 operator API (Mesos 1.9 or later), or the offer-filter allocator module.
const (
	BackendOperator  Backend = "operator"
	BackendAllocator Backend = "allocator"
)

// View is one complete reading of a cluster. What it does not list was not there when it was read.
type View struct {
	Cluster string // the cluster's name in the configuration
	// Began is when the reading was sent and Ended when it was complete: a reading settles only what was sent to the
	// master before it began. Both are readings of the local clock, in UTC.
	Began, Ended time.Time
	// Leader is the master that answered, as host:port.
	Leader  string
	Backend Backend
	Agents  []Agent
	// Recovered are agents that the master knows from its registry and that have not registered again since a failover;
	// they come without flags.
	Recovered []Agent
	// Departed are agents that an earlier reading listed and this one does not, the newest first.
	Departed []Departed
}
