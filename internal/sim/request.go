package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	simslack "cordon/internal/sim/slack"
)

// maxBody is more than any command or click needs.
const maxBody = 256 << 10

// problem is an error with the HTTP status that tells it.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func bad(format string, args ...any) error {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// decode reads one JSON object into value; unknown fields are refused, because a
// misspelt option would otherwise vanish.
func decode(w http.ResponseWriter, r *http.Request, value any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &problem{http.StatusUnsupportedMediaType, "send Content-Type: application/json"}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return &problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes", maxBody)}
		}
		return bad("the body is not what was expected: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return bad("the body goes on after its JSON object")
	}
	return nil
}

// fail answers with the error's own status, or 400: a simulator's error is
// about what was asked of it.
func fail(w http.ResponseWriter, err error) {
	if p := new(problem); errors.As(err, &p) {
		refuse(w, p.status, p.text)
		return
	}
	if refused := new(simslack.Error); errors.As(err, &refused) {
		refuse(w, http.StatusBadRequest, refused.Message)
		return
	}
	refuse(w, http.StatusBadRequest, err.Error())
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the reader is gone: nobody is left to tell
}
