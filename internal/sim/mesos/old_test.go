package mesos

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOlderEndpointsRefuse(t *testing.T) {
	const onlyPost = "405 Method Not Allowed. Expecting one of { 'POST' }, but received "
	tests := []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "/no/such", "", 404, "404 Not Found."},
		{"GET", "/Slaves", "", 404, "404 Not Found."},
		{"GET", "/state.json", "", 404, "404 Not Found."},
		{"GET", "/master/version", "", 404, "404 Not Found."},
		{"GET", "/master/redirect/api/v1", "", 404, "404 Not Found."},
		{"POST", "/api/v2", "{}", 404, "404 Not Found."},
		{"GET", "/machine/down", "", 405, onlyPost + "'GET'."},
		{"PUT", "/machine/up", "[]", 405, onlyPost + "'PUT'."},
		{"DELETE", "/maintenance/schedule", "", 405, "405 Method Not Allowed. Expecting one of { 'GET', 'POST' }, but received 'DELETE'."},
		{"POST", "/maintenance/status", "{}", 405, "405 Method Not Allowed. Expecting one of { 'GET' }, but received 'POST'."},
		{"PUT", "/quota", "{}", 405, "405 Method Not Allowed. Expecting one of { 'GET', 'POST', 'DELETE' }, but received 'PUT'."},
		{"POST", "/weights", "{}", 405, "405 Method Not Allowed. Expecting one of { 'GET', 'PUT' }, but received 'POST'."},
		{"POST", "/machine/down", "", 400, "syntax error at line 1 near: "},
		{"POST", "/machine/down", "{}", 400, "Unexpected JSON type parsed"},
		{"POST", "/machine/down", `["x"]`, 400, "Expecting a JSON object"},
		{"POST", "/machine/up", `[{"hostname":5}]`, 400, "Not expecting a JSON number for field 'hostname'"},
		{"POST", "/maintenance/schedule", "[]", 400, "Unexpected JSON type parsed"},
		{"POST", "/maintenance/schedule", "null", 400, "Unexpected JSON type parsed"},
		{"POST", "/maintenance/schedule", "{} x", 400, "Parsed JSON included non-whitespace trailing characters:  x"},
		{"POST", "/maintenance/schedule", `{"windows":5}`, 400, "Not expecting a JSON number for field 'windows'"},
		{"POST", "/maintenance/schedule", `{"windows":[{"machine_ids":[{"hostname":"a"}]}]}`, 400, "Missing required fields: windows[0].unavailability"},
	}
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for _, test := range tests {
			t.Log(test.method, test.path, test.body)
			mustRefuse(t, send(cluster, 0, test.method, test.path, test.body), test.status, test.text)
		}
	})
}

// The older endpoints exist with /master before them, with what follows them, and whatever the method.
func TestOlderEndpointsAreLiberal(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for _, request := range []string{
			"GET /slaves", "GET /slaves/", "GET /master/slaves", "POST /slaves", "GET /slaves/anything", "GET /state", "GET /master/state",
			"GET /state-summary", "GET /frameworks", "GET /tasks", "GET /roles", "GET /flags", "GET /metrics/snapshot", "GET /version",
			"GET /maintenance/schedule", "GET /maintenance/status", "GET /master/maintenance/schedule", "GET /quota",
		} {
			method, path, _ := strings.Cut(request, " ")
			reply := send(cluster, 0, method, path, "")
			if reply.Code != http.StatusOK || reply.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %v", request, reply.Code, reply.Header())
			}
			decoded(t, reply)
		}
	})
}

func TestSlavesOfOneAgent(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		id := agentNamed(cluster.Snapshot(), "agent-two").ID
		mustAccept(t, agentCall(cluster, "DRAIN_AGENT", "agent-two"))
		listed := decoded(t, send(cluster, 0, http.MethodGet, "/slaves?slave_id="+id, ""))["slaves"].([]any)
		if len(listed) != 1 {
			t.Fatalf("listed: %v", listed)
		}
		agent := listed[0].(map[string]any)
		drain := map[string]any{"state": "DRAINING", "config": map[string]any{"mark_gone": false}}
		for name, want := range map[string]any{"id": id, "active": false, "deactivated": true, "drain_info": drain} {
			if diff := cmp.Diff(want, agent[name]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		none := send(cluster, 0, http.MethodGet, "/slaves?slave_id=nope", "")
		if got := none.Body.String(); got != `{"slaves":[],"recovered_slaves":[]}` {
			t.Errorf("of an agent that is not there: %s", got)
		}
		scripted := send(cluster, 0, http.MethodGet, "/slaves?slave_id=nope&jsonp=cb", "")
		if got := scripted.Body.String(); got != `cb({"slaves":[],"recovered_slaves":[]})` || scripted.Header().Get("Content-Type") != "text/javascript" {
			t.Errorf("JSONP: %s %v", got, scripted.Header())
		}
	})
}

func TestTasksArePagedAndOrdered(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for _, name := range []string{"first", "second", "third"} {
			launchOn(t, cluster, name, AppOptions{Agent: "agent-one", Once: true})
		}
		for query, want := range map[string][]string{
			"":                          {"third", "second", "first"},
			"?order=asc":                {"first", "second", "third"},
			"?limit=1":                  {"third"},
			"?limit=1&offset=1":         {"second"},
			"?offset=9":                 nil,
			"?framework_id=nope":        nil,
			"?limit=0":                  nil,
			"?limit=many&order=asc":     {"first", "second", "third"},
			"?limit=2&order=desc&x=%20": {"third", "second"},
		} {
			var names []string
			for _, shown := range decoded(t, send(cluster, 0, http.MethodGet, "/tasks"+query, ""))["tasks"].([]any) {
				names = append(names, shown.(map[string]any)["name"].(string))
			}
			if !slices.Equal(names, want) {
				t.Errorf("/tasks%s: %v, want %v", query, names, want)
			}
		}
	})
}

// A master that recovers has no old word for it: it shows nothing, and answers changes only when it is done.
func TestOlderEndpointsWhileRecovering(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Recovery: time.Minute}, func(t *testing.T, cluster *Cluster) {
		mustAccept(t, call(cluster, schedule(windowOf(machineOne))))
		if err := cluster.Failover(); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		for path, want := range map[string]string{
			"/maintenance/schedule": "{}", "/maintenance/status": "{}", "/slaves": `{"slaves":[],"recovered_slaves":[]}`,
		} {
			if got := send(cluster, 0, http.MethodGet, path, "").Body.String(); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
		mustRefuse(t, send(cluster, 0, http.MethodPost, "/machine/down", "[]"), http.StatusBadRequest, "List of machines is empty")
		posted := time.Now()
		mustAccept(t, send(cluster, 0, http.MethodPost, "/maintenance/schedule", "{}"))
		if waited := time.Since(posted); waited < 30*time.Second {
			t.Errorf("the schedule was accepted after %s, before the master had recovered", waited)
		}
	})
}

func TestWhereRedirectsPoint(t *testing.T) {
	for asked, want := range map[string]string{
		"/api/v1":                     "/master/api/v1",
		"/api/v1?x=1":                 "/master/api/v1?x=1",
		"/master/slaves?slave_id=a-b": "/master/slaves?slave_id=a-b",
		"/slaves/?b=2&a=1%2B1&b=3":    "/master/slaves/?a=1%2B1&b=3",
		"/state?empty=&space=a+b":     "/master/state?empty&space=a%20b",
		"/mastery":                    "/master/mastery",
	} {
		parsed, err := url.Parse(asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := redirectPath(parsed); got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}
