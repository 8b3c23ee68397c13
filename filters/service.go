package filters

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Service answers every actor's requests about one cluster: it resolves targets, makes the plan, asks the Gate and
// records. It sends nothing to the master; the reconciler does. Safe for concurrent use.
type Service struct {
	config   ServiceConfig
	refusals refusals
}

// ServiceConfig is what a Service needs; every field is required but Groups, Limits, Survey, Apps, Observe, Held, Away and Sinks.
type ServiceConfig struct {
	Cluster string // the cluster's name
	Groups  map[string]Group
	Limits  LimitConfig
	Store   Store
	Book    *Book
	State   Cluster
	Gate    Gate
	Survey  Survey // nil: of what plans cost only what State knows is told
	Apps    Apps   // nil: nothing is known of apps
	// Observe says that nothing is sent to the master: answers say so.
	Observe bool
	// Held tells why nothing is given back just now, in a phrase; empty: giving back goes on.
	Held func() string
	// Away tells since when the store does not answer; zero: it does. Nil: that is not watched.
	Away func() time.Time
	// Sinks tells how the journal's sinks are. Nil: there are none.
	Sinks func() []SinkStatus
	// Patience is how long an approval waits for its yes; 0: 30 minutes.
	Patience time.Duration
}

// NewService returns a Service. It panics if a required field is missing: that is a mistake of the program.
func NewService(config ServiceConfig) *Service {
	if config.Cluster == "" || config.Store == nil || config.Book == nil || config.State == nil || config.Gate == nil {
		panic("filters: a Service needs Cluster, Store, Book, State and Gate")
	}
	if config.Held == nil {
		config.Held = func() string { return "" }
	}
	config.Patience = cmp.Or(config.Patience, 30*time.Minute)
	if config.Away == nil {
		config.Away = func() time.Time { return time.Time{} }
	}
	if config.Sinks == nil {
		config.Sinks = func() []SinkStatus { return nil }
	}
	return &Service{config: config}
}

// Now is the cluster's time: Redis TIME, UTC.
func (s *Service) Now() time.Time { return s.config.Store.Now() }

// Name returns the cluster's name.
func (s *Service) Name() string { return s.config.Cluster }

// Hostnames returns the names to complete, sorted.
func (s *Service) Hostnames() []string { return s.config.State.Roster().Hostnames() }

