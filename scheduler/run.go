package scheduler

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// mostAgents is how many agents one run goes over.
const mostAgents = 5000

// going is a run with its agents, as the book has them. It is not changed.
type going struct {
	state    RunState
	revision int64
	agents   []part // by order
}

// part is one agent of a run, with the revision of its record.
type part struct {
	RunAgent
	revision int64
}

// startOf is the run of an occurrence, with its agents. The same occurrence gives the same ID, so that it is started once.
func startOf(occurrence Occurrence, window *Window, agents []*filters.Agent, now time.Time) (RunState, []RunAgent) {
	run := RunState{
		Schema: 1, ID: filters.DerivedID("r-", occurrence.Name()), Phase: RunGoing, By: string(occurrence.Owner()), Reason: window.Definition.Reason,
		Started: now, Mode: window.Mode, Procedure: *window.Definition.Run, NoNew: occurrence.End.Add(-window.Cutoff), Until: occurrence.End, Stop: window.Stop,
		MaxUnavailable: window.Definition.MaxUnavailable, Per: window.Definition.MaxUnavailablePer, Agents: len(agents),
	}
	if window.Drain != nil {
		drain := *window.Drain
		run.Drain, run.Deadline = &drain, Duration(window.Deadline)
	}
	return run, lineUp(&run, agents)
}

// lineUp orders the agents of a run: batch by batch, and by hostname. Those without the attribute are the last batch.
func lineUp(run *RunState, agents []*filters.Agent) []RunAgent {
	line := make([]RunAgent, len(agents))
	for i, agent := range agents {
		line[i] = RunAgent{Schema: 1, Run: run.ID, Agent: agent.ID, Hostname: agent.Hostname, Phase: AgentWaiting, Since: run.Started}
		if run.Procedure.BatchBy != "" {
			line[i].Batch = agent.Attribute(run.Procedure.BatchBy)
		}
	}
	slices.SortFunc(line, func(x, y RunAgent) int {
		if (x.Batch == "") != (y.Batch == "") {
			return strings.Compare(y.Batch, x.Batch)
		}
		return cmp.Or(strings.Compare(x.Batch, y.Batch), strings.Compare(x.Hostname, y.Hostname), strings.Compare(string(x.Agent), string(y.Agent)))
	})
	for i := range line {
		line[i].Order = i
	}
	return line
}

// course is a run's procedure and limit, checked.
type course struct {
	*CompiledProcedure
	most filters.LimitValue
	per  string
	// keep leaves agents withheld that are done, deadline is when the channel is told what holds one up that tasks move off; 0:
	// never.
	keep     bool
	deadline time.Duration
}

func chart(run *RunState) (*course, error) {
	procedure, problems := CompileProcedure(run.Procedure)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	c := &course{CompiledProcedure: procedure, per: run.Per, keep: run.Keep, deadline: time.Duration(run.Deadline)}
	if run.MaxUnavailable == "" {
		return c, nil
	}
	most, err := parseLimit(run.MaxUnavailable)
	c.most = most
	return c, err
}

// count is how many agents of a run stand where.
type count struct{ done, failed, doing, left, skipped int }

func tally(agents []part) count {
	var c count
	for i := range agents {
		switch phase := agents[i].Phase; {
		case phase == AgentDone:
			c.done++
		case phase == AgentFailed:
			c.failed++
		case phase == AgentSkipped:
			c.skipped++
		case phase == AgentWaiting:
			c.left++
		default:
			c.doing++
		}
	}
	return c
}

