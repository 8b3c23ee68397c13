package mesos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The Content-Types of the masters' APIs: exactly these, a charset is refused (FACTS.md).
const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// caller sends requests to the leading master. It follows redirects by hand and asks each master once for a request.
type caller struct {
	client  *http.Client
	finder  finder
	config  *Config
	leads   func(address) // told of the master that answered as leader
	mutex   sync.Mutex
	leading address // who answered last; zero: not known
}

// request is one request to a master.
type request struct {
	method, path string // the path with its query
	kind         string // Content-Type and Accept; empty: none
	body         []byte
	// changing says that once a master may have it, it goes to no other.
	changing bool
}

// newClient returns a client that follows no redirects, asks no proxy and accepts no compression: libprocess would spend
// the leader's time on it.
func newClient(config *Config) *http.Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    4 * time.Second,
		MaxIdleConnsPerHost:    config.CallsAtOnce,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	if config.TLS != nil {
		transport.TLSClientConfig = config.TLS.Clone()
	}
	if config.dial != nil {
		transport.DialContext = config.dial
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send asks the leading master, wherever it is. The error is a *refusal if a master that may lead answered other than
// 2xx, else a filters.Error. The caller closes the body.
func (c *caller) send(ctx context.Context, r request) (*http.Response, address, error) {
	known, err := c.finder.candidates(ctx)
	if err != nil {
		return nil, address{}, err
	}
	queue := known
	if last := c.leader(); slices.Contains(known, last) {
		queue = append([]address{last}, known...)
	}
	var missed misses
	for len(queue) > 0 && ctx.Err() == nil {
		at := queue[0]
		queue = queue[1:]
		if missed.at(at) {
			continue
		}
		response, err := c.ask(ctx, at, r)
		missing, missedIt := errors.AsType[*miss](err)
		if !missedIt {
			c.heard(at, err)
			return response, at, err
		}
		missing.stranger = missing.names != (address{}) && !slices.Contains(known, missing.names)
		missed = append(missed, missing)
		if missing.names != (address{}) && !missing.stranger {
			queue = append([]address{missing.names}, queue...)
		}
	}
	c.forget()
	return nil, address{}, missed.failure(ctx, c.config.Cluster)
}

func (c *caller) leader() address { c.mutex.Lock(); defer c.mutex.Unlock(); return c.leading }

func (c *caller) forget() { c.mutex.Lock(); defer c.mutex.Unlock(); c.leading = address{} }

// heard notes who leads. A 404 does not tell: masters without the path answer it whether they lead or not.
func (c *caller) heard(at address, err error) {
	if refused, ok := errors.AsType[*refusal](err); err != nil && (!ok || refused.status == http.StatusNotFound) {
		return
	}
	c.mutex.Lock()
	c.leading = at
	c.mutex.Unlock()
	c.leads(at)
}

// ask asks one master. The error is a *miss if it does not lead or the request surely did not reach it (or may be sent
// again), a *refusal if it answered other than 2xx, or a filters.Error.
func (c *caller) ask(ctx context.Context, at address, r request) (*http.Response, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { sent.Store(false) }, // again only if nothing was written: the client repeats no POST or DELETE
		WroteHeaders: func() { sent.Store(true) },
	})
	httpRequest, err := c.prepare(ctx, at, r)
	if err != nil {
		return nil, &miss{where: at, words: "has an address that cannot be asked", cause: err}
	}
	response, err := c.client.Do(httpRequest)
	if err != nil {
		if sent.Load() && r.changing {
			return nil, unconfirmed(at, err)
		}
		return nil, &miss{where: at, words: phrase(err), cause: err}
	}
	if response.StatusCode/100 == 2 {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 2<<10)) // what came is all there is to tell
	return nil, judge(at, response, strings.TrimSpace(string(text)))
}

func (c *caller) prepare(ctx context.Context, at address, r request) (*http.Request, error) {
	httpRequest, err := http.NewRequestWithContext(ctx, r.method, at.URL()+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.kind != "" {
		httpRequest.Header.Set("Accept", r.kind)
		if len(r.body) > 0 {
			httpRequest.Header.Set("Content-Type", r.kind)
		}
	}
	httpRequest.Header.Set("User-Agent", "cordon")
	switch {
	case len(c.config.BearerToken) > 0:
		httpRequest.Header.Set("Authorization", "Bearer "+c.config.BearerToken.Reveal())
	case c.config.Principal != "":
		httpRequest.SetBasicAuth(c.config.Principal, c.config.Secret.Reveal())
	}
	return httpRequest, nil
}

// judge tells a master that does not lead from one that refuses.
func judge(at address, response *http.Response, text string) error {
	switch {
	case response.StatusCode == http.StatusTemporaryRedirect:
		return redirected(at, response.Header.Get("Location"))
	case response.StatusCode == http.StatusServiceUnavailable && text == "No leader elected":
		return &miss{where: at, words: "knows no leader"}
	case response.StatusCode == http.StatusServiceUnavailable && text == "Master has not finished recovery":
		return &miss{where: at, words: "leads, and is still recovering its registry"}
	}
	return &refusal{at, response.StatusCode, text}
}

func redirected(at address, location string) error {
	next, ok := parseLocation(location, at)
	switch {
	case !ok:
		return &miss{where: at, words: "points to a leader that cannot be read"}
	case next == at:
		return &miss{where: at, words: "points to itself as the leader, and is not ready"}
	}
	return &miss{where: at, words: "says that " + next.String() + " leads", names: next}
}
