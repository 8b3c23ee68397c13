package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"cordon/filters"
)

const (
	// nagAfter is how long a filter without an end stands before it is brought to mind, and again (invariant 14).
	nagAfter = 24 * time.Hour
	// forgetAfter is how long an agent that is in no list keeps its ledger entry for when it comes back: the master's own
	// registry_max_agent_age, two weeks by default.
	forgetAfter = 14 * 24 * time.Hour
)

// Difference returns what is to be done in the situation, in the order of preference: withholding, repairing and giving
// back first, then what is only written down, then the agents that only a newer reading can tell about. It is pure, and
// nothing is wrong with doing only some of it.
func Difference(s *Situation) []filters.Change {
	d := newDiffer(s)
	d.readQuestions()
	for i := range d.tracks {
		t := &d.tracks[i]
		d.age(t)
		d.presence(t)
		if !d.Busy[t.agent] {
			d.decide(t)
		}
	}
	d.unstrangers()
	gives := d.giveBacks()
	d.finishQuestions()
	changes := make([]filters.Change, 0, len(d.takes)+len(d.repairs)+len(gives)+len(d.records)+len(d.looks))
	changes = append(changes, d.takes...)
	changes = append(changes, d.repairs...)
	changes = append(changes, gives...)
	changes = append(changes, d.records...)
	return append(changes, d.looks...)
}

// decide is the one switch over what is ours and what is wished.
func (d *differ) decide(t *track) {
	tracked := t.entry != nil
	switch {
	case tracked && d.leaves(t):
	case t.stands && d.drain(t):
		d.settle(t, "others still withhold it")
	case tracked && t.stands:
		d.keep(t)
		d.settle(t, "others still withhold it")
	case tracked:
		d.giveBack(t)
	case t.stands:
		d.take(t)
		d.settle(t, "others still withhold it")
	default:
		d.settle(t, "nothing of ours was on the agent")
	}
}

// take deals with an agent that is to be withheld and of which nothing is ours.
func (d *differ) take(t *track) {
	switch {
	case t.seen == nil || d.backend == filters.BackendAllocator && !t.seen.Connected():
		// The module knows no agent that is offline; nor can an agent that is not listed be withheld.
	case t.seen.Foreign(d.backend):
		d.takeForeign(t)
	case !d.paused(t, filters.HoldTaking):
		d.takes = append(d.takes, t.change(filters.ChangeTake, "", ""))
	}
}

// takeForeign deals with an agent that somebody else withholds: it is made ours if that was asked for. Else the filters
// stand beside that, and have what they wish as soon as a reading that is newer than they are shows it.
func (d *differ) takeForeign(t *track) {
	adopts := t.has(adopts) && d.withheld(t)
	switch waiting := t.has(unverified); {
	case !waiting && !adopts:
	case d.Touched[t.agent].IsZero() || !d.settled(t):
		d.look(t)
	case adopts:
		d.record(t.change(filters.ChangeAdopt, "", ""))
	default:
		d.record(t.change(filters.ChangeForeign, filters.CauseObserved, "somebody else withholds it already"))
	}
}

func adopts(filter *filters.Filter) bool { return withholds(filter) && filter.Adopt }

// unverified tells whether the filter stands and is not yet known to have what it wishes.
func unverified(filter *filters.Filter) bool {
	return filter.Stands() && filter.State != filters.StateVerified
}

// recorded tells whether the filter stands and nothing has come of it yet.
func recorded(filter *filters.Filter) bool {
	return unverified(filter) && filter.State != filters.StateAccepted
}

func ended(filter *filters.Filter) bool { return !filter.Stands() }

// keep deals with an agent that is ours and is to stay withheld.
func (d *differ) keep(t *track) {
	if t.seen == nil || d.blind(t) {
		return
	}
	switch t.entry.Hold {
	case filters.HoldTaking:
		d.keepTaking(t)
	case filters.HoldReleasing:
		if !d.paused(t, filters.HoldTaking) {
			d.takes = append(d.takes, t.change(filters.ChangeTake, "", "wanted again"))
		}
	default:
		d.keepHeld(t)
	}
}

// keepTaking settles an intent to withhold. What the master refused was surely not done and needs no reading.
func (d *differ) keepTaking(t *track) {
	refused := t.entry.State == filters.StateFailed
	switch {
	case !d.settled(t) && !refused:
		d.look(t)
	case d.withheld(t) && d.settled(t):
		d.record(t.change(filters.ChangeHold, "", ""))
	case !d.paused(t, filters.HoldTaking):
		d.takes = append(d.takes, t.change(filters.ChangeTake, "", ""))
	}
}

func (d *differ) keepHeld(t *track) {
	switch {
	case t.entry.Contested:
		d.contested(t)
	case t.has(recorded):
		d.record(t.change(filters.ChangeAccept, "", ""))
	case !d.settled(t):
		if t.entry.State != filters.StateVerified || t.has(unverified) || d.suspect(t) {
			d.look(t)
		}
	case !d.withheld(t):
		d.lost(t)
	case t.entry.State != filters.StateVerified || t.has(unverified):
		d.record(t.change(filters.ChangeHold, "", ""))
	default:
		d.keepVerified(t)
	}
}

