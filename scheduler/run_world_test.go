package scheduler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

// runWorld is a cluster, a store, people at a desk, and one leader at a time, all in a bubble of time.
type runWorld struct {
	*shelves
	t       *testing.T
	desk    *Desk
	config  *Config // the people's
	service *filters.Service
	limits  filters.LimitConfig
	freezes *Calendar
	denied  func(filters.Actor) bool
	needs   int // how many must say yes to a run of a person's
	ctx     context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup
	keys    int

	machines sync.Mutex
	agents   []filters.Agent
	departed []filters.Departed
	roster   *filters.Roster
	tasks    map[filters.AgentID]map[string]int // that run, by framework; nil: not known
	observe  bool                               // the reconciler only observes
	oldest   map[filters.AgentID]time.Time      // when the oldest task on an agent began
	allow    []filters.Verb
	blind    bool // the master cannot be read
	stuck    bool // the reconciler rests

	leading   *process
	hooks     func(call Call) Answer // what webhooks do
	polled    func(call Call) Answer
	repeats   bool
	calls     map[string]int
	workAfter map[string]int // calls that did their work
	floor     *floor         // what runs on the agents; nil: they cannot be looked at
}

const readEvery = 30 * time.Second

// inWorld runs a test in a world with so many agents, two on each rack.
func inWorld(t *testing.T, agents int, test func(w *runWorld)) {
	t.Helper()
	inWorldOf(t, agents, func(*runWorld) {}, test)
}

// inWorldOf runs a test in a world that was changed before it began.
func inWorldOf(t *testing.T, agents int, change, test func(w *runWorld)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newRunWorld(t, agents)
		change(w)
		w.open()
		defer w.close()
		test(w)
	})
}

func newRunWorld(t *testing.T, agents int) *runWorld {
	w := &runWorld{shelves: newShelves(), t: t, calls: map[string]int{}, workAfter: map[string]int{}, leading: &process{}}
	for i := range agents {
		w.agents = append(w.agents, filters.Agent{
			ID: filters.AgentID(fmt.Sprintf("S%02d", i)), Hostname: fmt.Sprintf("web-%02d", i), IP: "10.0.0.1", Active: true, Registered: time.Now().UTC(),
			Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", i/2)}}, Resources: filters.Resources{CPUs: 8, MemMB: 1000},
		})
	}
	w.hooks = func(Call) Answer { return Answer{Outcome: AnswerDone} }
	w.polled = func(Call) Answer { return Answer{Outcome: AnswerDone} }
	return w
}

// open starts the cluster and the desk.
func (w *runWorld) open() {
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.read()
	w.config = w.replica(&process{kill: func() {}})
	w.service = w.config.Service.(*filters.Service)
	w.desk = NewDesk(w.config)
	w.workers.Go(func() {
		for pause(w.ctx, readEvery) {
			w.read()
		}
	})
	w.workers.Go(func() {
		for turned := w.config.Book.Turned(); pause(w.ctx, time.Second); turned = w.config.Book.Turned() {
			if !w.reconcile() {
				continue
			}
			select {
			case <-turned:
			case <-w.ctx.Done():
			}
		}
	})
}

