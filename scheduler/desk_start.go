package scheduler

import (
	"context"
	"encoding/json"
	"slices"

	"cordon/filters"
)

// Start begins the run of an approved plan, or makes its window, once for the approval: filters.Starter. Agents that nobody knows
// any more, and those that something keeps from being drained by now, are left out. Errors: StartRun's and Add's; Unknown if no
// agent is left of a run.
func (d *Desk) Start(ctx context.Context, approval *filters.Approval) (filters.Started, error) {
	if approval.Plan.Kind == filters.PlanWindow {
		return d.startWindow(ctx, approval)
	}
	return d.startRun(ctx, approval)
}

// startWindow makes the window with the agents that were approved of, also those that are away.
func (d *Desk) startWindow(ctx context.Context, approval *filters.Approval) (filters.Started, error) {
	wanted, err := wantedOf[windowWanted](approval)
	if err != nil {
		return filters.Started{}, err
	}
	_, err = d.Add(ctx, approval.Request(), wanted.Name, wanted.Definition)
	return filters.Started{Operation: "window:" + wanted.Name}, err
}

// PlannedWindow is the window that a plan of kind filters.PlanWindow would make; nil: it cannot be read.
func PlannedWindow(plan *filters.Plan) *Window {
	var wanted windowWanted
	if plan.Kind != filters.PlanWindow || json.Unmarshal(plan.Details, &wanted) != nil {
		return nil
	}
	window, _ := Compile(wanted.Name, wanted.Definition)
	return window
}

// wantedOf are the words in which an approved plan was asked for.
func wantedOf[W any](approval *filters.Approval) (wanted W, err error) {
	if err := json.Unmarshal(approval.Plan.Details, &wanted); err != nil {
		return wanted, &filters.Error{Code: filters.Internal, Wrong: "what was approved cannot be read", Cause: err}
	}
	return wanted, nil
}

func (d *Desk) startRun(ctx context.Context, approval *filters.Approval) (filters.Started, error) {
	wanted, err := wantedOf[RunRequest](approval)
	if err != nil {
		return filters.Started{}, err
	}
	request := approval.Request()
	run := d.draft(&request, &wanted)
	if earlier, begun, err := d.config.Service.Outcome(ctx, request.Key); err != nil || begun {
		return filters.Started{Operation: run.ID, Skipped: earlier.LeftOut}, err
	}
	if err := d.config.Roster().Unread(); err != nil {
		return filters.Started{}, err
	}
	agents, out := d.remembered(&run, approval.Plan.Steps)
	agents, obstructed, err := d.unobstructed(ctx, &run, agents)
	out = append(out, obstructed...)
	switch {
	case err != nil:
		return filters.Started{}, err
	case len(agents) == 0:
		return filters.Started{}, filters.NoneLeft(out)
	}
	for _, agent := range agents {
		request.Targets = append(request.Targets, filters.Target{Agent: agent.ID})
	}
	request.LeftOut = out
	listing, err := d.StartRun(ctx, request, wanted)
	return filters.Started{Operation: listing.State.ID, Skipped: out}, err
}

// remembered are the agents of the steps, and those that nobody knows any more. What is to be marked gone need not be known.
func (d *Desk) remembered(run *RunState, steps []filters.Step) (agents []*filters.Agent, out []filters.LeftOut) {
	roster := d.config.Roster()
	for _, step := range steps {
		agent, _ := roster.Known(step.Agent)
		switch {
		case agent != nil:
			agents = append(agents, agent)
		case run.Drain != nil && run.Drain.Gone:
			agents = append(agents, &filters.Agent{ID: step.Agent, Hostname: step.Hostname})
		default:
			out = append(out, filters.LeftOut{Agent: step.Agent, Hostname: step.Hostname, Why: filters.Unlisted})
		}
	}
	return agents, out
}

// unobstructed leaves out the agents that cannot be drained now. An error says that the master does not tell.
func (d *Desk) unobstructed(ctx context.Context, run *RunState, agents []*filters.Agent) (clear []*filters.Agent, out []filters.LeftOut, err error) {
	var scheduled []filters.AgentID
	if run.kills() && !run.Drain.Gone {
		if scheduled, err = d.config.inSchedule(ctx, agents); err != nil {
			return nil, nil, err
		}
	}
	for _, agent := range agents {
		why := ""
		if run.Drain != nil {
			why = inPhrase(d.obstacle(run, agent), agent)
		}
		if why == "" && slices.Contains(scheduled, agent.ID) {
			why = inScheduleWhy
		}
		if why == "" {
			clear = append(clear, agent)
		} else {
			out = append(out, filters.LeftOut{Agent: agent.ID, Hostname: agent.Hostname, Why: why})
		}
	}
	return clear, out, nil
}

// inPhrase is what an error says of the agent, for a sentence that has named it; empty: there is none.
func inPhrase(err error, agent *filters.Agent) string {
	if err == nil {
		return ""
	}
	return filters.ObstacleWords(err, agent.Hostname)
}
