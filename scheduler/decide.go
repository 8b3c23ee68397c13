package scheduler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/filters"
)

const (
	// punctual is how late an occurrence may open and still count as on time.
	punctual = time.Minute
	// passedSingly is how many occurrences that nobody was there for are each accounted for in an entry of their own; those
	// before them share one.
	passedSingly = 20
	// closingMost is how long the closing of an occurrence waits for its agents; those that are not given back by then are
	// named. It does not wait for longer than closingLeast after the next one is to open, which opens on time then.
	closingMost, closingLeast = time.Hour, punctual / 2
	// askLead is how long before its start an occurrence that needs approval asks, if it is not announced earlier.
	askLead = time.Hour
	// stale is how old a reading may be that a window's targets are resolved by.
	stale = 5 * time.Minute
)

// scene is what is decided on: one window at one moment. Deciding changes nothing.
type scene struct {
	config   *Config
	now      time.Time
	name     string
	window   *Window // nil: nobody defines it any more
	opened   *Window // as its open occurrence was opened, else window
	state    WindowState
	revision int64 // of its record; 0: there is none
	// configured says that the window is the configuration's.
	configured bool
}

// author is the Slack user whose rights a window of chat acts with; empty: the configuration's word is enough.
func (s *scene) author() string {
	if s.configured {
		return ""
	}
	return filters.Owner(s.state.Author).Name()
}

// approved is the approval that fixes its agents; nil: none does. What was approved in chat is not asked for once the configuration has the
// name.
func (s *scene) approved() *Approved {
	if s.configured {
		return nil
	}
	return s.state.Approved
}

// decide returns what happens to the window now, nil if nothing does. What it returns is one step: when it is done, there may
// be another.
func (s *scene) decide(ctx context.Context) *move {
	if release := s.release(); release != nil {
		return release
	}
	switch {
	case s.state.Open != nil && s.state.Open.Closing.IsZero():
		return cmp.Or(s.close(), s.fill(ctx), s.warn(), s.overdue())
	case s.state.Open != nil:
		return s.closed()
	case s.window == nil:
		return s.forget()
	case s.revision == 0 || s.state.Timing != timing(s.window), s.configured && s.state.Definition != nil:
		return s.see()
	}
	return cmp.Or(s.due(ctx), s.announce(), s.ahead(ctx))
}

// next returns when the window must be looked at again at the latest (zero: only when its record changes), whether other
// changes of the book may matter to it before, and whether such may that nobody tells of: agents come and go, and the
// configuration's freezes end.
func (s *scene) next() (at time.Time, live, unseen bool) {
	at, live, unseen = s.turns()
	leaves := len(s.unwanted()) > 0
	return at, live || leaves, unseen || leaves
}

// turns is next, but for machines that are to leave.
func (s *scene) turns() (at time.Time, live, unseen bool) {
	switch open := s.state.Open; {
	case open != nil && !open.Closing.IsZero():
		at = open.Closing.Add(closingMost)
		if occurrence, ok := s.following(open); ok {
			at = first(at, occurrence.Start.Add(closingLeast))
		}
		return at, true, false
	case open != nil:
		cutoff, more := s.cutoff(open), s.mayTake(open)
		at = first(open.End, s.nextOverdue())
		if !open.Warned && s.now.Before(cutoff) {
			at = first(at, cutoff)
		}
		return at, more, more
	case s.window == nil:
		return time.Time{}, false, false
	}
	if active, ok := s.window.Active(s.now); ok && active.Start.After(s.floor()) {
		waits := s.state.Paused == nil
		return active.End.Add(-s.window.Cutoff), waits, waits
	}
	occurrence, ok := s.upcoming()
	if !ok {
		return time.Time{}, false, false
	}
	waits := s.awaitsMachines(occurrence)
	if lead, ok := s.nextLead(occurrence); ok && s.state.Paused == nil {
		return occurrence.Start.Add(-lead), waits, waits
	}
	return occurrence.Start, waits, waits
}

