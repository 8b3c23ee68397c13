package scheduler

import (
	"context"
	"slices"
	"sync"
	"time"

	"cordon/filters"
)

// Agents looks at agents themselves. Implemented by filters/mesos; safe for concurrent use.
type Agents interface {
	// Look returns what the agent itself says that runs or is pending there.
	Look(ctx context.Context, agent filters.Agent) (filters.Work, error)
}

// Mover asks frameworks to move their tasks. Implemented by filters/marathon; safe for concurrent use.
type Mover interface {
	// Weigh tells of each task on the agent whether its framework may be asked to move it now, of one app at most one. Those of
	// moving were asked for before and not seen gone, on whatever agent. last: also tasks that are the last of their app.
	Weigh(ctx context.Context, agent filters.AgentID, work filters.Work, moving []filters.Task, last bool) []filters.Stay
	// Move asks the task's framework to move it. A task that is gone is no error.
	Move(ctx context.Context, task filters.Task) error
}

const (
	// lookEvery is how often an agent is looked at whose tasks are moving, lookMost how long that may take, with asking its
	// frameworks how they are.
	lookEvery = 5 * time.Second
	lookMost  = 30 * time.Second
	// grantLife is how long a task that may be asked for keeps others of its app from it: until the record says that it was.
	grantLife = time.Minute
)

// finding is what the newest look at an agent found.
type finding struct {
	began  time.Time // by Redis's clock
	work   filters.Work
	stays  []filters.Stay
	empty  int       // looks in a row in which the agent itself showed nothing, this one included
	unseen time.Time // since when it is not heard; zero: it was
	// pending says since when an operation is seen pending, failed why asking for a task did not work, by its key.
	pending map[string]time.Time
	failed  map[taskKey]string
}

// taskKey names a task.
type taskKey struct{ framework, id string }

func keyOf(task filters.Task) taskKey { return taskKey{task.Framework, task.ID} }

// looks are this process's looks at agents whose tasks are moving, by the step's key, and what it asks frameworks for. It
// holds nothing that another replica would need. A framework is asked only once that stands in the agent's record.
type looks struct {
	config   *Config
	workers  sync.WaitGroup
	nudged   chan<- struct{}
	weighing sync.Mutex // one agent after the other: what one is granted counts for the next

	mutex    sync.Mutex
	under    map[string]*watch
	granted  map[taskKey]time.Time
	intended map[taskKey]time.Time // asked for in a record that this process wrote, or tried to, and not sent
	failed   map[taskKey]string
}

// watch is one agent that is looked at.
type watch struct {
	began  time.Time // the newest look
	busy   bool
	ledger int64 // the revision of the ledger's entry at the newest look that ended
	found  *finding
}

func newLooks(config *Config, nudged chan<- struct{}) *looks {
	return &looks{
		config: config, nudged: nudged, under: map[string]*watch{}, granted: map[taskKey]time.Time{}, intended: map[taskKey]time.Time{}, failed: map[taskKey]string{},
	}
}

// found is the newest finding of a step, nil if there is none.
func (l *looks) found(key string) *finding {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if watch := l.under[key]; watch != nil {
		return watch.found
	}
	return nil
}

// intend notes which tasks a record that is about to be written asks for.
func (l *looks) intend(before, after *RunAgent) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, asked := range after.Asked {
		if !slices.Contains(before.Asked, asked) {
			l.intended[keyOf(asked.Task)] = asked.At
		}
	}
}

// tend looks at the agents whose tasks are moving, asks frameworks for what records say, and forgets the others.
func (l *looks) tend(ctx context.Context, all []*going, now time.Time) {
	moving := map[string]bool{}
	var asked []filters.Task
	var due []func()
	for _, run := range all {
		for i := range run.agents {
			agent := &run.agents[i]
			step, ok := run.state.moves(&agent.RunAgent)
			if !ok {
				continue
			}
			moving[agent.Key] = true
			for _, entry := range agent.Asked {
				asked = append(asked, entry.Task)
				l.let(ctx, entry)
			}
			due = append(due, func() { l.begin(ctx, &agent.RunAgent, asked, step.Last, now) })
		}
	}
	for _, begin := range due {
		begin()
	}
	l.forget(moving, now)
}

// moves returns the step of an agent whose tasks are moving.
func (r *RunState) moves(agent *RunAgent) (Step, bool) {
	if agent.Phase != AgentStepping || agent.Step >= len(r.Procedure.Steps) {
		return Step{}, false
	}
	step, err := ParseStep(r.Procedure.Steps[agent.Step])
	return step, err == nil && step.Kind == StepMove
}

