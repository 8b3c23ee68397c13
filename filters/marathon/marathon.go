// Package marathon asks frameworks to move their tasks off an agent: Marathon, through its own API, and frameworks with a REST
// endpoint for each task, such as those built from tobilg/mesos-framework-boilerplate (`POST /tasks/:task/restart`).
//
// It remembers nothing: what was asked is the caller's to keep. Marathon is asked by `POST /v2/tasks/delete` without scale and
// without wipe, so that it starts each task again elsewhere (`GET /v2/apps/{id}` and `GET /v2/tasks` tell how an app is; all
// three stand in mesosphere/marathon's docs/docs/rest-api.md and its RAML). Credentials go to the configured host alone.
package marathon

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
	"cordon/internal/secret"
)

// Kind is how a framework is asked.
type Kind string

// The kinds of frameworks that can be asked.
const (
	KindMarathon Kind = "marathon" // Marathon's own API
	KindREST     Kind = "rest"     // POST /tasks/ID/restart
)

// Framework is one framework that can be asked to move its tasks.
type Framework struct {
	Kind Kind
	URL  string // https; http only to this machine itself. It may have a path
	// Username and Secret are for basic authentication; Token is sent as a bearer token instead where it is not empty.
	Username      string
	Secret, Token secret.Value
	TLS           *tls.Config // nil: the system's authorities
}

// Mover asks frameworks. It implements scheduler.Mover and is safe for concurrent use.
type Mover struct {
	frameworks map[string]asked
}

// asked is a framework as it is asked.
type asked interface {
	// weigh tells of each of the framework's tasks on the agent whether it may be asked to move now. Those of moving were asked
	// for before, on whatever agent, and were not seen gone.
	weigh(ctx context.Context, agent filters.AgentID, work *filters.Work, moving []filters.Task, last bool) ([]filters.Stay, error)
	// move asks for a task to be moved. A task that is gone is no error.
	move(ctx context.Context, task string) error
}

// New returns a Mover for frameworks by their names, as the master tells them. Its errors name the framework, never its address.
func New(frameworks map[string]Framework) (*Mover, error) {
	mover := &Mover{frameworks: map[string]asked{}}
	for name, framework := range frameworks {
		caller, err := newCaller(name, framework)
		if err != nil {
			return nil, errors.New("framework " + strconv.Quote(name) + ": " + err.Error())
		}
		switch framework.Kind {
		case KindMarathon:
			mover.frameworks[name] = &marathon{caller: caller}
		case KindREST:
			mover.frameworks[name] = &rest{caller}
		default:
			return nil, errors.New("framework " + strconv.Quote(name) + ": its kind is neither marathon nor rest")
		}
	}
	return mover, nil
}

// Weigh tells of each task on the agent whether its framework may be asked to move it now. A framework is not asked for a
// task while another one of its app, or on its way by moving, has not moved. last: also tasks that are the last of their
// app, which is away then until Marathon has started it elsewhere. Where the agent was not heard, work has no tasks, and
// Marathon's own word of what it has there counts.
func (m *Mover) Weigh(ctx context.Context, agent filters.AgentID, work filters.Work, moving []filters.Task, last bool) []filters.Stay {
	var stays []filters.Stay
	for name, framework := range m.frameworks {
		mine := filters.Work{Tasks: only(work.Tasks, name), Unseen: work.Unseen}
		if len(mine.Tasks) == 0 && mine.Unseen == "" {
			continue
		}
		told, err := framework.weigh(ctx, agent, &mine, only(moving, name), last)
		if err != nil {
			told = every(mine.Tasks, reason(name, err))
		}
		stays = append(stays, told...)
	}
	for _, task := range work.Tasks {
		if m.frameworks[task.Framework] == nil {
			stays = append(stays, filters.Stay{Task: task, Why: "waits for its people"})
		}
	}
	return stays
}

// Move asks the task's framework to move it. Errors are in words for people; after one nobody knows whether it is moved.
func (m *Mover) Move(ctx context.Context, task filters.Task) error {
	framework := m.frameworks[task.Framework]
	if framework == nil {
		return errors.New("the configuration has no framework " + task.Framework)
	}
	if err := framework.move(ctx, task.ID); err != nil {
		return errors.New(reason(task.Framework, err))
	}
	return nil
}

// only returns the tasks of one framework.
func only(tasks []filters.Task, framework string) []filters.Task {
	var mine []filters.Task
	for _, task := range tasks {
		if task.Framework == framework {
			mine = append(mine, task)
		}
	}
	return mine
}

func every(tasks []filters.Task, why string) []filters.Stay {
	stays := make([]filters.Stay, len(tasks))
	for i, task := range tasks {
		stays[i] = filters.Stay{Task: task, Why: why}
	}
	return stays
}

// rest is a framework with an endpoint that restarts one task. It tells nothing of how its tasks are, so it moves one at a
// time, wherever that runs.
type rest struct{ *caller }

func (r *rest) weigh(ctx context.Context, _ filters.AgentID, work *filters.Work, moving []filters.Task, _ bool) ([]filters.Stay, error) {
	stays := make([]filters.Stay, len(work.Tasks))
	restarting, free := r.restarting(ctx), true
	for i, task := range work.Tasks {
		stays[i] = filters.Stay{Task: task}
		switch {
		case restarting[task.ID]:
			stays[i].Why = "a task is being moved"
		case !free || others(moving, task):
			stays[i].Why = "moves one task at a time"
		default:
			stays[i].Ready, free = true, false
		}
	}
	return stays, nil
}

// restarting are the tasks that the framework says it restarts already: it starts another one first, and asked once more it
// would start two. A framework that does not tell has none.
func (r *rest) restarting(ctx context.Context) map[string]bool {
	var launched []struct {
		ID      string `json:"taskId"`
		Runtime struct {
			Restarting bool `json:"restarting"`
		} `json:"runtimeInfo"`
	}
	if err := r.ask(ctx, http.MethodGet, r.at("/tasks/launched"), nil, &launched); err != nil {
		return nil
	}
	restarting := map[string]bool{}
	for _, task := range launched {
		restarting[task.ID] = task.Runtime.Restarting
	}
	return restarting
}

func (r *rest) move(ctx context.Context, task string) error {
	err := r.ask(ctx, http.MethodPost, r.at("/tasks/", task, "/restart"), nil, nil)
	if status, ok := errors.AsType[statusError](err); ok && (int(status) == http.StatusNotFound || int(status) == http.StatusGone) {
		return nil
	}
	return err
}

// others tells whether any of the tasks is another one than the task.
func others(tasks []filters.Task, than filters.Task) bool {
	for _, task := range tasks {
		if !task.Same(than) {
			return true
		}
	}
	return false
}

// check reads an address.
func check(framework *Framework) (*url.URL, error) {
	address, err := url.Parse(framework.URL)
	switch {
	case err != nil || address.Hostname() == "":
		return nil, errors.New("its url is not an address")
	case address.User != nil || address.Fragment != "" || address.RawQuery != "":
		return nil, errors.New("its url holds credentials, a query or a fragment")
	case address.Scheme != "https" && (address.Scheme != "http" || !loopback(address.Hostname())):
		return nil, errors.New("its url is neither https nor http to this machine itself")
	}
	address.Path, address.RawPath = strings.TrimRight(address.Path, "/"), ""
	return address, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// callTime bounds one call.
const callTime = 10 * time.Second

func port(address *url.URL) string {
	if address.Scheme == "http" {
		return cmp.Or(address.Port(), "80")
	}
	return cmp.Or(address.Port(), "443")
}
