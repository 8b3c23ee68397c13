package reconcile

import (
	"fmt"
	"time"

	"cordon/filters"
)

const (
	// shrunkFloor agents or a shrunkShare-th of the cluster, whichever is more, may be missing after a failover.
	shrunkFloor = 2
	shrunkShare = 20
	// shrunkWait is how long giving back waits for a fleet that stays smaller, before people are asked (invariant 5).
	shrunkWait = 15 * time.Minute
)

// settling follows a cluster through failovers: agents come back over minutes, and nothing is given back meanwhile.
// Withholding never waits.
type settling struct {
	reregister time.Duration

	leader    string
	failovers int
	known     bool // failovers is that of an earlier pass
	compared  bool // a reading was held against the baseline that this leader began with
	fleet     int  // how many agents there were when the cluster was last settled

	since   time.Time // the cluster's time of the failover; zero: settled
	local   time.Time // the local clock's, which dates readings
	last    time.Time // the cluster's time of the last failover, settled or not
	subject string
}

// surroundings are what settling looks at in one pass.
type surroundings struct {
	now, local time.Time
	began      time.Time // local: when this leader began
	leader     string
	failovers  int
	roster     *filters.Roster
	questions  []*filters.Question
}

// observe returns why nothing is given back now, empty if it may be, and what is to be written down.
func (s *settling) observe(around *surroundings) (holding string, changes []filters.Change) {
	if s.failedOver(around) {
		changes = append(changes, s.begin(around, ""))
	}
	view := around.roster.View()
	if view.Began.Before(around.began) {
		return "the master has not been read yet", changes
	}
	if !s.compared {
		s.compared = true
		changes = append(changes, s.compare(around, view)...)
	}
	if s.since.IsZero() {
		holding, done := s.steady(around, view)
		return holding, append(changes, done...)
	}
	holding, ended := s.wait(around, view)
	return holding, append(changes, ended...)
}

// compare holds a leader's first reading against what was settled before it led: the master may have failed over while
// nobody looked.
func (s *settling) compare(around *surroundings, view *filters.View) []filters.Change {
	short := len(view.Agents) < s.least()
	if s.fleet == 0 {
		s.fleet = len(view.Agents) + len(view.Recovered)
	}
	switch {
	case !s.since.IsZero():
	case len(view.Recovered) > 0:
		return []filters.Change{s.begin(around, "the master has failed over a short while ago")}
	case short:
		return []filters.Change{s.begin(around, fmt.Sprintf("%d of %d agents are here: the master may have failed over while nobody looked", len(view.Agents), s.fleet))}
	}
	return nil
}

// least is how many agents a settled cluster has, by how many it had.
func (s *settling) least() int { return s.fleet - max(shrunkFloor, s.fleet/shrunkShare) }

// Baseline is a settled cluster, for a leader that takes over: who led it and how many agents it had.
type Baseline struct {
	Leader string `json:"leader,omitempty"`
	Fleet  int    `json:"fleet,omitempty"`
}

// failedOver notes the leading master and tells whether it is another than before, or the same after a restart.
func (s *settling) failedOver(around *surroundings) bool {
	changed := s.known && around.failovers != s.failovers || s.leader != "" && around.leader != "" && around.leader != s.leader
	s.known, s.failovers = true, around.failovers
	if around.leader != "" {
		s.leader = around.leader
	}
	return changed
}

func (s *settling) begin(around *surroundings, reason string) filters.Change {
	s.since, s.last, s.local = around.now, around.now, around.local
	s.subject = filters.DerivedID("failover-", s.leader, around.now.Format(time.RFC3339Nano))
	return filters.Change{Kind: filters.ChangeFailover, Cause: filters.CauseFailover, Reason: reason}
}

// steady keeps the size of a settled cluster. A leader that takes over while people are asked waits for their answer.
func (s *settling) steady(around *surroundings, view *filters.View) (holding string, changes []filters.Change) {
	s.fleet = len(view.Agents)
	switch question := shrunkQuestion(around.questions); {
	case question == nil:
		return "", nil
	case question.Answer == answerYes:
		return "", []filters.Change{{Kind: filters.ChangeDone, Question: question, Reason: "the cluster is meant to be as it is"}}
	}
	return "nobody has said yet that the cluster is meant to be smaller", nil
}

// wait tells what a cluster that has failed over still waits for, or that it is settled.
func (s *settling) wait(around *surroundings, view *filters.View) (holding string, changes []filters.Change) {
	if !view.Began.After(s.local) {
		return "the master failed over and has not been read since", nil
	}
	waited := around.now.Sub(s.since)
	if away := len(view.Recovered); away == 1 && waited < s.reregister {
		return "1 agent has not registered again since the failover", nil
	} else if away > 1 && waited < s.reregister {
		return fmt.Sprintf("%d agents have not registered again since the failover", away), nil
	}
	question := shrunkQuestion(around.questions)
	if listed := len(view.Agents); listed < s.least() && (question == nil || question.Answer != answerYes) {
		return fmt.Sprintf("%d of %d agents are here since the failover", listed, s.fleet), s.ask(around, question, waited, listed)
	}
	return "", s.settle(view, question)
}

func (s *settling) ask(around *surroundings, question *filters.Question, waited time.Duration, listed int) []filters.Change {
	if question != nil || waited < shrunkWait {
		return nil
	}
	id := filters.DerivedID("q-", string(filters.QuestionShrunk), s.subject)
	return []filters.Change{{Kind: filters.ChangeAsk, Cause: filters.CauseFailover, Question: &filters.Question{
		ID: id, Subject: id, Kind: filters.QuestionShrunk, Asked: around.now,
		Text: fmt.Sprintf("%d of %d agents came back after the failover %s ago, so I give nothing back. Is the cluster meant to be smaller now?", listed, s.fleet, waited.Round(time.Minute)),
	}}}
}

func (s *settling) settle(view *filters.View, question *filters.Question) []filters.Change {
	s.since, s.fleet = time.Time{}, len(view.Agents)
	changes := []filters.Change{{Kind: filters.ChangeSettled, Cause: filters.CauseFailover, Reason: fmt.Sprintf("%d agents are here", len(view.Agents))}}
	if question != nil {
		changes = append(changes, filters.Change{Kind: filters.ChangeDone, Question: question, Reason: "the cluster has settled"})
	}
	return changes
}

func shrunkQuestion(questions []*filters.Question) *filters.Question {
	for _, question := range questions {
		if question.Kind == filters.QuestionShrunk {
			return question
		}
	}
	return nil
}
