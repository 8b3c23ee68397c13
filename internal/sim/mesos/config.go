package mesos

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Config describes the cluster to simulate. Durations that are zero take the
// defaults of real Mesos, as noted.
type Config struct {
	// Agents are the hosts that run an agent from the start.
	Agents []AgentConfig
	// Masters are listen addresses such as "127.0.0.1:0"; the first one leads
	// at the start, the others stand by. None: one on a free port. An empty
	// address is a master without a socket, asked through Cluster.Handler.
	Masters []string
	// AgentSockets makes agents' own API answer on sockets of 127.0.0.1, which
	// Cluster.AgentURLs tells.
	AgentSockets bool
	// AgentsListen makes it answer where the masters say that the agents are: at
	// their IPs, which must be loopback addresses such as 127.0.1.1, and their
	// ports; a port that is 0 is a free one. A system that has 127.0.0.1 alone
	// (macOS) gives agents that.
	AgentsListen bool
	// Allocator loads the offer-filter allocator module: /allocator/filters.
	Allocator bool
	// Version is what masters and agents say they are; "" is 1.12.0. Masters
	// before 1.9 do not know DEACTIVATE_AGENT and its kin, masters before 1.0
	// have no v1 API; answers are otherwise those of 1.12.
	Version string
	// Frameworks launch apps; none: one called marathon. The first one is meant
	// where none is named.
	Frameworks []FrameworkConfig
	// Quotas are the roles' quotas. They are told and bind nobody.
	Quotas []QuotaConfig
	// Logger receives what the cluster does; nil is silence.
	Logger *slog.Logger
	// Credentials are the principals and their secrets; empty: no
	// authentication.
	Credentials map[string]string
	// Onlookers are principals whom the ACLs forbid every change.
	Onlookers []string

	// HeartbeatInterval is the pause between heartbeats of an event stream (15 s).
	HeartbeatInterval time.Duration
	// AllocationInterval is how often resources are offered (1 s).
	AllocationInterval time.Duration
	// OfferHold is how long the framework keeps an offer before it answers
	// (100 ms). A task can start from an offer held, whatever happened to the
	// agent meanwhile, unless the master rescinded it.
	OfferHold time.Duration
	// TaskStart is how long a task takes from its launch to running (250 ms).
	TaskStart time.Duration
	// TaskEnd is how long a task takes to end when it is told to, and an agent
	// without tasks to be drained (200 ms).
	TaskEnd time.Duration
	// AgentRestart is how long an agent's process is away when it restarts (2 s).
	AgentRestart time.Duration
	// AgentTimeout is how long a lost agent's pings may fail before it is
	// unreachable (75 s).
	AgentTimeout time.Duration
	// Election is how long a dead leader is still taken for the leader (2.4 s).
	Election time.Duration
	// Recovery is how long a new leader reads its registry (100 ms).
	Recovery time.Duration
	// RegistryTimeout is how long a leader waits for a registry that lost its
	// quorum before it aborts (20 s).
	RegistryTimeout time.Duration
	// Reregistration is the time over which the agents come back to a new
	// leader (500 ms), the first ones at once.
	Reregistration time.Duration
	// ReregistrationTimeout is how long a new leader waits for an agent before
	// it is unreachable (10 min).
	ReregistrationTimeout time.Duration
}

// VolumeConfig describes a persistent volume: a part of an agent's disk, reserved
// dynamically for a role.
type VolumeConfig struct {
	ID, Role, Principal string
	DiskMB              float64
}

// QuotaConfig is the quota of a role. What is 0 is neither guaranteed nor limited.
type QuotaConfig struct {
	Role             string
	Guarantee, Limit Amounts
}

// Amounts are amounts of resources.
type Amounts struct{ CPUs, MemMB, DiskMB, GPUs float64 }

