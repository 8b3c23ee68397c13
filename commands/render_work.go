package commands

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// nameMost is how much is shown of a name that a framework gave, in characters.
const nameMost = 64

// renderTasks shows what runs on agents: what those say that were looked at, of the others what this replica knows.
func renderTasks(cluster string, agents []filters.AgentStatus, looks []*look, asOf, now time.Time) Reply {
	whole, known, heard := map[string]int{}, 0, 0
	var lines []Line
	for i := range agents {
		agent, own := &agents[i], (*look)(nil)
		if looks != nil {
			own = looks[i]
		}
		if own != nil && own.err == nil {
			heard++
		}
		if agent.TasksKnown {
			known++
			for framework, count := range agent.Tasks {
				whole[framework] += count
			}
		}
		if i < listed {
			lines = append(lines, tasksLine(agent, own, now))
			lines = append(lines, own.lines(now)...)
		}
	}
	head := Say(Strong(cluster), " · ", Strong(Count(taskSum(whole), "task")), " on "+Count(len(agents), "agent"))
	switch {
	case known == 0 && len(agents) > 0:
		head = Say(Strong(cluster), " · I do not know which tasks run there: this replica does not follow the master")
		if looks == nil {
			lines = nil
		}
	case len(agents) > 1 && taskSum(whole) > 0:
		head = append(head, Text(": "+List(taskParts(whole), 0)))
	}
	lines = append([]Line{head}, lines...)
	if known > 0 {
		lines = append(lines, more(listed, len(agents))...)
	}
	if !asOf.IsZero() && heard < len(agents) {
		lines = append(lines, Say("as of ", Instant(asOf, now)))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// tasksLine says how many tasks run on an agent, how it stands, and who says so.
func tasksLine(agent *filters.AgentStatus, own *look, now time.Time) Line {
	state := Line(nil)
	if words := agentState(*agent); words != "takes tasks" {
		state = append(Say(words), since(agent.Since, now)...)
	}
	tasks := "not known"
	switch {
	case own != nil && own.err == nil && own.Done():
		tasks = "no tasks run there and no operation is pending"
	case agent.TasksKnown:
		tasks = TaskCounts(agent.Tasks)
	}
	return Separated(Say(Strong(agent.Agent.Hostname), " "+tasks), state, own.source(agent.TasksKnown, now))
}

// source says whose word it is; nothing of an agent that was not asked.
func (l *look) source(counted bool, now time.Time) Line {
	if l == nil {
		return nil
	}
	if l.err == nil {
		return Say("from the agent itself, ", Instant(l.at, now))
	}
	words := "the agent did not answer"
	switch {
	case filters.CodeOf(l.err) == filters.Denied:
		words = "the agent does not let me look"
	case errors.Is(l.err, context.DeadlineExceeded):
		words += " within " + Lasting(lookTime)
	}
	if counted {
		words += ": by the master's count"
	}
	return Say("⚠ " + words)
}

// lines are the tasks and operations that the agent told of, or why it did not.
func (l *look) lines(now time.Time) []Line {
	if l == nil {
		return nil
	}
	if l.err != nil {
		return l.fault()
	}
	var lines []Line
	for _, task := range l.inOrder()[:min(len(l.Tasks), listed)] {
		lines = append(lines, taskLine(&task, now))
	}
	lines = append(lines, more(listed, len(l.Tasks))...)
	for _, operation := range l.Operations[:min(len(l.Operations), listed)] {
		by := "an operator"
		if operation.Framework != "" {
			by = inert(operation.Framework)
		}
		lines = append(lines, Say("• operation ", Literal(inert(operation.ID)), " is pending: ", inert(operation.Type)+" by "+by))
	}
	if left := len(l.Operations) - listed; left > 0 {
		lines = append(lines, Say("and "+Count(left, "more operation")))
	}
	return lines
}

// fault says what kept the agent from answering, where that is more than time.
func (l *look) fault() []Line {
	known, ok := errors.AsType[*filters.Error](l.err)
	if !ok || errors.Is(l.err, context.DeadlineExceeded) {
		return nil
	}
	line := Markup(known.Wrong)
	if known.Expected != "" {
		line = append(append(line, Text(". Expected: ")), Markup(known.Expected)...)
	}
	return []Line{line}
}

// inOrder are the tasks, those of the framework with most of them first, and of each those that wait to be launched, then the
// oldest.
func (l *look) inOrder() []filters.Task {
	rank := map[string]int{}
	for i, name := range filters.Frameworks(l.counts()) {
		rank[name] = i
	}
	places := map[string]int{}
	for _, task := range l.Tasks {
		if _, known := places[task.Framework]; !known {
			places[task.Framework] = rank[inert(task.Framework)]
		}
	}
	return slices.SortedStableFunc(slices.Values(l.Tasks), func(a, b filters.Task) int {
		return cmp.Or(
			places[a.Framework]-places[b.Framework], -cmp.Compare(a.Queue, b.Queue), a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
		)
	})
}

// taskLine says what a task is called, how it stands and since when.
func taskLine(task *filters.Task, now time.Time) Line {
	state := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(task.State, "TASK_"), "_", " "))
	line := append(Say("• "+inert(task.Framework)+" ", Literal(inert(cmp.Or(task.Name, task.ID))), " "+cmp.Or(task.Queue, inert(state))), since(task.Since, now)...)
	if task.Name == "" || task.Name == task.ID {
		return line
	}
	return Separated(line, Say(Literal(inert(task.ID))))
}

// inert shows a name that a framework gave, which may hold anything, and be nothing.
func inert(name string) string {
	if name = clip(filters.Inert(name), nameMost); strings.TrimSpace(name) == "" {
		return strconv.Quote(name)
	}
	return name
}
