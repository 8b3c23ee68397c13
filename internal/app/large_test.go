package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"cordon/filters"
	"cordon/filters/reconcile"
	"cordon/store"
)

// fleet is a cluster's master that does at once what it is told.
type fleet struct {
	mutex  sync.Mutex
	agents []filters.Agent
	at     map[filters.AgentID]int
	roster *filters.Roster
}

func newFleet(size int) *fleet {
	f := &fleet{at: map[filters.AgentID]int{}}
	for i := range size {
		agent := filters.Agent{ID: filters.AgentID(fmt.Sprintf("aaaa-S%d", i)), Hostname: fmt.Sprintf("web-%04d", i), IP: "10.0.0.1", Port: 5051 + i, Active: true}
		f.at[agent.ID], f.agents = i, append(f.agents, agent)
	}
	_, _ = f.Read(context.Background())
	return f
}

func (f *fleet) Read(context.Context) (filters.View, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	now := time.Now().UTC()
	view := filters.View{Cluster: "prod", Began: now, Ended: now, Backend: filters.BackendOperator, Agents: append([]filters.Agent(nil), f.agents...)}
	f.roster = filters.NewRoster(view)
	return view, nil
}

func (f *fleet) ReadOne(_ context.Context, id filters.AgentID) (filters.Agent, bool, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.agents[f.at[id]], true, nil
}

func (f *fleet) turn(id filters.AgentID, deactivated bool) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	agent := &f.agents[f.at[id]]
	agent.Deactivated, agent.Active = deactivated, !deactivated
	return nil
}

func (f *fleet) Take(_ context.Context, agent filters.Agent) error { return f.turn(agent.ID, true) }
func (f *fleet) Give(_ context.Context, agent filters.Agent) error { return f.turn(agent.ID, false) }
func (f *fleet) Drain(_ context.Context, agent filters.Agent, _ filters.Drain) error {
	return f.turn(agent.ID, true)
}
func (f *fleet) Urge()                                        {}
func (f *fleet) Changes() <-chan struct{}                     { return nil }
func (f *fleet) Epoch() (string, int)                         { return "m:5050", 0 }
func (f *fleet) Roster() *filters.Roster                      { f.mutex.Lock(); defer f.mutex.Unlock(); return f.roster }
func (f *fleet) Tasks(filters.AgentID) (map[string]int, bool) { return nil, false }
func (f *fleet) Condition() filters.Condition {
	return filters.Condition{Backend: filters.BackendOperator}
}

func (f *fleet) withheld() (count int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i := range f.agents {
		if f.agents[i].Deactivated {
			count++
		}
	}
	return count
}

// everybody may do everything.
type everybody struct{ filters.Gate }

func (everybody) Decide(context.Context, filters.Ask) (filters.Needs, error) {
	return filters.Needs{}, nil
}

// replica is a Service with a store and a book of its own.
type replica struct {
	*filters.Service
	store *store.Store
	book  *filters.Book
}

func newReplica(ctx context.Context, t *testing.T, redis *miniredis.Miniredis, master *fleet, workers *sync.WaitGroup) *replica {
	t.Helper()
	opened, err := store.Open(t.Context(), store.Config{URL: "redis://" + redis.Addr(), DataDir: t.TempDir(), Replica: "one", Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	r := &replica{store: opened.Cluster("prod"), book: filters.NewBook()}
	if lock, err := r.store.Check(t.Context()); lock != nil || err != nil {
		t.Fatal(lock, err)
	}
	state, err := r.store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.book.Reset(state)
	workers.Go(func() {
		_ = r.store.Follow(ctx, state.Position, func(events []filters.Event) { r.book.Follow(events...) })
	})
	r.Service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Store: r.store, Book: r.book, State: master, Gate: everybody{}})
	return r
}

// until waits until the book says so.
func (r *replica) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.After(time.Minute); ; {
		turned := r.book.Turned()
		if so() {
			return
		}
		select {
		case <-turned:
		case <-end:
			t.Fatalf("%s does not come", what)
		}
	}
}

// A plan of more agents than one script takes, asked of two replicas at the same time with one key, has one effect: all of
// its filters, on the store, in both books and on the master; and all of them end together.
func TestAPlanInSeveralPiecesAskedOfTwoReplicas(t *testing.T) {
	const most = 501
	redis, master := miniredis.RunT(t), newFleet(10*most)
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	replicas := []*replica{newReplica(ctx, t, redis, master, &workers), newReplica(ctx, t, redis, master, &workers)}
	request := filters.Request{Actor: filters.Actor{ID: "user:U1", User: "U1"}, Key: "trigger", Cause: filters.CauseCommand, Reason: "kernel", Yes: true}
	for i := range most {
		request.Targets = append(request.Targets, filters.Target{Name: fmt.Sprintf("web-%04d", i)})
	}
	results := make([]filters.Result, len(replicas))
	var asking sync.WaitGroup
	for i, r := range replicas {
		asking.Go(func() {
			var err error
			if results[i], err = r.Filter(ctx, request); err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
		})
	}
	asking.Wait()
	if results[0].Operation != results[1].Operation || results[0].Count != most || results[1].Count != most || results[0].Repeated == results[1].Repeated {
		t.Fatalf("%s %d %v, and %s %d %v", results[0].Operation, results[0].Count, results[0].Repeated, results[1].Operation, results[1].Count, results[1].Repeated)
	}
	for _, r := range replicas {
		r.until(t, "the whole plan", func() bool { return len(r.Filters()) == most })
	}

	leader := replicas[0]
	term, _, _, err := leader.store.Acquire(ctx, "one/1", "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	loop := reconcile.New(reconcile.Config{Cluster: "prod", Replica: "one", Book: leader.book, Master: master, Recorder: leader.store, Period: time.Second})
	workers.Go(func() { _ = loop.Run(ctx, reconcile.Leadership{Term: term, Began: time.Now()}) })
	verified := func(operation string) func() bool {
		return func() bool {
			progress, err := leader.Progress(ctx, operation)
			return err == nil && progress.State() == filters.StateVerified
		}
	}
	leader.until(t, "withholding", verified(results[0].Operation))
	if got := master.withheld(); got != most {
		t.Errorf("%d agents are withheld", got)
	}
	request.Key = "another"
	released, err := replicas[1].Unfilter(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	leader.until(t, "giving back", verified(released.Operation))
	if got := master.withheld(); got != 0 {
		t.Errorf("%d agents are withheld still", got)
	}
	replicas[1].until(t, "the end", func() bool { return len(replicas[1].book.Filters())+len(replicas[1].book.Entries()) == 0 })
}
