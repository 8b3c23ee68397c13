package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"cordon/filters"
)

// Hand does what a leader's reconciler does to the records, as if the master did at once all that it is asked: it takes and
// verifies agents, ends filters whose time has come, settles those that ended, and lets filters follow a host to its new
// agent ID. It is not safe for concurrent use.
type Hand struct {
	Store *Store
	Book  *filters.Book
	// Roster lists the agents that are there now.
	Roster func() *filters.Roster
	// Idle says that nothing is given back just now; nil: giving back goes on.
	Idle func() bool
	// Drained tells whether the agent of an entry, which the master was asked to drain, is drained by now; nil: at once.
	Drained func(entry *filters.LedgerEntry) bool
}

// pieces is how many records one commit has at most.
const pieces = 200

// Step does everything that is due under the term. What the store refuses is done at a later step.
func (h *Hand) Step(ctx context.Context, term int64) error {
	for range 4 { // an intent, its outcome, and what that lets follow
		all := h.draft(term)
		if len(all) == 0 {
			return nil
		}
		for _, commit := range all {
			receipt, err := h.Store.Commit(ctx, *commit)
			if err != nil {
				return err
			}
			h.Book.Anticipate(receipt.Events...)
		}
	}
	return nil
}

// Next is when the first filter ends that stands; zero: none does.
func (h *Hand) Next() time.Time {
	var next time.Time
	for _, filter := range h.Book.Filters() {
		if filter.Stands() && !filter.Until.IsZero() && (next.IsZero() || filter.Until.Before(next)) {
			next = filter.Until
		}
	}
	return next
}

// draft is one pass in commits.
func (h *Hand) draft(term int64) []*filters.Commit {
	now := h.Store.Now()
	on := map[filters.AgentID][]*filters.Filter{}
	for _, filter := range h.Book.Filters() {
		on[filter.Agent] = append(on[filter.Agent], filter)
	}
	for _, entry := range h.Book.Entries() {
		if on[entry.Agent] == nil {
			on[entry.Agent] = nil
		}
	}
	var all []*filters.Commit
	p := &page{commit: &filters.Commit{Term: term}, now: now, term: term}
	for _, agent := range slices.Sorted(maps.Keys(on)) {
		h.agent(p, agent, on[agent])
		if len(p.commit.Events) >= pieces {
			all = append(all, p.commit)
			p.commit = &filters.Commit{Term: term}
		}
	}
	if len(p.commit.Events) > 0 {
		all = append(all, p.commit)
	}
	return all
}

// agent does the next thing that is due for one agent.
func (h *Hand) agent(p *page, id filters.AgentID, on []*filters.Filter) {
	seen, entry := h.Roster().Agent(id), h.Book.Ledger(id)
	standing := slices.DeleteFunc(slices.Clone(on), func(f *filters.Filter) bool { return !f.Stands() })
	switch expired := slices.IndexFunc(standing, func(f *filters.Filter) bool { return f.Expired(p.now) }); {
	case expired >= 0:
		p.expire(standing)
	case seen == nil && len(standing) > 0 && h.returned(standing[0]) != nil:
		p.move(h.Book, on, entry, h.returned(standing[0]))
	case len(standing) == 0 && (entry == nil || seen == nil):
		p.settle(on, nil)
	case seen != nil && entry.Draining() && h.drained(entry):
		p.drained(*entry)
	case len(standing) == 0 && h.Idle != nil && h.Idle(), len(standing) == 0 && entry.Draining():
	case len(standing) == 0 && entry.Hold == filters.HoldHeld:
		p.intent(filters.KindReleasing, filters.HoldReleasing, *entry)
	case len(standing) == 0:
		free := *entry
		free.Hold = filters.HoldFree
		p.settle(on, &free)
	case seen == nil:
	case entry == nil:
		p.intent(filters.KindTaking, filters.HoldTaking, filters.LedgerEntry{Agent: id, Hostname: seen.Hostname, Mode: filters.ModeFilter, Operation: standing[0].Operation})
	case entry.Hold == filters.HoldHeld && entry.DrainSent == "" && wished(standing) != nil:
		p.drain(wished(standing), *entry)
	default:
		p.take(standing, *entry)
		if len(on) > len(standing) {
			p.settle(on, nil)
		}
	}
}

// wished is the first filter that asks for the agent to be drained, nil if none does.
func wished(standing []*filters.Filter) *filters.Filter {
	at := slices.IndexFunc(standing, func(f *filters.Filter) bool { return f.Drain != nil })
	if at < 0 {
		return nil
	}
	return standing[at]
}

func (h *Hand) drained(entry *filters.LedgerEntry) bool { return h.Drained == nil || h.Drained(entry) }

// returned is the agent that the filter's host has come back as, nil if it has not.
func (h *Hand) returned(filter *filters.Filter) *filters.Agent {
	for _, agent := range h.Roster().OnHost(filter.Hostname) {
		if agent.ID != filter.Agent && agent.IP == filter.IP && agent.Port == filter.Port {
			return agent
		}
	}
	return nil
}

