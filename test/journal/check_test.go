package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// story writes a journal by hand, one entry each 10 ms.
type story struct{ run Run }

var start = time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)

func (s *story) now() time.Time {
	return start.Add(time.Duration(len(s.run.Entries)) * 10 * time.Millisecond)
}

func (s *story) add(e filters.Event) {
	e.At = s.now()
	e.ID = fmt.Sprintf("%d-0", e.At.UnixMilli())
	if e.Subject == "" {
		e.Subject = "s"
	}
	s.run.Entries = append(s.run.Entries, e)
}

const (
	one   = filters.AgentID("a-S1")
	two   = filters.AgentID("a-S2")
	alice = "user:UALICE"
)

func placed(agent filters.AgentID) filters.Filter {
	return filters.Filter{
		ID: "f-" + string(agent), Agent: agent, Hostname: string(agent), Owner: alice, Mode: filters.ModeFilter,
		Operation: "op-" + string(agent), Subject: "s", Revision: 1, State: filters.StateRecorded,
	}
}

func (s *story) leader(term int64) { s.add(filters.Event{Kind: filters.KindLeader, Term: term}) }

// place records a filter and what people were told.
func (s *story) place(filter filters.Filter) filters.Filter {
	filter.Created = s.now()
	s.add(filters.Event{Kind: filters.KindFilter, Agent: filter.Agent, Operation: filter.Operation, Actor: alice, Cause: filters.CauseCommand,
		Request: "place-" + filter.ID, Outcome: "recorded", Filter: &filter})
	s.run.Told = append(s.run.Told, Told{"place-" + filter.ID, Done})
	return filter
}

func entry(agent filters.AgentID, hold filters.Hold, revision int64) *filters.LedgerEntry {
	return &filters.LedgerEntry{Agent: agent, Hostname: string(agent), Hold: hold, Revision: revision, Term: 1}
}

// take withholds the filter's agent, with verified at its end.
func (s *story) take(filter filters.Filter) filters.Filter {
	s.add(filters.Event{Kind: filters.KindTaking, Term: 1, Agent: filter.Agent, Operation: filter.Operation, Ledger: entry(filter.Agent, filters.HoldTaking, 1)})
	for i, state := range []filters.ChangeState{filters.StateAccepted, filters.StateVerified} {
		filter.State, filter.Revision = state, filter.Revision+1
		written := filter
		s.add(filters.Event{Kind: filters.KindTook, Term: 1, Agent: filter.Agent, Operation: filter.Operation, Outcome: string(state),
			Filter: &written, Ledger: entry(filter.Agent, filters.HoldHeld, int64(i)+2)})
	}
	return filter
}

// end records the end of a filter.
func (s *story) end(filter filters.Filter, kind filters.Kind) filters.Filter {
	filter.Ended, filter.EndOperation, filter.Revision = s.now(), "end-"+filter.Operation, filter.Revision+1
	request := "end-" + filter.ID
	if kind == filters.KindExpire {
		request = filter.ID
	}
	s.add(filters.Event{Kind: kind, Agent: filter.Agent, Operation: filter.EndOperation, Actor: alice, Cause: filters.CauseCommand,
		Request: request, Outcome: "recorded", Filter: &filter})
	if kind == filters.KindRelease {
		s.run.Told = append(s.run.Told, Told{request, Done})
	}
	return filter
}

// give gives the filter's agent back.
func (s *story) give(filter filters.Filter) {
	s.add(filters.Event{Kind: filters.KindReleasing, Term: 1, Agent: filter.Agent, Operation: filter.EndOperation, Ledger: entry(filter.Agent, filters.HoldReleasing, 4)})
	s.add(filters.Event{Kind: filters.KindGave, Term: 1, Agent: filter.Agent, Operation: filter.EndOperation, Outcome: "accepted", Ledger: entry(filter.Agent, filters.HoldReleasing, 5)})
	s.add(filters.Event{Kind: filters.KindGave, Term: 1, Agent: filter.Agent, Operation: filter.EndOperation, Outcome: "verified",
		Ledger: entry(filter.Agent, filters.HoldFree, 6), Filter: &filter, Settled: true})
}

