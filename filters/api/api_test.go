package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"cordon/filters"
	"cordon/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster is three agents, two of them on one host.
type cluster struct{ roster *filters.Roster }

func (c *cluster) Roster() *filters.Roster                      { return c.roster }
func (c *cluster) Tasks(filters.AgentID) (map[string]int, bool) { return nil, false }
func (c *cluster) Condition() filters.Condition {
	return filters.Condition{Backend: filters.BackendOperator}
}
func (c *cluster) Decide(_ context.Context, ask filters.Ask) (filters.Needs, error) {
	if ask.Actor.Role != "operator" && ask.Plan.Verb != filters.VerbLook {
		return filters.Needs{}, &filters.Error{Code: filters.Denied, Wrong: "you may look"}
	}
	return filters.Needs{}, nil
}
func (c *cluster) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (*cluster) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }
func (c *cluster) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

// site is the API over a store on miniredis.
type site struct {
	t       *testing.T
	url     string
	service *filters.Service
	leads   bool
	leader  string
	ran     string
	answer  Answer
	counted map[string]int
	log     bytes.Buffer
}

func (s *site) Leads(string) bool                                { return s.leads }
func (s *site) LeaderURL(context.Context, string) (string, bool) { return s.leader, s.leader != "" }
func (s *site) Run(_ context.Context, actor filters.Actor, cluster, text, key string) Answer {
	s.ran = actor.ID + " " + cluster + " " + text + " " + key
	return s.answer
}

var tokens = map[string]Token{
	"ci-token-of-twenty-letters":    {Name: "ci", Cluster: "prod", Role: "operator"},
	"other-token-of-twenty-letters": {Name: "other", Cluster: "prod", Role: "operator"},
	"look-token-of-twenty-letters":  {Name: "look", Cluster: "prod"},
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOver(t, filters.View{Cluster: "prod", Agents: []filters.Agent{
		{ID: "aa-S0", Hostname: "agent-one", Active: true}, {ID: "aa-S1", Hostname: "agent-two", Active: true}, {ID: "aa-S2", Hostname: "agent-two", Port: 5052, Active: true},
	}})
}

func newSiteOver(t *testing.T, view filters.View) *site {
	t.Helper()
	redis, err := store.Open(t.Context(), store.Config{URL: "redis://" + miniredis.RunT(t).Addr(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	nodes := &cluster{roster: filters.NewRoster(view)}
	s := &site{t: t, leads: true, counted: map[string]int{}}
	s.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Store: redis.Cluster("prod"), Book: filters.NewBook(), State: nodes, Gate: nodes})
	config := Config{Clusters: map[string]*filters.Service{"prod": s.service}, Commands: s, Leaders: s, Logger: slog.New(slog.NewTextHandler(&s.log, nil))}
	config.Observe = func(cluster string, code filters.Code) { s.counted[cluster+" "+string(code)]++ }
	for text, token := range tokens {
		token.Digest = sha256.Sum256([]byte(text))
		config.Tokens = append(config.Tokens, token)
	}
	server := httptest.NewServer(New(config))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	s.url = server.URL
	return s
}

// ask sends a request as the token's user and returns status, body and headers.
func (s *site) ask(token, method, path, body string, headers ...string) (int, string, http.Header) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token+"-token-of-twenty-letters")
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(bytes.TrimSpace(text)), response.Header
}

const listPath = "/allocator/filters"

