package commands

import (
	"slices"

	"cordon/scheduler"
)

// The pieces that the grammars of windows and runs are made of.
type (
	nameArgument struct {
		Name []string `arg:"" optional:"" sep:"none" name:"name" help:"The window's name."`
	}
	runArgument struct {
		ID []string `arg:"" optional:"" sep:"none" name:"run-id" help:"The run's ID; without it the one that is under way, if there is one alone."`
	}
	unavailableFlags struct {
		MaxUnavailable string `placeholder:"25%" help:"How many agents, or which share of them, may be withheld by anybody when it takes one."`
		Per            string `placeholder:"rack" help:"Counts --max-unavailable for each value of this attribute."`
	}
	procedureFlags struct {
		Step        []string `sep:"none" placeholder:"confirm" help:"What is done for each agent while it is withheld: \"wait 5m\", confirm, move, \"webhook NAME\"; may be given again, in order."`
		MaxParallel string   `placeholder:"2" help:"How many agents are under way at once; 1 without it."`
		BatchBy     string   `placeholder:"rack" help:"An attribute: agents of one value are done before those of the next begin."`
		Soak        string   `placeholder:"5m" help:"How long an agent must be back and well before it is given back."`
		MaxFailures string   `placeholder:"1" help:"How many agents may fail before it stops; without it the first one stops it."`
		Expect      string   `placeholder:"restart" help:"restart: steps restart the agent, so it must register again; stay: they do not, which is meant without it."`
	}
)

type (
	windowsGrammar struct { // window list, run list
		clusterFlag
		Nothing []string `arg:"" optional:"" hidden:"" sep:"none"`
	}
	windowShowGrammar struct {
		clusterFlag
		nameArgument
		YAML bool `name:"yaml" help:"As it stands in the configuration, to be pasted below windows:."`
	}
	windowNextGrammar struct {
		clusterFlag
		nameArgument
		Most string `name:"most" short:"n" placeholder:"10" help:"How many openings, at most 50."`
	}
	windowAddGrammar struct {
		clusterFlag
		Words          []string `arg:"" optional:"" sep:"none" name:"name target" help:"The window's name, then its agents: hostnames, agent IDs, globs such as web-*, @group. They are found when it opens."`
		Schedule       string   `placeholder:"\"0 2 * * 2\"" help:"When it opens: minute, hour, day of the month, month, day of the week."`
		Duration       string   `aliases:"for" placeholder:"2h" help:"How long it is open: 90m, 2h30m, 1d12h; --for is the same."`
		TimeZone       string   `name:"timezone" aliases:"time-zone" placeholder:"Europe/Berlin" help:"The time zone of the schedule; without it your own."`
		Attribute      []string `short:"l" sep:"none" placeholder:"rack=r1" help:"Only agents with this attribute; may be given again."`
		Joining        bool     `help:"Agents that join while it is open are withheld, too."`
		Mode           string   `placeholder:"drain" help:"What it does with its agents: filter, which is meant without it; drain, which kills what runs there; or schedule, which puts their machines into the maintenance schedule."`
		TakeDown       bool     `help:"Of --mode schedule: the machines are down while it is open, and what runs there is killed."`
		MaxGracePeriod string   `placeholder:"10m" help:"Of --mode drain: the longest that a task is given to end, where its executor obeys it."`
		Deadline       string   `placeholder:"1h" help:"Of --mode drain: when the channel is told who holds an agent up; nothing is forced."`
		StartDate      string   `placeholder:"2027-01-01" help:"The first day on which it opens."`
		EndDate        string   `placeholder:"2027-12-31" help:"The last day on which it opens."`
		Announce       []string `placeholder:"24h,1h" help:"How long before it opens the channel is told."`
		Cutoff         string   `placeholder:"15m" help:"How long before its end nothing new begins."`
		Missed         string   `placeholder:"late" help:"What becomes of an opening that nobody was there for: late, or skip."`
		Overrun        string   `placeholder:"finish" help:"What becomes of a run that is under way at the end: finish, or stop."`
		unavailableFlags
		Approval bool `help:"Each opening asks before it opens; without a yes it does not."`
		procedureFlags
		reasonFlag
		tryFlag
	}
	windowWordGrammar struct { // window pause, resume, skip, rm
		clusterFlag
		nameArgument
		reasonFlag
		tryFlag
	}
	runStartGrammar struct {
		clusterFlag
		targetArguments
		Mode string `placeholder:"filter" help:"What is done to each agent: filter."`
		procedureFlags
		unavailableFlags
		reasonFlag
		planFlags
	}
	runShowGrammar struct {
		clusterFlag
		runArgument
	}
	runWordGrammar struct { // run pause, resume, abort
		clusterFlag
		runArgument
		reasonFlag
		tryFlag
	}
	runConfirmGrammar struct {
		clusterFlag
		Words []string `arg:"" optional:"" sep:"none" name:"run-id word" help:"The run's ID, or the ID of what it asks; then done, failed or skip."`
		reasonFlag
		tryFlag
	}
)

func (g *windowsGrammar) given() given { return given{Cluster: g.Cluster, Words: g.Nothing} }
func (g *windowShowGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Name, YAML: g.YAML}
}
func (g *windowNextGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Name, Most: g.Most}
}
func (g *windowAddGrammar) given() given {
	return given{
		Cluster: g.Cluster, Words: g.Words, Attributes: g.Attribute, Reason: g.Reason, DryRun: g.DryRun, procedure: g.procedureFlags,
		Window: scheduler.Definition{
			Schedule: g.Schedule, Duration: g.Duration, TimeZone: g.TimeZone, Joining: g.Joining, Mode: g.Mode, StartDate: g.StartDate, EndDate: g.EndDate,
			Cutoff: g.Cutoff, Overrun: g.Overrun, Missed: g.Missed, Announce: slices.Clone(g.Announce),
			MaxUnavailable: g.MaxUnavailable, MaxUnavailablePer: g.Per, Approval: g.Approval, Drain: g.draining(), TakeDown: g.TakeDown,
		},
	}
}

// draining is what was said of how agents are drained; nil: nothing.
func (g *windowAddGrammar) draining() *scheduler.Draining {
	if g.MaxGracePeriod+g.Deadline == "" {
		return nil
	}
	return &scheduler.Draining{MaxGracePeriod: g.MaxGracePeriod, Deadline: g.Deadline}
}

func (g *windowWordGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Name, Reason: g.Reason, DryRun: g.DryRun}
}
func (g *runStartGrammar) given() given {
	return g.plan(given{
		Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute, Reason: g.Reason, procedure: g.procedureFlags,
		Window: scheduler.Definition{Mode: g.Mode, MaxUnavailable: g.MaxUnavailable, MaxUnavailablePer: g.Per},
	})
}
func (g *runShowGrammar) given() given { return given{Cluster: g.Cluster, Words: g.ID} }
func (g *runWordGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.ID, Reason: g.Reason, DryRun: g.DryRun}
}
func (g *runConfirmGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Words, Reason: g.Reason, DryRun: g.DryRun}
}
