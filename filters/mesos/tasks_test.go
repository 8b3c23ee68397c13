package mesos

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTasksTellWhetherOneWasStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := newTasks()
		begin := func(id string) {
			counted.note(task{id: []byte(id), framework: []byte("F"), agent: []byte("S1"), state: 1})
		}
		expect := func(when string, since time.Time, started, known bool) {
			t.Helper()
			if got, sure := counted.since("S1", since); got != started || sure != known {
				t.Errorf("%s: started %v, known %v; want %v, %v", when, got, sure, started, known)
			}
		}
		pass := func(d time.Duration) time.Time { <-time.After(d); return time.Now() } // in a bubble: nobody waits
		expect("before anything is known", pass(time.Minute), false, false)
		begin("old")
		counted.complete()
		expect("since before the stream", time.Now().Add(-time.Minute), false, false)
		since := pass(time.Minute)
		begin("old")
		expect("an update of a task that ran", since, false, true)
		pass(10 * time.Second)
		begin("new")
		expect("a new task", since, true, true)
		expect("nothing after that", pass(time.Minute), false, true)
		counted.left("S1")
		expect("the agent left, and returned", since, false, true)
		counted.forget()
		expect("the stream broke", since, false, false)
	})
}