// TestModulesContract holds the texts and codes to the module's own, as recorded (getty-*).
func TestModulesContract(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		want               string // the body, or its beginning
	}{
		"nothing yet":             {"GET", listPath, "", nil, 200, `{"filters":[]}`},
		"by ID":                   {"POST", listPath, `{"agentId":"aa-S0"}`, nil, 200, `{"filters":[{"agentId":"aa-S0","hostname":"agent-one","owners":["api:ci"]}]}`},
		"by host: all its agents": {"POST", listPath, `{"hostname":"agent-two"}`, nil, 200, `{"filters":[{"agentId":"aa-S1","hostname":"agent-two","owners":["api:ci"]},{"agentId":"aa-S2"`},
		"both must match":         {"POST", listPath, `{"agentId":"aa-S0","hostname":"agent-two"}`, nil, 400, "No such agent matching hostname==agent-two AND agentId==aa-S0"},
		"unknown":                 {"POST", listPath, `{"hostname":"nope"}`, nil, 400, "No such agent matching hostname==nope"},
		"the start of an ID":      {"POST", listPath, `{"agentId":"aa"}`, nil, 400, "No such agent matching agentId==aa"},
		"a glob":                  {"POST", listPath, `{"hostname":"agent-*"}`, nil, 400, "No such agent"},
		"neither":                 {"POST", listPath, `{}`, nil, 400, "body requires 'agentId' and/or 'hostname' attributes"},
		"empty strings":           {"POST", listPath, `{"agentId":"","hostname":""}`, nil, 400, "body requires"},
		"a number":                {"POST", listPath, `{"agentId":5}`, nil, 400, "'agentId' must be a string"},
		"null":                    {"POST", listPath, `{"hostname":null}`, nil, 400, "'hostname' must be a string"},
		"an array":                {"POST", listPath, `[]`, nil, 400, "Unexpected JSON type parsed"},
		"not JSON":                {"POST", listPath, `{"agentId": `, nil, 400, "syntax error at line 1 near:"},
		"a charset":               {"POST", listPath, `{}`, []string{"Content-Type", "application/json; charset=utf-8"}, 415, "expected: application/json"},
		"too large":               {"POST", listPath, `{"hostname":"` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, "the body is larger than 256 kB"},
		"another method":          {"PATCH", listPath, "", nil, 405, "405 Method Not Allowed. Expecting one of { 'GET', 'POST', 'PUT', 'DELETE' }, but received 'PATCH'."},
		"no filters key":          {"PUT", listPath, `{"other":1}`, nil, 200, `{"filters":[]}`},
		"an empty entry":          {"PUT", listPath, `{"filters":[{}]}`, nil, 400, "each entry of 'filters' requires"},
		"entries of numbers":      {"PUT", listPath, `{"filters":[5]}`, nil, 400, "'filters' must be an array of objects"},
		"unknown in a list":       {"PUT", listPath, `{"filters":[{"hostname":"nope"},{"hostname":"h","agentId":"a"},{"hostname":"agent-one"}]}`, nil, 400, "One or more agents specified do not exist: [hostname == nope], [hostname == h] && [agentId: a]"},
		"delete by both":          {"DELETE", listPath + "?agentId=aa-S0&hostname=agent-one", "", nil, 400, "Specify parameter 'agentId' or 'hostname', but not both"},
		"delete by neither":       {"DELETE", listPath, "", nil, 400, "Specify parameter"},
		"delete what is not":      {"DELETE", listPath + "?hostname=agent-one", "", nil, 404, "No filter exists for agent aa-S0"},
		"delete an unknown host":  {"DELETE", listPath + "?hostname=nope", "", nil, 404, "No filter exists for hostname nope"},
		"delete an empty ID":      {"DELETE", listPath + "?agentId=", "", nil, 404, "No filter exists for agent"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := newSite(t).ask("ci", test.method, test.path, test.body, test.headers...)
			if status != test.status || !strings.HasPrefix(body, test.want) {
				t.Errorf("got %d %s\nwant %d %s", status, body, test.status, test.want)
			}
		})
	}
}

func TestWhoMay(t *testing.T) {
	s := newSite(t)
	if status, _, header := s.ask("", "GET", listPath, ""); status != 401 || header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d", status)
	}
	if status, body, _ := s.ask("look", "POST", listPath, `{"hostname":"agent-one"}`); status != 403 {
		t.Errorf("a token that may look: %d %s", status, body)
	}
	if status, body, _ := s.ask("ci", "GET", "/api/filters?cluster=other", ""); status != 403 || !strings.Contains(body, `"code":"denied"`) {
		t.Errorf("another cluster: %d %s", status, body)
	}
}

