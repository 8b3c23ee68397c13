package filters

import "context"

// Gate decides who may do what: rights and policy in one place, for every actor alike. Implemented by internal/approval; safe
// for concurrent use.
type Gate interface {
	// Decide returns what the plan needs before it may run, nothing in the zero Needs. An Error with code Denied says that the
	// actor may not ask for it at all.
	Decide(ctx context.Context, ask Ask) (Needs, error)
	// Judge returns the right by which the actor may approve or deny now, in a phrase. Denied: they may not; Unavailable: whoever
	// knows who may cannot be asked, so the answer is no.
	Judge(ctx context.Context, actor Actor, approval *Approval) (right string, err error)
	// MayJudge returns nil where Judge would have returned a right a minute ago: for what is shown, and never for a word that counts.
	MayJudge(ctx context.Context, actor Actor, approval *Approval) error
	// May lists the verbs that the actor may use, for help and whoami, and says why.
	May(ctx context.Context, actor Actor) (verbs []Verb, why string, err error)
}

// Ask is what the gate is asked: may the actor do what the plan says, and what does it need first?
type Ask struct {
	Actor Actor
	Plan  Plan
	// Also are verbs that the plan is beside its own, as a window that drains is a drain: the right to each is needed, and the policy is
	// asked about each.
	Also []Verb
	// Glass says that the actor does not wait for what it needs: that is for admins.
	Glass bool
	// Impact works out what the plan costs, from the newest reading.
	Impact func() Impact
}

// Each is the ask as what it is, and as each of its other verbs.
func (a *Ask) Each() []Ask {
	all := make([]Ask, 0, 1+len(a.Also))
	for _, verb := range append([]Verb{a.Plan.Verb}, a.Also...) {
		one := *a
		one.Plan.Verb, one.Also = verb, nil
		all = append(all, one)
	}
	return all
}

// Needs is what a plan needs before it may run, beside the right to ask for it.
type Needs struct {
	// Rule names the rule of the policy that decided; Why says in a phrase what of the plan it matched. Empty: none did.
	Rule string `json:"rule,omitempty"`
	Why  string `json:"why,omitempty"`
	// Typed says that the hostnames must be typed again.
	Typed bool `json:"typed,omitempty"`
	// Approvals is how many people other than the requester must say yes; 0: nobody. From says who may.
	Approvals int    `json:"approvals,omitempty"`
	From      Jurors `json:"from,omitempty"`
}

// Most is the one that asks for more approvals, the first of two that ask for as many; what either wants typed again is.
func (n Needs) Most(other Needs) Needs {
	typed := n.Typed || other.Typed
	if other.Approvals > n.Approvals || n.Rule == "" {
		n = other
	}
	n.Typed = typed
	return n
}

// Jurors are those who may approve.
type Jurors string

// The jurors. Admins may always.
const (
	JurorsApprovers Jurors = "approver" // whoever has the role approver
	JurorsOnCall    Jurors = "on-call"  // of these, whoever is on call at the click
)

// words are the jurors in a phrase.
func (j Jurors) words() string {
	if j == JurorsOnCall {
		return "those on call"
	}
	return "approvers"
}

// Starter starts what a plan of its kind begins once it may run. Registered by kind in internal/app.
type Starter interface {
	// Start carries the approved plan out, once for the approval however often it is called, and returns the operation. A
	// Changed error says that the plan is not what was approved any more.
	Start(ctx context.Context, approval *Approval) (Started, error)
}

// Started is what an approved plan became.
type Started struct {
	Operation string
	Skipped   []LeftOut // agents that had no part in it any more
}
