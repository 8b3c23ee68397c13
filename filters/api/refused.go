package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// refusalTime is how long it may take to write a refusal down: the answer waits for it.
const refusalTime = 500 * time.Millisecond

// strangersLogged is how often the log tells of requests of nobody who is known; each one is counted.
const strangersLogged = 10 * time.Second

// strangers counts requests without a token that is known, for the log.
type strangers struct {
	mutex sync.Mutex
	since int
	told  time.Time
}

// due notes one more, and returns how many there were since the log told of them, 0 while it is too early to tell.
func (s *strangers) due(now time.Time) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.since++
	if now.Sub(s.told) < strangersLogged {
		return 0
	}
	count := s.since
	s.since, s.told = 0, now
	return count
}

// stranger counts a request whose token is missing or not known. Nobody is known who could stand in the journal.
func (a *API) stranger(r *http.Request) {
	a.config.Observe("", filters.Unauthorized)
	if count := a.strangers.due(time.Now()); count > 0 {
		a.config.Logger.WarnContext(r.Context(), "requests to the API had no token that is known", "since_last_told", count, "path", r.URL.Path, "from", r.RemoteAddr)
	}
}

// refused counts a request that was told no, and writes it into the journal if it would have changed something: what a command
// that could not be read would have been is not known.
func (a *API) refused(ctx context.Context, c *call, err error) {
	told := forPeople(err)
	a.config.Observe(c.token.Cluster, filters.CodeOf(told))
	verb, changes := map[string]filters.Verb{http.MethodPost: filters.VerbFilter, http.MethodPut: filters.VerbFilter, http.MethodDelete: filters.VerbRelease}[c.Method]
	if !changes {
		return
	}
	if c.URL.Path == commandsPath {
		verb = ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTime)
	defer cancel()
	if err := c.service.Refused(ctx, filters.Refusal{Actor: c.token.actor(), Key: c.key(), Cause: filters.CauseAPI, Verb: verb, Err: told}); err != nil {
		a.config.Logger.WarnContext(ctx, "a refusal could not be written down", "token", c.token.Name, "error", err)
	}
}

// forPeople is the error with its code, where it has the module's own words or those of HTTP.
func forPeople(err error) error {
	own, is := errors.AsType[*moduleError](err)
	switch {
	case is && own.status == http.StatusNotFound:
		return &filters.Error{Code: filters.Unknown, Wrong: unmarked.Replace(own.text)}
	case is:
		return &filters.Error{Code: filters.Invalid, Wrong: unmarked.Replace(own.text)}
	case tooLarge(err):
		return &filters.Error{Code: filters.Invalid, Wrong: largeBody}
	}
	return err
}

// unmarked takes out of a caller's words what would be markup in ours.
var unmarked = strings.NewReplacer("`", "'", "*", "'")

const largeBody = "the body is larger than 256 kB"
