package marathon

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/internal/sim/mesos"
)

// listTasks answers GET /v2/tasks, of all states or of those that status names:
// running or staging; other words are passed over.
func (m *Marathon) listTasks(w http.ResponseWriter, r *http.Request) {
	framework, err := m.cluster.Framework(m.config.Framework)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	wanted := map[string]bool{}
	for _, word := range append(r.URL.Query()["status"], r.URL.Query()["status[]"]...) {
		if word = strings.ToLower(word); word == "running" || word == "staging" {
			wanted["TASK_"+strings.ToUpper(word)] = true
		}
	}
	found := taskList{[]taskInfo{}}
	for _, app := range framework.Apps {
		for _, task := range m.tasksOf(app) {
			if len(wanted) == 0 || wanted[task.State] {
				found.Tasks = append(found.Tasks, task)
			}
		}
	}
	reply(w, http.StatusOK, found)
}

// killing is what a request to kill tasks asks for besides.
type killing struct{ scale, wipe, force bool }

// options reads a request's query; what is no boolean is false.
func options(w http.ResponseWriter, r *http.Request) (killing, bool) {
	flag := func(name string) bool {
		value, err := strconv.ParseBool(r.URL.Query().Get(name))
		return err == nil && value
	}
	asked := killing{scale: flag("scale"), wipe: flag("wipe"), force: flag("force")}
	if asked.scale && asked.wipe {
		refuse(w, http.StatusBadRequest, "You cannot use scale and wipe at the same time.")
		return asked, false
	}
	return asked, true
}

// taskID is the form of a task's ID: its app's ID with underscores, a dot, and
// what makes it unique.
var taskID = regexp.MustCompile(`^(.+)[._]([^_.]+)$`)

// maxBody is more than any list of tasks needs.
const maxBody = 1 << 20

// deleteTasks answers POST /v2/tasks/delete. IDs that no task has are passed
// over in silence. DELETE /v2/tasks is answered alike; a real Marathon refuses it
// with 405.
func (m *Marathon) deleteTasks(w http.ResponseWriter, r *http.Request) {
	asked, ok := options(w, r)
	if !ok {
		return
	}
	var body struct {
		IDs []string `json:"ids"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil || body.IDs == nil {
		refuse(w, http.StatusBadRequest, "Invalid JSON")
		return
	}
	for _, id := range body.IDs {
		if !taskID.MatchString(id) {
			refuse(w, http.StatusBadRequest, "Invalid task id '%s'. [%s (of class java.lang.String)]", id, id)
			return
		}
	}
	framework, err := m.cluster.Framework(m.config.Framework)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	m.kill(w, framework.Apps, asked, func(task mesos.AppTask) bool { return slices.Contains(body.IDs, task.ID) })
}

// deleteTasksOf answers DELETE of an app's tasks: of all, of those on host, or of one.
func (m *Marathon) deleteTasksOf(w http.ResponseWriter, r *http.Request, app mesos.AppView, one string) {
	asked, ok := options(w, r)
	if !ok {
		return
	}
	host := r.URL.Query().Get("host")
	selected := func(task mesos.AppTask) bool {
		return one == task.ID || one == "" && (host == "" || host == "*" || host == task.Hostname)
	}
	if one != "" && !slices.ContainsFunc(app.Tasks, selected) {
		refuse(w, http.StatusNotFound, "Task '%s' does not exist", one)
		return
	}
	m.kill(w, []mesos.AppView{app}, asked, selected)
}

// kill has the selected tasks killed and lists them as they were, or tells of the
// deployment that scaling is.
func (m *Marathon) kill(w http.ResponseWriter, apps []mesos.AppView, asked killing, selected func(mesos.AppTask) bool) {
	found, ids, locked := taskList{[]taskInfo{}}, []string{}, []identity{}
	for _, app := range apps {
		chosen := app
		chosen.Tasks = slices.DeleteFunc(slices.Clone(app.Tasks), func(task mesos.AppTask) bool { return !selected(task) })
		if len(chosen.Tasks) == 0 {
			continue
		}
		found.Tasks = append(found.Tasks, m.tasksOf(chosen)...)
		deployments := m.deploymentsOf(app)
		locked = append(locked, deployments...)
		if asked.scale || len(deployments) == 0 {
			for _, task := range chosen.Tasks {
				ids = append(ids, task.ID)
			}
		}
	}
	if asked.scale && !asked.force && len(locked) > 0 {
		reply(w, http.StatusConflict, map[string]any{
			"message": "App is locked by one or more deployments. Override with the option '?force=true'. " +
				"View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
			"deployments": locked,
		})
		return
	}
	if _, err := m.cluster.KillTasks(m.config.Framework, ids, asked.scale); err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	if asked.scale {
		id := newID()
		w.Header().Set("Marathon-Deployment-Id", id)
		reply(w, http.StatusOK, map[string]any{"version": stamp(time.Now()), "deploymentId": id})
		return
	}
	reply(w, http.StatusOK, found)
}
