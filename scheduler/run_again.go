package scheduler

import (
	"context"
	"time"

	"cordon/filters"
)

// AskedAt is when the question that stands was asked.
func (r *RunState) AskedAt() time.Time {
	if !r.Asked.IsZero() {
		return r.Asked
	}
	return r.Started
}

// agreed goes on with a run to which somebody said yes: it begins if it costs no more than that person knew (invariant 7). Else
// it says what changed and asks again. It waits while what runs there is not known and was.
func (r *runs) agreed(ctx context.Context, run *going, next *progress, question *filters.Question, now time.Time) *progress {
	state := run.state
	agents := r.willing(run)
	if state.Impact == nil || len(agents) == 0 {
		return next.started(question)
	}
	impact := r.config.Service.Cost(ctx, state.Mode, agents)
	switch why := impact.Worse(state.Impact); {
	case state.Impact.TasksKnown && !impact.TasksKnown && now.Sub(question.Answered) < AskMost:
		return nil
	case state.Impact.TasksKnown && !impact.TasksKnown:
		state = aborting(state, Word{By: state.By, At: now})
		state.Why = "what runs there could not be seen for " + lasting(AskMost)
		next.state, next.outcome = &state, string(RunAborting)
	case why == "":
		return next.started(question)
	default:
		next.askAgain(&impact, question, agents, why, now)
	}
	next.unask(question)
	return next
}

// willing are the agents of the run that would be withheld: those that have vanished or are withheld by somebody else are
// skipped when their turn comes.
func (r *runs) willing(run *going) []*filters.Agent {
	roster := r.config.Roster()
	var agents []*filters.Agent
	for i := range run.agents {
		if agent := roster.Agent(run.agents[i].current()); agent != nil && !run.agents[i].Phase.Over() && !r.config.foreign(agent) {
			agents = append(agents, agent)
		}
	}
	return agents
}

// started lets the run begin.
func (p *progress) started(question *filters.Question) *progress {
	state := p.run.state
	state.Phase, state.Why, state.Word = RunGoing, "", &Word{By: question.By, Reason: question.Reason, At: question.Answered}
	p.state, p.outcome = &state, "started"
	p.unask(question)
	return p
}

// askAgain puts another question, with what it costs now.
func (p *progress) askAgain(impact *filters.Impact, before *filters.Question, agents []*filters.Agent, why string, now time.Time) {
	state, brief := p.run.state, impact.Brief()
	state.Impact, state.Asked, state.Why = &brief, now, "since "+before.By+" said yes it has come to cost more: "+why
	state.Question = filters.DerivedID("q-", before.ID)
	question := filters.Question{
		ID: state.Question, Kind: before.Kind, Subject: state.Question, Asked: now, AskedBy: before.AskedBy,
		Text: "It has come to cost more since somebody said yes: " + why + ". " + questionText(&state, agents),
	}
	for _, agent := range agents {
		question.Agents, question.Hosts = append(question.Agents, agent.ID), append(question.Hosts, agent.Hostname)
	}
	p.state, p.outcome = &state, string(RunAsked)
	p.questions = append(p.questions, filters.AskedOf{Question: question, Event: filters.Event{Kind: filters.KindQuestion}})
}
