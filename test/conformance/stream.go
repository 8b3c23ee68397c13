package conformance

import (
	"bufio"
	stdcmp "cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stream is a subscription to the simulated master's events, read by a goroutine of its own until close.
type stream struct {
	conn     net.Conn
	response *http.Response
	done     chan struct{}

	mutex  sync.Mutex
	events []json.RawMessage // without heartbeats
	grown  chan struct{}     // closed and replaced when an event arrives
}

// subscribe opens the event stream of a recording.
func (r *run) subscribe(ctx context.Context, name string) error {
	recording, ok := r.suite.Recordings[name]
	if !ok {
		return fmt.Errorf("no recording %s", name)
	}
	body, path, err := r.prepare(recording)
	if err != nil {
		return err
	}
	conn, response, err := send(ctx, r.target(recording), recording.Request, path, body)
	if err != nil {
		return err
	}
	opened := &stream{conn: conn, response: response, done: make(chan struct{}), grown: make(chan struct{})}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		conn.Close()
		return err
	}
	r.streams[name] = opened
	go opened.read()
	opened.collect(1) // the state comes first, whatever happens next
	return nil
}

func (s *stream) close() {
	s.conn.Close()
	<-s.done
}

// read collects events until the stream ends.
func (s *stream) read() {
	defer close(s.done)
	reader := bufio.NewReader(s.response.Body)
	for {
		record, err := readRecord(reader)
		if err != nil {
			return
		}
		event, err := eventJSON(s.response.Header.Get("Content-Type"), record)
		if err != nil {
			event, _ = json.Marshal(err.Error())
		}
		if typeOf(event) != "HEARTBEAT" {
			s.add(event)
		}
	}
}

// maxRecord bounds one event; the first one holds a cluster's whole state.
const maxRecord = 64 << 20

var errRecordLength = errors.New("out of bounds")

// readRecord reads one RecordIO record: its length in digits, a newline, its bytes.
func readRecord(reader *bufio.Reader) ([]byte, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(strings.TrimSuffix(line, "\n"))
	if err != nil || length < 0 || length > maxRecord {
		return nil, fmt.Errorf("record length %q: %w", line, stdcmp.Or(err, errRecordLength))
	}
	record := make([]byte, length)
	_, err = io.ReadFull(reader, record)
	return record, err
}

func typeOf(event []byte) string {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(event, &head); err != nil {
		return err.Error()
	}
	return head.Type
}

func (s *stream) add(event []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.events = append(s.events, event)
	close(s.grown)
	s.grown = make(chan struct{})
}

// collect waits until n events have come, or the stream has ended, or nothing more comes within patience.
func (s *stream) collect(n int) []json.RawMessage {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		s.mutex.Lock()
		events, grown := s.events, s.grown
		s.mutex.Unlock()
		if len(events) >= n {
			return events
		}
		select {
		case <-grown:
		case <-s.done:
			return events
		case <-timeout.C:
			return events
		}
	}
}

// events compares what a stream has brought with its recording.
func (r *run) events(name string) error {
	opened, ok := r.streams[name]
	if !ok {
		return fmt.Errorf("%s was not subscribed", name)
	}
	recording := r.suite.Recordings[name]
	want := eventsOf(recording)
	got := opened.collect(len(want))
	var differences []string
	if opened.response.StatusCode != recording.Response.Status {
		differences = append(differences, fmt.Sprintf("status: recorded %d, simulated %d", recording.Response.Status, opened.response.StatusCode))
	}
	if simulated := opened.response.Header.Get("Content-Type"); simulated != recording.Response.Header("Content-Type") {
		differences = append(differences, fmt.Sprintf("Content-Type: recorded %q, simulated %q", recording.Response.Header("Content-Type"), simulated))
	}
	for _, event := range want {
		r.learnFrom(event)
	}
	for _, event := range got {
		r.learnSimulated(event)
	}
	ignore := r.suite.Scenario.ignored(name)
	if diff := cmp.Diff(trees(want, normaliser{r.recorded}, ignore), trees(got, normaliser{r.simulated}, ignore)); diff != "" {
		differences = append(differences, "events (-recorded +simulated):\n"+diff)
	}
	r.note(name, differences)
	return nil
}

// eventsOf lists the recorded events without heartbeats.
func eventsOf(recording Recording) []json.RawMessage {
	var events []json.RawMessage
	for _, frame := range recording.Frames {
		if typeOf(frame.Event) != "HEARTBEAT" {
			events = append(events, frame.Event)
		}
	}
	return events
}

func trees(events []json.RawMessage, n normaliser, ignore []string) []any {
	out := make([]any, 0, len(events))
	for _, event := range events {
		tree, err := n.tree(event)
		if err != nil {
			tree = err.Error()
		}
		out = append(out, without(tree, ignore))
	}
	return out
}
