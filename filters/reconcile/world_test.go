package reconcile_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/filters/reconcile"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const callTimeout = 10 * time.Second

// process is one replica's life. It can be made to die at any of its steps, before or after what the step does.
type process struct {
	mutex sync.Mutex
	term  int64
	left  int // steps until it dies; 0: none are counted
	dead  bool
	kill  context.CancelFunc
}

// step counts one step and tells whether the process lives.
func (p *process) step() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.left > 0 {
		if p.left--; p.left == 0 {
			p.dead = true
			p.kill()
		}
	}
	return !p.dead
}

func (p *process) alive() bool { p.mutex.Lock(); defer p.mutex.Unlock(); return !p.dead }

func (p *process) dieIn(steps int) { p.mutex.Lock(); defer p.mutex.Unlock(); p.left = steps }

// world is a cluster, a store, a Service for people and one leader at a time.
type world struct {
	*cluster
	*memory
	service *filters.Service
	// primitives are the master's maintenance primitives and desk where people ask for them; nil: there are none.
	primitives *primitives
	desk       *operation.Desk
	leader     *process
	observe    bool
	approvals  int                  // how many others must say yes to what machines are to undergo
	left       func() time.Duration // of the leadership; nil: as long as it lives
	loop       *reconcile.Reconciler
	stop       context.CancelFunc
	workers    sync.WaitGroup
	keys       int
	meter      reconcile.Meter
}

// permissive lets everybody do everything, once so many others have said yes to what can wait for it.
type permissive struct{ approvals int }

func (p permissive) Decide(_ context.Context, ask filters.Ask) (filters.Needs, error) {
	if ask.Plan.Kind != filters.PlanMachines || p.approvals == 0 {
		return filters.Needs{}, nil
	}
	return filters.Needs{Approvals: p.approvals, From: filters.JurorsApprovers}, nil
}
func (permissive) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (permissive) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }

func (permissive) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

// newWorld starts a world in a synctest bubble; close ends it.
func newWorld(agents int) *world {
	w := &world{cluster: newCluster(agents), memory: newMemory()}
	w.cluster.judge = w.judgeGive
	return w
}

func (w *world) start() *world {
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	people := &process{kill: func() {}}
	book := filters.NewBook()
	w.workers.Go(func() { w.follow(ctx, book) })
	state := w.hand(people)
	w.workers.Go(func() { // people see the cluster as it was a moment ago
		for pause(ctx, 5*time.Second) {
			w.cluster.mutex.Lock()
			state.roster = filters.NewRoster(w.view(time.Now().UTC()))
			w.cluster.mutex.Unlock()
		}
	})
	w.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Store: &pen{w.memory, people}, Book: book, State: state, Gate: permissive{w.approvals}})
	if w.primitives != nil {
		w.desk = operation.NewDesk(w.maintenance(book, state))
	}
	w.lead(ctx, 0)
	return w
}

// lead starts leaders one after the other: when one has died, the next takes over when its lease has run out.
func (w *world) lead(ctx context.Context, wait time.Duration) {
	w.workers.Go(func() {
		var previous time.Time
		for ctx.Err() == nil {
			w.leadOnce(ctx, previous)
			previous = w.Now().Add(15 * time.Second)
			if !pause(ctx, 15*time.Second) {
				return
			}
		}
	})
}

func (w *world) leadOnce(ctx context.Context, previous time.Time) {
	living, kill := context.WithCancel(ctx)
	defer kill()
	p := &process{term: w.acquire(), kill: kill}
	book := filters.NewBook()
	var following sync.WaitGroup
	following.Go(func() { w.follow(living, book) })
	defer following.Wait()
	defer kill()
	if !pause(living, 2*latency) { // the book is loaded before a replica leads
		return
	}
	var loop *reconcile.Reconciler
	hand := w.hand(p)
	config := reconcile.Config{
		Cluster: "prod", Replica: fmt.Sprintf("replica-%d", p.term), Book: book, Master: hand, Recorder: &pen{w.memory, p},
		Observe: w.observe, CallTimeout: callTimeout, Meter: w.meter, Published: func() []byte { return []byte(loop.Held()) },
	}
	if w.primitives != nil {
		config.Source, config.Maintenance = operation.NewSource(w.maintenance(book, hand)), &maintainer{w.primitives, hand}
	}
	loop = reconcile.New(config)
	w.memory.mutex.Lock()
	w.leader, w.loop = p, loop
	w.memory.mutex.Unlock()
	_ = loop.Run(living, reconcile.Leadership{Term: p.term, Began: time.Now(), Previous: previous, Left: w.left})
}

func (w *world) close() {
	w.stop()
	w.workers.Wait()
	w.late.Wait()
}

// current returns the leader's process, once there is one.
func (w *world) current() *process {
	w.memory.mutex.Lock()
	defer w.memory.mutex.Unlock()
	return w.leader
}

func (w *world) request(user string, hosts ...string) filters.Request {
	w.keys++
	request := filters.Request{Actor: filters.Actor{ID: "user:" + user, User: user}, Key: fmt.Sprintf("trigger-%d", w.keys), Cause: filters.CauseCommand, Reason: "kernel", Yes: true}
	for _, host := range hosts {
		request.Targets = append(request.Targets, filters.Target{Name: host})
	}
	return request
}

func (w *world) filter(user string, length time.Duration, hosts ...string) error {
	request := w.request(user, hosts...)
	if length > 0 {
		request.Until = w.Now().Add(length)
	}
	_, err := w.service.Filter(context.Background(), request)
	return err
}

func (w *world) unfilter(user string, hosts ...string) error {
	_, err := w.service.Unfilter(context.Background(), w.request(user, hosts...))
	return err
}

func (w *world) answerAll(yes bool) {
	for _, question := range w.service.Questions() {
		_, _ = w.service.Answer(context.Background(), w.request("UALICE"), question.ID, yes)
	}
}

// judgeGive holds invariant 3 when an agent is given back: the ledger of the sender's own term says so, and no filter that
// was recorded before its intent stands.
func (w *world) judgeGive(agent filters.AgentID, term int64) {
	w.memory.mutex.Lock()
	defer w.memory.mutex.Unlock()
	entry, ok := w.ledger[agent]
	if !ok || entry.Hold != filters.HoldReleasing {
		w.faults = append(w.faults, fmt.Sprintf("%s is given back by term %d, the ledger says %q", agent, term, entry.Hold))
		return
	}
	for _, event := range w.events[:w.intents[agent]] {
		if event.Filter == nil || event.Agent != agent || event.Settled || !event.Filter.Stands() {
			continue
		}
		if now, ok := w.filters[event.Filter.Key()]; ok && now.ID == event.Filter.ID && now.Stands() {
			w.faults = append(w.faults, fmt.Sprintf("%s is given back while filter %s stands", agent, now.ID))
		}
	}
}

// wait lets so much time pass, and everything come to rest that happens then.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
