package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
)

// primitives are the truth about a master's maintenance primitives. The mutex is the cluster's.
type primitives struct {
	schedule filters.Schedule
	modes    map[filters.Machine]filters.MachineMode
	others   map[filters.Machine]filters.Span // entries that somebody else made
	took     map[filters.Machine]bool         // machines that our calls took down
	posts    int
	reads    int
	delay    time.Duration // of calls that are late
	// onRead is called at each reading of the schedule, before it is looked at, the cluster's mutex held.
	onRead func(n int)
}

func newPrimitives() *primitives {
	return &primitives{
		modes: map[filters.Machine]filters.MachineMode{}, others: map[filters.Machine]filters.Span{}, took: map[filters.Machine]bool{},
		delay: lateBy,
	}
}

// theirs is what somebody else posts: the schedule with a machine in it, or moved in it, as a careful person would do it.
func (p *primitives) theirs(m filters.Machine, span filters.Span) {
	p.leave(m)
	p.schedule = append(p.schedule, filters.Unavailability{Machines: []filters.Machine{m}, Span: span})
	p.others[m.Key()] = span
	if p.modes[m.Key()] != filters.MachineDown {
		p.modes[m.Key()] = filters.MachineDraining
	}
}

// leave takes a machine out of the schedule.
func (p *primitives) leave(m filters.Machine) {
	var left filters.Schedule
	for _, window := range p.schedule {
		window.Machines = slices.DeleteFunc(slices.Clone(window.Machines), m.Same)
		if len(window.Machines) > 0 {
			left = append(left, window)
		}
	}
	p.schedule = left
	delete(p.others, m.Key())
	if p.modes[m.Key()] == filters.MachineDraining {
		delete(p.modes, m.Key())
	}
}

func (w *world) maintenance(book *filters.Book, h *hand) *operation.Config {
	return &operation.Config{
		Cluster: "prod", Service: w.service, Book: book, Master: &maintainer{w.primitives, h}, Roster: h.Roster, Tasks: h.Tasks, MayDown: true,
	}
}

// maintainer is one replica's way to the primitives.
type maintainer struct {
	*primitives
	hand *hand
}

func (m *maintainer) read(ctx context.Context) error {
	if !m.hand.process.step() || !pause(ctx, latency) {
		return errDown
	}
	m.hand.mutex.Lock()
	defer m.hand.mutex.Unlock()
	if time.Now().Before(m.hand.downUntil) {
		return errDown
	}
	return nil
}

func (m *maintainer) Schedule(ctx context.Context) (filters.Schedule, error) {
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	m.hand.mutex.Lock()
	defer m.hand.mutex.Unlock()
	m.reads++
	if m.onRead != nil {
		m.onRead(m.reads)
	}
	return slices.Clone(m.schedule), nil
}

func (m *maintainer) MaintenanceStatus(ctx context.Context) (filters.MaintenanceStatus, error) {
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	m.hand.mutex.Lock()
	defer m.hand.mutex.Unlock()
	var status filters.MaintenanceStatus
	for machine, mode := range m.modes {
		status = append(status, filters.MachineStatus{Machine: machine, Mode: mode})
	}
	return status, nil
}

func (m *maintainer) UpdateSchedule(ctx context.Context, schedule filters.Schedule) error {
	return m.do(ctx, "post", filters.Machine{}, func() error { return m.post(schedule) })
}

func (m *maintainer) StartMaintenance(ctx context.Context, machine filters.Machine) error {
	return m.do(ctx, "start", machine, func() error {
		if m.modes[machine.Key()] != filters.MachineDraining {
			return refusal("is not in DRAINING mode and cannot be brought down")
		}
		m.modes[machine.Key()], m.took[machine.Key()] = filters.MachineDown, true
		return nil
	})
}

func (m *maintainer) StopMaintenance(ctx context.Context, machine filters.Machine) error {
	return m.do(ctx, "stop", machine, func() error {
		if m.modes[machine.Key()] != filters.MachineDown {
			return refusal("is not in DOWN mode and cannot be brought up")
		}
		if !m.took[machine.Key()] {
			m.hand.broken = append(m.hand.broken, "brought up what somebody else took down: "+machine.String())
		}
		delete(m.modes, machine.Key())
		delete(m.took, machine.Key())
		m.leave(machine)
		return nil
	})
}

func refusal(words string) error { return &filters.Error{Code: filters.Invalid, Wrong: words} }

// post replaces the schedule as a master does. What it does to anybody else's entry no bot may ever do.
func (m *maintainer) post(schedule filters.Schedule) error {
	m.posts++
	for machine, span := range m.others {
		if now, in := schedule.Of(machine); !in || !now.Equal(span) {
			m.hand.broken = append(m.hand.broken, fmt.Sprintf("somebody else's entry of %s is overwritten", machine))
		}
	}
	for machine, mode := range m.modes {
		if _, in := schedule.Of(machine); !in && mode == filters.MachineDown {
			m.hand.broken = append(m.hand.broken, "posted without a machine that is down")
			return refusal("is deactivated and cannot be removed from the schedule")
		}
	}
	m.schedule = schedule
	for machine, mode := range m.modes {
		if _, in := schedule.Of(machine); !in && mode == filters.MachineDraining {
			delete(m.modes, machine)
		}
	}
	for _, machine := range schedule.Machines() {
		if m.modes[machine.Key()] == "" {
			m.modes[machine.Key()] = filters.MachineDraining
		}
	}
	return nil
}

func (m *maintainer) do(ctx context.Context, verb string, machine filters.Machine, change func() error) error {
	fate, err := m.hand.arrive(ctx)
	if err != nil {
		return err
	}
	lost, carry := &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}, func() error {
		m.hand.mutex.Lock()
		defer m.hand.mutex.Unlock()
		m.hand.calls = append(m.hand.calls, verb+" "+machine.Hostname)
		return change()
	}
	switch fate {
	case refused:
		return refusal("the master refused")
	case down:
		return errDown
	case late:
		m.hand.late.Go(func() {
			<-time.After(m.delay)
			_ = carry()
		})
		return lost
	}
	err = carry()
	if fate != answered || !m.hand.process.step() {
		return lost
	}
	return err
}
