package mesos

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	agentapi "github.com/mesos/mesos-go/api/v1/lib/agent"
	agentcalls "github.com/mesos/mesos-go/api/v1/lib/agent/calls"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpagent"
)

// askAgent sends a v1 call to the agent on agent-one.
func askAgent(t *testing.T, cluster *Cluster, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	handler, err := cluster.AgentHandler("agent-one")
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func TestAgentsOwnAnswers(t *testing.T) {
	tests := []struct {
		path, body string
		status     int
		answer     string
	}{
		{"/api/v1", `{"type":"GET_HEALTH"}`, 200, `{"type":"GET_HEALTH","get_health":{"healthy":true}}`},
		{"/slave(1)/api/v1", `{"type":"GET_HEALTH"}`, 200, `{"type":"GET_HEALTH","get_health":{"healthy":true}}`},
		{"/api/v1", `{"type":"GET_OPERATIONS"}`, 200, `{"type":"GET_OPERATIONS","get_operations":{}}`},
		{"/api/v1", `{"type":"GET_CONTAINERS"}`, 200, `{"type":"GET_CONTAINERS","get_containers":{}}`},
		{"/api/v1", `{"type":"GET_TASKS"}`, 200, `{"type":"GET_TASKS","get_tasks":{"pending_tasks":[],"queued_tasks":[],"launched_tasks":[],"terminated_tasks":[],"completed_tasks":[]}}`},
		{"/api/v1", `{`, 400, "Failed to parse body into JSON: syntax error at line 1 near: "},
		{"/api/v1", `{}`, 400, "Failed to validate agent::Call: Expecting 'type' to be present"},
		{"/api/v1", `{"type":"LAUNCH_CONTAINER","launch_container":{"container_id":{"value":"x"}}}`, 501, "501 Not Implemented."},
		{"/no/such", "", 404, "404 Not Found."},
		{"/health", "", 200, ""},
	}
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for _, test := range tests {
			if reply := askAgent(t, cluster, test.path, test.body); reply.Code != test.status || reply.Body.String() != test.answer {
				t.Errorf("%s %s: %d %q", test.path, test.body, reply.Code, reply.Body)
			}
		}
	})
}

func TestAgentKnowsItsDrainAndItsTasks(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "web", AppOptions{Once: true, IgnoreTerm: true, KillGrace: 8 * time.Second, KillPolicy: true})
		before := askAgent(t, cluster, "/api/v1", `{"type":"GET_AGENT"}`).Body.String()
		if strings.Contains(before, "drain_config") || strings.Contains(before, "checkpoint") {
			t.Errorf("before the drain: %s", before)
		}
		drainWith(t, cluster, "")
		pass(time.Second)
		during := askAgent(t, cluster, "/api/v1", `{"type":"GET_AGENT"}`).Body.String()
		if !strings.Contains(during, `"drain_config":{"mark_gone":false},"estimated_drain_start_time":{"nanoseconds":`) {
			t.Errorf("during it: %s", during)
		}
		containers := askAgent(t, cluster, "/api/v1", `{"type":"GET_CONTAINERS"}`).Body.String()
		if strings.Count(containers, "executor_name") != 1 || !strings.Contains(containers, `"mem_limit_bytes":50331648`) {
			t.Errorf("containers: %s", containers)
		}
		pass(20 * time.Second)
		tasks := askAgent(t, cluster, "/api/v1", `{"type":"GET_TASKS"}`).Body.String()
		if !strings.Contains(tasks, `"launched_tasks":[]`) || !strings.Contains(tasks, "REASON_AGENT_DRAINING") {
			t.Errorf("tasks when drained: %s", tasks)
		}
		state := decoded(t, askAgent(t, cluster, "/state", ""))
		if frameworks := state["frameworks"].([]any); len(frameworks) != 1 || state["hostname"] != "agent-one" {
			t.Errorf("state: %v", state)
		}
	})
}

func TestStoppedAgentDoesNotAnswer(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("it answered")
			}
		}()
		askAgent(t, cluster, "/health", "")
	})
}

// mesos-go's agent client reads the answers, in both encodings.
func TestMesosGoReadsAgents(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents(), AgentSockets: true})
	for name, codec := range codecs.ByMediaType {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		sender := httpagent.NewSender(httpcli.New(
			httpcli.Endpoint(cluster.AgentURLs()["agent-two"]+"/api/v1"), httpcli.Codec(codec), httpcli.Do(httpcli.With(httpcli.RoundTripper(transport))),
		).Send)
		reply, err := sender.Send(t.Context(), agentcalls.NonStreaming(agentcalls.GetState()))
		if err != nil {
			t.Fatal(name, err)
		}
		answer := &agentapi.Response{}
		if err := reply.Decode(answer); err != nil || answer.GetState == nil {
			t.Errorf("%s: %v, %v", name, answer, err)
		}
		_ = reply.Close()
	}
}
