package scheduler

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// clockSlack is how far this replica's clock may be from Redis's: a reading settles what happened so long before it.
	clockSlack = 2 * time.Second
	// withholdPatience is how long an agent may take to be withheld, returnPatience to be back and well after its last step
	// (its soak time comes on top), absentPatience to be listed when its turn has come. Only readings that began later count:
	// while the master cannot be read nobody fails.
	withholdPatience = 30 * time.Minute
	returnPatience   = 30 * time.Minute
	absentPatience   = 15 * time.Minute
	// lessMost is by which share an agent's resources may be less than before: what an agent finds of its memory changes with
	// its kernel.
	lessMost = 0.01
)

const absentWhy = "the master does not list it"

// sight is what is seen of one agent of a run at a moment.
type sight struct {
	asOf   time.Time            // when the reading began
	agent  *filters.Agent       // nil: the reading does not list it
	filter *filters.Filter      // the run's, ended or not; nil: there is none
	ledger *filters.LedgerEntry // nil: it is not ours
	freed  time.Time            // when it was last let go by the ledger; zero: not known
	gone   bool                 // it left the cluster for ever by that
	others bool                 // other filters stand on it
	tasks  map[string]int       // that run on it, by framework; nil: not known
	oldest func() time.Time     // since when the oldest of them has run; zero: not known; nil: it never is
	moved  filters.AgentID      // where the run's filter moved with its host; empty: nowhere

	known, repeats bool    // of the step's webhook: it is in the configuration; it may be called again
	calling        bool    // this process calls it, or is about to
	answer         *Answer // what came of that

	trouble string // what is wrong with the master, in a phrase; empty: nothing

	observe bool // nothing is done, and it is told what would be

	looks bool     // agents can be looked at themselves
	found *finding // what the newest look at the agent found, whose tasks are moving; nil: there was none
}

// advance returns what becomes of an agent of the run, and whether anything does. Waiting ones are begun elsewhere.
func (c *course) advance(run *RunState, a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	switch {
	case a.Phase.Over():
		return a, false
	case a.Phase == AgentGiving:
		return a.given(s, now)
	case a.Phase == AgentWaiting:
		return a.waited(run, s, now)
	case s.moved != "":
		a.Moved, a.Why = s.moved, "its host came back as agent "+string(s.moved)
		return a, true
	case s.filter == nil || !s.filter.Stands():
		return a.released(run, s, now)
	case run.Phase == RunAborting:
		if next, changed := c.aborted(a, s, now); changed {
			return next, true
		}
	}
	switch a.Phase {
	case AgentWithholding:
		if s.observe {
			return c.observed(run, a, s, now), true
		}
		if run.kills() {
			return c.drained(run, a, s, now)
		}
		return c.withheld(a, s, now)
	case AgentStepping:
		return c.stepped(a, s, now)
	case AgentReturning:
		return c.returned(a, s, now)
	}
	return a, false // a person's word is awaited
}

// current is the agent's ID as it is now.
func (a *RunAgent) current() filters.AgentID {
	if a.Moved != "" {
		return a.Moved
	}
	return a.Agent
}

func (a RunAgent) to(phase AgentPhase, why string, now time.Time) RunAgent {
	a.Phase, a.Why, a.Since = phase, why, now
	return a
}

// waited gives up agents that can begin no more.
func (a RunAgent) waited(run *RunState, s *sight, now time.Time) (RunAgent, bool) {
	switch {
	case run.Phase == RunAborting:
		return a.to(AgentSkipped, "the run was aborted before its turn", now), true
	case !run.NoNew.IsZero() && !now.Before(run.NoNew):
		return a.to(AgentSkipped, "the window let nothing new begin any more", now), true
	case a.Why == absentWhy && s.agent == nil && s.asOf.After(a.Since.Add(absentPatience)):
		return a.to(AgentSkipped, absentWhy+" since its turn came", now), true
	}
	return a, false
}

// begun is the agent once its filter is recorded, with what it had before.
func (a RunAgent) begun(agent *filters.Agent, away bool, now time.Time) RunAgent {
	a = a.to(AgentWithholding, "", now)
	a.Begun, a.Hostname, a.Away = now, agent.Hostname, away
	a.Attributes, a.Resources, a.Registered = agent.Attributes, agent.Resources, agent.Registered
	return a
}

