// Package rest is a simulated framework with a REST endpoint for each of its
// tasks, in the manner of those built from tobilg/mesos-framework-boilerplate, over
// one framework of a simulated cluster. As there (lib/baseApi.js,
// lib/restartHelper.js), another instance is started first and the task is killed
// once that runs, and whoever asks is told {"status":"ok"} at once, also for a
// task that nobody knows.
package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"cordon/internal/sim/mesos"
)

// Cluster is what the framework has of Mesos.
type Cluster interface {
	Framework(name string) (mesos.FrameworkView, error)
	ReplaceTask(framework, id string) error
}

// Config describes a framework with a REST API.
type Config struct {
	Framework string // its name in the cluster
	// Strict answers as one that looks first would: 202, and 404 for an unknown task.
	Strict bool
}

// New answers the framework's API: below /api/v1, where the boilerplate has it,
// and without that.
func New(cluster Cluster, config Config) http.Handler {
	f := framework{cluster, config}
	mux := http.NewServeMux()
	for _, root := range []string{"", "/api/v1"} {
		mux.HandleFunc("POST "+root+"/tasks/{task}/restart", f.restart)
		mux.HandleFunc("GET "+root+"/tasks/launched", f.launched)
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("OK")) // nobody is left to tell
	})
	return mux
}

type framework struct {
	cluster Cluster
	config  Config
}

func (f framework) restart(w http.ResponseWriter, r *http.Request) {
	err := f.cluster.ReplaceTask(f.config.Framework, r.PathValue("task"))
	switch {
	case err != nil && !errors.Is(err, mesos.ErrNoTask):
		reply(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
	case err != nil && f.config.Strict:
		reply(w, http.StatusNotFound, map[string]string{"error": "no task " + r.PathValue("task") + " is launched"})
	case f.config.Strict:
		reply(w, http.StatusAccepted, map[string]string{"status": "ok"})
	default:
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}

// task is one in the list of launched tasks.
type task struct {
	ID      string  `json:"taskId"`
	Name    string  `json:"name"`
	Runtime runtime `json:"runtimeInfo"`
}

type runtime struct {
	Agent      string `json:"agentId"`
	State      string `json:"state"`
	Restarting bool   `json:"restarting,omitempty"`
}

// launched answers GET /tasks/launched.
func (f framework) launched(w http.ResponseWriter, _ *http.Request) {
	view, err := f.cluster.Framework(f.config.Framework)
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	list := []task{}
	for _, app := range view.Apps {
		for _, t := range app.Tasks {
			list = append(list, task{ID: t.ID, Name: app.Name, Runtime: runtime{t.AgentID, t.State, t.Replaced}})
		}
	}
	reply(w, http.StatusOK, list)
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the reader is gone: nobody is left to tell
}
