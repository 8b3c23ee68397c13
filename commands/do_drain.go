package commands

import (
	"context"
	"errors"

	"cordon/filters"
	"cordon/scheduler"
)

// drain asks for a drain, or for agents to be marked gone.
func (t *turn) drain(ctx context.Context) (Reply, error) {
	if t.desk == nil {
		return Reply{}, t.noDesk()
	}
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	run, err := t.desk.StartRun(ctx, request, scheduler.RunRequest{
		Procedure: t.command.Procedure, Drain: &t.command.Drain, Deadline: t.command.Deadline,
		Manual: t.command.Manual, Last: t.command.Last,
	})
	if err != nil {
		return Reply{}, t.unlisted(t.unquoted(err))
	}
	if run.Approval != nil {
		reply := renderAsked(t.cluster, run.Approval, t.service.Now())
		reply.Lines = append(reply.Lines, notes(&run)...)
		return t.observing(reply), nil
	}
	if request.DryRun {
		return t.observing(renderDryDrain(t.cluster, &run, t.service.Now())), nil
	}
	return t.observing(renderDrain(t.cluster, &run, t.service.Now())), nil
}

// observing adds to the answer about a run that nothing will be done, where that is so.
func (t *turn) observing(reply Reply) Reply {
	if t.desk.Observes() {
		reply.Lines = append(reply.Lines, Say("I only observe ", Strong(t.cluster), ": nothing is sent to its master, and no framework or webhook is asked. The channel says what I would have done."))
	}
	return reply
}

// unlisted adds to an error about an agent that nobody knows what can be done about one that is unreachable.
func (t *turn) unlisted(err error) error {
	known, ok := errors.AsType[*filters.Error](err)
	if !ok || known.Code != filters.Unknown {
		return err
	}
	hinted := *known
	if hinted.Try != "" {
		hinted.Try += ". "
	}
	hinted.Try += "An agent that was away before I began to look is known to the master alone: `/mesos gone` takes its ID in full"
	return &hinted
}

func (t *turn) noDesk() error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "*" + t.cluster + "* has no windows and no runs", Expected: "a bot that keeps them"}
}
