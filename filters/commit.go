package filters

import (
	"context"
	"slices"
	"time"
)

// Commit is one change of the durable state: everything in it happens, with its journal entries, in one script, or
// nothing does. A commit of more than 500 records is cut by the store into chunks; filters of all but the last are not
// active before the last is written.
type Commit struct {
	// Request is the request key (CONTRACTS.md, "Request keys"); a commit whose key was used already changes nothing and
	// returns the first one's receipt. Empty: not guarded.
	Request string
	// Message is what a click was made on, as CHANNEL/TIMESTAMP, for entries that name none.
	Message string
	// Deadline is when the store refuses the write by its own clock (UTC); zero: none. What was reported as failed
	// because of it cannot happen later.
	Deadline time.Time
	// Term fences a leader's write: a lower one than the stored term is refused with ErrStale. 0: not a leader's write.
	Term int64
	// Limits are checked over everybody's filters as they would be afterwards; nil: not checked.
	Limits *Limits
	// Starts says that the commit begins something new: refused with Frozen while a freeze stands.
	Starts bool
	// Gives says that its records are an intent to give something back: refused with Locked while a lock stands, as an intent
	// in the ledger is.
	Gives bool

	Filters   []Filter      // written as given: Revision must be the stored one (0: must not exist)
	Settled   []Filter      // ended filters that leave the store
	Ledger    []LedgerEntry // Hold Free removes; needs Term
	Questions []Question
	Records   []Record // Removed removes
	Freeze    *Freeze
	Thaw      bool
	Unlock    bool // sets a new epoch and removes the lock
	Lock      *Lock

	// Events are written in order; ID and At are the store's to give.
	Events []Event
	// Answer is kept for a day under the request key, for a repeated delivery.
	Answer []byte
}

// PutFilter adds a filter as it shall be, its Revision the stored one (0: new), with the entry that tells of it.
func (c *Commit) PutFilter(filter Filter, event Event) {
	c.Filters = append(c.Filters, filter)
	filter.Revision++
	filter.Replaces = ""
	event.Agent, event.Filter = filter.Agent, &filter
	if event.Subject == "" {
		event.Subject = filter.Subject
	}
	c.Events = append(c.Events, event)
}

// SettleFilter takes an ended filter out of the store, with the entry that tells what became of it.
func (c *Commit) SettleFilter(filter Filter, event Event) {
	c.Settled = append(c.Settled, filter)
	event.Agent, event.Filter, event.Settled = filter.Agent, &filter, true
	if event.Subject == "" {
		event.Subject = filter.Subject
	}
	c.Events = append(c.Events, event)
}

// PutLedger adds a ledger entry as it shall be, its Revision the stored one; Hold Free removes it.
func (c *Commit) PutLedger(entry LedgerEntry, event Event) {
	c.Ledger = append(c.Ledger, entry)
	entry.Revision++
	event.Agent, event.Ledger, event.Host = entry.Agent, &entry, entry.Hostname
	c.Events = append(c.Events, event)
}

// PutQuestion adds a question as it shall be, its Revision the stored one; one that is Done leaves the store.
func (c *Commit) PutQuestion(question Question, event Event) {
	c.Questions = append(c.Questions, question)
	question.Revision++
	event.Subject, event.Question = question.Subject, &question
	c.Events = append(c.Events, event)
}

// Limits are the most distinct agents that may be under filters, of all owners together, after a commit.
type Limits struct {
	Cluster int            // 0: no limit
	Racks   map[string]int // of each rack that the commit adds to; a rack that is not named has no limit
}

// Receipt says what a commit did.
type Receipt struct {
	Repeated bool // the request key was used before: nothing was changed now
	At       time.Time
	Answer   []byte  // the first commit's
	Events   []Event // as written now, with IDs; empty if Repeated
}

// State is everything durable of a cluster at one journal position.
type State struct {
	Position  string // the ID of the newest journal entry it includes
	Epoch     string
	Filters   []Filter
	Ledger    []LedgerEntry
	Questions []Question
	Records   []Record
	Freeze    *Freeze
	Lock      *Lock
}

// Store is what Service needs of the durable state. Its errors are Errors: Conflict for a revision that is not the
// stored one, Limited with the numbers, Frozen, Unavailable if surely nothing was written, Unconfirmed if the answer was
// lost. Implemented by package store; safe for concurrent use.
type Store interface {
	Commit(ctx context.Context, commit Commit) (Receipt, error)
	// Receipt returns what the request key did, and false if it did nothing.
	Receipt(ctx context.Context, key string) (Receipt, bool, error)
	// Load reads the whole state.
	Load(ctx context.Context) (State, error)
	// History returns the newest journal entries that match, newest first. Where it looked no further back than an entry, a
	// *LookedBack comes with what it found.
	History(ctx context.Context, query HistoryQuery) ([]Event, error)
	// Now is Redis TIME, UTC, kept up from the last answer without a round trip.
	Now() time.Time
	// Progress tells how far an operation has come: how many of its changes reached each state.
	Progress(ctx context.Context, operation string) (Progress, error)
}