// good is a run that breaks nothing: agent one is given back, agent two stays withheld.
func good() *story {
	s := &story{}
	s.leader(1)
	first := s.take(s.place(placed(one)))
	second := placed(two)
	second.Until = start.Add(time.Hour)
	second = s.take(s.place(second))
	s.give(s.end(first, filters.KindRelease))
	s.run.Told = append(s.run.Told, Told{"typo", Refused}, Told{"lost", Unsure})
	s.run.End = &End{At: s.now(), Filters: []filters.Filter{second}, Agents: []Agent{
		{ID: one, Hostname: "one"}, {ID: two, Hostname: "two", Withheld: true}, {ID: "a-S3", Hostname: "three", Withheld: true, Foreign: true},
	}}
	return s
}

func TestAGoodRunHasNoViolations(t *testing.T) {
	for _, violation := range Check(good().run) {
		t.Error(violation)
	}
}

func TestExpiryMoveAndReplacementAreLegal(t *testing.T) {
	s := &story{}
	s.leader(1)
	expiring := placed(one)
	expiring.Until = start.Add(50 * time.Millisecond)
	expiring = s.take(s.place(expiring))
	s.add(filters.Event{Kind: filters.KindFailover, Term: 1})
	s.add(filters.Event{Kind: filters.KindSettled, Term: 1})
	s.give(s.end(expiring, filters.KindExpire))

	moving := s.place(placed(two))
	s.add(filters.Event{Kind: filters.KindMove, Term: 1, Agent: two, Filter: &moving, Settled: true})
	s.add(filters.Event{Kind: filters.KindTook, Term: 1, Agent: two, Operation: moving.Operation, Outcome: "verified"})
	moved := moving
	moved.Agent, moved.Operation, moved.Revision = "a-S9", "op-r-9", 1
	s.add(filters.Event{Kind: filters.KindMove, Term: 1, Agent: moved.Agent, Operation: moved.Operation, Outcome: "recorded", Filter: &moved})
	settled := s.take(moved)

	ended := s.end(settled, filters.KindRelease)
	s.add(filters.Event{Kind: filters.KindGave, Agent: ended.Agent, Operation: ended.EndOperation, Outcome: "verified", Reason: "withheld again"})
	again := settled
	again.ID, again.Operation, again.Revision, again.State = "f-again", "op-again", ended.Revision+1, filters.StateRecorded
	again = s.place(again)
	verified := again
	verified.Revision, verified.State = again.Revision+1, filters.StateVerified
	s.add(filters.Event{Kind: filters.KindTook, Term: 1, Agent: again.Agent, Operation: again.Operation, Outcome: "verified", Filter: &verified})
	s.run.End = &End{At: s.now(), Filters: []filters.Filter{verified}, Agents: []Agent{{ID: one}, {ID: again.Agent, Withheld: true}}}
	for _, violation := range Check(s.run) {
		t.Error(violation)
	}
}

// An intent whose writer had not read of a filter yet is harmless, if no call follows it.
func TestAnIntentOvertakenByAFilterIsLegal(t *testing.T) {
	s := good()
	s.add(filters.Event{Kind: filters.KindReleasing, Term: 1, Agent: two, Ledger: entry(two, filters.HoldReleasing, 4)})
	s.add(filters.Event{Kind: filters.KindTaking, Term: 1, Agent: two, Ledger: entry(two, filters.HoldTaking, 5)})
	s.add(filters.Event{Kind: filters.KindTook, Term: 1, Agent: two, Outcome: "verified", Ledger: entry(two, filters.HoldHeld, 6)})
	s.last().Operation = "op-r-1"
	s.run.Entries[len(s.run.Entries)-2].Operation, s.run.Entries[len(s.run.Entries)-2].Outcome = "op-r-1", "recorded"
	for _, violation := range Check(s.run) {
		t.Error(violation)
	}
}

