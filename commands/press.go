package commands

import (
	"strings"
	"time"

	"cordon/filters"
)

// What buttons ask for that is not typed: the Details button, and Show agents.
const (
	verbDetails      = "details"
	verbWindowAgents = "window agents"
)

// adoptReason is the reason of an adoption by button, which asks for none.
const adoptReason = "taken over from the channel"

// command returns what the button stands for.
func (p *Press) command() (Command, error) {
	value := strings.TrimSpace(p.Value)
	if value == "" || len(value) > 200 || strings.ContainsAny(value, " \t\n") {
		return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "this button carries no ID", Try: "Type the command instead: `/mesos help`"}
	}
	switch p.Action {
	case ActionRelease:
		return Command{Verb: "release", IDs: []string{value}}, nil
	case ActionReleaseAll:
		return Command{Verb: "unfilter", Targets: []filters.Target{{Agent: filters.AgentID(value)}}, All: true}, nil
	case ActionExtend:
		return Command{Verb: "extend", IDs: []string{value}, For: time.Hour}, nil
	case ActionAdopt:
		return Command{Verb: "adopt", Targets: []filters.Target{{Agent: filters.AgentID(value)}}, Reason: adoptReason}, nil
	case ActionDetails:
		return Command{Verb: verbDetails, IDs: []string{value}}, nil
	case ActionYes, ActionNo:
		return Command{Verb: "answer", IDs: []string{value}, Agree: p.Action == ActionYes}, nil
	case ActionSkip:
		return skipping(value)
	case ActionWindowAgents:
		return Command{Verb: verbWindowAgents, Name: value}, nil
	case ActionWindowResume:
		return Command{Verb: "window resume", Name: value}, nil
	case ActionRunDetails:
		return Command{Verb: "run show", IDs: []string{value}}, nil
	case ActionRunPause:
		return Command{Verb: "run pause", IDs: []string{value}}, nil
	case ActionRunResume:
		return Command{Verb: "run resume", IDs: []string{value}}, nil
	case ActionRunAbort:
		return Command{Verb: "run abort", IDs: []string{value}}, nil
	case ActionDone, ActionFailed, ActionSkipAgent:
		return Command{Verb: "run confirm", IDs: []string{value}, Word: confirmWords[p.Action]}, nil
	}
	return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "I do not know this button", Try: "It is from another version of me; type the command instead: `/mesos help`"}
}

var confirmWords = map[string]string{ActionDone: "done", ActionFailed: "failed", ActionSkipAgent: "skip"}

// skipping reads the occurrence that a Skip button is about: NAME/START.
func skipping(occurrence string) (Command, error) {
	name, start, _ := strings.Cut(occurrence, "/")
	at, err := time.Parse(time.RFC3339, start)
	if err != nil {
		return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "this button names no opening", Try: "Type the command instead: `/mesos window skip NAME`", Cause: err}
	}
	return Command{Verb: "window skip", Name: name, Start: at}, nil
}
