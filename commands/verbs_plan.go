package commands

import "cordon/filters"

// family is a first word that a second one follows: window, run.
type family struct {
	name    string
	aliases []string
	about   string
	bare    string // what it means alone
}

// families are the first words that a second one follows, in the order of help.
var families = []*family{
	{name: "window", aliases: []string{"windows"}, about: "agents withheld on a schedule: what opens when, and for whom", bare: "window list"},
	{name: "maintenance", aliases: []string{"maint"}, about: "machines in Mesos's maintenance schedule: announced to their frameworks, taken down, brought up", bare: "maintenance status"},
	{name: "run", aliases: []string{"runs"}, about: "maintenance that goes over agents, some at a time", bare: "run list"},
}

// planned are the verbs of the families.
var planned = []*verb{
	{
		name: "window list", aliases: []string{"window ls"}, group: groupPlan, needs: filters.VerbLook,
		about:    "lists the windows: when each opens next, and which are open",
		examples: []string{"window list", "windows", "window list -c prod"},
		grammar:  func() grammar { return &windowsGrammar{} },
	},
	{
		name: "window show", group: groupPlan, needs: filters.VerbLook,
		about:    "shows one window, in words or as configuration",
		examples: []string{"window show kernel-tue", "window show kernel-tue --yaml", "window show kernel-tue -c prod"},
		grammar:  func() grammar { return &windowShowGrammar{} },
	},
	{
		name: "window next", group: groupPlan, needs: filters.VerbLook,
		about:    "shows what opens next",
		examples: []string{"window next", "window next kernel-tue", "window next -n 20"},
		grammar:  func() grammar { return &windowNextGrammar{} },
	},
	{
		name: "window add", aliases: []string{"window change"}, group: groupPlan, needs: filters.VerbWindow,
		about: "adds a window, or changes one that was added here",
		examples: []string{
			"window add kernel-tue -l rack=r1 --schedule \"0 2 * * 2\" --duration 2h -m \"kernel upgrades\"",
			"window add bench-nights @bench --schedule \"0 1 * * 1-5\" --timezone Europe/Berlin --duration 3h --announce 24h,1h --max-unavailable 25% --per rack --dry-run",
			"window add disks-sun -l rack=r3 --schedule \"0 3 * * 0\" --duration 3h --mode drain --max-grace-period 10m --deadline 1h --max-unavailable 2 --step \"webhook firmware\" -m disks",
		},
		grammar: func() grammar { return &windowAddGrammar{} },
	},
	{
		name: "window pause", group: groupPlan, needs: filters.VerbWindow,
		about:    "lets a window open no more until somebody resumes it; what is open ends on time",
		examples: []string{"window pause kernel-tue -m \"audit week\"", "window pause kernel-tue", "window pause kernel-tue --dry-run"},
		grammar:  func() grammar { return &windowWordGrammar{} },
	},
	{
		name: "window resume", group: groupPlan, needs: filters.VerbWindow,
		about:    "lets a paused window open again",
		examples: []string{"window resume kernel-tue", "window resume kernel-tue -m \"audit is over\"", "window resume kernel-tue --dry-run"},
		grammar:  func() grammar { return &windowWordGrammar{} },
	},
	{
		name: "window skip", group: groupPlan, needs: filters.VerbWindow,
		about:    "closes a window that is open, and gives its agents back; of one that is not, leaves the next opening out",
		examples: []string{"window skip kernel-tue -m \"release day\"", "window skip kernel-tue", "window skip kernel-tue --dry-run"},
		grammar:  func() grammar { return &windowWordGrammar{} },
	},
	{
		name: "window rm", aliases: []string{"window remove", "window delete"}, group: groupPlan, needs: filters.VerbWindow,
		about:    "removes a window that was added here; if it is open it is closed first",
		examples: []string{"window rm kernel-tue", "window rm kernel-tue -m \"done for good\"", "window rm kernel-tue --dry-run"},
		grammar:  func() grammar { return &windowWordGrammar{} },
	},
	{
		name: "run list", aliases: []string{"run ls"}, group: groupPlan, needs: filters.VerbLook,
		about:    "lists runs: what is under way, and what ended lately",
		examples: []string{"run list", "runs", "run list -c prod"},
		grammar:  func() grammar { return &windowsGrammar{} },
	},
	{
		name: "run show", aliases: []string{"run status"}, group: groupPlan, needs: filters.VerbLook,
		about:    "shows a run and its agents",
		examples: []string{"run show", "run show r-3k7q2m9x", "run show r-3k7q2m9x -c prod"},
		grammar:  func() grammar { return &runShowGrammar{} },
	},
	{
		name: "run start", group: groupPlan, needs: filters.VerbRun,
		about: "goes over agents: withholds each, does the steps, sees that it is back, gives it back, takes the next",
		examples: []string{
			"run start -l rack=r1 --max-parallel 2 --step \"webhook reboot\" --soak 5m -m \"firmware\"",
			"run start web-* --batch-by rack --step confirm --expect restart -m \"disk swap\"",
			"run start @bench --step \"wait 10m\" --dry-run",
		},
		grammar: func() grammar { return &runStartGrammar{} },
	},
	{
		name: "run pause", group: groupPlan, needs: filters.VerbRun,
		about:    "begins no further agent; those under way are finished",
		examples: []string{"run pause", "run pause r-3k7q2m9x", "run pause r-3k7q2m9x -m \"waiting for a spare\""},
		grammar:  func() grammar { return &runWordGrammar{} },
	},
	{
		name: "run resume", group: groupPlan, needs: filters.VerbRun,
		about:    "goes on with a run that is paused, or that failures stopped",
		examples: []string{"run resume", "run resume r-3k7q2m9x", "run resume r-3k7q2m9x -m \"spare is in\""},
		grammar:  func() grammar { return &runWordGrammar{} },
	},
	{
		name: "run abort", group: groupPlan, needs: filters.VerbRun,
		about:    "ends a run, and gives back what is safe to give back",
		examples: []string{"run abort", "run abort r-3k7q2m9x -m \"wrong rack\"", "run abort r-3k7q2m9x --dry-run"},
		grammar:  func() grammar { return &runWordGrammar{} },
	},
	{
		name: "run confirm", group: groupPlan, needs: filters.VerbRun,
		about:    "answers a run that waits for a person: the step is done, failed, or the agent is skipped",
		examples: []string{"run confirm r-3k7q2m9x done", "run confirm r-3k7q2m9x failed -m \"does not boot\"", "run confirm r-3k7q2m9x skip"},
		grammar:  func() grammar { return &runConfirmGrammar{} },
	},
}

// familyOf returns the family that a word names, nil if none.
func familyOf(word string) *family {
	for _, known := range families {
		if word == known.name {
			return known
		}
		for _, alias := range known.aliases {
			if word == alias {
				return known
			}
		}
	}
	return nil
}

// members are the verbs of the family, in the order of help.
func (f *family) members() []*verb {
	var members []*verb
	for _, verb := range vocabulary {
		if verb.family() == f {
			members = append(members, verb)
		}
	}
	return members
}
