package poster

import (
	"time"

	"cordon/filters"
)

// drains tells whether the notice is about a drain.
func (n *Notice) drains() bool {
	return n.Topic == TopicRun && n.Run != nil && n.Run.State.IsDrain()
}

// foldDrain follows what happens to the agents of a drain: they stay withheld when it is over, so its message stays open until
// they are given back.
func (n *Notice) foldDrain(event *filters.Event) {
	if event.Filter != nil {
		by, reason, began := n.By, n.Reason, n.Began
		n.foldRecord(event)
		n.By, n.Reason, n.Began = by, reason, began
	}
	switch event.Kind {
	case filters.KindDraining, filters.KindDrained, filters.KindGone, filters.KindRelease, filters.KindGave, filters.KindTook, filters.KindAnswer:
		n.step(event)
	}
	if agent := n.Agents[event.Agent]; agent != nil && event.Kind == filters.KindTook {
		agent.take(event)
	}
	n.settleDrain(event.At)
	n.Dirty = true
}

// settleDrain ends the notice when the run is over and none of its agents stays withheld.
func (n *Notice) settleDrain(at time.Time) {
	open := !n.Run.State.Phase.Over()
	for _, agent := range n.Agents {
		open = open || !agent.Settled
	}
	switch {
	case open:
		n.Ended = time.Time{}
	case n.Ended.IsZero():
		n.Ended = at
	}
}

// drainHosts are the hosts that a drain is about.
func (n *Notice) drainHosts() []string {
	return hosts(n.sorted(all))
}
