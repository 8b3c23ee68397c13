package operation

import (
	"slices"
	"strings"

	"cordon/filters"
)

// spots resolves the targets: agents to the machines that they run on, with every agent there; the hostname of a machine that is
// scheduled, down or ours, whose agents need not be registered just now; and host@ip to any machine.
func (d *Desk) spots(targets []filters.Target, seen *reading) ([]spot, error) {
	roster := d.config.Roster()
	if roster.AsOf().IsZero() {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "I have not read the cluster yet, so I know no agents", Try: "Try again in a moment"}
	}
	var machines []filters.Machine
	var agents []filters.Target
	for _, target := range targets {
		named, err := d.named(roster, target, seen)
		if err != nil {
			return nil, err
		}
		if machines = append(machines, named...); len(named) == 0 {
			agents = append(agents, target)
		}
	}
	if len(agents) > 0 || len(machines) == 0 {
		found, err := filters.Resolve(roster, d.config.Groups, agents)
		if err != nil {
			return nil, err
		}
		for _, agent := range found {
			if agent.IP == "" {
				return nil, invalid("`"+agent.Hostname+"` runs an agent whose IP the master did not tell", "its machine in full, such as `"+agent.Hostname+"@10.0.0.9`: Mesos matches hostname and IP, both")
			}
			machines = append(machines, agent.Machine())
		}
	}
	return gather(roster, machines), nil
}

// named returns the machines that a target names beside registered agents; none: it is to name agents.
func (d *Desk) named(roster *filters.Roster, target filters.Target, seen *reading) ([]filters.Machine, error) {
	if strings.Contains(target.Name, "@") {
		machine, err := filters.ParseMachine(target.Name)
		if err == nil {
			err = mistaken(roster, machine)
		}
		return []filters.Machine{machine}, err
	}
	if target.Name == "" || len(roster.OnHost(target.Name)) > 0 {
		return nil, nil
	}
	return slices.DeleteFunc(d.all(seen), func(m filters.Machine) bool { return !strings.EqualFold(m.Hostname, target.Name) }), nil
}

// mistaken refuses a machine that is registered otherwise: Mesos would take the call and do nothing.
func mistaken(roster *filters.Roster, machine filters.Machine) error {
	for _, agent := range roster.OnHost(machine.Hostname) {
		if agent.IP != "" && agent.IP != machine.IP {
			return invalid("`"+agent.Hostname+"` is registered with the IP "+agent.IP+", not "+machine.IP, "`"+agent.Machine().Typed()+"`: Mesos matches hostname and IP, both")
		}
	}
	for agent := range roster.All() {
		if agent.IP == machine.IP && !strings.EqualFold(agent.Hostname, machine.Hostname) {
			return invalid("the IP "+machine.IP+" is that of `"+agent.Hostname+"`, not of `"+machine.Hostname+"`", "`"+agent.Machine().Typed()+"`: Mesos matches hostname and IP, both")
		}
	}
	return nil
}

// gather lists each machine once, by name, with its agents.
func gather(roster *filters.Roster, machines []filters.Machine) []spot {
	seen := map[filters.Machine]bool{}
	var spots []spot
	for _, machine := range machines {
		if seen[machine.Key()] {
			continue
		}
		seen[machine.Key()] = true
		one := spot{machine: machine}
		for _, agent := range roster.OnHost(machine.Hostname) {
			if agent.Machine().Same(machine) {
				one.agents, one.machine = append(one.agents, agent), agent.Machine()
			}
		}
		spots = append(spots, one)
	}
	slices.SortFunc(spots, func(a, b spot) int { return strings.Compare(a.machine.Name(), b.machine.Name()) })
	return spots
}
