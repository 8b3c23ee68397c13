package mesos

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"cordon/filters"
)

// miss is a master that could not take a request: the next one is asked.
type miss struct {
	where    address
	words    string  // what it said or did, after its name
	names    address // the leader it names; zero: none
	stranger bool    // the named leader is none that may be asked
	cause    error
}

func (m *miss) Error() string { return m.where.String() + " " + m.words }
func (m *miss) Unwrap() error { return m.cause }

type misses []*miss

func (m misses) at(where address) bool {
	for _, miss := range m {
		if miss.where == where {
			return true
		}
	}
	return false
}

// failure is the error of a request that no master took: it is surely not done.
func (m misses) failure(ctx context.Context, cluster string) error {
	failure := &filters.Error{Code: filters.Unavailable, Cause: ctx.Err()}
	if len(m) == 0 {
		failure.Wrong = "the master of *" + cluster + "* was not asked: there was no time left"
		return failure
	}
	words := make([]string, len(m))
	for i, miss := range m {
		words[i] = miss.Error()
		failure.Cause = errors.Join(failure.Cause, miss.cause)
		if miss.stranger {
			failure.Try = fmt.Sprintf("Add `%s` to `masters` of cluster %s, if it is one of its masters", miss.names.URL(), cluster)
		}
	}
	failure.Wrong = "no leading master of *" + cluster + "* answers: " + strings.Join(words, "; ")
	return failure
}

// phrase says in words what kept a request from its answer.
func phrase(err error) string {
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses the connection"
	case errors.As(err, &certificate):
		return "shows a certificate that the configured CAs do not vouch for"
	case errors.As(err, &lookup):
		return "has a name that is not found"
	case errors.Is(err, context.Canceled):
		return "was not waited for"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "broke the connection off"
	}
	return "cannot be reached"
}

func unconfirmed(at address, cause error) error {
	return &filters.Error{
		Code:  filters.Unconfirmed,
		Wrong: at.String() + " got the call, and " + phrase(cause) + ": it may have happened",
		Cause: cause,
	}
}

// refusal is an answer other than 2xx of a master that leads, as far as it tells.
type refusal struct {
	at     address
	status int
	text   string // the start of its body
}

func (r *refusal) Error() string { return fmt.Sprintf("%s answered %d %s", r.at, r.status, r.text) }

// is tells whether the refusal has the status and exactly the text.
func (r *refusal) is(status int, text string) bool { return r.status == status && r.text == text }

// plain returns the refusal as an error for people, for refusals that mean nothing special to the call.
func (r *refusal) plain(config *Config) error {
	switch {
	case r.status == http.StatusUnauthorized:
		return r.unauthorized(config)
	case r.status == http.StatusForbidden:
		wrong := "the principal `" + config.Principal + "` may not do this at " + r.at.String()
		if config.Principal == "" {
			wrong = r.at.String() + " does not let the bot do this"
		}
		return &filters.Error{Code: filters.Denied, Wrong: wrong, Expected: "a right in the master's ACLs", Cause: r}
	case r.status == http.StatusServiceUnavailable, r.status == http.StatusTooManyRequests:
		return &filters.Error{Code: filters.Unavailable, Wrong: r.at.String() + " does not take calls now" + r.quote(), Cause: r}
	case r.status >= 500:
		return &filters.Error{Code: filters.Unconfirmed, Wrong: fmt.Sprintf("%s failed with %d%s", r.at, r.status, r.quote()), Cause: r}
	}
	return &filters.Error{Code: filters.Invalid, Wrong: fmt.Sprintf("%s refused with %d%s", r.at, r.status, r.quote()), Cause: r}
}

func (r *refusal) unauthorized(config *Config) error {
	failure := &filters.Error{Code: filters.Denied, Cause: r}
	switch {
	case len(config.BearerToken) > 0:
		failure.Wrong, failure.Expected = r.at.String()+" does not accept the bearer token", "a token that its authenticator knows"
	case config.Principal == "":
		failure.Wrong, failure.Expected = r.at.String()+" wants to know who asks", "`principal` and `secret_file` in the configuration"
	default:
		failure.Wrong = r.at.String() + " does not accept the principal `" + config.Principal + "` with its secret"
		failure.Expected = "the same pair in the master's credentials and in `principal` and `secret_file` of the configuration"
	}
	return failure
}

// quote returns the master's words, on one line and cut, as a continuation; nothing if it has none.
func (r *refusal) quote() string {
	text := []rune(filters.Inert(strings.Join(strings.Fields(r.text), " ")))
	if len(text) == 0 {
		return ""
	}
	if len(text) > 200 {
		text = append(text[:200], '…')
	}
	return ": “" + string(text) + "”"
}
