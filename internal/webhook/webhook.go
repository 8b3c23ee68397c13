// Package webhook calls what steps of runs name: signed requests to addresses of the configuration, sent twice only where that
// is known to do no harm.
//
// A call is a POST of a JSON object (scheduler.Call). Its header Cordon-Timestamp is the time in Unix seconds, and
// Cordon-Signature is `v1=` and the hexadecimal HMAC-SHA256, under the webhook's secret, of `v1:TIMESTAMP:BODY`. The header
// Idempotency-Key is the same each time that one step is called for one agent. An answer of 200 means done; 202 means that it
// will be, and is asked about with GET at its Location, on the same scheme, host and port, or without one at the same address
// with `?key=KEY`. A question has no body: its signature is over `v1:TIMESTAMP:KEY`. Any other answer means failed, but 429 and
// 503, which mean later, as Retry-After says.
package webhook

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cordon/internal/signed"
	"cordon/scheduler"
)

// Hook is one webhook. Zero durations become 30 s, 10 s and an hour.
type Hook struct {
	URL         string        // https; http only to this machine itself. It may hold what is secret: it is never shown
	Secret      []byte        // signs the calls
	Repeat      bool          // calling it twice does no harm
	Timeout     time.Duration // of one call
	PollEvery   time.Duration // how often it is asked about what is pending
	GiveUpAfter time.Duration // when a step counts as failed, from its beginning on
}

// Caller calls webhooks. It implements scheduler.Webhooks and is safe for concurrent use.
type Caller struct {
	hooks  map[string]*hook
	client *http.Client
}

type hook struct {
	Hook
	address *url.URL
}

// New returns a Caller for the webhooks by name. Its errors name the webhook, never its address.
func New(hooks map[string]Hook) (*Caller, error) {
	caller := &Caller{hooks: map[string]*hook{}, client: signed.NewClient()}
	for name, given := range hooks {
		checked, err := check(given)
		if err != nil {
			return nil, errors.New("webhook " + strconv.Quote(name) + ": " + err.Error())
		}
		caller.hooks[name] = checked
	}
	return caller, nil
}

func check(given Hook) (*hook, error) {
	address, err := signed.Address(given.URL, given.Secret)
	if err != nil {
		return nil, err
	}
	checked := &hook{given, address}
	checked.Timeout = cmp.Or(given.Timeout, 30*time.Second)
	checked.PollEvery = cmp.Or(given.PollEvery, 10*time.Second)
	checked.GiveUpAfter = cmp.Or(given.GiveUpAfter, time.Hour)
	return checked, nil
}

// Repeats tells whether the webhook may be called again when nobody knows whether it was, and whether there is one.
func (c *Caller) Repeats(name string) (repeats, known bool) {
	hook := c.hooks[name]
	return hook != nil && hook.Repeat, hook != nil
}

// itself stands for the webhook's own address where it is written down where to ask: addresses may hold what is secret.
const itself = "itself"

// place is where to ask about a pending call: at the Location of its answer, or at the webhook's own address with the key.
// False: that is not on the webhook's own scheme, host and port.
func (h *hook) place(location, key string) (*url.URL, bool) {
	if location == itself {
		own := *h.address
		query := own.Query()
		query.Set("key", key)
		own.RawQuery = query.Encode()
		return &own, true
	}
	place, err := h.address.Parse(location)
	return place, err == nil && h.owns(place)
}

// owns tells whether the address is on the webhook's scheme, host and port.
func (h *hook) owns(address *url.URL) bool {
	return address.User == nil && strings.EqualFold(address.Scheme, h.address.Scheme) &&
		strings.EqualFold(address.Hostname(), h.address.Hostname()) && port(address) == port(h.address)
}

func port(address *url.URL) string {
	switch {
	case address.Port() != "":
		return address.Port()
	case address.Scheme == "http":
		return "80"
	}
	return "443"
}

var _ scheduler.Webhooks = (*Caller)(nil)
