package scheduler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// emptyLooks is how many looks in a row must show nothing on an agent that is withheld before it is safe to take down.
	emptyLooks = 2
	// askAgain is how long a task may be seen after it was asked for before it is asked for once more.
	askAgain = 30 * time.Second
	// unseenMost is how long an agent without tasks, by the master's word, may not be heard before a person is asked.
	unseenMost = 2 * time.Minute
)

// moving goes on with an agent that frameworks move their tasks off. What they are asked for is recorded before they are.
func (c *course) moving(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	found := s.found
	switch {
	case !s.looks:
		return c.failed(a, "no agent can be looked at", now), true
	case s.agent == nil:
		return c.stalled(a, "the master does not list it, so it cannot be looked at", s, now)
	case !held(s.ledger) && !s.observe:
		return c.stalled(a, "it is not withheld just now, so no task is asked to move", s, now)
	case found == nil || found.began.Before(a.Since):
		return a.waits(a.Since, "no look at it has ended yet", s, now)
	case s.observe:
		return a.onlyObserved(found.would(&a, s, now), now), true
	case found.empty >= emptyLooks:
		a.Asked = nil
		return c.toStep(a, a.Step+1, now), true
	case found.work.Unseen != "" && s.tasks != nil && sum(s.tasks) == 0 && found.began.Sub(found.unseen) >= unseenMost:
		return a.to(AgentAsking, c.where(&a)+": "+found.work.Unseen+"; by the master's word, not the agent's, no task is left: is it safe to take down?", now), true
	}
	next := a
	next.Asked = found.stillAsked(a.Asked)
	for _, stay := range found.stays {
		if stay.Ready && found.mayAsk(stay.Task, next.Asked) {
			next.Asked = append(without(next.Asked, stay.Task), AskedMove{stay.Task, now})
		}
	}
	next.Tasks = max(a.Tasks, found.left(s))
	next.Overdue = c.deadline > 0 && now.Sub(a.Begun) >= c.deadline
	next.Why = found.words(&next, s, now)
	if next.Overdue {
		next.Why = "over its deadline of " + lasting(c.deadline) + ": " + next.Why
	}
	changed := next.Why != a.Why || next.Overdue != a.Overdue || next.Tasks != a.Tasks || !slices.Equal(next.Asked, a.Asked)
	return next, changed
}

// stalled says why nothing moves. It lasts since the agent was seen so for the first time.
func (c *course) stalled(a RunAgent, why string, s *sight, now time.Time) (RunAgent, bool) {
	next, changed := a, false
	if !strings.Contains(a.Why, why) {
		next.Why, changed = s.lasting(why, now), true
	}
	if late := c.deadline > 0 && now.Sub(a.Begun) >= c.deadline; late != a.Overdue {
		next.Overdue, changed = late, true
	}
	return next, changed
}

// stillAsked are those that the look saw; where the agent was not heard, all.
func (f *finding) stillAsked(asked []AskedMove) []AskedMove {
	if f.work.Unseen != "" {
		return slices.Clone(asked)
	}
	var still []AskedMove
	for _, entry := range asked {
		seen := slices.ContainsFunc(f.work.Tasks, entry.Task.Same)
		if seen || !entry.At.Before(f.began) {
			still = append(still, entry)
		}
	}
	return still
}

// mayAsk tells whether the framework may be asked for the task: it was not yet, or the look shows it long after.
func (f *finding) mayAsk(task filters.Task, asked []AskedMove) bool {
	for _, entry := range asked {
		if entry.Task.Same(task) {
			return f.began.Sub(entry.At) >= askAgain
		}
	}
	return true
}

func without(asked []AskedMove, task filters.Task) []AskedMove {
	return slices.DeleteFunc(asked, func(entry AskedMove) bool { return entry.Task.Same(task) })
}

// left is how many tasks are left: by the agent's word, or the master's.
func (f *finding) left(s *sight) int {
	if f.work.Unseen == "" {
		return len(f.work.Tasks)
	}
	return max(sum(s.tasks), len(f.stays))
}

// oldest is since when the task has run that has run for the longest time there, by the agent's word; zero: it does not tell.
func (f *finding) oldest() time.Time {
	var oldest time.Time
	for _, task := range f.work.Tasks {
		if !task.Since.IsZero() && (oldest.IsZero() || task.Since.Before(oldest)) {
			oldest = task.Since
		}
	}
	return oldest
}

func sum(tasks map[string]int) int {
	sum := 0
	for _, count := range tasks {
		sum += count
	}
	return sum
}

// words say what is left on the agent and what each part of it waits for.
func (f *finding) words(a *RunAgent, s *sight, now time.Time) string {
	var parts []string
	left := f.left(s)
	switch by := f.byFramework(a.Asked); {
	case f.work.Unseen != "" && s.tasks == nil:
		parts = append(parts, f.work.Unseen)
	case f.work.Unseen != "":
		text := fmt.Sprintf("%s; by the master's word %d of %d tasks left", f.work.Unseen, left, a.Tasks)
		before := a.Why[max(strings.Index(a.Why, f.work.Unseen), 0):]
		parts = append(parts, s.aged(strings.TrimSuffix(text+": "+cmp.Or(by, byFramework(s.tasks)), ": "), before, now))
	case left > 0:
		parts = append(parts, fmt.Sprintf("%d of %d tasks left: %s", left, a.Tasks, by)+oldestSince(f.oldest(), now))
	case len(f.work.Operations) == 0:
		parts = append(parts, "no tasks left, looking once more")
	default:
		parts = append(parts, "no tasks left")
	}
	for _, operation := range f.work.Operations[:min(len(f.work.Operations), 3)] {
		of := ""
		if operation.Framework != "" {
			of = " of " + operation.Framework
		}
		parts = append(parts, fmt.Sprintf("operation %s (%s%s) is pending, seen since %s UTC", operation.ID, operation.Type, of, f.pending[operation.ID].UTC().Format("15:04")))
	}
	return strings.Join(parts, "; ")
}

// byFramework counts the tasks that are left, each framework's with what they wait for: `chronos 2 (waits for its people)`.
func (f *finding) byFramework(asked []AskedMove) string {
	counts, whys := map[string]int{}, map[string][]string{}
	for _, stay := range f.stays {
		framework := stay.Task.Framework
		counts[framework]++
		if why := f.why(&stay, asked); !slices.Contains(whys[framework], why) {
			whys[framework] = append(whys[framework], why)
		}
	}
	var parts []string
	for _, framework := range slices.Sorted(maps.Keys(counts)) {
		slices.Sort(whys[framework])
		why := strings.Join(whys[framework][:min(len(whys[framework]), 3)], "; ")
		parts = append(parts, fmt.Sprintf("%s %d (%s)", framework, counts[framework], why))
	}
	return strings.Join(parts, ", ")
}

// why is what a task waits for.
func (f *finding) why(stay *filters.Stay, asked []AskedMove) string {
	what := f.what(stay)
	switch failed := f.failed[keyOf(stay.Task)]; {
	case failed != "":
		return failed
	case slices.ContainsFunc(asked, func(entry AskedMove) bool { return entry.Task.Same(stay.Task) }):
		return what + " is being moved"
	}
	return cmp.Or(stay.Why, what+" may move")
}
