package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"cordon/internal/signed"
	"cordon/scheduler"
)

// retryMost is the longest pause between two tries; a Retry-After may be longer.
const retryMost = time.Minute

// Call calls the webhook for one step of one agent until there is an answer, or the step's time is over. It calls again, with
// the same key, what surely was not called, what was answered with 429 or 503, and what it does not know of where the webhook
// may be called twice. If that is not known and it may not, the outcome is AnswerLost.
func (c *Caller) Call(ctx context.Context, name string, call scheduler.Call) scheduler.Answer {
	hook := c.hooks[name]
	if hook == nil {
		return failed("the configuration has no such webhook")
	}
	body, err := json.Marshal(call)
	if err != nil {
		return failed("the call cannot be written down")
	}
	return hook.persist(ctx, call.Began, func(ctx context.Context) (scheduler.Answer, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
		if err != nil {
			return failed("its address cannot be called"), nil
		}
		request.Header.Set("Content-Type", "application/json")
		signed.Sign(request, hook.Secret, call.Key, string(body), time.Now())
		status, header, sent, err := c.send(request)
		switch {
		case err == nil:
			return hook.judge(status, header, call.Key)
		case sent && !hook.Repeat:
			return scheduler.Answer{Outcome: scheduler.AnswerLost, Why: "the call was sent, and " + reason(err)}, nil
		}
		return scheduler.Answer{}, err
	})
}

// Poll asks what became of a pending call until it is done or failed, or the step's time is over. Asking does no harm: what
// goes wrong on the way is tried again.
func (c *Caller) Poll(ctx context.Context, name string, call scheduler.Call, address string) scheduler.Answer {
	hook := c.hooks[name]
	if hook == nil {
		return failed("the configuration has no such webhook")
	}
	return hook.persist(ctx, call.Began, func(ctx context.Context) (scheduler.Answer, error) {
		place, ok := hook.place(address, call.Key) // the configuration may have changed since the answer
		if !ok {
			return failed("where to ask about it is not on its own host"), nil
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
		if err != nil {
			return failed("where to ask about it cannot be called"), nil
		}
		signed.Sign(request, hook.Secret, call.Key, call.Key, time.Now())
		status, header, _, err := c.send(request)
		switch {
		case err != nil:
			return scheduler.Answer{}, err
		case status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
			return scheduler.Answer{}, busy(status)
		}
		answer, err := hook.judge(status, header, call.Key)
		if answer.Outcome != scheduler.AnswerPending {
			return answer, err
		}
		if answer.Poll != itself {
			address = answer.Poll
		}
		return scheduler.Answer{}, &backoff.RetryAfterError{Duration: hook.PollEvery}
	})
}

// persist tries until there is an answer, the step's time is over or ctx is. Each try has its own time.
func (h *hook) persist(ctx context.Context, began time.Time, try func(context.Context) (scheduler.Answer, error)) scheduler.Answer {
	left := time.Until(began.Add(h.GiveUpAfter))
	if left <= 0 {
		return failed("it was not done within " + h.GiveUpAfter.String())
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Second, retryMost
	var last error
	answer, err := backoff.Retry(ctx, func() (scheduler.Answer, error) {
		each, cancel := context.WithTimeout(ctx, h.Timeout)
		defer cancel()
		answer, err := try(each)
		if _, later := errors.AsType[*backoff.RetryAfterError](err); err != nil && !later && ctx.Err() == nil {
			last = err
		}
		return answer, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return answer
	case last != nil:
		return failed("it was not done within " + h.GiveUpAfter.String() + ": " + reason(last))
	}
	return failed("it was not done within " + h.GiveUpAfter.String())
}

// send sends a request once. Sent says that a connection stood: what went wrong then may have gone wrong after the request
// arrived.
func (c *Caller) send(request *http.Request) (status int, header http.Header, sent bool, err error) {
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }}
	response, err := c.client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return 0, nil, sent, err
	}
	_ = response.Body.Close() // its status is all that counts
	return response.StatusCode, response.Header, true, nil
}

// judge reads an answer. An error means later.
func (h *hook) judge(status int, header http.Header, key string) (scheduler.Answer, error) {
	switch status {
	case http.StatusOK:
		return scheduler.Answer{Outcome: scheduler.AnswerDone}, nil
	case http.StatusAccepted:
		place := cmp.Or(header.Get("Location"), itself)
		if _, ok := h.place(place, key); !ok {
			return failed("it answered 202 with a Location that is not on its own host"), nil
		}
		return scheduler.Answer{Outcome: scheduler.AnswerPending, Poll: place}, nil
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return scheduler.Answer{}, later(status, header.Get("Retry-After"))
	}
	if status >= 300 && status < 400 {
		return failed(fmt.Sprintf("it answered %d, and redirects are not followed", status)), nil
	}
	return failed(fmt.Sprintf("it answered %d", status)), nil
}

// busy is an answer that asks to come again.
type busy int

func (b busy) Error() string { return fmt.Sprintf("it answered %d", int(b)) }

func later(status int, after string) error {
	seconds, err := strconv.Atoi(after)
	if err != nil || seconds < 1 || seconds > 3600 {
		return busy(status)
	}
	return &backoff.RetryAfterError{Duration: time.Duration(seconds) * time.Second}
}

// reason says what went wrong without the address, which may hold what is secret.
func reason(err error) string {
	if known, ok := errors.AsType[busy](err); ok {
		return known.Error()
	}
	return signed.Reason(err)
}

func failed(why string) scheduler.Answer {
	return scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: why}
}
