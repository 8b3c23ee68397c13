package reconcile

import (
	"time"

	"cordon/filters"
)

// move gives the filters to the host's new agent ID, as an operation of its own. Where the owner has one there already,
// that one stays for as long as the longer of both.
func (d *draft) move(change *filters.Change) {
	operation, target := filters.RandomID(repairPrefix), change.NewAgent
	if change.Entry != nil {
		entry := *change.Entry
		d.closeOwn(&entry, change.Filters, change.Reason)
		entry.Hold, entry.State, entry.At, entry.Term = filters.HoldFree, filters.StateVerified, d.now, d.term
		event := d.event(filters.KindMove, change.Cause, change.Reason)
		event.Subject = subjectOf(change.Filters)
		d.put(event, nil, &entry)
	}
	d.settle(change.Filters, nil, change.Reason)
	for _, filter := range change.Filters {
		if !filter.Stands() {
			continue
		}
		d.overtaken(filter, change.Reason)
		d.commit.SettleFilter(*filter, d.event(filters.KindMove, change.Cause, change.Reason))
		moved := *filter
		moved.Agent, moved.Hostname, moved.IP, moved.Port, moved.Rack = target.ID, target.Hostname, target.IP, target.Port, target.Rack()
		moved.Operation, moved.State, moved.Missing, moved.Revision = operation, filters.StateRecorded, time.Time{}, 0
		if known := d.Book.Filter(moved.Key()); known != nil && known.Stands() {
			d.merge(*known, filter, change)
			continue
		} else if known != nil {
			moved.Revision = known.Revision
		}
		event := d.event(filters.KindMove, change.Cause, change.Reason)
		event.Operation, event.Outcome = operation, string(filters.StateRecorded)
		d.commit.PutFilter(moved, event)
	}
}

func (d *draft) merge(known filters.Filter, moved *filters.Filter, change *filters.Change) {
	if known.Until.IsZero() || !moved.Until.IsZero() && !moved.Until.After(known.Until) {
		return
	}
	known.Until = moved.Until
	d.commit.PutFilter(known, d.event(filters.KindMove, change.Cause, change.Reason))
}
