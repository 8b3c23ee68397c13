package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"
)

// patience is how long an answer may take.
const patience = 10 * time.Second

// answer is what the simulated master said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send writes a recorded request to a socket, byte for byte but for translated agent IDs, and reads the head of
// the answer. The caller closes the connection, which breaks after patience unless its deadline is moved.
func send(ctx context.Context, target string, request Request, path string, body []byte) (net.Conn, *http.Response, error) {
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		return nil, nil, err
	}
	deadline := time.Now().Add(patience)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(deadline) {
		deadline = earlier
	}
	if err := conn.SetDeadline(deadline); err != nil {
		conn.Close()
		return nil, nil, err
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", request.Method, path, request.Address)
	for _, name := range slices.Sorted(maps.Keys(request.Headers)) {
		if name != "Content-Length" {
			fmt.Fprintf(&head, "%s: %s\r\n", name, request.Headers[name])
		}
	}
	if _, counted := request.Headers["Content-Length"]; counted || len(body) > 0 {
		fmt.Fprintf(&head, "Content-Length: %d\r\n", len(body))
	}
	head.WriteString("\r\n")
	if _, err := conn.Write(append(head.Bytes(), body...)); err != nil {
		conn.Close()
		return nil, nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: request.Method})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, response, nil
}

// ask sends a request and reads its whole answer.
func ask(ctx context.Context, target string, request Request, path string, body []byte) (answer, error) {
	conn, response, err := send(ctx, target, request, path, body)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: text}, nil
}

// unanswered is how long no answer must come for a request to count as unanswered.
const unanswered = 300 * time.Millisecond

// listen sends a request that got no answer and says what became of it, in the words of Recording.silence.
func listen(ctx context.Context, target string, request Request, path string, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, unanswered)
	defer cancel()
	got, err := ask(ctx, target, request, path, body)
	var timeout net.Error
	switch {
	case err == nil:
		return fmt.Sprintf("answer %d %q", got.status, got.body), nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time", nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "connection closed without an answer", nil
	}
	return "", err
}
