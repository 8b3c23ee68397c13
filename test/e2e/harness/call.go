package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// client follows no redirects: tests look at them.
var client = &http.Client{
	Timeout:       75 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// CloseIdle closes connections that are kept for another request: tests that look for leaks call it last.
func CloseIdle() { client.CloseIdleConnections() }

// Request is one HTTP request.
type Request struct {
	Method  string // GET if empty
	URL     string
	Token   string // a bearer token
	JSON    any    // the body, encoded; Body is sent as it is
	Body    string
	Headers map[string]string
}

// Try sends a request and returns status 0 if there was no answer.
func Try(request Request) (status int, headers http.Header, text string) {
	made, err := request.make()
	if err != nil {
		return 0, nil, err.Error()
	}
	response, err := client.Do(made)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	return response.StatusCode, response.Header, string(body)
}

// Call sends a request that must be answered.
func Call(t testing.TB, request Request) (status int, text string) {
	t.Helper()
	status, _, text = Try(request)
	if status == 0 {
		t.Fatalf("%s %s: %s", request.Method, request.URL, text)
	}
	return status, text
}

func (r Request) make() (*http.Request, error) {
	body := []byte(r.Body)
	if r.JSON != nil {
		var err error
		if body, err = json.Marshal(r.JSON); err != nil {
			return nil, err
		}
	}
	made, err := http.NewRequest(r.Method, r.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if r.JSON != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		made.Header.Set("Authorization", "Bearer "+r.Token)
	}
	for name, value := range r.Headers {
		made.Header.Set(name, value)
	}
	return made, nil
}
