package scheduler

import (
	"time"

	"cordon/filters"
)

// scout is what matters to whether an agent may begin now.
type scout struct {
	roster  *filters.Roster
	busy    map[filters.AgentID]bool          // under way in some run
	foreign func(*filters.Agent) bool         // withheld by somebody else
	room    func(*filters.Agent) (why string) // takes room; why: which limit leaves none
	taken   *filters.Room                     // that room was taken from; nil: none was
	frozen  string                            // why nothing begins; empty: nothing stands in the way
	// reached is an agent of a drain that the reading does not list, nil if the drain does not reach it; a nil function: the run
	// is no drain, and needs agents that are connected.
	reached func(*RunAgent) *filters.Agent
	// scheduled tells whether we have the agent's machine in the maintenance schedule, which keeps it from being drained; nil: that
	// does not matter.
	scheduled func(*filters.Agent) bool
}

// beginning is what begins of a run now.
type beginning struct {
	begun  []part // to be withheld
	others []part // that do not begin, and say so
	why    string // why nothing begins although something could; empty: nothing stands in the way
}

// begin takes as many waiting agents as may be under way, in their order and batch by batch.
func (c *course) begin(run *going, s *scout, now time.Time) beginning {
	var b beginning
	waiting, free := c.candidates(run)
	switch {
	case free == 0 || len(waiting) == 0:
		return b
	case s.frozen != "":
		b.why = s.frozen
		return b
	case now.Sub(s.roster.AsOf()) >= stale:
		b.why = "the cluster was not read for " + lasting(stale)
		return b
	}
	for _, agent := range waiting {
		if len(b.begun) == free {
			break
		}
		c.tryBegin(&b, *agent, s, now)
	}
	if len(b.begun) > 0 {
		b.why = ""
	}
	return b
}

// candidates are the waiting agents of the batch whose turn it is, and how many of them may begin.
func (c *course) candidates(run *going) (waiting []*part, free int) {
	if run.state.Phase != RunGoing {
		return nil, 0
	}
	free, batch, found := c.Parallel, "", false
	for i := range run.agents {
		agent := &run.agents[i]
		if agent.Phase.Over() {
			continue
		}
		if !found {
			batch, found = agent.Batch, true
		}
		switch {
		case agent.Phase.UnderWay():
			free--
		case agent.Batch == batch:
			waiting = append(waiting, agent)
		}
	}
	return waiting, max(free, 0)
}

func (c *course) tryBegin(b *beginning, waiting part, s *scout, now time.Time) {
	agent := s.roster.Agent(waiting.Agent)
	if agent == nil && s.reached != nil {
		agent = s.reached(&waiting.RunAgent)
	}
	away := agent == nil || s.reached == nil && !agent.Connected()
	switch {
	case away && waiting.Why == "":
		waiting.RunAgent = waiting.to(AgentWaiting, absentWhy, now)
		b.others = append(b.others, waiting)
		return
	case away:
		return
	case s.foreign(agent):
		waiting.RunAgent = waiting.to(AgentSkipped, "somebody else withholds it", now)
		b.others = append(b.others, waiting)
		return
	case s.scheduled != nil && s.scheduled(agent):
		waiting.RunAgent = waiting.to(AgentSkipped, inScheduleWhy, now)
		b.others = append(b.others, waiting)
		return
	}
	why := ""
	if s.busy[agent.ID] {
		why = agent.Hostname + " is under way in another run"
	} else {
		why = s.room(agent)
	}
	switch {
	case why == "":
		s.busy[agent.ID] = true
		waiting.RunAgent = waiting.begun(agent, s.roster.Agent(agent.ID) == nil, now)
		b.begun = append(b.begun, waiting)
	case waiting.Why != "": // it is back
		waiting.RunAgent = waiting.to(AgentWaiting, "", now)
		b.others = append(b.others, waiting)
	}
	if b.why == "" {
		b.why = why
	}
}
