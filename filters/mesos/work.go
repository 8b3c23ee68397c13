package mesos

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	agentapi "github.com/mesos/mesos-go/api/v1/lib/agent"
	"github.com/mesos/mesos-go/api/v1/lib/agent/calls"

	"cordon/filters"
	"cordon/internal/secret"
)

const (
	// lookTime bounds one look at an agent, and workMost what is read of one of its answers: an agent also tells of the tasks
	// that ended, which it keeps by the thousand.
	lookTime = 10 * time.Second
	workMost = 32 << 20
)

// AgentsConfig is how the agents' own API is asked.
type AgentsConfig struct {
	Scheme string // http or https; empty: http
	// Principal and Secret are for basic authentication; an empty Principal sends none.
	Principal string
	Secret    secret.Value
	TLS       *tls.Config // of https; nil: the system's authorities
}

// Agents asks agents themselves, each at the address that the master listed for it: credentials go nowhere else, and a
// redirect is refused (invariant 11). Safe for concurrent use.
type Agents struct {
	config AgentsConfig
	client *http.Client
}

// NewAgents returns an Agents.
func NewAgents(config AgentsConfig) *Agents {
	config.Scheme = cmp.Or(config.Scheme, "http")
	client := newClient(&Config{TLS: config.TLS})
	client.Transport.(*http.Transport).DisableKeepAlives = true // looks are far apart, and agents many
	return &Agents{config: config, client: client}
}

// Look asks the agent which of its tasks have not ended and which operations are pending, by GET_TASKS, GET_OPERATIONS and
// GET_FRAMEWORKS of its v1 API (recordings agent-*, agentdrain-*). It returns within ten seconds. Errors: Unavailable if it does
// not answer, or not as an agent does; Denied if it does not let the bot ask.
func (a *Agents) Look(ctx context.Context, agent filters.Agent) (filters.Work, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	told, err := a.ask(ctx, &agent, calls.GetTasks())
	if err != nil {
		return filters.Work{}, err
	}
	tasks := told.GetTasks
	if told, err = a.ask(ctx, &agent, calls.GetOperations()); err != nil {
		return filters.Work{}, err
	}
	operations := told.GetOperations
	names := map[string]string{}
	if count := len(tasks.GetPendingTasks()) + len(tasks.GetQueuedTasks()) + len(tasks.GetLaunchedTasks()) + len(operations.GetOperations()); count > 0 {
		if told, err = a.ask(ctx, &agent, calls.GetFrameworks()); err != nil {
			return filters.Work{}, err
		}
		for _, framework := range told.GetFrameworks.GetFrameworks() {
			names[framework.FrameworkInfo.GetID().GetValue()] = nameOf(framework.FrameworkInfo.Name)
		}
	}
	return workOf(tasks, operations, names), nil
}

// ask makes one call and returns its answer, of the call's own type.
func (a *Agents) ask(ctx context.Context, agent *filters.Agent, call *agentapi.Call) (*agentapi.Response, error) {
	if net.ParseIP(agent.IP) == nil || agent.Port < 1 || agent.Port > math.MaxUint16 {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "the master does not tell where " + agent.Hostname + " listens"}
	}
	body, err := call.Marshal()
	if err != nil {
		return nil, err
	}
	at := net.JoinHostPort(agent.IP, strconv.Itoa(agent.Port))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.Scheme+"://"+at+"/api/v1", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", typeProtobuf)
	request.Header.Set("Accept", typeProtobuf)
	request.Header.Set("User-Agent", "cordon")
	if a.config.Principal != "" {
		request.SetBasicAuth(a.config.Principal, a.config.Secret.Reveal())
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: agent.Hostname + " at " + at + " " + phrase(err), Cause: err}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, a.refused(agent.Hostname+" at "+at, response.StatusCode)
	}
	return decodeWork(io.LimitReader(response.Body, workMost+1), call.Type, agent.Hostname)
}

