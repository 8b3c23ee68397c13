package marathon

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"cordon/filters"
)

func TestLast(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"tasks": [
			{"id": "a.1", "appId": "/alone", "slaveId": "S1", "state": "TASK_RUNNING"},
			{"id": "b.1", "appId": "/both", "slaveId": "S1"}, {"id": "b.2", "appId": "/both", "slaveId": "S2"},
			{"id": "c.1", "appId": "/starting", "slaveId": "S1", "state": "TASK_STAGING"},
			{"id": "d.1", "appId": "/elsewhere", "slaveId": "S1"}, {"id": "d.2", "appId": "/elsewhere", "slaveId": "S3"}]}`))
	}))
	defer server.Close()
	mover, err := New(map[string]Framework{"marathon": {Kind: KindMarathon, URL: server.URL}, "batch": {Kind: KindREST, URL: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		on   []filters.AgentID
		want string
	}{{nil, ""}, {[]filters.AgentID{"S1"}, "/alone"}, {[]filters.AgentID{"S2"}, ""}, {[]filters.AgentID{"S1", "S2"}, "/alone /both"}, {[]filters.AgentID{"S1", "S2", "S3"}, "/alone /both /elsewhere"}} {
		last, err := mover.Last(t.Context(), test.on)
		if got := strings.Join(last, " "); err != nil || got != test.want {
			t.Errorf("on %v: %q, %v; want %q", test.on, got, err, test.want)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once in thirty seconds", n)
	}
}

func TestAMarathonThatDoesNotAnswerIsNotTakenForOneWithoutApps(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	mover, err := New(map[string]Framework{"marathon": {Kind: KindMarathon, URL: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if last, err := mover.Last(t.Context(), []filters.AgentID{"S1"}); err == nil {
		t.Errorf("it is known that %v are the last", last)
	}
}
