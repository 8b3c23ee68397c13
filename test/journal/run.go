package journal

import (
	"cmp"
	"slices"
	"strings"

	"cordon/filters"
	"cordon/scheduler"
)

// run is what became of a run so far.
type run struct {
	there     bool
	state     scheduler.RunState
	revision  int64
	agents    map[filters.AgentID]scheduler.RunAgent
	revisions map[filters.AgentID]int64
}

func (c *Checker) runOf(id string) *run {
	if c.runs[id] == nil {
		c.runs[id] = &run{agents: map[filters.AgentID]scheduler.RunAgent{}, revisions: map[filters.AgentID]int64{}}
	}
	return c.runs[id]
}

// run follows the record of a run.
func (c *Checker) run(e *filters.Event) {
	after, err := scheduler.DecodeRun(e.Record)
	if err != nil {
		c.fail(RuleRun, "the record of run %s cannot be read: %v", e.Record.Name, err)
		return
	}
	known := c.runOf(e.Record.Name)
	before := known.state
	if e.Record.Revision != known.revision+1 {
		c.fail(RuleLost, "the record of run %s has revision %d after %s, expected %d", after.ID, e.Record.Revision, e.Outcome, known.revision+1)
	}
	if known.there && before.Phase.Over() && after.Phase != before.Phase {
		c.fail(RuleRun, "run %s was %s and is %s", after.ID, before.Phase, after.Phase)
	}
	if after.Phase.Over() && !before.Phase.Over() {
		c.ended(e, known, after.Keep)
	}
	known.there, known.state, known.revision = true, after, e.Record.Revision
	if e.Record.Removed {
		if !after.Phase.Over() {
			c.fail(RuleRun, "run %s is forgotten while it is %s", after.ID, after.Phase)
		}
		delete(c.runs, e.Record.Name)
	}
}

// ended holds a run that is over to its agents: each is over, and those that stay withheld are named. Some runs keep those
// that are done, which is what they are for.
func (c *Checker) ended(e *filters.Event, known *run, keeps bool) {
	owner := filters.Owner("run:" + e.Record.Name)
	for _, agent := range known.agents {
		if !agent.Phase.Over() {
			c.fail(RuleRun, "run %s is over and %s is %s", e.Record.Name, agent.Hostname, agent.Phase)
		}
	}
	for _, filter := range c.standing {
		kept := keeps && known.agents[filter.Agent].Phase == scheduler.AgentDone
		if filter.Owner == owner && filter.Stands() && !kept {
			c.names(e, filter.Hostname)
		}
	}
}

// runAgent follows the record of one agent of a run.
func (c *Checker) runAgent(e *filters.Event) {
	after, err := scheduler.DecodeRunAgent(e.Record)
	if err != nil {
		c.fail(RuleRun, "the record of %s cannot be read: %v", e.Record.Name, err)
		return
	}
	if e.Record.Removed {
		if known := c.runs[after.Run]; known != nil {
			delete(known.agents, after.Agent)
			delete(known.revisions, after.Agent)
		}
		return
	}
	known := c.runOf(after.Run)
	before, exists := known.agents[after.Agent]
	if e.Record.Revision != known.revisions[after.Agent]+1 {
		c.fail(RuleLost, "the record of %s has revision %d after %s, expected %d", e.Record.Name, e.Record.Revision, e.Outcome, known.revisions[after.Agent]+1)
	}
	known.agents[after.Agent], known.revisions[after.Agent] = after, e.Record.Revision
	switch {
	case !exists && after.Phase != scheduler.AgentWaiting:
		c.fail(RuleRun, "%s of run %s begins with %s", after.Hostname, after.Run, after.Phase)
	case !exists:
	case before.Phase.Over() && after.Phase != before.Phase:
		c.fail(RuleRun, "%s of run %s was %s and is %s", after.Hostname, after.Run, before.Phase, after.Phase)
	case before.Phase == scheduler.AgentWaiting && after.Phase.UnderWay():
		c.begins(e, known, &after)
	default:
		c.steps(&known.state, &before, &after)
	}
}

