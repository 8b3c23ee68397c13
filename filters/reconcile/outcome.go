package reconcile

import (
	"strings"
	"time"

	"cordon/filters"
)

// accepted writes that the master said yes. What the book says of the agent now is what counts: filters may have come and
// gone since the intent.
func (d *draft) accepted(call *filters.Change, ended time.Time) {
	known := d.Book.Ledger(call.Agent)
	if known == nil || known.Term != d.term {
		return
	}
	entry := *known
	entry.Sent = ended
	if call.Kind == filters.ChangeGive {
		entry.State = filters.StateAccepted
		d.gave(&entry, d.Book.On(call.Agent), "")
		return
	}
	entry.Hold, entry.State, entry.At = filters.HoldHeld, filters.StateAccepted, d.now
	entry.Heard = entry.Heard || call.Kind == filters.ChangeDrain
	d.took(&entry, d.Book.On(call.Agent), filters.StateAccepted, "")
}

// took writes how far withholding has come, for the ledger (nil: nothing new) and for each filter that it brings on.
func (d *draft) took(entry *filters.LedgerEntry, all []*filters.Filter, state filters.ChangeState, reason string) {
	for _, filter := range all {
		if !filter.Stands() || !precedes(filter.State, state) {
			continue
		}
		next := *filter
		next.State = state
		event := d.outcome(filters.KindTook, causeOf(filter.Owner), state, filter.Operation, filter.Subject)
		event.Reason = reason
		var joined *filters.LedgerEntry
		if entry != nil && entry.Operation == filter.Operation {
			joined, entry = entry, nil
		}
		d.put(event, &next, joined)
	}
	if entry != nil {
		d.ledgerOnly(filters.KindTook, entry, state, reason)
	}
}

// ledgerOnly writes an entry about the ledger alone. It counts for operations that are the reconciler's own; those of
// people were counted by their filters.
func (d *draft) ledgerOnly(kind filters.Kind, entry *filters.LedgerEntry, state filters.ChangeState, reason string) {
	operation := entry.Operation
	if !strings.HasPrefix(operation, repairPrefix) {
		operation = ""
	}
	event := d.outcome(kind, filters.CauseRepair, state, operation, entry.Subject)
	event.Reason = reason
	d.put(event, nil, entry)
}

// precedes tells whether a filter in the one state is brought on by the other.
func precedes(is, next filters.ChangeState) bool {
	if is == filters.StateVerified || is == next {
		return false
	}
	return next == filters.StateVerified || is != filters.StateAccepted
}

// gave writes what the master said to giving back: an entry for each filter whose end it follows from.
func (d *draft) gave(entry *filters.LedgerEntry, all []*filters.Filter, reason string) {
	state := entry.State
	for _, filter := range all {
		if filter.Stands() {
			continue
		}
		event := d.outcome(filters.KindGave, filter.EndCause, state, filter.EndOperation, filter.Subject)
		event.Agent, event.Host, event.Reason = filter.Agent, filter.Hostname, reason
		d.add(event)
		if entry != nil {
			d.join(entry)
			entry = nil
		}
	}
	if entry != nil {
		d.ledgerOnly(filters.KindGave, entry, state, reason)
	}
}

// refused writes the master's words, once for as long as they stay the same. They count as a failure once.
func (d *draft) refused(call *filters.Change, done *report) {
	known, words := d.Book.Ledger(call.Agent), done.err.Error()
	if known == nil || known.Term != d.term {
		return
	}
	entry := *known
	entry.State, entry.Sent = filters.StateFailed, done.ended
	if call.Kind == filters.ChangeDrain {
		entry.Refused = words
	}
	switch {
	case known.State == filters.StateFailed && d.reasons[call.Agent] == words:
	case known.State == filters.StateFailed:
		event := d.outcome(kindOf(call), filters.CauseRepair, filters.StateFailed, "", entry.Subject)
		event.Reason = words
		d.put(event, nil, &entry)
	case call.Kind == filters.ChangeGive:
		d.gave(&entry, d.Book.On(call.Agent), words)
	default:
		d.took(&entry, d.Book.On(call.Agent), filters.StateFailed, words)
	}
}

func kindOf(call *filters.Change) filters.Kind {
	if call.Kind == filters.ChangeGive {
		return filters.KindGave
	}
	return filters.KindTook
}