// HistoryQuery selects journal entries; zero fields match all.
type HistoryQuery struct {
	Agents  []AgentID
	Hosts   []string // or about agents of these names, whatever ID they had then
	Subject string
	By      string // an actor, and what it stands at the beginning of behind a slash: a window and its occurrences
	// Kinds are those that are meant; with Verb also what was refused of it, and, of drain, filters and runs that drain.
	Kinds        []Kind
	Outcomes     []string // of entries of these kinds
	Verb         Verb
	Since, Until time.Time
	Before       string // an entry's ID: only older ones
	Most         int    // 0: 20; at most 1000
}

// Progress counts the changes of one operation by the state that they reached: the counts are cumulative, so every
// verified change was counted as recorded too. A change that another superseded counts as verified.
type Progress struct {
	Operation string `json:"operation"`
	Recorded  int    `json:"recorded"`
	Accepted  int    `json:"accepted"`
	Verified  int    `json:"verified"`
	Failed    int    `json:"failed"`
}

// State is the state of the operation as a whole: the least advanced of its changes; failed if any failed and none is
// pending. An operation that is not known has the empty state.
func (p Progress) State() ChangeState {
	switch {
	case p.Recorded == 0:
		return ""
	case p.Verified >= p.Recorded:
		return StateVerified
	case p.Failed > 0 && p.Failed+p.Verified >= p.Recorded:
		return StateFailed
	case p.Accepted >= p.Recorded:
		return StateAccepted
	}
	return StateRecorded
}

// Cluster is what Service knows of the cluster itself. Implemented by filters/mesos; safe for concurrent use.
type Cluster interface {
	// Roster is the newest index of agents; never nil, empty before the first reading.
	Roster() *Roster
	// Tasks returns how many tasks run on the agent, by framework name, and false if this replica does not know.
	Tasks(agent AgentID) (map[string]int, bool)
	// Condition tells how the master is.
	Condition() Condition
}

// Condition is how a cluster's master is, as this replica knows it.
type Condition struct {
	Leader        string    `json:"leader,omitempty"` // host:port of the leading master; empty: none known
	Version       string    `json:"version,omitempty"`
	Backend       Backend   `json:"backend,omitempty"`
	BackendReason string    `json:"backend_reason,omitempty"` // why it was chosen, in a phrase: "Mesos 1.12 has it"
	Heard         time.Time `json:"heard,omitzero"`           // the last heartbeat, or reading where there are no events, UTC
	Read          time.Time `json:"read,omitzero"`            // when the newest full reading began
	Trouble       string    `json:"trouble,omitempty"`        // what is wrong, in a phrase; empty: nothing
}

// Verb is what a plan does, in the command language's own words.
type Verb string

// The verbs that change something, and the one for all that only look.
const (
	VerbLook     Verb = "look"
	VerbFilter   Verb = "filter"
	VerbUnfilter Verb = "unfilter"
	VerbRelease  Verb = "release"
	VerbExtend   Verb = "extend"
	VerbAdopt    Verb = "adopt"
	VerbFreeze   Verb = "freeze"
	VerbThaw     Verb = "thaw"
	VerbAnswer   Verb = "answer"
	VerbApprove  Verb = "approve" // others' plans are approved or denied
	VerbUnlock   Verb = "unlock"
	VerbDrain    Verb = "drain"  // tasks are killed gracefully, and cannot be kept
	VerbGone     Verb = "gone"   // agents leave for ever
	VerbWindow   Verb = "window" // windows are made, changed, paused, skipped, removed; or open and close
	VerbRun      Verb = "run"    // runs are started, paused, aborted, confirmed; or go on

	VerbMaintenance Verb = "maintenance" // machines are scheduled, taken down, brought up, cancelled
)

// Actor is who asks.
type Actor struct {
	// ID is `user:U123` for a person in Slack, `api:NAME` for a token, `bot:REPLICA` for the bot itself.
	ID string
	// User is the Slack user that the actor counts as (U…); empty for a token of a robot and for the bot.
	User string
	// Role is the right that a token carries by itself ("operator"); empty for people: their rights are looked up.
	Role string
	// Team is the Slack workspace the request came from.
	Team string
	// Zone is the actor's time zone, for reading and answering times; nil: UTC.
	Zone *time.Location
}

// Owner returns the owner of filters that the actor places.
func (a Actor) Owner() Owner { return Owner(a.ID) }

// Location returns the actor's time zone, UTC if none is known. The names that Slack has for UTC are UTC.
func (a Actor) Location() *time.Location {
	if a.Zone == nil || slices.Contains([]string{"Etc/UTC", "Etc/UCT", "Etc/GMT", "Etc/Universal", "Etc/Zulu"}, a.Zone.String()) {
		return time.UTC
	}
	return a.Zone
}
