// Package marathon is a simulated Marathon: the part of its HTTP API that tells
// of apps and tasks and has tasks killed, over the apps of one framework of a
// simulated cluster. What takes a killed task's place is started by that
// framework from offers, as for any task that is lost.
//
// Its answers are those of Marathon 1.x as its source and its documentation have
// them (mesosphere/marathon: TasksResource, AppTasksResource, AppsResource,
// MarathonExceptionMapper, LeaderProxyFilter).
package marathon

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"cordon/internal/sim/mesos"
)

// Cluster is what Marathon has of Mesos: a framework of its own.
type Cluster interface {
	Framework(name string) (mesos.FrameworkView, error)
	KillTasks(framework string, ids []string, scale bool) ([]string, error)
}

// Config describes a Marathon.
type Config struct {
	Framework string // its name in the cluster; "" is the cluster's first
	// User and Password are asked for by basic authentication; "" for both: nobody is asked.
	User, Password string
	// HealthAfter is how long a task has run when its first health check passes;
	// 0 is a second.
	HealthAfter time.Duration
	// Unchecked are the names of apps without health checks.
	Unchecked []string
}

// Health is how the health checks of an app go.
type Health string

// The ways.
const (
	// Healthy lets the checks of all tasks pass.
	Healthy Health = "healthy"
	// Unhealthy lets the checks of all tasks fail from now on.
	Unhealthy Health = "unhealthy"
	// Stuck lets the checks of tasks that start from now on fail for ever.
	Stuck Health = "stuck"
)

// Marathon answers HTTP requests. Its methods are safe for concurrent use.
type Marathon struct {
	cluster Cluster
	config  Config
	routes  *http.ServeMux

	mutex sync.Mutex
	// health is of apps whose checks do not all pass, by name.
	health map[string]ailment
	// deployments are the IDs of the deployments that lock apps, by name.
	deployments map[string]string
	leaderless  bool
}

// ailment is a health that is not Healthy, and since when.
type ailment struct {
	health Health
	since  time.Time
}

// New is a Marathon for a framework of the cluster, which leads.
func New(cluster Cluster, config Config) *Marathon {
	if config.HealthAfter == 0 {
		config.HealthAfter = time.Second
	}
	m := &Marathon{
		cluster: cluster, config: config, routes: http.NewServeMux(),
		health: map[string]ailment{}, deployments: map[string]string{},
	}
	m.route()
	return m
}

// SetHealth says how the health checks of an app go from now on.
func (m *Marathon) SetHealth(app string, health Health) error {
	found, err := m.app(app)
	if err != nil {
		return err
	}
	if !m.checked(found) {
		return fmt.Errorf("app: %s has no health checks", found.Name)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	switch health {
	case Healthy:
		delete(m.health, bare(app))
	case Unhealthy, Stuck:
		m.health[bare(app)] = ailment{health, time.Now()}
	default:
		return fmt.Errorf("mode: %q is not known; expected %s, %s or %s", health, Healthy, Unhealthy, Stuck)
	}
	return nil
}

// Lock makes a deployment of an app begin, which lasts until Unlock. Meanwhile
// what would deploy is refused with 409, and what has tasks killed without
// scaling is answered as ever and not done: Marathon's scheduler drops it with a
// line in its own log.
func (m *Marathon) Lock(app string) error {
	if _, err := m.app(app); err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.deployments[bare(app)] = newID()
	return nil
}

// Unlock ends an app's deployment.
func (m *Marathon) Unlock(app string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.deployments, bare(app))
}

// LoseLeader makes Marathon know no leader, or lead again.
func (m *Marathon) LoseLeader(lost bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.leaderless = lost
}

// bare is an app's ID without the slash at its start.
func bare(app string) string { return strings.Trim(app, "/") }

// ServeHTTP answers as the leading Marathon.
func (m *Marathon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mutex.Lock()
	leaderless := m.leaderless
	m.mutex.Unlock()
	switch {
	case !m.admits(r):
		w.Header().Set("WWW-Authenticate", `basic realm="Mesosphere"`)
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	case leaderless && strings.HasPrefix(r.URL.Path, "/v2/"):
		http.Error(w, "Could not determine the current leader", http.StatusServiceUnavailable)
	default:
		w.Header().Set("X-Marathon-Leader", "http://"+r.Host)
		m.routes.ServeHTTP(w, single(r))
	}
}

// single is the request with single slashes: /v2/apps//shop is as good as /v2/apps/shop.
func single(r *http.Request) *http.Request {
	if !strings.Contains(r.URL.Path, "//") {
		return r
	}
	copied := r.Clone(r.Context())
	copied.URL.Path, copied.URL.RawPath = "/"+path.Join(strings.Split(r.URL.Path, "/")...), ""
	return copied
}

// admits asks for the credentials that Marathon was started with
// (--http_credentials); /ping is open to all.
func (m *Marathon) admits(r *http.Request) bool {
	if m.config.User == "" && m.config.Password == "" || r.URL.Path == "/ping" {
		return true
	}
	user, password, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(user+"\n"+password), []byte(m.config.User+"\n"+m.config.Password)) == 1
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // the reader is gone: nobody is left to tell
}

// refuse answers as MarathonExceptionMapper does.
func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	reply(w, status, map[string]string{"message": fmt.Sprintf(format, args...)})
}
