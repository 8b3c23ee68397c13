package sim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// scissors records how long Redis was cut.
type scissors struct{ cut time.Duration }

func (s *scissors) Cut(d time.Duration) { s.cut += d }

// open starts a demo that ends with the test.
func open(t *testing.T, config Config) *Demo {
	t.Helper()
	demo, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := demo.Close(); err != nil {
			t.Error(err)
		}
	})
	return demo
}

// post sends JSON to the page and returns the status and the decoded answer.
func post(t *testing.T, url, body string) (int, map[string]any) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t *testing.T, response *http.Response) (int, map[string]any) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%d %s: %v", response.StatusCode, body, err)
	}
	return response.StatusCode, answer
}

func cluster(t *testing.T, demo *Demo) ClusterView {
	t.Helper()
	response, err := http.Get(demo.PageURL + "sim/cluster")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var view ClusterView
	if err := json.NewDecoder(response.Body).Decode(&view); err != nil {
		t.Fatal(err)
	}
	return view
}

// eventually waits until the cluster is as wanted.
func eventually(t *testing.T, demo *Demo, what string, wanted func(ClusterView) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	changes := demo.Cluster.Watch(ctx)
	for !wanted(cluster(t, demo)) {
		if _, more := <-changes; !more {
			t.Fatalf("%s never happened: %+v", what, cluster(t, demo))
		}
	}
}

func agent(view ClusterView, hostname string) Agent {
	for _, agent := range view.Agents {
		if agent.Hostname == hostname {
			return agent
		}
	}
	return Agent{}
}

// running counts an app's running tasks on a host.
func running(view ClusterView, app, hostname string) int {
	count := 0
	for _, task := range agent(view, hostname).Tasks {
		if task.App == app && task.State == "TASK_RUNNING" {
			count++
		}
	}
	return count
}
