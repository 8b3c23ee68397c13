// Package primitives stands in for the maintenance primitives of a master, and for the leader that uses them.
package primitives

import (
	"context"
	"slices"
	"sync"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/test/memory"
)

// Master has the maintenance primitives, and says yes to everything at once. Safe for concurrent use.
type Master struct {
	mutex    sync.Mutex
	schedule filters.Schedule
	away     map[filters.Machine]bool // that are down, by their key
	calls    []string
}

// Calls returns what was asked of it, such as `down web-1`.
func (p *Master) Calls() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.calls)
}

// Down tells whether the machine is down.
func (p *Master) Down(machine filters.Machine) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.away[machine.Key()]
}

// Schedule returns the whole schedule.
func (p *Master) Schedule(context.Context) (filters.Schedule, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.schedule), nil
}

// MaintenanceStatus returns the machines that are draining or down.
func (p *Master) MaintenanceStatus(context.Context) (filters.MaintenanceStatus, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var all filters.MaintenanceStatus
	for _, machine := range p.schedule.Machines() {
		status := filters.MachineStatus{Machine: machine, Mode: filters.MachineDraining}
		if p.away[machine.Key()] {
			status.Mode = filters.MachineDown
		}
		all = append(all, status)
	}
	return all, nil
}

// Maintain does what the source says under the term, as a leader's reconciler does: the intent, the call, and its outcome. What
// the store refuses is done at a later time. Idle says that nothing is given back.
func (p *Master) Maintain(ctx context.Context, source *operation.Source, store *memory.Store, book *filters.Book, term int64, idle bool) error {
	for range 8 {
		changes, err := source.Changes(ctx, store.Now())
		if err != nil || len(changes) == 0 {
			return err
		}
		for i := range changes {
			change := &changes[i]
			if idle && (change.Kind == filters.ChangeUp || change.Kind == filters.ChangeCancel) {
				continue
			}
			if err := tell(ctx, store, book, term, change.Maintenance.Told, change.Maintenance.Asked); err != nil {
				return err
			}
			if change.Kind == filters.ChangeTold {
				continue
			}
			if err := tell(ctx, store, book, term, change.Maintenance.Outcome(p.call(change), store.Now()), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Master) call(change *filters.Change) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	machines := change.Maintenance.Machines
	for _, machine := range machines {
		p.calls = append(p.calls, string(change.Kind)+" "+machine.Hostname)
	}
	switch change.Kind {
	case filters.ChangeDown:
		if p.away == nil {
			p.away = map[filters.Machine]bool{}
		}
		p.away[machines[0].Key()] = true
	case filters.ChangeUp:
		delete(p.away, machines[0].Key())
		p.schedule = p.without(machines[0])
	default:
		edited, err := change.Maintenance.Edit(p.schedule)
		if err != nil {
			return err
		}
		p.schedule = edited
	}
	return nil
}

func (p *Master) without(machine filters.Machine) filters.Schedule {
	var left filters.Schedule
	for _, window := range p.schedule {
		window.Machines = slices.DeleteFunc(slices.Clone(window.Machines), machine.Same)
		if len(window.Machines) > 0 {
			left = append(left, window)
		}
	}
	return left
}

// Put adds somebody else's entry.
func (p *Master) Put(machine filters.Machine, start time.Time, length time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.schedule = append(slices.Clone(p.schedule), filters.Unavailability{Machines: []filters.Machine{machine}, Span: filters.Span{Start: start, Duration: length}})
}

func tell(ctx context.Context, store *memory.Store, book *filters.Book, term int64, told []filters.Told, asked []filters.AskedOf) error {
	commit := filters.Commit{Term: term}
	complete := func(event filters.Event) filters.Event {
		event.Term, event.Actor, event.Cause = term, "bot:replica", filters.CauseLeader
		return event
	}
	for _, one := range told {
		commit.PutRecord(one.Record, complete(one.Event))
	}
	for _, one := range asked {
		commit.PutQuestion(one.Question, complete(one.Event))
	}
	receipt, err := store.Commit(ctx, commit)
	if err == nil {
		book.Anticipate(receipt.Events...)
	}
	return err
}