// withheld begins the steps once the ledger says that the master was seen to withhold the agent.
func (c *course) withheld(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	switch {
	case held(s.ledger):
		if s.agent != nil {
			a.Registered = s.agent.Registered
		}
		return c.toStep(a, 0, now), true
	case s.filter.State == filters.StateFailed:
		return a.to(AgentFailed, "the master refused to withhold it", now), true
	case s.asOf.After(a.Since.Add(withholdPatience)):
		return a.to(AgentFailed, "the master was not seen to withhold it within "+lasting(withholdPatience), now), true
	}
	return a.waits(a.Since, "the master was not seen to withhold it yet", s, now)
}

// toStep brings the agent to a step; after the last one it is to return, or to stay.
func (c *course) toStep(a RunAgent, step int, now time.Time) RunAgent {
	a.Step, a.Key, a.Sent, a.Poll = step, "", time.Time{}, ""
	switch {
	case step < len(c.Steps):
	case c.keep:
		return a.to(AgentDone, "drained: safe to take down", now)
	default:
		return a.toReturn(now)
	}
	a.Key = a.stepKey(step)
	if c.Steps[step].Kind == StepConfirm {
		return a.to(AgentAsking, "", now)
	}
	return a.to(AgentStepping, "", now)
}

// stepKey is the step's idempotency key, and the ID of its confirmation.
func (a *RunAgent) stepKey(step int) string {
	return filters.DerivedID("c-", a.Run, string(a.Agent), strconv.Itoa(step))
}

func (a RunAgent) toReturn(now time.Time) RunAgent {
	a.Key, a.Sent, a.Poll, a.Well, a.Seen = "", time.Time{}, "", time.Time{}, time.Time{}
	return a.to(AgentReturning, "", now)
}

// stepped goes on with a wait, a move or a webhook. That a webhook is about to be called is recorded before it is, by Sent: an agent
// that comes here with Sent and without a call was left by a process that died, and nobody knows whether it had called.
func (c *course) stepped(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	step := c.Steps[a.Step]
	switch {
	case s.observe && step.Kind == StepWebhook: // it was under way before
		why := observing + "call " + step.String()
		changed := a.Why != why
		a.Why = why
		return a, changed
	case step.Kind == StepWait:
		if now.Before(a.Since.Add(step.Wait)) {
			return a, false
		}
		return c.toStep(a, a.Step+1, now), true
	case step.Kind == StepMove:
		return c.moving(a, s, now)
	case s.answer != nil:
		return c.answered(a, *s.answer, now)
	case s.calling:
		return a, false
	case !s.known && a.Sent.IsZero():
		return c.failed(a, "the configuration has it no more", now), true
	case a.Poll != "" && s.known:
		return a, false
	case a.Sent.IsZero() || s.known && s.repeats:
		a.Sent = now
		return a, true
	}
	return a.to(AgentAsking, c.where(&a)+": the bot stopped while it was called, and nobody knows whether it was done", now), true
}

// answered goes on by what a webhook answered.
func (c *course) answered(a RunAgent, answer Answer, now time.Time) (RunAgent, bool) {
	switch answer.Outcome {
	case AnswerDone:
		return c.toStep(a, a.Step+1, now), true
	case AnswerPending:
		changed := a.Poll != answer.Poll
		a.Poll = answer.Poll
		return a, changed
	case AnswerLost:
		return a.to(AgentAsking, c.where(&a)+": "+answer.Why+", and nobody knows whether it was done", now), true
	}
	return c.failed(a, answer.Why, now), true
}

func (c *course) failed(a RunAgent, why string, now time.Time) RunAgent {
	return a.to(AgentFailed, c.where(&a)+": "+why, now)
}

// where names the step that the agent is at.
func (c *course) where(a *RunAgent) string {
	return fmt.Sprintf("step %d of %d, %s", a.Step+1, len(c.Steps), c.Steps[a.Step])
}

// returned gives the agent back once it was seen as it was before, from a reading that began after its last step to one that
func (a RunAgent) given(s *sight, now time.Time) (RunAgent, bool) {
	switch {
	case s.filter != nil && s.filter.Stands(), s.ledger != nil && !s.others && !s.observe:
		return a.waits(a.Since, "the master was not seen to give it back yet", s, now)
	case a.Skip != "":
		return a.to(AgentSkipped, a.Skip, now), true
	}
	return a.to(AgentDone, "", now), true
}

