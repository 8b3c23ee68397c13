package mesos

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	agentapi "github.com/mesos/mesos-go/api/v1/lib/agent"

	"cordon/filters"
	"cordon/internal/secret"
	simmesos "cordon/internal/sim/mesos"
)

// agentAt is an agent that listens where the server does.
func agentAt(t *testing.T, url string) filters.Agent {
	t.Helper()
	host, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return filters.Agent{ID: "S1", Hostname: "agent-one", IP: host, Port: number}
}

func TestWhatAnAgentItselfShows(t *testing.T) {
	cluster := simulate(t, func(c *simmesos.Config) { c.AgentSockets = true })
	agent := agentAt(t, cluster.AgentURLs()["agent-one"])
	look := func() filters.Work {
		t.Helper()
		work, err := NewAgents(AgentsConfig{}).Look(t.Context(), agent)
		if err != nil {
			t.Fatal(err)
		}
		return work
	}
	for deadline := time.Now().Add(10 * time.Second); ; { // until the agent's process answers
		_, err := NewAgents(AgentsConfig{}).Look(t.Context(), agent)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if work := look(); !work.Done() {
		t.Fatalf("an empty agent shows %+v", work)
	}
	if err := cluster.Launch("shop", 2, "agent-one"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(look().Tasks) < 2; {
		if time.Now().After(deadline) {
			t.Fatal("the agent does not show its tasks")
		}
	}
	operation, err := cluster.PendOperation("agent-one")
	if err != nil {
		t.Fatal(err)
	}
	work := look()
	if task := work.Tasks[0]; task.Framework != "marathon" || task.ID == "" || task.Name != "shop" || !strings.HasPrefix(task.State, "TASK_") || work.Done() {
		t.Errorf("%+v", task)
	}
	if len(work.Operations) != 1 || work.Operations[0].ID != operation || work.Operations[0].Framework != "marathon" || work.Operations[0].Type == "" {
		t.Errorf("%+v, want operation %s", work.Operations, operation)
	}
	if err := cluster.FinishOperation("agent-one"); err != nil {
		t.Fatal(err)
	}
	if work := look(); len(work.Operations) != 0 {
		t.Errorf("a finished operation is pending: %+v", work.Operations)
	}
}

func TestAgentsThatDoNotShow(t *testing.T) {
	tasks := marshal(t, &agentapi.Response{Type: agentapi.Response_GET_TASKS, GetTasks: &agentapi.Response_GetTasks{}})
	var location, seen string
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.URL.Path }))
	t.Cleanup(stranger.Close)
	for name, test := range map[string]struct {
		config AgentsConfig
		status int
		body   []byte
		code   filters.Code
		words  string
	}{
		"401 without a principal": {AgentsConfig{}, 401, nil, filters.Denied, "wants to know who asks"},
		"401 with one":            {AgentsConfig{Principal: "cordon", Secret: secret.Value("s3cret")}, 401, nil, filters.Denied, "does not accept the principal `cordon`"},
		"403":                     {AgentsConfig{}, 403, nil, filters.Denied, "does not let the bot look"},
		"500":                     {AgentsConfig{}, 500, nil, filters.Unavailable, "answered 500"},
		"a redirect":              {AgentsConfig{}, 307, nil, filters.Unavailable, "redirects of agents are not followed"},
		"an empty body":           {AgentsConfig{}, 200, nil, filters.Unavailable, "did not answer GET_TASKS"},
		"another answer":          {AgentsConfig{}, 200, marshal(t, &agentapi.Response{Type: agentapi.Response_GET_HEALTH}), filters.Unavailable, "did not answer GET_TASKS"},
		"tasks alone":             {AgentsConfig{}, 200, tasks, filters.Unavailable, "did not answer GET_OPERATIONS"},
		"no protobuf":             {AgentsConfig{}, 200, []byte("<html>"), filters.Unavailable, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			location = stranger.URL + "/api/v1"
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1" || r.Header.Get("Content-Type") != typeProtobuf || r.Header.Get("Accept") != typeProtobuf {
					t.Errorf("asked %s %v", r.URL, r.Header)
				}
				w.Header().Set("Location", location)
				w.WriteHeader(test.status)
				_, _ = w.Write(test.body)
			}))
			t.Cleanup(server.Close)
			_, err := NewAgents(test.config).Look(t.Context(), agentAt(t, server.URL))
			checkCode(t, err, test.code, test.words, "agent-one")
			if strings.Contains(err.Error(), "s3cret") || seen != "" {
				t.Errorf("%v; the stranger saw %q", err, seen)
			}
		})
	}
	for _, agent := range []filters.Agent{{Hostname: "agent-one"}, {Hostname: "agent-one", IP: "10.0.0.1/x", Port: 5051}, {Hostname: "agent-one", IP: "10.0.0.1"}} {
		_, err := NewAgents(AgentsConfig{}).Look(t.Context(), agent)
		checkCode(t, err, filters.Unavailable, "does not tell where agent-one listens")
	}
}

func marshal(t *testing.T, response *agentapi.Response) []byte {
	t.Helper()
	body, err := response.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestATaskThatEndedIsNoWork(t *testing.T) {
	task := func(state mesosapi.TaskState) mesosapi.Task { return mesosapi.Task{State: &state} }
	told := &agentapi.Response_GetTasks{
		PendingTasks: []mesosapi.Task{task(mesosapi.TASK_STAGING)}, QueuedTasks: []mesosapi.Task{task(mesosapi.TASK_STAGING)},
		LaunchedTasks:   []mesosapi.Task{task(mesosapi.TASK_RUNNING), task(mesosapi.TASK_KILLING), task(mesosapi.TASK_FINISHED), task(mesosapi.TASK_KILLED)},
		TerminatedTasks: []mesosapi.Task{task(mesosapi.TASK_FAILED)}, CompletedTasks: []mesosapi.Task{task(mesosapi.TASK_FINISHED)},
	}
	work := workOf(told, nil, nil)
	if len(work.Tasks) != 4 {
		t.Fatalf("%+v", work.Tasks)
	}
	for i, queue := range []string{"pending", "queued", "", ""} {
		if work.Tasks[i].Queue != queue {
			t.Errorf("task %d is %+v, want it %q", i, work.Tasks[i], queue)
		}
	}
}

func FuzzWork(f *testing.F) {
	f.Add([]byte{}, int32(agentapi.Call_GET_TASKS))
	f.Add([]byte("\x08\x05"), int32(agentapi.Call_GET_OPERATIONS))
	f.Fuzz(func(_ *testing.T, body []byte, call int32) {
		told, err := decodeWork(io.MultiReader(bytes.NewReader(body)), agentapi.Call_Type(call), "agent-one")
		if err == nil {
			workOf(told.GetTasks, told.GetOperations, nil)
		}
	})
}