func (l *looks) forget(moving map[string]bool, now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for key, watch := range l.under {
		if !moving[key] && !watch.busy {
			delete(l.under, key)
		}
	}
	for key, at := range l.granted {
		if now.Sub(at) > grantLife {
			delete(l.granted, key)
		}
	}
	if len(moving) == 0 {
		clear(l.failed)
		clear(l.intended)
	}
}

// let asks for a task that a record of this process says is asked for, once.
func (l *looks) let(ctx context.Context, asked AskedMove) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := keyOf(asked.Task)
	if at, ok := l.intended[key]; !ok || !at.Equal(asked.At) || l.config.Mover == nil || ctx.Err() != nil {
		return
	}
	delete(l.intended, key)
	delete(l.failed, key)
	l.workers.Go(func() {
		if err := l.config.Mover.Move(ctx, asked.Task); err != nil {
			l.mutex.Lock()
			l.failed[key] = err.Error()
			l.mutex.Unlock()
		}
	})
}

// begin looks at an agent if it is time, and it is withheld: what is seen of one that is not proves nothing.
func (l *looks) begin(ctx context.Context, step *RunAgent, asked []filters.Task, last bool, now time.Time) {
	agent, entry := l.config.Roster().Agent(step.current()), l.config.Book.Ledger(step.current())
	if agent == nil || !held(entry) && !l.config.Observe || l.config.Agents == nil || ctx.Err() != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	current := l.under[step.Key]
	if current == nil {
		current = &watch{}
		l.under[step.Key] = current
	}
	if current.busy || now.Sub(current.began) < lookEvery {
		return
	}
	current.busy, current.began = true, now
	there, ledger := *agent, int64(0)
	if entry != nil {
		ledger = entry.Revision
	}
	l.workers.Go(func() { l.look(ctx, current, there, ledger, asked, last) })
}

// held tells whether the agent was seen to be withheld by us.
func held(entry *filters.LedgerEntry) bool {
	return entry != nil && entry.Hold == filters.HoldHeld && entry.State == filters.StateVerified
}

func (l *looks) look(ctx context.Context, current *watch, agent filters.Agent, ledger int64, asked []filters.Task, last bool) {
	ctx, cancel := context.WithTimeout(ctx, lookMost)
	defer cancel()
	next := &finding{began: l.config.Service.Now()}
	work, err := l.config.Agents.Look(ctx, agent)
	if err != nil {
		work = filters.Work{Unseen: refusal(err)}
	}
	next.work = work
	next.stays = l.weigh(ctx, agent.ID, work, asked, last, next.began)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	current.busy = false
	if ctx.Err() != nil {
		return
	}
	next.follow(current, ledger)
	next.failed = map[taskKey]string{}
	for _, stay := range next.stays {
		if why := l.failed[keyOf(stay.Task)]; why != "" {
			next.failed[keyOf(stay.Task)] = why
		}
	}
	current.found, current.ledger = next, ledger
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}

// weigh has the frameworks tell what may move. What may is granted: no other agent's look is told the same of its app.
func (l *looks) weigh(ctx context.Context, agent filters.AgentID, work filters.Work, asked []filters.Task, last bool, now time.Time) []filters.Stay {
	if l.config.Mover == nil {
		var stays []filters.Stay
		for _, task := range work.Tasks {
			stays = append(stays, filters.Stay{Task: task, Why: "waits for its people"})
		}
		return stays
	}
	l.weighing.Lock()
	defer l.weighing.Unlock()
	moving := slices.Clone(asked)
	l.mutex.Lock()
	for key := range l.granted {
		moving = append(moving, filters.Task{Framework: key.framework, ID: key.id})
	}
	l.mutex.Unlock()
	stays := l.config.Mover.Weigh(ctx, agent, work, moving, last)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, stay := range stays {
		if stay.Ready {
			l.granted[keyOf(stay.Task)] = now
		}
	}
	return stays
}

// follow adds what the looks before found. An agent whose withholding was renewed since then begins anew.
func (f *finding) follow(current *watch, ledger int64) {
	before := current.found
	if before == nil {
		before = &finding{}
	}
	if f.work.Done() {
		f.empty = 1
		if current.ledger == ledger {
			f.empty += before.empty
		}
	}
	if f.work.Unseen != "" {
		if f.unseen = before.unseen; f.unseen.IsZero() {
			f.unseen = f.began
		}
	}
	f.pending = map[string]time.Time{}
	for _, operation := range f.work.Operations {
		since, known := before.pending[operation.ID]
		if !known {
			since = f.began
		}
		f.pending[operation.ID] = since
	}
}
