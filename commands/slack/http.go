package slack

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// bodyLimit is the largest body that is read of a delivery.
const bodyLimit = 256 << 10

// Handler serves Slack's deliveries by HTTP: POST /slack/commands, /slack/interactions and /slack/events. Without a
// signing secret every one is refused. Errors are answered with a JSON object that has a code and a message:
// 401 for a signature that is wrong, old or missing, 403 for another workspace, 413 for a body over 256 kB, 415 for
// another content type, 400 for what cannot be decoded.
func (e *Edge) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/commands", func(w http.ResponseWriter, r *http.Request) {
		if body, ok := e.verified(w, r, formType); ok {
			e.serveCommand(w, r, body)
		}
	})
	mux.HandleFunc("POST /slack/interactions", func(w http.ResponseWriter, r *http.Request) {
		if body, ok := e.verified(w, r, formType); ok {
			e.serveClick(w, r, body)
		}
	})
	mux.HandleFunc("POST /slack/events", func(w http.ResponseWriter, r *http.Request) {
		if body, ok := e.verified(w, r, jsonType); ok {
			e.serveEvent(w, body)
		}
	})
	return mux
}

func (e *Edge) serveCommand(w http.ResponseWriter, r *http.Request, body []byte) {
	command, err := e.slashForm(body)
	if err != nil {
		refuse(w, err)
		return
	}
	done := e.command(r.Context(), command)
	acknowledgeHTTP(w, done.ack)
	done.after()
}

func (e *Edge) serveClick(w http.ResponseWriter, r *http.Request, body []byte) {
	p, err := e.pressForm(body)
	if err != nil {
		refuse(w, err)
		return
	}
	done := e.click(r.Context(), p)
	acknowledgeHTTP(w, done.ack)
	done.after()
}

func acknowledgeHTTP(w http.ResponseWriter, payload []byte) {
	if payload == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	writeJSON(w, http.StatusOK, payload)
}

func (e *Edge) serveEvent(w http.ResponseWriter, body []byte) {
	received, err := e.eventJSON(body)
	if err != nil {
		refuse(w, err)
		return
	}
	if received.Type == "url_verification" {
		challenge, err := json.Marshal(map[string]string{"challenge": received.Challenge})
		if err != nil {
			panic(err) // a string encodes
		}
		writeJSON(w, http.StatusOK, challenge)
		return
	}
	w.WriteHeader(http.StatusOK)
	e.event(received)
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// verified reads the body if it may be believed: the content type, the size, and Slack's signature over it. What the
// verifier says is not told: it is nobody's business how near a forgery came.
func (e *Edge) verified(w http.ResponseWriter, r *http.Request, contentType string) ([]byte, bool) {
	if header := r.Header.Get("Content-Type"); header != contentType {
		if kind, _, err := mime.ParseMediaType(header); err != nil || kind != contentType {
			refuseStatus(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "expected Content-Type "+contentType)
			return nil, false
		}
	}
	body, err := read(w, r)
	if err != nil {
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			refuseStatus(w, http.StatusRequestEntityTooLarge, "too_large", "a body is at most 256 kB")
		} else {
			refuseStatus(w, http.StatusBadRequest, "invalid", "the body could not be read")
		}
		return nil, false
	}
	if !e.signed(r.Header, body) {
		refuseStatus(w, http.StatusUnauthorized, "unauthorized", "expected a valid Slack signature that is at most five minutes old")
		return nil, false
	}
	return body, true
}

// read reads the body into one buffer of its size where the sender tells it.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, bodyLimit)
	if r.ContentLength <= 0 || r.ContentLength > bodyLimit {
		return io.ReadAll(limited)
	}
	body := make([]byte, r.ContentLength)
	n, err := io.ReadFull(limited, body)
	return body[:n], err
}

func (e *Edge) signed(header http.Header, body []byte) bool {
	if e.config.SigningSecret == "" {
		return false
	}
	verifier, err := slackgo.NewSecretsVerifier(header, e.config.SigningSecret)
	if err != nil {
		return false
	}
	if _, err := verifier.Write(body); err != nil {
		return false
	}
	return verifier.Ensure() == nil
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if filters.CodeOf(err) == filters.Denied {
		status = http.StatusForbidden
	}
	refuseStatus(w, status, string(filters.CodeOf(err)), err.Error())
}

func refuseStatus(w http.ResponseWriter, status int, code, message string) {
	encoded, err := json.Marshal(map[string]string{"code": code, "message": message})
	if err != nil {
		panic(err) // strings encode
	}
	writeJSON(w, status, encoded)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header["Content-Type"] = jsonContent
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var jsonContent = []string{"application/json; charset=utf-8"}
