package stage

import (
	"context"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
)

// primitives are the master's maintenance primitives, with the leader's source of what is to be done about them.
type primitives struct {
	config   *operation.Config
	source   *operation.Source
	schedule filters.Schedule
	status   filters.MaintenanceStatus
	refuses  error           // what the master says to every call; nil: yes
	down     []filters.Agent // of machines that are down
}

func newPrimitives(s *Stage, options Options) *primitives {
	p := &primitives{}
	p.config = &operation.Config{
		Cluster: options.Name, Service: s.Service, Book: s.Book, Master: master{s}, Roster: s.fresh, Groups: options.Groups, Tasks: s.running,
		MayDown: slices.Contains(options.Allow, filters.Verb(filters.ModeDown)),
	}
	p.source = operation.NewSource(p.config)
	return p
}

// Machines is where machines are scheduled, taken down and brought up.
func (s *Stage) Machines() *operation.Desk { return operation.NewDesk(s.upkeep.config) }

// master is what is read of the maintenance primitives.
type master struct{ *Stage }

// Schedule returns the whole schedule.
func (m master) Schedule(context.Context) (filters.Schedule, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.upkeep.schedule), nil
}

// MaintenanceStatus returns the machines that are draining or down.
func (m master) MaintenanceStatus(context.Context) (filters.MaintenanceStatus, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.upkeep.status), nil
}

// maintain does what the source says, for as long as it says anything.
func (s *Stage) maintain(ctx context.Context, now time.Time) {
	for range 10 {
		changes, err := s.upkeep.source.Changes(ctx, now)
		if err != nil {
			panic(err)
		}
		if len(changes) == 0 {
			return
		}
		for i := range changes {
			s.carryOut(ctx, &changes[i], now)
		}
	}
}

func (s *Stage) carryOut(ctx context.Context, change *filters.Change, now time.Time) {
	work := change.Maintenance
	s.tell(ctx, work.Told, work.Asked)
	if change.Kind == filters.ChangeTold {
		return
	}
	s.mutex.Lock()
	err := s.upkeep.refuses
	s.mutex.Unlock()
	if err == nil {
		s.maintenanceCall(change)
	}
	s.tell(ctx, work.Outcome(err, now), nil)
}

func (s *Stage) maintenanceCall(change *filters.Change) {
	machine := change.Maintenance.Machines[0]
	switch change.Kind {
	case filters.ChangeDown:
		s.Primitives(func(schedule filters.Schedule) filters.Schedule { return schedule }, machine, filters.MachineDown)
	case filters.ChangeUp:
		s.Primitives(without(machine), machine, filters.MachineUp)
	default:
		s.Primitives(func(schedule filters.Schedule) filters.Schedule {
			edited, err := change.Maintenance.Edit(schedule)
			if err != nil {
				panic(err)
			}
			return edited
		}, filters.Machine{}, "")
	}
}

// Primitives edits the schedule and brings a machine to a mode, as anybody may past the bot: the empty mode changes none.
func (s *Stage) Primitives(edit func(filters.Schedule) filters.Schedule, machine filters.Machine, mode filters.MachineMode) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p := s.upkeep
	before := p.status
	p.schedule, p.status = edit(p.schedule), nil
	for _, scheduled := range p.schedule.Machines() {
		status := before.Of(scheduled)
		status.Machine = scheduled
		if status.Mode == filters.MachineUp {
			status.Mode = filters.MachineDraining
		}
		if mode != "" && scheduled.Same(machine) {
			status.Mode, status.Answers = mode, nil
		}
		p.status = append(p.status, status)
	}
	s.agentsOf(machine, mode)
}

// agentsOf makes agents leave with their machine, and come back with it.
func (s *Stage) agentsOf(machine filters.Machine, mode filters.MachineMode) {
	p := s.upkeep
	on := func(agent filters.Agent) bool { return agent.Machine().Same(machine) }
	switch mode {
	case filters.MachineDown:
		for i := range s.view.Agents {
			if on(s.view.Agents[i]) {
				p.down = append(p.down, s.view.Agents[i])
			}
		}
		s.view.Agents = slices.DeleteFunc(slices.Clone(s.view.Agents), on)
	case filters.MachineUp:
		for i := range p.down {
			if on(p.down[i]) {
				s.view.Agents = append(slices.Clone(s.view.Agents), p.down[i])
			}
		}
		p.down = slices.DeleteFunc(p.down, on)
	default:
		return
	}
	s.roster, s.seen = filters.NewRoster(s.view), nil
}

func without(machine filters.Machine) func(filters.Schedule) filters.Schedule {
	return func(schedule filters.Schedule) filters.Schedule {
		var left filters.Schedule
		for _, window := range schedule {
			window.Machines = slices.DeleteFunc(slices.Clone(window.Machines), machine.Same)
			if len(window.Machines) > 0 {
				left = append(left, window)
			}
		}
		return left
	}
}

// Meddle does to a machine, named as host@ip, what somebody else would: put, drop, move, down or up; or a framework answers:
// `accepted marathon`, `declined chronos`. It panics over other words.
func (s *Stage) Meddle(named, word string) {
	machine, err := filters.ParseMachine(named)
	if err != nil {
		panic(err)
	}
	keep := func(schedule filters.Schedule) filters.Schedule { return schedule }
	put := func(schedule filters.Schedule) filters.Schedule {
		start := time.Now().UTC().Truncate(time.Hour).Add(48 * time.Hour)
		return append(without(machine)(schedule), filters.Unavailability{Machines: []filters.Machine{machine}, Span: filters.Span{Start: start, Duration: time.Hour}})
	}
	switch word {
	case "put", "move":
		s.Primitives(put, filters.Machine{}, "")
	case "drop":
		s.Primitives(without(machine), filters.Machine{}, "")
	case "down":
		s.Primitives(keep, machine, filters.MachineDown)
	case "up":
		s.Primitives(without(machine), machine, filters.MachineUp)
	default:
		answer, framework, _ := strings.Cut(word, " ")
		s.mutex.Lock()
		defer s.mutex.Unlock()
		for i := range s.upkeep.status {
			if status := &s.upkeep.status[i]; status.Machine.Same(machine) {
				status.Answers = append(slices.Clone(status.Answers), filters.InverseAnswer{Framework: s.names(framework), Word: filters.InverseWord(answer), Since: time.Now().UTC()})
			}
		}
	}
}

// RefuseMachines makes the master refuse every call about maintenance with the words; without words it says yes again.
func (s *Stage) RefuseMachines(words string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.upkeep.refuses = nil
	if words != "" {
		s.upkeep.refuses = &filters.Error{Code: filters.Invalid, Wrong: "the master refused: " + words}
	}
}

// tell writes records and questions in the leader's name.
func (s *Stage) tell(ctx context.Context, told []filters.Told, asked []filters.AskedOf) {
	commit := filters.Commit{Term: 1}
	complete := func(event filters.Event) filters.Event {
		event.Actor, event.Cause, event.Master = "bot:one", filters.CauseLeader, "master-one:5050"
		return event
	}
	for _, one := range told {
		commit.PutRecord(one.Record, complete(one.Event))
	}
	for _, one := range asked {
		commit.PutQuestion(one.Question, complete(one.Event))
	}
	receipt, err := store{s}.Commit(ctx, commit)
	if err == nil { // else it is found again
		s.Book.Anticipate(receipt.Events...)
	}
}
