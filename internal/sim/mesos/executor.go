package mesos

import (
	"fmt"
	"time"
)

// maxPast is how many ended tasks an agent remembers, as executors
// (flag max_completed_executors_per_framework).
const maxPast = 150

// remember keeps a task that ended.
func (a *agent) remember(t *task) {
	t.endedAt = time.Now()
	a.past = append(a.past, t)
	if len(a.past) > maxPast {
		a.past = a.past[1:]
	}
}

// lingering is how long an executor stays after its task has ended.
const lingering = 2 * time.Second

// executors are the tasks whose executors are there, and those whose are not.
func (a *agent) executors() (there, past []*task) {
	there = append(there, a.tasks...)
	for _, t := range a.past {
		if last := t.statuses[len(t.statuses)-1]; last.contained && time.Since(t.endedAt) < lingering {
			there = append(there, t)
			continue
		}
		past = append(past, t)
	}
	return there, past
}

func (t *task) executorName() string {
	return fmt.Sprintf("Command Executor (Task: %s) (Command: sh -c 'sleep 100000')", t.id)
}
