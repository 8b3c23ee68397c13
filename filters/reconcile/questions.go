package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// The answers to a question.
const (
	answerYes = "yes"
	answerNo  = "no"
)

// askAgain is how long a no to giving agents back is left alone, so that none is withheld for nobody and forgotten.
const askAgain = 24 * time.Hour

// readQuestions indexes what was asked about giving back.
func (d *differ) readQuestions() {
	for _, question := range d.Questions {
		if question.Kind != filters.QuestionGiveBack {
			continue
		}
		if d.asked == nil {
			d.asked = map[filters.AgentID]*filters.Question{}
		}
		for _, agent := range question.Agents {
			d.asked[agent] = question
		}
	}
}

// finishQuestions lets questions go that were acted on, or whose matter has gone.
func (d *differ) finishQuestions() {
	for _, question := range d.Questions {
		if reason := d.finished(question); reason != "" {
			d.record(filters.Change{Kind: filters.ChangeDone, Question: question, Reason: reason})
		}
	}
}

func (d *differ) finished(question *filters.Question) (reason string) {
	const gone = "there is nothing left to decide"
	switch question.Kind {
	case filters.QuestionGiveBack:
		if !slices.ContainsFunc(question.Agents, d.toGiveBack) {
			return gone
		}
		if question.Answer == answerNo && d.Now.After(question.Answered.Add(askAgain)) {
			return "the no is a day old"
		}
	case filters.QuestionContested:
		if question.Answer == answerNo || !slices.ContainsFunc(question.Agents, d.isContested) {
			return gone
		}
	case filters.QuestionReturned:
		if !slices.ContainsFunc(question.Agents, d.isMissing) || !d.Reading.AsOf().Before(d.Began) && d.Reading.Agent(question.NewAgent) == nil {
			return gone
		}
	}
	return ""
}

func (d *differ) of(agent filters.AgentID) *track {
	if position, ok := d.at[agent]; ok {
		return &d.tracks[position]
	}
	return &track{agent: agent}
}

func (d *differ) toGiveBack(agent filters.AgentID) bool {
	t := d.of(agent)
	return t.entry != nil && !t.stands
}

func (d *differ) isContested(agent filters.AgentID) bool {
	t := d.of(agent)
	return t.stands && t.entry != nil && t.entry.Contested
}

// isMissing keeps a question open while a reading of this leader has not shown the agent.
func (d *differ) isMissing(agent filters.AgentID) bool {
	t := d.of(agent)
	return t.stands && (t.seen == nil || t.began.Before(d.Began))
}

// contest stops repairing the agent and asks.
func (d *differ) contest(t *track) {
	question := d.question(filters.QuestionContested, t.agent, t.entry.Hostname)
	question.Text = fmt.Sprintf("%s was given back twice by somebody else while we withhold it, and is taking tasks now. Withhold it again?", t.entry.Hostname)
	change := t.change(filters.ChangeContest, filters.CauseObserved, "somebody gave it back twice")
	change.Question = question
	d.record(change)
}

// contested goes on with a contested agent if people said so: by their answer, or by filtering it anew.
func (d *differ) contested(t *track) {
	switch {
	case d.paused(t, filters.HoldTaking):
	case d.answered(filters.QuestionContested, t.agent):
		d.takes = append(d.takes, t.change(filters.ChangeUphold, filters.CauseAnswer, "asked, and the answer was yes"))
	case t.has(recorded):
		d.takes = append(d.takes, t.change(filters.ChangeUphold, "", "filtered anew"))
	}
}

func (d *differ) answered(kind filters.QuestionKind, agent filters.AgentID) bool {
	return slices.ContainsFunc(d.Questions, func(q *filters.Question) bool {
		return q.Kind == kind && q.Answer == answerYes && slices.Contains(q.Agents, agent)
	})
}

// askReturned asks whether the candidate takes the filters over, once for each candidate, and does what was answered.
func (d *differ) askReturned(t *track, candidate *filters.Agent) {
	id := filters.DerivedID("q-", string(filters.QuestionReturned), string(t.agent), string(candidate.ID))
	for _, question := range d.Questions {
		if question.ID == id {
			if question.Answer == answerYes {
				d.move(t, candidate)
			}
			return
		}
	}
	question := d.question(filters.QuestionReturned, t.agent, candidate.Hostname)
	question.ID, question.NewAgent, question.Subject = id, candidate.ID, id
	question.Text = fmt.Sprintf("Agent %s of %s is gone, and agent %s (%s:%d) is new on that host. Does the new one take the filter over?",
		t.agent, candidate.Hostname, candidate.ID, candidate.IP, candidate.Port)
	change := t.change(filters.ChangeAsk, filters.CauseObserved, "")
	change.Question = question
	d.record(change)
}

// askGiveBack asks about agents that nobody's word gives back: one question for all that come to wait while it is open.
func (d *differ) askGiveBack(doubtful []*track) {
	if len(doubtful) == 0 {
		return
	}
	question := d.question(filters.QuestionGiveBack, doubtful[0].agent, doubtful[0].entry.Hostname)
	question.Agents, question.Hosts = nil, nil
	for _, known := range d.Questions {
		if known.Kind == filters.QuestionGiveBack && known.Open() {
			widened := *known
			widened.Agents, widened.Hosts = slices.Clone(known.Agents), slices.Clone(known.Hosts)
			question = &widened
		}
	}
	for _, t := range doubtful {
		question.Agents, question.Hosts = append(question.Agents, t.agent), append(question.Hosts, t.entry.Hostname)
	}
	question.Text = fmt.Sprintf("%s. Give %s back?", d.whyAsked(question), nameSome(question.Hosts))
	d.record(filters.Change{Kind: filters.ChangeAsk, Question: question, Cause: filters.CauseObserved})
}

func (d *differ) whyAsked(question *filters.Question) string {
	due := fmt.Sprintf("%d of %d agents are withheld by nobody's filter any more", len(question.Agents), d.Reading.Len())
	if d.Locked {
		return due + ", but my memory was doubtful when they came to be given back"
	}
	return due + ", all at once"
}

func (d *differ) question(kind filters.QuestionKind, agent filters.AgentID, hostname string) *filters.Question {
	id := filters.DerivedID("q-", string(kind), string(agent), d.Now.Format(time.RFC3339Nano))
	return &filters.Question{ID: id, Subject: id, Kind: kind, Agents: []filters.AgentID{agent}, Hosts: []string{hostname}, Asked: d.Now}
}

// nameSome names at most ten.
func nameSome(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
