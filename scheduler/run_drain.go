package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// askMost is how long somebody may take to say yes to a drain.
	askMost = 30 * time.Minute
	// progressEvery is how often it is told how far a drain has come.
	progressEvery = 5 * time.Second
)

// drains makes the run a drain: its agents stay withheld, and somebody else is asked first.
func (r *RunState) drains(wanted *RunRequest) {
	r.Mode, r.Drain, r.Keep, r.Deadline, r.Phase = filters.ModeDrain, wanted.Drain, true, Duration(wanted.Deadline), RunAsked
}

// verb is the word that the configuration must allow.
func (r *RunState) verb() filters.Verb {
	if r.Drain.Ends() {
		return filters.VerbGone
	}
	return filters.VerbDrain
}

// mayDrain tells whether the configuration lets people ask for what kills tasks, and the cluster can do it.
func (d *Desk) mayDrain(run *RunState) error {
	verb := run.verb()
	switch {
	case !slices.Contains(d.config.Allow, verb):
		return &filters.Error{Code: filters.Denied, Wrong: "`" + string(verb) + "` is off in *" + d.config.Cluster + "*, because it kills tasks", Expected: "`allow: [" + string(verb) + "]` in the cluster's configuration", Try: "`/mesos filter` keeps new tasks away and kills none"}
	case d.config.Roster().View().Backend == filters.BackendAllocator:
		return &filters.Error{Code: filters.Invalid, Wrong: "*" + d.config.Cluster + "* is withheld from by the allocator module, which cannot drain", Expected: "Mesos 1.9 or later with the operator backend"}
	case run.Drain.MaxGrace < 0 || run.Deadline < 0:
		return invalid("a grace period or deadline is below zero", "a duration such as `10m`")
	}
	return nil
}

// ask puts the question that somebody else answers before anything begins. Its plan is the run's record, which does not
// change before that.
func (d *Desk) ask(arrangement *filters.Arrangement, run *RunState, agents []*filters.Agent) {
	question := filters.Question{
		ID: filters.DerivedID("q-", run.ID), Kind: filters.QuestionConfirm, Asked: run.Started, AskedBy: run.By,
		Text: d.questionText(run, agents),
	}
	if user := arrangement.Actor.User; user != "" {
		question.AskedBy = "user:" + user
	}
	question.Subject = question.ID
	for _, agent := range agents {
		question.Agents, question.Hosts = append(question.Agents, agent.ID), append(question.Hosts, agent.Hostname)
	}
	run.Question = question.ID
	last := &arrangement.Told[len(arrangement.Told)-1]
	last.Record.Body = encode(run)
	arrangement.Questions = append(arrangement.Questions, filters.AskedOf{Question: question, Event: filters.Event{Kind: filters.KindQuestion}})
}

func (d *Desk) questionText(run *RunState, agents []*filters.Agent) string {
	var hosts []string
	tasks, known := map[string]int{}, d.config.Tasks != nil
	for _, agent := range agents {
		hosts = append(hosts, agent.Hostname)
		if !known {
			continue
		}
		on, ok := d.config.Tasks(agent.ID)
		known = known && ok
		for framework, count := range on {
			tasks[framework] += count
		}
	}
	text := "Drain " + someOf(hosts) + "?"
	if run.Drain.Ends() {
		text = "Mark " + someOf(hosts) + " gone for ever, with all that is on its disk?"
	}
	if known {
		text = tasksText(tasks) + " there would be killed, and that cannot be cancelled. " + text
	} else {
		text = "What runs there would be killed, and that cannot be cancelled. " + text
	}
	return text
}

// tasksText renders a number of tasks with the frameworks that have most of them.
func tasksText(tasks map[string]int) string {
	sum := 0
	var parts []string
	for _, framework := range filters.Frameworks(tasks) {
		sum += tasks[framework]
		if len(parts) < 3 {
			parts = append(parts, fmt.Sprintf("%s %d", framework, tasks[framework]))
		}
	}
	switch {
	case sum == 0:
		return "No tasks"
	case sum == 1:
		return "1 task (" + parts[0] + ")"
	}
	return fmt.Sprintf("%d tasks (%s)", sum, strings.Join(parts, ", "))
}

// heard goes on with a run that waits for somebody's word, once that was said or is too late.
func (r *runs) heard(run *going, next *progress, now time.Time) *progress {
	question := r.config.Book.Question(run.state.Question)
	state := run.state
	switch {
	case question != nil && question.Answer == "yes":
		state.Phase, state.Word, next.outcome = RunGoing, &Word{By: question.By, Reason: question.Reason, At: question.Answered}, "started"
	case question != nil && !question.Open():
		state, next.outcome = aborting(state, Word{By: question.By, Reason: "refused by " + question.By, At: now}), string(RunAborting)
	case now.Sub(state.Started) >= askMost:
		state, next.outcome = aborting(state, Word{By: state.By, Reason: "nobody else said yes within " + lasting(askMost), At: now}), string(RunAborting)
	default:
		return nil
	}
	if question != nil {
		done := *question
		done.Done = true
		next.questions = append(next.questions, filters.AskedOf{Question: done, Event: filters.Event{Kind: filters.KindQuestion, Reason: state.Why}})
	}
	next.state = &state
	return next
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
	case s.ledger != nil && s.ledger.Refused != "":
		return a.to(AgentFailed, s.ledger.Refused, now), true
	case s.ledger != nil && !s.ledger.Drained.IsZero() && run.Keep:
		return a.to(AgentDone, "drained: safe to take down", now), true
	case s.ledger != nil && !s.ledger.Drained.IsZero():
		return c.toStep(a, 0, now), true
	case !sent && s.asOf.After(a.Begun.Add(withholdPatience)):
		return a.to(AgentFailed, "the master was not seen to drain it within "+lasting(withholdPatience), now), true
	}
	return a.draining(run, s, now)
}

// draining tells how far the drain has come, now and then, and once that it takes longer than it may.
func (a RunAgent) draining(run *RunState, s *sight, now time.Time) (RunAgent, bool) {
	left := 0
	for _, count := range s.tasks {
		left += count
	}
	a.Tasks = max(a.Tasks, left)
	why := ""
	switch {
	case s.agent == nil:
		why = "the master cannot reach it: the kill waits until it is back"
	case s.tasks != nil && left == 0:
		why = "no tasks left, waiting for the agent to say so"
	case s.tasks != nil:
		why = fmt.Sprintf("%d of %d tasks left: %s", left, a.Tasks, tasksText(s.tasks))
	}
	overdue := run.Deadline > 0 && now.Sub(a.Begun) >= time.Duration(run.Deadline)
	if overdue {
		why = "over its deadline of " + lasting(time.Duration(run.Deadline)) + ", nothing is forced: " + why
	}
	due := now.Sub(a.Since) >= progressEvery || overdue != a.Overdue
	if why == a.Why || !due {
		return a, false
	}
	a.Why, a.Since, a.Overdue = why, now, overdue
	return a, true
}
