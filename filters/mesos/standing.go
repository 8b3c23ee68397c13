package mesos

import (
	"sync"
	"time"

	"cordon/filters"
)

// standing is which master leads, as this replica has seen it.
type standing struct {
	mutex     sync.Mutex
	leader    address
	id        string    // the master's own ID, new at each of its starts; empty: not known
	start     time.Time // when it was started, of masters whose ID is not known; zero: not known
	version   string
	failovers int
	hand      hand // the backend chosen for this leadership; nil: not chosen
	reason    string
	moved     chan struct{} // closed and replaced at each failover
}

// leads notes that the address answered as leader, and tells whether that is a failover.
func (s *standing) leads(at address) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.leader == at {
		return false
	}
	first := s.leader == address{}
	s.leader = at
	return s.fall(first)
}

// identify notes the ID of the leading master, and tells whether it is another than before.
func (s *standing) identify(at address, id, version string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.version = version
	if s.leader != at || s.id == id {
		return false
	}
	first := s.id == ""
	fell := s.fall(first)
	s.id, s.version = id, version
	return fell
}

// started notes when the leading master was started, to a few seconds, and tells whether that is another start.
func (s *standing) started(at address, version string, when time.Time) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.version = version
	if s.leader != at || s.start.Sub(when).Abs() < 5*time.Second {
		return false
	}
	fell := s.fall(s.start.IsZero())
	s.start, s.version = when, version
	return fell
}

func (s *standing) fall(first bool) bool {
	if first {
		return false
	}
	s.failovers++
	s.id, s.version, s.start, s.hand, s.reason = "", "", time.Time{}, nil, ""
	close(s.moved)
	s.moved = make(chan struct{})
	return true
}

func (s *standing) epoch() (address, int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.leader, s.failovers
}

// choice returns the backend of this leadership; nil if it is not chosen yet.
func (s *standing) choice() (hand, string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.hand, s.reason
}

// choose keeps the backend for as long as nothing fell since the failover count was read.
func (s *standing) choose(failovers int, chosen hand, reason string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.failovers == failovers {
		s.hand, s.reason = chosen, reason
	}
}

func (s *standing) falls() <-chan struct{} { s.mutex.Lock(); defer s.mutex.Unlock(); return s.moved }

// condition fills in what the standing knows.
func (s *standing) condition(condition *filters.Condition) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.leader != (address{}) {
		condition.Leader = s.leader.String()
	}
	condition.Version, condition.BackendReason = s.version, s.reason
	if s.hand != nil {
		condition.Backend = s.hand.backend()
	}
}
