package scheduler

import (
	"fmt"
	"strings"
	"time"

	"cordon/filters"
)

// progressEvery is how often it is told how far a drain has come.
const progressEvery = 5 * time.Second

// drains makes the run a drain: its agents stay withheld.
func (r *RunState) drains(wanted *RunRequest) {
	drain := *wanted.Drain
	drain.By = filters.Owner(r.By)
	r.Mode, r.Drain, r.Keep, r.Deadline = filters.ModeDrain, &drain, true, Duration(wanted.Deadline)
}

// movesOff makes the run a manual drain: frameworks move their tasks, the master kills none.
func (r *RunState) movesOff(wanted *RunRequest) {
	r.drains(wanted)
	step := Step{Kind: StepMove, Last: wanted.Last}
	r.Mode, r.Procedure.Steps = filters.ModeFilter, []string{step.String()}
}

// verb is the word that the configuration must allow.
func (r *RunState) verb() filters.Verb {
	if r.Drain.Ends() {
		return filters.VerbGone
	}
	return filters.VerbDrain
}

// byFramework names the frameworks that have most tasks, with how many.
func byFramework(tasks map[string]int) string {
	var parts []string
	for _, framework := range filters.Frameworks(tasks) {
		switch {
		case tasks[framework] == 0:
		case len(parts) == 3:
			return strings.Join(parts, ", ") + " and more"
		default:
			parts = append(parts, fmt.Sprintf("%s %d", framework, tasks[framework]))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *runs) tasks(agent filters.AgentID) map[string]int {
	if r.config.Tasks == nil {
		return nil
	}
	tasks, known := r.config.Tasks(agent)
	if !known {
		return nil
	}
	return tasks
}

// drained goes on with an agent that is being drained: what holds it up is told, and nothing is forced.
func (c *course) drained(run *RunState, a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	sent := s.ledger != nil && s.ledger.SentFor(s.filter)
	switch {
	case s.ledger != nil && s.ledger.Refused != "" && a.Away && s.agent == nil: // perhaps there is no such agent: nothing is to be kept
		a.Skip = "the master refused: " + s.ledger.Refused
		return a.to(AgentGiving, a.Skip, now), true
	case s.ledger != nil && s.ledger.Refused != "":
		return a.to(AgentFailed, "the master refused: "+s.ledger.Refused, now), true
	case s.ledger != nil && !s.ledger.Drained.IsZero() && run.Keep:
		return a.to(AgentDone, "drained: safe to take down", now), true
	case s.ledger != nil && !s.ledger.Drained.IsZero() && run.Phase == RunAborting:
		a.Skip = "the run was aborted before its steps: it was drained"
		return a.to(AgentGiving, "", now), true
	case s.ledger != nil && !s.ledger.Drained.IsZero():
		if s.agent != nil {
			a.Registered = s.agent.Registered
		}
		return c.toStep(a, 0, now), true
	case !sent && s.asOf.After(a.Begun.Add(withholdPatience)):
		return a.to(AgentFailed, "the master was not seen to drain it within "+lasting(withholdPatience), now), true
	case !sent:
		return a.waits(a.Begun, "the master was not asked to yet", s, now)
	case run.Drain.Gone:
		return a.waits(a.Begun, "the master was asked to, and it is not seen to have left yet", s, now)
	}
	return a.draining(run, s, now)
}

// reached is an agent of a drain that the master does not list: it takes the call all the same. nil: nobody remembers the agent,
// and it is not to be marked gone.
func reached(roster *filters.Roster, agent *RunAgent, drain *filters.Drain) *filters.Agent {
	known, _ := roster.Known(agent.Agent)
	if known == nil && drain.Gone {
		return &filters.Agent{ID: agent.Agent, Hostname: agent.Hostname}
	}
	return known
}

// draining tells how far the drain has come, now and then, and once that it takes longer than it may.
func (a RunAgent) draining(run *RunState, s *sight, now time.Time) (RunAgent, bool) {
	left := 0
	for _, count := range s.tasks {
		left += count
	}
	a.Tasks = max(a.Tasks, left)
	overdue := run.Deadline > 0 && now.Sub(a.Begun) >= time.Duration(run.Deadline)
	if now.Sub(a.Since) < progressEvery && overdue == a.Overdue {
		return a, false
	}
	why, late := "", "over its deadline of "+lasting(time.Duration(run.Deadline))+": "
	switch {
	case s.agent == nil:
		why = "the master cannot reach it: the kill waits until it is back"
	case s.tasks != nil && left == 0:
		why = "no tasks left, waiting for the agent to say so"
	case s.tasks != nil:
		why = s.aged(fmt.Sprintf("%d of %d tasks left: %s", left, a.Tasks, byFramework(s.tasks)), strings.TrimPrefix(a.Why, late), now)
	}
	if overdue {
		why = late + why
	}
	if why == a.Why {
		return a, false
	}
	a.Why, a.Since, a.Overdue = why, now, overdue
	return a, true
}

// oldestWords tell since when the oldest task has run, not for how long: that would be news each time.
const oldestWords = ", the oldest since "

// aged adds to what is left since when the oldest of it has run. It is looked for only where what was said before differs.
func (s *sight) aged(left, before string, now time.Time) string {
	if said, _, aged := strings.Cut(before, oldestWords); aged && said == left {
		return before
	}
	if s.oldest == nil {
		return left
	}
	return left + oldestSince(s.oldest(), now)
}

// oldestSince tells since when the oldest task has run; nothing where that is not known.
func oldestSince(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return oldestWords + clockText(since, now) + " UTC"
}

// clockText is a time of the day in UTC, with its date if that is half a day or more from now.
func clockText(at, now time.Time) string {
	if now.Sub(at).Abs() >= 12*time.Hour {
		return at.UTC().Format("2006-01-02 15:04")
	}
	return at.UTC().Format("15:04")
}
