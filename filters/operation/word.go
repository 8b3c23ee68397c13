package operation

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cordon/filters"
)

// word is what somebody wants of machines: what an approved plan is begun by.
type word struct {
	Kind filters.Kind  `json:"kind"`
	Span *filters.Span `json:"span,omitempty"` // of KindSchedule
}

// intent is what the word is begun by once it was approved. What gives back needs no approval.
func (w word) intent() *filters.Intent {
	if w.Kind != filters.KindSchedule && w.Kind != filters.KindDown {
		return nil
	}
	encoded, err := json.Marshal(w)
	if err != nil {
		panic(err) // a word and two times encode
	}
	return &filters.Intent{Kind: filters.PlanMachines, Details: encoded}
}

// decide works out what the word does to one machine.
func (w word) decide(plan *plan, on *spot) error {
	switch w.Kind {
	case filters.KindSchedule:
		return plan.schedule(on, *w.Span)
	case filters.KindDown:
		return plan.down(on)
	case filters.KindUp:
		return plan.up(on)
	}
	return plan.cancel(on)
}

func decodeWord(plan *filters.Plan) (word, error) {
	var wanted word
	err := json.Unmarshal(plan.Details, &wanted)
	if err != nil || wanted.intent() == nil || (wanted.Kind == filters.KindSchedule) != (wanted.Span != nil) {
		return word{}, &filters.Error{Code: filters.Internal, Wrong: "what was approved cannot be read", Cause: err}
	}
	return wanted, nil
}

// Start carries out an approved plan about machines, once for the approval: filters.Starter. Machines that cannot have it any more
// are left out: what begins by itself, when that which stands in the way has gone, would surprise whoever approved. Errors are
// Schedule's and Down's; Unknown if no machine is left.
func (d *Desk) Start(ctx context.Context, approval *filters.Approval) (filters.Started, error) {
	wanted, err := decodeWord(&approval.Plan)
	if err != nil {
		return filters.Started{}, err
	}
	request := approval.Request()
	if earlier, said, err := d.said(ctx, &request); said || err != nil { // the master lists nothing of what is down by now
		return filters.Started{Operation: earlier.Operation, Skipped: earlier.LeftOut}, err
	}
	roster := d.config.Roster()
	targets, missing, err := approval.Plan.Listed(roster)
	if err != nil {
		return filters.Started{}, err
	}
	request.Targets, request.LeftOut = targets, skipped(roster, missing, targets)
	listing, err := d.do(ctx, request, wanted)
	return filters.Started{Operation: listing.Operation, Skipped: listing.LeftOut}, err
}

// skipped are those of the agents on whose hosts none of the targets is on: on the others another agent is meant, and so the machine is.
func skipped(roster *filters.Roster, missing []filters.LeftOut, targets []filters.Target) []filters.LeftOut {
	return slices.DeleteFunc(missing, func(out filters.LeftOut) bool {
		return slices.ContainsFunc(targets, func(target filters.Target) bool {
			agent := roster.Agent(target.Agent)
			return agent != nil && strings.EqualFold(agent.Hostname, out.Hostname)
		})
	})
}

// sift leaves out of an approved plan the targets of which no machine can be told any more.
func (d *Desk) sift(request *filters.Request, seen *reading) error {
	var left []filters.Target
	for _, target := range request.Targets {
		_, err := d.spots([]filters.Target{target}, seen)
		if filters.CodeOf(err) == filters.Unavailable {
			return err
		}
		if err == nil {
			left = append(left, target)
			continue
		}
		out := filters.LeftOut{Agent: target.Agent, Hostname: target.Name}
		if agent := d.config.Roster().Agent(target.Agent); agent != nil {
			out.Hostname = agent.Hostname
		}
		out.Why = filters.ObstacleWords(err, out.Hostname)
		request.LeftOut = append(request.LeftOut, out)
	}
	if request.Targets = left; len(left) == 0 {
		return filters.NoneLeft(request.LeftOut)
	}
	return nil
}

// newcomer refuses a machine to which an agent came that nobody has approved of.
func newcomer(approved *filters.Approval, on *spot) error {
	for _, agent := range on.agents {
		if !slices.ContainsFunc(approved.Plan.Steps, func(step filters.Step) bool {
			return step.Agent == agent.ID || step.Agent == "" && step.Hostname == on.machine.Typed()
		}) {
			return conflict(on.name()+" has another agent by now, "+string(agent.ID)+", of which nobody has approved", "", "")
		}
	}
	return nil
}

// decideApproved is decide for a machine of an approved plan: what cannot have it any more, or has it already, is left out.
func (w word) decideApproved(plan *plan, on *spot) {
	already := len(plan.already)
	err := newcomer(plan.request.Approved(), on)
	if err == nil {
		err = w.decide(plan, on)
	}
	switch {
	case err != nil:
		plan.leaveOut(on, filters.ObstacleWords(err, on.machine.Host()))
	case len(plan.already) > already:
		plan.leaveOut(on, w.already())
	}
}

// already says that a machine is as the word wants it.
func (w word) already() string {
	if w.Kind == filters.KindDown {
		return "it is down already"
	}
	return "it is in the maintenance schedule so already"
}

func (p *plan) leaveOut(on *spot, why string) {
	out := filters.LeftOut{Hostname: on.machine.Host(), Why: why}
	if len(on.agents) > 0 {
		out.Agent = on.agents[0].ID
	}
	p.request.LeftOut = append(p.request.LeftOut, out)
}
