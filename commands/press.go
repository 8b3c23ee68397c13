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

	verbApprovalDetails = "approval-details"
)

// Opens returns the verb whose form the button opens; empty: none.
func (p *Press) Opens() string {
	if p.Action == ActionForm {
		return p.Value
	}
	return ""
}

// Question is what a button asks before it counts, in a dialog with one field; the answer is the Press's Reason.
type Question struct {
	Title   string // the button's word, at most 24 characters
	Text    string
	Label   string // of the field
	Example string
	Most    int // characters of the answer
	command string
}

// Question returns what the button asks before it counts; nil: nothing.
func (p *Press) Question() *Question {
	switch {
	case p.Reason != "":
	case p.Action == ActionAdopt:
		return &Question{
			Title: "Adopt", Text: "The agent becomes ours to give back, without an end until somebody releases it.", Label: "Why?", Example: "left by the night shift",
			Most: reasonCharacters, command: "/mesos adopt " + p.Value + " -m \"left by the night shift\"",
		}
	case p.Action == ActionDeny:
		return &Question{
			Title: "Deny", Text: "One no is enough: it will not be done. If you said yes before, this takes it back, as long as it has not begun.", Label: "Why?", Example: "not during the sale",
			Most: reasonCharacters, command: "/mesos deny " + p.Value + " -m \"not during the sale\"",
		}
	}
	return nil
}

// Instead is the reply where no dialog can be shown: what to type.
func (q *Question) Instead() Reply {
	return Reply{Code: filters.Invalid, Lines: []Line{Say("I could not ask you why. Type it: ", Literal(q.command), ". "+nothingChanged)}}
}

// command returns what the button stands for.
func (p *Press) command() (Command, error) {
	value := strings.TrimSpace(p.Value)
	if visible(value) != nil || value == "" || len(value) > 200 || strings.ContainsAny(value, " \t\n") {
		return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "this button carries no ID", Try: "Type the command instead: `/mesos help`"}
	}
	if err := visible(p.Reason); err != nil {
		return Command{}, err
	}
	if err := reasonable(p.Reason); err != nil {
		return Command{}, err
	}
	switch p.Action {
	case ActionRelease:
		return Command{Verb: "release", IDs: []string{value}}, nil
	case ActionReleaseAll:
		return Command{Verb: "unfilter", Targets: []filters.Target{{Agent: filters.AgentID(value)}}, All: true}, nil
	case ActionExtend:
		return Command{Verb: "extend", IDs: []string{value}, For: time.Hour}, nil
	case ActionAdopt:
		return Command{Verb: "adopt", Targets: []filters.Target{{Agent: filters.AgentID(value)}}, Reason: strings.TrimSpace(p.Reason)}, nil
	case ActionDetails:
		return Command{Verb: verbDetails, IDs: []string{value}}, nil
	case ActionYes, ActionNo:
		return Command{Verb: "answer", IDs: []string{value}, Agree: p.Action == ActionYes}, nil
	case ActionApprove:
		return Command{Verb: "approve", IDs: []string{value}}, nil
	case ActionDeny:
		return Command{Verb: "deny", IDs: []string{value}, Reason: strings.TrimSpace(p.Reason)}, nil
	case ActionApprovalDetails:
		return Command{Verb: verbApprovalDetails, IDs: []string{value}}, nil
	case ActionReview:
		return Command{Verb: "review", IDs: []string{value}}, nil
	case ActionWithdraw:
		return Command{Verb: "withdraw", IDs: []string{value}}, nil
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
	case ActionMaintenanceDown, ActionMaintenanceUp, ActionMaintenanceCancel:
		return Command{Verb: strings.Replace(p.Action, "-", " ", 1), Targets: []filters.Target{{Name: value}}}, nil
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
