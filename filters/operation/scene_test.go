package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/memory"
)

// scene is a cluster of six agents with its master's maintenance primitives, a store, and people at a desk. Agents 0 and 1 are on
// one machine. A leader comes by when it is asked to.
type scene struct {
	t        *testing.T
	now      time.Time
	store    *memory.Store
	book     *filters.Book
	roster   *filters.Roster
	service  *filters.Service
	config   *Config
	desk     *Desk
	source   *Source
	keys     int
	denied   bool
	needs    filters.Needs // what the gate wants before anything begins
	schedule filters.Schedule
	status   filters.MaintenanceStatus
	broken   error // what reading the master fails with
	tasks    map[filters.AgentID]map[string]int
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, now: dawn.Add(-12 * time.Hour), store: memory.New(), book: filters.NewBook(), tasks: map[filters.AgentID]map[string]int{}}
	s.store.Clock = func() time.Time { return s.now }
	s.store.Written = func(events []filters.Event) { s.book.Follow(events...) }
	var agents []filters.Agent
	for i := range 6 {
		on := machine(max(i, 1))
		agents = append(agents, filters.Agent{ID: filters.AgentID(fmt.Sprintf("S%d", i)), Hostname: on.Hostname, IP: on.IP, Port: 5051 + i, Active: true, Resources: filters.Resources{CPUs: 4}})
		s.tasks[agents[i].ID] = map[string]int{"marathon": i}
	}
	s.roster = filters.NewRoster(filters.View{Cluster: "prod", Began: s.now, Ended: s.now, Backend: filters.BackendOperator, Agents: agents})
	s.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Store: s.store, Book: s.book, State: s, Gate: s})
	s.config = &Config{Cluster: "prod", Service: s.service, Book: s.book, Master: s, Roster: s.Roster, Tasks: s.Tasks, MayDown: true}
	s.desk, s.source = NewDesk(s.config), NewSource(s.config)
	return s
}

func (s *scene) Roster() *filters.Roster { return s.roster }
func (s *scene) Tasks(agent filters.AgentID) (map[string]int, bool) {
	return s.tasks[agent], s.tasks != nil
}
func (s *scene) Condition() filters.Condition {
	return filters.Condition{Backend: filters.BackendOperator}
}

func (s *scene) Decide(_ context.Context, ask filters.Ask) (filters.Needs, error) {
	switch {
	case s.denied:
		return filters.Needs{}, &filters.Error{Code: filters.Denied, Wrong: "you may look, not change"}
	case ask.Plan.Kind == "":
		return filters.Needs{}, nil
	}
	return s.needs, nil
}
func (s *scene) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (*scene) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }
func (s *scene) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

func (s *scene) Schedule(context.Context) (filters.Schedule, error) { return s.schedule, s.broken }
func (s *scene) MaintenanceStatus(context.Context) (filters.MaintenanceStatus, error) {
	return s.status, s.broken
}

// put puts machines into the master's schedule, or into another mode, as anybody might.
func (s *scene) put(mode filters.MachineMode, hours int, machines ...int) {
	for _, i := range machines {
		s.schedule = append(without(s.schedule, map[filters.Machine]bool{machine(i).Key(): true}), window(hours, i))
		s.status = slices.DeleteFunc(s.status, func(m filters.MachineStatus) bool { return m.Machine.Same(machine(i)) })
		s.status = append(s.status, filters.MachineStatus{Machine: machine(i), Mode: mode})
	}
}

// lead does what the source says, for as long as it says anything: the master says yes to all.
func (s *scene) lead() {
	s.t.Helper()
	for range 20 {
		s.now = s.now.Add(6 * time.Second)
		changes, err := s.source.Changes(s.t.Context(), s.now)
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range changes {
			s.carryOut(&changes[i])
		}
	}
}

func (s *scene) carryOut(change *filters.Change) {
	work := change.Maintenance
	s.write(work.Told, work.Asked)
	switch change.Kind {
	case filters.ChangeSchedule, filters.ChangeCancel:
		edited, err := work.Edit(s.schedule)
		if err != nil {
			s.t.Fatal(err)
		}
		s.schedule = edited
		s.status = slices.DeleteFunc(s.status, func(m filters.MachineStatus) bool { return m.Mode == filters.MachineDraining })
		for _, m := range edited.Machines() {
			if s.status.Of(m).Mode == filters.MachineUp {
				s.status = append(s.status, filters.MachineStatus{Machine: m, Mode: filters.MachineDraining})
			}
		}
	case filters.ChangeDown:
		s.down(work.Machines[0])
	case filters.ChangeUp:
		s.schedule = without(s.schedule, map[filters.Machine]bool{work.Machines[0].Key(): true})
		s.status = slices.DeleteFunc(s.status, func(m filters.MachineStatus) bool { return m.Machine.Same(work.Machines[0]) })
	default:
		return
	}
	s.write(work.Outcome(nil, s.now), nil)
}

func (s *scene) write(told []filters.Told, asked []filters.AskedOf) {
	var commit filters.Commit
	for _, one := range told {
		commit.PutRecord(one.Record, one.Event)
	}
	for _, one := range asked {
		commit.PutQuestion(one.Question, one.Event)
	}
	if _, err := s.store.Commit(s.t.Context(), commit); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) asks(targets ...string) filters.Request {
	s.keys++
	request := filters.Request{Actor: filters.Actor{ID: "user:UALICE", User: "UALICE"}, Key: fmt.Sprintf("k-%d", s.keys), Cause: filters.CauseCommand, Reason: "kernel"}
	for _, target := range targets {
		request.Targets = append(request.Targets, filters.Target{Name: target})
	}
	return request
}

func (s *scene) must(listing Listing, err error) Listing {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return listing
}

// ready brings machines into the schedule, and goes on to a phase.
func (s *scene) ready(phase Phase, target string) {
	s.t.Helper()
	s.must(s.desk.Schedule(s.t.Context(), s.asks(target), at(0)))
	if phase == PhaseScheduling {
		return
	}
	s.lead()
	if phase == PhaseScheduled {
		return
	}
	if phase == PhaseCancelling {
		s.must(s.desk.Cancel(s.t.Context(), s.asks(target)))
		return
	}
	s.must(s.desk.Down(s.t.Context(), s.asks(target)))
	if phase == PhaseTakingDown {
		return
	}
	s.lead()
	if phase == PhaseDown {
		return
	}
	s.must(s.desk.Up(s.t.Context(), s.asks(target)))
}

func refused(t *testing.T, err error, code filters.Code, words string) {
	t.Helper()
	if err == nil || filters.CodeOf(err) != code || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v (%s), want %s … %s …", err, filters.CodeOf(err), code, words)
	}
}

// drain makes web-2's agent one that the master drains.
func (s *scene) drain(state filters.DrainState) {
	view := *s.roster.View()
	view.Agents = slices.Clone(view.Agents)
	for i := range view.Agents {
		if view.Agents[i].Hostname == "web-2" {
			view.Agents[i].Drain, view.Agents[i].Deactivated, view.Agents[i].Active = state, true, false
		}
	}
	s.roster = filters.NewRoster(view)
}

func (s *scene) down(m filters.Machine) {
	for i := range s.status {
		if s.status[i].Machine.Same(m) {
			s.status[i].Mode = filters.MachineDown
		}
	}
}
