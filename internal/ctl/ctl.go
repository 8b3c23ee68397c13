// Package ctl is the command line beside the chat: the same commands over the bot's HTTP API, for when Slack is away, and
// the curl commands that restore or release what we withhold, for when the bot is away too.
package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	shellquote "github.com/kballard/go-shellquote"

	"cordon/filters"
)

// Client speaks to a running bot. The token is sent to URL and nowhere else: redirects to another replica are followed
// only within the scheme.
type Client struct {
	URL   string
	Token string
	HTTP  *http.Client // nil: one with a timeout of 10 s
}

// answerMost bounds what is read of an answer.
const answerMost = 4 << 20

// Run sends one command, its words as the shell split them, and returns the answer's text. An answer that says no is a
// filters.Error with its code and words.
func (c *Client) Run(ctx context.Context, words []string, key string) (string, error) {
	body, err := json.Marshal(map[string]string{"text": shellquote.Join(words...)})
	if err != nil {
		return "", err
	}
	var answer struct {
		Text, Message string
		Code          filters.Code
	}
	status, err := c.post(ctx, "/api/commands", body, key, &answer)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", &filters.Error{Code: answer.Code, Wrong: answer.Message}
	}
	return answer.Text, nil
}

func (c *Client) post(ctx context.Context, path string, body []byte, key string, into any) (int, error) {
	target, err := url.Parse(strings.TrimSuffix(c.URL, "/") + path)
	if err != nil || target.Host == "" {
		return 0, &filters.Error{Code: filters.Invalid, Wrong: "`" + c.URL + "` is not the bot's address", Expected: "such as http://bot-1:8081"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.Token)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := c.client().Do(request)
	if err != nil {
		return 0, &filters.Error{Code: filters.Unavailable, Wrong: "the bot at " + target.Host + " does not answer", Cause: err,
			Try: "`bot ctl export` prints what can be sent to the master without it"}
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, answerMost)).Decode(into); err != nil {
		return 0, &filters.Error{Code: filters.Internal, Wrong: fmt.Sprintf("what answers at %s (HTTP %d) is not the bot", target.Host, response.StatusCode), Cause: err}
	}
	return response.StatusCode, nil
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ReadToken reads a token from a file, or from the environment variable CORDON_TOKEN where no file is named.
func ReadToken(file string) (string, error) {
	if file == "" {
		if token := os.Getenv("CORDON_TOKEN"); token != "" {
			return token, nil
		}
		return "", &filters.Error{Code: filters.Invalid, Wrong: "no token is given", Expected: "--token-file FILE, or the environment variable CORDON_TOKEN"}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", &filters.Error{Code: filters.Invalid, Wrong: "the token's file cannot be read", Expected: err.Error()}
	}
	return strings.TrimSpace(string(content)), nil
}
