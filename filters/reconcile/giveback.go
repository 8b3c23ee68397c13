package reconcile

import (
	"time"

	"cordon/filters"
)

const (
	// freshOnce is how old a reading may be that a single agent is given back by.
	freshOnce = 10 * time.Second
	// singly is how many agents at a time are read one by one; more wait for a complete reading (invariant 9).
	singly = 32
	// bulkFloor agents or a hundredth of the cluster, whichever is more, are given back in one pass without anybody's word
	// (invariant 13).
	bulkFloor = 5
	bulkShare = 100
	// windowOwner is the kind of owner whose filters' end was decided when the window was made.
	windowOwner = "window"
)

// giveBack deals with an agent that is ours and that no filter withholds any more.
func (d *differ) giveBack(t *track) {
	switch {
	case t.entry.Mode == filters.ModeDown:
		// What took the machine down has an operation of its own that gives it back.
	case d.drainingStill(t):
		// A drain cannot be cancelled: the agent is given back after it.
	case t.seen == nil:
		d.giveAway(t)
	case !d.settled(t):
		d.look(t)
	case d.blind(t):
	case !d.withheld(t):
		d.given(t)
	case t.entry.Contested:
		d.free(t, "it was contested: whoever withholds it now, it is not us")
	case d.othersSince(t):
		d.free(t, "the master gave it back; somebody else withholds it since")
	case d.drainedByOthers(t):
		d.free(t, "somebody drains it: it is theirs to give back")
	case t.seen.Drain != filters.Draining:
		d.gives = append(d.gives, t)
	}
}

// giveAway deals with an agent that is ours for nobody and in no list: it may come back, withheld.
func (d *differ) giveAway(t *track) {
	switch {
	case !d.absent(t):
	case d.forgotten(t), d.Proofs[t.agent].Forgotten:
		d.free(t, "the master knows the agent no more")
	case t.entry.Refused != "": // perhaps because there is no such agent
		d.prove(t)
	}
}

func (d *differ) free(t *track, reason string) {
	d.record(t.change(filters.ChangeFree, "", reason))
}

// given deals with an agent that is not withheld any more: an unanswered call to withhold it may still arrive, and would
// withhold it for nobody if its entry were gone by then.
func (d *differ) given(t *track) {
	reason := ""
	if t.entry.Hold != filters.HoldReleasing {
		reason = "it was not withheld any more"
	}
	switch quiet := d.quietFrom(t); {
	case t.began.After(quiet):
		d.free(t, reason)
	case d.Local.After(quiet):
		d.look(t)
	}
}

// quietFrom returns the local time from which no call to withhold the agent is under way any more: this leader's were
// answered or have had its patience; the lease and the calls of the one before are over.
func (d *differ) quietFrom(t *track) time.Time {
	if t.entry.Term != d.Term {
		return d.Local.Add(d.GiveAfter.Sub(d.Now))
	}
	if sent, ok := d.Unanswered[t.agent]; ok {
		return sent.Add(d.Patience)
	}
	return time.Time{}
}

// othersSince tells whether somebody else must have withheld the agent after the master gave it back. It is ours still if
// an unanswered call of ours may have done it, if the module, which answers before its list is safe, may have forgotten,
// or if a failover brought an older state back.
func (d *differ) othersSince(t *track) bool {
	_, unanswered := d.Unanswered[t.agent]
	return t.entry.Hold == filters.HoldReleasing && t.entry.State == filters.StateAccepted &&
		t.entry.Term == d.Term && !unanswered && d.backend != filters.BackendAllocator && !d.Failover.After(t.entry.At)
}

// drainedByOthers tells whether the agent is in a drain that is not ours. Reactivating it would end that drain.
func (d *differ) drainedByOthers(t *track) bool {
	return t.seen.Drain != filters.NotDraining && t.entry.DrainSent == "" && !t.entry.Adopted
}

// forgotten tells whether an agent that is in no list will not come back as it was: its host came back under another
// agent ID, or it has been away for longer than the master remembers agents.
func (d *differ) forgotten(t *track) bool {
	var since time.Time
	for _, filter := range t.filters {
		if filter.Missing.After(since) {
			since = filter.Missing
		}
	}
	if since.IsZero() {
		since = t.entry.At
	}
	host := host{t.entry.Hostname, t.entry.IP, t.entry.Port}
	successor, certain := d.successor(t.agent, host)
	if successor != nil && !certain {
		d.notice(t, successor)
	}
	return certain || d.Now.After(since.Add(forgetAfter))
}

// automatic tells whether the agent comes to be given back without a person's word: because filters ran out, or because
// no filter explains why we hold it. The end of a window was a person's word when the window was made.
func automatic(t *track) bool {
	for _, filter := range t.filters {
		if !filter.Stands() && (filter.EndCause != filters.CauseExpiry || filter.Owner.Kind() == windowOwner) {
			return false
		}
	}
	return true
}

// giveBacks returns the agents that are given back now. Those that need a word first are asked about.
func (d *differ) giveBacks() []filters.Change {
	var ready, doubtful []*track
	count := d.expiring
	for _, t := range d.gives {
		question := d.asked[t.agent]
		switch {
		case question != nil && question.Answer != answerYes:
		case d.Locked && question == nil:
			doubtful = append(doubtful, t)
		case question != nil || !automatic(t):
			ready = append(ready, t)
		default:
			count++
			doubtful = append(doubtful, t)
		}
	}
	if !d.Locked && (count <= max(bulkFloor, d.Reading.Len()/bulkShare) || d.held()) {
		ready, doubtful = append(ready, doubtful...), nil
	}
	d.askGiveBack(doubtful)
	if d.Locked || d.held() {
		return nil
	}
	return d.giveNow(ready)
}

// held tells whether giving back waits for something that passes by itself.
func (d *differ) held() bool { return d.Holding != "" || d.Now.Before(d.GiveAfter) }

// giveNow gives back what a fresh reading shows as withheld, and looks at the rest.
func (d *differ) giveNow(ready []*track) []filters.Change {
	fresh := freshOnce
	if len(ready) > singly {
		fresh = max(fresh, d.Fresh)
	}
	var gives []filters.Change
	for _, t := range ready {
		switch {
		case d.paused(t, filters.HoldReleasing):
		case d.Local.Sub(t.began) > fresh, t.entry.Term != d.Term && t.began.Before(d.quietFrom(t)):
			d.look(t)
		default:
			gives = append(gives, t.change(filters.ChangeGive, "", ""))
		}
	}
	return gives
}
