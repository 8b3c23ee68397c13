package commands

import (
	"context"
	"time"

	"cordon/filters"
)

// Input is one line of text from somebody, or one press of a button.
type Input struct {
	// Text is the command without its slash command: `filter agent-one --for 2h`. An edge hands it on as it was typed,
	// with its own escapes undone.
	Text  string
	Actor filters.Actor
	// Refused, if not nil, says why nothing is done for this person, whatever is asked.
	Refused error
	// Channel is where it was typed; it chooses the cluster where the text names none.
	Channel string
	// Cluster, if not empty, is the only cluster that this input may speak to.
	Cluster    string
	RequestKey string // CONTRACTS.md, "Request keys"; empty: not guarded against repetition
	Cause      string // filters.CauseCommand, CauseClick or CauseAPI
	// Press is the button that was pressed, in place of Text.
	Press *Press
	// Filled is the form that was filled in, in place of Text.
	Filled *Filled
	// Forms says that a Form may be the answer to a verb that is typed alone.
	Forms bool
	// Message is what the button stands on, as CHANNEL/TIMESTAMP; empty: it is not known.
	Message string
	// People are the IDs of those whom the text names, by the names that it uses for them, where the edge knows them.
	People map[string]string
	// Return is the edge's own address for an answer that comes later (see Teller).
	Return string
}

// Press is a press of a button.
type Press struct {
	Action string // one of the Action constants
	Value  string
	Reason string // the answer to its Question
}

// Reply is an answer for the asker alone. It is given once and never updated.
type Reply struct {
	Lines   []Line
	Buttons []Button

	// Form, if not nil, is to be filled in: nothing was done yet.
	Form *Form

	// Code is empty if what was asked was done or shown, else why not.
	Code filters.Code
	// Field is where in the form that was filled in the reason stands; empty: not in one of its fields.
	Field string
	// Cluster, Operation and State say what was begun, for programs; Operation is empty if nothing was changed.
	Cluster   string
	Operation string
	State     filters.ChangeState
}

// Text renders the reply without markup.
func (r Reply) Text() string { return PlainText(r.Lines) }

// Recipient is who gets a later answer.
type Recipient struct {
	User    string // the Slack user ID; empty for others
	Channel string
	Return  string // Input.Return
}

// Teller brings an answer that comes after the first one to the person who asked. Implemented by the edge.
type Teller interface {
	Tell(ctx context.Context, to Recipient, reply Reply) error
}

// Observation is what there is to measure about one command.
type Observation struct {
	Verb       string // empty if the text did not parse
	Cluster    string
	Actor      string
	RequestKey string
	Cause      string
	Code       filters.Code // empty: done
	Took       time.Duration
	Err        error // for logs: may hold a cause that people do not see
}
