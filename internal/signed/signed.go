// Package signed makes outgoing requests whose receiver can tell who sent them: signed with a shared secret, to fixed
// addresses, and never sent on to another by a redirect.
//
// The header Cordon-Timestamp is the time in Unix seconds, and Cordon-Signature is `v1=` and the hexadecimal HMAC-SHA256,
// under the secret, of `v1:TIMESTAMP:TEXT`; TEXT is the body, or what stands for it where there is none. The header
// Idempotency-Key is the same for what is meant to have one effect.
package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Sign sets the headers of a request whose signature is over the text.
func Sign(request *http.Request, secret []byte, key, text string, now time.Time) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	code := hmac.New(sha256.New, secret)
	code.Write([]byte("v1:" + timestamp + ":" + text))
	request.Header.Set("Cordon-Timestamp", timestamp)
	request.Header.Set("Cordon-Signature", "v1="+hex.EncodeToString(code.Sum(nil)))
	request.Header.Set("Idempotency-Key", key)
	request.Header.Set("User-Agent", "cordon")
}

// Address reads where signed requests go: https, or http to this machine itself. Errors do not show it: it may hold what is
// secret.
func Address(text string, secret []byte) (*url.URL, error) {
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Hostname() == "":
		return nil, errors.New("its url is not an address")
	case address.User != nil || address.Fragment != "":
		return nil, errors.New("its url holds credentials or a fragment")
	case address.Scheme != "https" && (address.Scheme != "http" || !loopback(address.Hostname())):
		return nil, errors.New("its url is neither https nor http to this machine itself")
	case len(secret) == 0:
		return nil, errors.New("it has no secret")
	}
	return address, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// answerMost is how much of an answer's head is read.
const answerMost = 64 << 10

// NewClient returns a client that never sends a request twice by itself: net/http repeats a POST with an Idempotency-Key when
// a kept connection breaks, so none is kept; and it follows no redirect.
func NewClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true,
			MaxResponseHeaderBytes: answerMost, DisableCompression: true, Protocols: protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Reason says what went wrong with a request, without its address.
func Reason(err error) string {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return "no answer came in time"
		}
		return wrapped.Err.Error()
	}
	return err.Error()
}
