package marathon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"cordon/internal/sim/marathon"
	"cordon/internal/sim/mesos"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// world is a Marathon with the app shop of three instances on three agents.
type world struct {
	*testing.T
	cluster  *mesos.Cluster
	marathon *marathon.Marathon
}

func inWorld(t *testing.T, config marathon.Config, test func(world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster, err := mesos.Start(t.Context(), mesos.Config{
			Masters: []string{""}, Frameworks: []mesos.FrameworkConfig{{Name: "marathon"}, {Name: "other"}},
			Agents: []mesos.AgentConfig{{Hostname: "agent-one"}, {Hostname: "agent-two"}, {Hostname: "agent-three"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := cluster.Close(); err != nil {
				t.Error(err)
			}
		}()
		w := world{t, cluster, marathon.New(cluster, config)}
		w.launch("/shop/web", 3, "")
		w.launch("foreign", 1, "other")
		w.pass(10 * time.Second)
		test(w)
	})
}

func (w world) launch(app string, instances int, framework string) {
	w.Helper()
	if err := w.cluster.LaunchWith(app, instances, mesos.AppOptions{Framework: framework}); err != nil {
		w.Fatal(err)
	}
}

func (w world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// ask sends a request and decodes the answer.
func (w world) ask(method, path, body string) (int, map[string]any) {
	w.Helper()
	recorder := httptest.NewRecorder()
	w.marathon.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	answer := map[string]any{}
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		w.Fatalf("%s %s: %s: %v", method, path, recorder.Body, err)
	}
	return recorder.Code, answer
}

func (w world) get(path string) map[string]any {
	w.Helper()
	status, answer := w.ask(http.MethodGet, path, "")
	if status != http.StatusOK {
		w.Fatalf("GET %s: %d %v", path, status, answer)
	}
	return answer
}

// shop is the app as GET /v2/apps/ID shows it.
func (w world) shop() map[string]any {
	w.Helper()
	return w.get("/v2/apps//shop/web?embed=app.tasks")["app"].(map[string]any)
}

// ids are those of the tasks in a list.
func ids(list any) []string {
	var found []string
	for _, task := range list.([]any) {
		found = append(found, task.(map[string]any)["id"].(string))
	}
	return found
}

func TestAppsAreTheFrameworksOwn(t *testing.T) {
	inWorld(t, marathon.Config{}, func(w world) {
		apps := w.get("/v2/apps?embed=apps.tasks")["apps"].([]any)
		if len(apps) != 1 {
			t.Fatalf("apps: %v", apps)
		}
		app := apps[0].(map[string]any)
		if app["id"] != "/shop/web" || app["tasksRunning"] != 3.0 || app["tasksHealthy"] != 3.0 || len(app["healthChecks"].([]any)) != 1 {
			t.Errorf("the app: %v", app)
		}
		task := app["tasks"].([]any)[0].(map[string]any)
		if !strings.HasPrefix(task["id"].(string), "shop_web.") || task["appId"] != "/shop/web" || !strings.Contains(task["slaveId"].(string), "-S") || task["state"] != "TASK_RUNNING" {
			t.Errorf("a task: %v", task)
		}
		if without := w.get("/v2/apps")["apps"].([]any)[0].(map[string]any); without["tasks"] != nil {
			t.Errorf("tasks that nobody asked for: %v", without)
		}
		if info := w.get("/v2/info"); !strings.HasSuffix(info["frameworkId"].(string), "-0000") || info["elected"] != true {
			t.Errorf("info: %v", info)
		}
	})
}

func TestKilledTaskIsReplacedElsewhere(t *testing.T) {
	inWorld(t, marathon.Config{}, func(w world) {
		var doomed []string
		for _, task := range w.shop()["tasks"].([]any) {
			if task := task.(map[string]any); task["host"] == "agent-one" {
				doomed = append(doomed, task["id"].(string))
			}
		}
		w.deactivate("agent-one")
		status, answer := w.ask(http.MethodPost, "/v2/tasks/delete?scale=false", `{"ids":["`+strings.Join(doomed, `","`)+`","shop_web.nobody-knows"]}`)
		if got := ids(answer["tasks"]); status != http.StatusOK || len(got) == 0 || !slices.Equal(got, doomed) {
			t.Fatalf("%d %v", status, answer)
		}
		w.pass(10 * time.Second)
		shop := w.shop()
		if shop["instances"] != 3.0 || shop["tasksHealthy"] != 3.0 || slices.Contains(ids(shop["tasks"]), doomed[0]) {
			t.Errorf("afterwards: %v", shop)
		}
		for _, task := range shop["tasks"].([]any) {
			if task.(map[string]any)["host"] == "agent-one" {
				t.Errorf("a task started on the agent that is withheld: %v", task)
			}
		}
	})
}

// deactivate takes an agent out of the offers, as an operator does.
func (w world) deactivate(hostname string) {
	w.Helper()
	for _, agent := range w.cluster.Snapshot().Agents {
		if agent.Hostname != hostname {
			continue
		}
		request := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(`{"type":"DEACTIVATE_AGENT","deactivate_agent":{"agent_id":{"value":"`+agent.ID+`"}}}`))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		w.cluster.Handler(0).ServeHTTP(recorder, request)
		if recorder.Code != http.StatusOK {
			w.Fatal(recorder.Body)
		}
	}
}

func TestHealthComesAfterAWhileOrNever(t *testing.T) {
	inWorld(t, marathon.Config{HealthAfter: 5 * time.Second, Unchecked: []string{"plain"}}, func(w world) {
		w.launch("plain", 1, "")
		w.pass(3 * time.Second)
		counts := func(what string, healthy, unhealthy float64) {
			t.Helper()
			if shop := w.shop(); shop["tasksHealthy"] != healthy || shop["tasksUnhealthy"] != unhealthy {
				t.Errorf("%s: %v healthy, %v unhealthy", what, shop["tasksHealthy"], shop["tasksUnhealthy"])
			}
		}
		if err := w.marathon.SetHealth("/shop/web", marathon.Stuck); err != nil {
			t.Fatal(err)
		}
		counts("those that run stay healthy", 3, 0)
		w.launch("/shop/web", 1, "")
		w.pass(4 * time.Second)
		counts("a new one is not checked yet", 3, 0)
		w.pass(time.Minute)
		counts("a new one stays ill", 3, 1)
		if err := w.marathon.SetHealth("shop/web", marathon.Unhealthy); err != nil {
			t.Fatal(err)
		}
		counts("all are ill", 0, 4)
		if err := w.marathon.SetHealth("shop/web", marathon.Healthy); err != nil {
			t.Fatal(err)
		}
		counts("all are well", 4, 0)
		plain := w.get("/v2/apps/plain")["app"].(map[string]any)
		if len(plain["healthChecks"].([]any)) != 0 || plain["tasksHealthy"] != 0.0 || plain["tasksRunning"] != 1.0 {
			t.Errorf("an app without checks: %v", plain)
		}
	})
}

// A locked app refuses what would deploy. What would only kill is answered as ever, and not done.
func TestLockedApp(t *testing.T) {
	inWorld(t, marathon.Config{}, func(w world) {
		if err := w.marathon.Lock("/shop/web"); err != nil {
			t.Fatal(err)
		}
		all := ids(w.shop()["tasks"])
		status, answer := w.ask(http.MethodPost, "/v2/tasks/delete?scale=true", `{"ids":["`+all[0]+`"]}`)
		if status != http.StatusConflict || !strings.HasPrefix(answer["message"].(string), "App is locked by one or more deployments.") || len(answer["deployments"].([]any)) != 1 {
			t.Errorf("scaling: %d %v", status, answer)
		}
		if status, _ := w.ask(http.MethodPost, "/v2/tasks/delete", `{"ids":["`+all[0]+`"]}`); status != http.StatusOK {
			t.Errorf("killing: %d", status)
		}
		w.pass(10 * time.Second)
		if got := ids(w.shop()["tasks"]); !slices.Equal(got, all) {
			t.Errorf("tasks of the locked app: %v, before: %v", got, all)
		}
		w.marathon.Unlock("/shop/web")
		if status, _ := w.ask(http.MethodPost, "/v2/tasks/delete?scale=true", `{"ids":["`+all[0]+`"]}`); status != http.StatusOK {
			t.Errorf("scaling once it is unlocked: %d", status)
		}
		w.pass(10 * time.Second)
		if shop := w.shop(); shop["instances"] != 2.0 || shop["tasksRunning"] != 2.0 {
			t.Errorf("scaled: %v", shop)
		}
	})
}

func TestRefusals(t *testing.T) {
	inWorld(t, marathon.Config{User: "ops", Password: "s3cret"}, func(w world) {
		recorder := httptest.NewRecorder()
		w.marathon.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/v2/apps", http.NoBody))
		if recorder.Code != http.StatusUnauthorized || recorder.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("without credentials: %d", recorder.Code)
		}
	})
	inWorld(t, marathon.Config{}, func(w world) {
		for _, c := range []struct {
			method, path, body string
			status             int
			says               string
		}{
			{"GET", "/v2/apps/nothing", "", 404, "App '/nothing' does not exist"},
			{"GET", "/v2/apps/foreign", "", 404, "App '/foreign' does not exist"},
			{"GET", "/v2/nothing", "", 404, "URI not found"},
			{"PUT", "/v2/apps/shop/web", "{}", 405, ""},
			{"DELETE", "/v2/apps/shop/web/tasks/shop_web.x", "", 404, "Task 'shop_web.x' does not exist"},
			{"POST", "/v2/tasks/delete", `{"ids":["x"]}`, 400, "Invalid task id 'x'"},
			{"POST", "/v2/tasks/delete", `{}`, 400, "Invalid JSON"},
			{"POST", "/v2/tasks/delete", `[`, 400, "Invalid JSON"},
			{"POST", "/v2/tasks/delete?scale=true&wipe=true", `{"ids":[]}`, 400, "You cannot use scale and wipe at the same time."},
		} {
			status, answer := w.ask(c.method, c.path, c.body)
			if said, _ := answer["message"].(string); status != c.status || !strings.Contains(said, c.says) {
				t.Errorf("%s %s: %d %v, expected %d %q", c.method, c.path, status, answer, c.status, c.says)
			}
		}
		w.marathon.LoseLeader(true)
		recorder := httptest.NewRecorder()
		w.marathon.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/v2/tasks", http.NoBody))
		if recorder.Code != http.StatusServiceUnavailable {
			t.Errorf("without a leader: %d", recorder.Code)
		}
	})
}

