package mesos

import (
	"context"
	"time"

	"cordon/filters"
)

// Master is a cluster's master, whichever of its masters leads. Safe for concurrent use.
type Master struct {
	config Config
}

// New returns a Master. It connects to nothing yet; its errors are about the configuration (code Invalid).
func New(config Config) (*Master, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	return &Master{config: config}, nil
}

// Run keeps up what every replica needs until ctx ends: it watches ZooKeeper, if that names the masters, and reads the
// agents at start and whenever the newest reading is older than FollowerReadEvery. It returns ctx's error.
func (m *Master) Run(ctx context.Context) error { panic("being written") }

// Lead subscribes to the leading master's events until ctx ends, and again after each break: for the leader only, beside
// Run. Events keep the task counts and the roster's membership up to date and nudge Changes. It returns ctx's error.
func (m *Master) Lead(ctx context.Context) error { panic("being written") }

// Close closes idle connections. Call it after Run and Lead have returned.
func (m *Master) Close() {}

// Read returns a complete reading of the cluster that began after the call. One full reading runs at a time and begins
// FullReadEvery after the one before, or at once after a failover; callers who wait share it. The view and everything in
// it must not be changed.
func (m *Master) Read(ctx context.Context) (filters.View, error) { panic("being written") }

// ReadOne reads one agent, cheaply: GET /slaves?slave_id=ID on the operator backend, the module's list on the allocator
// backend, beside the newest reading. That an agent is not listed proves nothing (invariant 9).
func (m *Master) ReadOne(ctx context.Context, id filters.AgentID) (agent filters.Agent, listed bool, err error) {
	panic("being written")
}

// Take withholds the agent: DEACTIVATE_AGENT, or a POST to the module. It is idempotent. Errors are filters.Errors:
// Unknown (no such agent), Denied, Unavailable (surely not done), Unconfirmed (sent, outcome unknown) and Invalid (the
// master refused, with its words).
func (m *Master) Take(ctx context.Context, agent filters.Agent) error { panic("being written") }

// Give gives the agent back: REACTIVATE_AGENT, or a DELETE to the module. An agent that is not withheld is given back
// already. Errors are as Take's; an agent that is being drained is Invalid.
func (m *Master) Give(ctx context.Context, agent filters.Agent) error { panic("being written") }

// Changes gets a value, coalesced, when the reconciler should look: agents came or went, the events are back after a
// break, another master leads.
func (m *Master) Changes() <-chan struct{} { panic("being written") }

// Epoch returns the leading master as host:port, and how many failovers this replica saw: it grows when another master
// leads, or the same one after a restart.
func (m *Master) Epoch() (leader string, failovers int) { panic("being written") }

// Roster returns the newest index of agents; never nil, empty before the first reading.
func (m *Master) Roster() *filters.Roster { panic("being written") }

// Tasks returns how many tasks run on the agent, by framework name; false if this replica has no events.
func (m *Master) Tasks(agent filters.AgentID) (map[string]int, bool) { panic("being written") }

// Condition tells how the master is.
func (m *Master) Condition() filters.Condition { panic("being written") }

// Published returns what followers need of the leader, as compact JSON for Overlay.
func (m *Master) Published() []byte { panic("being written") }

// Overlay takes what the leader published: its condition, and the flags of agents if they are newer than this replica's
// own reading. It ignores anything older than what it has, and everything while Lead runs.
func (m *Master) Overlay(published []byte) error { panic("being written") }

// ReregistrationTimeout returns the master's agent_reregister_timeout: how long after a failover agents may take to come
// back. 10 minutes, Mesos's default, if the master does not tell.
func (m *Master) ReregistrationTimeout(ctx context.Context) time.Duration { panic("being written") }