// begins holds an agent whose turn has come to what a run may begin.
func (c *Checker) begins(e *filters.Event, known *run, agent *scheduler.RunAgent) {
	state := &known.state
	window := ""
	if owner := filters.Owner(state.By); owner.Kind() == "window" {
		window, _, _ = strings.Cut(owner.Name(), "/")
	}
	switch {
	case state.Phase != scheduler.RunGoing:
		c.fail(RuleTaken, "run %s begins with %s although it is %s", state.ID, agent.Hostname, state.Phase)
	case !state.NoNew.IsZero() && !e.At.Before(state.NoNew.Add(stepped)):
		c.fail(RuleTaken, "run %s begins with %s although nothing new begins since %s", state.ID, agent.Hostname, state.NoNew)
	case c.windows[window] != nil && c.windows[window].state.Paused != nil:
		c.fail(RuleTaken, "run %s begins with %s although its window is paused", state.ID, agent.Hostname)
	case c.rules.Frozen != nil && c.rules.Frozen(e.At, window):
		c.fail(RuleTaken, "run %s begins with %s in a freeze", state.ID, agent.Hostname)
	}
	c.crowd(known, agent)
	fresh := c.fresh[e.Operation]
	for i := range fresh {
		if fresh[i].Agent == agent.Agent && fresh[i].Owner == filters.Owner("run:"+state.ID) {
			c.most(fresh, state.MaxUnavailable, state.Per)
			if c.fresh[e.Operation] = slices.Delete(fresh, i, i+1); len(fresh) == 1 {
				delete(c.fresh, e.Operation)
			}
			return
		}
	}
	if agent.Phase == scheduler.AgentWithholding && !c.runStands(state, agent) {
		c.fail(RuleTaken, "run %s begins with %s and does not withhold it", state.ID, agent.Hostname)
	}
}

func (c *Checker) runStands(run *scheduler.RunState, agent *scheduler.RunAgent) bool {
	filter, ok := c.standing[filters.FilterKey{Agent: agent.Agent, Mode: cmp.Or(run.Mode, filters.ModeFilter), Owner: filters.Owner("run:" + run.ID)}]
	return ok && filter.Stands()
}

// crowd holds what is under way to max_parallel and to one batch.
func (c *Checker) crowd(known *run, begun *scheduler.RunAgent) {
	under, most := 0, max(1, known.state.Procedure.MaxParallel)
	for _, agent := range known.agents {
		if !agent.Phase.UnderWay() {
			continue
		}
		under++
		if agent.Batch != begun.Batch {
			c.fail(RuleRun, "run %s begins with %s of %q while %s of %q is under way", begun.Run, begun.Hostname, begun.Batch, agent.Hostname, agent.Batch)
		}
	}
	if under > most {
		c.fail(RuleRun, "run %s has %d agents under way, at most %d may be", begun.Run, under, most)
	}
}

// steps holds an agent to its steps: they come in order, each once.
func (c *Checker) steps(state *scheduler.RunState, before, after *scheduler.RunAgent) {
	again := before.Step == after.Step && !before.Sent.IsZero() && !after.Sent.IsZero() && !after.Sent.Equal(before.Sent)
	webhook := ""
	if after.Step < len(state.Procedure.Steps) {
		webhook = strings.TrimSpace(strings.TrimPrefix(state.Procedure.Steps[after.Step], "webhook"))
	}
	switch {
	case after.Step < before.Step, after.Step > before.Step+1:
		c.fail(RuleRun, "%s of run %s goes from step %d to %d", after.Hostname, after.Run, before.Step, after.Step)
	case again && (c.rules.Repeats == nil || !c.rules.Repeats(webhook)):
		c.fail(RuleRun, "%s of run %s has step %d done again", after.Hostname, after.Run, after.Step)
	case before.Phase == scheduler.AgentReturning && after.Phase == scheduler.AgentStepping:
		c.fail(RuleRun, "%s of run %s steps again after its last step", after.Hostname, after.Run)
	}
}
