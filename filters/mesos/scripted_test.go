package mesos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
	"go.uber.org/goleak"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what a scripted master answers.
type answer struct {
	status  int
	headers [][2]string
	body    []byte
}

// received is a request that a scripted master got.
type received struct {
	*http.Request
	body []byte
	call master.Call_Type // of POST /api/v1
}

// scripted is a master on a real socket that answers as a function says, and remembers what it was asked.
type scripted struct {
	*httptest.Server
	mutex sync.Mutex
	got   []received
}

// play starts a scripted master. GET_MASTER is answered for it (Mesos 1.12) unless answer does.
func play(t *testing.T, answers func(received) *answer) *scripted {
	t.Helper()
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := received{Request: r, body: body}
		var call master.Call
		if r.URL.Path == pathV1 && call.Unmarshal(body) == nil {
			request.call = call.Type
		}
		s.mutex.Lock()
		s.got = append(s.got, request)
		s.mutex.Unlock()
		given := answers(request)
		if given == nil && request.call == master.Call_GET_MASTER {
			given = introduction("id-1", "1.12.0")
		}
		if given == nil {
			given = &answer{status: 404, body: []byte("404 Not Found.")}
		}
		for _, header := range given.headers {
			w.Header().Set(header[0], header[1])
		}
		w.WriteHeader(given.status)
		_, _ = w.Write(given.body)
	}))
	t.Cleanup(s.Close)
	return s
}

// asked returns the requests that were not GET_MASTER.
func (s *scripted) asked() []received {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var asked []received
	for _, request := range s.got {
		if request.call != master.Call_GET_MASTER {
			asked = append(asked, request)
		}
	}
	return asked
}

func (s *scripted) address(t *testing.T) address {
	t.Helper()
	at, err := parseMaster(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// introduction is an answer to GET_MASTER.
func introduction(id, version string) *answer {
	port := uint32(5050)
	info := protobuf(&master.Response{Type: master.Response_GET_MASTER, GetMaster: &master.Response_GetMaster{
		MasterInfo: &mesosMaster{ID: id, IP: 16777343, Port: &port, Version: &version},
	}})
	return &answer{status: 200, headers: [][2]string{{"Content-Type", typeProtobuf}}, body: info}
}

func protobuf(message interface{ Marshal() ([]byte, error) }) []byte {
	encoded, err := message.Marshal()
	if err != nil {
		panic(err)
	}
	return encoded
}

// recorded reads an answer of a real master from testdata.
func recorded(t testing.TB, name string) *answer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var recording struct {
		Response struct {
			Status       int
			Headers      [][2]string
			BodyEncoding string `json:"body_encoding"`
			Body         json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	given := &answer{status: recording.Response.Status}
	for _, header := range recording.Response.Headers {
		if header[0] != "Content-Length" && header[0] != "Date" {
			given.headers = append(given.headers, header)
		}
	}
	given.body = recording.Response.Body
	if recording.Response.BodyEncoding == "json" {
		return given
	}
	var body string
	if err := json.Unmarshal(recording.Response.Body, &body); err != nil {
		t.Fatal(err)
	}
	given.body = []byte(body)
	if recording.Response.BodyEncoding == "base64" {
		if given.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			t.Fatal(err)
		}
	}
	return given
}

// pointing is a recorded redirect, its leader replaced.
func pointing(t testing.TB, name, leader string) *answer {
	t.Helper()
	given := recorded(t, name)
	for i, header := range given.headers {
		if header[0] == "Location" {
			given.headers[i][1] = strings.Replace(header[1], "//master-one:5050", leader, 1)
		}
	}
	return given
}

// newMaster returns a Master of the masters, with changes to its configuration.
func newMaster(t *testing.T, change func(*Config), masters ...*scripted) *Master {
	t.Helper()
	config := Config{Cluster: "prod", Backend: BackendOperator}
	for _, master := range masters {
		config.Masters = append(config.Masters, master.URL)
	}
	if change != nil {
		change(&config)
	}
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func checkCode(t *testing.T, err error, code filters.Code, words ...string) {
	t.Helper()
	if err == nil || filters.CodeOf(err) != code {
		t.Fatalf("error %v with code %s, want %s", err, filters.CodeOf(err), code)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

func always(given *answer) func(received) *answer {
	return func(r received) *answer {
		if r.call == master.Call_GET_MASTER && given.status/100 == 2 {
			return nil
		}
		return given
	}
}

// afterIntroduction answers calls other than GET_MASTER.
func afterIntroduction(given *answer) func(received) *answer {
	return func(r received) *answer {
		if r.call == master.Call_GET_MASTER {
			return nil
		}
		return given
	}
}

// eventually waits for the condition and fails with what after five seconds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	eventuallyIn(t, 5*time.Second, what, condition)
}

func eventuallyIn(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for !condition() {
		if ctx.Err() != nil {
			t.Fatalf("not within %s: %s", limit, what)
		}
		sleep(ctx, 2*time.Millisecond)
	}
}

// find returns the agent with the hostname, an empty one if the view has none.
func find(view filters.View, hostname string) *filters.Agent {
	for i := range view.Agents {
		if view.Agents[i].Hostname == hostname {
			return &view.Agents[i]
		}
	}
	return &filters.Agent{}
}
