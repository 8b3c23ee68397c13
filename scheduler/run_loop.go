package scheduler

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// runPasses bounds how often one run is turned to in one step, and partsMost how many of its agents change in one commit:
	// with their filters they fit into one script.
	runPasses = 64
	partsMost = 200
	// lookSoon is how soon a run is looked at again of which an agent waits to be seen or for room; lookLater one that nothing
	// is expected of but patience.
	lookSoon  = 5 * time.Second
	lookLater = 30 * time.Second
	// runLife is how long a run is kept after it is over, orphanLife an agent whose run is not there.
	runLife    = 7 * 24 * time.Hour
	orphanLife = time.Hour
)

// runs goes on with every run of a cluster, on the leader. It holds nothing that another replica would need.
type runs struct {
	config  *Config
	log     *slog.Logger
	archive *archive
	calls   *calls
	looks   *looks
	nudged  <-chan struct{}      // gets a value when a webhook has answered
	rests   map[string]time.Time // runs whose last commit was refused, until they are turned to again
	blocked map[string]block     // runs of which nothing could begin
}

// block is why nothing begins of a run, until it is tried again.
type block struct {
	until time.Time
	why   string
}

func newRuns(config *Config) *runs {
	log := config.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	faulty := func(record *filters.Record, err error) {
		log.Error("a run's record cannot be read; it is left alone", "shelf", record.Shelf, "name", record.Name, "error", err)
	}
	calls := newCalls(config)
	return &runs{config: config, log: log, archive: newArchive(config.Book, faulty), calls: calls, looks: newLooks(config, calls.nudged), nudged: calls.nudged, rests: map[string]time.Time{}, blocked: map[string]block{}}
}

// rest waits until no webhook is called and no agent looked at any more. To be called when the context of every step has ended.
func (r *runs) rest() {
	r.calls.workers.Wait()
	r.looks.workers.Wait()
}

// step does everything that is due for every run and returns when to be called again at the latest; zero: when the book
// moves. Webhooks that it lets call are called until ctx ends.
func (r *runs) step(ctx context.Context, now time.Time, term int64) time.Time {
	now = now.UTC()
	all, orphans := r.archive.going()
	var next time.Time
	for _, run := range all {
		next = first(next, r.goOn(ctx, run, now, term))
	}
	next = first(next, r.sweep(ctx, orphans, now, term))
	all, _ = r.archive.going()
	r.calls.tend(ctx, all)
	r.looks.tend(ctx, all, now)
	return next
}

// first returns the earlier of the times; zero is none.
func first(x, y time.Time) time.Time {
	if x.IsZero() || !y.IsZero() && y.Before(x) {
		return y
	}
	return x
}

// goOn turns to a run until nothing is due for it, and returns when something may be.
func (r *runs) goOn(ctx context.Context, run *going, now time.Time, term int64) time.Time {
	id := run.state.ID
	if run.state.Phase.Over() {
		return r.clear(ctx, run, now, term)
	}
	if rests := r.rests[id]; rests.After(now) {
		return rests
	}
	course, err := chart(&run.state)
	if err != nil {
		r.log.Error("a run's procedure cannot be read; it is left alone", "run", id, "error", err)
		return time.Time{}
	}
	for range runPasses {
		if !run.whole() || run.state.Phase.Over() {
			return time.Time{}
		}
		next := r.due(run, course, now)
		if next == nil {
			return course.wake(run, now)
		}
		if err := r.commit(ctx, next, term); err != nil {
			return r.refused(run, next, err, now)
		}
		if run = r.find(id); run == nil {
			return time.Time{}
		}
	}
	return now.Add(lookSoon)
}

func (r *runs) find(id string) *going {
	all, _ := r.archive.going()
	for _, run := range all {
		if run.state.ID == id {
			return run
		}
	}
	return nil
}

