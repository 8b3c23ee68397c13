package leader

import (
	"fmt"
	"time"
)

// clock compares this machine's clocks with the lease's.
type clock struct {
	local time.Time // when the lease's clock was last looked at, with its monotonic reading
	lease time.Time
}

// check returns an error if the lease's clock moved otherwise than this machine's monotonic clock since the last check,
// or if this machine's wall clock shows another time, by more than MaxSkew. After a step it measures from where the clocks
// are then, so that one step costs one term.
func (c *clock) check(lease time.Time) error {
	local := time.Now()
	before := *c
	c.local, c.lease = local, lease
	if off := local.Round(0).Sub(lease.Round(0)); off.Abs() > MaxSkew {
		return fmt.Errorf("this machine's clock is off by %v against Redis", off.Round(time.Millisecond))
	}
	if before.local.IsZero() {
		return nil
	}
	elapsed := local.Sub(before.local)
	if step := lease.Round(0).Sub(before.lease.Round(0)) - elapsed; step.Abs() > MaxSkew {
		return fmt.Errorf("the clock of the lease (Redis TIME) stepped by %v", step.Round(time.Millisecond))
	}
	return nil
}
