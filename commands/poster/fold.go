package poster

import (
	"slices"
	"time"

	"cordon/commands"
	"cordon/filters"
)

// Fold returns the notice as it is after the journal entry. It is pure: neither is changed. An entry that says nothing
// about the notice's topic leaves it as it is.
func Fold(notice Notice, event *filters.Event) Notice {
	folded := notice.clone()
	folded.fold(event)
	return folded
}

func (n *Notice) fold(event *filters.Event) {
	switch n.Topic {
	case TopicFilter:
		n.foldFilter(event)
	case TopicDrift:
		n.foldDrift(event)
	case TopicForeign:
		n.foldForeign(event)
	case TopicQuestion:
		n.foldQuestion(event)
	case TopicNag:
		n.foldNag(event)
	case TopicFreeze:
		n.foldOrder(event, filters.KindFreeze, filters.KindThaw)
	case TopicLock:
		n.foldOrder(event, filters.KindLock, filters.KindUnlock)
	case TopicFailover:
		n.foldFailover(event)
	case TopicSink:
		n.foldSink(event)
	case TopicAnnounce:
		n.foldAnnounce(event)
	case TopicPassed:
		n.foldPassed(event)
	case TopicOccurrence:
		n.foldOccurrence(event)
	case TopicWindow:
		n.foldWindow(event)
	case TopicRun:
		n.foldRun(event)
	case TopicConfirm:
		n.foldConfirm(event)
	case TopicDigest:
		n.foldDigest(event)
	case TopicShift:
		n.foldShift(event)
	case TopicMachines:
		n.foldMachines(event)
	case TopicRemind:
		n.foldRemind(event)
	case TopicMeddled:
		n.foldMeddled(event)
	case TopicApproval:
		n.foldApproval(event)
	}
}

// begin returns the notice that an entry opens.
func begin(topic Topic, key string, event *filters.Event) Notice {
	return Notice{Schema: schema, Key: key, Topic: topic, Subject: event.Subject, Began: event.At, Dirty: true}
}

func (n *Notice) foldFilter(event *filters.Event) {
	if event.Ledger != nil && event.Ledger.Backend != "" {
		n.Backend = event.Ledger.Backend
	}
	if event.Filter != nil {
		n.foldRecord(event)
	}
	agent := n.Agents[event.Agent]
	if agent == nil {
		return
	}
	n.Dirty = true
	switch event.Kind {
	case filters.KindTook:
		agent.take(event)
	case filters.KindGave:
		agent.give(event)
	case filters.KindLost:
		agent.Lost = true
	case filters.KindContested:
		agent.Contested = true
	case filters.KindMissing:
		agent.Missing = event.Filter == nil || !event.Filter.Missing.IsZero()
		agent.Down = event.Cause == filters.CauseMaintenance
	case filters.KindRestart:
		agent.Missing = false
	}
	n.step(event)
	n.finish(event)
}

// foldRecord takes over what the entry's filter says.
func (n *Notice) foldRecord(event *filters.Event) {
	filter := event.Filter
	if len(n.Agents) == 0 {
		n.By, n.Began = string(filter.Owner), filter.Created
		n.Adopted = filter.Adopt
	}
	if filter.Reason != "" {
		n.Reason = filter.Reason
	}
	n.follow(filter)
	agent := n.agent(filter.Agent, filter.Hostname)
	if agent.State != filter.State && filter.Stands() {
		agent.State, agent.Since = filter.State, event.At
	}
	agent.Filter, agent.Until = filter.ID, filter.Until
	agent.Ended, agent.EndedBy, agent.EndCause = filter.Ended, filter.EndedBy, filter.EndCause
	if !filter.Ended.IsZero() && agent.Given == "" {
		agent.Given, agent.Note = filters.StateRecorded, ""
	}
	agent.Missing = !filter.Missing.IsZero()
	switch {
	case event.Settled:
		agent.Settled, agent.Note = true, event.Reason
	case filter.Stands():
		agent.Settled, agent.Given = false, ""
	}
	if event.Kind == filters.KindForeign {
		agent.Note = event.Reason
	}
}

