package slack

import (
	"context"
	"sync"
	"time"

	"cordon/filters"
)

// groups is a cache of user groups.
type groups struct {
	mutex sync.Mutex
	known map[string]group
}

type group struct {
	members []string
	at      time.Time
}

const (
	groupFresh = time.Minute
	groupStale = 5 * time.Minute // how old an answer may be while Slack gives no newer one
)

// Members returns the user IDs of a user group (S…), as of a minute ago at most; five while Slack does not answer.
func (e *Edge) Members(ctx context.Context, id string) ([]string, error) {
	e.groups.mutex.Lock()
	known, here := e.groups.known[id]
	e.groups.mutex.Unlock()
	if here && time.Since(known.at) < groupFresh {
		return known.members, nil
	}
	members, err := e.MembersNow(ctx, id)
	if err != nil && here && time.Since(known.at) < groupStale && !answered(err) {
		return known.members, nil
	}
	return members, err
}

// MembersNow returns the user IDs of a user group (S…) as Slack says just now. Errors: Unavailable.
func (e *Edge) MembersNow(ctx context.Context, id string) ([]string, error) {
	members, err := e.api.GetUserGroupMembersContext(ctx, id)
	if err != nil {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say who is in user group " + id, Cause: err}
	}
	e.groups.mutex.Lock()
	e.groups.known[id] = group{members, time.Now()}
	e.groups.mutex.Unlock()
	return members, nil
}
