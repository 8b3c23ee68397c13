package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cordon/test/e2e/harness"
	"cordon/test/journal"
)

// moduleList is the module's answer.
type moduleList struct {
	Filters []moduleEntry `json:"filters"`
}

type moduleEntry struct {
	AgentID  string   `json:"agentId"`
	Hostname string   `json:"hostname"`
	Owners   []string `json:"owners,omitempty"`
}

// hosts reads an answer as "host:owner+owner" words.
func hosts(t *testing.T, text string) string {
	t.Helper()
	var answer moduleList
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var words []string
	for _, entry := range answer.Filters {
		words = append(words, entry.Hostname+":"+strings.Join(entry.Owners, "+"))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Scripts that were written for the module work unchanged.
func TestScriptsForTheModuleWork(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2, Cluster: "    max_withheld: {cluster: 4}"})
	bot, follower := w.Bots[0], w.Bots[1]
	alice := "user:" + w.Users["alice"]

	want := func(what string, status int, text string, wantStatus int, part string) {
		t.Helper()
		if status != wantStatus || !strings.Contains(text, part) {
			t.Errorf("%s: %d %s, expected %d with %q", what, status, text, wantStatus, part)
		}
	}
	module := func(method, query, body string, status int, part string) string {
		t.Helper()
		got, text := bot.Module(method, query, body)
		want(method+" "+query+" "+body, got, text, status, part)
		return text
	}
	for _, token := range []string{"", "wrong"} {
		status, text := harness.Call(t, harness.Request{URL: bot.URL + "/allocator/filters", Token: token})
		want("token "+token, status, text, http.StatusUnauthorized, "token")
	}
	if got := hosts(t, module("GET", "", "", 200, "")); got != "" {
		t.Errorf("at first: %s", got)
	}
	if got := hosts(t, module("POST", "?wait=verified", `{"hostname":"agent-one"}`, 200, "")); got != "agent-one:api:ci" {
		t.Errorf("after POST: %s", got)
	}
	if !w.Agent("agent-one").Withheld() {
		t.Error("wait=verified answered before the agent was withheld")
	}
	module("POST", "", `{"hostname":"agent-one"}`, 200, "agent-one")
	for _, c := range []struct {
		method, query, body string
		status              int
		part                string
	}{
		{"POST", "", `{"hostname":"agent-nine"}`, 400, "No such agent matching hostname==agent-nine"},
		{"POST", "", `{}`, 400, "agentId"},
		{"POST", "", `{"hostname":7}`, 400, "string"},
		{"POST", "", `{"hostname"`, 400, "syntax error"},
		{"PUT", "", `{"filters":[{}]}`, 400, "requires"},
		{"PUT", "", `{"filters":[{"hostname":"agent-nine"}]}`, 400, "agent-nine"},
		{"PUT", "", `{"filters":7}`, 400, "filters"},
		{"PUT", "", `{"filters":[{"hostname":"agent-one"},{"hostname":"agent-two"},{"hostname":"agent-three"},{"hostname":"agent-four"},{"hostname":"agent-five"}]}`, 409, "max_withheld"},
		{"DELETE", "", "", 400, "agentId"},
		{"DELETE", "?agentId=x&hostname=y", "", 400, "not both"},
		{"DELETE", "?hostname=agent-six", "", 404, "No filter exists"},
		{"PATCH", "", "", 405, "PATCH"},
	} {
		module(c.method, c.query, c.body, c.status, c.part)
	}
	status, text := harness.Call(t, harness.Request{Method: "POST", URL: bot.URL + "/allocator/filters", Token: bot.Token, Body: `{"hostname":"agent-two"}`,
		Headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}})
	want("a charset", status, text, 415, "application/json")
	status, text = harness.Call(t, harness.Request{Method: "POST", URL: bot.URL + "/allocator/filters", Token: harness.ReaderToken, JSON: map[string]string{"hostname": "agent-two"}})
	want("a reader", status, text, 403, "")

	w.Say("alice", "filter agent-two -m hers")
	var read moduleList
	if err := json.Unmarshal([]byte(module("GET", "", "", 200, "")), &read); err != nil {
		t.Fatal(err)
	}
	read.Filters = append(read.Filters, moduleEntry{Hostname: "agent-three"})
	written, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hosts(t, module("PUT", "", string(written), 200, "")), "agent-one:api:ci agent-three:api:ci agent-two:"+alice; got != want {
		t.Errorf("reading, changing and writing back makes %s, want %s", got, want)
	}
	module("DELETE", "?hostname=agent-two", "", 404, "No filter exists")
	module("PUT", "", `{"filters":[{"hostname":"agent-two"}]}`, 200, "")
	if got, want := hosts(t, module("GET", "", "", 200, "")), "agent-two:api:ci+"+alice; got != want && got != "agent-two:"+alice+"+api:ci" {
		t.Errorf("after PUT: %s, want %s", got, want)
	}
	w.AwaitWithheld("agent-one", false, harness.Patience)
	module("DELETE", "?hostname=agent-two&wait=verified", "", 200, alice)
	if !w.Agent("agent-two").Withheld() {
		t.Error("alice's filter was ended by a script")
	}

	code, headers, _ := harness.Try(harness.Request{URL: follower.URL + "/allocator/filters?x=1", Token: bot.Token})
	if location := headers.Get("Location"); code != http.StatusTemporaryRedirect || location != bot.URL+"/allocator/filters?x=1" {
		t.Errorf("the follower answers %d to %q", code, location)
	}
	w.Rest(harness.Patience)
}

