package scheduler

import (
	"cmp"
	"slices"
	"time"

	"cordon/filters"
)

// mode reads what the window does with its agents.
func (p *problems) mode(w *Window, known known) {
	d := &w.Definition
	switch mode := filters.Mode(d.Mode); mode {
	case "", filters.ModeFilter:
	case filters.ModeDrain:
		w.Mode, w.Drain = mode, &filters.Drain{}
	case filters.ModeSchedule:
		w.Mode, w.TakeDown = mode, d.TakeDown
		p.scheduling(w)
	case filters.ModeDown:
		p.add("mode", "a window does not "+code(d.Mode)+" by itself", "`mode: schedule` with `take_down: true`, which puts machines into the maintenance schedule first", "")
	default:
		p.add("mode", code(d.Mode)+" is not known", "`filter`, `drain` or `schedule`", "")
	}
	if d.TakeDown && filters.Mode(d.Mode) != filters.ModeSchedule {
		p.add("take_down", "stands without mode schedule", "`mode: schedule`: Mesos takes down only machines that are in its maintenance schedule", "")
	}
	if d.Drain != nil {
		p.draining(w)
	}
	p.killing(w, known)
}

// scheduling refuses what means nothing for machines that are scheduled ahead.
func (p *problems) scheduling(w *Window) {
	d := &w.Definition
	if d.Joining {
		p.add("joining", "stands with mode schedule, whose machines are fixed before it opens", "no `joining`", "")
	}
	if d.Run != nil {
		p.add("run", "stands with mode schedule, which withholds no agent for its steps", "`mode: filter` or `mode: drain`, or no `run`", "")
	}
	if d.MaxUnavailable != "" && !d.TakeDown {
		p.add("max_unavailable", "stands with mode schedule, which makes no agent unavailable", "`take_down: true`, or no `max_unavailable`", "")
	}
}

// draining reads how agents are drained.
func (p *problems) draining(w *Window) {
	d := w.Definition.Drain
	if w.Drain == nil {
		p.add("drain", "stands without mode drain", "`mode: drain`, or no `drain`", "")
		return
	}
	if d.MarkGone {
		p.add("drain.mark_gone", "a window marks no agent gone: that cannot be undone, and the hostname must be typed for it", "no `mark_gone`", "`/mesos drain HOST --mark-gone` asks for it")
	}
	w.Drain.MaxGrace = p.optional("drain.max_grace_period", d.MaxGracePeriod)
	w.Deadline = p.optional("drain.deadline", d.Deadline)
}

// optional reads a duration that may be left out: 0.
func (p *problems) optional(field, text string) time.Duration {
	if text == "" {
		return 0
	}
	length, err := parseLength(text)
	p.check(field, err)
	return length
}

// killing holds a window that kills tasks to what the configuration allows.
func (p *problems) killing(w *Window, known known) {
	if verb := w.kills(); verb != "" && known.checksAllowed && !slices.Contains(known.allowed, verb) {
		p.add("mode", code(string(verb))+" is off, because it kills tasks", "`allow: ["+string(verb)+"]` of the cluster in the configuration", "")
	}
}

// kills is the verb that the configuration must allow because the window kills tasks; empty: it kills none.
func (w *Window) kills() filters.Verb {
	switch {
	case w.Mode == filters.ModeDrain:
		return filters.VerbDrain
	case w.TakeDown:
		return verbDown
	}
	return ""
}

// does says what the window does to its agents, in a verb.
func (w *Window) does() string {
	switch {
	case w.Mode == filters.ModeDrain:
		return "drains"
	case w.TakeDown:
		return "takes down the machines of"
	case w.Mode == filters.ModeSchedule:
		return "puts into the maintenance schedule the machines of"
	}
	return "withholds"
}

// cost says what that costs what runs there; empty: it runs on.
func (w *Window) cost() string {
	if w.kills() == "" {
		return ""
	}
	return "; what runs there is killed"
}

// verbs are what the gate is asked about beside windows.
func (w *Window) verbs() []filters.Verb {
	verbs := []filters.Verb{filters.VerbFilter}
	switch w.Mode {
	case filters.ModeDrain:
		verbs[0] = filters.VerbDrain
	case filters.ModeSchedule:
		verbs[0] = filters.VerbMaintenance
	}
	if w.Definition.Run != nil {
		verbs = append(verbs, filters.VerbRun)
	}
	return verbs
}

// steps are what the window does to the agents, as the policy is asked about it.
func (w *Window) steps(agents []*filters.Agent) []filters.Step {
	steps := make([]filters.Step, len(agents))
	for i, agent := range agents {
		steps[i] = filters.Step{Agent: agent.ID, Hostname: agent.Hostname, Mode: w.harshest()}
	}
	return steps
}

// harshest is the mode that says most of what it does to its agents.
func (w *Window) harshest() filters.Mode {
	if w.TakeDown {
		return filters.ModeDown
	}
	return w.Mode
}

// Deeds says what a window of the definition would do, before that is checked: the mode of its steps, the verbs that it is beside
// window, and the word that the configuration's allow must hold; empty: none.
func Deeds(d *Definition) (mode filters.Mode, also []filters.Verb, deadly string) {
	w := &Window{Definition: *d, Mode: cmp.Or(filters.Mode(d.Mode), filters.ModeFilter), TakeDown: d.TakeDown}
	return w.harshest(), w.verbs(), string(w.kills())
}
