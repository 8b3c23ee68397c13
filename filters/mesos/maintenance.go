package mesos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	offers "github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"

	"cordon/filters"
)

// largestSchedule is what is read of a schedule or status at most, in bytes.
const largestSchedule = 64 << 20

// Schedule returns the whole maintenance schedule: GET_MAINTENANCE_SCHEDULE of the v1 API, never the older endpoint, which
// answers {} while a master recovers (FACTS.md, "Leaders"). Errors are filters.Errors: Unavailable, Denied, and Invalid for a
// master without the v1 API.
func (m *Master) Schedule(ctx context.Context) (filters.Schedule, error) {
	answer, at, err := m.ask(ctx, calls.GetMaintenanceSchedule())
	if err != nil {
		return nil, err
	}
	if answer.GetMaintenanceSchedule == nil { // a body that was cut short decodes without it
		return nil, unreadable(at, io.ErrUnexpectedEOF)
	}
	var schedule filters.Schedule
	for _, window := range answer.GetMaintenanceSchedule.Schedule.Windows {
		schedule = append(schedule, filters.Unavailability{Machines: machinesOf(window.MachineIDs), Span: spanOf(window.Unavailability)})
	}
	return schedule, nil
}

// MaintenanceStatus returns the machines that are draining, with their frameworks' answers, or down: GET_MAINTENANCE_STATUS.
// Errors are Schedule's.
func (m *Master) MaintenanceStatus(ctx context.Context) (filters.MaintenanceStatus, error) {
	answer, at, err := m.ask(ctx, calls.GetMaintenanceStatus())
	if err != nil {
		return nil, err
	}
	if answer.GetMaintenanceStatus == nil {
		return nil, unreadable(at, io.ErrUnexpectedEOF)
	}
	var status filters.MaintenanceStatus
	for _, draining := range answer.GetMaintenanceStatus.Status.DrainingMachines {
		status = append(status, filters.MachineStatus{Machine: machineOf(draining.ID), Mode: filters.MachineDraining, Answers: m.answers(draining.Statuses)})
	}
	for _, down := range answer.GetMaintenanceStatus.Status.DownMachines {
		status = append(status, filters.MachineStatus{Machine: machineOf(down), Mode: filters.MachineDown})
	}
	return status, nil
}

// UpdateSchedule replaces the whole schedule: UPDATE_MAINTENANCE_SCHEDULE. Errors are Take's.
func (m *Master) UpdateSchedule(ctx context.Context, schedule filters.Schedule) error {
	var wire maintenance.Schedule
	for i := range schedule {
		wire.Windows = append(wire.Windows, maintenance.Window{MachineIDs: machineIDs(schedule[i].Machines), Unavailability: unavailabilityOf(schedule[i].Span)})
	}
	return m.maintain(ctx, calls.UpdateMaintenanceSchedule(wire))
}

// StartMaintenance takes a machine down: START_MAINTENANCE. What runs on it is lost. It answers before that shows. Errors are
// Take's.
func (m *Master) StartMaintenance(ctx context.Context, machine filters.Machine) error {
	return m.maintain(ctx, calls.StartMaintenance(machineID(machine)))
}

// StopMaintenance brings a machine up and takes it out of the schedule: STOP_MAINTENANCE. Errors are Take's.
func (m *Master) StopMaintenance(ctx context.Context, machine filters.Machine) error {
	return m.maintain(ctx, calls.StopMaintenance(machineID(machine)))
}

// maintain sends a changing call.
func (m *Master) maintain(ctx context.Context, call *master.Call) error {
	refused, err := (&operator{m}).change(ctx, call)
	if refused == nil {
		return err
	}
	return m.lacking(refused)
}

