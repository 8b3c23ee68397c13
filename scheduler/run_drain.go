package scheduler

import (
	"fmt"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// AskMost is how long somebody may take to say yes to a drain.
	AskMost = 30 * time.Minute
	// progressEvery is how often it is told how far a drain has come.
	progressEvery = 5 * time.Second
)

// drains makes the run a drain: its agents stay withheld, and somebody else is asked first.
func (r *RunState) drains(wanted *RunRequest) {
	drain := *wanted.Drain
	drain.By = filters.Owner(r.By)
	r.Mode, r.Drain, r.Keep, r.Deadline, r.Phase = filters.ModeDrain, &drain, true, Duration(wanted.Deadline), RunAsked
}

// movesOff makes the run a manual drain: frameworks move their tasks, the master kills none, and so nobody else is asked.
func (r *RunState) movesOff(wanted *RunRequest) {
	r.drains(wanted)
	step := Step{Kind: StepMove, Last: wanted.Last}
	r.Mode, r.Phase, r.Procedure.Steps = filters.ModeFilter, RunGoing, []string{step.String()}
}

// verb is the word that the configuration must allow.
func (r *RunState) verb() filters.Verb {
	if r.Drain.Ends() {
		return filters.VerbGone
	}
	return filters.VerbDrain
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

// questionText asks for the yes, and says what it costs. It ends with what is asked.
func (d *Desk) questionText(run *RunState, agents []*filters.Agent) string {
	hosts := make([]string, len(agents))
	for i, agent := range agents {
		hosts[i] = agent.Hostname
	}
	text := "What runs there would be killed"
	if impact := run.Impact; impact != nil && impact.TasksKnown {
		text = tasksText(impact.Tasks) + " there would be killed"
		if len(impact.Alone) > 0 {
			text += ", all that " + strings.Join(impact.Alone, ", ") + " has"
		}
	}
	if run.Drain.Ends() {
		return text + ", and it cannot be undone. Mark " + someOf(hosts) + " gone for ever, with all that is on its disk?"
	}
	return text + ", and that cannot be cancelled. Drain " + someOf(hosts) + "?"
}

// tasksText renders a number of tasks with the frameworks that have most of them.
func tasksText(tasks map[string]int) string {
	sum := 0
	for _, count := range tasks {
		sum += count
	}
	switch sum {
	case 0:
		return "No tasks"
	case 1:
		return "1 task (" + byFramework(tasks) + ")"
	}
	return fmt.Sprintf("%d tasks (%s)", sum, byFramework(tasks))
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

// heard goes on with a run that waits for somebody's word, once that was said or is too late.
func (r *runs) heard(run *going, next *progress, now time.Time) *progress {
	question := r.config.Book.Question(run.state.Question)
	state := run.state
	switch {
	case question != nil && question.Answer == "yes":
		state.Phase, state.Word, next.outcome = RunGoing, &Word{By: question.By, Reason: question.Reason, At: question.Answered}, "started"
	case question != nil && !question.Open():
		state, next.outcome = aborting(state, Word{By: question.By, Reason: question.Reason, At: now}), string(RunAborting)
		state.Why = refusedBy(question)
	case now.Sub(state.Started) >= AskMost:
		state, next.outcome = aborting(state, Word{By: state.By, At: now}), string(RunAborting)
		state.Why = "nobody else said yes within " + lasting(AskMost)
	default:
		return nil
	}
	next.state = &state
	next.unask(question)
	return next
}

func refusedBy(question *filters.Question) string {
	word := "refused by "
	if question.By == question.AskedBy {
		word = "taken back by "
	}
	if question.Reason == "" {
		return word + question.By
	}
	return word + question.By + ": " + filters.Quoted(question.Reason)
}

// unask takes a question out that waits for nobody any more.
func (p *progress) unask(question *filters.Question) {
	if question == nil || question.Done {
		return
	}
	done := *question
	done.Done = true
	p.questions = append(p.questions, filters.AskedOf{Question: done, Event: filters.Event{Kind: filters.KindQuestion}})
}

// leftover takes out the question of a run that was aborted while it asked; nil if there is none.
func (r *runs) leftover(next *progress) *progress {
	state := &next.run.state
	if state.Question == "" || state.Phase == RunAsked {
		return nil
	}
	if next.unask(r.config.Book.Question(state.Question)); len(next.questions) == 0 {
		return nil
	}
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
	why := ""
	switch {
	case run.Drain.Gone:
	case s.agent == nil:
		why = "the master cannot reach it: the kill waits until it is back"
	case s.tasks != nil && left == 0:
		why = "no tasks left, waiting for the agent to say so"
	case s.tasks != nil:
		why = fmt.Sprintf("%d of %d tasks left: %s", left, a.Tasks, byFramework(s.tasks))
	}
	overdue := run.Deadline > 0 && now.Sub(a.Begun) >= time.Duration(run.Deadline)
	if overdue {
		why = "over its deadline of " + lasting(time.Duration(run.Deadline)) + ": " + why
	}
	due := now.Sub(a.Since) >= progressEvery || overdue != a.Overdue
	if why == a.Why || !due {
		return a, false
	}
	a.Why, a.Since, a.Overdue = why, now, overdue
	return a, true
}