func (w *runWorld) close() {
	w.stop()
	w.workers.Wait()
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// replica is what a process has: a book, a service, and webhooks that die with it.
func (w *runWorld) replica(p *process) *Config {
	book := w.attach()
	service := filters.NewService(filters.ServiceConfig{Cluster: "prod", Limits: w.limits, Store: &pen{w.shelves, p}, Book: book, State: w, Gate: w})
	config := &Config{Cluster: "prod", Replica: "one", Service: service, Book: book, Roster: w.Roster, Freezes: w.freezes, Webhooks: &hookDouble{w, p}, Tasks: w.Tasks, Oldest: w.Oldest, Allow: w.allow, Observe: w.observe}
	if w.floor != nil {
		config.Agents, config.Mover = &floorDouble{w, p}, &floorDouble{w, p}
	}
	return config
}

// lead lets one replica lead after the other: when one has died, the next takes over 15 s later. The first dies after so many
// steps; 0: it lives.
func (w *runWorld) lead(dies int) {
	w.workers.Go(func() {
		for w.ctx.Err() == nil {
			ctx, kill := context.WithCancel(w.ctx)
			p := &process{left: dies, kill: kill}
			w.machines.Lock()
			w.leading = p
			w.machines.Unlock()
			_ = New(w.replica(p)).Run(ctx, w.acquire())
			kill()
			dies = 0
			pause(w.ctx, 15*time.Second)
		}
	})
}

func (w *runWorld) Roster() *filters.Roster {
	w.machines.Lock()
	defer w.machines.Unlock()
	return w.roster
}
func (w *runWorld) Tasks(agent filters.AgentID) (map[string]int, bool) {
	w.machines.Lock()
	defer w.machines.Unlock()
	return w.tasks[agent], w.tasks != nil
}
func (w *runWorld) Oldest(agent filters.AgentID) time.Time {
	w.machines.Lock()
	defer w.machines.Unlock()
	return w.oldest[agent]
}
func (w *runWorld) Condition() filters.Condition {
	return filters.Condition{Backend: filters.BackendOperator}
}
func (w *runWorld) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (*runWorld) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }
func (w *runWorld) Decide(_ context.Context, ask filters.Ask) (filters.Needs, error) {
	w.machines.Lock()
	defer w.machines.Unlock()
	if w.denied != nil && w.denied(ask.Actor) {
		return filters.Needs{}, &filters.Error{Code: filters.Denied, Wrong: "you may look, not change"}
	}
	if ask.Plan.Kind == filters.PlanRun {
		return filters.Needs{Approvals: w.needs, From: filters.JurorsApprovers}, nil
	}
	return filters.Needs{}, nil
}
func (w *runWorld) deny(who func(filters.Actor) bool) {
	w.machines.Lock()
	defer w.machines.Unlock()
	w.denied = who
}
func (w *runWorld) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

// read takes a reading of the master.
func (w *runWorld) read() {
	w.machines.Lock()
	defer w.machines.Unlock()
	if w.blind {
		return
	}
	w.roster = filters.NewRoster(filters.View{Cluster: "prod", Began: time.Now().UTC(), Ended: time.Now().UTC(), Backend: filters.BackendOperator, Agents: slices.Clone(w.agents), Departed: slices.Clone(w.departed)})
}

// change changes an agent as the master has it; it is listed no more if the change says false.
func (w *runWorld) change(host string, change func(*filters.Agent) bool) {
	w.machines.Lock()
	defer w.machines.Unlock()
	for i := range w.agents {
		if w.agents[i].Hostname == host && !change(&w.agents[i]) {
			w.agents = slices.Delete(w.agents, i, i+1)
			return
		}
	}
}

// lose makes an agent unreachable: it is in no list, and remembered.
func (w *runWorld) lose(host string) (id filters.AgentID) {
	w.change(host, func(a *filters.Agent) bool {
		id = a.ID
		w.departed = append(w.departed, filters.Departed{Agent: filters.Agent{ID: a.ID, Hostname: a.Hostname, IP: a.IP, Port: a.Port}, Since: time.Now().UTC()})
		return false
	})
	wait(readEvery)
	return id
}

func (w *runWorld) restart(host string) {
	w.change(host, func(a *filters.Agent) bool { a.Registered = time.Now().UTC(); return true })
}

// reconcile does what the reconciler does: withholds, gives back and settles. False: the store is away.
func (w *runWorld) reconcile() bool {
	w.machines.Lock()
	stuck := w.stuck
	w.machines.Unlock()
	if stuck {
		return true
	}
	w.mutex.Lock()
	commit := filters.Commit{}
	standing, drains := map[filters.AgentID]bool{}, map[filters.AgentID]string{}
	for _, filter := range w.filters {
		standing[filter.Agent] = standing[filter.Agent] || filter.Stands()
		if filter.Mode == filters.ModeDrain {
			drains[filter.Agent] = filter.ID
		}
	}
	for _, filter := range w.filters {
		switch {
		case !filter.Stands():
			commit.SettleFilter(filter, filters.Event{Kind: filters.KindGave})
		case w.observe:
		case filter.State != filters.StateVerified:
			filter.State = filters.StateVerified
			commit.PutFilter(filter, filters.Event{Kind: filters.KindTook})
		}
	}
	for agent, stands := range standing {
		if _, held := w.ledger[agent]; stands && !held && !w.observe {
			commit.PutLedger(filters.LedgerEntry{Agent: agent, Hold: filters.HoldHeld, State: filters.StateVerified, DrainSent: drains[agent]}, filters.Event{Kind: filters.KindTook})
			w.flag(agent, true)
		}
	}
	for agent, entry := range w.ledger {
		if !standing[agent] {
			entry.Hold = filters.HoldFree
			commit.PutLedger(entry, filters.Event{Kind: filters.KindGave})
			w.flag(agent, false)
		}
	}
	w.mutex.Unlock()
	if len(commit.Events) == 0 {
		return true
	}
	_, err := w.write(commit)
	return err == nil
}

