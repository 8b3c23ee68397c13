package mesos

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda is what the cluster will do later, in the order of its time; things
// due at the same time happen in the order in which they were put down. Each is
// done with the cluster's lock held.
type agenda struct {
	lock    sync.Locker // the cluster's
	entries entries
	count   uint64
	wake    chan struct{}
}

type entry struct {
	at     time.Time
	number uint64
	do     func()
	place  int // in the heap; -1 when done or cancelled
}

func newAgenda(lock sync.Locker) *agenda {
	return &agenda{lock: lock, wake: make(chan struct{}, 1)}
}

// after puts do down for d from now. The cluster's lock must be held.
func (a *agenda) after(d time.Duration, do func()) *entry {
	a.count++
	added := &entry{at: time.Now().Add(max(d, 0)), number: a.count, do: do}
	heap.Push(&a.entries, added)
	if added.place == 0 {
		a.nudge()
	}
	return added
}

// cancel takes an entry off the agenda; nil and done entries are left alone.
// The cluster's lock must be held.
func (a *agenda) cancel(old *entry) {
	if old != nil && old.place >= 0 {
		heap.Remove(&a.entries, old.place)
	}
}

// clear takes everything off the agenda. The cluster's lock must be held.
func (a *agenda) clear() {
	for _, left := range a.entries {
		left.place = -1
	}
	a.entries = nil
}

func (a *agenda) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run works the agenda off until ctx is done.
func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(a.workOff())
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// workOff does one thing at a time, so that readers get in between, and returns
// how long the next one can wait.
func (a *agenda) workOff() time.Duration {
	for {
		a.lock.Lock()
		if len(a.entries) == 0 {
			a.lock.Unlock()
			return time.Hour
		}
		if wait := time.Until(a.entries[0].at); wait > 0 {
			a.lock.Unlock()
			return wait
		}
		heap.Pop(&a.entries).(*entry).do()
		a.lock.Unlock()
	}
}

// entries is the heap of what is on the agenda.
type entries []*entry

func (e entries) Len() int { return len(e) }

func (e entries) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].number < e[j].number
	}
	return e[i].at.Before(e[j].at)
}

func (e entries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].place, e[j].place = i, j
}

func (e *entries) Push(added any) {
	added.(*entry).place = len(*e)
	*e = append(*e, added.(*entry))
}

func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = nil
	*e = (*e)[:len(*e)-1]
	last.place = -1
	return last
}
