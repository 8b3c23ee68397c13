package commands

import (
	"slices"

	"cordon/filters"
)

// The groups of verbs, in the order of help.
const (
	groupLook     = "look"
	groupWithhold = "withhold"
	groupGiveBack = "give back"
	groupTakeDown = "take down"
	groupPlan     = "plan"
	groupDecide   = "decide"
)

var groups = []string{groupLook, groupWithhold, groupGiveBack, groupTakeDown, groupPlan, groupDecide}

// vocabulary lists every verb. Within their group they stand in the order of help.
var vocabulary = slices.Concat(everyday, duties, deciding, fatal, maintained, planned)

// everyday are the verbs of one word.
var everyday = []*verb{
	{
		name: "help", group: groupLook, needs: filters.VerbLook,
		about:    "lists what you may do, or explains one verb",
		examples: []string{"help", "help filter", "help extend"},
		grammar:  func() grammar { return &helpGrammar{} },
	},
	{
		name: "status", group: groupLook, needs: filters.VerbLook,
		about:    "shows the cluster at a glance, or what is known of some agents",
		examples: []string{"status", "status agent-one", "status -c prod"},
		grammar:  func() grammar { return &findGrammar{} },
	},
	{
		name: "agents", group: groupLook, needs: filters.VerbLook,
		about:    "lists agents with their state and attributes",
		examples: []string{"agents", "agents -l rack=r1", "agents web-*"},
		grammar:  func() grammar { return &findGrammar{} },
	},
	{
		name: "filters", group: groupLook, needs: filters.VerbLook,
		about:    "lists the filters that stand: who, why, until when, and their IDs",
		examples: []string{"filters", "filters -c prod", "filters --cluster=prod"},
		grammar:  func() grammar { return &lookGrammar{} },
	},
	{
		name: "history", group: groupLook, needs: filters.VerbLook,
		about:    "shows what happened last, to the cluster or to some agents",
		examples: []string{"history agent-one", "history --by @alice --verb drain --since 2d", "history --verb refused --page 2"},
		grammar:  func() grammar { return &historyGrammar{} },
	},
	{
		name: "whoami", group: groupLook, needs: filters.VerbLook,
		about:    "shows who you are to me, what you may do and why",
		examples: []string{"whoami", "whoami -c prod", "whoami --cluster=prod"},
		grammar:  func() grammar { return &lookGrammar{} },
	},
	{
		name: "filter", aliases: []string{"cordon", "deactivate"}, group: groupWithhold, needs: filters.VerbFilter, form: true,
		about:    "withholds agents: they get no new tasks, tasks that run there run on",
		examples: []string{"filter agent-one --for 2h -m \"kernel upgrade\"", "filter web-1,web-2 --until tomorrow 06:00 -m \"disk swap\"", "filter -l rack=r1 --dry-run"},
		grammar:  func() grammar { return &filterGrammar{} },
	},
	{
		name: "adopt", group: groupWithhold, needs: filters.VerbAdopt, form: true,
		about:    "takes over agents that somebody else withheld, so that they are ours to give back",
		examples: []string{"adopt agent-four -m \"left by the night shift\"", "adopt agent-four --for 2h -m \"disk swap\"", "adopt agent-four --dry-run -m \"disk swap\""},
		grammar:  func() grammar { return &filterGrammar{} },
	},
	{
		name: "extend", group: groupWithhold, needs: filters.VerbExtend, form: true,
		about:    "moves the end of filters: to the later of what it is and so long from now",
		examples: []string{"extend agent-one --for 1h", "extend agent-one --for 1d --all", "extend f-3k7q2m9x --for 2h30m"},
		grammar:  func() grammar { return &extendGrammar{} },
	},
	{
		name: "unfilter", aliases: []string{"uncordon", "reactivate"}, group: groupGiveBack, needs: filters.VerbUnfilter, form: true,
		about:    "ends your filters on agents; they get tasks when nobody else withholds them",
		examples: []string{"unfilter agent-one", "unfilter @bench", "unfilter agent-one --all -m \"done early\""},
		grammar:  func() grammar { return &unfilterGrammar{} },
	},
	{
		name: "release", group: groupGiveBack, needs: filters.VerbRelease,
		about:    "ends filters by their IDs, whoever owns them",
		examples: []string{"release f-3k7q2m9x", "release f-3k7q2m9x f-8w2n4c6v -m \"owner is away\"", "release op-5t1z9d3h"},
		grammar:  func() grammar { return &releaseGrammar{} },
	},
	{
		name: "questions", group: groupDecide, needs: filters.VerbLook,
		about:    "lists what I ask the channel",
		examples: []string{"questions", "questions -c prod", "questions --cluster=prod"},
		grammar:  func() grammar { return &lookGrammar{} },
	},
	{
		name: "answer", group: groupDecide, needs: filters.VerbAnswer,
		about:    "answers one of my questions, once",
		examples: []string{"answer q-7h2k9s4d yes -m \"checked on the host\"", "answer q-7h2k9s4d no -m \"still broken\"", "answer q-7h2k9s4d yes --dry-run"},
		grammar:  func() grammar { return &answerGrammar{} },
	},
	{
		name: "freeze", group: groupDecide, needs: filters.VerbFreeze,
		about:    "stops everything new; unfilter and ends go on",
		examples: []string{"freeze -m \"Black Friday\"", "freeze -c prod -m \"incident 4711\"", "freeze --dry-run -m \"Black Friday\""},
		grammar:  func() grammar { return &orderGrammar{} },
	},
	{
		name: "thaw", group: groupDecide, needs: filters.VerbThaw,
		about:    "ends a freeze",
		examples: []string{"thaw -m \"sale is over\"", "thaw -c prod -m \"incident is over\"", "thaw --dry-run -m \"sale is over\""},
		grammar:  func() grammar { return &orderGrammar{} },
	},
	{
		name: "unlock", group: groupDecide, needs: filters.VerbUnlock,
		about:    "ends a lock, when you have seen what would be given back",
		examples: []string{"unlock --dry-run", "unlock -m \"restored from last night's dump, checked\"", "unlock -c prod -m \"checked\""},
		grammar:  func() grammar { return &orderGrammar{} },
	},
}

// lexicon finds verbs by name and alias.
var lexicon = func() map[string]*verb {
	found := map[string]*verb{}
	for _, verb := range vocabulary {
		verb.model()
		for _, name := range append([]string{verb.name}, verb.aliases...) {
			if found[name] != nil {
				panic("commands: two verbs are called " + name)
			}
			found[name] = verb
		}
	}
	return found
}()
