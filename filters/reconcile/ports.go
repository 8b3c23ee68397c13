package reconcile

import (
	"context"
	"time"

	"cordon/filters"
)

// Master is the hand on one cluster's master. Errors are filters.Errors: Unknown (no such agent), Denied, Unavailable
// (surely not done), Unconfirmed (sent, answer lost) and Invalid (the master refused, with its words). Implemented by
// filters/mesos; safe for concurrent use.
type Master interface {
	// Read returns a complete reading that began after the call. It may wait for its turn.
	Read(ctx context.Context) (filters.View, error)
	// Urge has the reading that Read waits for, or the next one, begin before its turn, as far as the master's load allows.
	Urge()
	// ReadOne reads one agent. That it is not listed proves nothing (invariant 9).
	ReadOne(ctx context.Context, id filters.AgentID) (agent filters.Agent, listed bool, err error)
	// Take withholds the agent; idempotent.
	Take(ctx context.Context, agent filters.Agent) error
	// Give gives the agent back; one that is not withheld is given back already.
	Give(ctx context.Context, agent filters.Agent) error
	// Drain asks the master to kill what runs on the agent, and to keep new tasks away: it begins a drain, or marks the agent
	// gone. Not idempotent: a drain that is sent again begins anew.
	Drain(ctx context.Context, agent filters.Agent, drain filters.Drain) error
	// Changes gets a value, coalesced, when agents came or went or another master leads.
	Changes() <-chan struct{}
	// Epoch returns the leading master as host:port and how many failovers were seen.
	Epoch() (leader string, failovers int)
	// Roster is the newest index of agents, never nil. A reading is in it when Read returns; what events told since may be
	// in it too, dated as the reading before them.
	Roster() *filters.Roster
}

// Recorder is the durable state. Its errors are filters.Errors, see filters.Store. Implemented by package store; safe for
// concurrent use.
type Recorder interface {
	Commit(ctx context.Context, commit filters.Commit) (filters.Receipt, error)
	// Now is Redis TIME, UTC.
	Now() time.Time
	// Publish replaces what followers know of the leader's view.
	Publish(ctx context.Context, term int64, view []byte) error
}

// Meter is told what the loop does, for metrics. Every field may be nil; they are called from the loop and must not
// block.
type Meter struct {
	// Pass is told of each pass: how long the difference took and how many changes it found.
	Pass func(took time.Duration, changes int)
	// Lag is told, at each pass, how long the oldest change that is not verified has been recorded; 0: none is pending.
	Lag func(time.Duration)
	// Drift is told of each agent that was found otherwise than we left it: lost, contested, foreign, missing.
	Drift func(kind filters.Kind)
	// Call is told of each call to the master: take, give or look, and the code of its error, empty if there was none.
	Call func(verb string, code filters.Code, took time.Duration)
}

func (m *Meter) pass(took time.Duration, changes int) {
	if m.Pass != nil {
		m.Pass(took, changes)
	}
}

func (m *Meter) lag(oldest time.Duration) {
	if m.Lag != nil {
		m.Lag(oldest)
	}
}

func (m *Meter) drift(kind filters.Kind) {
	if m.Drift != nil {
		m.Drift(kind)
	}
}

func (m *Meter) call(verb string, err error, took time.Duration) {
	if m.Call == nil {
		return
	}
	var code filters.Code
	if err != nil {
		code = filters.CodeOf(err)
	}
	m.Call(verb, code, took)
}
