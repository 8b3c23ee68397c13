package reconcile

import (
	"time"

	"cordon/filters"
)

// drainLook is how often an agent is looked at that is being drained: nothing tells that it is done.
const drainLook = 5 * time.Second

// proveEvery is how often the master is asked whether it still knows an agent that is away and is to leave for ever.
const proveEvery = 30 * time.Second

// drainer returns the filter that asks for the agent to be drained: of those that stand the one that marks it gone, or else the
// one that was placed first; nil if there is none.
func drainer(all []*filters.Filter) *filters.Filter {
	var first *filters.Filter
	for _, filter := range all {
		if filter.Stands() && filter.Mode == filters.ModeDrain && filter.Drain != nil && (first == nil || before(filter, first)) {
			first = filter
		}
	}
	return first
}

func before(x, y *filters.Filter) bool {
	if x.Drain.Gone != y.Drain.Gone {
		return x.Drain.Gone
	}
	return x.Created.Before(y.Created)
}

// sent tells whether a call that kills was sent and not refused.
func sent(entry *filters.LedgerEntry) bool {
	return (entry.DrainSent != "" || entry.GoneSent != "") && entry.Refused == ""
}

// drain deals with an agent that is to be drained, and tells whether nothing else is to be done about it now. What was sent
// once, and arrived, is never sent again: from then on the agent is one that is to stay withheld (invariant 6).
func (d *differ) drain(t *track) bool {
	filter := drainer(t.filters)
	switch {
	case filter == nil || d.backend != filters.BackendOperator:
		return false
	case t.entry != nil && t.entry.SentFor(filter):
		return d.drainSent(t, filter)
	case t.seen == nil && !d.absent(t) || d.paused(t, filters.HoldTaking):
		return false
	case filter.Drain.Gone: // whatever became of a drain before
	case t.entry != nil && sent(t.entry) && t.entry.Drained.IsZero():
		return false // another drain of ours is under way: this one's wish comes true with it
	case t.seen != nil && t.seen.Drain != filters.NotDraining:
		return false // somebody else drains it: the agent is withheld, and the run says whose drain it is
	}
	d.takes = append(d.takes, t.kill(""))
	return true
}

// kill is the call that kills. The master takes it for an agent that is away, too.
func (t *track) kill(reason string) filters.Change {
	change := t.change(filters.ChangeDrain, "", reason)
	change.Seen = t.known()
	return change
}

// known is the agent as it was seen or, without flags, as it is written down.
func (t *track) known() *filters.Agent {
	switch {
	case t.seen != nil:
		return t.seen
	case len(t.filters) > 0:
		filter := t.filters[0]
		return &filters.Agent{ID: t.agent, Hostname: filter.Hostname, IP: filter.IP, Port: filter.Port}
	}
	return &filters.Agent{ID: t.agent, Hostname: t.entry.Hostname, IP: t.entry.IP, Port: t.entry.Port}
}

// drainSent goes on with a drain whose call was made, or was about to be.
func (d *differ) drainSent(t *track, filter *filters.Filter) bool {
	switch {
	case t.entry.Refused != "":
		return false
	case filter.Drain.Ends() && d.absent(t):
		d.left(t, filter)
		return true
	case t.seen == nil || !d.settled(t):
		d.look(t)
		return true
	case d.unheard(t, filter):
		return d.again(t)
	case t.seen.Drain == filters.Drained && t.entry.Drained.IsZero() && t.entry.Hold == filters.HoldHeld:
		d.record(t.change(filters.ChangeDrained, filters.CauseObserved, ""))
		return true
	}
	if t.entry.Drained.IsZero() && d.Local.Sub(t.began) >= drainLook {
		d.look(t)
	}
	return false
}

// left deals with an agent that is to leave for ever and is in no list. An unreachable one is in none either: that it has left is
// proved by the master's yes to MARK_AGENT_GONE, which is the same however often it is asked for (recording gone-7), or else by its
// knowing the agent no more. The filter is the one that asks for it; nil: it was released.
func (d *differ) left(t *track, filter *filters.Filter) {
	marked := t.entry.GoneSent != ""
	switch {
	case marked && t.entry.Heard && t.began.After(t.entry.Sent), d.Proofs[t.agent].Forgotten:
		d.record(t.change(filters.ChangeGone, filters.CauseGone, ""))
	case marked && !t.entry.Heard && filter != nil:
		d.again(t)
	default:
		d.prove(t)
	}
}

