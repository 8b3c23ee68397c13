package poster

import "time"

// pace lets things happen at most every so often, with a burst at first. It is not safe for concurrent use.
type pace struct {
	every time.Duration
	burst int
	next  time.Time // when the burst would be used up
}

// at returns the earliest time for the next thing.
func (p *pace) at() time.Time { return p.next.Add(-time.Duration(p.burst-1) * p.every) }

// take notes that one happened.
func (p *pace) take(now time.Time) {
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(p.every)
}

// hold lets nothing happen before the time.
func (p *pace) hold(until time.Time) {
	if until = until.Add(time.Duration(p.burst-1) * p.every); until.After(p.next) {
		p.next = until
	}
}
