package filters

import "time"

// Drain is what a filter of mode drain asks of the master beyond deactivation. It is sent once for each filter (invariant 6):
// what the master lost of it later is deactivated again, never drained again.
type Drain struct {
	// MaxGrace bounds how long the agent's tasks are given to end by themselves; 0: their own kill grace. It has no effect on
	// command tasks by default (FACTS.md, "Calls").
	MaxGrace time.Duration `json:"max_grace,omitempty"`
	// MarkGone has the master forget the agent once it is drained, and its disk with it. It cannot be undone.
	MarkGone bool `json:"mark_gone,omitempty"`
	// Gone marks the agent gone at once, without draining it: MARK_AGENT_GONE.
	Gone bool `json:"gone,omitempty"`
	// By is who asked for it: the filter is a run's, and theirs to end like their own.
	By Owner `json:"by,omitempty"`
}

// Ends tells whether the agent leaves the cluster for ever.
func (d *Drain) Ends() bool { return d != nil && (d.MarkGone || d.Gone) }

// SentFor tells whether what the drain filter asks for was sent to the master, as far as the ledger knows.
func (e *LedgerEntry) SentFor(filter *Filter) bool {
	return filter.ID != "" && (e.DrainSent == filter.ID || e.GoneSent == filter.ID)
}

// Leaving tells whether the agent leaves the cluster for ever by what we sent, which cannot be taken back.
func (e *LedgerEntry) Leaving() bool {
	return e != nil && (e.Ends || e.GoneSent != "") && e.Refused == ""
}

// Draining tells whether the agent is being drained by us, as far as the ledger knows: it is given back after that only.
func (e *LedgerEntry) Draining() bool {
	return e != nil && e.DrainSent != "" && e.GoneSent == "" && e.Refused == "" && e.Drained.IsZero()
}