// ask sends a reading call in its turn.
func (m *Master) ask(ctx context.Context, call *master.Call) (answer *master.Response, at address, err error) {
	err = m.gate.within(ctx, m.config.CallTimeout, func(ctx context.Context) error {
		body, err := call.Marshal()
		if err != nil {
			return err
		}
		response, where, err := m.caller.send(ctx, request{method: http.MethodPost, path: pathV1, kind: typeProtobuf, body: body})
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		at = where
		text, err := io.ReadAll(io.LimitReader(response.Body, largestSchedule))
		answer = new(master.Response)
		if err == nil {
			err = answer.Unmarshal(text)
		}
		if err != nil {
			return unreadable(at, err)
		}
		return nil
	})
	if refused, ok := errors.AsType[*refusal](err); ok {
		return nil, at, m.lacking(refused)
	}
	return answer, at, err
}

// lacking is the error of a refusal, also of a master that does not know the call.
func (m *Master) lacking(refused *refusal) error {
	if refused.status == http.StatusNotFound || refused.status == http.StatusNotImplemented {
		return &filters.Error{
			Code: filters.Invalid, Wrong: "the master of *" + m.config.Cluster + "* has no maintenance calls in its operator API",
			Expected: "Mesos 1.0 or later", Try: "`/mesos filter` keeps new tasks away there", Cause: refused,
		}
	}
	return refused.plain(&m.config)
}

// answers are what frameworks said to a machine's inverse offers, by name.
func (m *Master) answers(statuses []offers.InverseOfferStatus) []filters.InverseAnswer {
	words := map[offers.InverseOfferStatus_Status]filters.InverseWord{
		offers.InverseOfferStatus_ACCEPT: filters.InverseAccepted, offers.InverseOfferStatus_DECLINE: filters.InverseDeclined,
	}
	var answers []filters.InverseAnswer
	for i := range statuses {
		word, said := words[statuses[i].GetStatus()]
		if !said {
			word = filters.InverseSilent
		}
		answers = append(answers, filters.InverseAnswer{
			Framework: m.tasks.name(statuses[i].FrameworkID.Value), Word: word, Since: time.Unix(0, statuses[i].Timestamp.Nanoseconds).UTC(),
		})
	}
	slices.SortFunc(answers, func(a, b filters.InverseAnswer) int { return strings.Compare(a.Framework, b.Framework) })
	return answers
}

// name is a framework's name, or its ID where that was not told.
func (t *tasks) name(id string) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if number, ok := t.frameworks[id]; ok && t.names[number] != "" {
		return t.names[number]
	}
	return id
}

func machinesOf(ids []mesos.MachineID) []filters.Machine {
	machines := make([]filters.Machine, 0, len(ids))
	for _, id := range ids {
		machines = append(machines, machineOf(id))
	}
	return machines
}

func machineOf(id mesos.MachineID) filters.Machine {
	return filters.Machine{Hostname: id.GetHostname(), IP: id.GetIP()}
}

func machineIDs(machines []filters.Machine) []mesos.MachineID {
	ids := make([]mesos.MachineID, 0, len(machines))
	for _, machine := range machines {
		ids = append(ids, machineID(machine))
	}
	return ids
}

func machineID(machine filters.Machine) (id mesos.MachineID) {
	if machine.Hostname != "" {
		id.Hostname = &machine.Hostname
	}
	if machine.IP != "" {
		id.IP = &machine.IP
	}
	return id
}

func spanOf(unavailability mesos.Unavailability) filters.Span {
	span := filters.Span{Start: time.Unix(0, unavailability.Start.Nanoseconds).UTC(), Endless: unavailability.Duration == nil}
	if unavailability.Duration != nil {
		span.Duration = time.Duration(unavailability.Duration.Nanoseconds)
	}
	return span
}

func unavailabilityOf(span filters.Span) mesos.Unavailability {
	unavailability := mesos.Unavailability{Start: mesos.TimeInfo{Nanoseconds: span.Start.UnixNano()}}
	if !span.Endless {
		unavailability.Duration = &mesos.DurationInfo{Nanoseconds: int64(span.Duration)}
	}
	return unavailability
}