// follow moves the agent's place where a filter followed its host to a new agent ID.
func (n *Notice) follow(filter *filters.Filter) {
	for id, agent := range n.Agents {
		if agent.Filter == filter.ID && id != filter.Agent {
			delete(n.Agents, id)
			n.Agents[filter.Agent] = agent
			return
		}
	}
}

func (a *Agent) take(event *filters.Event) {
	state := filters.ChangeState(event.Outcome)
	if event.Filter == nil && state != "" && state != a.State && a.Ended.IsZero() {
		a.State, a.Since = state, event.At
	}
	switch state {
	case filters.StateVerified:
		a.Lost, a.Missing, a.Contested, a.Note = false, false, false, ""
	case filters.StateFailed:
		a.State, a.Since, a.Note = state, event.At, event.Reason
	default:
		a.Note = ""
	}
}

func (a *Agent) give(event *filters.Event) {
	a.Given = filters.ChangeState(event.Outcome)
	if a.Given == filters.StateFailed {
		a.Note = event.Reason
	}
	if event.Settled || a.Given == filters.StateVerified {
		a.Settled, a.Note = true, event.Reason
	}
}

// finish ends the notice when nothing of it stands and all was given back.
func (n *Notice) finish(event *filters.Event) {
	for _, agent := range n.Agents {
		if !agent.Settled {
			n.Ended = time.Time{}
			return
		}
		n.EndedBy = agent.EndedBy
	}
	if n.open() {
		n.Ended = event.At
	}
}

// silent are the kinds of entries that are no steps in a thread: their outcome is one.
var silent = []filters.Kind{filters.KindTaking, filters.KindReleasing, filters.KindForeign, filters.KindUnforeign, filters.KindLeader}

// step adds what happened to the thread. The same to several agents becomes one line.
func (n *Notice) step(event *filters.Event) {
	if slices.Contains(silent, event.Kind) || event.Kind == filters.KindExtend && event.Filter == nil {
		return
	}
	host := commands.EventHost(event)
	if event.Agent == "" && n.Topic != TopicMachines {
		host = "" // the message is about it
	}
	told := *event
	if told.Kind == filters.KindFilter || told.Kind == filters.KindAdopt {
		told.Reason = "" // it stands in the root message
	}
	words := commands.EventWords(&told)
	for i := range n.Steps {
		if !slices.Equal(n.Steps[i].Words, words) {
			continue
		}
		if n.Steps[i].Host != host {
			n.Steps[i].Hosts = max(n.Steps[i].Hosts, 1) + 1
		}
		return
	}
	step := Step{At: event.At, Kind: event.Kind, Host: host, Words: words}
	if last := len(n.Steps) - 1; event.Kind == filters.KindExtend && last >= 0 && n.Steps[last].Kind == event.Kind && n.Steps[last].Host == host {
		n.Steps[last] = step // of several ends that nobody has read of, the last one counts
		return
	}
	n.Steps = append(n.Steps, step)
}

func (n *Notice) foldDrift(event *filters.Event) {
	switch event.Kind {
	case filters.KindLost:
		agent := n.agent(event.Agent, commands.EventHost(event))
		agent.lose(event)
		agent.Explained = event.Cause == filters.CauseObserved || event.Cause == filters.CauseFailover
	case filters.KindMove:
		agent := n.agent(event.Agent, commands.EventHost(event))
		agent.lose(event)
		agent.Explained = true
	case filters.KindTaking:
		if agent := n.Agents[event.Agent]; agent != nil && agent.Lost && agent.Explained && event.Ledger != nil {
			agent.From = event.Ledger.Registered
		}
		return
	case filters.KindTook, filters.KindContested, filters.KindGave:
		agent := n.Agents[event.Agent]
		if agent == nil || !agent.Lost {
			return
		}
		agent.State = filters.ChangeState(event.Outcome)
		if event.Kind == filters.KindContested {
			agent.Contested = true
		} else if agent.State != filters.StateVerified {
			break
		}
		agent.Lost, agent.Ended = false, event.At
	default:
		return
	}
	n.Dirty = true
	n.step(event)
	n.endUnless(event, func(agent *Agent) bool { return agent.Lost })
}