// due returns what is to be done for the run now, nil if nothing is: first what is under way, then the run's own end, then
// what begins. What begins is a commit of its own, which limits and freezes may refuse.
func (r *runs) due(run *going, course *course, now time.Time) *progress {
	next := &progress{run: run, asked: map[filters.AgentID]string{}}
	for i := range run.agents {
		agent := &run.agents[i]
		if agent.Phase.Over() || len(next.agents) == partsMost {
			continue
		}
		sight := r.sight(run, course, agent)
		if after, changed := course.advance(&run.state, agent.RunAgent, sight, now); changed {
			next.take(agent, after)
		}
	}
	if len(next.agents) > 0 {
		return next
	}
	kept := func(agent *part) bool { return r.config.withholds(&run.state, &agent.RunAgent) }
	if state, outcome := course.judge(run.state, run.agents, kept, now); outcome != "" {
		next.state, next.outcome = &state, outcome
		return next
	}
	return r.beginning(run, course, next, now)
}

// beginning is what begins of the run. Where nothing does, it is tried again a little later: limits are counted over the
// whole cluster.
func (r *runs) beginning(run *going, course *course, next *progress, now time.Time) *progress {
	waiting, free := course.candidates(run)
	if free == 0 || len(waiting) == 0 {
		return nil
	}
	why := r.blocked[run.state.ID].why
	if !r.blocked[run.state.ID].until.After(now) {
		scout := r.scout(run, course, now)
		begin := course.begin(run, scout, now)
		next.begin(&begin)
		next.room = scout.taken
		why = begin.why
		delete(r.blocked, run.state.ID)
		if len(begin.begun) == 0 && why != "" {
			r.blocked[run.state.ID] = block{now.Add(lookSoon), why}
		}
	}
	if why != run.state.Why {
		next.hold(run.state, why)
	}
	if len(next.agents) == 0 && next.state == nil {
		return nil
	}
	return next
}

// sight is what is seen of an agent under way.
func (r *runs) sight(run *going, course *course, agent *part) *sight {
	book, roster := r.config.Book, r.config.Roster()
	s := &sight{observe: r.config.Observe, asOf: roster.AsOf(), agent: roster.Agent(agent.current())}
	if agent.Phase == AgentWaiting {
		return s
	}
	if r.config.Condition != nil {
		s.trouble = r.config.Condition().Trouble
	}
	_, moves := run.state.moves(&agent.RunAgent)
	if moves {
		s.looks, s.found = r.config.Agents != nil, r.looks.found(agent.Key)
	}
	if moves || run.state.Drain != nil {
		s.tasks = r.tasks(agent.current())
		if oldest := r.config.Oldest; oldest != nil {
			s.oldest = func() time.Time { return oldest(agent.current()) }
		}
	}
	key := filters.FilterKey{Agent: agent.current(), Mode: run.state.Mode, Owner: run.state.owner()}
	s.filter, s.ledger, s.freed, s.gone = book.Filter(key), book.Ledger(key.Agent), book.Freed(key.Agent), book.Gone(key.Agent)
	for _, other := range book.Standing(key.Agent) {
		s.others = s.others || other.Owner != key.Owner
	}
	if s.filter == nil {
		s.moved = r.moved(run, agent)
	}
	if agent.Phase == AgentStepping && course.Steps[agent.Step].Kind == StepWebhook {
		r.calls.look(s, &agent.RunAgent, course.Steps[agent.Step].Webhook)
	}
	return s
}

// moved is where the agent's filter went with its host, which came back under another agent ID.
func (r *runs) moved(run *going, agent *part) filters.AgentID {
	for _, filter := range r.config.Book.Filters() {
		if filter.Owner != run.state.owner() || !filter.Stands() || !strings.EqualFold(filter.Hostname, agent.Hostname) {
			continue
		}
		if !slices.ContainsFunc(run.agents, func(p part) bool { return p.current() == filter.Agent }) {
			return filter.Agent
		}
	}
	return ""
}

