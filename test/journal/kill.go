package journal

import "cordon/filters"

// kills holds what is done to agents that are drained, or marked gone, to the word that it was asked for with.
func (c *Checker) kills(e *filters.Event, before filters.LedgerEntry) {
	switch e.Kind {
	case filters.KindDraining:
		c.draining(e, before)
	case filters.KindDrained:
		if before.DrainSent == "" {
			c.fail(RuleKill, "%s is drained, and nobody drained it", e.Agent)
		}
	case filters.KindGone:
		if e.Ledger != nil && before.DrainSent == "" && before.GoneSent == "" {
			c.fail(RuleKill, "%s is gone, and nobody asked the master for it", e.Agent)
		}
	case filters.KindReleasing:
		if before.Draining() {
			c.fail(RuleKill, "%s is being given back while it is drained", e.Agent)
		}
	}
}

// draining holds an intent to kill to the filter that it is for: it stands, and it was not sent before, unless it surely never
// arrived.
func (c *Checker) draining(e *filters.Event, before filters.LedgerEntry) {
	if e.Ledger == nil {
		c.fail(RuleKill, "the intent to drain %s is not in the ledger", e.Agent)
		return
	}
	for _, filter := range c.standing {
		if filter.Agent != e.Agent || !e.Ledger.SentFor(&filter) || before.GoneSent != "" && before.GoneSent != e.Ledger.GoneSent {
			continue
		}
		sent := filter.ID == e.Ledger.GoneSent || e.Ledger.GoneSent == ""
		if sent && before.SentFor(&filter) && before.Heard {
			c.fail(RuleKill, "%s is drained twice for filter %s", e.Agent, filter.ID)
		}
		if !filter.Stands() {
			c.fail(RuleKill, "%s is drained for filter %s, which has ended", e.Agent, filter.ID)
		}
		return
	}
	c.fail(RuleKill, "%s is drained and no filter asks for it", e.Agent)
}
