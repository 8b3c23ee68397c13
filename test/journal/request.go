package journal

import (
	"slices"
	"time"

	"cordon/filters"
)

// effect is what one request key did.
type effect struct {
	at        time.Time
	operation string
	changed   []string // what each entry is about
}

// planned are the kinds that a request about windows, runs, machines and approvals makes, and that come about by themselves as well.
var planned = []filters.Kind{filters.KindWindow, filters.KindClose, filters.KindRun, filters.KindRunAgent,
	filters.KindSchedule, filters.KindDown, filters.KindUp, filters.KindCancel, filters.KindApproval}

// request holds the entries of one request key to one commit: they have one time and one operation, and none comes twice.
func (c *Checker) request(e *filters.Event) {
	if e.Request == "" || !slices.Contains(asked, e.Kind) && !slices.Contains(planned, e.Kind) {
		return
	}
	about := string(e.Kind) + " " + string(e.Agent) + e.Host
	if e.Filter != nil {
		about += " " + e.Filter.ID
	}
	before := c.requests[e.Request]
	if before == nil {
		c.requests[e.Request] = &effect{at: e.At, operation: e.Operation, changed: []string{about}}
		return
	}
	switch {
	case !before.at.Equal(e.At):
		c.fail(RuleOnce, "request %s had its effect at %s and again at %s", e.Request, before.at, e.At)
	case before.operation != e.Operation:
		c.fail(RuleOnce, "request %s made the operations %s and %s", e.Request, before.operation, e.Operation)
	case slices.Contains(before.changed, about):
		c.fail(RuleOnce, "request %s did the same twice: %s", e.Request, about)
	}
	before.changed = append(before.changed, about)
}

// told compares what people were told with what happened.
func (c *Checker) told(all []Told) {
	for _, told := range all {
		_, happened := c.requests[told.Request]
		switch {
		case told.Saying == Done && !happened:
			c.fail(RuleTold, "request %s was acknowledged and is not in the journal", told.Request)
		case told.Saying == Refused && happened:
			c.fail(RuleTold, "request %s was refused and is in the journal", told.Request)
		}
	}
}