// find returns the first entry of the kind and outcome.
func (s *story) find(kind filters.Kind, outcome string) *filters.Event {
	i := slices.IndexFunc(s.run.Entries, func(e filters.Event) bool {
		return e.Kind == kind && (outcome == "" || e.Outcome == outcome)
	})
	return &s.run.Entries[i]
}

func (s *story) drop(kind filters.Kind, outcome string) {
	dropped := s.find(kind, outcome).ID
	s.run.Entries = slices.DeleteFunc(s.run.Entries, func(e filters.Event) bool { return e.ID == dropped })
}

// repeat writes the first entry of the kind again at the end.
func (s *story) repeat(kind filters.Kind) { s.add(*s.find(kind, "")) }

func TestEachViolationIsSeen(t *testing.T) {
	for _, c := range []struct {
		name string
		rule Rule
		says string
		harm func(*story)
	}{
		{"entries out of order", RuleOrder, "it comes after", func(s *story) { slices.Reverse(s.run.Entries) }},
		{"an unknown kind", RuleOrder, "is not a kind", func(s *story) { s.add(filters.Event{Kind: "reboot"}) }},
		{"a change by nobody", RuleOrder, "without actor", func(s *story) { s.find(filters.KindFilter, "").Actor = "" }},
		{"a stale leader writes", RuleTerm, "of term 1 after term 2", func(s *story) { s.find(filters.KindTaking, "").Term = 2 }},
		{"two leaders of one term", RuleTerm, "a second leader", func(s *story) { s.leader(1) }},
		{"the ledger without a term", RuleTerm, "without a term", func(s *story) { s.find(filters.KindReleasing, "").Term = 0 }},
		{"one command twice", RuleOnce, "and again at", func(s *story) { s.repeat(filters.KindFilter) }},
		{"one request, two operations", RuleOnce, "made the operations", func(s *story) {
			s.repeat(filters.KindRelease)
			last := &s.run.Entries[len(s.run.Entries)-1]
			last.At, last.Operation = s.find(filters.KindRelease, "").At, "op-other"
		}},
		{"an acknowledged command is lost", RuleTold, "was acknowledged and is not", func(s *story) { s.run.Told = append(s.run.Told, Told{"gone", Done}) }},
		{"a refused command happened", RuleTold, "was refused and is", func(s *story) { s.run.Told = append(s.run.Told, Told{"place-f-a-S1", Refused}) }},
		{"a lost update", RuleLost, "revision 2 after release, expected 4", func(s *story) { s.find(filters.KindRelease, "").Filter.Revision = 2 }},
		{"the ledger written over", RuleLost, "the ledger of", func(s *story) { s.find(filters.KindReleasing, "").Ledger.Revision = 9 }},
		{"a filter from nowhere", RuleLife, "appears with took", func(s *story) { s.drop(filters.KindFilter, "") }},
		{"a filter ends twice", RuleLife, "for the second time", func(s *story) {
			filter := *s.find(filters.KindRelease, "").Filter
			s.end(filter, filters.KindExpire)
		}},
		{"an expiry before its time", RuleLife, "before its end", func(s *story) {
			filter := s.run.End.Filters[0]
			s.end(filter, filters.KindExpire)
		}},
		{"an expiry without an end", RuleLife, "has no end", func(s *story) { s.find(filters.KindRelease, "").Kind = filters.KindExpire }},
		{"a filter rises from the dead", RuleLife, "was settled before", func(s *story) {
			filter := *s.find(filters.KindFilter, "").Filter
			s.add(filters.Event{Kind: filters.KindExtend, Agent: one, Actor: alice, Cause: "command", Filter: &filter})
		}},
		{"a filter leaves and was not ended", RuleLife, "never ended", func(s *story) {
			filter := s.run.End.Filters[0]
			s.add(filters.Event{Kind: filters.KindGave, Term: 1, Agent: two, Filter: &filter, Settled: true})
		}},
		{"withheld without an intent", RuleIntent, "withheld without an intent", func(s *story) { s.drop(filters.KindTaking, "") }},
		{"given back without an intent", RuleIntent, "given back without an intent", func(s *story) { s.drop(filters.KindReleasing, "") }},
		{"somebody else's is given back", RuleOurs, "the ledger does not have it", func(s *story) {
			s.add(filters.Event{Kind: filters.KindReleasing, Term: 1, Agent: "a-S3", Ledger: entry("a-S3", filters.HoldReleasing, 1)})
		}},
		{"given back while wished", RuleOurs, "stood on it before the intent", func(s *story) {
			s.add(filters.Event{Kind: filters.KindReleasing, Term: 1, Agent: two, Ledger: entry(two, filters.HoldReleasing, 4)})
			s.add(filters.Event{Kind: filters.KindGave, Term: 1, Agent: two, Outcome: "accepted", Ledger: entry(two, filters.HoldReleasing, 5)})
		}},
		{"given back while locked", RuleLocked, "while locked", func(s *story) {
			s.find(filters.KindTaking, "").Kind = filters.KindLock
			s.find(filters.KindLock, "").Lock = &filters.Lock{Cause: "the journal is older"}
		}},
		{"withheld while frozen", RuleLocked, "while frozen", func(s *story) {
			frozen := s.find(filters.KindLeader, "")
			frozen.Kind, frozen.Freeze, frozen.Actor, frozen.Cause = filters.KindFreeze, &filters.Freeze{Reason: "sale"}, alice, "command"
		}},
		{"an operation ends twice", RuleOperation, "more ends than changes", func(s *story) { s.repeat(filters.KindTook); s.repeat(filters.KindTook); s.last().Outcome = "verified" }},
		{"an operation never ends", RuleOperation, "never came to its end", func(s *story) { s.find(filters.KindGave, "verified").Outcome = "" }},
		{"an agent is forgotten", RuleEnd, "forgotten", func(s *story) { s.run.End.Agents[0].Withheld = true }},
		{"a filter has no effect", RuleEnd, "takes tasks although", func(s *story) { s.run.End.Agents[1].Withheld = false }},
		{"an ended filter stays", RuleEnd, "never settled", func(s *story) { s.find(filters.KindGave, "verified").Filter = nil }},
		{"a filter outlives its end", RuleEnd, "its end was", func(s *story) { s.run.End.At = start.Add(2 * time.Hour) }},
		{"the bot lost a filter", RuleEnd, "the bot does not list it", func(s *story) { s.run.End.Filters = nil }},
		{"the bot lists one too many", RuleEnd, "does not stand in the journal", func(s *story) { s.run.End.Filters = append(s.run.End.Filters, placed("a-S7")) }},
		{"the bot remembers another filter", RuleEnd, "another in the list", func(s *story) { s.run.End.Filters[0].Until = start }},
		{"an intent stays open", RuleEnd, "an intent without an outcome", func(s *story) {
			s.add(filters.Event{Kind: filters.KindTaking, Term: 1, Agent: "a-S3", Ledger: entry("a-S3", filters.HoldTaking, 1)})
		}},
		{"the ledger keeps what is nobody's", RuleEnd, "no filter stands on it", func(s *story) {
			s.add(filters.Event{Kind: filters.KindTook, Term: 1, Agent: "a-S3", Ledger: &filters.LedgerEntry{Agent: "a-S3", Hold: filters.HoldHeld, Adopted: true, Revision: 1}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good()
			c.harm(s)
			found := Check(s.run)
			if !slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == c.rule && strings.Contains(v.String(), c.says) }) {
				t.Errorf("no %q with %q among %v", c.rule, c.says, found)
			}
		})
	}
}

func (s *story) last() *filters.Event { return &s.run.Entries[len(s.run.Entries)-1] }