// AgentConfig describes a host that runs an agent.
type AgentConfig struct {
	Hostname   string            // must be unique
	IP         string            // "" is 127.0.0.1
	Port       int               // 0 is 5051
	Attributes map[string]string // text attributes, printed in the order of their names
	CPUs       float64           // 0 is 4
	MemMB      float64           // 0 is 2048
	DiskMB     float64           // 0 is 4096
	GPUs       float64           // 0 is none
	// Volumes are persistent volumes on its disk, each reserved for a role. Nobody is
	// offered them.
	Volumes []VolumeConfig
	// Undrainable agents are of before Mesos 1.9: they lack the capability AGENT_DRAINING.
	Undrainable bool
}

// FrameworkConfig describes a framework.
type FrameworkConfig struct {
	Name          string // must be unique
	Role          string // that it asks resources for; "" is *
	Principal     string // "" is none
	InverseOffers InverseAnswer
}

// InverseAnswer is what a framework says to the inverse offers of machines that
// are to go away.
type InverseAnswer int

// The answers (recordings maint-05, maint-06); one that ignores them is not
// mentioned by GET_MAINTENANCE_STATUS.
const (
	Accepts InverseAnswer = iota
	Declines
	Ignores
)

func (f FrameworkConfig) withDefaults() FrameworkConfig {
	f.Role = cmp.Or(f.Role, anyRole)
	return f
}

func (c Config) withDefaults() Config {
	c.Version = cmp.Or(c.Version, "1.12.0")
	c.Frameworks = slices.Clone(c.Frameworks)
	if len(c.Frameworks) == 0 {
		c.Frameworks = []FrameworkConfig{{Name: "marathon"}}
	}
	for i := range c.Frameworks {
		c.Frameworks[i] = c.Frameworks[i].withDefaults()
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	c.HeartbeatInterval = cmp.Or(c.HeartbeatInterval, 15*time.Second)
	c.AllocationInterval = cmp.Or(c.AllocationInterval, time.Second)
	c.OfferHold = cmp.Or(c.OfferHold, 100*time.Millisecond)
	c.TaskStart = cmp.Or(c.TaskStart, 250*time.Millisecond)
	c.TaskEnd = cmp.Or(c.TaskEnd, 200*time.Millisecond)
	c.AgentRestart = cmp.Or(c.AgentRestart, 2*time.Second)
	c.AgentTimeout = cmp.Or(c.AgentTimeout, 75*time.Second)
	c.Election = cmp.Or(c.Election, 2400*time.Millisecond)
	c.Recovery = cmp.Or(c.Recovery, 100*time.Millisecond)
	c.RegistryTimeout = cmp.Or(c.RegistryTimeout, 20*time.Second)
	c.Reregistration = cmp.Or(c.Reregistration, 500*time.Millisecond)
	c.ReregistrationTimeout = cmp.Or(c.ReregistrationTimeout, 10*time.Minute)
	if len(c.Masters) == 0 {
		c.Masters = []string{"127.0.0.1:0"}
	}
	return c
}

func (a AgentConfig) withDefaults() AgentConfig {
	a.IP = cmp.Or(a.IP, "127.0.0.1")
	a.Port = cmp.Or(a.Port, 5051)
	a.CPUs = cmp.Or(a.CPUs, 4)
	a.MemMB = cmp.Or(a.MemMB, 2048)
	a.DiskMB = cmp.Or(a.DiskMB, 4096)
	return a
}

func (c Config) validate() error {
	hostnames := make(map[string]bool, len(c.Agents))
	for i, agent := range c.Agents {
		switch {
		case agent.Hostname == "":
			return fmt.Errorf("agent %d has no hostname", i)
		case hostnames[agent.Hostname]:
			return fmt.Errorf("agent %s is configured twice", agent.Hostname)
		}
		hostnames[agent.Hostname] = true
	}
	names := make(map[string]bool, len(c.Frameworks))
	for i, framework := range c.Frameworks {
		if framework.Name == "" || names[framework.Name] {
			return fmt.Errorf("framework %d needs a name of its own, not %q", i, framework.Name)
		}
		names[framework.Name] = true
	}
	return nil
}
