package journal

import (
	"cordon/filters"
	"strconv"
	"strings"
)

// stand counts the filters that stand on an agent.
func (c *Checker) stand(before filters.Filter, after *filters.Filter, settled bool) {
	if before.ID != "" && before.Stands() {
		if c.under[before.Agent]--; c.under[before.Agent] == 0 {
			delete(c.under, before.Agent)
		}
	}
	if !settled && after.Stands() {
		c.under[after.Agent]++
	}
}

// limits holds each filter that withholds one agent more to max_withheld.
func (c *Checker) limits(e *filters.Event) {
	if e.Kind != filters.KindFilter && e.Kind != filters.KindAdopt || e.Filter == nil {
		return
	}
	if kind := e.Filter.Owner.Kind(); kind == "window" || kind == "run" {
		c.fresh[e.Operation] = append(c.fresh[e.Operation], *e.Filter)
	}
	if c.rules.Size == nil || c.under[e.Filter.Agent] != 1 {
		return
	}
	c.room("max_withheld", c.rules.Limits.Cluster, "", "")
	if e.Filter.Rack != "" {
		c.room("max_withheld", c.rules.Limits.Rack, filters.RackAttribute, e.Filter.Rack)
	}
}

// most holds what the commit in hand has withheld to a limit of whoever did: agents that others withheld before take no room.
func (c *Checker) most(fresh []filters.Filter, text, per string) {
	most := limitOf(text)
	if c.rules.Size == nil || c.rules.Attribute == nil || most == (filters.LimitValue{}) {
		return
	}
	for i := range fresh {
		if c.under[fresh[i].Agent] != 1 {
			continue
		}
		if per == "" {
			c.room("max_unavailable", most, "", "")
		} else if value := c.rules.Attribute(fresh[i].Agent, per); value != "" {
			c.room("max_unavailable", most, per, value)
		}
	}
}

// room holds the agents that are withheld, of a value of an attribute or in all, to a limit.
func (c *Checker) room(name string, limit filters.LimitValue, attribute, value string) {
	if limit == (filters.LimitValue{}) {
		return
	}
	count := len(c.under)
	if attribute != "" {
		count = 0
		for agent := range c.under {
			if c.rules.Attribute(agent, attribute) == value {
				count++
			}
		}
	}
	if most := limit.Of(c.rules.Size(attribute, value)); count > most {
		c.fail(RuleLimit, "%s: %d agents of %s %s are withheld, at most %d may be", name, count, attribute, value, most)
	}
}

func limitOf(text string) filters.LimitValue {
	if number, ok := strings.CutSuffix(text, "%"); ok {
		percent, _ := strconv.ParseFloat(number, 64)
		return filters.LimitValue{Percent: percent}
	}
	count, _ := strconv.Atoi(text)
	return filters.LimitValue{Count: count}
}
