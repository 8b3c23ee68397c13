package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// addresses is a cache of users.lookupByEmail.
type addresses struct {
	mutex sync.Mutex
	known map[string]addressee
}

type addressee struct {
	user string // empty: nobody
	at   time.Time
}

const (
	addressFresh = 10 * time.Minute
	addressEmpty = time.Minute // how long it is believed that an address is nobody's
	addressMost  = 1000
)

// ByEmail returns the ID of the full member of the workspace who has the e-mail address, empty if nobody has: deactivated
// people, bots, guests and strangers do not count. It needs the scope users:read.email. Errors: Unavailable if Slack does not
// say; they do not hold the address.
func (e *Edge) ByEmail(ctx context.Context, address string) (user string, err error) {
	if found, ok := e.addresses.get(address); ok {
		return found, nil
	}
	found, err := e.api.GetUserByEmailContext(ctx, address)
	refusal, _ := errors.AsType[slackgo.SlackErrorResponse](err)
	switch {
	case err == nil:
		if personOf(found, e.config.Team).Member() {
			user = found.ID
		}
	case refusal.Err == "users_not_found":
	case refusal.Err == "missing_scope":
		return "", &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not let me look for e-mail addresses", Expected: "the scope `users:read.email`", Cause: err}
	default:
		return "", &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say whose an e-mail address is", Cause: err}
	}
	e.addresses.put(address, user)
	return user, nil
}

func (a *addresses) get(address string) (user string, fresh bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	found, ok := a.known[address]
	most := addressFresh
	if found.user == "" {
		most = addressEmpty
	}
	return found.user, ok && time.Since(found.at) < most
}

func (a *addresses) put(address, user string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.known == nil || len(a.known) >= addressMost {
		a.known = map[string]addressee{}
	}
	a.known[address] = addressee{user, time.Now()}
}