func (d *differ) keepVerified(t *track) {
	if d.suspect(t) {
		d.look(t)
	}
	if !sameRegistration(d.Registered[t.agent], t.seen.Registered) {
		d.record(t.change(filters.ChangeRestart, filters.CauseObserved, "it registered again and is still withheld"))
	}
}

// suspect tells whether the agent was last seen before the master said that agents came or went.
func (d *differ) suspect(t *track) bool { return t.began.Before(d.Suspect) }

// lost deals with an agent that is ours and gets offers. A registration or failover since the last write explains it; two
// losses without either mean that somebody gives back what we withhold (invariant 6).
func (d *differ) lost(t *track) {
	if d.paused(t, filters.HoldTaking) {
		return
	}
	if cause, reason := d.explain(t); cause != "" {
		d.repairs = append(d.repairs, t.change(filters.ChangeRepair, cause, reason))
		return
	}
	if t.entry.Losses > 0 && !reregistered(t.entry, t.seen) && !d.Failover.After(t.entry.At) {
		d.contest(t)
		return
	}
	d.repairs = append(d.repairs, t.change(filters.ChangeRepair, filters.CauseRepair, "somebody gave it back"))
}

// explain returns why the master may have lost the filter without anybody's doing. An agent that was seen withheld since
// it last registered, which is at every failover, did not lose it by that.
func (d *differ) explain(t *track) (cause, reason string) {
	known, seenSince := d.Registered[t.agent]
	switch {
	case seenSince && sameRegistration(known, t.seen.Registered):
		return "", ""
	case d.Failover.After(t.entry.At):
		return filters.CauseFailover, "it came back from a failover without its filter"
	case reregistered(t.entry, t.seen):
		return filters.CauseObserved, "it registered again without its filter"
	}
	return "", ""
}

// reregistered tells whether the agent has registered again since the entry was written.
func reregistered(entry *filters.LedgerEntry, seen *filters.Agent) bool {
	return !sameRegistration(entry.Registered, seen.Registered)
}

// sameRegistration tells whether both are one registration, or either is not known. The master tells the time with more
// digits in one answer than in another.
func sameRegistration(a, b time.Time) bool {
	return a.IsZero() || b.IsZero() || a.Sub(b).Abs() < time.Second
}

// settle lets ended filters go that have nothing left to wait for.
func (d *differ) settle(t *track, reason string) {
	if t.has(ended) {
		change := t.change(filters.ChangeSettle, "", reason)
		change.Filters = t.having(ended)
		d.record(change)
	}
}

// age deals with what time does to filters. A drain does not expire unattended (invariant 14).
func (d *differ) age(t *track) {
	last := t.stands && t.entry != nil && automatic(t)
	for _, filter := range t.filters {
		if !filter.Stands() {
			continue
		}
		expires := filter.Expired(d.Now) && (filter.Mode.Strength() <= filters.ModeFilter.Strength() || filter.Owner.Kind() == windowOwner)
		if expires {
			d.record(filters.Change{Kind: filters.ChangeExpire, Agent: t.agent, Filters: []*filters.Filter{filter}, Cause: filters.CauseExpiry})
		} else if due := nagTime(filter); !due.IsZero() && !d.Now.Before(due) {
			d.record(filters.Change{Kind: filters.ChangeNag, Agent: t.agent, Filters: []*filters.Filter{filter}})
		}
		if withholds(filter) && (!expires || filter.Owner.Kind() == windowOwner) {
			last = false
		}
	}
	if last {
		d.expiring++
	}
}

// nagTime returns when the filter is next brought to mind; zero: never, because it has an end.
func nagTime(filter *filters.Filter) time.Time {
	if !filter.Until.IsZero() || !filter.Stands() {
		return time.Time{}
	}
	since := filter.Created
	if filter.Nagged.After(since) {
		since = filter.Nagged
	}
	return since.Add(nagAfter)
}

// Due returns when time next changes something about a filter: the cluster's time, zero if nothing is due.
func Due(all []*filters.Filter) time.Time {
	var next time.Time
	for _, filter := range all {
		due := filter.Until
		if due.IsZero() {
			due = nagTime(filter)
		}
		if filter.Stands() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next
}

// Hash returns the SHA-256 of the changes in hexadecimal: the same changes for the same reasons have the same.
func Hash(changes []filters.Change) string {
	hash := sha256.New()
	line := make([]byte, 0, 256)
	for i := range changes {
		change := &changes[i]
		line = append(append(line[:0], change.Kind...), 0)
		line = append(append(line, change.Agent...), 0)
		line = append(append(line, change.Cause...), 0)
		line = append(append(line, change.Reason...), 0)
		for _, filter := range change.Filters {
			line = append(append(line, filter.ID...), 0)
		}
		hash.Write(append(line, '\n'))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
