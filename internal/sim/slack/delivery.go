package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// What Slack tells a person whose command did not get through.
var (
	errOperationTimeout = errors.New("operation_timeout") // no acknowledgement in time
	errDispatchFailed   = errors.New("dispatch_failed")   // refused, or nowhere to deliver to
)

// Kinds of deliveries, as Socket Mode calls them.
const (
	kindCommand  = "slash_commands"
	kindInteract = "interactive"
	kindEvent    = "events_api"
)

// delivery is one thing that the bot is told, the same over both transports.
type delivery struct {
	id      string // trigger ID or event ID
	kind    string
	payload map[string]any
	replies bool   // an acknowledgement may carry a payload
	retry   int    // how often it was sent before
	reason  string // why it is sent again
}

// acknowledgement is the bot's answer to a delivery.
type acknowledgement struct {
	body   []byte
	isJSON bool
}

// deliver hands a delivery over: to one of the sockets if there is one, else by HTTP. While Slack is down it waits,
// and then for a bot on Socket Mode to come back.
func (w *Workspace) deliver(ctx context.Context, d delivery) (acknowledgement, error) {
	ctx, cancel := w.within(ctx)
	defer cancel()
	waited, err := w.mode.await(ctx)
	if err != nil {
		return acknowledgement{}, err
	}
	if waited {
		w.pool.awaitReturn(ctx)
	}
	ctx, expire := context.WithTimeout(ctx, w.config.AnswerTimeout)
	defer expire()
	if s := w.pool.pick(); s != nil {
		return s.deliver(ctx, d)
	}
	return w.deliverHTTP(ctx, d)
}

// within returns a context that also ends when the workspace closes.
func (w *Workspace) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(w.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// envelope is the Socket Mode form.
func (d delivery) envelope(id string) map[string]any {
	envelope := map[string]any{"envelope_id": id, "type": d.kind, "payload": d.payload, "accepts_response_payload": d.replies}
	if d.kind == kindEvent {
		envelope["retry_attempt"], envelope["retry_reason"] = d.retry, d.reason
	}
	return envelope
}

// request is the HTTP form: path, content type and body.
func (d delivery) request() (path, contentType string, body []byte) {
	const form = "application/x-www-form-urlencoded"
	switch d.kind {
	case kindCommand:
		values := url.Values{}
		for name, value := range d.payload {
			values.Set(name, value.(string)) // commandPayload makes only strings
		}
		return "/slack/commands", form, []byte(values.Encode())
	case kindInteract:
		return "/slack/interactions", form, []byte(url.Values{"payload": {string(encode(d.payload))}}.Encode())
	default:
		return "/slack/events", "application/json", encode(d.payload)
	}
}

// deliverHTTP sends a signed HTTP request. Redirects are not followed; anything but 200 is a failure.
func (w *Workspace) deliverHTTP(ctx context.Context, d delivery) (acknowledgement, error) {
	path, contentType, body := d.request()
	target := w.target()
	if target == "" {
		return acknowledgement{}, errDispatchFailed
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(target, "/")+path, bytes.NewReader(body))
	if err != nil {
		return acknowledgement{}, errDispatchFailed
	}
	w.sign(request.Header, body)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", "application/json,*/*")
	request.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	if d.retry > 0 {
		request.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.retry))
		request.Header.Set("X-Slack-Retry-Reason", d.reason)
	}
	return w.exchange(request)
}

func (w *Workspace) exchange(request *http.Request) (acknowledgement, error) {
	response, err := w.client.Do(request)
	if err != nil {
		return acknowledgement{}, deliveryError(request.Context(), err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	switch {
	case err != nil:
		return acknowledgement{}, deliveryError(request.Context(), err)
	case response.StatusCode != http.StatusOK:
		w.log.Warn("the bot refused a delivery", "path", request.URL.Path, "status", response.StatusCode)
		if response.Header.Get("X-Slack-No-Retry") == "1" {
			return acknowledgement{}, errors.Join(errDispatchFailed, errNoRetry)
		}
		return acknowledgement{}, errDispatchFailed
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return acknowledgement{body: bytes.TrimSpace(answer), isJSON: kind == "application/json"}, nil
}

// errNoRetry says that the bot does not want an event again.
var errNoRetry = errors.New("no retry wanted")

func deliveryError(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return errOperationTimeout
	}
	return errDispatchFailed
}

// sign adds Slack's v0 signature: https://docs.slack.dev/authentication/verifying-requests-from-slack.
func (w *Workspace) sign(header http.Header, body []byte) {
	stamp := strconv.FormatInt(w.config.now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.config.SigningSecret))
	_, _ = mac.Write([]byte("v0:" + stamp + ":"))
	_, _ = mac.Write(body)
	header.Set("X-Slack-Request-Timestamp", stamp)
	header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// VerifyURL does what Slack does when an app's events URL is set: it sends a challenge and wants it back.
func (w *Workspace) VerifyURL(ctx context.Context) error {
	challenge := secret(16)
	d := delivery{kind: kindEvent, payload: map[string]any{"token": w.verification, "challenge": challenge, "type": "url_verification"}}
	ctx, cancel := context.WithTimeout(ctx, w.config.AnswerTimeout)
	defer cancel()
	ack, err := w.deliverHTTP(ctx, d)
	if err != nil {
		return err
	}
	var answer struct{ Challenge string }
	if ack.isJSON && json.Unmarshal(ack.body, &answer) != nil || !ack.isJSON {
		answer.Challenge = string(ack.body)
	}
	if answer.Challenge != challenge {
		return &Error{"challenge_failed", "Your request URL did not answer with the value of the challenge parameter."}
	}
	return nil
}
