package scheduler

import (
	"slices"
	"strings"
	"time"
)

// StepKind is what kind of thing a step of a run does.
type StepKind string

// The kinds of steps.
const (
	StepWait    StepKind = "wait"
	StepConfirm StepKind = "confirm" // a person says done, failed or skip
	StepWebhook StepKind = "webhook" // a webhook of the configuration is called
	StepMove    StepKind = "move"    // frameworks are asked to move their tasks off the agent, until it runs none
)

// Step is one step that a run does for each of its agents.
type Step struct {
	Kind    StepKind
	Wait    time.Duration // of StepWait
	Webhook string        // of StepWebhook: its name in the configuration
	Last    bool          // of StepMove: also tasks that are the last of their app
}

// moveLast is the step that moves the last instances of apps, too.
const moveLast = "last"

// String renders the step as it is written, its duration in Go's way, which ParseStep reads too.
func (s Step) String() string {
	switch s.Kind {
	case StepWait:
		return string(s.Kind) + " " + s.Wait.String()
	case StepWebhook:
		return string(s.Kind) + " " + s.Webhook
	case StepMove:
		if s.Last {
			return string(s.Kind) + " " + moveLast
		}
	}
	return string(s.Kind)
}

const stepExample = "`wait 5m`, `confirm`, `move` or `webhook reboot`"

// ParseStep reads a step: `wait 5m`, `confirm`, `move`, `move last` or `webhook NAME`. Errors are Invalid.
func ParseStep(text string) (Step, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Step{}, invalid("a step is empty", stepExample)
	}
	kind, rest := StepKind(words[0]), words[1:]
	switch {
	case (kind == StepConfirm || kind == StepMove) && len(rest) == 0:
		return Step{Kind: kind}, nil
	case kind == StepMove && len(rest) == 1 && rest[0] == moveLast:
		return Step{Kind: kind, Last: true}, nil
	case kind == StepWait && len(rest) == 1:
		wait, err := parseLength(rest[0])
		if err != nil {
			return Step{}, err
		}
		return Step{Kind: kind, Wait: wait}, nil
	case kind == StepWebhook && len(rest) == 1:
		if !isName(rest[0]) {
			return Step{}, invalid(code(rest[0])+" is not a webhook's name", nameExpected+", such as `webhook reboot`")
		}
		return Step{Kind: kind, Webhook: rest[0]}, nil
	case slices.Contains([]StepKind{StepConfirm, StepWait, StepWebhook, StepMove}, kind):
		return Step{}, invalid(code(text)+" has not the words that a step of its kind has", stepExample)
	}
	return Step{}, invalid(code(text)+" is no step", stepExample)
}

// CompiledProcedure is a Procedure that was checked.
type CompiledProcedure struct {
	Steps    []Step
	Parallel int           // how many agents are under way at once, at least 1
	BatchBy  string        // an attribute; empty: none
	Soak     time.Duration // 0: a returned agent is looked at once
	Failures int           // how many agents may fail before the run stops
	Restart  bool          // an agent must have registered again since its steps began
}

// CompileProcedure checks a procedure. The problems' fields are the procedure's own, such as `steps[1]`; with problems the
// procedure is nil.
func CompileProcedure(p Procedure, options ...Option) (*CompiledProcedure, []Problem) {
	var wrong problems
	compiled := wrong.procedure(p, gather(options))
	if len(wrong) > 0 {
		return nil, wrong
	}
	return compiled, nil
}

func (p *problems) procedure(procedure Procedure, known known) *CompiledProcedure {
	compiled := &CompiledProcedure{Parallel: max(procedure.MaxParallel, 1), BatchBy: procedure.BatchBy, Failures: procedure.MaxFailures, Restart: procedure.Expect == "restart"}
	for i, text := range procedure.Steps {
		step, err := ParseStep(text)
		if p.check(at("steps", i), err) {
			p.webhook(at("steps", i), step, known)
			compiled.Steps = append(compiled.Steps, step)
		}
	}
	if procedure.MaxParallel < 0 {
		p.add("max_parallel", "is less than zero", "how many agents are under way at once, such as `2`", "")
	}
	if procedure.MaxFailures < 0 {
		p.add("max_failures", "is less than zero", "how many agents may fail before the run stops, such as `1`", "")
	}
	if procedure.BatchBy != "" && !isAttribute(procedure.BatchBy) {
		p.add("batch_by", code(procedure.BatchBy)+" is not the name of an attribute", "one such as `rack`", "")
	}
	if procedure.Soak != "" {
		soak, err := parseLength(procedure.Soak)
		p.check("soak", err)
		compiled.Soak = soak
	}
	p.choice("expect", procedure.Expect, "restart", "stay")
	return compiled
}

// webhook checks a webhook's name against the configuration's.
func (p *problems) webhook(field string, step Step, known known) {
	switch {
	case step.Kind != StepWebhook || !known.checksWebhooks || slices.Contains(known.webhooks, step.Webhook):
	case len(known.webhooks) == 0:
		p.add(field, "I know no webhook "+code(step.Webhook), "the configuration has no webhooks", "They are listed there under `webhooks`")
	default:
		p.add(field, "I know no webhook "+code(step.Webhook), "one of the configuration's: "+codes(known.webhooks), "")
	}
}
