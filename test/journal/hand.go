package journal

import (
	"slices"

	"cordon/filters"
)

// hand holds what the leader did to an agent to the ledger: an intent stands before each outcome, and only what is ours
// and wished by nobody is given back.
func (c *Checker) hand(e *filters.Event) {
	before, ours := c.ledger[e.Agent]
	c.kills(e, before)
	switch e.Kind {
	case filters.KindReleasing:
		c.releasing(e, before, ours)
	case filters.KindGave:
		if e.Outcome == string(filters.StateAccepted) {
			c.gave(e, before)
		}
	case filters.KindTook:
		if e.Outcome == string(filters.StateAccepted) && e.Ledger != nil && before.Hold != filters.HoldTaking {
			c.fail(RuleIntent, "%s was withheld without an intent: the ledger says %q", e.Agent, before.Hold)
		}
	}
	if e.Ledger == nil {
		return
	}
	c.ledgerRevision(e, before, ours)
	if e.Ledger.Hold == filters.HoldFree {
		delete(c.ledger, e.Agent)
		return
	}
	c.holds(e, before, ours)
	c.ledger[e.Agent] = *e.Ledger
}

func (c *Checker) releasing(e *filters.Event, before filters.LedgerEntry, ours bool) {
	c.wishes[e.Agent] = c.wished(e.Agent)
	switch {
	case !ours:
		c.fail(RuleOurs, "%s is being given back, and the ledger does not have it", e.Agent)
	case before.Contested:
		c.fail(RuleOurs, "%s is being given back, and it was contested", e.Agent)
	}
	if e.Ledger == nil || e.Ledger.Hold != filters.HoldReleasing {
		c.fail(RuleIntent, "the intent to give %s back is not in the ledger", e.Agent)
	}
}

// gave holds a call that the master has answered to its intent. A filter may be recorded a moment before an intent whose
// writer has not read of it yet; the call must not follow then. One that comes after the intent is too late to be seen: the
// agent is withheld again.
func (c *Checker) gave(e *filters.Event, before filters.LedgerEntry) {
	if before.Hold != filters.HoldReleasing {
		c.fail(RuleIntent, "%s was given back without an intent: the ledger says %q", e.Agent, before.Hold)
	}
	still := c.wished(e.Agent)
	for _, id := range c.wishes[e.Agent] {
		if slices.Contains(still, id) {
			c.fail(RuleOurs, "%s was given back although filter %s stood on it before the intent", e.Agent, id)
		}
	}
}

// holds checks the steps that a ledger entry may take.
func (c *Checker) holds(e *filters.Event, before filters.LedgerEntry, ours bool) {
	was, is := before.Hold, e.Ledger.Hold
	switch {
	case is == filters.HoldTaking && e.Kind != filters.KindTaking && e.Kind != filters.KindDraining && was != filters.HoldTaking,
		is == filters.HoldReleasing && e.Kind != filters.KindReleasing && was != filters.HoldReleasing:
		c.fail(RuleIntent, "the ledger says %s of %s after %s, which is no intent", is, e.Agent, e.Kind)
	case is == filters.HoldHeld && !ours && !e.Ledger.Adopted:
		c.fail(RuleIntent, "%s is ours from nowhere", e.Agent)
	}
}

func (c *Checker) ledgerRevision(e *filters.Event, before filters.LedgerEntry, ours bool) {
	want := int64(1)
	if ours {
		want = before.Revision + 1
	}
	if e.Ledger.Revision != want {
		c.fail(RuleLost, "the ledger of %s has revision %d after %s, expected %d", e.Agent, e.Ledger.Revision, e.Kind, want)
	}
}
