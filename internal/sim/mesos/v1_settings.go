package mesos

import (
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// settingWrite chooses what answers a call that changes a setting or ends the
// framework; nil: not such a call.
func (m *member) settingWrite(call *master.Call) func() answer {
	c := m.cluster
	switch call.Type {
	case master.Call_SET_LOGGING_LEVEL:
		return func() answer { return m.setLoggingLevel(call.SetLoggingLevel) }
	case master.Call_UPDATE_WEIGHTS:
		return func() answer { return c.updateWeights(call.UpdateWeights) }
	case master.Call_TEARDOWN:
		return func() answer { return c.teardown(call.Teardown.FrameworkID.Value) }
	case master.Call_LIST_FILES, master.Call_READ_FILE:
		return func() answer { return statusText(http.StatusNotFound) } // this master logs to no file
	}
	return nil
}

func (m *member) setLoggingLevel(call *master.Call_SetLoggingLevel) answer {
	if call.Level > 3 {
		return bad("Invalid logging level '" + itoa(int(call.Level)) + "'; must be between 0 and 3")
	}
	m.logLevel = call.Level
	return accepted()
}

func (c *Cluster) updateWeights(call *master.Call_UpdateWeights) answer {
	for _, info := range call.WeightInfos {
		if info.Weight <= 0 {
			return bad("Failed to validate update weights request JSON: Invalid weight: Weights must be positive")
		}
	}
	for _, info := range call.WeightInfos {
		c.weights[info.GetRole()] = info.Weight
	}
	return accepted()
}
