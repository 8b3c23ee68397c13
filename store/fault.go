package store

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Errors of writes that carry a term.
var (
	// ErrStale says that the term of a leader's write is not the newest: another replica leads, or did meanwhile.
	ErrStale error = &filters.Error{Code: filters.Conflict, Wrong: "another replica leads this cluster now"}
)

// refusals are the starts of Redis's error answers that come before anything was written.
var refusals = []string{
	"LOADING ", "READONLY ", "MASTERDOWN ", "CLUSTERDOWN ", "MISCONF ", "OOM ", "NOREPLICAS ", "BUSY ", "NOAUTH ", "NOPERM ",
	"WRONGPASS ", "TRYAGAIN ", "NOSCRIPT ", "MOVED ", "ASK ", "ERR max number of clients", "ERR invalid password",
	"UNKILLABLE ", "NOPROTO ",
}

// unsent tells whether the error means that the request surely was not carried out.
func unsent(err error) bool {
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return true
	}
	if errors.Is(err, redis.ErrClosed) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) {
		return true
	}
	for _, start := range refusals {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// fault turns an error of Redis into one for people: of a read, or of a write that is repeated harmlessly.
func (r *Redis) fault(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ours := errors.AsType[*filters.Error](err); ours {
		return err
	}
	return &filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer", Expected: reason(err), Cause: err}
}

// lost is the error of a write that may have happened.
func lost(err error) error {
	return &filters.Error{Code: filters.Unconfirmed, Wrong: "Redis did not confirm the write", Cause: err}
}

// unwritten is the error of a write that surely did not happen.
func unwritten(err error) error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer", Expected: reason(err), Cause: err}
}

// reason says in a phrase what is wrong with Redis, without addresses or credentials.
func reason(err error) string {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "LOADING"):
		return "it is still loading its data"
	case strings.HasPrefix(text, "READONLY"), strings.HasPrefix(text, "MASTERDOWN"):
		return "it is a replica just now"
	case strings.HasPrefix(text, "MISCONF"):
		return "it cannot write to its disk"
	case strings.HasPrefix(text, "OOM"):
		return "its memory is full"
	case strings.HasPrefix(text, "CLUSTERDOWN"), strings.HasPrefix(text, "TRYAGAIN"):
		return "its cluster is down"
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "NOPERM"):
		return "it refuses our user or password"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return "it cannot be reached"
	}
	return ""
}
