package reconcile

import (
	"context"
	"slices"
	"time"

	"cordon/filters"
)

// recordsAtOnce bounds the changes of one commit.
const recordsAtOnce = 64

// commit writes the commit and brings the book up to it. If that fails the difference stays, and is found again.
func (l *leading) commit(ctx context.Context, commit filters.Commit) (filters.Receipt, error) {
	receipt, err := l.Recorder.Commit(ctx, commit)
	if err != nil {
		l.troubled(ctx, err)
		return filters.Receipt{}, err
	}
	l.recorder, l.conflict = retry{}, retry{}
	l.Book.Anticipate(receipt.Events...)
	return receipt, nil
}

// troubled notes that a write failed. A conflict means that the book is behind: the journal will turn it. A store that
// doubts itself refuses to give back, and nothing else.
func (l *leading) troubled(ctx context.Context, err error) {
	now := time.Now()
	switch filters.CodeOf(err) {
	case filters.Conflict:
		l.conflict.failed(now, recorderFirst, recorderMost)
	case filters.Locked:
		l.doubted, l.dirty = now.Add(recorderMost), true
	default:
		l.recorder.failed(now, recorderFirst, recorderMost)
	}
	if ctx.Err() == nil {
		l.Logger.Warn("a change could not be written", "reason", err, "code", filters.CodeOf(err))
	}
}

// writeAll writes changes that call nobody, some at a time. Of several about one agent or question the first is written:
// the next pass finds the others again.
func (l *leading) writeAll(ctx context.Context, changes []filters.Change) bool {
	for chunk := range slices.Chunk(firstOfEach(changes), recordsAtOnce) {
		if !apart(chunk, func(some []filters.Change) error { return l.write(ctx, some) }) {
			return false
		}
	}
	return true
}

// firstOfEach leaves the first change of each agent, new agents included, and of each question.
func firstOfEach(changes []filters.Change) []filters.Change {
	agents, questions := map[filters.AgentID]bool{}, map[string]bool{}
	return slices.DeleteFunc(changes, func(change filters.Change) bool {
		again := change.Agent != "" && agents[change.Agent]
		agents[change.Agent] = true
		if change.Question != nil {
			again = again || questions[change.Question.ID]
			questions[change.Question.ID] = true
		}
		if change.NewAgent != nil {
			again = again || agents[change.NewAgent.ID]
			agents[change.NewAgent.ID] = true
		}
		return again
	})
}

// write writes some changes: each expiry with its own request key, everything else together.
func (l *leading) write(ctx context.Context, changes []filters.Change) error {
	draft := l.draft()
	for i := range changes {
		if changes[i].Kind != filters.ChangeExpire {
			draft.record(&changes[i])
		} else if err := l.expire(ctx, changes[i].Filters[0]); err != nil && filters.CodeOf(err) != filters.Conflict {
			return err
		}
	}
	if !draft.empty() {
		if _, err := l.commit(ctx, draft.commit); err != nil {
			return err
		}
	}
	for i := range changes {
		l.remember(&changes[i])
	}
	return nil
}

// expire ends a filter whose end has come. Its ID is the request key: however often, and by whichever leader, it ends once.
func (l *leading) expire(ctx context.Context, filter *filters.Filter) error {
	draft := l.draft()
	draft.commit.Request = filter.ID
	ended := *filter
	ended.Ended, ended.EndedBy, ended.EndCause = draft.now, "bot:"+l.Replica, filters.CauseExpiry
	ended.EndOperation = filters.DerivedID("op-", l.Cluster, filter.ID, filters.CauseExpiry)
	event := draft.outcome(filters.KindExpire, filters.CauseExpiry, filters.StateRecorded, ended.EndOperation, filter.Subject)
	event.Request = filter.ID
	draft.put(event, &ended, nil)
	_, err := l.commit(ctx, draft.commit)
	return err
}

// remember keeps what the leader has written down in its memory.
func (l *leading) remember(change *filters.Change) {
	switch change.Kind {
	case filters.ChangeForeign:
		if l.memory.Foreign != nil {
			l.memory.Foreign[change.Agent] = true
		}
		delete(l.memory.Touched, change.Agent)
	case filters.ChangeUnforeign, filters.ChangeAdopt:
		delete(l.memory.Foreign, change.Agent)
	case filters.ChangeAccept:
		l.memory.Touched[change.Agent] = time.Now().UTC()
	case filters.ChangeHold, filters.ChangeRestart:
		l.memory.Registered[change.Agent] = change.Seen.Registered
	case filters.ChangeFree, filters.ChangeMove, filters.ChangeGone:
		delete(l.memory.Registered, change.Agent)
		delete(l.intents, change.Agent)
		delete(l.reasons, change.Agent)
		delete(l.memory.Unanswered, change.Agent)
		delete(l.memory.Paused, change.Agent)
		delete(l.memory.Proofs, change.Agent)
	case filters.ChangeWould:
		l.observed[change.Agent] = filters.ChangeKind(change.Reason)
	case filters.ChangeNotice:
		l.memory.Noticed[change.NewAgent.ID] = time.Now().UTC().Add(-1) // a reading that begins now is newer
		l.wantRead = true
		l.Master.Urge() // until it is read the host takes tasks
	}
}

