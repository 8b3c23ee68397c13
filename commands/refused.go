package commands

import (
	"context"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// How many refusals of one actor are written down: refusalBurst at once, and then one each refusalEvery. The others are
// counted with all commands (invariant 8).
const (
	refusalBurst = 30
	refusalEvery = 2 * time.Second
	// refusalTime bounds the write: the answer waits for it.
	refusalTime = 500 * time.Millisecond
	// refusersMost is how many actors are told apart.
	refusersMost = 10_000
)

// refusals says whose refusals are written down.
type refusals struct {
	mutex sync.Mutex
	full  map[string]time.Time // by actor: when a whole burst is free again
}

// allow takes one place of the actor's, if there is one.
func (r *refusals) allow(actor string, now time.Time) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.full == nil || len(r.full) >= refusersMost {
		r.full = map[string]time.Time{}
	}
	from := r.full[actor]
	if from.Before(now) {
		from = now
	}
	if from.Sub(now) > (refusalBurst-1)*refusalEvery {
		return false
	}
	r.full[actor] = from.Add(refusalEvery)
	return true
}

// note writes into the journal that a change was refused. What only looks, a dry run, and what nobody could decide because
// something did not answer, is not.
func (b *Bot) note(ctx context.Context, t *turn, err error) {
	verb := filters.VerbLook
	if known := t.asked(); known != nil {
		verb = known.needs
	}
	if t.service == nil || verb == filters.VerbLook || t.command.DryRun {
		return
	}
	switch filters.CodeOf(err) {
	case filters.Unavailable, filters.Unconfirmed, filters.Internal:
		return
	}
	if !b.refusals.allow(t.Actor.ID, time.Now()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTime)
	defer cancel()
	refusal := filters.Refusal{Actor: t.Actor, Key: t.RequestKey, Cause: t.Cause, Message: t.Message, Verb: verb, Err: err}
	if err := t.service.Refused(ctx, refusal); err != nil {
		b.config.Logger.Warn("a refusal could not be written down", "request", t.RequestKey, "error", err)
	}
}

// asked is the verb that was meant, also where the rest of the command could not be understood; nil: none is known.
func (t *turn) asked() *verb {
	if known := lexicon[t.command.Verb]; known != nil || t.Press != nil {
		return known
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
