package mesos

import (
	"net/http"
	"testing"
	"time"
)

func TestDeactivationSurvivesWhatTheRegistrySurvives(t *testing.T) {
	tests := []struct {
		name     string
		happens  func(*Cluster) error
		wait     time.Duration
		survives bool
		sameID   bool
	}{
		{"agent restart", func(c *Cluster) error { return c.RestartAgent("agent-one") }, 3 * time.Second, true, true},
		{"master restart", func(c *Cluster) error { return c.RestartMaster() }, 5 * time.Second, true, true},
		{"failover", func(c *Cluster) error { return c.Failover() }, 5 * time.Second, true, true},
		{"reboot", func(c *Cluster) error { return c.Reboot("agent-one") }, 3 * time.Second, true, true},
		{"unregistering", func(c *Cluster) error {
			if err := c.Unregister("agent-one"); err != nil {
				return err
			}
			return c.StartAgent("agent-one")
		}, time.Second, false, true},
		{"lost work directory", func(c *Cluster) error { return c.LoseWorkDir("agent-one") }, 3 * time.Second, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
				before := agentNamed(cluster.Snapshot(), "agent-one").ID
				mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
				if err := test.happens(cluster); err != nil {
					t.Fatal(err)
				}
				pass(test.wait)
				listed := listedAgent(t, cluster, "agent-one")
				if listed == nil {
					t.Fatal("the agent is not listed")
				}
				if *listed.Deactivated != test.survives || listed.Active == test.survives {
					t.Errorf("active %t, deactivated %t", listed.Active, *listed.Deactivated)
				}
				if same := listed.AgentInfo.ID.Value == before; same != test.sameID {
					t.Errorf("ID was %s and is %s", before, listed.AgentInfo.ID.Value)
				}
			})
		})
	}
}

func TestStoppedAgentIsInactiveThenUnreachable(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || listed.Active || *listed.Deactivated {
			t.Errorf("just stopped: %+v", listed)
		}
		pass(76 * time.Second)
		if listed := listedAgent(t, cluster, "agent-one"); listed != nil {
			t.Errorf("after the ping timeout it is still listed: %+v", listed)
		}
		if got := state(cluster, "agent-one"); got != "unreachable" {
			t.Errorf("state %s", got)
		}
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || !listed.Active {
			t.Errorf("back: %+v", listed)
		}
	})
}

func TestPausedAgentShowsNothingUntilItsPingsFail(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.PauseAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(60 * time.Second)
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || !listed.Active {
			t.Errorf("within the ping timeout: %+v", listed)
		}
		pass(20 * time.Second)
		if got := state(cluster, "agent-one"); got != "unreachable" {
			t.Errorf("after it: %s", got)
		}
		if err := cluster.ResumeAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if got := state(cluster, "agent-one"); got != "active" {
			t.Errorf("back: %s", got)
		}
	})
}

// A REACTIVATE of an agent that is unreachable answers 409, and yet counts
// (recordings surv-e2-*).
func TestReactivatingAnUnreachableAgentCountsDespiteItsAnswer(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Minute)
		mustRefuse(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"), http.StatusConflict, "Agent removed while processing the call")
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if got := state(cluster, "agent-one"); got != "active" {
			t.Errorf("it came back %s", got)
		}
	})
}

func TestDeactivateAndReactivateAnswerAsRecorded(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		mustRefuse(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"), http.StatusBadRequest, "Agent is not deactivated")
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		mustAccept(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"))
		mustRefuse(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"), http.StatusBadRequest, "Agent is not deactivated")
		for _, kind := range []string{"DEACTIVATE_AGENT", "DRAIN_AGENT"} {
			mustRefuse(t, agentCall(cluster, kind, "agent-nine"), http.StatusBadRequest, "Unknown agent")
		}
		mustRefuse(t, call(cluster, agentCallBody("MARK_AGENT_GONE", "nine", "")), http.StatusNotFound, "Agent 'nine' not found")
	})
}
