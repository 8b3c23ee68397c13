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
	case filters.ModeDown:
		p.add("mode", "a window does not "+code(d.Mode)+" by itself", "`mode: schedule` with `take_down: true`, which puts machines into the maintenance schedule first", "")
	default:
		p.add("mode", code(d.Mode)+" is not known", "`filter` or `drain`", "")
	}
	if d.Drain != nil {
		p.draining(w)
	}
	p.killing(w, known)
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
	if w.Mode == filters.ModeDrain {
		return filters.VerbDrain
	}
	return ""
}

// does says what the window does to its agents, in a verb.
func (w *Window) does() string {
	if w.Mode == filters.ModeDrain {
		return "drains"
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
	if w.Mode == filters.ModeDrain {
		return []filters.Verb{filters.VerbDrain}
	}
	return nil
}
