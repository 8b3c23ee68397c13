package reconcile

import (
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// repairPrefix starts the IDs of operations that no person asked for: repairs, and what else withholds or gives back
// without a filter's own operation. Only of these does the ledger's own entry count.
const repairPrefix = "op-r-"

// overtaken is why an operation of the reconciler's own ends without being done: something newer is.
const overtaken = "overtaken"

// draft gathers the records and entries of a commit, in the leader's name.
type draft struct {
	*leading
	commit filters.Commit
	now    time.Time // the cluster's
}

func (l *leading) draft() *draft {
	return &draft{leading: l, commit: filters.Commit{Term: l.term}, now: l.Recorder.Now()}
}

func (d *draft) empty() bool { return len(d.commit.Events) == 0 }

// event returns an entry by the leader.
func (d *draft) event(kind filters.Kind, cause, reason string) filters.Event {
	return filters.Event{Kind: kind, Term: d.term, Actor: "bot:" + d.Replica, Cause: cause, Reason: reason}
}

// outcome returns an entry about how far an operation has come.
func (d *draft) outcome(kind filters.Kind, cause string, state filters.ChangeState, operation, subject string) filters.Event {
	event := d.event(kind, cause, "")
	event.Operation, event.Subject, event.Outcome = operation, subject, string(state)
	event.Master, _ = d.Master.Epoch()
	return event
}

func (d *draft) add(event filters.Event) { d.commit.Events = append(d.commit.Events, event) }

// put adds the entry with the ledger's record joined to it, if there is one: one fact is one entry.
func (d *draft) put(event filters.Event, filter *filters.Filter, entry *filters.LedgerEntry) {
	switch {
	case filter == nil:
		d.add(event)
	case filter.Stands() || event.Kind == filters.KindExpire:
		d.commit.PutFilter(*filter, event)
	default:
		d.commit.SettleFilter(*filter, event)
	}
	if entry != nil {
		d.join(entry)
	}
}

// join puts the ledger's record into the newest entry.
func (d *draft) join(entry *filters.LedgerEntry) {
	d.commit.Ledger = append(d.commit.Ledger, *entry)
	written := *entry
	written.Revision++
	event := &d.commit.Events[len(d.commit.Events)-1]
	event.Agent, event.Host, event.Ledger = entry.Agent, entry.Hostname, &written
}

// intent writes that the agent is about to be withheld or given back.
func (d *draft) intent(call *filters.Change) {
	if call.Kind == filters.ChangeGive {
		d.releasing(call)
		return
	}
	entry, event := d.entry(call), d.event(filters.KindTaking, call.Cause, call.Reason)
	if call.Kind == filters.ChangeDrain {
		event.Kind = filters.KindDraining
		d.sending(call, entry)
	}
	if call.Kind == filters.ChangeRepair {
		d.lost(call, entry)
	} else {
		d.asked(call, entry, &event)
	}
	entry.Hold, entry.State, entry.At, entry.Term = filters.HoldTaking, filters.StateRecorded, d.now, d.term
	entry.Saw, entry.Sent, entry.Registered = saw(call.Seen), time.Time{}, call.Seen.Registered
	if call.Kind == filters.ChangeUphold {
		entry.Contested, entry.Losses = false, 0
	}
	event.Operation, event.Subject = entry.Operation, entry.Subject
	d.put(event, nil, entry)
}

// asked gives the entry the operation of the filter that asks for the call. If that has come to its end before, the call
// is an operation of its own.
func (d *draft) asked(call *filters.Change, entry *filters.LedgerEntry, event *filters.Event) {
	filter := asking(call.Filters)
	if event.Cause == "" && filter != nil {
		event.Cause = causeOf(filter.Owner)
	}
	switch {
	case filter != nil && recorded(filter):
		d.closeOwn(entry, call.Filters, overtaken)
		entry.Operation, entry.Subject = filter.Operation, filter.Subject
	case !open(entry) || entry.Hold != filters.HoldTaking:
		d.closeOwn(entry, call.Filters, overtaken)
		entry.Operation, entry.Subject = filters.RandomID(repairPrefix), subjectOf(call.Filters)
		event.Outcome = string(filters.StateRecorded)
	}
}

// open tells whether the entry's operation is one of the reconciler's own and not at its end.
func open(entry *filters.LedgerEntry) bool {
	return strings.HasPrefix(entry.Operation, repairPrefix) && entry.State != filters.StateVerified && entry.State != filters.StateFailed
}

// closeOwn ends an operation of the reconciler's own that something else overtakes. That of a move is the filter's too, which
// followed its host: with the filter it is counted, once.
func (d *draft) closeOwn(entry *filters.LedgerEntry, all []*filters.Filter, reason string) {
	moved := func(filter *filters.Filter) bool { return filter.Operation == entry.Operation }
	if !open(entry) || slices.ContainsFunc(all, moved) {
		return
	}
	kind := filters.KindTook
	if entry.Hold == filters.HoldReleasing {
		kind = filters.KindGave
	}
	event := d.outcome(kind, filters.CauseRepair, filters.StateVerified, entry.Operation, entry.Subject)
	event.Agent, event.Host, event.Reason = entry.Agent, entry.Hostname, reason
	d.add(event)
}

// lost tells that the master gave offers of an agent that we withhold: the repair is an operation of its own.
func (d *draft) lost(call *filters.Change, entry *filters.LedgerEntry) {
	d.closeOwn(entry, call.Filters, overtaken)
	entry.Losses = losses(call)
	entry.Operation, entry.Subject = filters.RandomID(repairPrefix), d.notice(call)
	event := d.outcome(filters.KindLost, call.Cause, filters.StateRecorded, entry.Operation, entry.Subject)
	event.Agent, event.Host, event.Reason = entry.Agent, entry.Hostname, call.Reason
	d.add(event)
	d.Meter.drift(filters.KindLost)
}

// losses counts how often the agent was lost without a cause that we know.
func losses(call *filters.Change) int {
	switch {
	case call.Cause != filters.CauseRepair:
		return 0
	case reregistered(call.Entry, call.Seen):
		return 1
	}
	return call.Entry.Losses + 1
}

func (d *draft) releasing(call *filters.Change) {
	entry := *call.Entry
	d.closeOwn(&entry, call.Filters, overtaken)
	entry.Hold, entry.State, entry.At, entry.Term = filters.HoldReleasing, filters.StateRecorded, d.now, d.term
	entry.Saw, entry.Sent = saw(call.Seen), time.Time{}
	event := d.event(filters.KindReleasing, filters.CauseRepair, call.Reason)
	if filter := lastEnded(call.Filters); filter != nil {
		entry.Operation, entry.Subject = filter.EndOperation, filter.Subject
		event.Cause = filter.EndCause
	} else {
		entry.Operation = filters.RandomID(repairPrefix)
		event.Outcome = string(filters.StateRecorded)
	}
	event.Operation, event.Subject = entry.Operation, entry.Subject
	d.put(event, nil, &entry)
}

// entry returns the ledger's entry of the change's agent, a new one where there is none.
func (d *draft) entry(change *filters.Change) *filters.LedgerEntry {
	if change.Entry != nil {
		entry := *change.Entry
		return &entry
	}
	return &filters.LedgerEntry{
		Agent: change.Agent, Hostname: change.Seen.Hostname, IP: change.Seen.IP, Port: change.Seen.Port,
		Backend: d.Master.Roster().View().Backend, Mode: filters.ModeFilter,
	}
}

// saw names what a reading showed of the agent.
func saw(agent *filters.Agent) string {
	switch {
	case agent.Drain != filters.NotDraining:
		return strings.ToLower(string(agent.Drain))
	case agent.Deactivated:
		return "deactivated"
	case agent.Filtered:
		return "filtered"
	case agent.Active:
		return "active"
	}
	return "disconnected"
}

// asking returns the filter whose operation a call belongs to: the first of which nothing has come yet, or else the
// first that stands.
func asking(all []*filters.Filter) *filters.Filter {
	var standing *filters.Filter
	for _, filter := range all {
		switch {
		case recorded(filter):
			return filter
		case standing == nil && filter.Stands():
			standing = filter
		}
	}
	return standing
}

// lastEnded returns the filter that ended last, nil if none has.
func lastEnded(all []*filters.Filter) *filters.Filter {
	var last *filters.Filter
	for _, filter := range all {
		if !filter.Stands() && (last == nil || filter.Ended.After(last.Ended)) {
			last = filter
		}
	}
	return last
}

// causeOf returns what made an owner's filter, in the words of the journal.
func causeOf(owner filters.Owner) string {
	switch owner.Kind() {
	case "user":
		return filters.CauseCommand
	case "api":
		return filters.CauseAPI
	}
	return owner.Kind()
}

// notice returns the subject of a drift notice. What a failover did is one notice together with it; all else that one
// commit finds of a cause is one.
func (d *draft) notice(change *filters.Change) string {
	if change.Cause == filters.CauseFailover && d.settling.subject != "" {
		return d.settling.subject
	}
	return filters.DerivedID("drift-", d.Cluster, string(change.Kind), change.Cause, d.now.Format(time.RFC3339Nano))
}
