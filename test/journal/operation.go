package journal

import (
	"maps"
	"slices"

	"cordon/filters"
)

// operation counts the changes of one operation by the state that they reached.
type operation struct {
	reached map[filters.ChangeState]int
}

// open is how many of its changes are neither verified nor failed.
func (o *operation) open() int {
	return o.reached[filters.StateRecorded] - o.reached[filters.StateVerified] - o.reached[filters.StateFailed]
}

// count adds the entry to its operation.
func (c *Checker) count(e *filters.Event) {
	for _, state := range e.Counts() {
		known := c.operations[e.Operation]
		if known == nil {
			known = &operation{map[filters.ChangeState]int{}}
			c.operations[e.Operation] = known
		}
		known.reached[state]++
		if known.open() < 0 {
			c.fail(RuleOperation, "operation %s has more ends than changes: %v", e.Operation, known.reached)
		}
	}
}

// unfinished reports operations that never came to their end.
func (c *Checker) unfinished() {
	for _, id := range slices.Sorted(maps.Keys(c.operations)) {
		if known := c.operations[id]; known.open() > 0 {
			c.fail(RuleOperation, "operation %s never came to its end: %v", id, known.reached)
		}
	}
}