// lose notes that the agent takes tasks although it is to be withheld.
func (a *Agent) lose(event *filters.Event) {
	a.Lost, a.Since, a.Note, a.Ended = true, event.At, event.Reason, time.Time{}
	a.From, a.Held = time.Time{}, time.Time{}
	if filter := event.Filter; filter != nil {
		a.Reason, a.By = filter.Reason, string(filter.Owner)
	}
}

func (n *Notice) foldForeign(event *filters.Event) {
	switch event.Kind {
	case filters.KindForeign:
		agent := n.agent(event.Agent, commands.EventHost(event))
		agent.Since, agent.Ended = event.At, time.Time{}
	case filters.KindUnforeign, filters.KindAdopt:
		agent := n.Agents[event.Agent]
		if agent == nil {
			return
		}
		agent.Ended = event.At
		if event.Kind == filters.KindAdopt {
			agent.EndedBy = event.Actor
		}
	default:
		return
	}
	n.Dirty = true
	n.endUnless(event, func(agent *Agent) bool { return agent.Ended.IsZero() })
}

// endUnless ends the notice if no agent keeps it open.
func (n *Notice) endUnless(event *filters.Event, keeps func(*Agent) bool) {
	n.Ended = time.Time{}
	for _, agent := range n.Agents {
		if keeps(agent) {
			return
		}
	}
	n.Ended = event.At
}

func (n *Notice) foldQuestion(event *filters.Event) {
	if event.Question == nil {
		return
	}
	question := *event.Question
	n.Question, n.Dirty = &question, true
	if n.open() && (!question.Open() || question.Done) {
		n.Ended, n.EndedBy, n.EndReason = event.At, question.By, event.Reason
	}
}

func (n *Notice) foldNag(event *filters.Event) {
	filter := event.Filter
	if filter == nil {
		return
	}
	if event.Kind == filters.KindNag {
		agent := n.agent(filter.Agent, filter.Hostname)
		agent.Filter, agent.Since = filter.ID, filter.Created
		n.By, n.Reason, n.Dirty = string(filter.Owner), filter.Reason, true
		return
	}
	agent := n.Agents[filter.Agent]
	if agent == nil || agent.Filter != filter.ID {
		return
	}
	switch {
	case !filter.Stands():
		agent.Ended, agent.EndedBy = filter.Ended, filter.EndedBy
	case event.Kind == filters.KindExtend:
		agent.Ended, agent.EndedBy, agent.Until = event.At, event.Actor, filter.Until
	default:
		return
	}
	n.Dirty, n.EndedBy = true, event.Actor
	n.endUnless(event, func(agent *Agent) bool { return agent.Ended.IsZero() })
}

func (n *Notice) foldOrder(event *filters.Event, starts, ends filters.Kind) {
	switch event.Kind {
	case starts:
		n.By, n.Reason = event.Actor, event.Reason
		if event.Freeze != nil {
			n.By, n.Reason, n.Began = event.Freeze.By, event.Freeze.Reason, event.Freeze.At
		}
		if event.Lock != nil {
			n.Reason, n.Began = event.Lock.Cause, event.Lock.At
		}
	case ends:
		n.Ended, n.EndedBy = event.At, event.Actor
		n.EndReason = event.Reason
	default:
		return
	}
	n.Dirty = true
}

func (n *Notice) foldFailover(event *filters.Event) {
	switch event.Kind {
	case filters.KindFailover:
		n.Master, n.Reason = event.Master, event.Reason
	case filters.KindSettled:
		n.Ended = event.At
	default:
		return
	}
	n.Dirty = true
}
