package scheduler

import (
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

// killing holds a window that kills tasks to what the configuration allows, and one that a person made to asking.
func (p *problems) killing(w *Window, known known) {
	verb := w.kills()
	switch {
	case verb == "":
	case known.checksAllowed && !slices.Contains(known.allowed, verb):
		p.add("mode", code(string(verb))+" is off, because it kills tasks", "`allow: ["+string(verb)+"]` of the cluster in the configuration", "")
	case known.madeInChat && !w.Definition.Approval:
		p.add("approval", "is missing: this window kills tasks, and nobody but who makes it would be asked", "`--approval`, so that another operator says yes to each opening", "")
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
	switch w.Mode {
	case filters.ModeDrain:
		return []filters.Verb{filters.VerbDrain}
	case filters.ModeSchedule:
		return []filters.Verb{filters.VerbMaintenance}
	}
	return nil
}
