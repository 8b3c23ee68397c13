package filters

import "time"

// Kind is the kind of a journal entry. The list is closed: a kind that is not here is not written.
type Kind string

// The kinds of journal entries.
const (
	KindFilter    Kind = "filter"    // a filter was placed
	KindExtend    Kind = "extend"    // its end was moved, or its reason changed
	KindRelease   Kind = "release"   // somebody ended it
	KindExpire    Kind = "expire"    // its end came
	KindAdopt     Kind = "adopt"     // a foreign deactivation became ours, with a filter
	KindMove      Kind = "move"      // a filter followed its host to a new agent ID
	KindNag       Kind = "nag"       // a filter without an end was brought to mind
	KindTaking    Kind = "taking"    // the leader is about to withhold the agent
	KindTook      Kind = "took"      // outcome of withholding: accepted, verified or failed
	KindReleasing Kind = "releasing" // the leader is about to give the agent back
	KindGave      Kind = "gave"      // outcome of giving back: accepted, verified or failed
	KindDraining  Kind = "draining"  // the leader is about to drain the agent, or mark it gone
	KindDrained   Kind = "drained"   // nothing runs on the agent any more
	KindGone      Kind = "gone"      // the agent has left the cluster for ever, as was asked
	KindLost      Kind = "lost"      // the master was found giving offers of an agent that we withhold
	KindContested Kind = "contested" // lost twice without a cause that we know: repairing stopped
	KindForeign   Kind = "foreign"   // an agent was found withheld by somebody else
	KindUnforeign Kind = "unforeign" // it is not any more
	KindRestart   Kind = "restart"   // a withheld agent registered again, its deactivation kept
	KindMissing   Kind = "missing"   // a withheld agent is not in the master's list
	KindFreeze    Kind = "freeze"    // nothing new starts
	KindThaw      Kind = "thaw"
	KindLock      Kind = "lock" // nothing is given back
	KindUnlock    Kind = "unlock"
	KindQuestion  Kind = "question" // the bot asks
	KindAnswer    Kind = "answer"
	KindLeader    Kind = "leader"   // a replica took the lease
	KindFailover  Kind = "failover" // the cluster has another leading master
	KindSettled   Kind = "settled"  // the cluster is as large again as it was, giving back goes on
	KindFound     Kind = "found"    // the epoch was set: first installation
	KindRefused   Kind = "refused"  // somebody asked for a change and was told no; Outcome is the code, Reason what was said
	KindSink      Kind = "sink"     // a sink of the journal is stuck, or goes on; Outcome says which

	KindSchedule Kind = "schedule" // a machine comes into the maintenance schedule, or is moved in it; Outcome says how far that is
	KindCancel   Kind = "cancel"   // it leaves the schedule
	KindDown     Kind = "down"     // it is taken down
	KindUp       Kind = "up"       // it is brought up
	KindMeddled  Kind = "meddled"  // somebody else changed the schedule, or a machine of ours in it
	KindRemind   Kind = "remind"   // a machine's time has come, or is over, and nobody acted

	KindWindow   Kind = "window"   // a window was added, changed, paused, resumed or removed; Outcome says which
	KindAnnounce Kind = "announce" // an occurrence is to come
	KindOpen     Kind = "open"     // an occurrence opened, or withheld more of its agents
	KindWarn     Kind = "warn"     // its cutoff has come: nothing new begins
	KindClose    Kind = "close"    // its end has come, or somebody ended it
	KindClosed   Kind = "closed"   // all that it withheld is given back, or named
	KindPassed   Kind = "passed"   // it did not open: skipped, missed, frozen or refused; Reason says why
	KindDigest   Kind = "digest"   // the morning's summary
	KindShift    Kind = "shift"    // somebody came on call, or went; Outcome says which

	KindApproval Kind = "approval" // an approval was asked for, voted on, decided or carried out; Outcome says which

	KindRun      Kind = "run"       // a run was started, paused, resumed, aborted or ended; Outcome says which
	KindRunAgent Kind = "run-agent" // an agent of a run came to its next state, which is the Outcome
)