func (r *runs) scout(run *going, course *course, now time.Time) *scout {
	s := &scout{
		roster: r.config.Roster(), foreign: r.config.foreign, busy: map[filters.AgentID]bool{}, frozen: r.config.halted(now, run.state.window()),
	}
	if drain := run.state.Drain; drain != nil {
		if run.state.kills() {
			s.reached = func(agent *RunAgent) *filters.Agent { return reached(s.roster, agent, drain) }
		}
		if lock := r.config.Book.Lock(); lock != nil && s.frozen == "" {
			s.frozen = "locked, so nothing is killed: " + lock.Cause
		}
	}
	if run.state.kills() && !run.state.Drain.Gone {
		s.scheduled = func(agent *filters.Agent) bool {
			return r.config.Book.Record(filters.ShelfMachines, agent.Machine().Name()) != nil
		}
	}
	all, _ := r.archive.going()
	for _, other := range all {
		if outranks(&run.state, &other.state) {
			continue
		}
		for i := range other.agents {
			if agent := &other.agents[i]; agent.Phase.UnderWay() {
				s.busy[agent.current()] = true
			}
		}
	}
	s.room = func(agent *filters.Agent) string {
		if s.taken == nil {
			s.taken = r.config.room(course.most, course.per)
		}
		return s.taken.Take(agent)
	}
	return s
}

// wake is when something may be due for the run that no change of the book tells of.
func (c *course) wake(run *going, now time.Time) time.Time {
	var next time.Time
	for i := range run.agents {
		switch agent := &run.agents[i]; {
		case agent.Phase == AgentWithholding && run.state.kills():
			next = first(next, now.Add(progressEvery))
		case agent.Phase == AgentWithholding, agent.Phase == AgentGiving:
			next = first(next, now.Add(lookLater))
		case agent.Phase == AgentReturning, agent.Phase == AgentStepping && c.Steps[agent.Step].Kind == StepMove:
			next = first(next, now.Add(lookSoon))
		case agent.Phase == AgentStepping && c.Steps[agent.Step].Kind == StepWait:
			next = first(next, agent.Since.Add(c.Steps[agent.Step].Wait))
		}
	}
	if waiting, free := c.candidates(run); free > 0 && len(waiting) > 0 {
		next = first(next, now.Add(lookSoon))
	}
	for _, edge := range []time.Time{run.state.NoNew, run.state.Until} {
		if edge.After(now) {
			next = first(next, edge)
		}
	}
	return next
}

// clear removes the records of a run that has been over for long enough.
func (r *runs) clear(ctx context.Context, run *going, now time.Time, term int64) time.Time {
	delete(r.rests, run.state.ID)
	delete(r.blocked, run.state.ID)
	if at := run.state.Ended.Add(runLife); now.Before(at) {
		return at
	}
	for agents := range slices.Chunk(run.agents, partsMost) {
		if err := r.commit(ctx, &progress{run: run, agents: agents, removed: true}, term); err != nil {
			return r.refused(run, &progress{}, err, now)
		}
	}
	state := run.state
	if err := r.commit(ctx, &progress{run: run, state: &state, outcome: outcomeForgotten, removed: true}, term); err != nil {
		return r.refused(run, &progress{}, err, now)
	}
	return time.Time{}
}

// sweep removes agents whose run is not there: what is left of one whose removal was cut short.
func (r *runs) sweep(ctx context.Context, orphans []part, now time.Time, term int64) time.Time {
	var next time.Time
	old := slices.DeleteFunc(slices.Clone(orphans), func(p part) bool {
		if at := p.Since.Add(orphanLife); now.Before(at) {
			next = first(next, at)
			return true
		}
		return false
	})
	for agents := range slices.Chunk(old, partsMost) {
		run := &going{state: RunState{ID: agents[0].Run}}
		if err := r.commit(ctx, &progress{run: run, agents: agents, removed: true}, term); err != nil {
			return r.refused(run, &progress{}, err, now)
		}
	}
	return next
}
