package operation

import (
	"context"
	"encoding/json"
	"errors"
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

// Start carries out an approved plan about machines, once for the approval: filters.Starter. Errors are Schedule's and Down's, but
// what stands in its way is Invalid: it is not tried again.
func (d *Desk) Start(ctx context.Context, approval *filters.Approval) (filters.Started, error) {
	wanted, err := decodeWord(&approval.Plan)
	if err != nil {
		return filters.Started{}, err
	}
	request := approval.Request()
	if earlier, said, err := d.said(ctx, &request); said || err != nil { // the master lists nothing of what is down by now
		return filters.Started{Operation: earlier.Operation}, err
	}
	roster := d.config.Roster()
	targets, missing, err := approval.Plan.Listed(roster)
	if err != nil {
		return filters.Started{}, err
	}
	request.Targets = targets
	listing, err := d.do(ctx, request, wanted)
	return filters.Started{Operation: listing.Operation, Skipped: skipped(roster, missing, request.Targets)}, err
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

// final makes of what stands in the way of an approved plan an error that is not tried again: what begins by itself, when that has
// gone, would surprise whoever approved.
func final(request *filters.Request, err error) error {
	known, ok := errors.AsType[*filters.Error](err)
	if !ok || request.Approved() == nil || known.Code != filters.Conflict {
		return err
	}
	ended := *known
	ended.Code = filters.Invalid
	return &ended
}
