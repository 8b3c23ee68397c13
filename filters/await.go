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
	Words    []string // approve and deny, review, or withdraw
}

// Awaiting returns the approvals that wait for a word of the actor's, the newest first, of the newest twenty. An error says that of some it cannot be told
// now whether they do: they are left out.
func (s *Service) Awaiting(ctx context.Context, actor Actor) (awaited []Awaited, unsure error) {
	now, all := s.Now(), s.Approvals()
	all = slices.DeleteFunc(all, func(approval Approval) bool { return !approval.Open(now) && !approval.Unreviewed() })
	for _, approval := range all[:min(len(all), awaitedMost)] {
		words, err := s.wordsOf(ctx, actor, &approval, now)
		if CodeOf(err) == Unavailable {
			unsure = err
		}
		if len(words) > 0 {
			awaited = append(awaited, Awaited{approval, words})
		}
	}
	return awaited, unsure
}

// wordsOf are what the actor may say about the approval; none: it does not wait for them.
func (s *Service) wordsOf(ctx context.Context, actor Actor, approval *Approval, now time.Time) ([]string, error) {
	own, review := approval.AskedBy(actor), approval.Unreviewed()
	switch {
	case own && approval.Open(now):
		return []string{"withdraw"}, nil
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
