package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// rawStream is the file of an event stream that was recorded byte for byte: the request as text, the answer,
// head and chunks included, as bytes.
type rawStream struct {
	Name    string `json:"name"`
	Note    string `json:"note"`
	Request string `json:"request"`
	Answer  []byte `json:"base64"`
}

// loadRaw reads such a file as the recording of an event stream.
func loadRaw(text []byte) (Recording, error) {
	var raw rawStream
	if err := json.Unmarshal(text, &raw); err != nil || raw.Request == "" || raw.Answer == nil {
		return Recording{}, errNotRecording
	}
	request, err := raw.parseRequest()
	if err != nil {
		return Recording{}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw.Answer)), nil)
	if err != nil {
		return Recording{}, err
	}
	recording := Recording{Name: raw.Name, Note: raw.Note, Request: request}
	recording.Response.Status = response.StatusCode
	for name, values := range response.Header {
		recording.Response.Headers = append(recording.Response.Headers, [2]string{name, values[0]})
	}
	recording.RecordedAt, err = http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return Recording{}, err
	}
	reader := bufio.NewReader(response.Body)
	for {
		record, err := readRecord(reader)
		if err != nil { // the recorder stopped somewhere in the stream
			return recording, nil
		}
		event, err := eventJSON(response.Header.Get("Content-Type"), record)
		if err != nil {
			return Recording{}, err
		}
		recording.Frames = append(recording.Frames, Frame{Event: event})
	}
}

func (r rawStream) parseRequest() (Request, error) {
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(r.Request)))
	if err != nil {
		return Request{}, err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return Request{}, err
	}
	parsed := Request{Method: request.Method, Address: request.Host, Path: request.RequestURI, Headers: map[string]string{}, Body: body}
	for name := range request.Header {
		parsed.Headers[name] = request.Header.Get(name)
	}
	return parsed, nil
}

// eventJSON is a record of an event stream as JSON, whichever codec it came in.
func eventJSON(contentType string, record []byte) (json.RawMessage, error) {
	if contentType != "application/x-protobuf" {
		return slices.Clone(record), nil
	}
	var event master.Event
	if err := event.Unmarshal(record); err != nil {
		return nil, err
	}
	return json.Marshal(&event)
}

// streamed returns when an event stream was recorded: its Date header, since such files carry no time of their own.
func streamed(response Response) time.Time {
	at, err := http.ParseTime(response.Header("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}
