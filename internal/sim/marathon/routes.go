package marathon

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"cordon/internal/sim/mesos"
)

const version = "1.11.24"

func (m *Marathon) route() {
	m.routes.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		_, _ = w.Write([]byte("pong")) // nobody is left to tell
	})
	m.routes.HandleFunc("GET /v2/info", m.info)
	m.routes.HandleFunc("GET /v2/leader", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]string{"leader": r.Host})
	})
	m.routes.HandleFunc("GET /v2/deployments", m.listDeployments)
	m.routes.HandleFunc("GET /v2/apps", m.listApps)
	m.routes.HandleFunc("/v2/apps/{id...}", m.oneApp)
	m.routes.HandleFunc("GET /v2/tasks", m.listTasks)
	m.routes.HandleFunc("POST /v2/tasks/delete", m.deleteTasks)
	m.routes.HandleFunc("DELETE /v2/tasks", m.deleteTasks)
	m.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "URI not found: %s", strings.TrimPrefix(r.URL.Path, "/"))
	})
}

func (m *Marathon) info(w http.ResponseWriter, r *http.Request) {
	framework, err := m.cluster.Framework(m.config.Framework)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	reply(w, http.StatusOK, map[string]any{
		"name": "marathon", "version": version, "elected": true, "leader": r.Host, "frameworkId": framework.ID,
		"marathon_config": map[string]any{
			"framework_name": framework.Name, "mesos_role": framework.Role, "ha": true, "checkpoint": true,
		},
	})
}

func (m *Marathon) listApps(w http.ResponseWriter, r *http.Request) {
	framework, err := m.cluster.Framework(m.config.Framework)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	wanted := strings.ToLower(r.URL.Query().Get("id"))
	apps := []appInfo{}
	for _, app := range framework.Apps {
		if strings.Contains(strings.ToLower(pathOf(app)), wanted) {
			apps = append(apps, m.show(app, embeds(r, "apps.tasks")))
		}
	}
	reply(w, http.StatusOK, map[string]any{"apps": apps})
}

// embeds says whether the request asks for a part to be embedded.
func embeds(r *http.Request, part string) bool {
	return slices.Contains(r.URL.Query()["embed"], part)
}

// oneApp answers what lies below /v2/apps/: an app's ID may have slashes of its own.
func (m *Marathon) oneApp(w http.ResponseWriter, r *http.Request) {
	id, task, ofTasks := splitTasks(r.PathValue("id"))
	app, err := m.app(id)
	switch {
	case err != nil:
		refuse(w, http.StatusNotFound, "App '/%s' does not exist", bare(id))
	case r.Method == http.MethodGet && !ofTasks:
		reply(w, http.StatusOK, map[string]any{"app": m.show(app, true)}) // with its tasks, asked for or not
	case r.Method == http.MethodGet && task == "":
		reply(w, http.StatusOK, taskList{m.tasksOf(app)})
	case r.Method == http.MethodDelete && ofTasks:
		m.deleteTasksOf(w, r, app, task)
	default:
		refuse(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

// splitTasks parts "shop/web/tasks/shop_web.1234" into app and task.
func splitTasks(path string) (app, task string, ofTasks bool) {
	words := strings.Split(bare(path), "/")
	at := slices.Index(words, "tasks")
	if at < 1 || len(words) > at+2 {
		return bare(path), "", false
	}
	return strings.Join(words[:at], "/"), strings.Join(words[at+1:], ""), true
}

// app finds an app of the framework by its ID, with or without the slash.
func (m *Marathon) app(id string) (mesos.AppView, error) {
	framework, err := m.cluster.Framework(m.config.Framework)
	if err != nil {
		return mesos.AppView{}, err
	}
	for _, app := range framework.Apps {
		if bare(app.Name) == bare(id) {
			return app, nil
		}
	}
	return mesos.AppView{}, &unknownApp{id}
}

type unknownApp struct{ id string }

// Error is the text of Marathon's own exception.
func (u *unknownApp) Error() string { return "App '/" + bare(u.id) + "' does not exist" }

func (m *Marathon) listDeployments(w http.ResponseWriter, _ *http.Request) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	running := []map[string]any{}
	for app, id := range m.deployments {
		running = append(running, map[string]any{"id": id, "affectedApps": []string{"/" + app}})
	}
	reply(w, http.StatusOK, running)
}

func pathOf(app mesos.AppView) string { return "/" + bare(app.Name) }

// stamp is a time as Marathon writes it; nil: never.
func stamp(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format("2006-01-02T15:04:05.000Z")
	return &text
}

func newID() string { return strings.ToLower(rand.Text()) }
