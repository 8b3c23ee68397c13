package slack

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// clicks keeps people to their rate.
type clicks struct {
	limit rate.Limit
	burst int

	mutex  sync.Mutex
	byUser map[string]*clicker
}

type clicker struct {
	limiter *rate.Limiter
	told    time.Time
}

const (
	toldAgain    = 10 * time.Second // how often somebody is told that they are too quick
	clickersMost = 10_000
)

// allow takes one click of the user. If it is one too many, tell says whether to say so.
func (c *clicks) allow(user string) (allowed, tell bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := time.Now()
	one := c.byUser[user]
	if one == nil {
		c.prune(now)
		one = &clicker{limiter: rate.NewLimiter(c.limit, c.burst)}
		c.byUser[user] = one
	}
	if one.limiter.AllowN(now, 1) {
		return true, false
	}
	tell = now.Sub(one.told) > toldAgain
	if tell {
		one.told = now
	}
	return false, tell
}

// prune forgets who has not clicked for a while.
func (c *clicks) prune(now time.Time) {
	if len(c.byUser) < clickersMost {
		return
	}
	for user, one := range c.byUser {
		if one.limiter.TokensAt(now) >= float64(c.burst) {
			delete(c.byUser, user)
		}
	}
}

// seen remembers events for as long as Slack repeats them.
type seen struct {
	mutex sync.Mutex
	known map[string]time.Time
}

const repeatedFor = 15 * time.Minute // Slack repeats now, after 1 and after 5 minutes

// first tells whether the event comes for the first time.
func (s *seen) first(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	if _, here := s.known[id]; here {
		return false
	}
	for known, at := range s.known {
		if now.Sub(at) > repeatedFor {
			delete(s.known, known)
		}
	}
	s.known[id] = now
	return true
}
