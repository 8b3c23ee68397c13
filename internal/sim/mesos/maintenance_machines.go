package mesos

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

// machineID is what makes machines the same: hostname (in whatever case) and IP.
// An agent belongs to a machine only if both are its own.
type machineID struct{ hostname, ip string }

// machine is a machine that the master has met: in a schedule, or with an agent.
type machine struct {
	id      mesosapi.MachineID // as it was written first
	mode    machineMode
	answers map[*framework]inverseAnswer // to its inverse offers
}

type machineMode int

const (
	machineUp machineMode = iota
	machineDraining
	machineDown
)

func keyOf(id mesosapi.MachineID) machineID {
	return machineID{hostname: strings.ToLower(id.GetHostname()), ip: id.GetIP()}
}

// inJSON is a machine as the master's error texts name it.
func inJSON(id mesosapi.MachineID) string {
	return string(appendJSON(nil, machinePrinting, encode(&id)))
}

var machinePrinting = declared.of(messageNamed("mesos.MachineID"))

// String is the machine as people read it.
func (id machineID) String() string { return id.hostname + " (" + id.ip + ")" }

func (h *host) machine() machineID {
	return machineID{hostname: strings.ToLower(h.config.Hostname), ip: h.config.IP}
}

// machineIs says whether a machine is known and in a mode.
func (c *Cluster) machineIs(id machineID, mode machineMode) bool {
	met := c.machines[id]
	return met != nil && met.mode == mode
}

func (c *Cluster) machineDown(h *host) bool { return c.machineIs(h.machine(), machineDown) }

// checkMachine refuses an ID that names no machine.
func checkMachine(id mesosapi.MachineID) error {
	if id.GetHostname() == "" && id.GetIP() == "" {
		return refusal("Both 'hostname' and 'ip' for a machine are empty")
	}
	if id.GetIP() == "" {
		return nil
	}
	if address, err := netip.ParseAddr(id.GetIP()); err != nil || !address.Is4() {
		return refusal("Failed to parse IPv4: " + id.GetIP())
	}
	return nil
}

// checkUnique refuses IDs that name no machine, and machines that are named twice.
func checkUnique(ids []mesosapi.MachineID, seen map[machineID]bool) error {
	for _, id := range ids {
		if err := checkMachine(id); err != nil {
			return err
		}
		if seen[keyOf(id)] {
			return refusal(fmt.Sprintf("Machine '%s' appears more than once in the schedule", inJSON(id)))
		}
		seen[keyOf(id)] = true
	}
	return nil
}

// machinesIn are the machines in a mode, in the order of their names.
func (c *Cluster) machinesIn(mode machineMode) []*machine {
	found := slices.DeleteFunc(slices.Collect(maps.Values(c.machines)), func(m *machine) bool { return m.mode != mode })
	slices.SortFunc(found, func(a, b *machine) int { return strings.Compare(keyOf(a.id).String(), keyOf(b.id).String()) })
	return found
}

// meet is a machine, met now if never before. Machines are not forgotten while
// the master leads.
func (c *Cluster) meet(id mesosapi.MachineID) *machine {
	if c.machines[keyOf(id)] == nil {
		c.machines[keyOf(id)] = &machine{id: id}
	}
	return c.machines[keyOf(id)]
}

// forgetMachines is what a failover leaves of them: those in the schedule,
// without the frameworks' answers.
func (c *Cluster) forgetMachines() {
	maps.DeleteFunc(c.machines, func(_ machineID, m *machine) bool { return m.mode == machineUp })
	for _, met := range c.machines {
		met.answers = nil
	}
}

// met says whether the master has met a machine: in a schedule or with an agent.
func (c *Cluster) met(id machineID) bool {
	return c.machines[id] != nil || slices.ContainsFunc(c.hosts, func(h *host) bool { return h.agent != nil && h.machine() == id })
}
