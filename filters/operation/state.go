package operation

import (
	"encoding/json"
	"slices"
	"time"

	"cordon/filters"
)

// State is a machine that is ours in the maintenance schedule, or shall be: the body of its record on filters.ShelfMachines, by
// filters.Machine's Name. It leaves the shelf with its last phase; what it was is in the journal.
type State struct {
	Schema  int             `json:"schema"` // 1
	Machine filters.Machine `json:"machine"`
	// Agents are those of the machine that were registered when it was last planned for.
	Agents []filters.AgentID `json:"agents,omitempty"`
	// Rack is theirs, as far as it is known.
	Rack  string    `json:"rack,omitempty"`
	Phase Phase     `json:"phase"`
	Since time.Time `json:"since"` // when it came to the phase
	// Owner put it into the schedule; By is who gave the last word, for Reason.
	Owner  filters.Owner `json:"owner"`
	By     string        `json:"by"`
	Reason string        `json:"reason,omitempty"`
	// Wanted is when it shall be away. Ours are the times that the schedule may have of us: the one that a reading showed, and
	// what was sent since. It is the proof that an entry is ours to change.
	Wanted filters.Span   `json:"wanted"`
	Ours   []filters.Span `json:"ours,omitempty"`
	// Announced is since when its frameworks get inverse offers for Wanted; zero: they do not.
	Announced time.Time `json:"announced,omitzero"`
	// Operation is that of the last word, Subject whose message tells of the machine for as long as it is ours.
	Operation string `json:"operation"`
	Subject   string `json:"subject"`
	// Sent is when the phase's call was last about to be made; zero: it was not. Heard says that the master said yes.
	Sent  time.Time `json:"sent,omitzero"`
	Heard bool      `json:"heard,omitempty"`
	// Down is the operation for which START_MAINTENANCE was sent and arrived: the proof that it is ours to bring up.
	Down string `json:"down,omitempty"`
	// Others says that somebody else took the machine down.
	Others bool   `json:"others,omitempty"`
	Why    string `json:"why,omitempty"` // why the last word did not come true, in a phrase
	// Reminded are the times that the channel was reminded of: when it starts, and when it is over.
	Reminded []time.Time `json:"reminded,omitempty"`
}

// Phase is where a machine stands.
type Phase string

// The phases of a machine. The last five are the ends: the machine is not ours any more.
const (
	PhaseScheduling Phase = "scheduling"  // recorded: the schedule does not show it yet
	PhaseScheduled  Phase = "scheduled"   // a reading shows it: the master drains it
	PhaseTakingDown Phase = "taking-down" // recorded: the master does not show it yet
	PhaseDown       Phase = "down"        // a reading shows it down
	PhaseBringingUp Phase = "bringing-up"
	PhaseCancelling Phase = "cancelling" // it leaves the schedule

	PhaseUp        Phase = "up"        // it was brought up, and is out of the schedule
	PhaseCancelled Phase = "cancelled" // it is out of the schedule
	PhaseFailed    Phase = "failed"    // it never came into the schedule; Why tells
	PhaseLost      Phase = "lost"      // somebody else changed it: it is theirs; Why tells
)

// Over tells whether the machine is not ours any more in the phase.
func (p Phase) Over() bool {
	switch p {
	case PhaseUp, PhaseCancelled, PhaseFailed, PhaseLost:
		return true
	}
	return false
}

// Pending tells whether something is on its way to the master in the phase: no other operation on the machine begins.
func (p Phase) Pending() bool {
	switch p {
	case PhaseScheduling, PhaseTakingDown, PhaseBringingUp, PhaseCancelling:
		return true
	}
	return false
}

// Kind is the kind of the journal entries about what is under way in the phase.
func (p Phase) Kind() filters.Kind {
	switch p {
	case PhaseTakingDown, PhaseDown:
		return filters.KindDown
	case PhaseBringingUp, PhaseUp:
		return filters.KindUp
	case PhaseCancelling, PhaseCancelled:
		return filters.KindCancel
	case PhaseLost:
		return filters.KindMeddled
	}
	return filters.KindSchedule
}

// The outcomes of journal entries about machines, beside filters.StateRecorded, StateAccepted, StateVerified and StateFailed.
const (
	OutcomeSending = "sending" // the leader is about to call the master
	OutcomeBetween = "between" // of meddled: the schedule was changed between reading and posting
	OutcomeLost    = "lost"    // of meddled: the machine is not ours any more
	OutcomeStarts  = "starts"  // of a reminder: the time has come and the machine is up
	OutcomeOver    = "over"    // of a reminder: the time is over and the machine is not back
)

// owns tells whether the span of the machine's entry is one that we put there.
func (s *State) owns(span filters.Span) bool { return slices.ContainsFunc(s.Ours, span.Equal) }

// to brings the state to a phase.
func (s State) to(phase Phase, now time.Time, why string) State {
	s.Phase, s.Since, s.Why, s.Sent, s.Heard = phase, now, why, time.Time{}, false
	return s
}

// told returns the state's record, its stored revision given, with the entry that tells of it.
func (s *State) told(revision int64, kind filters.Kind, outcome string) filters.Told {
	event := filters.Event{Kind: kind, Subject: s.Subject, Operation: s.Operation, Outcome: outcome, Host: s.Machine.Hostname, Reason: s.Why}
	if len(s.Agents) == 1 {
		event.Agent = s.Agents[0]
	}
	return filters.Told{
		Record: filters.Record{Shelf: filters.ShelfMachines, Name: s.Machine.Name(), Body: encode(s), Removed: s.Phase.Over(), Revision: revision},
		Event:  event,
	}
}

func encode(state *State) json.RawMessage {
	body, err := json.Marshal(state)
	if err != nil {
		panic(err) // a State holds nothing that does not encode
	}
	return body
}

// Decode reads the body of a record of filters.ShelfMachines.
func Decode(record *filters.Record) (State, error) {
	var state State
	if err := json.Unmarshal(record.Body, &state); err != nil {
		return State{}, &filters.Error{Code: filters.Internal, Wrong: "what is remembered of the machine `" + record.Name + "` cannot be read", Cause: err}
	}
	return state, nil
}
