package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"cordon/internal/sim/mesos"
	"cordon/internal/sim/rest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// The other instance comes first: while there is no place for it, the task stays.
func TestRestartStartsAnotherFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := start(t, mesos.AgentConfig{Hostname: "agent-one"})
		task := only(t, cluster)
		must(t, cluster.LaunchWith("filler", 39, mesos.AppOptions{Framework: "batch"})) // no CPU is left
		pass(time.Minute)
		handler := rest.New(cluster, rest.Config{Framework: "batch"})
		for range 2 { // asking again starts no third
			if got := ask(handler, "POST", "/api/v1/tasks/"+task.ID+"/restart"); got != `200 {"status":"ok"}` {
				t.Error(got)
			}
		}
		pass(time.Minute)
		if now := render(t, cluster); len(now) != 1 || now[0].ID != task.ID || !now[0].Replaced {
			t.Errorf("without a place for another: %+v", now)
		}
		must(t, cluster.Kill("filler"))
		pass(20 * time.Second)
		if now := only(t, cluster); now.ID == task.ID || now.State != "TASK_RUNNING" {
			t.Errorf("with one: %+v", now)
		}
	})
}

// A task that ends before another runs in its place is replaced once.
func TestRestartOfATaskThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := start(t, mesos.AgentConfig{Hostname: "agent-one"})
		task := only(t, cluster)
		must(t, cluster.ReplaceTask("batch", task.ID))
		if _, err := cluster.KillTasks("batch", []string{task.ID}, false); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if now := only(t, cluster); now.ID == task.ID {
			t.Errorf("%+v", now)
		}
	})
}

func TestUnknownTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := start(t, mesos.AgentConfig{Hostname: "agent-one"})
		task := only(t, cluster)
		for _, c := range []struct {
			strict bool
			task   string
			want   string
		}{
			{false, "nobody", `200 {"status":"ok"}`},
			{true, "nobody", `404 {"error":"no task nobody is launched"}`},
			{true, task.ID, `202 {"status":"ok"}`},
		} {
			if got := ask(rest.New(cluster, rest.Config{Framework: "batch", Strict: c.strict}), "POST", "/tasks/"+c.task+"/restart"); got != c.want {
				t.Errorf("%+v: %s", c, got)
			}
		}
		handler := rest.New(cluster, rest.Config{Framework: "batch"})
		if got := ask(handler, "GET", "/api/v1/tasks/launched"); !strings.Contains(got, task.ID) || !strings.Contains(got, `"restarting":true`) {
			t.Error(got)
		}
		if got := ask(handler, "GET", "/health"); got != "200 OK" {
			t.Error(got)
		}
	})
}

// start opens a cluster in which batch runs one task of render.
func start(t *testing.T, agents ...mesos.AgentConfig) *mesos.Cluster {
	t.Helper()
	cluster, err := mesos.Start(t.Context(), mesos.Config{
		Masters: []string{""}, Agents: agents, Frameworks: []mesos.FrameworkConfig{{Name: "marathon"}, {Name: "batch"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, cluster.LaunchWith("render", 1, mesos.AppOptions{Framework: "batch"}))
	pass(10 * time.Second)
	return cluster
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// render are the tasks of the app.
func render(t *testing.T, cluster *mesos.Cluster) []mesos.AppTask {
	t.Helper()
	view, err := cluster.Framework("batch")
	must(t, err)
	return view.Apps[0].Tasks
}

func only(t *testing.T, cluster *mesos.Cluster) mesos.AppTask {
	t.Helper()
	tasks := render(t, cluster)
	if len(tasks) != 1 {
		t.Fatalf("tasks: %+v", tasks)
	}
	return tasks[0]
}

func ask(handler http.Handler, method, path string) string {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, path, http.NoBody))
	return strings.TrimSpace(fmt.Sprintf("%d %s", recorder.Code, recorder.Body))
}
