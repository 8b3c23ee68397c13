package store

import (
	"sync"
	"time"
)

// Tolerance is how far a replica's clock may be off Redis TIME, or step, before it must not lead (DESIGN, invariant 13).
const Tolerance = 2 * time.Second

// slowest is the longest round trip that still tells the time.
const slowest = time.Second

// clock keeps up Redis TIME between answers. It runs on the monotonic clock: a step of the local wall clock does not move
// it and shows as an offset.
type clock struct {
	mutex  sync.Mutex
	redis  time.Time     // Redis TIME at local
	local  time.Time     // with its monotonic reading
	trip   time.Duration // of the sample
	offset time.Duration // Redis TIME minus the wall clock
	seen   bool
}

// observe takes a sample: a request sent and answered at local times, and Redis TIME in between.
func (c *clock) observe(sent, answered, redis time.Time) {
	trip := answered.Sub(sent)
	if trip > slowest {
		return
	}
	middle := sent.Add(trip / 2)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	// Redis answers to the millisecond, so a sample is at most that and half its round trip off: a worse one than we
	// have is not taken before ours is old.
	if c.seen && trip > 2*c.trip && answered.Sub(c.local) < 10*time.Second {
		return
	}
	c.redis, c.local, c.trip, c.seen = redis, middle, trip, true
	c.offset = redis.Sub(middle.Round(0))
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.seen {
		return time.Now().UTC()
	}
	return c.redis.Add(time.Since(c.local)).UTC()
}

func (c *clock) off() time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.offset
}
