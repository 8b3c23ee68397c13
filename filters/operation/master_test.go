package operation_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/mesos"
	"cordon/filters/operation"
	"cordon/filters/reconcile"
	simmesos "cordon/internal/sim/mesos"
	"cordon/test/memory"
)

// recorder is the store as the leader has it.
type recorder struct{ *memory.Store }

func (recorder) Publish(context.Context, int64, []byte) error { return nil }

type anybody struct{}

func (anybody) Decide(context.Context, filters.Ask) (filters.Needs, error) {
	return filters.Needs{}, nil
}
func (anybody) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (anybody) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }

func (anybody) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

// stack is all that serves a cluster but Slack and Redis: people at a desk, a leader, and a simulated master on a real socket.
type stack struct {
	t       *testing.T
	cluster *simmesos.Cluster
	master  *mesos.Master
	book    *filters.Book
	service *filters.Service
	desk    *operation.Desk
	keys    int
}

func newStack(t *testing.T) *stack {
	cluster, err := simmesos.Start(t.Context(), simmesos.Config{
		Masters: []string{"127.0.0.1:0", "127.0.0.1:0"},
		Agents: []simmesos.AgentConfig{
			{Hostname: "agent-one", IP: "127.0.0.11"}, {Hostname: "agent-two", IP: "127.0.0.12"}, {Hostname: "agent-three", IP: "127.0.0.13"},
		},
		HeartbeatInterval: 200 * time.Millisecond, AllocationInterval: 10 * time.Millisecond, OfferHold: time.Millisecond, TaskStart: time.Millisecond,
		AgentRestart: 20 * time.Millisecond, Election: 100 * time.Millisecond, Recovery: 20 * time.Millisecond, Reregistration: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Close() })
	master, err := mesos.New(mesos.Config{Cluster: "prod", Masters: cluster.MasterURLs(), FullReadEvery: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, cluster: cluster, master: master, book: filters.NewBook()}
	store := memory.New()
	store.Written = func(events []filters.Event) { s.book.Follow(events...) }
	s.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Store: store, Book: s.book, State: master, Gate: anybody{}})
	config := &operation.Config{Cluster: "prod", Service: s.service, Book: s.book, Master: master, Roster: master.Roster, Tasks: master.Tasks, MayDown: true}
	s.desk = operation.NewDesk(config)
	loop := reconcile.New(reconcile.Config{
		Cluster: "prod", Replica: "one", Book: s.book, Master: master, Recorder: recorder{store}, Source: operation.NewSource(config), Maintenance: master,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = master.Run(ctx) })
	running.Go(func() { _ = master.Lead(ctx) })
	running.Go(func() { _ = loop.Run(ctx, reconcile.Leadership{Term: store.Acquire(), Began: time.Now()}) })
	t.Cleanup(func() { cancel(); running.Wait(); master.Close() })
	s.until("the cluster is read", func() bool { return master.Roster().Len() == 3 })
	return s
}

// until waits for something that comes about by itself.
func (s *stack) until(what string, so func() bool) {
	s.t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("never: %s", what)
		}
	}
}

func (s *stack) asks(user string, targets ...string) filters.Request {
	s.keys++
	request := filters.Request{Actor: filters.Actor{ID: "user:" + user, User: user}, Key: filters.RandomID("k-"), Cause: filters.CauseCommand}
	for _, target := range targets {
		request.Targets = append(request.Targets, filters.Target{Name: target})
	}
	return request
}

func (s *stack) phase(hostname, ip string) operation.Phase {
	record := s.book.Record(filters.ShelfMachines, filters.Machine{Hostname: hostname, IP: ip}.Name())
	if record == nil {
		return ""
	}
	state, err := operation.Decode(record)
	if err != nil {
		s.t.Fatal(err)
	}
	return state.Phase
}

func (s *stack) view(target string) operation.MachineView {
	s.t.Helper()
	views, err := s.desk.Status(s.t.Context(), []filters.Target{{Name: target}})
	if err != nil || len(views) != 1 {
		s.t.Fatalf("%v, %+v", err, views)
	}
	return views[0]
}

// Mesos's own walk-through of the maintenance primitives: scheduling, draining mode, starting, completing, status.
func TestTheWalkThroughOfTheDocumentation(t *testing.T) {
	s := newStack(t)
	if err := s.cluster.Launch("web", 2, "agent-one"); err != nil {
		t.Fatal(err)
	}
	span := filters.Span{Start: time.Now().UTC().Add(time.Hour).Truncate(time.Minute), Duration: time.Hour}
	if _, err := s.desk.Schedule(t.Context(), s.asks("UALICE", "agent-one", "agent-nine@127.0.0.19"), span); err != nil {
		t.Fatal(err)
	}
	s.until("agent-one is scheduled", func() bool { return s.phase("agent-one", "127.0.0.11") == operation.PhaseScheduled })
	s.until("its tasks run", func() bool { tasks := s.view("agent-one").Tasks; return len(tasks) == 1 })
	view := s.view("agent-one")
	if view.Mode != filters.MachineDraining || view.Span == nil || !view.Span.Equal(span) || view.Others() || len(view.Answers) != 1 || view.Answers[0].Word != filters.InverseAccepted {
		t.Errorf("scheduled, it is seen as %+v", view)
	}
	if err := s.desk.Undrainable(t.Context(), view.Agents); filters.CodeOf(err) != filters.Conflict {
		t.Errorf("a drain is not refused: %v", err)
	}

	if _, err := s.desk.Down(t.Context(), s.asks("UALICE", "agent-one")); err != nil {
		t.Fatal(err)
	}
	s.until("agent-one is down", func() bool { return s.phase("agent-one", "127.0.0.11") == operation.PhaseDown })
	s.until("its agent is gone", func() bool {
		return !slices.ContainsFunc(s.cluster.Snapshot().Agents, func(a simmesos.AgentView) bool { return a.Hostname == "agent-one" && a.Connected })
	})
	s.until("nobody lists it", func() bool { return len(s.master.Roster().OnHost("agent-one")) == 0 })
	if view := s.view("agent-one"); view.Mode != filters.MachineDown || view.State == nil {
		t.Errorf("down, it is seen as %+v", view)
	}

	if _, err := s.desk.Up(t.Context(), s.asks("UALICE", "agent-one")); err != nil {
		t.Fatal(err)
	}
	s.until("agent-one is up", func() bool { return s.phase("agent-one", "127.0.0.11") == "" })
	if err := s.cluster.StartAgent("agent-one"); err != nil {
		t.Fatal(err)
	}
	s.until("its agent is back", func() bool { return len(s.master.Roster().OnHost("agent-one")) == 1 })
	if _, err := s.desk.Cancel(t.Context(), s.asks("UALICE", "agent-nine@127.0.0.19")); err != nil {
		t.Fatal(err)
	}
	s.until("agent-nine is out", func() bool { return s.phase("agent-nine", "127.0.0.19") == "" })
	if schedule, err := s.master.Schedule(t.Context()); err != nil || len(schedule) != 0 {
		t.Errorf("left in the schedule: %v, %v", schedule, err)
	}
}