func (a *Agents) refused(who string, status int) error {
	failure := &filters.Error{Code: filters.Unavailable, Wrong: fmt.Sprintf("%s answered %d", who, status)}
	switch {
	case status == http.StatusUnauthorized && a.config.Principal == "":
		failure.Code, failure.Wrong, failure.Expected = filters.Denied, who+" wants to know who asks", "`agents: {principal, secret_file}` in the configuration"
	case status == http.StatusUnauthorized:
		failure.Code, failure.Wrong = filters.Denied, who+" does not accept the principal `"+a.config.Principal+"` with its secret"
	case status == http.StatusForbidden:
		failure.Code, failure.Wrong, failure.Expected = filters.Denied, who+" does not let the bot look", "rights to view tasks, frameworks and operations in the agent's ACLs"
	case status/100 == 3:
		failure.Wrong += ", and redirects of agents are not followed"
	}
	return failure
}

// decodeWork reads an answer. One without what was asked for, or of another type, is none: an empty agent says so.
func decodeWork(body io.Reader, call agentapi.Call_Type, who string) (*agentapi.Response, error) {
	unreadable := func(why string, cause error) error {
		return &filters.Error{Code: filters.Unavailable, Wrong: who + " " + why, Cause: cause}
	}
	text, err := io.ReadAll(body)
	switch {
	case err != nil:
		return nil, unreadable(phrase(err), err)
	case len(text) > workMost:
		return nil, unreadable(fmt.Sprintf("answered with more than %d MiB", workMost>>20), nil)
	}
	told := &agentapi.Response{}
	if err := told.Unmarshal(text); err != nil {
		return nil, unreadable("answered what cannot be read", err)
	}
	answers := map[agentapi.Call_Type]bool{
		agentapi.Call_GET_TASKS:      told.Type == agentapi.Response_GET_TASKS && told.GetTasks != nil,
		agentapi.Call_GET_OPERATIONS: told.Type == agentapi.Response_GET_OPERATIONS && told.GetOperations != nil,
		agentapi.Call_GET_FRAMEWORKS: told.Type == agentapi.Response_GET_FRAMEWORKS && told.GetFrameworks != nil,
	}
	if !answers[call] {
		return nil, unreadable("did not answer "+call.String(), nil)
	}
	return told, nil
}

func workOf(tasks *agentapi.Response_GetTasks, operations *agentapi.Response_GetOperations, names map[string]string) filters.Work {
	var work filters.Work
	for _, list := range []struct {
		queue string
		tasks []mesos.Task
	}{{"pending", tasks.GetPendingTasks()}, {"queued", tasks.GetQueuedTasks()}, {"", tasks.GetLaunchedTasks()}} {
		for i := range list.tasks {
			if task := &list.tasks[i]; !ended(task.GetState()) {
				work.Tasks = append(work.Tasks, taskOf(task, list.queue, names))
			}
		}
	}
	for i := range operations.GetOperations() {
		operation := &operations.Operations[i]
		if operation.LatestStatus.State != mesos.OPERATION_PENDING {
			continue
		}
		framework := operation.GetFrameworkID().GetValue()
		id := cmp.Or(operation.LatestStatus.GetOperationID().GetValue(), operation.Info.GetID().GetValue(), hex.EncodeToString(operation.UUID.Value))
		work.Operations = append(work.Operations, filters.Operation{
			ID: filters.Inert(id), Type: operation.Info.Type.String(), Framework: cmp.Or(names[framework], framework),
		})
	}
	return work
}

// ended tells whether a task in the state holds nothing of its agent any more.
func ended(state mesos.TaskState) bool {
	switch state {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR, mesos.TASK_LOST, mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}

func taskOf(task *mesos.Task, queue string, names map[string]string) filters.Task {
	told := filters.Task{
		Framework: cmp.Or(names[task.FrameworkID.Value], task.FrameworkID.Value), ID: task.TaskID.Value, Name: task.Name,
		State: strings.ToUpper(task.GetState().String()), Queue: queue,
	}
	for _, status := range task.Statuses {
		if seconds := status.GetTimestamp(); status.GetState() == task.GetState() && seconds > 0 && seconds < 1<<40 {
			told.Since = time.UnixMilli(int64(seconds * 1000)).UTC()
			break
		}
	}
	return told
}
