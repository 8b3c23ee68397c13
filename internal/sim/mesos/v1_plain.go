package mesos

import (
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// plainReader chooses what builds an answer that is small enough to be built as
// one message; nil: not such a call.
func (m *member) plainReader(call *master.Call) func() *master.Response {
	kind, build := master.Response_UNKNOWN, func(*master.Response) {}
	switch call.Type {
	case master.Call_GET_HEALTH:
		kind, build = master.Response_GET_HEALTH, func(r *master.Response) {
			r.GetHealth = &master.Response_GetHealth{Healthy: true}
		}
	case master.Call_GET_OPERATIONS:
		kind, build = master.Response_GET_OPERATIONS, func(r *master.Response) {
			r.GetOperations = &master.Response_GetOperations{}
		}
	default:
		return nil
	}
	return func() *master.Response {
		message := &master.Response{Type: kind}
		build(message)
		return message
	}
}
