package poster

import (
	"cmp"
	"maps"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// Progress is what a notice tells of a run. Of its agents it keeps those under way and the first that failed: of the others
// it counts.
type Progress struct {
	State   scheduler.RunState                     `json:"state"`
	Done    int                                    `json:"done,omitempty"`
	Failed  int                                    `json:"failed,omitempty"`
	Skipped int                                    `json:"skipped,omitempty"`
	Took    time.Duration                          `json:"took,omitempty"` // of all done agents together
	Doing   map[filters.AgentID]scheduler.RunAgent `json:"doing,omitempty"`
	Fails   []Fail                                 `json:"fails,omitempty"`
	Unsent  []Fail                                 `json:"unsent,omitempty"` // the first that were given back undone, not by a person's word
	// Drained are the hosts of a drain's agents that are done, by the agents' IDs. Whether they are still withheld, and so safe to take
	// down, the notice's agents tell.
	Drained map[filters.AgentID]string `json:"drained,omitempty"`
}

// Fail is an agent of a run that failed.
type Fail struct {
	Host string `json:"host"`
	Why  string `json:"why,omitempty"`
}

// readRunAgent reads what an entry says of an agent of a run; nil if it says nothing.
func readRunAgent(event *filters.Event) *scheduler.RunAgent {
	if event.Kind != filters.KindRunAgent || event.Record == nil || event.Record.Removed {
		return nil
	}
	agent, err := scheduler.DecodeRunAgent(event.Record)
	if err != nil {
		return nil
	}
	agent.Attributes = nil
	return &agent
}

func (n *Notice) foldRun(event *filters.Event) {
	switch event.Kind {
	case filters.KindRun:
		if event.Record == nil {
			return
		}
		state, err := scheduler.DecodeRun(event.Record)
		if err != nil {
			return
		}
		if n.Run == nil {
			n.Run = &Progress{}
		}
		n.Run.State = state
		n.By, n.Reason = state.By, state.Reason
		n.Ended = state.Ended
		if state.Phase.Over() && n.Ended.IsZero() {
			n.Ended = event.At
		}
		n.step(event)
	case filters.KindRunAgent:
		agent := readRunAgent(event)
		if agent == nil || n.Run == nil {
			return
		}
		late := n.drains() && agent.Overdue && !n.Run.Doing[agent.Agent].Overdue
		begun := agent.Phase == scheduler.AgentStepping && agent.Step == 0 && n.Run.Doing[agent.Agent].Phase != scheduler.AgentStepping
		n.Run.take(agent)
		told := n.drains() && agent.Phase == scheduler.AgentDone // by what was seen of it
		if agent.Phase.Over() && !told || late || agent.Phase == scheduler.AgentAsking || begun {
			n.step(event)
		}
	default:
		if n.drains() {
			n.foldDrain(event)
		}
		return
	}
	if n.drains() {
		n.settleDrain(event.At)
	}
	n.Dirty = true
}

// take counts an agent's next phase.
func (p *Progress) take(agent *scheduler.RunAgent) {
	delete(p.Doing, agent.Agent)
	switch phase := agent.Phase; {
	case phase.UnderWay():
		if p.Doing == nil {
			p.Doing = map[filters.AgentID]scheduler.RunAgent{}
		}
		p.Doing[agent.Agent] = *agent
	case phase == scheduler.AgentDone:
		p.Done++
		p.Took += agent.Since.Sub(agent.Begun)
		if p.State.IsDrain() {
			p.drained(agent)
		}
	case phase == scheduler.AgentFailed:
		p.Failed++
		if len(p.Fails) < keptMost {
			p.Fails = append(p.Fails, Fail{agent.Hostname, agent.Why})
		}
	case phase == scheduler.AgentSkipped:
		p.Skipped++
		if agent.Skip != "" && len(p.Unsent) < keptMost {
			p.Unsent = append(p.Unsent, Fail{agent.Hostname, agent.Skip})
		}
	}
}

func (p *Progress) drained(agent *scheduler.RunAgent) {
	if p.Drained == nil {
		p.Drained = map[filters.AgentID]string{}
	}
	p.Drained[cmp.Or(agent.Moved, agent.Agent)] = agent.Hostname
}

// refused tells whether the run is over for agents that the master would not touch, and nothing else came of it.
func (p *Progress) refused() bool { return len(p.Unsent) > 0 && p.Done+p.Failed == 0 }

// left is how many agents have not begun.
func (p *Progress) left() int {
	return max(p.State.Agents-p.Done-p.Failed-p.Skipped-len(p.Doing), 0)
}

// estimate is how long the rest takes, by what those took that are done; 0: not known.
func (p *Progress) estimate() time.Duration {
	if p.Done == 0 {
		return 0
	}
	parallel := max(p.State.Procedure.MaxParallel, 1)
	halves := 2*p.left() + len(p.Doing) // what is under way counts half
	return p.Took / time.Duration(p.Done) * time.Duration(halves) / time.Duration(2*parallel)
}

func (n *Notice) foldConfirm(event *filters.Event) {
	agent := readRunAgent(event)
	if agent == nil {
		return
	}
	n.Dirty = true
	if n.Asking == nil {
		n.Asking = agent
		return
	}
	if agent.Phase == scheduler.AgentAsking && agent.Key == n.Asking.Key {
		return
	}
	n.Ended, n.EndReason = event.At, agent.Why
	if agent.By == "" {
		return
	}
	n.EndedBy, n.Answered = agent.By, "done"
	if event.Actor == agent.By && event.Reason != agent.Why {
		n.EndReason = event.Reason
	} else {
		n.EndReason = ""
	}
	switch {
	case agent.Phase == scheduler.AgentFailed:
		n.Answered = "failed"
	case agent.Skip != "":
		n.Answered = "skip"
	}
}

func (p *Progress) cloned() *Progress {
	if p == nil {
		return nil
	}
	copied := *p
	copied.Doing = maps.Clone(p.Doing)
	copied.Fails = append([]Fail(nil), p.Fails...)
	copied.Drained = maps.Clone(p.Drained)
	return &copied
}
