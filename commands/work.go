package commands

import (
	"context"
	"sync"
	"time"

	"cordon/filters"
)

// Agents looks at agents themselves. Implemented by filters/mesos; safe for concurrent use.
type Agents interface {
	// Look returns what the agent itself says that runs or is pending there. It ends with ctx.
	Look(ctx context.Context, agent filters.Agent) (filters.Work, error)
}

const (
	// lookedMost is how many agents are asked themselves by one command, looksAtOnce by all commands of this replica together.
	lookedMost  = 5
	looksAtOnce = 10
	// lookTime is how long an agent is waited for: a person waits too, and has the master's word else.
	lookTime = time.Second
)

// look is what an agent said of itself, or why it did not.
type look struct {
	filters.Work
	at  time.Time // when it was asked, UTC
	err error
}

// tasks shows what runs on agents: of a few that are named, what they say themselves.
func (t *turn) tasks(ctx context.Context) (Reply, error) {
	agents, err := t.service.Agents(t.command.Targets)
	if err != nil {
		return Reply{}, err
	}
	looks := t.lookAt(ctx, agents)
	for i, look := range looks {
		if look != nil && look.err == nil {
			agents[i].Tasks, agents[i].TasksKnown = look.counts(), true
		}
	}
	return renderTasks(t.cluster, agents, looks, t.service.Status().AsOf, t.service.Now()), nil
}

// lookAt asks a few agents that were named, all at once. One that the master does not list is not asked; its look is nil. With
// none to ask there are no looks.
func (t *turn) lookAt(ctx context.Context, agents []filters.AgentStatus) []*look {
	if t.agents == nil || len(t.command.Targets) == 0 || len(agents) > lookedMost {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	looks := make([]*look, len(agents))
	var asking sync.WaitGroup
	for i := range agents {
		if agents[i].Listed {
			looks[i] = &look{at: t.service.Now()}
			asking.Go(func() { looks[i].Work, looks[i].err = t.lookAtOne(ctx, agents[i].Agent) })
		}
	}
	asking.Wait()
	return looks
}

func (t *turn) lookAtOne(ctx context.Context, agent filters.Agent) (filters.Work, error) {
	select {
	case t.looking <- struct{}{}:
		defer func() { <-t.looking }()
		if ctx.Err() != nil {
			return filters.Work{}, ctx.Err()
		}
		return t.agents.Look(ctx, agent)
	case <-ctx.Done():
		return filters.Work{}, ctx.Err()
	}
}

// counts counts the tasks by framework.
func (l *look) counts() map[string]int {
	counts := map[string]int{}
	for _, task := range l.Tasks {
		counts[inert(task.Framework)]++
	}
	return counts
}
