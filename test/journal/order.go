package journal

import (
	"slices"
	"time"

	"cordon/filters"
)

// asked are the kinds of entries that somebody's request makes.
var asked = []filters.Kind{
	filters.KindFilter, filters.KindExtend, filters.KindRelease, filters.KindAdopt, filters.KindFreeze, filters.KindThaw,
	filters.KindUnlock, filters.KindAnswer,
}

// known are all kinds: a kind that is not here is not written.
var known = append([]filters.Kind{
	filters.KindExpire, filters.KindMove, filters.KindNag, filters.KindTaking, filters.KindTook, filters.KindReleasing,
	filters.KindGave, filters.KindLost, filters.KindContested, filters.KindForeign, filters.KindUnforeign, filters.KindRestart,
	filters.KindMissing, filters.KindLock, filters.KindQuestion, filters.KindLeader, filters.KindFailover, filters.KindSettled,
	filters.KindFound, filters.KindDraining, filters.KindDrained, filters.KindGone,
	filters.KindWindow, filters.KindAnnounce, filters.KindOpen, filters.KindWarn, filters.KindClose, filters.KindClosed, filters.KindPassed,
	filters.KindDigest, filters.KindShift, filters.KindRun, filters.KindRunAgent,
	filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindMeddled, filters.KindRemind, filters.KindRefused, filters.KindSink, filters.KindApproval,
}, asked...)

// stepped is how far Redis's clock may be set back (invariant 13); IDs go on all the same.
const stepped = 2 * time.Second

func (c *Checker) order(e *filters.Event) {
	if c.last != nil && !filters.After(e.ID, c.last.ID) {
		c.fail(RuleOrder, "it comes after %s", c.last.ID)
	}
	if c.last != nil && e.At.Before(c.last.At.Add(-stepped)) {
		c.fail(RuleOrder, "its time %s is before that of the entry before it, %s", e.At, c.last.At)
	}
	if !slices.Contains(known, e.Kind) {
		c.fail(RuleOrder, "%q is not a kind", e.Kind)
	}
	if slices.Contains(asked, e.Kind) && (e.Actor == "" || e.Cause == "" || e.Subject == "") {
		c.fail(RuleOrder, "%s without actor, cause or subject: %q, %q, %q", e.Kind, e.Actor, e.Cause, e.Subject)
	}
}

// leading are the kinds of entries that only a leader writes.
var leading = []filters.Kind{filters.KindOpen, filters.KindWarn, filters.KindClosed, filters.KindPassed, filters.KindAnnounce, filters.KindDigest, filters.KindShift}

func (c *Checker) terms(e *filters.Event) {
	switch {
	case e.Term < c.term && e.Term != 0:
		c.fail(RuleTerm, "%s of term %d after term %d", e.Kind, e.Term, c.term)
	case e.Kind == filters.KindLeader && e.Term == c.term:
		c.fail(RuleTerm, "a second leader of term %d", e.Term)
	case e.Ledger != nil && e.Term == 0:
		c.fail(RuleTerm, "the ledger was written without a term")
	case e.Term == 0 && slices.Contains(leading, e.Kind):
		c.fail(RuleTerm, "%s without a term", e.Kind)
	}
	c.term = max(c.term, e.Term)
}

// locks follows lock and freeze.
func (c *Checker) locks(e *filters.Event) {
	switch e.Kind {
	case filters.KindLock:
		c.lock = e.Lock
	case filters.KindUnlock:
		c.lock = nil
	case filters.KindFreeze:
		c.freeze = e.Freeze
	case filters.KindThaw:
		c.freeze = nil
	case filters.KindReleasing:
		if c.lock != nil {
			c.fail(RuleLocked, "%s is being given back while locked: %s", e.Agent, c.lock.Cause)
		}
	case filters.KindFilter, filters.KindAdopt:
		if c.freeze != nil {
			c.fail(RuleLocked, "%s was withheld while frozen: %s", e.Agent, c.freeze.Reason)
		}
	}
}
