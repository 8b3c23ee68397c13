package filters

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
	"unicode/utf8"
)

// Refusal is a change that somebody asked for and was told no.
type Refusal struct {
	Actor   Actor
	Key     string // the request key
	Cause   string
	Message string // what a click was made on, as CHANNEL/TIMESTAMP; empty: nothing is known
	Verb    Verb
	Err     error
}

// The most that is kept of a refusal's words and of its names, in bytes.
const (
	refusalMost = 500
	namesMost   = 250
)

// Refused writes a refusal into the journal, once for its request key, and not more of them than a person makes by hand: those
// beyond are for the caller to count (invariant 8). What may have happened after all, and what was refused because the store is
// away, is not written.
func (s *Service) Refused(ctx context.Context, refusal Refusal) error {
	if !s.refusal(refusal.Err) || !s.refusals.allow(refusal.Actor.ID, time.Now()) {
		return nil
	}
	commit := Commit{Events: []Event{{
		Kind: KindRefused, Actor: cut(refusal.Actor.ID, namesMost), Cause: refusal.Cause, Request: cut(refusal.Key, namesMost), Outcome: string(CodeOf(refusal.Err)),
		Reason: cut(refusal.Err.Error(), refusalMost), Verb: refusal.Verb, Message: cut(refusal.Message, namesMost),
	}}}
	if refusal.Key != "" {
		commit.Request = "refused:" + cut(refusal.Key, namesMost) // the key itself stays free: asked again, the request may be granted
	}
	_, err := s.config.Store.Commit(ctx, commit)
	return err
}

// refusal tells whether the error says no, and can be written down. The words of an error that is not for people are not.
func (s *Service) refusal(err error) bool {
	if _, told := errors.AsType[*Error](err); !told {
		return false
	}
	switch CodeOf(err) {
	case Unconfirmed, Internal:
		return false
	case Unavailable:
		return s.config.Away().IsZero()
	}
	return true
}

// The most that is written down of one actor, who may be told no in a burst, and of all together; refusersMost actors are told apart.
const (
	refusalBurst  = 30
	refusalEvery  = 2 * time.Second
	refusalsBurst = 300
	refusalsEvery = 200 * time.Millisecond
	refusersMost  = 10_000
)

// refusals says whose refusals are written down.
type refusals struct {
	mutex sync.Mutex
	all   time.Time            // when the whole burst of all is free again
	full  map[string]time.Time // by actor: when theirs is
}

// allow takes one place of the actor's and of all, if both have one.
func (r *refusals) allow(actor string, now time.Time) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.full) >= refusersMost {
		maps.DeleteFunc(r.full, func(_ string, full time.Time) bool { return full.Before(now) })
	}
	mine, free := spent(r.full[actor], now, refusalBurst, refusalEvery)
	all, room := spent(r.all, now, refusalsBurst, refusalsEvery)
	if !free || !room || len(r.full) >= refusersMost {
		return false
	}
	if r.full == nil {
		r.full = map[string]time.Time{}
	}
	r.full[actor], r.all = mine, all
	return true
}

// spent returns when the whole burst is free again after one more place of it was taken, and false if none is left.
func spent(full, now time.Time, burst int, every time.Duration) (time.Time, bool) {
	if full.Before(now) {
		full = now
	}
	return full.Add(every), full.Sub(now) <= time.Duration(burst-1)*every
}

// cut returns at most so many bytes of a text, whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}
