package journal

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cordon/filters"
)

// overdue is how long after its end a filter may still stand in a cluster at rest.
const overdue = 2 * time.Second

// atRest compares the journal, the bot's list and the cluster when nothing is under way any more.
func (c *Checker) atRest(end *End) {
	c.unfinished()
	c.undecided()
	c.listed(end)
	listed := map[filters.AgentID]Agent{}
	for _, agent := range end.Agents {
		listed[agent.ID] = agent
		c.agent(agent)
	}
	for _, id := range slices.Sorted(maps.Keys(c.ledger)) {
		c.held(c.ledger[id], listed)
	}
}

// listed compares the filters that the journal leaves standing with those that the bot lists.
func (c *Checker) listed(end *End) {
	shown := map[string]filters.Filter{}
	for _, filter := range end.Filters {
		shown[filter.ID] = filter
	}
	keys := slices.SortedFunc(maps.Keys(c.standing), func(a, b filters.FilterKey) int { return cmp.Compare(a.String(), b.String()) })
	for _, key := range keys {
		filter := c.standing[key]
		if !filter.Stands() {
			c.fail(RuleEnd, "filter %s ended at %s and was never settled", filter.ID, filter.Ended)
			continue
		}
		if filter.Expired(end.At.Add(-overdue)) {
			c.fail(RuleEnd, "filter %s stands at %s, its end was %s", filter.ID, end.At, filter.Until)
		}
		seen, known := shown[filter.ID]
		if !known {
			c.fail(RuleEnd, "filter %s on %s stands in the journal and the bot does not list it", filter.ID, filter.Hostname)
		} else if seen.Revision != filter.Revision || !seen.Until.Equal(filter.Until) || seen.Reason != filter.Reason {
			c.fail(RuleEnd, "filter %s is another in the list than in the journal: %+v, %+v", filter.ID, seen, filter)
		}
		delete(shown, filter.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(shown)) {
		c.fail(RuleEnd, "filter %s on %s is listed and does not stand in the journal", id, shown[id].Hostname)
	}
}

// agent compares the cluster's truth with what is wished.
func (c *Checker) agent(agent Agent) {
	wished, entry := len(c.wished(agent.ID)) > 0, c.ledger[agent.ID]
	if entry.Contested {
		return
	}
	switch {
	case agent.Withheld && !wished && !agent.Foreign:
		c.fail(RuleEnd, "%s is withheld and no filter stands on it: forgotten", agent.Hostname)
	case !agent.Withheld && wished:
		c.fail(RuleEnd, "%s takes tasks although a filter stands on it", agent.Hostname)
	case wished && !agent.Foreign && entry.Hold != filters.HoldHeld:
		c.fail(RuleEnd, "%s is withheld by a filter and the ledger says %q of it", agent.Hostname, entry.Hold)
	}
}

// held looks for ledger entries that nothing stands behind. What we hold of an agent that is away waits for its return.
func (c *Checker) held(entry filters.LedgerEntry, listed map[filters.AgentID]Agent) {
	_, here := listed[entry.Agent]
	switch {
	case !here:
	case entry.Hold != filters.HoldHeld:
		c.fail(RuleEnd, "the ledger says %s of %s: an intent without an outcome", entry.Hold, entry.Hostname)
	case len(c.wished(entry.Agent)) == 0:
		c.fail(RuleEnd, "the ledger holds %s and no filter stands on it", entry.Hostname)
	}
}