// quietMost is how long an agent may be waited for without a word.
const quietMost = 15 * time.Second

// waits says what the agent waits for, and since when, once that lasts for longer than people would wonder.
func (a RunAgent) waits(since time.Time, what string, s *sight, now time.Time) (RunAgent, bool) {
	if now.Sub(since) < quietMost || strings.HasPrefix(a.Why, what) {
		return a, false
	}
	a.Why = s.lasting(what, since)
	return a, true
}

// lasting says since when something is so, and what is wrong with the master, if anything.
func (s *sight) lasting(what string, since time.Time) string {
	what += ", since " + since.UTC().Format("2006-01-02 15:04") + " UTC"
	if s.trouble != "" {
		what += ": " + s.trouble
	}
	return what
}

// released ends with an agent whose filter somebody ended under way: it is theirs now. One that was to leave the cluster for
// ever has left when a reading from after that does not list it.
func (a RunAgent) released(run *RunState, s *sight, now time.Time) (RunAgent, bool) {
	by := "somebody"
	switch {
	case run.Drain.Ends() && (s.gone || s.agent == nil && s.filter == nil && !a.Away || s.filter != nil && s.filter.EndCause == filters.CauseGone):
		return a.to(AgentDone, "it has left the cluster", now), true
	case s.filter != nil && s.ledger.Leaving():
		return a.leaving(s.filter.EndedBy, now)
	case run.Drain.Ends() && s.filter == nil && !s.asOf.After(s.freed.Add(clockSlack)):
		return a, false
	case run.Drain != nil && s.filter == nil && s.agent == nil && !a.Away:
		return a.to(AgentSkipped, "it has left the cluster", now), true
	case s.filter != nil:
		by = s.filter.EndedBy
	}
	return a.to(AgentSkipped, "released by "+by+" while it was under way", now), true
}

// leaving is an agent whose filter somebody ended after what has it leave for ever was sent.
func (a RunAgent) leaving(by string, now time.Time) (RunAgent, bool) {
	why := "released by " + by + ", but what was sent cannot be taken back: it leaves the cluster"
	if why == a.Why {
		return a, false
	}
	a.Why, a.Since = why, now
	return a, true
}

// aborted gives an agent back to which nothing was done, and leaves one withheld to which something was. One whose steps are
// all done is still given back by its return check.
func (c *course) aborted(a RunAgent, s *sight, now time.Time) (RunAgent, bool) {
	switch {
	case a.Phase == AgentWithholding && s.ledger != nil && s.ledger.SentFor(s.filter) && s.ledger.Refused == "":
		return a, false // a drain cannot be cancelled: it is seen to its end
	case !c.touched(&a):
		a.Skip = "the run was aborted before anything was done to it"
		return a.to(AgentGiving, "", now), true
	case a.Phase == AgentReturning:
		return a, false
	}
	return a.to(AgentFailed, "the run was aborted in "+c.where(&a)+": it stays withheld", now), true
}

// touched tells whether a webhook may have been called for the agent, or a person asked to do something to it.
func (c *course) touched(a *RunAgent) bool {
	if a.Phase == AgentWithholding {
		return false
	}
	for i, step := range c.Steps[:min(a.Step+1, len(c.Steps))] {
		untouched := step.Kind == StepWait || step.Kind == StepMove || i == a.Step && step.Kind == StepWebhook && a.Sent.IsZero()
		if !untouched {
			return true
		}
	}
	return false
}

// confirmed goes on by a person's word: done, failed or skip. The agent must be asking.
func (c *course) confirmed(a RunAgent, word, by, reason string, now time.Time) (RunAgent, error) {
	where := c.where(&a)
	a.By = by
	switch word {
	case "done":
		return c.toStep(a, a.Step+1, now), nil
	case "failed":
		why := "failed, says " + by
		if reason != "" {
			why += ": " + filters.Quoted(reason)
		}
		return c.failed(a, why, now), nil
	case "skip":
		a.Skip = where + ": skipped by " + by
		return a.toReturn(now), nil
	}
	return a, &filters.Error{Code: filters.Invalid, Wrong: "`" + strings.ReplaceAll(word, "`", "'") + "` is not an answer", Expected: "`done`, `failed` or `skip`"}
}
