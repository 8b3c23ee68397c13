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
	known     bool // leader and failovers are those of an earlier pass
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
	if s.fleet == 0 {
		s.fleet = len(view.Agents) + len(view.Recovered)
		if len(view.Recovered) > 0 && s.since.IsZero() {
			changes = append(changes, s.begin(around, "the master has failed over a short while ago"))
		}
	}
	if s.since.IsZero() {
		holding, done := s.steady(around, view)
		return holding, append(changes, done...)
	}
	holding, ended := s.wait(around, view)
	return holding, append(changes, ended...)
}

// failedOver notes the leading master and tells whether it is another than before, or the same after a restart.
func (s *settling) failedOver(around *surroundings) bool {
	changed := s.known && (around.failovers != s.failovers || s.leader != "" && around.leader != "" && around.leader != s.leader)
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
	if away := len(view.Recovered); away > 0 && waited < s.reregister {
		return fmt.Sprintf("%d agents have not registered again since the failover", away), nil
	}
	least := s.fleet - max(shrunkFloor, s.fleet/shrunkShare)
	question := shrunkQuestion(around.questions)
	if listed := len(view.Agents); listed < least && (question == nil || question.Answer != answerYes) {
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
