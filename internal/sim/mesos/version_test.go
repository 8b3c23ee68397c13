package mesos

import (
	"net/http"
	"strings"
	"testing"
)

func TestOlderMastersKnowLess(t *testing.T) {
	tests := []struct {
		version           string
		reading, changing int    // status of GET_HEALTH and of DEACTIVATE_AGENT
		text              string // what the latter says
		flag              bool   // agents have the flag deactivated
	}{
		{"1.12.0", 200, 200, "", true},
		{"1.9.0", 200, 200, "", true},
		{"1.8.1", 200, 400, "Failed to validate master::Call: Expecting 'type' to be present", false},
		{"1.0.1", 200, 400, "Failed to validate master::Call: Expecting 'type' to be present", false},
		{"0.28.2", 404, 404, "404 Not Found.", false},
	}
	for _, test := range tests {
		t.Run(test.version, func(t *testing.T) {
			inBubble(t, Config{Agents: threeAgents(), Version: test.version}, func(t *testing.T, cluster *Cluster) {
				if got := call(cluster, `{"type":"GET_HEALTH"}`); got.Code != test.reading {
					t.Errorf("GET_HEALTH: %d %s", got.Code, got.Body)
				}
				mustRefuse(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"), test.changing, test.text)
				slaves := send(cluster, 0, http.MethodGet, "/slaves", "").Body.String()
				if got := strings.Contains(slaves, `"deactivated"`); got != test.flag {
					t.Errorf("/slaves has the flag: %t", got)
				}
				if test.reading == http.StatusOK {
					agents := call(cluster, `{"type":"GET_AGENTS"}`).Body.String()
					if got := strings.Contains(agents, `"deactivated"`); got != test.flag {
						t.Errorf("GET_AGENTS has the flag: %t", got)
					}
				}
			})
		})
	}
}
