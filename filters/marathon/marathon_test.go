package marathon

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"cordon/filters"
	"cordon/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a framework that answers by path and notes what it is asked.
type fake struct {
	*httptest.Server
	answers map[string]string // by method and path with its query
	status  map[string]int
	asked   []string
	bodies  []string
	header  http.Header
}

func serve(t *testing.T, answers map[string]string) *fake {
	t.Helper()
	f := &fake{answers: answers, status: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + r.URL.RequestURI()
		body, _ := io.ReadAll(r.Body)
		f.asked, f.bodies, f.header = append(f.asked, what), append(f.bodies, string(body)), r.Header
		text, known := f.answers[what]
		if location, ok := strings.CutPrefix(text, "to "); ok {
			w.Header().Set("Location", location)
		}
		if status := f.status[what]; status != 0 {
			w.WriteHeader(status)
		} else if !known {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(f.Close)
	return f
}

func mover(t *testing.T, kind Kind, url string, change ...func(*Framework)) *Mover {
	t.Helper()
	framework := Framework{Kind: kind, URL: url}
	for _, change := range change {
		change(&framework)
	}
	m, err := New(map[string]Framework{string(kind): framework})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const tasks = "GET /v2/tasks"

func appAt(id string) string {
	return "GET /v2/apps" + id + "?embed=app.tasks&embed=app.deployments"
}

func on(framework string, ids ...string) filters.Work {
	var work filters.Work
	for _, id := range ids {
		work.Tasks = append(work.Tasks, filters.Task{Framework: framework, ID: id})
	}
	return work
}

// shop is an app with three instances of which the first two are on the agent.
func shop(more string, states ...string) map[string]string {
	var there []string
	for i, state := range states {
		health := map[string]string{"healthy": `,"healthCheckResults":[{"alive":true}]`, "sick": `,"healthCheckResults":[{"alive":true},{"alive":false}]`}[state]
		word := "TASK_RUNNING"
		if strings.HasPrefix(state, "TASK_") {
			word = state
		}
		there = append(there, fmt.Sprintf(`{"id":"shop.%d","appId":"/web/shop","slaveId":"S%d","state":%q%s}`, i+1, i/2, word, health))
	}
	list := "[" + strings.Join(there, ",") + "]"
	return map[string]string{
		tasks:              `{"tasks":` + list + `}`,
		appAt("/web/shop"): fmt.Sprintf(`{"app":{"id":"/web/shop","instances":%d%s,"tasks":%s}}`, len(states), more, list),
	}
}

func TestWhatMarathonLetsMove(t *testing.T) {
	checked := `,"healthChecks":[{"protocol":"HTTP"}]`
	tests := map[string]struct {
		answers map[string]string
		work    filters.Work
		moving  []filters.Task
		last    bool
		want    []string // of each task: why it stays; empty: it may move
	}{
		"one of an app at a time":                          {shop(checked, "healthy", "healthy", "healthy"), on("marathon", "shop.1", "shop.2"), nil, false, []string{"", "/web/shop moves one task at a time"}},
		"another is asked for already":                     {shop(checked, "healthy", "healthy", "healthy"), on("marathon", "shop.1"), on("marathon", "shop.3").Tasks, false, []string{"/web/shop moves one task at a time"}},
		"it was asked for itself":                          {shop(checked, "healthy", "healthy", "healthy"), on("marathon", "shop.1"), on("marathon", "shop.1", "gone.1").Tasks, false, []string{""}},
		"another is sick":                                  {shop(checked, "healthy", "healthy", "sick"), on("marathon", "shop.1"), nil, false, []string{"/web/shop waits until 2 of 2 others are healthy, 1 is"}},
		"another was not checked yet":                      {shop(checked, "healthy", "healthy", ""), on("marathon", "shop.1"), nil, false, []string{"/web/shop waits until 2 of 2 others are healthy, 1 is"}},
		"without checks running is healthy":                {shop("", "", "", ""), on("marathon", "shop.1"), nil, false, []string{""}},
		"another is staging":                               {shop("", "", "", "TASK_STAGING"), on("marathon", "shop.1"), nil, false, []string{"/web/shop waits until 2 of 2 others are healthy, 1 is"}},
		"in deployment":                                    {shop(`,"deployments":[{"id":"d1"}]`, "", "", ""), on("marathon", "shop.1"), nil, false, []string{"/web/shop is being deployed"}},
		"its data is there":                                {shop(`,"residency":{"taskLostBehavior":"WAIT_FOREVER"}`, "", "", ""), on("marathon", "shop.1"), nil, false, []string{"/web/shop keeps its data on this agent, so it would not start elsewhere"}},
		"the last instance":                                {shop("", ""), on("marathon", "shop.1"), nil, false, []string{"/web/shop: its last instance, which is held until somebody says --last"}},
		"the last instance, said so":                       {shop("", ""), on("marathon", "shop.1"), nil, true, []string{""}},
		"a task that nobody lists":                         {shop("", ""), on("marathon", "pod.1"), nil, false, []string{"Marathon does not list it"}},
		"a framework that cannot be asked":                 {nil, on("chronos", "job.1"), nil, false, []string{"waits for its people"}},
		"Marathon does not answer":                         {nil, on("marathon", "shop.1"), nil, false, []string{"marathon answered 404"}},
		"an app that is another one":                       {map[string]string{tasks: shop("", "")[tasks], appAt("/web/shop"): `{"app":{"id":"/other"}}`}, on("marathon", "shop.1"), nil, false, []string{"/web/shop: marathon answered what cannot be read"}},
		"what Marathon has, where the agent was not heard": {shop("", "", "", ""), filters.Work{Unseen: "it does not answer"}, nil, false, []string{"", "/web/shop moves one task at a time"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := mover(t, KindMarathon, serve(t, test.answers).URL)
			var got []string
			for _, stay := range m.Weigh(t.Context(), "S0", test.work, test.moving, test.last) {
				if stay.Ready != (stay.Why == "") {
					t.Errorf("%+v", stay)
				}
				got = append(got, stay.Why)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	const kill = "POST /v2/tasks/delete?scale=false&wipe=false"
	m := serve(t, map[string]string{kill: `{"tasks":[]}`})
	if err := mover(t, KindMarathon, m.URL+"/", func(f *Framework) { f.Username, f.Secret = "cordon", secret.Value("s3cret") }).Move(t.Context(), filters.Task{Framework: "marathon", ID: "shop.1"}); err != nil {
		t.Fatal(err)
	}
	var body map[string][]string
	if err := json.Unmarshal([]byte(m.bodies[0]), &body); err != nil || m.asked[0] != kill || !cmp.Equal(body, map[string][]string{"ids": {"shop.1"}}) {
		t.Errorf("asked %v with %v", m.asked, m.bodies)
	}
	if name, secret, _ := (&http.Request{Header: m.header}).BasicAuth(); name != "cordon" || secret != "s3cret" {
		t.Errorf("asked as %q with %q", name, secret)
	}
	r := serve(t, map[string]string{"POST /api/v1/tasks/a%2F..%2Fb/restart": ""})
	if err := mover(t, KindREST, r.URL+"/api/v1", func(f *Framework) { f.Token = secret.Value("t0ken") }).Move(t.Context(), filters.Task{Framework: "rest", ID: "a/../b"}); err != nil {
		t.Fatal(err)
	}
	if r.asked[0] != "POST /api/v1/tasks/a%2F..%2Fb/restart" || r.header.Get("Authorization") != "Bearer t0ken" {
		t.Errorf("asked %v", r.asked)
	}
	if err := mover(t, KindREST, r.URL).Move(t.Context(), filters.Task{Framework: "rest", ID: "gone"}); err != nil {
		t.Errorf("a task that is gone is an error: %v", err)
	}
}

func TestRefusalsAreInWords(t *testing.T) {
	const kill = "POST /v2/tasks/delete?scale=false&wipe=false"
	for status, words := range map[int]string{409: "locked by a deployment", 401: "does not let the bot ask", 403: "does not let the bot ask", 500: "marathon answered 500"} {
		f := serve(t, nil)
		f.status[kill] = status
		err := mover(t, KindMarathon, f.URL, func(f *Framework) { f.Username, f.Secret = "cordon", secret.Value("s3cret") }).Move(t.Context(), filters.Task{Framework: "marathon", ID: "shop.1"})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestARESTFrameworkMovesOneTaskAtATime(t *testing.T) {
	for name, test := range map[string]struct {
		answers map[string]string
		moving  []filters.Task
		want    string
	}{
		"two of them":           {nil, nil, "ready, moves one task at a time"},
		"one elsewhere":         {nil, on("rest", "other").Tasks, "moves one task at a time, moves one task at a time"},
		"it restarts already":   {map[string]string{"GET /tasks/launched": `[{"taskId":"a","runtimeInfo":{"restarting":true}}]`}, on("rest", "a").Tasks, "a task is being moved, moves one task at a time"},
		"it tells and does not": {map[string]string{"GET /tasks/launched": `[{"taskId":"a","runtimeInfo":{}}]`}, on("rest", "a").Tasks, "ready, moves one task at a time"},
	} {
		var got []string
		for _, stay := range mover(t, KindREST, serve(t, test.answers).URL).Weigh(t.Context(), "S0", on("rest", "a", "b"), test.moving, false) {
			if stay.Ready {
				stay.Why = "ready"
			}
			got = append(got, stay.Why)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Credentials go to the configured host alone (invariant 11).
func TestRedirects(t *testing.T) {
	stranger := serve(t, map[string]string{tasks: `{"tasks":[]}`})
	const leader = "GET /marathon/v2/tasks"
	for name, test := range map[string]struct {
		location string
		words    string
	}{
		"to itself":        {"/marathon/v2/tasks", "Marathon does not list it"},
		"to a stranger":    {stranger.URL + "/v2/tasks", "points to another host"},
		"to another name":  {"http://localhost:1/v2/tasks", "points to another host"},
		"without a place":  {"", "points to another host"},
		"with credentials": {"http://a:b@127.0.0.1/v2/tasks", "points to another host"},
		"round and round":  {"/v2/tasks", "cannot be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, map[string]string{tasks: "to " + test.location, leader: `{"tasks":[]}`})
			f.status[tasks] = http.StatusTemporaryRedirect
			stays := mover(t, KindMarathon, f.URL).Weigh(t.Context(), "S0", on("marathon", "shop.1"), nil, false)
			if len(stays) != 1 || !strings.Contains(stays[0].Why, test.words) {
				t.Errorf("%+v", stays)
			}
		})
	}
	if len(stranger.asked) != 0 {
		t.Errorf("the stranger was asked %v", stranger.asked)
	}
}

func TestNewRefuses(t *testing.T) {
	for url, words := range map[string]string{
		"http://marathon.example.com": "neither https", "": "not an address", "https://a:b@marathon.example.com": "holds credentials", "https://marathon.example.com/?x=1": "a query", "ftp://x": "neither https",
	} {
		_, err := New(map[string]Framework{"marathon": {Kind: KindMarathon, URL: url}})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "example.com") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := New(map[string]Framework{"x": {Kind: "odd", URL: "https://x"}}); err == nil {
		t.Error("an odd kind is taken")
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(`{"tasks":[{"id":"shop.1","appId":"/shop","healthCheckResults":[{"alive":true}]}]}`)
	f.Add(`{"app":{"id":"/shop","instances":3,"tasks":[{"id":"shop.1"}],"deployments":[{}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var told struct {
			App   app    `json:"app"`
			Tasks []task `json:"tasks"`
		}
		if decode(strings.NewReader(text), &told) != nil {
			return
		}
		for _, task := range told.App.Tasks {
			why := told.App.obstacle(task.ID, nil, false)
			if why == "" && told.App.Instances == 1 && len(told.App.Tasks) == 1 {
				t.Error("the last instance moves")
			}
		}
		_ = pathOf(told.App.ID)
	})
}
