package commands

import (
	"strings"
	"time"

	"cordon/filters"
)

// verbDetails is what the Details button asks for; it is not typed.
const verbDetails = "details"

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
	}
	return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "I do not know this button", Try: "It is from another version of me; type the command instead: `/mesos help`"}
}
