package commands

import (
	"context"

	"cordon/filters"
)

// maintain does what is about the maintenance schedule.
func (t *turn) maintain(ctx context.Context) (Reply, error) {
	if t.machines == nil {
		return Reply{}, &filters.Error{Code: filters.Unavailable, Wrong: "*" + t.cluster + "* has no maintenance schedule", Expected: "a bot that keeps it"}
	}
	if t.command.Verb == "maintenance status" {
		views, err := t.machines.Status(ctx, t.command.Targets)
		if err != nil {
			return Reply{}, err
		}
		return renderMachines(t.cluster, views, len(t.command.Targets) > 0, t.service.Now()), nil
	}
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	said, err := t.say(ctx, request)
	if err != nil {
		return Reply{}, t.unquoted(err)
	}
	if approval := said.Approval; approval != nil && !approval.Glass {
		return renderAsked(t.cluster, approval, said.now), nil
	}
	return said.render(), nil
}

// say hands a word about machines to their desk.
func (t *turn) say(ctx context.Context, request filters.Request) (*machineWord, error) {
	said := &machineWord{cluster: t.cluster, verb: t.command.Verb, zone: t.Actor.Location(), now: t.service.Now()}
	var err error
	switch t.command.Verb {
	case "maintenance schedule":
		if said.span, err = t.span(); err == nil {
			said.Listing, err = t.machines.Schedule(ctx, request, said.span)
		}
	case "maintenance down":
		said.Listing, err = t.machines.Down(ctx, request)
	case "maintenance up":
		said.Listing, err = t.machines.Up(ctx, request)
	default:
		said.Listing, err = t.machines.Cancel(ctx, request)
	}
	return said, err
}

// span is when the machines shall be away.
func (t *turn) span() (filters.Span, error) {
	start, err := t.command.Starts.At(t.service.Now(), t.Actor.Location())
	return filters.Span{Start: start, Duration: t.command.Lasts, Endless: t.command.Lasts == 0}, err
}
