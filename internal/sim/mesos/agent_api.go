package mesos

import (
	"io"
	"net/http"
	"strings"

	agentapi "github.com/mesos/mesos-go/api/v1/lib/agent"
)

var agentCallMessage = messageNamed("mesos.agent.Call")

// AgentHandler answers as the agent's process on a host does: its own v1 API
// (POST /api/v1 and /slave(1)/api/v1), /state, /health, /version and /flags
// (recordings agent-*, agentdrain-*). While the process is away it panics with
// http.ErrAbortHandler, which a server turns into a connection that breaks.
func (c *Cluster) AgentHandler(hostname string) (http.Handler, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	h, err := c.host(hostname)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			bad("Failed to read the request: "+err.Error()).write(w, r)
			return
		}
		c.mutex.Lock()
		reply := c.agentAnswer(h, r, body)
		c.mutex.Unlock()
		reply.write(w, r)
	}), nil
}

func (c *Cluster) agentAnswer(h *host, r *http.Request, body []byte) answer {
	if !h.running || h.paused || h.agent == nil {
		return answer{dropped: true}
	}
	path := strings.TrimPrefix(strings.TrimSuffix(r.URL.Path, "/"), "/slave(1)")
	switch path {
	case "/api/v1":
		return c.agentCall(h, r, body)
	case "/health":
		return accepted()
	case "/version":
		return oldAnswerTo(r, jsonFields{
			{"build_date", buildDate}, {"build_time", buildTime}, {"build_user", buildUser}, {"version", c.config.Version},
		})
	case "/flags":
		return oldAnswerTo(r, jsonFields{{"flags", h.oldFlags()}})
	case "/state":
		return oldAnswerTo(r, c.oldAgentState(h))
	}
	return statusText(http.StatusNotFound)
}

// oldAnswerTo is a value as the endpoints from before the v1 API answer it.
func oldAnswerTo(r *http.Request, value any) answer {
	return oldAnswer(&request{Request: r}, appendOldJSON(nil, value))
}

func (c *Cluster) agentCall(h *host, r *http.Request, body []byte) answer {
	if r.Method != http.MethodPost {
		return methodNotAllowed(r.Method, http.MethodPost)
	}
	media, refused := contentType(r)
	if refused != nil {
		return *refused
	}
	call, err := decodeAgentCall(media, body)
	if err != nil {
		return bad(err.Error())
	}
	media, refused = acceptedType(r)
	if refused != nil {
		return *refused
	}
	build := c.agentReader(h.agent, call)
	if build == nil {
		return statusText(http.StatusNotImplemented)
	}
	return encoded(media, agentPrinting, encode(build()))
}

func decodeAgentCall(media mediaType, body []byte) (*agentapi.Call, error) {
	wire, err := decodeBody(media, body, agentCallMessage)
	if err != nil {
		return nil, err
	}
	call := &agentapi.Call{}
	if err := call.Unmarshal(wire); err != nil {
		return nil, refusal("Failed to parse body into Call protobuf")
	}
	name, known := agentapi.Call_Type_name[int32(call.Type)]
	missing := missingPart(agentCallMessage, wire, name, known)
	if missing != "" && missing != "get_containers" { // which may be left out
		return nil, refusal("Failed to validate agent::Call: Expecting '" + missing + "' to be present")
	}
	return call, nil
}

// agentReader chooses what builds an agent's answer; nil: it does not know the
// call. Calls that change containers are not simulated.
func (c *Cluster) agentReader(a *agent, call *agentapi.Call) func() *agentapi.Response {
	type response = agentapi.Response
	build := map[agentapi.Call_Type]func() *response{
		agentapi.Call_GET_HEALTH: func() *response {
			return &response{Type: agentapi.Response_GET_HEALTH, GetHealth: &agentapi.Response_GetHealth{Healthy: true}}
		},
		agentapi.Call_GET_VERSION: func() *response {
			return &response{Type: agentapi.Response_GET_VERSION, GetVersion: &agentapi.Response_GetVersion{VersionInfo: c.versionInfo()}}
		},
		agentapi.Call_GET_FLAGS: a.getFlags,
		agentapi.Call_GET_LOGGING_LEVEL: func() *response {
			return &response{Type: agentapi.Response_GET_LOGGING_LEVEL, GetLoggingLevel: &agentapi.Response_GetLoggingLevel{}}
		},
		agentapi.Call_GET_AGENT: func() *response {
			return &response{Type: agentapi.Response_GET_AGENT, GetAgent: c.agentItself(a)}
		},
		agentapi.Call_GET_TASKS: func() *response {
			return &response{Type: agentapi.Response_GET_TASKS, GetTasks: a.taskLists()}
		},
		agentapi.Call_GET_EXECUTORS: func() *response {
			return &response{Type: agentapi.Response_GET_EXECUTORS, GetExecutors: a.executorLists()}
		},
		agentapi.Call_GET_FRAMEWORKS: func() *response {
			return &response{Type: agentapi.Response_GET_FRAMEWORKS, GetFrameworks: c.frameworksOn(a)}
		},
		agentapi.Call_GET_CONTAINERS: func() *response {
			return &response{Type: agentapi.Response_GET_CONTAINERS, GetContainers: a.containerList()}
		},
		agentapi.Call_GET_OPERATIONS: func() *response {
			return &response{Type: agentapi.Response_GET_OPERATIONS, GetOperations: &agentapi.Response_GetOperations{Operations: a.operationList()}}
		},
		agentapi.Call_GET_RESOURCE_PROVIDERS: func() *response {
			return &response{Type: agentapi.Response_GET_RESOURCE_PROVIDERS, GetResourceProviders: &agentapi.Response_GetResourceProviders{}}
		},
		agentapi.Call_GET_STATE: func() *response {
			return &response{Type: agentapi.Response_GET_STATE, GetState: &agentapi.Response_GetState{
				GetTasks: a.taskLists(), GetExecutors: a.executorLists(), GetFrameworks: c.frameworksOn(a),
			}}
		},
	}
	return build[call.Type]
}
