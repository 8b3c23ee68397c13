package oncall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Account is how a service is reached.
type Account struct {
	URL   string // its API, by https; plain http only on this machine itself
	Token string // never shown
}

// service is an account of PagerDuty or Opsgenie that was checked.
type service struct {
	name          string
	address       *url.URL
	authorization string // holds the token: never shown
	accept        string
	client        *http.Client
}

// answerMost is how much of one answer is read.
const answerMost = 1 << 20

// newService checks an account. Errors name the service, never the token.
func newService(name string, account Account, scheme, accept string) (service, error) {
	address, err := url.Parse(account.URL)
	switch {
	case err != nil || address.Hostname() == "":
		return service{}, errors.New(name + ": its url is not an address")
	case address.User != nil || address.Fragment != "" || address.RawQuery != "":
		return service{}, errors.New(name + ": its url holds more than scheme, host, port and path")
	case address.Scheme != "https" && (address.Scheme != "http" || !loopback(address.Hostname())):
		return service{}, errors.New(name + ": its url is neither https nor http to this machine itself")
	case account.Token == "":
		return service{}, errors.New(name + ": it has no token")
	}
	return service{name: name, address: address, authorization: scheme + account.Token, accept: accept, client: newClient()}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newClient follows no redirect: the token goes where the configuration says.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, DisableKeepAlives: true, // one question in half a minute
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get asks for what stands at the path and decodes it. Errors are a *trouble.
func (s *service) get(ctx context.Context, path []string, query url.Values, into any) error {
	address := s.address.JoinPath(path...)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return s.trouble("cannot be asked", err)
	}
	request.Header.Set("Authorization", s.authorization)
	request.Header.Set("Accept", s.accept)
	request.Header.Set("User-Agent", "cordon")
	response, err := s.client.Do(request)
	if err != nil {
		return s.unreached(err)
	}
	defer response.Body.Close()
	if err := s.judge(response); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerMost+1))
	switch {
	case err != nil:
		return s.trouble("broke off in the middle of its answer", err)
	case len(body) > answerMost:
		return s.trouble(fmt.Sprintf("answered with more than %d bytes", answerMost), nil)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return s.trouble("answered with something else than was asked for", err)
	}
	return nil
}

// judge reads the answer's status.
func (s *service) judge(response *http.Response) error {
	status := response.StatusCode
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized:
		return s.trouble("does not take the token (401)", nil)
	case status == http.StatusForbidden:
		return s.trouble("lets the token not read this (403)", nil)
	case status == http.StatusNotFound:
		return s.trouble("knows nothing of that name (404)", nil)
	case status == http.StatusTooManyRequests:
		return &trouble{why: s.name + " was asked too often (429)", after: pauseOf(response.Header)}
	case status == http.StatusServiceUnavailable:
		return &trouble{why: s.name + " answered 503", after: pauseOf(response.Header)}
	case status >= 300 && status < 400:
		return s.trouble(fmt.Sprintf("answered %d, and redirects are not followed", status), nil)
	}
	return s.trouble(fmt.Sprintf("answered %d", status), nil)
}

// pauseOf is the Retry-After in seconds; PagerDuty calls it ratelimit-reset, too.
func pauseOf(header http.Header) time.Duration {
	for _, name := range []string{"Retry-After", "Ratelimit-Reset"} {
		if seconds, err := strconv.Atoi(header.Get(name)); err == nil && seconds > 0 && seconds < 24*60*60 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

func (s *service) unreached(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return s.trouble("did not answer in time", wrapped.Err)
		}
		err = wrapped.Err
	}
	return s.trouble("cannot be reached", err)
}

func (s *service) trouble(what string, cause error) error {
	return &trouble{why: s.name + " " + what, cause: cause}
}
