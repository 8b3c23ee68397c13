package mesos

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// answer is a response before it is written.
type answer struct {
	status  int
	headers [][2]string
	body    [][]byte // in pieces: large ones are not copied together
	stream  func(http.ResponseWriter, *http.Request)
	dropped bool // the connection is closed without an answer
}

func text(status int, message string) answer {
	return answer{status: status, headers: [][2]string{{"Content-Type", "text/plain; charset=utf-8"}}, body: [][]byte{[]byte(message)}}
}

// statusText is how libprocess words an answer that has no text of its own.
func statusText(status int) answer {
	return text(status, fmt.Sprintf("%d %s.", status, http.StatusText(status)))
}

func bad(message string) answer { return text(http.StatusBadRequest, message) }

func redirect(location string) answer {
	return answer{status: http.StatusTemporaryRedirect, headers: [][2]string{{"Location", location}}}
}

// accepted is the empty 200 of a call that changes something.
func accepted() answer { return answer{status: http.StatusOK} }

func content(contentType string, body ...[]byte) answer {
	return answer{status: http.StatusOK, headers: [][2]string{{"Content-Type", contentType}}, body: body}
}

// methodNotAllowed answers a method that an endpoint does not know (recordings
// err-method-*, maint-err-old-*, getty-method-*).
func methodNotAllowed(got string, allowed ...string) answer {
	quoted := make([]string, len(allowed))
	for i, method := range allowed {
		quoted[i] = "'" + method + "'"
	}
	refused := text(http.StatusMethodNotAllowed, fmt.Sprintf(
		"405 Method Not Allowed. Expecting one of { %s }, but received '%s'.", strings.Join(quoted, ", "), got))
	refused.headers = append(refused.headers, [2]string{"Allow", strings.Join(allowed, ", ")})
	return refused
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.dropped {
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	for _, pair := range a.headers {
		header.Set(pair[0], pair[1])
	}
	if a.stream != nil {
		w.WriteHeader(a.status)
		return
	}
	size := 0
	for _, piece := range a.body {
		size += len(piece)
	}
	header.Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	for _, piece := range a.body {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}
