package filters

import (
	"cmp"
	"context"
	"encoding/json"
)

// Arrangement is one step of a window or a run, or a person's word about one: filters that begin and end together with the
// records that say why, in one commit.
type Arrangement struct {
	// Request says who, under which key and why; its targets are not looked at. The actor owns the filters that begin, and
	// Until is their end.
	Request
	Verb Verb
	// Also are verbs that the gate is asked about beside Verb: what a window does, say.
	Also []Verb
	// Term fences a leader's step; 0 is a person's word.
	Term int64
	// Subject is whose message tells of the filters; empty: the operation's own.
	Subject string
	// Withhold are the agents whose filters begin. One on which the actor's filter stands is left out, and so is one that the
	// newest reading does not list, unless it is to be drained: then it may be departed, or, to be marked gone, be known to nobody
	// here. Else that is a Conflict.
	Withhold []AgentID
	// Mode is that of the filters that begin, and Drain what they ask for; empty: filter.
	Mode  Mode
	Drain *Drain
	// Room is what the agents of Withhold were taken from: the limit of whoever asked for it is checked where it is written,
	// too, if it is over the cluster or over racks. nil: only max_withheld is.
	Room *Room
	// Operation is the arrangement's ID; empty: the one that its key gives.
	Operation string
	// Steps are what begins beside filters: the gate is asked about them, and they count towards the bound of one command.
	// Within says that what they cost must be within max_withheld; Starts that something new begins, which a freeze forbids.
	Steps          []Step
	Within, Starts bool
	// Intent is what starts the arrangement again once it was approved; nil: it needs no approval, whatever the policy says.
	Intent *Intent
	// End are the filters that end now. One that does not stand is left out.
	End []FilterKey
	// Told are the records, each with the entry that tells of its change. Actor, cause, request and, where the entry has none,
	// operation and subject are filled in: a machine's entry has the operation that its later outcomes are counted in.
	Told []Told
	// Questions are put or, where they are Done, taken out, as Told are.
	Questions []AskedOf
}

// Intent is a plan in the words of the package that starts it.
type Intent struct {
	Kind    string          // one of the Plan constants
	Details json.RawMessage // its options
	Steps   []Step          // what the whole will come to, beside the arrangement's own steps
}

// Told is a record and the entry that tells of it.
type Told struct {
	Record Record
	Event  Event
}

// AskedOf is a question and the entry that tells of it.
type AskedOf struct {
	Question Question
	Event    Event
}

// Arrange carries an arrangement out, once for its key: it asks the gate, checks the limits over everybody, and commits.
// Errors are Filter's, and Conflict if a record is not as the arrangement knew it: then the caller looks again. A result
// that is Repeated was done before.
func (s *Service) Arrange(ctx context.Context, a Arrangement) (Result, error) {
	c := s.begin(a.Request, a.Verb)
	c.operation = cmp.Or(a.Operation, c.operation)
	c.subject, c.commit.Term, c.mode, c.drain = a.Subject, a.Term, a.Mode, a.Drain
	if err := s.arrangeFilters(c, &a); err != nil {
		return Result{}, err
	}
	c.result.Plan.Steps, c.commit.Starts = append(c.result.Plan.Steps, a.Steps...), c.commit.Starts || a.Starts
	c.intend(a.Intent)
	if err := s.permit(ctx, c, a.Also...); err != nil {
		return Result{}, err
	}
	if err := s.boundSteps(c, &a); err != nil {
		return Result{}, err
	}
	for _, told := range a.Told {
		c.commit.PutRecord(told.Record, c.complete(told.Event))
	}
	for _, asked := range a.Questions {
		c.commit.PutQuestion(asked.Question, c.complete(asked.Event))
	}
	if a.DryRun {
		c.result.Impact, c.result.Count = s.impact(ctx, &c.result.Plan), len(c.result.Changed)
		return c.result, nil
	}
	if c.waits() {
		return s.askApproval(ctx, c)
	}
	s.breakGlass(ctx, c)
	if c.commit.Starts {
		c.commit.Limits = s.limits(&c.result.Plan)
		a.Room.tighten(c.commit.Limits, s.config.State.Roster(), &c.result.Plan)
	}
	return s.write(ctx, c)
}

// Part is what another package has a share of in an arrangement: records with the entries that tell of them, the steps that they
// are, and the agents that it leaves out.
type Part struct {
	Told  []Told
	Steps []Step
	Out   []LeftOut
}

// LeftOut is an agent that has no part in what was planned, and why.
type LeftOut struct {
	Agent    AgentID `json:"agent"`
	Hostname string  `json:"hostname"`
	Why      string  `json:"why"` // in a phrase
}

// boundSteps checks the steps that place no filter: those are not counted where they are written.
func (s *Service) boundSteps(c *change, a *Arrangement) error {
	if len(a.Steps) == 0 {
		return nil
	}
	if a.Term == 0 { // a leader's step is no command
		if err := s.bound(c); err != nil {
			return err
		}
	}
	if c.DryRun || !a.Within {
		return nil
	}
	if exceeds := s.exceeds(&c.result.Plan, &s.weigh(&c.result.Plan).impact); exceeds != "" {
		return &Error{Code: Limited, Wrong: "this takes " + exceeds, Try: "`--dry-run` shows what it costs"}
	}
	return nil
}

func (s *Service) arrangeFilters(c *change, a *Arrangement) error {
	roster := s.config.State.Roster()
	for _, id := range a.Withhold {
		agent := roster.Agent(id)
		if agent == nil && a.Drain != nil {
			agent = reached(roster, id, a.Drain)
		}
		known := s.config.Book.Filter(FilterKey{id, c.modeOf(), a.Actor.Owner()})
		switch {
		case agent == nil && a.Drain != nil: // else it would look like one that has left for ever
			return &Error{Code: Conflict, Wrong: "an agent that is to be drained is in no list of the master any more, and nobody remembers it"}
		case agent != nil && (known == nil || !known.Stands()):
			s.place(c, agent, KindFilter)
		}
	}
	for _, key := range a.End {
		if known := s.config.Book.Filter(key); known != nil && known.Stands() {
			c.end(known, KindRelease)
		}
	}
	return nil
}

// reached is an agent that the master does not list and that a drain reaches all the same; nil: it does not.
func reached(roster *Roster, id AgentID, drain *Drain) *Agent {
	agent, _ := roster.Known(id)
	if agent == nil && drain.Gone {
		return &Agent{ID: id, Hostname: string(id)}
	}
	return agent
}

// complete fills in what every entry of a request has.
func (c *change) complete(event Event) Event {
	event.Operation, event.Actor, event.Cause, event.Request = cmp.Or(event.Operation, c.operation), c.Actor.ID, c.Cause, c.Key
	if event.Reason == "" {
		event.Reason = c.Reason
	}
	if event.Subject == "" {
		event.Subject = c.subjectOf()
	}
	return event
}