// following is the occurrence after the one that is open or closing.
func (s *scene) following(open *Opening) (Occurrence, bool) {
	if s.window == nil {
		return Occurrence{}, false
	}
	return s.window.Next(open.Start)
}

// floor is the start up to which everything is accounted for.
func (s *scene) floor() time.Time {
	if s.state.Last.IsZero() {
		return s.now.Add(-s.window.Length)
	}
	return s.state.Last
}

// upcoming is the next occurrence to come.
func (s *scene) upcoming() (Occurrence, bool) {
	from := s.now
	if floor := s.floor(); floor.After(from) {
		from = floor
	}
	return s.window.Next(from)
}

// see begins to keep account of a window, or goes on with one whose times are others now: what would have opened before by
// them is nobody's loss.
func (s *scene) see() *move {
	next := s.to(filters.KindWindow, "")
	next.outcome, next.subject = outcomeSeen, "window:"+s.name
	if s.revision > 0 {
		next.outcome = outcomeChanged
	}
	if s.configured && next.state.Definition != nil {
		next.reason = "the configuration defines it now, and wins over the one that " + next.state.Author + " made"
		next.state.Definition, next.state.Author = nil, ""
	}
	if next.state.Timing != timing(s.window) {
		next.retime(s.window, s.now)
	}
	next.settle(s.asked())
	next.state.Announced = nil
	return next
}

// forget drops what is remembered of a window that nobody defines.
func (s *scene) forget() *move {
	if s.revision == 0 || len(s.unwanted()) > 0 {
		return nil
	}
	next := s.to(filters.KindWindow, "")
	if s.state.Author == "" {
		next.reason = "it is in the configuration no more"
	}
	next.outcome, next.subject, next.removed = outcomeRemoved, "window:"+s.name, true
	next.settle(s.asked())
	return next
}

// due deals with starts that have come and are not accounted for: it lets the newest open, if it still would be open, and
// accounts for the others.
func (s *scene) due(ctx context.Context) *move {
	var over []Occurrence
	for occurrence := range s.window.Between(s.floor().Add(1), s.now.Add(1)) {
		if occurrence.End.After(s.now) {
			if len(over) == 0 {
				return s.admit(ctx, occurrence)
			}
			break
		}
		over = append(over, occurrence)
	}
	switch {
	case len(over) == 0:
		return nil
	case len(over) <= passedSingly:
		return s.pass(over[0], s.whyNot(over[0]))
	}
	last := over[len(over)-passedSingly-1]
	return s.pass(last, fmt.Sprintf("%s; so did the %d before it, from %s on", s.whyNot(last), len(over)-passedSingly-1, over[0].Name()))
}

// whyNot says why an occurrence that is over did not open.
func (s *scene) whyNot(occurrence Occurrence) string {
	if skip := s.skip(occurrence); skip != nil {
		return "skipped by " + skip.Word.By
	}
	if paused := s.state.Paused; paused != nil && paused.At.Before(occurrence.End) {
		return "paused by " + paused.By
	}
	if why := s.config.frozenDuring(occurrence); why != "" {
		return why
	}
	if lock := s.config.Book.Lock(); lock != nil && s.window.kills() != "" {
		return "locked, so nothing is killed: " + lock.Cause
	}
	switch question := s.question(occurrence); {
	case question == nil || question.Answer == answerYes:
		return "nobody was there to open it"
	case question.Open():
		return "nobody approved it"
	default:
		return "refused by " + question.By
	}
}

const answerYes = "yes"

