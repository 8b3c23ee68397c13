package filters

import (
	"context"
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

// refusalMost bounds what is kept of the words of a refusal, in bytes.
const refusalMost = 500

// Refused writes a refusal into the journal, once for its request key.
func (s *Service) Refused(ctx context.Context, refusal Refusal) error {
	commit := Commit{Events: []Event{{
		Kind: KindRefused, Actor: refusal.Actor.ID, Cause: refusal.Cause, Request: refusal.Key, Outcome: string(CodeOf(refusal.Err)),
		Reason: cut(refusal.Err.Error(), refusalMost), Verb: refusal.Verb, Message: refusal.Message,
	}}}
	if refusal.Key != "" {
		commit.Request = "refused:" + refusal.Key // the key itself stays free: asked again, the request may be granted
	}
	_, err := s.config.Store.Commit(ctx, commit)
	return err
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