// Event is one journal entry. The store gives it ID and At when it writes it. Its fixed encoding, sealed and chained, is
// CONTRACTS.md, "Journal entry"; the records at the end are beside it.
type Event struct {
	ID        string    `json:"id"` // the stream's ID; sorts by time
	At        time.Time `json:"at"` // Redis TIME, UTC, to the millisecond
	Term      int64     `json:"term,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Kind      Kind      `json:"kind"`
	Agent     AgentID   `json:"agent,omitempty"`
	Actor     string    `json:"actor,omitempty"` // user:U…, api:NAME, window:…, bot:REPLICA
	Cause     string    `json:"cause,omitempty"`
	Request   string    `json:"request,omitempty"`
	Outcome   string    `json:"outcome,omitempty"` // a ChangeState, or for answers yes/no
	Reason    string    `json:"reason,omitempty"`  // a person's words, or what happened

	// What the entry changed, as it is afterwards: readers of the journal keep their own copy of the state with it (Book).
	// Settled says that the entry's filter left the store.
	Filter   *Filter      `json:"filter,omitempty"`
	Settled  bool         `json:"settled,omitempty"`
	Ledger   *LedgerEntry `json:"ledger,omitempty"`
	Question *Question    `json:"question,omitempty"`
	Record   *Record      `json:"record,omitempty"`
	Freeze   *Freeze      `json:"freeze,omitempty"` // nil at thaw
	Lock     *Lock        `json:"lock,omitempty"`   // nil at unlock
	// Host names the agent for people where the entry has no filter; Master is who answered, as host:port.
	Host   string `json:"host,omitempty"`
	Master string `json:"master,omitempty"`
	// Verb is what was refused. Message is what a click was made on, as CHANNEL/TIMESTAMP.
	Verb    Verb   `json:"verb,omitempty"`
	Message string `json:"message,omitempty"`
}

// What becomes of a sink, as the Outcome of KindSink.
const (
	SinkStuck   = "stuck"
	SinkGoesOn  = "goes on"
	SinkSubject = "sink:" // and the sink's name: the subject of its entries
)

// Counts returns the states that the entry adds one change to, in its operation's Progress. Moving a filter's end is
// done by being recorded: its one entry counts as recorded and as verified.
func (e *Event) Counts() []ChangeState {
	switch {
	case e.Operation == "" || e.Outcome == "" || e.Kind == KindAnswer || e.Kind == KindRefused || e.Kind == KindSink:
		return nil
	case e.Record != nil && e.Record.Shelf == ShelfMachines:
		return machineCounts[e.Outcome]
	case e.Record != nil: // its outcome is its own
		return nil
	case e.Kind == KindExtend:
		return []ChangeState{StateRecorded, StateVerified}
	}
	return []ChangeState{ChangeState(e.Outcome)}
}

// machineCounts are the states that a machine's outcomes count as. What another person must agree to counts as recorded from the
// beginning, and as failed if nobody does or if the machine is somebody else's meanwhile.
var machineCounts = map[string][]ChangeState{
	"asked": {StateRecorded}, string(StateRecorded): {StateRecorded}, string(StateAccepted): {StateAccepted}, string(StateVerified): {StateVerified},
	string(StateFailed): {StateFailed}, "no": {StateFailed}, "lost": {StateFailed},
}

// Freeze is a person's word that nothing new starts; unfilter and expiry go on.
type Freeze struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Lock is the bot's own doubt about its memory: nothing is given back until somebody unlocks.
type Lock struct {
	Cause string    `json:"cause"`
	At    time.Time `json:"at"`
}

// QuestionKind says what a question is about, and so what its answer does.
type QuestionKind string

// The kinds of questions, and what yes means; no leaves things as they are.
const (
	QuestionContested QuestionKind = "contested" // withhold the agent again, and go on repairing
	QuestionReturned  QuestionKind = "returned"  // the host's new agent ID takes the filter over
	QuestionGiveBack  QuestionKind = "give-back" // many agents at once are given back
	QuestionShrunk    QuestionKind = "shrunk"    // the smaller fleet is the fleet; giving back goes on
	QuestionOpening   QuestionKind = "opening"   // the occurrence may open, for the agents of the question
)

// Question is something the bot asks the channel. Anybody who may change things answers, once.
type Question struct {
	ID       string       `json:"id"`
	Subject  string       `json:"subject"`
	Kind     QuestionKind `json:"kind"`
	Text     string       `json:"text"` // the question in plain words, ending in a question mark
	Agents   []AgentID    `json:"agents,omitempty"`
	Hosts    []string     `json:"hosts,omitempty"`
	NewAgent AgentID      `json:"new_agent,omitempty"` // for returned
	Asked    time.Time    `json:"asked"`
	// AskedBy is the actor who asked for what the question is about, and cannot say yes to it; empty: the bot asks.
	AskedBy  string    `json:"asked_by,omitempty"`
	Answer   string    `json:"answer,omitempty"` // yes or no
	By       string    `json:"by,omitempty"`
	Answered time.Time `json:"answered,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	// Done says that the reconciler acted on the answer.
	Done bool `json:"done,omitempty"`

	Revision int64 `json:"revision"`
}

// hostOf is the hostname of the question's agent of that number, its ID where that is not known.
func (q *Question) hostOf(i int) string {
	if i < len(q.Hosts) {
		return q.Hosts[i]
	}
	return string(q.Agents[i])
}

// Open tells whether nobody has answered yet.
func (q *Question) Open() bool { return q.Answer == "" }