func TestTasksByStateAndHost(t *testing.T) {
	inWorld(t, marathon.Config{}, func(w world) {
		w.launch("late", 1, "")
		w.pass(1200 * time.Millisecond)
		for path, want := range map[string]int{"/v2/tasks": 4, "/v2/tasks?status=running": 3, "/v2/tasks?status=staging": 1, "/v2/apps/shop/web/tasks": 3} {
			if got := ids(w.get(path)["tasks"]); len(got) != want {
				t.Errorf("%s: %v", path, got)
			}
		}
		first := w.shop()["tasks"].([]any)[0].(map[string]any)
		status, answer := w.ask(http.MethodDelete, "/v2/apps/shop/web/tasks?host="+first["host"].(string), "")
		if got := ids(answer["tasks"]); status != http.StatusOK || !slices.Contains(got, first["id"].(string)) || len(got) == 3 {
			t.Errorf("%d %v", status, answer)
		}
	})
}

func FuzzRequests(f *testing.F) {
	for _, path := range []string{"/v2/tasks/delete?scale=true", "/v2/apps/shop/tasks/shop.1?wipe=1", "/v2/apps//tasks", "/v2/tasks?status=running"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			f.Add(method, path, `{"ids":["shop.1"]}`)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		request, err := http.NewRequest(method, "http://marathon"+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		recorder := httptest.NewRecorder()
		marathon.New(still{}, marathon.Config{}).ServeHTTP(recorder, request)
		if recorder.Code == http.StatusInternalServerError {
			t.Errorf("%s %s: %s", method, path, recorder.Body)
		}
	})
}

// still is a cluster with one app that does not change.
type still struct{}

func (still) Framework(string) (mesos.FrameworkView, error) {
	return mesos.FrameworkView{ID: "f", Name: "marathon", Apps: []mesos.AppView{{Name: "shop", Instances: 1, Tasks: []mesos.AppTask{{ID: "shop.1", State: "TASK_RUNNING"}}}}}, nil
}

func (still) KillTasks(_ string, ids []string, _ bool) ([]string, error) { return ids, nil }