// What a token was told no is in the journal, with who and why; what only looks is not.
func TestRefusalsAreInTheJournal(t *testing.T) {
	for name, c := range map[string]struct {
		token, method, path, body string
		verb, code, says          string // nothing: it is not in the journal
	}{
		"may not":               {"look", "POST", listPath, `{"hostname":"agent-one"}`, "filter", "denied", "you may look"},
		"may not in a list":     {"look", "PUT", listPath, `{"filters":[{"hostname":"agent-one"}]}`, "filter", "denied", "you may look"},
		"unknown":               {"ci", "POST", listPath, `{"hostname":"` + "`user:UBOB`" + `"}`, "filter", "invalid", "hostname=='user:UBOB'"},
		"none of its own":       {"ci", "DELETE", listPath + "?hostname=agent-one", "", "release", "unknown", "No filter exists"},
		"too large":             {"ci", "POST", listPath, strings.Repeat("x", 300<<10), "filter", "invalid", "256 kB"},
		"another cluster":       {"ci", "POST", "/api/commands?cluster=other", `{"text":"filter agent-one"}`, "", "denied", "another cluster"},
		"another's in the body": {"ci", "POST", "/api/commands", `{"cluster":"other","text":"filter agent-one"}`, "", "denied", "another cluster"},
		"no command":            {"ci", "POST", "/api/commands", `{"txt":1}`, "", "invalid", "not the JSON"},
		"looks elsewhere":       {"ci", "GET", "/api/filters?cluster=other", "", "", "", ""},
		"looks":                 {"ci", "GET", listPath, "", "", "", ""},
		"nobody":                {"", "POST", listPath, `{"hostname":"agent-one"}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for range 2 {
				s.ask(c.token, c.method, c.path, c.body, "Idempotency-Key", "k1")
			}
			written, err := s.service.History(t.Context(), nil, 10)
			if err != nil || c.code == "" && len(written) != 0 || c.code != "" && len(written) != 1 {
				t.Fatalf("written was %+v, %v", written, err)
			}
			for _, event := range written {
				if event.Kind != filters.KindRefused || event.Actor != "api:"+c.token || event.Request != "api:"+c.token+":k1" || event.Cause != filters.CauseAPI ||
					string(event.Verb) != c.verb || event.Outcome != c.code || !strings.Contains(event.Reason, c.says) {
					t.Errorf("written was %+v", event)
				}
			}
		})
	}
}

// Whoever asks again and again does not fill the journal; of whoever is not known there is a count and a line of the log.
func TestRefusalsDoNotFillTheJournal(t *testing.T) {
	s := newSite(t)
	for range 100 {
		s.ask("look", "POST", listPath, `{"hostname":"agent-one"}`)
		s.ask("", "POST", listPath, `{"hostname":"agent-one"}`)
	}
	written, err := s.service.History(t.Context(), nil, 1000)
	if err != nil || len(written) < 30 || len(written) >= 60 {
		t.Errorf("%d entries, %v", len(written), err)
	}
	if s.counted["prod denied"] != 100 || s.counted[" unauthorized"] != 100 {
		t.Errorf("counted were %v", s.counted)
	}
	if lines := strings.Count(s.log.String(), "no token that is known"); lines < 1 || lines > 20 {
		t.Errorf("the log says %s", s.log.String())
	}
}

func TestPutReplacesOnlyTheTokensOwn(t *testing.T) {
	s := newSite(t)
	s.ask("other", "POST", listPath, `{"hostname":"agent-one"}`)
	s.ask("ci", "POST", listPath, `{"agentId":"aa-S1"}`)
	_, list, _ := s.ask("ci", "GET", listPath, "")
	if status, after, _ := s.ask("ci", "PUT", listPath, list); status != 200 || after != list {
		t.Errorf("writing back what was read changed it: %d\n%s\n%s", status, list, after)
	}
	_, after, _ := s.ask("ci", "PUT", listPath, `{"filters":[{"agentId":"aa-S2"}]}`)
	if !strings.Contains(after, `"hostname":"agent-one","owners":["api:other"]`) || !strings.Contains(after, "aa-S2") || strings.Contains(after, "aa-S1") {
		t.Errorf("got %s", after)
	}
}

func TestDeleteEndsTheTokensOwnWhoeverElseWithholds(t *testing.T) {
	s := newSite(t)
	s.ask("other", "POST", listPath, `{"hostname":"agent-one"}`)
	s.ask("ci", "POST", listPath, `{"hostname":"agent-one"}`)
	status, body, _ := s.ask("ci", "DELETE", listPath+"?hostname=AGENT-ONE", "")
	if status != 200 || !strings.Contains(body, `"owners":["api:other"]`) {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, _ = s.ask("ci", "DELETE", listPath+"?hostname=agent-one", ""); status != 404 {
		t.Errorf("the second time: %d", status)
	}
}

func TestTheSameIdempotencyKeyHasOneEffect(t *testing.T) {
	s := newSite(t)
	s.ask("ci", "POST", listPath, `{"hostname":"agent-one"}`)
	for range 2 {
		if status, body, _ := s.ask("ci", "DELETE", listPath+"?hostname=agent-one", "", "Idempotency-Key", "k1"); status != 200 {
			t.Errorf("got %d %s", status, body)
		}
	}
}

func TestAReplicaThatDoesNotLeadSendsOn(t *testing.T) {
	s := newSite(t)
	s.leads, s.leader = false, "https://bot-2:8081"
	status, _, header := s.ask("ci", "DELETE", listPath+"?hostname=agent-one&x=a%20b", "")
	if status != 307 || header.Get("Location") != "https://bot-2:8081/allocator/filters?hostname=agent-one&x=a%20b" {
		t.Errorf("got %d %s", status, header.Get("Location"))
	}
	s.leader = ""
	if status, body, _ := s.ask("ci", "GET", listPath, ""); status != 503 || body != "No leader elected" {
		t.Errorf("got %d %s", status, body)
	}
}

func TestCommands(t *testing.T) {
	s := newSite(t)
	s.answer = Answer{Text: "agent-one takes no new tasks", Operation: "op-1", State: filters.StateRecorded}
	status, body, _ := s.ask("ci", "POST", "/api/commands", `{"cluster":"prod","text":"filter agent-one"}`, "Idempotency-Key", "k1")
	if status != 200 || !strings.Contains(body, `"operation":"op-1"`) || s.ran != "api:ci prod filter agent-one api:ci:k1" {
		t.Errorf("got %d %s; ran %s", status, body, s.ran)
	}
	for code, want := range map[filters.Code]int{filters.Invalid: 400, filters.Denied: 403, filters.Limited: 409, filters.Frozen: 409, filters.Unavailable: 503} {
		s.answer = Answer{Code: code, Text: "no"}
		if status, body, _ := s.ask("ci", "POST", "/api/commands", `{"text":"x"}`); status != want || !strings.Contains(body, `"code":"`+string(code)+`"`) {
			t.Errorf("%s: got %d %s", code, status, body)
		}
	}
	for body, want := range map[string]int{`{"text":1}`: 400, `{"txt":"x"}`: 400, `{"text":"x"} {}`: 400, `{"text":"x","cluster":"other"}`: 403, `{"text":"` + strings.Repeat("x", 300<<10) + `"}`: 413} {
		if status, answer, _ := s.ask("ci", "POST", "/api/commands", body); status != want {
			t.Errorf("%.40s: got %d %s", body, status, answer)
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	s := newSite(t)
	after := ""
	var seen []string
	for range 4 {
		_, body, _ := s.ask("ci", "GET", "/api/agents?limit=1&after="+after, "")
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			seen = append(seen, item.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "aa-S0 aa-S1 aa-S2" {
		t.Errorf("pages hold %s", got)
	}
}

func TestOperationsTellHowFarTheyCame(t *testing.T) {
	s := newSite(t)
	result, err := s.service.Filter(t.Context(), filters.Request{Actor: filters.Actor{ID: "api:ci", Role: "operator"}, Key: "k", Targets: []filters.Target{{Agent: "aa-S0"}}})
	if err != nil {
		t.Fatal(err)
	}
	if status, body, _ := s.ask("ci", "GET", "/api/operations/"+result.Operation, ""); status != 200 || !strings.Contains(body, `"state":"recorded"`) {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, _ := s.ask("ci", "GET", "/api/operations/op-none", ""); status != 404 {
		t.Errorf("an unknown one: %d", status)
	}
	_, journal, _ := s.ask("ci", "GET", "/api/journal?limit=5", "")
	if !strings.Contains(journal, `"kind":"filter"`) {
		t.Errorf("the journal: %s", journal)
	}
}

func FuzzModuleBodies(f *testing.F) {
	f.Add(`{"filters":[{"agentId":"a","owners":["x"]}]}`)
	f.Add(`{"hostname":"h"}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := &call{Request: httptest.NewRequest("PUT", listPath, strings.NewReader(body)), token: &Token{Name: "ci"}}
		c.Header.Set("Content-Type", "application/json")
		var fields map[string]json.RawMessage
		if c.object(&fields) != nil {
			return
		}
		_, _, _ = names(fields)
		_, _ = c.leftToOthers(fields["owners"])
	})
}

// Before the first reading nobody knows whether there is such an agent: a script tries again, as it does where no leader is.
func TestModuleKnowsNoAgentBeforeTheFirstReading(t *testing.T) {
	s := newSiteOver(t, filters.View{Cluster: "prod"})
	for _, request := range []struct{ method, body string }{{"POST", `{"hostname":"agent-one"}`}, {"PUT", `{"filters":[{"hostname":"agent-one"}]}`}} {
		if status, body, _ := s.ask("ci", request.method, listPath, request.body); status != 503 || !strings.Contains(body, "not read the cluster yet") {
			t.Errorf("%s: %d %s", request.method, status, body)
		}
	}
}
