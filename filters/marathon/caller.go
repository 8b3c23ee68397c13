package marathon

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// answerMost is how much of an answer is read: a Marathon tells of thousands of tasks at once.
const answerMost = 32 << 20

// caller sends requests to one framework.
type caller struct {
	name      string
	framework Framework
	base      *url.URL
	client    *http.Client
}

func newCaller(name string, framework Framework) (*caller, error) {
	base, err := check(&framework)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if framework.TLS != nil {
		transport.TLSClientConfig = framework.TLS.Clone()
	}
	return &caller{name, framework, base, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// at is an address of the framework; every second part is text that is escaped.
func (c *caller) at(parts ...string) *url.URL {
	plain, escaped := c.base.Path, c.base.EscapedPath()
	for i, part := range parts {
		plain += part
		if i%2 == 1 {
			part = url.PathEscape(part)
		}
		escaped += part
	}
	address := *c.base
	address.Path, address.RawPath = plain, escaped
	return &address
}

// statusError is an answer that is none.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("answered %d", int(s)) }

var (
	errElsewhere  = errors.New("points to another host, which is not asked")
	errUnreadable = errors.New("answered what cannot be read")
)

// redirectsMost bounds how often the configured host may point to another place on itself.
const redirectsMost = 3

// ask sends a request, its body as JSON if it is not nil, and reads the answer into the value if that is not nil. It follows
// a redirect by hand, and only to the configured scheme, host and port (invariant 11).
func (c *caller) ask(ctx context.Context, method string, to *url.URL, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for range redirectsMost {
		next, err := c.once(ctx, method, to, text, into)
		if err != nil || next == nil {
			return err
		}
		to = next
	}
	return errors.New("points from place to place")
}

// once sends a request to one place. It returns where the answer points to, nil if it is an answer.
func (c *caller) once(ctx context.Context, method string, to *url.URL, body []byte, into any) (*url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "cordon")
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	switch {
	case len(c.framework.Token) > 0:
		request.Header.Set("Authorization", "Bearer "+c.framework.Token.Reveal())
	case c.framework.Username != "":
		request.SetBasicAuth(c.framework.Username, c.framework.Secret.Reveal())
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect || method == http.MethodGet && status/100 == 3:
		return c.pointed(to, response.Header.Get("Location"))
	case status/100 != 2:
		return nil, statusError(status)
	case into == nil:
		return nil, nil //nolint:nilnil // it is an answer, and its status is all of it
	}
	return nil, decode(response.Body, into)
}

// pointed is where a redirect points to, if that is on the configured host.
func (c *caller) pointed(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || location == "" || to.User != nil || to.Scheme != c.base.Scheme || !strings.EqualFold(to.Hostname(), c.base.Hostname()) || port(to) != port(c.base) {
		return nil, errElsewhere
	}
	return to, nil
}

// decode reads one JSON value of bounded size.
func decode(body io.Reader, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, answerMost+1))
	switch {
	case err != nil:
		return err
	case len(text) > answerMost:
		return fmt.Errorf("answered with more than %d MiB", answerMost>>20)
	case json.Unmarshal(text, into) != nil:
		return errUnreadable
	}
	return nil
}

// reason says what went wrong without the address.
func reason(name string, err error) string {
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	status, answered := errors.AsType[statusError](err)
	switch {
	case answered && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		return fmt.Sprintf("%s answered %d: it does not let the bot ask", name, int(status))
	case answered && status == http.StatusConflict:
		return name + " answered 409: locked by a deployment"
	case answered, errors.Is(err, errElsewhere), errors.Is(err, errUnreadable):
		return name + " " + err.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return name + " refuses the connection"
	case errors.As(err, &certificate):
		return name + " shows a certificate that is not trusted"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return name + " did not answer in time"
	}
	return name + " cannot be asked"
}
