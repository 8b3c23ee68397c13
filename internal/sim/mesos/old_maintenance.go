package mesos

import (
	"encoding/json"
	"net/http"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
)

// The endpoints below /maintenance and /machine print objects by the names of
// their fields, as Mesos's older conversion does.
var (
	sorted           = newPrinter(true)
	scheduleMessage  = messageNamed("mesos.maintenance.Schedule")
	machineMessage   = messageNamed("mesos.MachineID")
	schedulePrinting = sorted.of(scheduleMessage)
	statusPrinting   = sorted.of(messageNamed("mesos.maintenance.ClusterStatus"))
)

// errWrongType refuses JSON that is no object, or no list, where one is expected.
const errWrongType = refusal("Unexpected JSON type parsed")

// oldSchedule answers /maintenance/schedule: GET shows the schedule, POST
// replaces it (recordings maint-*-old-*).
func (m *member) oldSchedule(r *request) answer {
	switch r.Method {
	case http.MethodGet:
		return m.withState(r, func() any {
			var shown maintenance.Schedule
			if m.state == leading {
				shown = m.cluster.schedule
			}
			return json.RawMessage(appendJSON(nil, schedulePrinting, encode(&shown)))
		})
	case http.MethodPost:
		return m.oldUpdateSchedule(r)
	}
	return methodNotAllowed(r.Method, http.MethodGet, http.MethodPost)
}

func (m *member) oldUpdateSchedule(r *request) answer {
	body, err := r.read()
	if err != nil {
		return bad(err.Error())
	}
	value, err := parseJSON(string(body))
	if err != nil {
		return bad(err.Error())
	}
	object, ok := value.(jsonObject)
	if !ok {
		return bad(errWrongType.Error())
	}
	wire, err := decodeJSON(scheduleMessage, object)
	if err != nil {
		return bad(err.Error())
	}
	var schedule maintenance.Schedule
	if err := schedule.Unmarshal(wire); err != nil {
		return bad(err.Error())
	}
	m.cluster.mutex.Lock()
	err = m.cluster.checkSchedule(schedule)
	m.cluster.mutex.Unlock()
	if err != nil {
		return bad(err.Error())
	}
	return m.change(r, func() answer { return m.cluster.updateSchedule(r.principal, schedule) })
}

// change does what changes the registry. A master that recovers gives no answer
// before it is done (recording recovering-old-post-schedule).
func (m *member) change(r *request, do func() answer) answer {
	if held := m.awaitQuorum(r); held != nil {
		return *held
	}
	changes := m.cluster.Watch(r.Context())
	for {
		m.cluster.mutex.Lock()
		if m.state == leading {
			defer m.cluster.mutex.Unlock()
			return do()
		}
		m.cluster.mutex.Unlock()
		if _, open := <-changes; !open {
			return statusText(http.StatusServiceUnavailable) // nobody is there to read it
		}
	}
}

// oldStatus answers /maintenance/status.
func (m *member) oldStatus(r *request) answer {
	if r.Method != http.MethodGet {
		return methodNotAllowed(r.Method, http.MethodGet)
	}
	return m.withState(r, func() any {
		var shown maintenance.ClusterStatus
		if m.state == leading {
			shown = m.cluster.statusMessage()
		}
		return json.RawMessage(appendJSON(nil, statusPrinting, encode(&shown)))
	})
}

// oldMachineDown and oldMachineUp answer /machine/down and /machine/up: lists of
// machines.
func (m *member) oldMachineDown(r *request) answer {
	return m.oldMachines(r, m.cluster.startMaintenance)
}

func (m *member) oldMachineUp(r *request) answer {
	return m.oldMachines(r, m.cluster.stopMaintenance)
}

func (m *member) oldMachines(r *request, change func(principal string, ids []mesosapi.MachineID) answer) answer {
	if r.Method != http.MethodPost {
		return methodNotAllowed(r.Method, http.MethodPost)
	}
	body, err := r.read()
	if err != nil {
		return bad(err.Error())
	}
	value, err := parseJSON(string(body))
	if err != nil {
		return bad(err.Error())
	}
	elements, ok := value.([]any)
	if !ok {
		return bad(errWrongType.Error())
	}
	ids := make([]mesosapi.MachineID, len(elements))
	for i, element := range elements {
		wire, err := decodeJSON(machineMessage, element)
		if err != nil {
			return bad(err.Error())
		}
		if err := ids[i].Unmarshal(wire); err != nil {
			return bad(err.Error())
		}
	}
	if held := m.awaitQuorum(r); held != nil {
		return *held
	}
	m.cluster.mutex.Lock()
	defer m.cluster.mutex.Unlock()
	return change(r.principal, ids)
}