// Foreigners lists the hostnames of agents that somebody else withholds, sorted.
func (s *Service) Foreigners() []string {
	var hosts []string
	for agent := range s.config.State.Roster().All() {
		if s.foreign(agent) {
			hosts = append(hosts, agent.Hostname)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Look returns nil if the actor may look at the cluster at all.
func (s *Service) Look(ctx context.Context, actor Actor) error {
	_, err := s.config.Gate.Decide(ctx, Ask{Actor: actor, Plan: Plan{Cluster: s.config.Cluster, Verb: VerbLook}})
	return err
}

// May tells what the actor may do, and why.
func (s *Service) May(ctx context.Context, actor Actor) (verbs []Verb, why string, err error) {
	return s.config.Gate.May(ctx, actor)
}

// Progress tells how far an operation has come.
func (s *Service) Progress(ctx context.Context, operation string) (Progress, error) {
	return s.config.Store.Progress(ctx, operation)
}

// Outcome returns what became of a request key: for a caller whose answer was lost.
func (s *Service) Outcome(ctx context.Context, key string) (Result, bool, error) {
	receipt, found, err := s.config.Store.Receipt(ctx, key)
	if err != nil || !found {
		return Result{}, false, err
	}
	result, err := decodeAnswer(receipt)
	return result, err == nil, err
}

// answerMost is how many filters a kept answer names; the rest is in the journal.
const answerMost = 20

func encodeAnswer(result Result) []byte {
	result.Changed = result.Changed[:min(len(result.Changed), answerMost)]
	result.Others = result.Others[:min(len(result.Others), answerMost)]
	result.Plan.Steps = result.Plan.Steps[:min(len(result.Plan.Steps), answerMost)]
	result.LeftOut = result.LeftOut[:min(len(result.LeftOut), answerMost)]
	result.Approval = result.Approval.brief()
	encoded, err := json.Marshal(result)
	if err != nil {
		panic(err) // a Result holds nothing that does not encode
	}
	return encoded
}

func decodeAnswer(receipt Receipt) (Result, error) {
	var result Result
	if err := json.Unmarshal(receipt.Answer, &result); err != nil {
		return Result{}, &Error{Code: Internal, Wrong: "the kept answer of this request cannot be read", Cause: err}
	}
	result.Repeated, result.At = true, receipt.At
	return result, nil
}

// change is a request on its way to a commit.
type change struct {
	Request
	now       time.Time
	operation string
	subject   string // empty: the operation
	mode      Mode   // empty: filter
	drain     *Drain
	needs     Needs // what the gate wants first
	commit    Commit
	result    Result
}

func (s *Service) begin(request Request, verb Verb) *change {
	operation := RandomID("op-")
	if request.Key != "" {
		operation = DerivedID("op-", s.config.Cluster, request.Key)
	}
	now := s.Now()
	return &change{
		Request: request, now: now, operation: operation,
		commit: Commit{Request: request.Key, Message: request.Message},
		result: Result{
			Cluster: s.config.Cluster, Verb: verb, DryRun: request.DryRun, Observe: s.config.Observe, LeftOut: request.LeftOut, At: now,
			Plan: Plan{Cluster: s.config.Cluster, Verb: verb, Owner: request.Actor.Owner(), Until: request.Until, Reason: request.Reason},
		},
	}
}

// event is the entry of one recorded change of this request.
func (c *change) event(kind Kind) Event {
	return Event{Kind: kind, Operation: c.operation, Actor: c.Actor.ID, Cause: c.Cause, Request: c.Key, Outcome: string(StateRecorded), Reason: c.Reason}
}

// subjectOf is whose message tells of the filters that begin.
func (c *change) subjectOf() string { return cmp.Or(c.subject, c.operation) }

// modeOf is the mode of the filters that begin.
func (c *change) modeOf() Mode { return cmp.Or(c.mode, ModeFilter) }

// attempts bounds how often a request is planned again because somebody else changed the same record meanwhile.
const attempts = 20

// retry runs plan, which plans from the book and commits, again for as long as the store answers that a record is newer
// than the book. A request whose key was used before answers what it answered then, also where planning it again fails
// (its filter is gone by now, say).
func (s *Service) retry(ctx context.Context, key string, plan func() (Result, error)) (Result, error) {
	for attempt := 1; ; attempt++ {
		result, err := plan()
		if err == nil {
			return result, nil
		}
		if CodeOf(err) == Conflict && attempt < attempts && ctx.Err() == nil {
			continue
		}
		if earlier, found := s.recall(ctx, key, err); found {
			return earlier, nil
		}
		return Result{}, err
	}
}

// overtaken waits until the journal has brought the book up to a filter that the commit would have changed.
func (s *Service) overtaken(ctx context.Context, commit *Commit) {
	for {
		turned := s.config.Book.Turned()
		for i := range commit.Filters {
			planned := &commit.Filters[i]
			if known := s.config.Book.Filter(planned.Key()); known == nil && planned.Revision > 0 || known != nil && known.Revision != planned.Revision {
				return
			}
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) recall(ctx context.Context, key string, err error) (Result, bool) {
	switch CodeOf(err) {
	case Unavailable, Unconfirmed, Internal:
		return Result{}, false
	}
	if key == "" {
		return Result{}, false
	}
	result, found, lookup := s.Outcome(ctx, key)
	return result, found && lookup == nil
}

// record is write; where somebody else changed a filter meanwhile it returns when the book knows of it.
func (s *Service) record(ctx context.Context, c *change) (Result, error) {
	result, err := s.write(ctx, c)
	if CodeOf(err) == Conflict && len(c.commit.Filters) > 0 {
		s.overtaken(ctx, &c.commit)
	}
	return result, err
}

// write commits the change and brings the book up to it.
func (s *Service) write(ctx context.Context, c *change) (Result, error) {
	if deadline, ok := ctx.Deadline(); ok {
		c.commit.Deadline = c.now.Add(time.Until(deadline))
	}
	c.result.Operation, c.result.State, c.result.Held = c.operation, StateRecorded, s.held()
	c.result.Count = len(c.result.Changed)
	c.commit.Answer = encodeAnswer(c.result)
	receipt, err := s.config.Store.Commit(ctx, c.commit)
	if err != nil {
		return Result{}, err
	}
	if receipt.Repeated {
		return decodeAnswer(receipt)
	}
	s.config.Book.Anticipate(receipt.Events...)
	c.result.At = receipt.At
	return c.result, nil
}

func (s *Service) held() string {
	if lock := s.config.Book.Lock(); lock != nil {
		return "locked: " + lock.Cause
	}
	return s.config.Held()
}

// The most that one command may touch (invariant 15): commandFloor agents or commandShare of the cluster, whichever is
// more, and above confirmAbove only with --yes.
const (
	commandFloor = 5
	commandShare = 0.10
	confirmAbove = 25
)

func (s *Service) bound(c *change) error {
	agents := len(c.result.Plan.Steps)
	total := s.config.State.Roster().Len()
	most := max(commandFloor, int(commandShare*float64(total)))
	if agents > most {
		return &Error{Code: Limited,
			Wrong:    fmt.Sprintf("this names %d agents", agents),
			Expected: fmt.Sprintf("one command may change at most %d of the %d agents", most, total),
			Try:      "Name fewer, and do them in turn"}
	}
	if agents > confirmAbove && !c.Yes && !c.DryRun {
		return &Error{Code: Limited,
			Wrong:    fmt.Sprintf("this names %d agents", agents),
			Expected: fmt.Sprintf("more than %d need `--yes`", confirmAbove),
			Try:      "Look first with `--dry-run`, then type the command again with `--yes`"}
	}
	return nil
}

// viewAge is how old a reading may be that a dry run is answered from.
const viewAge = time.Minute

func (s *Service) fresh(c *change) error {
	asOf := s.config.State.Roster().AsOf()
	if age := c.now.Sub(asOf); age > viewAge {
		return &Error{Code: Unavailable,
			Wrong:    "my picture of the cluster is " + age.Round(time.Second).String() + " old",
			Expected: "a dry run is answered from one that is at most a minute old",
			Try:      "Try again in a moment"}
	}
	return nil
}
