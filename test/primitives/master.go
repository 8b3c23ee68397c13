// Package primitives stands in for the maintenance primitives of a master, and for the leader that uses them.
package primitives

import (
	"context"
	"slices"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/test/memory"
)

// Master has the maintenance primitives, and says yes to everything at once. It is not safe for concurrent use.
type Master struct {
	Machines filters.Schedule
	Away     map[filters.Machine]bool // that are down, by their key
	Calls    []string                 // what was asked of it: `down web-1`
}

// Schedule returns the whole schedule.
func (p *Master) Schedule(context.Context) (filters.Schedule, error) {
	return slices.Clone(p.Machines), nil
}

// MaintenanceStatus returns the machines that are draining or down.
func (p *Master) MaintenanceStatus(context.Context) (filters.MaintenanceStatus, error) {
	var all filters.MaintenanceStatus
	for _, machine := range p.Machines.Machines() {
		status := filters.MachineStatus{Machine: machine, Mode: filters.MachineDraining}
		if p.Away[machine.Key()] {
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
	machines := change.Maintenance.Machines
	for _, machine := range machines {
		p.Calls = append(p.Calls, string(change.Kind)+" "+machine.Hostname)
	}
	switch change.Kind {
	case filters.ChangeDown:
		if p.Away == nil {
			p.Away = map[filters.Machine]bool{}
		}
		p.Away[machines[0].Key()] = true
	case filters.ChangeUp:
		delete(p.Away, machines[0].Key())
		p.Machines = p.without(machines[0])
	default:
		edited, err := change.Maintenance.Edit(p.Machines)
		if err != nil {
			return err
		}
		p.Machines = edited
	}
	return nil
}

func (p *Master) without(machine filters.Machine) filters.Schedule {
	var left filters.Schedule
	for _, window := range p.Machines {
		window.Machines = slices.DeleteFunc(slices.Clone(window.Machines), machine.Same)
		if len(window.Machines) > 0 {
			left = append(left, window)
		}
	}
	return left
}

// Put adds somebody else's entry.
func (p *Master) Put(machine filters.Machine, start time.Time, length time.Duration) {
	p.Machines = append(slices.Clone(p.Machines), filters.Unavailability{Machines: []filters.Machine{machine}, Span: filters.Span{Start: start, Duration: length}})
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