// admit lets an occurrence open that has started and is not over, as soon as nothing stands in its way.
func (s *scene) admit(ctx context.Context, occurrence Occurrence) *move {
	if skip := s.skip(occurrence); skip != nil {
		return s.pass(occurrence, "skipped by "+skip.Word.By)
	}
	if !s.window.Late && s.now.Sub(occurrence.Start) > punctual {
		return s.pass(occurrence, s.whyNot(occurrence)+", and it is not to open late")
	}
	if !s.now.Before(occurrence.End.Add(-s.window.Cutoff)) {
		return s.pass(occurrence, s.whyNot(occurrence)+" before its cutoff")
	}
	if s.state.Paused != nil || s.held() != "" || !s.sees() {
		return nil
	}
	if why := s.unable(); why != "" {
		return s.pass(occurrence, why)
	}
	if s.window.Mode == filters.ModeSchedule && !s.scheduled(occurrence) && (!s.window.Definition.Approval || s.agreed(occurrence)) {
		return s.schedules(ctx, occurrence)
	}
	if !s.window.Definition.Approval {
		return s.open(ctx, occurrence, s.targets(s.window))
	}
	question := s.question(occurrence)
	switch {
	case question == nil:
		return s.tell(occurrence, 0)
	case question.Open():
		return nil
	case question.Answer != answerYes:
		return s.pass(occurrence, "refused by "+question.By)
	}
	return s.open(ctx, occurrence, among(s.targets(s.window), question.Agents))
}

func (s *scene) agreed(occurrence Occurrence) bool {
	question := s.question(occurrence)
	return question != nil && question.Answer == answerYes
}

// sees tells whether the cluster was read lately enough to know its agents.
func (s *scene) sees() bool { return s.now.Sub(s.config.Roster().AsOf()) < stale }

// targets are the agents that the window names now, of those that were approved of if some were; none if it names nothing.
func (s *scene) targets(window *Window) []*filters.Agent {
	agents, err := filters.Resolve(s.config.Roster(), s.config.Groups, window.Targets)
	if err != nil && len(window.Targets) > 1 {
		agents = s.targetsSingly(window)
	}
	if approved := s.approved(); approved != nil {
		return among(agents, approved.Agents)
	}
	return agents
}

// targetsSingly resolves what it can where one of several names matches nothing: a host that is away must not keep a window
// shut for the others.
func (s *scene) targetsSingly(window *Window) []*filters.Agent {
	var attributes, names []filters.Target
	for _, target := range window.Targets {
		if target.Attribute.Name != "" {
			attributes = append(attributes, target)
		} else {
			names = append(names, target)
		}
	}
	found := map[filters.AgentID]*filters.Agent{}
	for _, name := range names {
		agents, _ := filters.Resolve(s.config.Roster(), s.config.Groups, append([]filters.Target{name}, attributes...))
		for _, agent := range agents {
			found[agent.ID] = agent
		}
	}
	agents := make([]*filters.Agent, 0, len(found))
	for _, agent := range found {
		agents = append(agents, agent)
	}
	slices.SortFunc(agents, func(a, b *filters.Agent) int {
		return cmp.Or(cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.ID, b.ID))
	})
	return agents
}

// among returns the agents that are also in the list.
func among(agents []*filters.Agent, list []filters.AgentID) []*filters.Agent {
	return slices.DeleteFunc(slices.Clone(agents), func(agent *filters.Agent) bool { return !slices.Contains(list, agent.ID) })
}

// pass accounts for an occurrence that does not open.
func (s *scene) pass(occurrence Occurrence, why string) *move {
	next := s.to(filters.KindPassed, why)
	next.about(occurrence)
	next.subject = announceSubject(occurrence)
	next.account(occurrence)
	next.settle(s.question(occurrence))
	return next
}

func announceSubject(occurrence Occurrence) string { return "announce:" + occurrence.Name() }

// skip returns the word by which the occurrence does not open, nil if there is none.
func (s *scene) skip(occurrence Occurrence) *Skip {
	for i := range s.state.Skips {
		if s.state.Skips[i].Start.Equal(occurrence.Start) {
			return &s.state.Skips[i]
		}
	}
	return nil
}

// asked returns the question about the coming occurrence, nil if none was asked or it is done with.
func (s *scene) asked() *filters.Question {
	if s.state.Announced == nil || s.state.Announced.Question == "" {
		return nil
	}
	return s.config.Book.Question(s.state.Announced.Question)
}

// question returns the question about the occurrence.
func (s *scene) question(occurrence Occurrence) *filters.Question {
	if s.state.Announced == nil || !s.state.Announced.Start.Equal(occurrence.Start) {
		return nil
	}
	return s.asked()
}
