// Package conformance replays what a real Mesos master answered against the simulated one and reports where they differ.
package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Recording is one file of a recordings directory: a request to a real master and its answer,
// or (Frames) the event stream that followed a SUBSCRIBE call.
type Recording struct {
	Name       string    `json:"name"`
	Note       string    `json:"note"`
	RecordedAt time.Time `json:"recorded_at"`
	Request    Request   `json:"request"`
	Response   Response  `json:"response"`
	Frames     []Frame   `json:"frames"`
	// EndedAfter is the second at which the master closed an event stream; zero when the recorder did.
	EndedAfter float64 `json:"ended_t"`
	// Failure and Result are what the recorder's client reported when no answer came.
	Failure string `json:"error"`
	Result  string `json:"result"`
}

// silence says how a request without an answer ended: the connection was closed, or nothing came in time; "" when
// there was an answer.
func (r Recording) silence() string {
	switch reported := r.Failure + r.Result; {
	case r.Response.Status != 0 || r.Stream() || reported == "":
		return ""
	case strings.Contains(reported, "TimeoutError"):
		return "no answer in time"
	default:
		return "connection closed without an answer"
	}
}

// Request is what was sent. Body holds raw bytes as {"base64": …}, text as a JSON string, or the JSON value itself.
type Request struct {
	Method  string            `json:"method"`
	Address string            `json:"address"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// Response is what came back. BodyEncoding is json, text or base64 and says how to read Body.
type Response struct {
	Status       int             `json:"status"`
	Headers      [][2]string     `json:"headers"`
	BodyEncoding string          `json:"body_encoding"`
	Body         json.RawMessage `json:"body"`
}

// Frame is one RecordIO record of an event stream, T seconds after the request.
type Frame struct {
	T     float64         `json:"t"`
	Event json.RawMessage `json:"event"`
}

// Header returns the first value of a header, "" when there is none.
func (r Response) Header(name string) string {
	for _, header := range r.Headers {
		if strings.EqualFold(header[0], name) {
			return header[1]
		}
	}
	return ""
}

// Bytes returns the body as it was on the wire.
func (r Response) Bytes() ([]byte, error) {
	if r.BodyEncoding == "json" {
		return r.Body, nil
	}
	var text string
	if err := json.Unmarshal(r.Body, &text); err != nil {
		return nil, fmt.Errorf("response body: %w", err)
	}
	if r.BodyEncoding == "base64" {
		return base64.StdEncoding.DecodeString(text)
	}
	return []byte(text), nil
}

// Bytes returns the body exactly as it was sent: a JSON value is written as the recorder (Python's json.dumps)
// wrote it, or without spaces when the recorded Content-Length says so.
func (r Request) Bytes() ([]byte, error) {
	body := bytes.TrimSpace(r.Body)
	if len(body) == 0 || string(body) == "null" {
		return nil, nil
	}
	if body[0] == '"' {
		var text string
		err := json.Unmarshal(body, &text)
		return []byte(text), err
	}
	var raw struct {
		Base64 *string `json:"base64"`
	}
	if body[0] == '{' && json.Unmarshal(body, &raw) == nil && raw.Base64 != nil {
		return base64.StdEncoding.DecodeString(*raw.Base64)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	if r.Headers["Content-Length"] == strconv.Itoa(compact.Len()) {
		return compact.Bytes(), nil
	}
	return spaced(compact.Bytes()), nil
}

// spaced puts a space after each comma and colon that stands outside of a string.
func spaced(compact []byte) []byte {
	var out []byte
	inString := false
	for i := 0; i < len(compact); i++ {
		out = append(out, compact[i])
		switch {
		case inString && compact[i] == '\\':
			i++
			out = append(out, compact[i])
		case compact[i] == '"':
			inString = !inString
		case !inString && (compact[i] == ',' || compact[i] == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// Replayable says whether the recording is a request with its one answer, or with its lack of one.
func (r Recording) Replayable() bool {
	return r.Request.Method != "" && (r.Response.Status != 0 || r.silence() != "")
}

// Reads says whether the request only asks: GET, or a v1 call that gets something.
func (r Recording) Reads() bool {
	var call struct {
		Type string `json:"type"`
	}
	body, err := r.Request.Bytes()
	return r.Request.Method == "GET" || err == nil && json.Unmarshal(body, &call) == nil && strings.HasPrefix(call.Type, "GET_")
}

// Stream says whether the recording is an event stream.
func (r Recording) Stream() bool { return len(r.Frames) > 0 }

// errNotRecording marks a JSON file of another shape, such as a scenario's notes or evidence.
var errNotRecording = errors.New("not a recorded request")

// LoadRecordings reads every *.json file of a directory. Files that are no recorded requests
// (evidence, time lines) are left out of the recordings and named in others, sorted.
func LoadRecordings(dir fs.FS) (recordings map[string]Recording, others []string, err error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, nil, err
	}
	recordings = make(map[string]Recording)
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".json")
		recording, err := loadRecording(dir, file)
		if errors.Is(err, errNotRecording) {
			others = append(others, name)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		recording.Name = name
		recordings[name] = recording
	}
	return recordings, others, nil
}

func loadRecording(dir fs.FS, file string) (Recording, error) {
	text, err := fs.ReadFile(dir, file)
	if err != nil {
		return Recording{}, err
	}
	var recording Recording
	if err := json.Unmarshal(text, &recording); err != nil {
		if !json.Valid(text) {
			return Recording{}, err
		}
		return loadRaw(text)
	}
	if recording.Request.Headers == nil { // some recordings of requests without an answer leave them out
		recording.Request.Headers = map[string]string{"Content-Type": "application/json", "Accept": "application/json"}
	}
	if recording.Stream() && recording.RecordedAt.IsZero() {
		recording.RecordedAt = streamed(recording.Response)
	}
	if !recording.Replayable() && !recording.Stream() {
		return Recording{}, errNotRecording
	}
	return recording, nil
}

// InOrder returns the names by time of recording; within the same second by name, numbers counted as numbers.
func InOrder(recordings map[string]Recording) []string {
	return slices.SortedFunc(maps.Keys(recordings), func(a, b string) int {
		if c := recordings[a].RecordedAt.Compare(recordings[b].RecordedAt); c != 0 {
			return c
		}
		return natural(a, b)
	})
}
