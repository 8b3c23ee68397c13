package scheduler

import (
	"fmt"
	"time"

	"cordon/filters"
)

// began a soak time later. An agent that registers again meanwhile begins its soak time anew.
func (c *course) returned(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	if !s.asOf.After(a.Since.Add(clockSlack)) {
		return a, false
	}
	missing := c.missing(&a, s)
	if missing == "" {
		return c.soaked(a, s, now)
	}
	if s.asOf.After(a.Since.Add(returnPatience + c.Soak)) {
		return a.to(AgentFailed, "it did not come back within "+lasting(returnPatience+c.Soak)+": "+missing, now), true
	}
	if a.Well.IsZero() && a.Why == missing {
		return a, false
	}
	a.Well, a.Why = time.Time{}, missing
	return a, true
}

func (c *course) soaked(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	changed := a.Well.IsZero() || !a.Seen.Equal(s.agent.Registered)
	if changed {
		a.Well, a.Seen, a.Why = s.asOf, s.agent.Registered, ""
	}
	if s.asOf.Before(a.Well.Add(c.Soak)) {
		return a, changed
	}
	return a.to(AgentGiving, "", now), true
}

// missing says what the agent lacks to be back as it was, in a phrase; empty: nothing. A deactivated agent counts as
// connected: the master does not tell (see filters.Agent.Connected), but it soon lists an agent no more that is away. Where the
// master does not tell when agents registered, a restart is never seen; its own failover looks like one.
func (c *course) missing(a *RunAgent, s *sight) string {
	switch {
	case s.agent == nil:
		return absentWhy
	case !s.agent.Connected():
		return "it is not connected"
	case c.Restart && a.Skip == "" && !s.agent.Registered.After(a.Registered):
		return "it has not registered again since its steps began"
	}
	for _, attribute := range a.Attributes {
		if now := s.agent.Attribute(attribute.Name); now != attribute.Value {
			return fmt.Sprintf("its attribute %s was %q and is %q", attribute.Name, attribute.Value, now)
		}
	}
	if len(s.agent.Attributes) != len(a.Attributes) {
		return "it has attributes that it had not"
	}
	return less(a.Resources, s.agent.Resources)
}

// less says which resource is less than before.
func less(before, now filters.Resources) string {
	for _, resource := range []struct {
		name        string
		before, now float64
	}{
		{"CPUs", before.CPUs, now.CPUs}, {"GPUs", before.GPUs, now.GPUs}, {"MB of memory", before.MemMB, now.MemMB}, {"MB of disk", before.DiskMB, now.DiskMB},
	} {
		if resource.now < resource.before*(1-lessMost) {
			return fmt.Sprintf("it has %g %s and had %g", resource.now, resource.name, resource.before)
		}
	}
	return ""
}

// given ends with an agent whose filter has ended once the ledger has let it go, or other filters hold it.
