package mesos

import (
	"fmt"
	"net/http"
	"slices"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// window is the part of the schedule that has a host's machine; nil: none has.
func (c *Cluster) window(h *host) *maintenance.Window {
	for i, window := range c.schedule.Windows {
		if slices.ContainsFunc(window.MachineIDs, func(id mesosapi.MachineID) bool { return keyOf(id) == h.machine() }) {
			return &c.schedule.Windows[i]
		}
	}
	return nil
}

// checkSchedule refuses what cannot be a schedule, and one that leaves out a
// machine that is down.
func (c *Cluster) checkSchedule(schedule maintenance.Schedule) error {
	seen := map[machineID]bool{}
	for _, window := range schedule.Windows {
		if len(window.MachineIDs) == 0 {
			return refusal("List of machines in the maintenance window is empty")
		}
		if duration := window.Unavailability.Duration; duration != nil && duration.Nanoseconds < 0 {
			return refusal("Unavailability 'duration' is negative")
		}
		if err := checkUnique(window.MachineIDs, seen); err != nil {
			return err
		}
	}
	for _, down := range c.machinesIn(machineDown) {
		if !seen[keyOf(down.id)] {
			return refusal(fmt.Sprintf("Machine '%s' is deactivated and cannot be removed from the schedule", inJSON(down.id)))
		}
	}
	return nil
}

// updateSchedule replaces the whole schedule: its machines drain, and those that
// it leaves out are up again without a word. Rights are asked machine by machine,
// so that an empty schedule needs none (recordings maint-err-*, acl-update-schedule-*).
func (c *Cluster) updateSchedule(principal string, schedule maintenance.Schedule) answer {
	if err := c.checkSchedule(schedule); err != nil {
		return bad(err.Error())
	}
	if len(schedule.Windows) > 0 && c.onlooker(principal) {
		return statusText(http.StatusForbidden)
	}
	for _, met := range c.machines {
		met.answers = nil
		if met.mode == machineDraining {
			met.mode = machineUp
		}
	}
	for _, window := range schedule.Windows {
		for _, id := range window.MachineIDs {
			if met := c.meet(id); met.mode == machineUp {
				met.mode = machineDraining
			}
		}
	}
	c.schedule = schedule
	c.answerInverseOffers()
	c.notify()
	return accepted()
}

// refuseMachines checks a list of machines that are to leave a mode: first that it
// is a list of machines, then each machine and the right to it; nil: go on.
func (c *Cluster) refuseMachines(principal string, ids []mesosapi.MachineID, from machineMode, words string) *answer {
	if len(ids) == 0 {
		return refused(bad("List of machines is empty"))
	}
	if err := checkUnique(ids, map[machineID]bool{}); err != nil {
		return refused(bad(err.Error()))
	}
	for _, id := range ids {
		switch {
		case !c.met(keyOf(id)):
			return refused(bad(fmt.Sprintf("Machine '%s' is not part of a maintenance schedule", inJSON(id))))
		case !c.machineIs(keyOf(id), from):
			return refused(bad(fmt.Sprintf("Machine '%s' is not in %s", inJSON(id), words)))
		case c.onlooker(principal):
			return refused(statusText(http.StatusForbidden))
		}
	}
	return nil
}

func refused(a answer) *answer { return &a }

// startMaintenance brings machines down. The answer comes before it shows: the
// agents are removed a moment later, their tasks are lost and their processes
// exit (recordings maint-10 to maint-16).
func (c *Cluster) startMaintenance(principal string, ids []mesosapi.MachineID) answer {
	if no := c.refuseMachines(principal, ids, machineDraining, "DRAINING mode and cannot be brought down"); no != nil {
		return *no
	}
	for _, id := range ids {
		down := keyOf(id)
		c.machines[down].mode = machineDown
		c.agenda.after(c.config.TaskEnd/2, func() { c.shutDownMachine(down) })
	}
	c.notify()
	return accepted()
}

func (c *Cluster) shutDownMachine(id machineID) {
	if !c.machineIs(id, machineDown) {
		return
	}
	for _, h := range c.hosts {
		if h.machine() != id || h.agent == nil {
			continue
		}
		if h.agent.standing == registered {
			h.agent.ended = slices.Clone(h.agent.tasks)
			c.remove(h.agent, "Operator initiated 'Machine DOWN'", agentRemoved)
		}
		h.running = false
	}
}

// stopMaintenance brings machines up and takes them out of the schedule. Their
// agents come back when their processes are started.
func (c *Cluster) stopMaintenance(principal string, ids []mesosapi.MachineID) answer {
	if no := c.refuseMachines(principal, ids, machineDown, "DOWN mode and cannot be brought up"); no != nil {
		return *no
	}
	for _, id := range ids {
		c.machines[keyOf(id)].mode = machineUp
		c.unschedule(keyOf(id))
	}
	c.notify()
	return accepted()
}

func (c *Cluster) unschedule(id machineID) {
	var left []maintenance.Window
	for _, window := range c.schedule.Windows {
		window.MachineIDs = slices.DeleteFunc(slices.Clone(window.MachineIDs), func(other mesosapi.MachineID) bool { return keyOf(other) == id })
		if len(window.MachineIDs) > 0 {
			left = append(left, window)
		}
	}
	c.schedule.Windows = left
}

// statusMessage is the state of machines as GET_MAINTENANCE_STATUS shows it.
func (c *Cluster) statusMessage() maintenance.ClusterStatus {
	var message maintenance.ClusterStatus
	for _, met := range c.machinesIn(machineDraining) {
		message.DrainingMachines = append(message.DrainingMachines, maintenance.ClusterStatus_DrainingMachine{
			ID: met.id, Statuses: c.inverseStatuses(met),
		})
	}
	for _, met := range c.machinesIn(machineDown) {
		message.DownMachines = append(message.DownMachines, met.id)
	}
	return message
}

// maintenanceWrite chooses what answers a v1 call about maintenance; nil: not
// such a call.
func (c *Cluster) maintenanceWrite(principal string, call *master.Call) func() answer {
	switch call.Type {
	case master.Call_UPDATE_MAINTENANCE_SCHEDULE:
		return func() answer { return c.updateSchedule(principal, call.UpdateMaintenanceSchedule.Schedule) }
	case master.Call_START_MAINTENANCE:
		return func() answer { return c.startMaintenance(principal, call.StartMaintenance.Machines) }
	case master.Call_STOP_MAINTENANCE:
		return func() answer { return c.stopMaintenance(principal, call.StopMaintenance.Machines) }
	}
	return nil
}
