package mesos

import (
	"context"
	"sync"
	"time"

	"cordon/filters"
)

// slot lets one full reading run at a time, at most one in a period, for all who want one. Who asks gets a reading that
// began after it asked; those who wait together share it.
type slot struct {
	every time.Duration
	read  func(ctx context.Context) (filters.View, error)
	token chan struct{} // held by the caller that reads for all

	mutex  sync.Mutex
	begun  int       // readings that have begun
	last   time.Time // when the last of the slot's own began; zero: the next may begin at once
	urged  bool      // the next may begin before its time
	urgent time.Time // when the last that was urged began
	newest outcome
	asking int           // callers of after; the newest view is kept for them alone
	turned chan struct{} // closed and replaced at each outcome, and when the next reading may begin earlier
}

// outcome is how the reading with the number ended.
type outcome struct {
	number int
	view   filters.View
	err    error
}

func newSlot(every time.Duration, read func(ctx context.Context) (filters.View, error)) *slot {
	return &slot{every: every, read: read, token: make(chan struct{}, 1), turned: make(chan struct{})}
}

// after returns a reading that begins after the call, or why there is none.
func (s *slot) after(ctx context.Context) (filters.View, error) {
	asked := s.ask()
	defer s.leave()
	for {
		newest, turned := s.state()
		if newest.number > asked {
			return newest.view, newest.err
		}
		select {
		case <-turned:
		case s.token <- struct{}{}:
			s.lead(ctx, asked)
			<-s.token
		case <-ctx.Done():
		}
		if newest, _ := s.state(); newest.number <= asked && ctx.Err() != nil {
			return filters.View{}, tooLate(ctx.Err())
		}
	}
}

func (s *slot) ask() (asked int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asking++
	return s.begun
}

// leave forgets the newest view when nobody waits for it any more: who asks from now on gets another.
func (s *slot) leave() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.asking--; s.asking == 0 {
		s.newest.view = filters.View{}
	}
}

func tooLate(cause error) error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "the cluster could not be read in time", Cause: cause}
}

// lead reads for everybody who waits, when it is time, unless a reading comes from elsewhere meanwhile.
func (s *slot) lead(ctx context.Context, asked int) {
	for {
		s.mutex.Lock()
		satisfied, wait, turned := s.newest.number > asked, s.wait(), s.turned
		s.mutex.Unlock()
		if satisfied || ctx.Err() != nil {
			return
		}
		if wait <= 0 {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-turned:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	number := s.begin(true)
	view, err := s.read(ctx)
	if err == nil || ctx.Err() == nil { // a caller that goes away leaves the reading to the next
		s.end(number, view, err)
	}
}

func (s *slot) wait() time.Duration {
	if s.last.IsZero() {
		return 0
	}
	wait := time.Until(s.last.Add(s.every))
	if s.newest.err != nil {
		wait = min(wait, time.Until(s.last.Add(retryRead)))
	}
	if s.urged {
		wait = min(wait, time.Until(s.urgent.Add(urgentEvery)))
	}
	return wait
}

// urgentEvery is the least time between two readings that begin before their time.
const urgentEvery = 5 * time.Second

// retryRead is how soon after the beginning of a failed reading the next may begin.
const retryRead = time.Second

// begin numbers a reading that begins now. Readings that are not the slot's own (SUBSCRIBED carries one) cost no turn.
func (s *slot) begin(own bool) (number int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if own {
		s.last = time.Now()
	}
	if own && s.urged {
		s.urged, s.urgent = false, s.last
	}
	s.begun++
	return s.begun
}

// end tells the waiting of a reading, unless one that began later ended before.
func (s *slot) end(number int, view filters.View, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if number < s.newest.number {
		return
	}
	s.newest = outcome{number: number, err: err}
	if s.asking > 0 {
		s.newest.view = view
	}
	s.wake()
}

// hurry lets the next reading begin at once: another master leads.
func (s *slot) hurry() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.last = time.Time{}
	s.wake()
}

// urge lets the next reading begin before its time, but none within urgentEvery of the last that did.
func (s *slot) urge() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.urged = true
	s.wake()
}

func (s *slot) wake() {
	close(s.turned)
	s.turned = make(chan struct{})
}

func (s *slot) state() (outcome, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.newest, s.turned
}