// The JSON API: one key has one effect on whichever replica, rights are the token's, operations can be waited for.
func TestTheAPIDoesWhatTheChatDoes(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2})
	bot, follower := w.Bots[0], w.Bots[1]
	first := bot.Command("filter agent-one --for 1h -m ci", "deploy-7")
	if first.Status != 200 || first.Operation == "" || first.State != "recorded" {
		t.Fatalf("%+v", first)
	}
	w.Told(first.Request, journal.Done)
	if again := follower.Command("filter agent-one --for 1h -m ci", "deploy-7"); again.Status != 200 || again.Operation != first.Operation {
		t.Errorf("the same key on another replica: %+v", again)
	}
	status, text := harness.Call(t, harness.Request{URL: follower.URL + "/api/operations/" + first.Operation + "?wait=verified", Token: bot.Token})
	if status != 200 || !strings.Contains(text, "verified") || !w.Agent("agent-one").Withheld() {
		t.Errorf("waiting: %d %s", status, text)
	}
	for _, c := range []struct {
		token, path string
		status      int
	}{
		{"", "/api/filters", 401}, {"wrong", "/api/filters", 401}, {bot.Token, "/api/filters?cluster=other", 403},
		{bot.Token, "/api/operations/op-00000000", 404}, {harness.ReaderToken, "/api/filters", 200}, {harness.ReaderToken, "/api/agents", 200},
		{harness.ReaderToken, "/api/journal", 200},
	} {
		if status, text := harness.Call(t, harness.Request{URL: bot.URL + c.path, Token: c.token}); status != c.status {
			t.Errorf("%s with token %q: %d %s, want %d", c.path, c.token, status, text, c.status)
		}
	}
	for body, status := range map[string]int{
		`{"text":"filter agent-nine"}`: 400, `{"text":"filter agent-one","cluster":"other"}`: 403, `{"text":7}`: 400, `{"txt":"x"}`: 400,
		fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 256<<10)): 413,
	} {
		got, text := harness.Call(t, harness.Request{Method: "POST", URL: bot.URL + "/api/commands", Token: bot.Token, Body: body, Headers: map[string]string{"Content-Type": "application/json"}})
		if got != status || !strings.Contains(text, `"message"`) {
			t.Errorf("%.60s: %d %s, want %d", body, got, text, status)
		}
	}
	got, text := harness.Call(t, harness.Request{Method: "POST", URL: bot.URL + "/api/commands", Token: harness.ReaderToken, JSON: map[string]string{"text": "filter agent-two"}})
	if got != 403 {
		t.Errorf("a reader changes things: %d %s", got, text)
	}
	w.Rest(harness.Patience)
}