// prove asks the master whether it knows the agent, now and then.
func (d *differ) prove(t *track) {
	if proof, asked := d.Proofs[t.agent]; !asked || d.Local.Sub(proof.At) >= proveEvery {
		change := t.change(filters.ChangeProve, "", "")
		change.Seen = t.known()
		d.looks = append(d.looks, change)
	}
}

// leaves deals with an agent that leaves the cluster for ever although nobody asks for it any more, and tells whether it does: what
// was sent cannot be taken back.
func (d *differ) leaves(t *track) bool {
	switch {
	case !t.entry.Leaving() || drainer(t.filters) != nil:
		return false
	case t.seen == nil:
		if d.absent(t) {
			d.left(t, nil)
		}
		return true
	case !t.entry.Heard && t.seen.Drain == filters.NotDraining:
		return false // as far as is known it was never heard
	case d.Local.Sub(t.began) >= drainLook:
		d.look(t)
	}
	return true
}

// unheard tells whether the call surely did not arrive: the intent stands, and a reading that began after the call could
// still be under way shows no drain.
func (d *differ) unheard(t *track, filter *filters.Filter) bool {
	shows := t.seen.Drain != filters.NotDraining && !filter.Drain.Gone // one that is gone is listed no more
	return !t.entry.Heard && t.entry.Hold == filters.HoldTaking && !shows
}

// again sends what never arrived, once no earlier sending of it can be under way any more.
func (d *differ) again(t *track) bool {
	switch {
	case !t.began.After(d.quietFrom(t)):
		d.look(t)
	case !d.paused(t, filters.HoldTaking):
		d.takes = append(d.takes, t.kill("the call before was not confirmed"))
	}
	return true
}

// drainingStill tells whether an agent that is ours is still being drained, and has it looked at now and then. That it is
// drained is written down before it is given back.
func (d *differ) drainingStill(t *track) bool {
	switch {
	case t.entry.DrainSent == "" || t.seen == nil:
		return false
	case t.seen.Drain == filters.Drained && t.entry.Draining() && t.entry.Hold == filters.HoldHeld && d.settled(t):
		d.record(t.change(filters.ChangeDrained, filters.CauseObserved, ""))
		return true
	case t.seen.Drain != filters.Draining:
		return false
	}
	if d.Local.Sub(t.began) >= drainLook {
		d.look(t)
	}
	return true
}

// sending notes in the ledger, before the call, for which filter it is made.
func (d *draft) sending(call *filters.Change, entry *filters.LedgerEntry) {
	filter := drainer(call.Filters)
	entry.Mode, entry.Drained, entry.Refused, entry.Heard = filters.ModeDrain, time.Time{}, "", false
	entry.Ends = filter.Drain.Ends()
	if filter.Drain.Gone {
		entry.GoneSent = filter.ID
	} else {
		entry.DrainSent = filter.ID
	}
}

// drained writes that nothing runs on the agent any more.
func (d *draft) drained(change *filters.Change) {
	entry := *change.Entry
	entry.Drained, entry.Term = d.now, d.term
	event := d.event(filters.KindDrained, change.Cause, change.Reason)
	event.Subject, event.Agent, event.Host = entry.Subject, entry.Agent, entry.Hostname
	d.put(event, nil, &entry)
}

// gone writes that the agent has left the cluster for ever: all that was ours on it ends, and nothing is given back.
func (d *draft) gone(change *filters.Change) {
	entry := *change.Entry
	entry.Hold, entry.State, entry.At, entry.Term = filters.HoldFree, filters.StateVerified, d.now, d.term
	rest := &entry
	for _, filter := range change.Filters {
		ended, operation, state := *filter, "", filters.ChangeState("")
		switch {
		case !ended.Stands():
			operation, state = ended.EndOperation, filters.StateVerified
		case ended.State != filters.StateFailed && precedes(ended.State, filters.StateVerified):
			operation, state = ended.Operation, filters.StateVerified
		}
		if ended.Stands() {
			ended.Ended, ended.EndedBy, ended.EndCause = d.now, "bot:"+d.Replica, filters.CauseGone
		}
		event := d.outcome(filters.KindGone, filters.CauseGone, state, operation, ended.Subject)
		event.Host = ended.Hostname
		d.put(event, &ended, rest)
		rest = nil
	}
	if rest != nil {
		event := d.event(filters.KindGone, filters.CauseGone, change.Reason)
		event.Subject = entry.Subject
		d.put(event, nil, rest)
	}
}
