package filters

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mode is what a filter does to its agent. Modes are ordered: what an agent gets is the strongest active one.
type Mode string

// The modes, from weakest to strongest.
const (
	ModeSchedule Mode = "schedule" // unavailability announced through the maintenance schedule
	ModeFilter   Mode = "filter"   // no new offers
	ModeDrain    Mode = "drain"    // no new offers, and tasks are killed gracefully
	ModeDown     Mode = "down"     // machine down
)

// Strength orders modes; a mode that is not known has strength 0.
func (m Mode) Strength() int {
	switch m {
	case ModeSchedule:
		return 1
	case ModeFilter:
		return 2
	case ModeDrain:
		return 3
	case ModeDown:
		return 4
	}
	return 0
}

// Owner says who placed a filter: `user:U123`, `window:NAME/START`, `run:ID` or `api:TOKEN`.
type Owner string

// Kind returns the part before the colon: user, window, run or api.
func (o Owner) Kind() string { kind, _, _ := strings.Cut(string(o), ":"); return kind }

// Name returns the part after the colon.
func (o Owner) Name() string { _, name, _ := strings.Cut(string(o), ":"); return name }

// Filter is one owner's recorded wish that an agent be withheld. It is keyed by owner, agent and mode (see Key): the
// same owner asking again changes the filter that stands. A filter that was ended stays as it is, with Ended set, until
// the reconciler has settled what follows from it; then it leaves the store, and the journal is its history.
type Filter struct {
	ID        string      `json:"id"`
	Agent     AgentID     `json:"agent"`
	Hostname  string      `json:"hostname"`
	IP        string      `json:"ip,omitempty"`
	Port      int         `json:"port,omitempty"`
	Rack      string      `json:"rack,omitempty"`
	Owner     Owner       `json:"owner"`
	Mode      Mode        `json:"mode"`
	Reason    string      `json:"reason,omitempty"` // as typed: text from people, inert at every edge
	Created   time.Time   `json:"created"`          // UTC, Redis TIME to the millisecond as nearly as the asker knew it
	Until     time.Time   `json:"until,omitzero"`   // UTC; zero: no end
	Subject   string      `json:"subject"`          // the request whose root message tells of this filter
	Operation string      `json:"operation"`        // the operation that placed or last changed it
	State     ChangeState `json:"state"`            // how far its placing has come
	Nagged    time.Time   `json:"nagged,omitzero"`  // when the channel was last reminded that it has no end
	Missing   time.Time   `json:"missing,omitzero"` // when the agent was found to be in no list of the master; zero: it is there

	// Drain is what a filter of mode drain asks for. One of mode filter that a manual drain placed says by it who asked; nil for
	// every other filter.
	Drain *Drain `json:"drain,omitempty"`

	// Adopt says that the agent was withheld by somebody else and is to become ours as it is.
	Adopt bool `json:"adopt,omitempty"`

	Ended        time.Time `json:"ended,omitzero"` // UTC; zero: stands
	EndedBy      string    `json:"ended_by,omitempty"`
	EndCause     string    `json:"end_cause,omitempty"` // one of the Cause constants
	EndOperation string    `json:"end_operation,omitempty"`

	// Revision counts the stored versions: 0 is not stored yet. The store refuses a write whose revision is not the
	// stored one, and stores it with the next.
	Revision int64 `json:"revision"`
	// Replaces is the ID of the ended filter whose place a new one with the same key takes. It is not stored.
	Replaces string `json:"-"`
}

// Causes say why something happened, in journal entries and ended filters.
const (
	CauseCommand  = "command"
	CauseClick    = "click"
	CauseAPI      = "api"
	CauseExpiry   = "expiry"
	CauseRepair   = "repair"
	CauseAnswer   = "answer"
	CauseFailover = "failover"
	CauseLeader   = "leader"
	CauseObserved = "observed"
	CauseWindow   = "window"
	CauseRun      = "run"
	CauseGone     = "gone"
	CauseApproval = "approval"

	CauseMaintenance = "maintenance" // a machine was taken down by our word
)

// FilterKey identifies a filter: one owner has at most one filter of a mode on an agent.
type FilterKey struct {
	Agent AgentID
	Mode  Mode
	Owner Owner
}

// Key returns the filter's key.
func (f *Filter) Key() FilterKey { return FilterKey{f.Agent, f.Mode, f.Owner} }

// String renders the key as the store's field name. Agent IDs and modes hold no space.
func (k FilterKey) String() string { return fmt.Sprintf("%s %s %s", k.Agent, k.Mode, k.Owner) }

// Stands tells whether the filter has not been ended. One past its Until stands until its expiry is recorded.
func (f *Filter) Stands() bool { return f.Ended.IsZero() }

// Expired tells whether the filter's end has come at now.
func (f *Filter) Expired(now time.Time) bool { return !f.Until.IsZero() && !now.Before(f.Until) }

// ChangeState tells how far a change has come: recorded (durable here), accepted (the master said yes), verified (a
// reading that began later shows it), failed (the master refused).
type ChangeState string

// The states of a change.
const (
	StateAsked    ChangeState = "asked" // an approval is awaited: nothing was changed yet
	StateRecorded ChangeState = "recorded"
	StateAccepted ChangeState = "accepted"
	StateVerified ChangeState = "verified"
	StateFailed   ChangeState = "failed"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// DerivedID returns an ID of eight letters made from the parts: the same parts give the same ID, so that a repeated
// request names the same things. The prefix says what it is the ID of.
func DerivedID(prefix string, parts ...string) string {
	var room [256]byte
	text := room[:0]
	for _, part := range parts {
		text = append(strconv.AppendInt(text, int64(len(part)), 10), ':')
		text = append(text, part...)
	}
	hash := sha256.Sum256(text)
	return prefix + idEncoding.EncodeToString(hash[:5])
}

// RandomID returns a fresh ID of sixteen letters behind the prefix.
func RandomID(prefix string) string {
	var bytes [10]byte
	rand.Read(bytes[:])
	return prefix + idEncoding.EncodeToString(bytes[:])
}
