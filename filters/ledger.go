package filters

import "time"

// Hold is where a ledger entry stands.
type Hold string

// The states of a ledger entry. Taking and Releasing are intents, written before the call to the master; Held is ours to
// give back. Free means that the entry is gone: it appears in events only.
const (
	HoldFree      Hold = ""
	HoldTaking    Hold = "taking"
	HoldHeld      Hold = "held"
	HoldReleasing Hold = "releasing"
)

// LedgerEntry is the proof that an agent is ours to give back: what this bot has applied on the master, per agent ID.
// Only the leader writes it, and only through a Commit that carries its term.
type LedgerEntry struct {
	Agent     AgentID     `json:"agent"`
	Hostname  string      `json:"hostname"`
	IP        string      `json:"ip,omitempty"`
	Port      int         `json:"port,omitempty"`
	Backend   Backend     `json:"backend"`
	Mode      Mode        `json:"mode"`
	Hold      Hold        `json:"hold"`
	State     ChangeState `json:"state"`               // accepted or verified, for Held; recorded for intents
	Saw       string      `json:"saw,omitempty"`       // what the last reading showed before the intent: "active", "deactivated", "filtered", ...
	At        time.Time   `json:"at"`                  // when Hold last changed, UTC
	Sent      time.Time   `json:"sent,omitzero"`       // when the call was last sent, UTC; a reading that began later settles it
	Operation string      `json:"operation,omitempty"` // the operation that asked for it
	Subject   string      `json:"subject,omitempty"`
	Term      int64       `json:"term"`
	Adopted   bool        `json:"adopted,omitempty"` // was withheld by somebody else before we took it over
	Losses    int         `json:"losses,omitempty"`  // drifts without a re-registration or failover in between
	Contested bool        `json:"contested,omitempty"`
	// Registered is the agent's Registered at the last write: a loss with another one has a cause that we know.
	Registered time.Time `json:"registered,omitzero"`
	// DrainSent, DownSent and GoneSent say for which filter the call which kills was sent: it is never repeated once a reading
	// shows that it arrived.
	DrainSent string `json:"drain_sent,omitempty"`
	DownSent  string `json:"down_sent,omitempty"`
	GoneSent  string `json:"gone_sent,omitempty"`
	// Ends says that what was sent has the agent leave the cluster for ever: at once, or once it is drained.
	Ends bool `json:"ends,omitempty"`
	// Heard says that what was sent arrived: the master said yes, or a reading showed it.
	Heard bool `json:"heard,omitempty"`
	// Refused is why the master refused the call that kills; empty: it did not.
	Refused string `json:"refused,omitempty"`
	// Drained is when a reading first showed the agent drained for DrainSent, UTC; zero: not yet.
	Drained time.Time `json:"drained,omitzero"`

	Revision int64 `json:"revision"`
}
