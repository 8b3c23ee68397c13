package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// observing begins what is told of an agent to which nothing is done.
const observing = "observing only: I would now "

// observed tells what would be done to an agent whose turn has come. Whose tasks frameworks would be asked for, a look at it has to
// tell first.
func (c *course) observed(run *RunState, a RunAgent, s *sight, now time.Time) RunAgent {
	switch {
	case run.Drain != nil && run.Drain.Gone:
		return a.onlyObserved("mark it gone for ever"+s.running(now), now)
	case run.kills() && run.Drain.MarkGone:
		return a.onlyObserved("drain it and mark it gone for ever"+s.running(now), now)
	case run.kills():
		return a.onlyObserved("drain it"+s.running(now), now)
	case len(c.Steps) > 0 && c.Steps[0].Kind == StepMove:
		return c.toStep(a, 0, now)
	}
	deeds := []string{"withhold it"}
	for _, step := range c.Steps {
		deeds = append(deeds, step.String())
	}
	return a.onlyObserved(strings.Join(deeds, ", then "), now)
}

// onlyObserved lets the agent go, with what would have been done.
func (a RunAgent) onlyObserved(deed string, now time.Time) RunAgent {
	a.Skip = observing + deed
	return a.to(AgentGiving, a.Skip, now)
}

// running says in a sentence's end what runs on the agent.
func (s *sight) running(now time.Time) string {
	switch {
	case s.tasks == nil:
		return ""
	case sum(s.tasks) == 0:
		return ", on which no task runs"
	}
	words := fmt.Sprintf(", on which %d tasks run: %s", sum(s.tasks), byFramework(s.tasks))
	if sum(s.tasks) == 1 {
		words = ", on which 1 task runs: " + byFramework(s.tasks)
	}
	return s.aged(words, "", now)
}

// would says what frameworks would be asked to move now, and what the rest waits for.
func (f *finding) would(a *RunAgent, s *sight, now time.Time) string {
	apps := map[string][]string{}
	for _, stay := range f.stays {
		if stay.Ready && f.mayAsk(stay.Task, nil) {
			apps[stay.Task.Framework] = append(apps[stay.Task.Framework], f.what(&stay))
		}
	}
	var parts []string
	for _, framework := range slices.Sorted(maps.Keys(apps)) {
		parts = append(parts, framework+" to move "+strings.Join(apps[framework], ", "))
	}
	deed := "ask no framework to move anything"
	if len(parts) > 0 {
		deed = "ask " + strings.Join(parts, ", and ")
	}
	seen := *a
	seen.Tasks = f.left(s)
	return deed + "; " + f.words(&seen, s, now)
}

// what names a task by its app.
func (f *finding) what(stay *filters.Stay) string {
	if stay.App == "" {
		return "a task"
	}
	return filters.Inert(stay.App)
}
