package commands

import (
	"cordon/filters"
)

type (
	drainGrammar struct {
		clusterFlag
		targetArguments
		MaxGracePeriod string `placeholder:"10m" help:"The longest that a task is given to end, where its executor obeys it; command tasks keep their own by default."`
		Deadline       string `placeholder:"1h" help:"When the channel is told who holds an agent up; nothing is forced."`
		MaxParallel    string `placeholder:"2" help:"How many agents are drained at once; 1 without it."`
		Manual         bool   `help:"Frameworks are asked to move their tasks, and none is killed: nobody else has to say yes."`
		Last           bool   `help:"With --manual: also tasks that are the last of their app, which is away until it has started elsewhere."`
		MarkGone       bool   `help:"Drained, the agent leaves the cluster for ever, with its disk; needs --confirm."`
		reasonFlag
		planFlags
	}
	goneGrammar struct {
		clusterFlag
		targetArguments
		reasonFlag
		planFlags
	}
)

func (g *drainGrammar) given() given {
	return g.plan(given{
		Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute, Reason: g.Reason,
		MaxGracePeriod: g.MaxGracePeriod, Deadline: g.Deadline, MarkGone: g.MarkGone, Manual: g.Manual, Last: g.Last, procedure: procedureFlags{MaxParallel: g.MaxParallel},
	})
}

func (g *goneGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Words: g.Target, Attributes: g.Attribute, Reason: g.Reason})
}

// fatal are the verbs that kill tasks, and the one that shows them.
var fatal = []*verb{
	{
		name: "tasks", group: groupLook, needs: filters.VerbLook,
		about:    "shows what runs on agents, by framework; of up to five that are named, task by task",
		examples: []string{"tasks agent-one", "tasks -l rack=r1", "tasks web-* -c prod"},
		grammar:  func() grammar { return &findGrammar{} },
	},
	{
		name: "drain", group: groupTakeDown, needs: filters.VerbDrain, form: true,
		about:    "has the tasks of agents end, so that they can be taken down; others approve of it first, and it cannot be cancelled; or --manual: frameworks move them",
		examples: []string{"drain agent-one -m \"disk swap\"", "drain web-1,web-2 --max-grace-period 10m --deadline 1h --max-parallel 2", "drain agent-one --manual --deadline 2h"},
		grammar:  func() grammar { return &drainGrammar{} },
	},
	{
		name: "gone", group: groupTakeDown, needs: filters.VerbGone,
		about:    "has agents leave the cluster for ever, with all that is on their disks; two others approve of it first, and it cannot be undone",
		examples: []string{"gone agent-one --confirm agent-one -m \"mainboard burnt\"", "gone web-1,web-2 --confirm web-1,web-2 -m \"sold\"", "gone agent-one --dry-run"},
		grammar:  func() grammar { return &goneGrammar{} },
	},
}

// draining reads the flags of drain and gone.
func (c *Command) draining(given given) error {
	c.Drain = filters.Drain{MarkGone: given.MarkGone, Gone: c.Verb == "gone"}
	c.Manual, c.Last = given.Manual, given.Last
	switch {
	case c.Last && !c.Manual:
		return &filters.Error{Code: filters.Invalid, Wrong: "`--last` is given without `--manual`", Expected: "both: a drain by the master ends every task"}
	case c.Manual && (given.MarkGone || given.MaxGracePeriod != ""):
		return &filters.Error{Code: filters.Invalid, Wrong: "`--manual` kills nothing and marks nothing gone", Expected: "it without `--mark-gone` and `--max-grace-period`"}
	}
	var err error
	if given.MaxGracePeriod != "" {
		if c.Drain.MaxGrace, err = parseDuration("--max-grace-period", given.MaxGracePeriod); err != nil {
			return err
		}
	}
	if given.Deadline != "" {
		if c.Deadline, err = parseDuration("--deadline", given.Deadline); err != nil {
			return err
		}
	}
	return nil
}