// estimate is how long the run takes from now on, if every agent takes as long as the median of those that are done: 0 if
// none is. Batches come one after the other.
func estimate(c *course, agents []part, now time.Time) time.Duration {
	var took []time.Duration
	for i := range agents {
		if agent := &agents[i]; agent.Phase == AgentDone {
			took = append(took, agent.Since.Sub(agent.Begun))
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	each, left, waiting := took[len(took)/2], map[string][]time.Duration{}, map[string]int{}
	for i := range agents {
		switch agent := &agents[i]; {
		case agent.Phase == AgentWaiting:
			waiting[agent.Batch]++
		case agent.Phase.UnderWay():
			left[agent.Batch] = append(left[agent.Batch], max(0, each-now.Sub(agent.Begun)))
		}
	}
	for batch := range waiting {
		left[batch] = append(left[batch], make([]time.Duration, max(0, c.Parallel-len(left[batch])))...)
	}
	sum := time.Duration(0)
	for batch, places := range left {
		sum += longestPlace(places, waiting[batch], each)
	}
	return sum.Round(time.Second)
}

// longestPlace is when the last of the waiting agents is done, if each takes the place that is free first.
func longestPlace(places []time.Duration, waiting int, each time.Duration) time.Duration {
	slices.Sort(places)
	last := time.Duration(0)
	for i, free := range places {
		last = max(last, free+time.Duration((waiting-i+len(places)-1)/len(places))*each)
	}
	return last
}

// foreseen is how long a run takes at least that has not begun; 0 if that depends on people or webhooks.
func foreseen(c *course, agents []RunAgent) time.Duration {
	each := c.Soak
	for _, step := range c.Steps {
		if step.Kind != StepWait {
			return 0
		}
		each += step.Wait
	}
	batches := map[string]float64{}
	for i := range agents {
		batches[agents[i].Batch]++
	}
	sum := 0.0
	for _, agents := range batches {
		sum += math.Ceil(agents / float64(c.Parallel))
	}
	return time.Duration(sum * float64(each))
}

// archive reads the runs of a book, each record once for each of its versions. It is not safe for concurrent use.
type archive struct {
	book    *filters.Book
	faulty  func(record *filters.Record, err error)
	version [2]uint64
	runs    map[string]read[RunState]
	agents  map[string]read[RunAgent]
	all     []*going
	orphans []part
}

// read is a record and what it says.
type read[S any] struct {
	record *filters.Record
	state  S
	err    error
}

func newArchive(book *filters.Book, faulty func(*filters.Record, error)) *archive {
	return &archive{book: book, faulty: faulty}
}

// going returns every run, the oldest first, and the agents of runs that are not there.
func (a *archive) going() (all []*going, orphans []part) {
	version := [2]uint64{a.book.Shelved(filters.ShelfRuns), a.book.Shelved(filters.ShelfRunAgents)}
	if a.runs != nil && version == a.version {
		return a.all, a.orphans
	}
	a.version = version
	a.agents = reread(a.agents, a.book.Records(filters.ShelfRunAgents), a.faulty)
	a.runs = reread(a.runs, a.book.Records(filters.ShelfRuns), a.faulty)
	a.assemble()
	return a.all, a.orphans
}

func (a *archive) assemble() {
	a.all, a.orphans = nil, nil
	byID := make(map[string]*going, len(a.runs))
	for id, run := range a.runs {
		if run.err == nil {
			byID[id] = &going{state: run.state, revision: run.record.Revision}
			a.all = append(a.all, byID[id])
		}
	}
	for _, agent := range a.agents {
		switch run := byID[agent.state.Run]; {
		case agent.err != nil:
		case run == nil:
			a.orphans = append(a.orphans, part{agent.state, agent.record.Revision})
		default:
			run.agents = append(run.agents, part{agent.state, agent.record.Revision})
		}
	}
	for _, run := range a.all {
		slices.SortFunc(run.agents, func(x, y part) int { return cmp.Compare(x.Order, y.Order) })
	}
	slices.SortFunc(a.all, func(x, y *going) int {
		return cmp.Or(x.state.Started.Compare(y.state.Started), strings.Compare(x.state.ID, y.state.ID))
	})
}

// reread decodes the records that changed.
func reread[S any](known map[string]read[S], records []*filters.Record, faulty func(*filters.Record, error)) map[string]read[S] {
	fresh := make(map[string]read[S], len(records))
	for _, record := range records {
		entry := known[record.Name]
		if entry.record != record {
			entry.record = record
			if entry.state, entry.err = decode[S](record); entry.err != nil {
				faulty(record, entry.err)
			}
		}
		fresh[record.Name] = entry
	}
	return fresh
}

// whole tells whether the book has all agents of the run: entries of one commit may come to it one after the other.
func (g *going) whole() bool { return len(g.agents) == g.state.Agents }

// subject is whose message tells of the run, and owner owns its filters.
func (r *RunState) subject() string      { return "run:" + r.ID }
func (r *RunState) owner() filters.Owner { return filters.Owner("run:" + r.ID) }

// window is the name of the window that the run is of; empty: it is a run of its own.
func (r *RunState) window() string {
	if owner := filters.Owner(r.By); owner.Kind() == "window" {
		name, _, _ := strings.Cut(owner.Name(), "/")
		return name
	}
	return ""
}

// told is the run's record as it shall be, and the entry of its outcome.
func (r *RunState) told(revision int64, outcome string) filters.Told {
	return filters.Told{
		Record: filters.Record{Shelf: filters.ShelfRuns, Name: r.ID, Body: encode(r), Revision: revision},
		Event:  filters.Event{Kind: filters.KindRun, Subject: r.subject(), Outcome: outcome, Reason: r.Why},
	}
}

// told is the agent's record as it shall be, and the entry of its phase. An entry about a confirmation has the
// confirmation's subject.
func (a *RunAgent) told(revision int64, confirmation string) filters.Told {
	subject := "run:" + a.Run
	if confirmation != "" {
		subject = "confirm:" + confirmation
	}
	return filters.Told{
		Record: filters.Record{Shelf: filters.ShelfRunAgents, Name: a.record(), Body: encode(a), Revision: revision},
		Event: filters.Event{
			Kind: filters.KindRunAgent, Subject: subject, Agent: a.Agent, Host: a.Hostname, Outcome: string(a.Phase), Reason: a.Why,
		},
	}
}

func (a *RunAgent) record() string { return a.Run + " " + string(a.Agent) }