func (w *runWorld) flag(id filters.AgentID, withheld bool) {
	w.machines.Lock()
	defer w.machines.Unlock()
	for i := range w.agents {
		if w.agents[i].ID == id {
			w.agents[i].Active, w.agents[i].Deactivated = !withheld, withheld
		}
	}
}

// hookDouble is the webhooks of one process.
type hookDouble struct {
	*runWorld
	process *process
}

func (h *hookDouble) Repeats(name string) (repeats, known bool) { return h.repeats, name == "reboot" }

func (h *hookDouble) Call(ctx context.Context, _ string, call Call) Answer {
	if !h.process.step() {
		<-ctx.Done()
		return Answer{}
	}
	h.machines.Lock()
	h.calls[call.Key]++
	h.machines.Unlock()
	answer := h.hooks(call)
	if !pause(ctx, 3*time.Second) || !h.process.step() {
		<-ctx.Done()
	}
	return answer
}

func (h *hookDouble) Poll(ctx context.Context, _ string, call Call, address string) Answer {
	if address != "job/"+call.Key || !pause(ctx, 3*time.Second) || !h.process.step() {
		return Answer{Outcome: AnswerFailed, Why: "asked at " + address}
	}
	return h.polled(call)
}

func (w *runWorld) request(user string, hosts ...string) filters.Request {
	w.keys++
	request := filters.Request{Actor: filters.Actor{ID: "user:" + user, User: user}, Key: fmt.Sprintf("trigger-%d", w.keys), Cause: filters.CauseCommand, Reason: "firmware"}
	for _, host := range hosts {
		request.Targets = append(request.Targets, filters.Target{Name: host})
	}
	return request
}

// start starts a run over the hosts, all of them if none is named, and returns its ID.
func (w *runWorld) start(procedure Procedure, hosts ...string) string {
	w.t.Helper()
	if len(hosts) == 0 {
		hosts = []string{"*"}
	}
	listing, err := w.desk.StartRun(context.Background(), w.request("UALICE", hosts...), RunRequest{Procedure: procedure})
	if err != nil {
		w.t.Fatal(err)
	}
	return listing.State.ID
}

func (w *runWorld) run(id string) RunListing {
	w.t.Helper()
	listing, err := w.desk.Run(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return listing
}

// phases are those of the run's agents, in order, with the run's own in front.
func (w *runWorld) phases(id string) string {
	listing := w.run(id)
	words := []string{string(listing.State.Phase) + ":"}
	for _, agent := range listing.Agents {
		words = append(words, string(agent.Phase))
	}
	return strings.Join(words, " ")
}

func (w *runWorld) want(id, phases string) {
	w.t.Helper()
	if got := w.phases(id); got != phases {
		w.t.Errorf("after %s: got  %s\nwant %s", time.Since(w.run(id).State.Started), got, phases)
	}
}

// agent is the run's agent on the host.
func (w *runWorld) agent(id, host string) RunAgent {
	w.t.Helper()
	for _, agent := range w.run(id).Agents {
		if agent.Hostname == host {
			return agent
		}
	}
	w.t.Fatalf("%s is not in run %s", host, id)
	return RunAgent{}
}

// withheld are the hosts under standing filters.
func (w *runWorld) hostsHeld() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var hosts []string
	for _, filter := range w.filters {
		if filter.Stands() {
			hosts = append(hosts, filter.Hostname)
		}
	}
	slices.Sort(hosts)
	return strings.Join(slices.Compact(hosts), " ")
}

// wait lets so much time pass, and everything come to rest that happens then.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
