package filters

import (
	"encoding/json"
	"slices"
	"time"
)

// The kinds of plans that the policy is asked about, by who starts them.
const (
	PlanFilters  = "filters"  // Service: filters begin, end or move their end
	PlanRun      = "run"      // scheduler: a run or a drain
	PlanMachines = "machines" // operation: machines of the maintenance schedule
	PlanWindow   = "window"   // scheduler: a window of chat is made, with the agents that it has then
)

// Approval is a request that must be granted before a plan may run. It carries the plan, frozen: intent is bound exactly, by
// Hash, and what it costs by a bound, Impact (invariant 7).
type Approval struct {
	Schema int    `json:"schema"` // 1
	ID     string `json:"id"`
	Plan   Plan   `json:"plan"`
	Hash   string `json:"hash"`
	Impact Impact `json:"impact"`
	Needs  Needs  `json:"needs"`
	// By is who asked, with the rights of User and Role; Cause is how.
	By    string `json:"by"`
	User  string `json:"user,omitempty"`
	Role  string `json:"role,omitempty"`
	Team  string `json:"team,omitempty"`
	Cause string `json:"cause,omitempty"`

	Asked   time.Time `json:"asked"`   // UTC
	Expires time.Time `json:"expires"` // when it is too late to say yes, UTC
	Votes   []Vote    `json:"votes,omitempty"`

	State  ApprovalState `json:"state"`
	Closed time.Time     `json:"closed,omitzero"` // when it came to a State that is not open
	// Why says in a phrase why it was not granted, or was not carried out as it was approved.
	Why string `json:"why,omitempty"`
	// Operation is what it became once it was carried out; Again the approval that asks anew in its place.
	Operation string `json:"operation,omitempty"`
	Again     string `json:"again,omitempty"`

	// Level is the level of escalation that was called last, 0: nobody yet; Called are its users; Reminded is when those who may
	// were reminded half-way, zero: not yet.
	Level    int       `json:"level,omitempty"`
	Called   []string  `json:"called,omitempty"`
	Reminded time.Time `json:"reminded,omitzero"`

	// Glass says that an admin did it without waiting; Review is who looked at it since, nil: nobody yet.
	Glass  bool  `json:"glass,omitempty"`
	Review *Vote `json:"review,omitempty"`

	// Revision is its record's: 0 is not stored yet.
	Revision int64 `json:"-"`
}

// Vote is what one person said to an approval.
type Vote struct {
	By     string    `json:"by"`
	User   string    `json:"user"`
	Yes    bool      `json:"yes"`
	Right  string    `json:"right,omitempty"` // by which they may, in a phrase
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// ApprovalState is where an approval stands.
type ApprovalState string

// The states of an approval. Only an open one can be voted on; a granted one is carried out by the leader.
const (
	ApprovalOpen      ApprovalState = "open"
	ApprovalGranted   ApprovalState = "granted"
	ApprovalDenied    ApprovalState = "denied"
	ApprovalWithdrawn ApprovalState = "withdrawn"
	ApprovalExpired   ApprovalState = "expired"
	ApprovalVoid      ApprovalState = "void" // a freeze came
	ApprovalStarted   ApprovalState = "started"
	ApprovalFailed    ApprovalState = "failed"  // it was granted, and could not be carried out
	ApprovalChanged   ApprovalState = "changed" // it was granted, and costs more by now than was approved: Again asks anew
)

// Open tells whether people may still vote at the time.
func (a *Approval) Open(now time.Time) bool { return a.State == ApprovalOpen && now.Before(a.Expires) }

// Unreviewed tells whether somebody has yet to look at what was done without waiting.
func (a *Approval) Unreviewed() bool { return a.Glass && a.Review == nil }

// Yes counts those whose word is yes.
func (a *Approval) Yes() int { return len(a.Voters()) }

// Voters are those whose word is yes, as actors.
func (a *Approval) Voters() []string {
	var voters []string
	for i := range a.Votes {
		if a.Votes[i].Yes && !a.TakenBack(i) {
			voters = append(voters, a.Votes[i].By)
		}
	}
	return voters
}

// VoteOf returns the user's word, the last one that they said; nil: nothing yet.
func (a *Approval) VoteOf(user string) *Vote {
	for i := range slices.Backward(a.Votes) {
		if a.Votes[i].User == user {
			return &a.Votes[i]
		}
	}
	return nil
}

// TakenBack tells whether whoever said the word said another one since.
func (a *Approval) TakenBack(word int) bool {
	return slices.ContainsFunc(a.Votes[word+1:], func(later Vote) bool { return later.User == a.Votes[word].User })
}

// Revocable returns the actor's yes where they may still say no: it is open, or granted and as far as is known not begun. Nil: there is none.
func (a *Approval) Revocable(actor Actor, now time.Time) *Vote {
	vote := a.VoteOf(actor.User)
	if vote == nil || !vote.Yes || vote.By != actor.ID || !a.Open(now) && a.State != ApprovalGranted {
		return nil
	}
	return vote
}

// AskedBy tells whether the actor is who asked: by whatever way they come, a person counts as one Slack user.
func (a *Approval) AskedBy(actor Actor) bool {
	return a.By == actor.ID || a.User != "" && a.User == actor.User
}

// Requester is who asked, as the actor of what is carried out.
func (a *Approval) Requester() Actor {
	return Actor{ID: a.By, User: a.User, Role: a.Role, Team: a.Team}
}

// startKey is the request key of what begins the plan. It is used up once: by the beginning, or by a no that comes before it.
func (a *Approval) startKey() string { return "approval:" + a.ID }

// Request is the request that carries the plan out: the requester's, once for the approval.
func (a *Approval) Request() Request {
	return Request{
		Actor: a.Requester(), Key: a.startKey(), Cause: CauseApproval, Reason: a.Plan.Reason, Until: a.Plan.Until, Yes: true, approved: a,
	}
}

// ToldOf is the approval's record as it shall be, and the entry of what became of it, which is its state unless it is said.
func ToldOf(a *Approval, outcome ...string) Told {
	outcome = append(outcome, string(a.State))
	body, err := json.Marshal(a)
	if err != nil {
		panic(err) // an Approval holds nothing that does not encode
	}
	return Told{
		Record: Record{Shelf: ShelfApprovals, Name: a.ID, Body: body, Revision: a.Revision},
		Event:  Event{Kind: KindApproval, Subject: a.ID, Outcome: outcome[0], Reason: a.Why},
	}
}

// DecodeApproval reads the body of a record of ShelfApprovals.
func DecodeApproval(record *Record) (Approval, error) {
	var approval Approval
	if err := json.Unmarshal(record.Body, &approval); err != nil {
		return Approval{}, &Error{Code: Internal, Wrong: "what is remembered of the approval `" + record.Name + "` cannot be read", Cause: err}
	}
	approval.Revision = record.Revision
	return approval, nil
}
