package reconcile

import (
	"time"

	"cordon/filters"
)

// mark writes on filters that they were brought to mind, or that their agent left or came back.
func (d *draft) mark(change *filters.Change) {
	kind, subject := filters.KindNag, ""
	switch change.Kind {
	case filters.ChangeMissing:
		kind, subject = filters.KindMissing, d.notice(change)
		if change.Cause != filters.CauseMaintenance {
			d.Meter.drift(kind)
		}
	case filters.ChangeBack:
		kind = filters.KindRestart
	}
	for _, filter := range change.Filters {
		marked := *filter
		switch change.Kind {
		case filters.ChangeNag:
			marked.Nagged = d.now
		case filters.ChangeMissing:
			marked.Missing = d.now
		case filters.ChangeBack:
			marked.Missing = time.Time{}
		}
		event := d.event(kind, change.Cause, change.Reason)
		event.Subject, event.Host = subject, filter.Hostname
		d.commit.PutFilter(marked, event)
	}
}

// foreign tells that somebody else withholds the agent: once for each filter that has what it wishes by that, or once.
func (d *draft) foreign(change *filters.Change) {
	d.Meter.drift(filters.KindForeign)
	told := false
	for _, filter := range change.Filters {
		if !unverified(filter) {
			continue
		}
		told = true
		next := *filter
		next.State = filters.StateVerified
		event := d.outcome(filters.KindForeign, change.Cause, filters.StateVerified, filter.Operation, filter.Subject)
		event.Reason, event.Host = change.Reason, filter.Hostname
		d.commit.PutFilter(next, event)
	}
	if !told {
		d.notify(filters.KindForeign, change, d.notice(change))
	}
}

func (d *draft) contest(change *filters.Change) {
	d.Meter.drift(filters.KindContested)
	entry := *change.Entry
	entry.Contested, entry.Losses, entry.Term = true, entry.Losses+1, d.term
	event := d.event(filters.KindContested, change.Cause, change.Reason)
	event.Subject = change.Question.Subject
	d.put(event, nil, &entry)
	d.commit.PutQuestion(*change.Question, d.event(filters.KindQuestion, change.Cause, ""))
}

// notify adds an entry that changes no record.
func (d *draft) notify(kind filters.Kind, change *filters.Change, subject string) {
	event := d.event(kind, change.Cause, change.Reason)
	event.Agent, event.Subject = change.Agent, subject
	event.Master, _ = d.Master.Epoch()
	if change.Seen != nil {
		event.Host = change.Seen.Hostname
	}
	d.add(event)
}

// subjectOf returns the subject of the first filter that stands, empty if none does.
func subjectOf(all []*filters.Filter) string {
	for _, filter := range all {
		if filter.Stands() {
			return filter.Subject
		}
	}
	return ""
}
