package journal

import (
	"strings"

	"cordon/filters"
	maintenance "cordon/filters/operation"
)

// machine is what is remembered of a machine of the maintenance schedule.
type machine struct {
	state    maintenance.State
	revision int64
	heard    map[string]bool // operations for which the master took it down
}

// machine holds what is done to a machine of the maintenance schedule to what is remembered of it.
func (c *Checker) machine(e *filters.Event) {
	after, err := maintenance.Decode(e.Record)
	if err != nil {
		c.fail(RuleMachine, "%s: %v", e.Record.Name, err)
		return
	}
	known := c.machines[e.Record.Name]
	if known == nil {
		known = &machine{heard: map[string]bool{}}
		c.machines[e.Record.Name] = known
	}
	if e.Record.Revision != known.revision+1 {
		c.fail(RuleLost, "machine %s goes from version %d to %d", e.Record.Name, known.revision, e.Record.Revision)
	}
	c.machineCall(e, known, &after)
	c.planned(e, &known.state, &after)
	if e.Record.Removed != after.Phase.Over() {
		c.fail(RuleMachine, "%s is %s, and removed %t", e.Record.Name, after.Phase, e.Record.Removed)
	}
	known.state, known.revision = after, e.Record.Revision
	if e.Record.Removed {
		delete(c.machines, e.Record.Name)
	}
}

// machineCall holds a call to the master to the word that it was asked for with, and its outcome to its intent.
func (c *Checker) machineCall(e *filters.Event, known *machine, after *maintenance.State) {
	name, before := e.Record.Name, &known.state
	switch e.Outcome {
	case maintenance.OutcomeSending:
		switch {
		case before.Phase != after.Phase || before.Operation != after.Operation:
			c.fail(RuleMachine, "%s: a call for %s is sent that nobody asked for", name, after.Phase)
		case before.Heard:
			c.fail(RuleMachine, "%s: the call for %s is sent again, though the master said yes", name, after.Phase)
		case after.Phase == maintenance.PhaseBringingUp && before.Down == "":
			c.fail(RuleMachine, "%s is brought up, and we did not take it down", name)
		case after.Phase == maintenance.PhaseCancelling && len(before.Ours) == 0:
			c.fail(RuleMachine, "%s is taken out of the schedule, and we did not put it there", name)
		}
	case string(filters.StateAccepted):
		if before.Sent.IsZero() || before.Phase != after.Phase {
			c.fail(RuleIntent, "%s: the master said yes for %s, and no intent was written", name, after.Phase)
		}
		if after.Phase == maintenance.PhaseTakingDown && known.heard[after.Operation] {
			c.fail(RuleMachine, "%s was taken down twice for %s", name, after.Operation)
		}
		known.heard[after.Operation] = known.heard[after.Operation] || after.Phase == maintenance.PhaseTakingDown
	}
}

// planned holds what a window does to machines to what it may: it takes down what it scheduled, while it is open and is for that,
// and brings up what it took down when it is not open any more.
func (c *Checker) planned(e *filters.Event, before, after *maintenance.State) {
	owner := filters.Owner(after.By)
	begins := before.Phase != after.Phase && e.Outcome == string(filters.StateRecorded)
	if owner.Kind() != "window" || !begins {
		return
	}
	window, _, _ := strings.Cut(owner.Name(), "/")
	known := c.windows[window]
	open := known != nil && known.state.Open != nil && ownerOf(window, known.state.Open) == owner && known.state.Open.Closing.IsZero()
	switch {
	case after.Owner != owner:
		c.fail(RuleMachine, "%s is %s by the word of %s, and is %s's", e.Record.Name, after.Phase, owner, after.Owner)
	case after.Phase == maintenance.PhaseTakingDown && (!open || !known.state.Open.TakesDown() || before.Phase != maintenance.PhaseScheduled):
		c.fail(RuleMachine, "%s is taken down by %s, which is not open for that", e.Record.Name, owner)
	case after.Phase == maintenance.PhaseTakingDown && !e.At.Before(known.state.Open.End.Add(stepped)):
		c.fail(RuleMachine, "%s is taken down by %s after its end", e.Record.Name, owner)
	case after.Phase == maintenance.PhaseBringingUp && open, after.Phase == maintenance.PhaseCancelling && open:
		c.fail(RuleMachine, "%s is %s while %s is open", e.Record.Name, after.Phase, owner)
	}
}