// record adds the change to the commit.
func (d *draft) record(change *filters.Change) {
	switch change.Kind {
	case filters.ChangeHold:
		d.hold(change)
	case filters.ChangeAccept:
		d.took(nil, change.Filters, filters.StateAccepted, "the agent is withheld already")
	case filters.ChangeAdopt:
		d.adopt(change)
	case filters.ChangeDrained:
		d.drained(change)
	case filters.ChangeGone:
		d.gone(change)
	case filters.ChangeFree:
		d.free(change)
	case filters.ChangeSettle:
		d.settle(change.Filters, nil, change.Reason)
	case filters.ChangeMove:
		d.move(change)
	case filters.ChangeNag, filters.ChangeMissing, filters.ChangeBack:
		d.mark(change)
	case filters.ChangeForeign:
		d.foreign(change)
	case filters.ChangeUnforeign:
		d.notify(filters.KindUnforeign, change, d.notice(change))
	case filters.ChangeRestart:
		d.notify(filters.KindRestart, change, subjectOf(change.Filters))
	case filters.ChangeFailover:
		d.notify(filters.KindFailover, change, d.settling.subject)
	case filters.ChangeSettled:
		d.notify(filters.KindSettled, change, d.settling.subject)
	case filters.ChangeContest:
		d.contest(change)
	case filters.ChangeWould:
		d.would(change)
	case filters.ChangeAsk:
		d.commit.PutQuestion(*change.Question, d.event(filters.KindQuestion, change.Cause, ""))
	case filters.ChangeDone:
		done := *change.Question
		done.Done = true
		d.commit.PutQuestion(done, d.event(filters.KindQuestion, change.Cause, change.Reason))
	}
}

func (d *draft) hold(change *filters.Change) {
	if change.Entry.Hold == filters.HoldHeld && change.Entry.State == filters.StateVerified {
		d.took(nil, change.Filters, filters.StateVerified, "")
		return
	}
	entry := *change.Entry
	if entry.Hold != filters.HoldHeld {
		entry.At = d.now
	}
	entry.Hold, entry.State, entry.Term, entry.Registered = filters.HoldHeld, filters.StateVerified, d.term, change.Seen.Registered
	entry.Heard = entry.Heard || sent(&entry) && change.Seen.Drain != filters.NotDraining
	d.took(&entry, change.Filters, filters.StateVerified, "")
}

func (d *draft) adopt(change *filters.Change) {
	entry := d.entry(change)
	filter := asking(change.Filters)
	entry.Hold, entry.State, entry.At, entry.Term = filters.HoldHeld, filters.StateVerified, d.now, d.term
	entry.Saw, entry.Registered, entry.Adopted = saw(change.Seen), change.Seen.Registered, true
	entry.Operation, entry.Subject = filter.Operation, filter.Subject
	d.took(entry, change.Filters, filters.StateVerified, "adopted as it was")
}

// free removes the ledger's entry and lets the ended filters go with it.
func (d *draft) free(change *filters.Change) {
	entry := *change.Entry
	d.closeOwn(&entry, change.Filters, change.Reason)
	entry.Hold, entry.State, entry.At, entry.Term = filters.HoldFree, filters.StateVerified, d.now, d.term
	if rest := d.settle(change.Filters, &entry, change.Reason); rest != nil {
		event := d.outcome(filters.KindGave, filters.CauseRepair, filters.StateVerified, "", rest.Subject)
		event.Reason = change.Reason
		d.put(event, nil, rest)
	}
}

// settle takes ended filters out of the store and tells that their end has come to its end. It returns the ledger's entry
// if that was not joined to any.
func (d *draft) settle(all []*filters.Filter, entry *filters.LedgerEntry, reason string) *filters.LedgerEntry {
	for _, filter := range all {
		if filter.Stands() {
			continue
		}
		d.overtaken(filter, "ended before it was confirmed")
		event := d.outcome(filters.KindGave, filter.EndCause, filters.StateVerified, filter.EndOperation, filter.Subject)
		event.Reason, event.Host = reason, filter.Hostname
		d.put(event, filter, entry)
		entry = nil
	}
	return entry
}

// overtaken closes the operation that placed a filter which ended, or moved, before that was done.
func (d *draft) overtaken(filter *filters.Filter, reason string) {
	if filter.State == filters.StateVerified || filter.State == filters.StateFailed {
		return
	}
	event := d.outcome(filters.KindTook, filter.EndCause, filters.StateVerified, filter.Operation, filter.Subject)
	event.Agent, event.Host, event.Reason = filter.Agent, filter.Hostname, reason
	d.add(event)
}
