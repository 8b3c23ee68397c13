package journal

import (
	"slices"
	"time"

	"cordon/filters"
)

// early is how much before its end a filter may expire: the leader's idea of Redis TIME is that old.
const early = 250 * time.Millisecond

// life is what became of one filter.
type life struct {
	ends    int
	settled bool
}

// places are the kinds that a filter appears with.
var places = []filters.Kind{filters.KindFilter, filters.KindAdopt, filters.KindMove}

// filter follows the life of the entry's filter.
func (c *Checker) filter(e *filters.Event) {
	filter := e.Filter
	if filter == nil {
		return
	}
	stored, exists := c.standing[filter.Key()]
	one := c.lives[filter.ID]
	if one == nil {
		one = &life{}
		c.lives[filter.ID] = one
		if !slices.Contains(places, e.Kind) {
			c.fail(RuleLife, "filter %s appears with %s", filter.ID, e.Kind)
		}
		if exists && stored.Stands() {
			c.fail(RuleLife, "filter %s takes the place of %s, which stands", filter.ID, stored.ID)
		}
	} else if one.settled {
		c.fail(RuleLife, "filter %s was settled before this %s", filter.ID, e.Kind)
	} else if exists && stored.ID != filter.ID {
		c.fail(RuleLife, "filter %s comes back in the place of %s", filter.ID, stored.ID)
	}
	c.ending(e, one, stored, exists && stored.ID == filter.ID)
	c.revision(e, stored, exists)
	c.stand(stored, filter, e.Settled)
	if e.Settled {
		one.settled = e.Kind != filters.KindMove // a filter that moves lives on under another key
		delete(c.standing, filter.Key())
		return
	}
	c.standing[filter.Key()] = *filter
}

func (c *Checker) ending(e *filters.Event, one *life, stored filters.Filter, same bool) {
	filter := e.Filter
	ends := e.Kind == filters.KindRelease || e.Kind == filters.KindExpire || e.Kind == filters.KindGone && filter.EndCause == filters.CauseGone
	if ends {
		one.ends++
	}
	switch {
	case ends && filter.Stands():
		c.fail(RuleLife, "filter %s stands after %s", filter.ID, e.Kind)
	case ends && one.ends > 1:
		c.fail(RuleLife, "filter %s ends for the second time, by %s", filter.ID, e.Kind)
	case e.Kind == filters.KindExpire && filter.Until.IsZero():
		c.fail(RuleLife, "filter %s expired and has no end", filter.ID)
	case e.Kind == filters.KindExpire && e.At.Before(filter.Until.Add(-early)):
		c.fail(RuleLife, "filter %s expired at %s, before its end %s", filter.ID, e.At, filter.Until)
	case same && !stored.Stands() && filter.Stands():
		c.fail(RuleLife, "filter %s has ended and stands again after %s", filter.ID, e.Kind)
	case !filter.Stands() && one.ends == 0 && e.Kind != filters.KindMove:
		c.fail(RuleLife, "filter %s ended by %s, which is no end", filter.ID, e.Kind)
	case e.Settled && filter.Stands() && e.Kind != filters.KindMove:
		c.fail(RuleLife, "filter %s left the store and was never ended", filter.ID)
	}
}

// revision holds each stored version to the one before: a write that went over another would skip one or come twice.
func (c *Checker) revision(e *filters.Event, stored filters.Filter, exists bool) {
	want := int64(1)
	switch {
	case exists && e.Settled:
		want = stored.Revision
	case exists:
		want = stored.Revision + 1
	}
	if e.Filter.Revision != want {
		c.fail(RuleLost, "filter %s has revision %d after %s, expected %d", e.Filter.ID, e.Filter.Revision, e.Kind, want)
	}
}

// wished returns the IDs of the filters that stand and withhold the agent.
func (c *Checker) wished(agent filters.AgentID) (ids []string) {
	for key, filter := range c.standing {
		if key.Agent == agent && filter.Stands() && filter.Mode.Strength() >= filters.ModeFilter.Strength() {
			ids = append(ids, filter.ID)
		}
	}
	return ids
}
