package slack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// groups is a cache of user groups. Slack takes some twenty questions a minute about them, of everybody together.
type groups struct {
	mutex  sync.Mutex
	known  map[string]group
	asking map[string]*inquiry
}

// group is what Slack last said of a user group.
type group struct {
	members []string
	at      time.Time
	full    error     // Slack takes no more questions about it; nil: it does
	until   time.Time // for how long
}

// inquiry is a question to Slack that is under way: whoever wants to know meanwhile waits for the same answer.
type inquiry struct {
	done    chan struct{}
	members []string
	err     error
}

const (
	groupFresh = time.Minute
	groupStale = 5 * time.Minute // how old an answer may be while Slack gives no newer one
	// groupAbsent is how old an answer may be that somebody does not stand in: who presses again and again is refused from it.
	groupAbsent = 10 * time.Second
)

// Members returns the user IDs of a user group (S…), as of a minute ago at most; five while Slack does not answer.
func (e *Edge) Members(ctx context.Context, id string) ([]string, error) {
	known := e.groups.get(id)
	if time.Since(known.at) < groupFresh {
		return known.members, nil
	}
	members, err := e.MembersNow(ctx, id)
	if err != nil && time.Since(known.at) < groupStale && !answered(err) {
		return known.members, nil
	}
	return members, err
}

// MemberNow tells whether somebody is in a user group (S…): a yes is what Slack says just now, a no is at most ten seconds old.
// Errors: Unavailable.
func (e *Edge) MemberNow(ctx context.Context, id, user string) (bool, error) {
	if known := e.groups.get(id); time.Since(known.at) < groupAbsent && !slices.Contains(known.members, user) {
		return false, nil
	}
	members, err := e.MembersNow(ctx, id)
	return slices.Contains(members, user), err
}

// MembersNow returns the user IDs of a user group (S…) as Slack says just now. Errors: Unavailable.
func (e *Edge) MembersNow(ctx context.Context, id string) ([]string, error) {
	if known := e.groups.get(id); time.Now().Before(known.until) {
		return nil, silent(id, known.full)
	}
	one := e.groups.ask(e, id)
	select {
	case <-one.done:
		return one.members, one.err
	case <-ctx.Done():
		return nil, silent(id, ctx.Err())
	}
}

func silent(id string, cause error) error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say who is in user group " + id, Cause: cause}
}

func (g *groups) get(id string) group {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.known[id]
}

// ask asks Slack in the background, or joins who does.
func (g *groups) ask(e *Edge, id string) *inquiry {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if one := g.asking[id]; one != nil {
		return one
	}
	one := &inquiry{done: make(chan struct{})}
	g.asking[id] = one
	e.later(func(ctx context.Context) { g.load(ctx, e, id, one) })
	return one
}

func (g *groups) load(ctx context.Context, e *Edge, id string, one *inquiry) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	members, err := e.api.GetUserGroupMembersContext(ctx, id)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	defer close(one.done)
	delete(g.asking, id)
	if err == nil {
		g.known[id] = group{members: members, at: time.Now()}
		one.members = members
		return
	}
	one.err = silent(id, err)
	if slow, limited := errors.AsType[*slackgo.RateLimitedError](err); limited {
		known := g.known[id]
		known.full, known.until = err, time.Now().Add(max(slow.RetryAfter, time.Second))
		g.known[id] = known
	}
}
