package poster

import (
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// The outcomes of a window's entries, and what became of an announced opening.
const (
	outcomeAdded   = "added"
	outcomeChanged = "changed"
	outcomePaused  = "paused"
	outcomeResumed = "resumed"
	outcomeRemoved = "removed"
	outcomeSkipped = "skipped"
	outcomeOpened  = "opened"
	outcomePassed  = "passed"
)

// Occasion is what a notice tells of a window: of one opening of it, or of what somebody said about it.
type Occasion struct {
	Name string `json:"name"`
	// Outcome is what was said of the window, or what became of the opening that was announced; empty: it is to come.
	Outcome  string                `json:"outcome,omitempty"`
	Word     *scheduler.Word       `json:"word,omitempty"` // who skipped it
	Start    time.Time             `json:"start,omitzero"`
	Machines int                   `json:"machines,omitempty"` // that those are on
	Agents   int                   `json:"agents,omitempty"`   // that are, or were to be, withheld
	Opening  *scheduler.Opening    `json:"opening,omitempty"`  // its lists cut to the first few
	Waiting  int                   `json:"waiting,omitempty"`  // how many wait
	Question string                `json:"question,omitempty"` // that must have a yes
	Made     *scheduler.Definition `json:"made,omitempty"`     // of a window that was made in chat
	Passed   []Passed              `json:"passed,omitempty"`   // the first openings that did not come about
	Missed   int                   `json:"missed,omitempty"`   // how many those are
}

// Passed is an opening that did not come about.
type Passed struct {
	Occurrence string `json:"occurrence"`
	Why        string `json:"why"`
}

// keptMost is how many of a list a notice keeps: its message names as many.
const keptMost = listed

// oddMost is how many agents of an occurrence a notice keeps of which there is something to say.
const oddMost = 50

// readOccasion reads what an entry says of its window; nil if it holds no record of one.
func readOccasion(event *filters.Event) *Occasion {
	if event.Record == nil || event.Record.Shelf != filters.ShelfWindows {
		return nil
	}
	state, err := scheduler.DecodeWindow(event.Record)
	if err != nil {
		return nil
	}
	occasion := &Occasion{Name: event.Record.Name, Outcome: event.Outcome, Made: state.Definition}
	if _, occurrence, found := strings.Cut(event.Subject, ":"); found {
		if _, start, named := strings.Cut(occurrence, "/"); named {
			occasion.Start, _ = time.Parse(time.RFC3339, start)
		}
	}
	if open := state.Open; open != nil {
		occasion.Waiting, occasion.Agents = len(open.Waiting), open.Placed+len(open.Waiting)
		open.Waiting, open.Known = open.Waiting[:min(len(open.Waiting), keptMost)], nil
		open.Out = open.Out[:min(len(open.Out), oddMost)]
		occasion.Opening = open
	}
	if told := state.Announced; told != nil && occasion.Opening == nil {
		occasion.Agents, occasion.Machines, occasion.Question = told.Agents, told.Machines, told.Question
	}
	for i := range state.Skips {
		if state.Skips[i].Start.Equal(occasion.Start) {
			occasion.Word = &state.Skips[i].Word
		}
	}
	return occasion
}

func (n *Notice) foldWindow(event *filters.Event) {
	occasion := readOccasion(event)
	if occasion == nil {
		return
	}
	ended := event.Outcome != outcomePaused
	if earlier := n.Window; earlier != nil && earlier.Outcome == outcomePaused { // the pause is over
		earlier.Outcome, n.EndedBy, n.EndReason = event.Outcome, event.Actor, event.Reason
	} else {
		n.Window, n.By, n.Reason = occasion, event.Actor, event.Reason
	}
	if ended {
		n.Ended = event.At
	}
	n.Dirty = true
}

func (n *Notice) foldAnnounce(event *filters.Event) {
	if event.Question != nil && n.open() {
		question := *event.Question
		n.Question, n.Dirty = &question, true
		if event.Kind == filters.KindAnswer {
			n.step(event)
		}
		return
	}
	occasion := readOccasion(event)
	if occasion == nil || !n.open() {
		return
	}
	if earlier := n.Window; earlier != nil && occasion.Agents == 0 {
		occasion.Agents, occasion.Machines = earlier.Agents, earlier.Machines
	}
	switch event.Kind {
	case filters.KindAnnounce:
		occasion.Outcome, n.Reason = "", event.Reason
		if n.Window != nil {
			n.step(event) // again, nearer to it
		}
	case filters.KindPassed:
		occasion.Outcome, n.Ended, n.EndReason = outcomePassed, event.At, event.Reason
	case filters.KindWindow:
		n.Ended = event.At
		if occasion.Word == nil {
			occasion.Word = &scheduler.Word{By: event.Actor, Reason: event.Reason, At: event.At}
		}
	default:
		return
	}
	n.Window, n.Dirty = occasion, true
}

// foldPassed gathers openings that did not come about.
func (n *Notice) foldPassed(event *filters.Event) {
	if event.Kind != filters.KindPassed {
		return
	}
	if n.Window == nil {
		n.Window = &Occasion{}
	}
	n.Window.Missed++
	if len(n.Window.Passed) < keptMost {
		n.Window.Passed = append(n.Window.Passed, Passed{strings.TrimPrefix(event.Subject, "announce:"), event.Reason})
	}
	n.Ended, n.Dirty = event.At, true
}

func (n *Notice) foldOccurrence(event *filters.Event) {
	occasion := readOccasion(event)
	switch event.Kind {
	case filters.KindOpen, filters.KindWarn, filters.KindClose, filters.KindClosed:
		if occasion == nil {
			return
		}
		if occasion.Opening == nil && n.Window != nil { // it is closed
			occasion.Opening, occasion.Agents, occasion.Waiting = n.Window.Opening, n.Window.Agents, n.Window.Waiting
		}
		if event.Kind == filters.KindClose {
			n.EndedBy, n.EndReason = event.Actor, event.Reason
		}
		if event.Kind == filters.KindClosed {
			n.Ended, n.Reason = event.At, event.Reason
		}
		n.Window = occasion
	default:
		n.foldOdd(event)
	}
	n.Dirty = true
	n.step(event)
}

// foldOdd keeps the agents of an occurrence of which there is something to say: those that could not be withheld, that
// somebody released or kept for longer, or that others still withhold.
func (n *Notice) foldOdd(event *filters.Event) {
	filter := event.Filter
	if filter == nil {
		return
	}
	known := n.Agents[filter.Agent]
	if known == nil && !n.odd(event) || known == nil && len(n.Agents) >= oddMost {
		return
	}
	agent := n.agent(filter.Agent, filter.Hostname)
	agent.Filter, agent.State, agent.Until = filter.ID, filter.State, filter.Until
	agent.Ended, agent.EndedBy, agent.EndCause = filter.Ended, filter.EndedBy, filter.EndCause
	agent.Missing, agent.Settled = !filter.Missing.IsZero(), event.Settled
	switch event.Kind {
	case filters.KindGave:
		agent.Note, agent.Given = event.Reason, filters.ChangeState(event.Outcome)
	case filters.KindTook:
		if agent.Note = event.Reason; filter.State == filters.StateVerified {
			agent.Note = ""
		}
	case filters.KindRelease:
		agent.Reason = event.Reason
	}
}

func (n *Notice) odd(event *filters.Event) bool {
	filter := event.Filter
	switch event.Kind {
	case filters.KindTook:
		return filter.State == filters.StateFailed
	case filters.KindRelease:
		return !isOf(event.Actor, filter.Subject) && n.EndedBy == "" && (n.Window == nil || n.Window.Opening == nil || n.Window.Opening.Closing.IsZero())
	case filters.KindMissing:
		return event.Cause != filters.CauseMaintenance
	case filters.KindExtend, filters.KindMove:
		return true
	case filters.KindGave:
		return event.Settled && event.Reason != "" || event.Outcome == string(filters.StateFailed)
	}
	return false
}

// isOf tells whether the actor is the occurrence or the bot, not a person.
func isOf(actor, subject string) bool {
	return actor == subject || strings.HasPrefix(actor, "bot:") || strings.HasPrefix(actor, "window:")
}

// foldDigest takes the morning's summary over.
func (n *Notice) foldDigest(event *filters.Event) {
	if event.Kind == filters.KindDigest {
		n.Reason, n.Ended, n.Dirty = event.Reason, event.At, true
	}
}

// cloned copies what Fold would change.
func (o *Occasion) cloned() *Occasion {
	if o == nil {
		return nil
	}
	copied := *o
	copied.Passed = slices.Clone(o.Passed)
	return &copied
}
