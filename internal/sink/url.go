package sink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"cordon/internal/signed"
)

// URL posts entries, signed: a body of JSON lines, whose type is application/x-ndjson. The header Idempotency-Key is the
// IDs of the first and the last entry. Any answer of 200 to 299 means that they are kept; after 413 a smaller batch comes;
// after any other the same entries come again.
type URL struct {
	address string
	secret  []byte
	client  *http.Client
}

// postTime bounds one request.
const postTime = 30 * time.Second

// drainMost is how much of an answer is read before the connection is closed.
const drainMost = 4 << 10

// NewURL returns a sink's place at an address: https, or http to this machine itself. Errors do not show it.
func NewURL(address string, secret []byte) (*URL, error) {
	if _, err := signed.Address(address, secret); err != nil {
		return nil, err
	}
	return &URL{address, secret, signed.NewClient()}, nil
}

// Take posts the entries, in several requests where one is too large.
func (u *URL) Take(ctx context.Context, entries []Entry) error {
	status, err := u.post(ctx, entries)
	switch {
	case err != nil:
		return err
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestEntityTooLarge && len(entries) > 1:
		half := len(entries) / 2
		if err := u.Take(ctx, entries[:half]); err != nil {
			return err
		}
		return u.Take(ctx, entries[half:])
	case status >= 300 && status < 400:
		return fmt.Errorf("it answered %d, and redirects are not followed", status)
	}
	return fmt.Errorf("it answered %d", status)
}

func (u *URL) post(ctx context.Context, entries []Entry) (status int, err error) {
	var body bytes.Buffer
	for i := range entries {
		body.Write(entries[i].Line)
		body.WriteByte('\n')
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.address, bytes.NewReader(body.Bytes()))
	if err != nil {
		return 0, fmt.Errorf("its address cannot be called")
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	signed.Sign(request, u.secret, entries[0].ID+"/"+entries[len(entries)-1].ID, body.String(), time.Now())
	response, err := u.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("it cannot be reached: %s", signed.Reason(err))
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, drainMost)) // its status is all that counts
	return response.StatusCode, nil
}
