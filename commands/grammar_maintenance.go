package commands

import (
	"strings"

	"cordon/filters"
)

type (
	machineArguments struct {
		Attribute []string `short:"l" sep:"none" placeholder:"rack=r1" help:"Only machines of agents with this attribute; may be given again."`
		Target    []string `arg:"" optional:"" sep:"none" help:"A machine by its hostname or by what names its agents; or HOST@IP, where no agent of it is registered."`
	}
	maintenanceStatusGrammar struct {
		clusterFlag
		machineArguments
	}
	maintenanceScheduleGrammar struct {
		clusterFlag
		machineArguments
		Start    string `placeholder:"\"tomorrow 02:00\"" help:"When the machine goes away: now, 18:00, 18:00 Europe/Paris, tomorrow 02:00 or RFC 3339."`
		Duration string `aliases:"for" placeholder:"1h" help:"How long it is away: 90m, 2h30m, 1d12h; without it, without an end."`
		reasonFlag
		planFlags
	}
	maintenanceWordGrammar struct { // down, up, cancel
		clusterFlag
		machineArguments
		reasonFlag
		planFlags
	}
)

func (g *maintenanceStatusGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute}
}
func (g *maintenanceScheduleGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute, Reason: g.Reason, Start: g.Start, Duration: g.Duration})
}
func (g *maintenanceWordGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute, Reason: g.Reason})
}

// maintained are the verbs of the maintenance schedule.
var maintained = []*verb{
	{
		name: "maintenance status", aliases: []string{"maintenance show", "maintenance list"}, group: groupTakeDown, needs: filters.VerbLook,
		about:    "shows the machines that are scheduled or down: whose they are, how long is left, and what frameworks said",
		examples: []string{"maintenance status", "maintenance status agent-one", "maintenance status -l rack=r1"},
		grammar:  func() grammar { return &maintenanceStatusGrammar{} },
	},
	{
		name: "maintenance schedule", aliases: []string{"maintenance add"}, group: groupTakeDown, needs: filters.VerbMaintenance,
		about: "puts machines into the maintenance schedule, or moves them: their frameworks are asked to leave, nothing is killed",
		examples: []string{
			"maintenance schedule agent-one --start \"tomorrow 02:00\" --duration 1h -m \"disk swap\"",
			"maintenance schedule agent-nine@10.0.0.9 --start \"18:00 Europe/Paris\" --duration 2h30m",
			"maintenance schedule -l rack=r1 --start now --duration 4h --dry-run",
		},
		grammar: func() grammar { return &maintenanceScheduleGrammar{} },
	},
	{
		name: "maintenance down", aliases: []string{"maintenance start"}, group: groupTakeDown, needs: filters.VerbMaintenance,
		about:    "asks for scheduled machines to be taken down, which kills what runs there: two others approve of it first",
		examples: []string{"maintenance down agent-one -m \"disk swap\"", "maintenance down agent-one --dry-run", "maintenance down agent-one,agent-two"},
		grammar:  func() grammar { return &maintenanceWordGrammar{} },
	},
	{
		name: "maintenance up", aliases: []string{"maintenance stop"}, group: groupTakeDown, needs: filters.VerbMaintenance,
		about:    "brings machines up that I took down, and takes them out of the schedule",
		examples: []string{"maintenance up agent-one", "maintenance up agent-one -m \"disk is new\"", "maintenance up agent-one --dry-run"},
		grammar:  func() grammar { return &maintenanceWordGrammar{} },
	},
	{
		name: "maintenance cancel", aliases: []string{"maintenance rm", "maintenance remove"}, group: groupTakeDown, needs: filters.VerbMaintenance,
		about:    "takes machines out of the maintenance schedule that I put there, and that are not down",
		examples: []string{"maintenance cancel agent-one", "maintenance cancel agent-one -m \"next week\"", "maintenance cancel agent-one --dry-run"},
		grammar:  func() grammar { return &maintenanceWordGrammar{} },
	},
}

// isMaintenance tells whether a verb is about the maintenance schedule.
func isMaintenance(verb string) bool { return strings.HasPrefix(verb, "maintenance ") }

// scheduling reads when machines go away, and for how long.
func (c *Command) scheduling(given given) (err error) {
	if given.Start != "" {
		if c.Starts, err = parseStart("--start", given.Start); err != nil {
			return err
		}
	}
	if given.Duration != "" {
		c.Lasts, err = parseDuration("--duration", given.Duration)
	}
	return err
}

// actsOn is what a verb needs targets for, and names how those are named.
func (v *verb) actsOn() string {
	if isMaintenance(v.name) {
		return "machine"
	}
	return "agent"
}

func (v *verb) names() string {
	if isMaintenance(v.name) {
		return "a hostname, an agent ID, a glob, `-l attribute=value`, `@group`, or `host@ip`"
	}
	return "a hostname, an agent ID, a glob, `-l attribute=value` or `@group`"
}
