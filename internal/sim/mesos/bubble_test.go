package mesos

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// inBubble runs a test on a cluster without sockets, on the bubble's clock, with
// the timing of real Mesos.
func inBubble(t *testing.T, config Config, test func(*testing.T, *Cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if len(config.Masters) == 0 {
			config.Masters = []string{""}
		}
		cluster, err := Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := cluster.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, cluster)
	})
}

// pass lets time go by in the bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// send asks a master without a socket.
func send(cluster *Cluster, at int, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	cluster.Handler(at).ServeHTTP(recorder, request)
	return recorder
}

// call sends a v1 call in JSON to the first master.
func call(cluster *Cluster, body string) *httptest.ResponseRecorder {
	return send(cluster, 0, http.MethodPost, "/api/v1", body, "Content-Type", "application/json")
}

// agentCall sends a call about one agent, named by its hostname.
func agentCall(cluster *Cluster, kind, hostname string) *httptest.ResponseRecorder {
	return call(cluster, agentCallBody(kind, agentNamed(cluster.Snapshot(), hostname).ID, ""))
}

func agentCallBody(kind, id, options string) string {
	return `{"type":"` + kind + `","` + strings.ToLower(kind) + `":{"agent_id":{"value":"` + id + `"}` + options + `}}`
}

// mustAccept fails the test unless the call was accepted with an empty 200.
func mustAccept(t *testing.T, recorder *httptest.ResponseRecorder) {
	t.Helper()
	if recorder.Code != http.StatusOK || recorder.Body.Len() > 0 || recorder.Header().Get("Content-Type") != "" {
		t.Fatalf("not an empty 200: %d %q %v", recorder.Code, recorder.Body, recorder.Header())
	}
}

// mustRefuse fails the test unless the call was refused with that status and text.
func mustRefuse(t *testing.T, recorder *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if recorder.Code != status || recorder.Body.String() != text {
		t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, status, text)
	}
}

// listedAgent is what GET_AGENTS says of an agent; nil: it is not listed.
func listedAgent(t *testing.T, cluster *Cluster, hostname string) *master.Response_GetAgents_Agent {
	t.Helper()
	answer := getAgents(t, cluster)
	for i := range answer.Agents {
		if answer.Agents[i].AgentInfo.Hostname == hostname {
			return &answer.Agents[i]
		}
	}
	return nil
}

func getAgents(t *testing.T, cluster *Cluster) *master.Response_GetAgents {
	t.Helper()
	recorder := send(cluster, 0, http.MethodPost, "/api/v1", "\x08\x0a",
		"Content-Type", string(mediaProtobuf), "Accept", string(mediaProtobuf))
	answer := &master.Response{}
	if err := answer.Unmarshal(recorder.Body.Bytes()); err != nil || answer.GetAgents == nil {
		t.Fatalf("GET_AGENTS: %d, %v", recorder.Code, err)
	}
	return answer.GetAgents
}

// state is an agent's state in the snapshot.
func state(cluster *Cluster, hostname string) string {
	return agentNamed(cluster.Snapshot(), hostname).State
}

// decoded is a JSON answer.
func decoded(t *testing.T, recorder *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &value); err != nil {
		t.Fatalf("answer %q: %v", recorder.Body, err)
	}
	return value
}
