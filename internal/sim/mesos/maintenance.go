package mesos

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// machineID names a machine: hostname (in lower case) and IP. An agent belongs
// to a machine only if both are its own.
type machineID struct{ hostname, ip string }

// machine is what the registry keeps of a machine; one that is not kept is UP.
type machine struct {
	mode    machineMode
	answers []inverseAnswer // what frameworks said to its inverse offers
}

type machineMode int

const (
	machineUp machineMode = iota
	machineDraining
	machineDown
)

// inverseAnswer is a framework's word on an inverse offer.
type inverseAnswer struct {
	accepted bool
	at       time.Time
}

// window is one announced unavailability.
type window struct {
	machines       []machineID
	unavailability mesosapi.Unavailability
}

func idOf(id mesosapi.MachineID) machineID {
	return machineID{hostname: strings.ToLower(id.GetHostname()), ip: id.GetIP()}
}

func (id machineID) message() mesosapi.MachineID {
	var message mesosapi.MachineID
	if id.hostname != "" {
		message.Hostname = &id.hostname
	}
	if id.ip != "" {
		message.IP = &id.ip
	}
	return message
}

// JSON is the machine as the master's error texts name it.
func (id machineID) JSON() string {
	var parts []string
	if id.hostname != "" {
		parts = append(parts, `"hostname":`+strconv.Quote(id.hostname))
	}
	if id.ip != "" {
		parts = append(parts, `"ip":`+strconv.Quote(id.ip))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// String is the machine as people read it.
func (id machineID) String() string { return id.hostname + " (" + id.ip + ")" }

func (h *host) machine() machineID {
	return machineID{hostname: strings.ToLower(h.config.Hostname), ip: h.config.IP}
}

func (c *Cluster) machineDown(h *host) bool {
	kept := c.machines[h.machine()]
	return kept != nil && kept.mode == machineDown
}

// scheduledMachine is the machine of a host if it is in the schedule.
func (c *Cluster) scheduledMachine(h *host) *machineID {
	id := h.machine()
	for _, window := range c.schedule {
		if slices.Contains(window.machines, id) {
			return &id
		}
	}
	return nil
}

// checkMachine refuses an ID that names no machine.
func checkMachine(id machineID) error {
	if id.hostname == "" && id.ip == "" {
		return refusal("Both 'hostname' and 'ip' for a machine are empty")
	}
	if id.ip == "" {
		return nil
	}
	if address, err := netip.ParseAddr(id.ip); err != nil || !address.Is4() {
		return refusal("Failed to parse IPv4: " + id.ip)
	}
	return nil
}

// checkMachines refuses lists that are empty or name a machine twice.
func checkMachines(ids []mesosapi.MachineID) error {
	if len(ids) == 0 {
		return refusal("List of machines is empty")
	}
	return checkUnique(ids, map[machineID]bool{})
}

func checkUnique(ids []mesosapi.MachineID, seen map[machineID]bool) error {
	for _, message := range ids {
		id := idOf(message)
		if err := checkMachine(id); err != nil {
			return err
		}
		if seen[id] {
			return refusal(fmt.Sprintf("Machine '%s' appears more than once in the schedule", id.JSON()))
		}
		seen[id] = true
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
	for _, id := range c.machineIDs(machineDown) {
		if !seen[id] {
			return refusal(fmt.Sprintf("Machine '%s' is deactivated and cannot be removed from the schedule", id.JSON()))
		}
	}
	return nil
}

// machineIDs are the machines in a mode, in the order of their names.
func (c *Cluster) machineIDs(mode machineMode) []machineID {
	ids := slices.DeleteFunc(slices.Collect(maps.Keys(c.machines)), func(id machineID) bool { return c.machines[id].mode != mode })
	slices.SortFunc(ids, func(a, b machineID) int {
		return cmp.Or(strings.Compare(a.hostname, b.hostname), strings.Compare(a.ip, b.ip))
	})
	return ids
}

// updateSchedule replaces the whole schedule: its machines drain, and those that
// it leaves out are up again without a word.
func (c *Cluster) updateSchedule(schedule maintenance.Schedule) answer {
	if err := c.checkSchedule(schedule); err != nil {
		return bad(err.Error())
	}
	was := c.machines
	c.schedule, c.machines = nil, map[machineID]*machine{}
	for _, w := range schedule.Windows {
		added := window{unavailability: w.Unavailability}
		for _, message := range w.MachineIDs {
			id := idOf(message)
			added.machines = append(added.machines, id)
			c.machines[id] = cmp.Or(was[id], &machine{mode: machineDraining})
		}
		c.schedule = append(c.schedule, added)
	}
	c.answerInverseOffers()
	c.notify()
	return accepted()
}

// AnswerInverseOffers makes the framework accept the inverse offers of machines
// that drain, as it does by itself, or decline them.
func (c *Cluster) AnswerInverseOffers(accept bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.framework.declines = !accept
	for _, kept := range c.machines {
		kept.answers = nil
	}
	c.answerInverseOffers()
}

// answerInverseOffers is the framework's word on machines that run agents.
func (c *Cluster) answerInverseOffers() {
	for _, a := range c.registered {
		kept := c.machines[a.host.machine()]
		if kept != nil && kept.mode == machineDraining && len(kept.answers) == 0 && a.connected {
			kept.answers = []inverseAnswer{{accepted: !c.framework.declines, at: time.Now()}}
		}
	}
}

// mode is a machine's mode; known says whether the master has ever seen it: in a
// schedule or with an agent.
func (c *Cluster) mode(id machineID) (mode machineMode, known bool) {
	if kept := c.machines[id]; kept != nil {
		return kept.mode, true
	}
	return machineUp, slices.ContainsFunc(c.hosts, func(h *host) bool { return h.agent != nil && h.machine() == id })
}

// checkModes refuses machines that are not in the mode that a change starts from.
func (c *Cluster) checkModes(ids []mesosapi.MachineID, from machineMode, name, change string) error {
	if err := checkMachines(ids); err != nil {
		return err
	}
	for _, message := range ids {
		id := idOf(message)
		mode, known := c.mode(id)
		if !known {
			return refusal(fmt.Sprintf("Machine '%s' is not part of a maintenance schedule", id.JSON()))
		}
		if mode != from {
			return refusal(fmt.Sprintf("Machine '%s' is not in %s mode and cannot be brought %s", id.JSON(), name, change))
		}
	}
	return nil
}

// startMaintenance brings machines down. The answer comes before it shows: the
// agents are removed a moment later, their tasks are lost and their processes
// exit (recordings maint-10 to maint-16).
func (c *Cluster) startMaintenance(ids []mesosapi.MachineID) answer {
	if err := c.checkModes(ids, machineDraining, "DRAINING", "down"); err != nil {
		return bad(err.Error())
	}
	for _, message := range ids {
		id := idOf(message)
		c.machines[id].mode = machineDown
		c.machines[id].answers = nil
		c.agenda.after(c.config.TaskStart/10, func() { c.shutDownMachine(id) })
	}
	c.notify()
	return accepted()
}

func (c *Cluster) shutDownMachine(id machineID) {
	kept := c.machines[id]
	if kept == nil || kept.mode != machineDown {
		return
	}
	for _, h := range c.hosts {
		if h.machine() != id || h.agent == nil {
			continue
		}
		if h.agent.standing == registered {
			c.remove(h.agent, "Operator initiated 'Machine DOWN'", agentRemoved)
		}
		h.running = false
	}
}

// stopMaintenance brings machines up and takes them out of the schedule. Their
// agents come back when their processes are started.
func (c *Cluster) stopMaintenance(ids []mesosapi.MachineID) answer {
	if err := c.checkModes(ids, machineDown, "DOWN", "up"); err != nil {
		return bad(err.Error())
	}
	for _, message := range ids {
		c.unschedule(idOf(message))
	}
	c.notify()
	return accepted()
}

func (c *Cluster) unschedule(id machineID) {
	delete(c.machines, id)
	for i := range c.schedule {
		c.schedule[i].machines = slices.DeleteFunc(c.schedule[i].machines, func(other machineID) bool { return other == id })
	}
	c.schedule = slices.DeleteFunc(c.schedule, func(w window) bool { return len(w.machines) == 0 })
}

// scheduleMessage is the schedule as GET_MAINTENANCE_SCHEDULE shows it.
func (c *Cluster) scheduleMessage() maintenance.Schedule {
	var message maintenance.Schedule
	for _, w := range c.schedule {
		shown := maintenance.Window{Unavailability: w.unavailability}
		for _, id := range w.machines {
			shown.MachineIDs = append(shown.MachineIDs, id.message())
		}
		message.Windows = append(message.Windows, shown)
	}
	return message
}

// statusMessage is the state of machines as GET_MAINTENANCE_STATUS shows it.
func (c *Cluster) statusMessage() maintenance.ClusterStatus {
	var message maintenance.ClusterStatus
	for _, id := range c.machineIDs(machineDraining) {
		shown := maintenance.ClusterStatus_DrainingMachine{ID: id.message()}
		for _, said := range c.machines[id].answers {
			word := allocator.InverseOfferStatus_DECLINE
			if said.accepted {
				word = allocator.InverseOfferStatus_ACCEPT
			}
			shown.Statuses = append(shown.Statuses, allocator.InverseOfferStatus{
				Status: &word, FrameworkID: mesosapi.FrameworkID{Value: c.framework.id}, Timestamp: *timeInfo(said.at),
			})
		}
		message.DrainingMachines = append(message.DrainingMachines, shown)
	}
	for _, id := range c.machineIDs(machineDown) {
		message.DownMachines = append(message.DownMachines, id.message())
	}
	return message
}

// maintenanceWrite chooses what answers a v1 call about maintenance; nil: not
// such a call.
func (c *Cluster) maintenanceWrite(call *master.Call) func() answer {
	switch call.Type {
	case master.Call_UPDATE_MAINTENANCE_SCHEDULE:
		return func() answer { return c.updateSchedule(call.UpdateMaintenanceSchedule.Schedule) }
	case master.Call_START_MAINTENANCE:
		return func() answer { return c.startMaintenance(call.StartMaintenance.Machines) }
	case master.Call_STOP_MAINTENANCE:
		return func() answer { return c.stopMaintenance(call.StopMaintenance.Machines) }
	}
	return nil
}
