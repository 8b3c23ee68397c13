package scheduler

import (
	"context"
	"fmt"
	"slices"

	"cordon/filters"
)

// Confirm answers for an agent that asks: `done` goes on with its next step, `failed` lets it fail, `skip` gives it back
// once it is back and well. The ID is the confirmation's, or the run's if only one agent of it asks.
func (d *Desk) Confirm(ctx context.Context, request filters.Request, id, word string) (RunListing, error) {
	for try := 1; ; try++ {
		turned := d.config.Book.Turned()
		run, asking, err := d.asking(id)
		if err != nil && run != nil && d.saidBefore(ctx, request) {
			return d.listRun(run), nil
		}
		if err != nil {
			return RunListing{}, err
		}
		course, err := chart(&run.state)
		if err != nil {
			return RunListing{}, err
		}
		next, err := course.confirmed(asking.RunAgent, word, request.Actor.ID, request.Reason, d.now())
		if err != nil {
			return RunListing{}, err
		}
		_, err = d.config.Service.Arrange(ctx, filters.Arrangement{
			Request: request, Verb: filters.VerbRun, Subject: run.state.subject(), Told: []filters.Told{next.told(asking.revision, asking.Key)},
		})
		if tryAgain(ctx, err, try, turned) {
			continue
		}
		return d.listRun(run.with(next)), err
	}
}

// with is the run with one of its agents changed.
func (g *going) with(agent RunAgent) *going {
	agents := slices.Clone(g.agents)
	for i := range agents {
		if agents[i].Agent == agent.Agent {
			agents[i].RunAgent = agent
		}
	}
	return &going{g.state, g.revision, agents}
}

// asking finds the agent that asks. Its error comes with the run, if there is one.
func (d *Desk) asking(id string) (*going, *part, error) {
	all := d.going()
	for _, run := range all {
		for i := range run.agents {
			if agent := &run.agents[i]; agent.Phase == AgentAsking && agent.Key == id {
				return run, agent, nil
			}
		}
		if run.state.ID == id {
			agent, err := only(run)
			return run, agent, err
		}
	}
	for _, run := range all {
		if agent := answered(run, id); agent != nil {
			return run, nil, &filters.Error{Code: filters.Conflict, Wrong: code(id) + " waits for nobody any more: " + agent.Hostname + " is " + string(agent.Phase) + lastBy(agent.By)}
		}
	}
	return nil, nil, &filters.Error{Code: filters.Unknown, Wrong: "nothing asks under " + code(id), Expected: "the ID of a confirmation, or of a run one agent of which asks", Try: "`/mesos run list` shows them"}
}

func lastBy(by string) string {
	if by == "" {
		return ""
	}
	return ", the last answer was by " + by
}

// only is the one agent of the run that asks.
func only(run *going) (*part, error) {
	var asking []*part
	var names []string
	for i := range run.agents {
		if agent := &run.agents[i]; agent.Phase == AgentAsking {
			asking = append(asking, agent)
			names = append(names, "`"+agent.Key+"` for "+agent.Hostname)
		}
	}
	switch len(asking) {
	case 1:
		return asking[0], nil
	case 0:
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "no agent of run `" + run.state.ID + "` asks for a word"}
	}
	return nil, &filters.Error{Code: filters.Ambiguous, Wrong: fmt.Sprintf("%d agents of run `%s` ask", len(asking), run.state.ID), Expected: "the ID of one: " + someOf(names)}
}

// answered finds the agent of an earlier confirmation.
func answered(run *going, id string) *part {
	for i := range run.agents {
		agent := &run.agents[i]
		for step := range run.state.Procedure.Steps {
			if !agent.Begun.IsZero() && agent.stepKey(step) == id {
				return agent
			}
		}
	}
	return nil
}
