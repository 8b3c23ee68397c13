package mesos

import (
	"net/http"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib/master"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// operatorAPI answers POST /api/v1: first who asks and whom, then the envelope,
// then the call (recordings auth-malformed-none, nonleader-*, recovering-*, err-*).
func (m *member) operatorAPI(r *request) answer {
	if !m.cluster.has(withOperatorAPI) {
		return statusText(http.StatusNotFound)
	}
	if refused := m.cluster.authenticate(r, realmReadWrite); refused != nil {
		return *refused
	}
	body, err := r.read()
	if err != nil {
		return bad("Failed to read the request: " + err.Error())
	}
	m.cluster.mutex.Lock()
	refused, ok := m.readyCheck(redirectPath(r.URL))
	m.cluster.mutex.Unlock()
	if !ok {
		return refused
	}
	if r.Method != http.MethodPost {
		return methodNotAllowed(r.Method, http.MethodPost)
	}
	return m.call(r, body)
}

func (m *member) call(r *request, body []byte) answer {
	media, refused := contentType(r.Request)
	if refused != nil {
		return *refused
	}
	call, err := decodeCall(media, body)
	if err != nil {
		return bad(err.Error())
	}
	r.callType, r.agentID = call.Type.String(), agentOf(call)
	if !m.cluster.knows(call.Type) {
		return bad("Failed to validate master::Call: Expecting 'type' to be present")
	}
	media, refused = acceptedType(r.Request)
	if refused != nil {
		return *refused
	}
	if call.Type == master.Call_SUBSCRIBE {
		return m.subscribe(r, media)
	}
	if read := m.reads(call); read != nil {
		return read(media)
	}
	if write := m.writes(r.principal, call); write != nil {
		if refused := m.awaitRegistry(r, call); refused != nil {
			return *refused
		}
		return write()
	}
	return statusText(http.StatusNotImplemented)
}

// decodeCall turns a body into a call; its errors are the master's texts.
func decodeCall(media mediaType, body []byte) (*master.Call, error) {
	wire, err := decodeBody(media, body, callMessage)
	if err != nil {
		return nil, err
	}
	call := &master.Call{}
	if err := call.Unmarshal(wire); err != nil {
		return nil, refusal("Failed to parse body into Call protobuf")
	}
	name, known := master.Call_Type_name[int32(call.Type)]
	if missing := missingPart(callMessage, wire, name, known); missing != "" {
		return nil, refusal("Failed to validate master::Call: Expecting '" + missing + "' to be present")
	}
	return call, nil
}

// decodeBody turns a body into the protobuf bytes of a message.
func decodeBody(media mediaType, body []byte, descriptor protoreflect.MessageDescriptor) ([]byte, error) {
	if media == mediaProtobuf {
		return body, nil
	}
	value, err := parseJSON(string(body))
	if err != nil {
		return nil, refusal("Failed to parse body into JSON: " + err.Error())
	}
	wire, err := decodeJSON(descriptor, value)
	if err != nil {
		return nil, refusal("Failed to convert JSON into Call protobuf: " + err.Error())
	}
	return wire, nil
}

// missingPart names what a call lacks: its type, or the message that goes with
// its type.
func missingPart(descriptor protoreflect.MessageDescriptor, wire []byte, name string, known bool) string {
	present := map[protowire.Number]bool{}
	for len(wire) > 0 {
		number, _, size := nextField(wire)
		if size < 0 {
			break
		}
		wire = wire[size:]
		present[number] = true
	}
	if !known || !present[descriptor.Fields().ByName("type").Number()] {
		return "type"
	}
	part := descriptor.Fields().ByName(protoreflect.Name(strings.ToLower(name)))
	if part != nil && !present[part.Number()] {
		return string(part.Name())
	}
	return ""
}

// agentOf is the agent that a call is about; "" where it is about none.
func agentOf(call *master.Call) string {
	switch call.Type {
	case master.Call_DRAIN_AGENT:
		return call.DrainAgent.AgentID.Value
	case master.Call_DEACTIVATE_AGENT:
		return call.DeactivateAgent.AgentID.Value
	case master.Call_REACTIVATE_AGENT:
		return call.ReactivateAgent.AgentID.Value
	case master.Call_MARK_AGENT_GONE:
		return call.MarkAgentGone.AgentID.Value
	}
	return ""
}