// page is a commit being written.
type page struct {
	commit *filters.Commit
	now    time.Time
	term   int64
}

func (p *page) event(kind filters.Kind, outcome filters.ChangeState, operation, subject string) filters.Event {
	return filters.Event{
		Kind: kind, Term: p.term, Actor: "bot:replica", Cause: filters.CauseRepair, Outcome: string(outcome), Operation: operation, Subject: cmp.Or(subject, operation, "hand"),
	}
}

func (p *page) intent(kind filters.Kind, hold filters.Hold, entry filters.LedgerEntry) {
	entry.Hold, entry.State, entry.At, entry.Term = hold, filters.StateRecorded, p.now, p.term
	p.commit.PutLedger(entry, p.event(kind, "", "", entry.Subject))
}

// drain writes that the master was asked to drain the agent, and said yes.
func (p *page) drain(filter *filters.Filter, entry filters.LedgerEntry) {
	entry.Mode, entry.DrainSent, entry.Heard, entry.At, entry.Term = filters.ModeDrain, filter.ID, true, p.now, p.term
	p.commit.PutLedger(entry, p.event(filters.KindDraining, "", "", entry.Subject))
}

// drained writes that nothing runs on the agent any more.
func (p *page) drained(entry filters.LedgerEntry) {
	entry.Drained, entry.Term = p.now, p.term
	p.commit.PutLedger(entry, p.event(filters.KindDrained, "", "", entry.Subject))
}

// take verifies the filters, and that the agent is held.
func (p *page) take(standing []*filters.Filter, entry filters.LedgerEntry) {
	if entry.Hold != filters.HoldHeld || entry.State != filters.StateVerified {
		entry.Hold, entry.State, entry.At, entry.Term = filters.HoldHeld, filters.StateVerified, p.now, p.term
		p.commit.PutLedger(entry, p.event(filters.KindTook, "", "", entry.Subject))
	}
	for _, filter := range standing {
		if filter.State != filters.StateVerified {
			next := *filter
			next.State = filters.StateVerified
			p.commit.PutFilter(next, p.event(filters.KindTook, filters.StateVerified, filter.Operation, filter.Subject))
		}
	}
}

func (p *page) expire(standing []*filters.Filter) {
	for _, filter := range standing {
		if !filter.Expired(p.now) {
			continue
		}
		ended := *filter
		ended.Ended, ended.EndCause, ended.EndOperation = p.now, filters.CauseExpiry, filters.RandomID("op-r-")
		event := p.event(filters.KindExpire, filters.StateRecorded, ended.EndOperation, filter.Subject)
		event.Request = filter.ID
		p.commit.PutFilter(ended, event)
	}
}

// settle takes the ended filters out, with the ledger's entry if that goes too.
func (p *page) settle(on []*filters.Filter, entry *filters.LedgerEntry) {
	for _, filter := range on {
		if filter.Stands() {
			continue
		}
		p.overtaken(filter)
		p.commit.SettleFilter(*filter, p.event(filters.KindGave, filters.StateVerified, filter.EndOperation, filter.Subject))
	}
	if entry != nil {
		p.commit.PutLedger(*entry, p.event(filters.KindGave, "", "", entry.Subject))
	}
}

// overtaken closes the operation that placed a filter which ended, or moved, before it was verified.
func (p *page) overtaken(filter *filters.Filter) {
	if filter.State != filters.StateVerified {
		event := p.event(filters.KindTook, filters.StateVerified, filter.Operation, filter.Subject)
		event.Agent, event.Host = filter.Agent, filter.Hostname
		p.commit.Events = append(p.commit.Events, event)
	}
}

// move lets the filters follow their host to its new agent ID.
func (p *page) move(book *filters.Book, on []*filters.Filter, entry *filters.LedgerEntry, target *filters.Agent) {
	if entry != nil {
		free := *entry
		free.Hold = filters.HoldFree
		p.commit.PutLedger(free, p.event(filters.KindMove, "", "", entry.Subject))
	}
	p.settle(on, nil)
	for _, filter := range on {
		if !filter.Stands() {
			continue
		}
		p.overtaken(filter)
		p.commit.SettleFilter(*filter, p.event(filters.KindMove, "", "", filter.Subject))
		moved := *filter
		moved.Agent, moved.IP, moved.Port, moved.Rack = target.ID, target.IP, target.Port, target.Rack()
		moved.Operation, moved.State, moved.Revision = filters.RandomID("op-r-"), filters.StateRecorded, 0
		known := book.Filter(moved.Key())
		if known != nil && known.Stands() {
			continue
		}
		if known != nil {
			moved.Revision, moved.Replaces = known.Revision, known.ID
		}
		p.commit.PutFilter(moved, p.event(filters.KindMove, filters.StateRecorded, moved.Operation, filter.Subject))
	}
}
