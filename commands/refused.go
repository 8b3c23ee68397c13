package commands

import (
	"context"
	"strings"
	"time"

	"cordon/filters"
)

// refusalTime is how long after its time a command may take to write down that it was refused: the answer waits for it.
const refusalTime = 100 * time.Millisecond

// note writes into the journal that a change was refused. What only looks, and a dry run, is not.
func (b *Bot) note(ctx context.Context, t *turn, err error) {
	verb := filters.VerbLook
	if known := t.asked(); known != nil {
		verb = known.needs
	}
	if t.record == nil || verb == filters.VerbLook || t.command.DryRun || t.Filled != nil && t.Filled.Look {
		return
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), t.by.Add(refusalTime))
	defer cancel()
	refusal := filters.Refusal{Actor: t.Actor, Key: t.RequestKey, Cause: t.Cause, Message: t.Message, Verb: verb, Err: err}
	if err := t.record.Refused(ctx, refusal); err != nil {
		b.config.Logger.Warn("a refusal could not be written down", "request", t.RequestKey, "error", err)
	}
}

// asked is the verb that was meant, also where the rest of the command could not be understood; nil: none is known.
func (t *turn) asked() *verb {
	if t.Filled != nil {
		return lexicon[t.Filled.Verb]
	}
	if known := lexicon[t.command.Verb]; known != nil {
		return known
	}
	if t.Press != nil {
		return lexicon[t.Press.Action] // most have the word of their verb
	}
	words, err := words(t.Text)
	if err != nil {
		words = strings.Fields(t.Text)
	}
	if len(words) > 0 && words[0] == "/mesos" {
		words = words[1:]
	}
	known, _, err := findVerb(words)
	if err != nil {
		return nil
	}
	return known
}
