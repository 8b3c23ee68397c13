package mesos

import (
	"net/http"
	"testing"
	"time"
)

func TestLeaderWithoutAQuorumReadsAndThenAborts(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Masters: []string{""}}, func(t *testing.T, cluster *Cluster) {
		id := agentNamed(cluster.Snapshot(), "agent-one").ID
		cluster.LoseQuorum()
		answered := make(chan bool)
		began := time.Now()
		go func() {
			defer func() { answered <- recover() == nil }()
			call(cluster, agentCallBody("DEACTIVATE_AGENT", id, ""))
		}()
		pass(19 * time.Second)
		if agents := getAgents(t, cluster); len(agents.Agents) != 3 {
			t.Errorf("reads: %d agents", len(agents.Agents))
		}
		if <-answered {
			t.Error("DEACTIVATE_AGENT was answered")
		}
		if waited := time.Since(began); waited != 20*time.Second {
			t.Errorf("the leader aborted after %s", waited)
		}
		pass(time.Minute)
		mustRefuse(t, call(cluster, `{"type":"GET_HEALTH"}`), http.StatusServiceUnavailable, "Master has not finished recovery")
		cluster.RestoreQuorum()
		pass(10 * time.Second)
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || !listed.Active {
			t.Errorf("after the quorum is back: %+v", listed)
		}
	})
}
