package filters

import (
	"context"
	"slices"
	"time"
)

// awaitedMost is how many approvals Awaiting looks at.
const awaitedMost = 20

// Awaited is an approval with what somebody may say about it now.
type Awaited struct {
	Approval Approval
	Words    []string // approve and deny, deny alone (of a yes of theirs), review, or withdraw
}

// Awaiting returns the approvals that wait for a word of the actor's, the newest first, of the newest twenty, and behind them those that they can
// still take their yes to back. An error says that of some it cannot be told now whether they do: they are left out.
func (s *Service) Awaiting(ctx context.Context, actor Actor) (awaited []Awaited, unsure error) {
	now, all := s.Now(), s.Approvals()
	all = slices.DeleteFunc(all, func(approval Approval) bool {
		return !approval.Open(now) && !approval.Unreviewed() && approval.Revocable(actor, now) == nil
	})
	for _, approval := range all[:min(len(all), awaitedMost)] {
		words, err := s.wordsOf(ctx, actor, &approval, now)
		if CodeOf(err) == Unavailable {
			unsure = err
		}
		if len(words) > 0 {
			awaited = append(awaited, Awaited{approval, words})
		}
	}
	slices.SortStableFunc(awaited, func(a, b Awaited) int { return a.answered() - b.answered() })
	return awaited, unsure
}

// answered is 1 where the actor has said yes, 0 where it waits for them.
func (a *Awaited) answered() int {
	if len(a.Words) == 1 && a.Words[0] == "deny" {
		return 1
	}
	return 0
}

// wordsOf are what the actor may say about the approval; none: it does not wait for them.
func (s *Service) wordsOf(ctx context.Context, actor Actor, approval *Approval, now time.Time) ([]string, error) {
	own, review := approval.AskedBy(actor), approval.Unreviewed()
	switch {
	case own && approval.Open(now):
		return []string{"withdraw"}, nil
	case approval.Revocable(actor, now) != nil:
		return []string{"deny"}, nil
	case own, !review && approval.votable(actor, now) != nil:
		return nil, nil
	}
	if err := s.config.Gate.MayJudge(ctx, actor, approval); err != nil {
		return nil, err
	}
	if review {
		return []string{"review"}, nil
	}
	return []string{"approve", "deny"}, nil
}
