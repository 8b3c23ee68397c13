package commands

import (
	"cordon/filters"
	"cordon/scheduler"
)

// Sketch is what a command would ask the policy for, before its agents are known.
type Sketch struct {
	Verb filters.Verb // the right that it takes
	// Kind is the plan's; empty: the policy is not asked. Mode is of its steps.
	Kind string
	Mode filters.Mode
	// Also are the verbs that it is beside Verb, see filters.Ask.
	Also []filters.Verb
	// Deadly is the word that the configuration's allow must hold; empty: none.
	Deadly string
}

// Sketch returns the command's.
func (c *Command) Sketch() Sketch {
	sketch := Sketch{Verb: lexicon[c.Verb].needs, Mode: filters.ModeFilter}
	switch c.Verb {
	case "filter", "adopt", "unfilter", "release", "extend":
		sketch.Kind = filters.PlanFilters
	case "drain", "gone":
		sketch.Kind, sketch.Mode, sketch.Deadly = filters.PlanRun, filters.ModeDrain, c.Verb
		if c.Manual { // nothing is killed
			sketch.Mode, sketch.Deadly = filters.ModeFilter, ""
		}
	case "run start":
		sketch.Kind, sketch.Also = filters.PlanRun, []filters.Verb{filters.VerbFilter}
	case "window add":
		sketch.Kind = filters.PlanWindow
		sketch.Mode, sketch.Also, sketch.Deadly = scheduler.Deeds(&c.Window)
	case "maintenance schedule":
		sketch.Kind, sketch.Mode = filters.PlanMachines, filters.ModeSchedule
	case "maintenance down":
		sketch.Kind, sketch.Mode, sketch.Deadly = filters.PlanMachines, filters.ModeDown, "down"
	}
	return sketch
}
