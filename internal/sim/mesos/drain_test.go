package mesos

import (
	"net/http"
	"slices"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

// drainWith sends DRAIN_AGENT for agent-one with options such as
// `,"mark_gone":true`.
func drainWith(t *testing.T, cluster *Cluster, options string) {
	t.Helper()
	mustAccept(t, call(cluster, agentCallBody("DRAIN_AGENT", agentNamed(cluster.Snapshot(), "agent-one").ID, options)))
}

// launchOn starts tasks on an agent and waits until they run.
func launchOn(t *testing.T, cluster *Cluster, name string, options AppOptions) {
	t.Helper()
	options.Agent = "agent-one"
	if err := cluster.LaunchWith(name, 1, options); err != nil {
		t.Fatal(err)
	}
	pass(3 * time.Second)
	if waiting := cluster.Snapshot().Waiting; len(waiting) > 0 {
		t.Fatalf("still waiting: %+v", waiting)
	}
}

func tasksOn(cluster *Cluster, hostname string) []string {
	var apps []string
	for _, task := range agentNamed(cluster.Snapshot(), hostname).Tasks {
		apps = append(apps, task.App)
	}
	slices.Sort(apps)
	return apps
}

func TestDrainEndsTasksAndLeavesTheAgentDeactivated(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "web", AppOptions{})
		drainWith(t, cluster, "")
		if listed := listedAgent(t, cluster, "agent-one"); listed.DrainInfo.State != mesosapi.DrainState_DRAINING || listed.EstimatedDrainStartTime == nil {
			t.Errorf("just called: %+v", listed.DrainInfo)
		}
		mustRefuse(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"), http.StatusBadRequest, "Agent is still in the DRAINING state")
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		pass(time.Second)
		listed := listedAgent(t, cluster, "agent-one")
		if listed.DrainInfo.State != mesosapi.DrainState_DRAINED || !*listed.Deactivated || len(tasksOn(cluster, "agent-one")) > 0 {
			t.Errorf("drained: %+v", listed)
		}
		mustAccept(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"))
		if listed := listedAgent(t, cluster, "agent-one"); listed.DrainInfo != nil || !listed.Active {
			t.Errorf("given back: %+v", listed)
		}
		pass(3 * time.Second)
		if got := tasksOn(cluster, "agent-one"); !slices.Equal(got, []string{"web"}) {
			t.Errorf("the pinned app did not come back: %v", got)
		}
	})
}

func TestGraceOfADrain(t *testing.T) {
	stubborn := AppOptions{IgnoreTerm: true, KillGrace: time.Hour}
	obedient := stubborn
	obedient.HTTP = true
	tests := []struct {
		name    string
		options AppOptions
		grace   string
		lasts   time.Duration // the drain
	}{
		{"a command task keeps its own grace", stubborn, `,"max_grace_period":{"seconds":10}`, time.Hour},
		{"an HTTP executor obeys", obedient, `,"max_grace_period":{"seconds":10}`, 10 * time.Second},
		{"nanos count", obedient, `,"max_grace_period":{"seconds":1,"nanos":500000000}`, 1500 * time.Millisecond},
		{"nanoseconds are an unknown field: no grace", obedient, `,"max_grace_period":{"nanoseconds":600000000000}`, 0},
		{"an empty object is no grace", obedient, `,"max_grace_period":{}`, 0},
		{"no limit", obedient, "", time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
				launchOn(t, cluster, "stubborn", test.options)
				drainWith(t, cluster, test.grace)
				if test.lasts > 0 {
					pass(test.lasts - time.Millisecond)
					if got := state(cluster, "agent-one"); got != "draining" {
						t.Errorf("before the grace is over: %s", got)
					}
				}
				pass(time.Second)
				if got := state(cluster, "agent-one"); got != "drained" {
					t.Errorf("after it: %s", got)
				}
			})
		})
	}
}

// A shorter grace counts from the first kill, a longer one is ignored (evidence-drain-forms).
func TestDrainAgainShortensOnly(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "stubborn", AppOptions{IgnoreTerm: true, KillGrace: time.Hour, HTTP: true})
		drainWith(t, cluster, `,"max_grace_period":{"seconds":40}`)
		pass(5 * time.Second)
		drainWith(t, cluster, `,"max_grace_period":{"seconds":300}`)
		pass(time.Second)
		drainWith(t, cluster, `,"max_grace_period":{"seconds":12}`)
		pass(5900 * time.Millisecond)
		if got := state(cluster, "agent-one"); got != "draining" {
			t.Errorf("after 11.9 s: %s", got)
		}
		pass(200 * time.Millisecond)
		if got := state(cluster, "agent-one"); got != "drained" {
			t.Errorf("after 12.1 s: %s", got)
		}
	})
}

func TestDrainIsKeptAcrossAFailover(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Masters: []string{"", ""}}, func(t *testing.T, cluster *Cluster) {
		drainWith(t, cluster, "")
		pass(time.Second)
		if err := cluster.RestartMaster(); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		listed := listedAgent(t, cluster, "agent-one")
		if listed.DrainInfo == nil || listed.DrainInfo.State != mesosapi.DrainState_DRAINED || listed.EstimatedDrainStartTime != nil {
			t.Errorf("after the restart: %+v", listed)
		}
	})
}

func TestDisconnectedAgentDrainsWhenItIsBack(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "web", AppOptions{Once: true})
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		drainWith(t, cluster, "")
		pass(10 * time.Second)
		if got := tasksOn(cluster, "agent-one"); len(got) != 1 {
			t.Errorf("tasks while it is away: %v", got)
		}
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := state(cluster, "agent-one"); got != "drained" {
			t.Errorf("after it came back: %s", got)
		}
	})
}

func TestMarkGoneIsForEver(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		id := agentNamed(cluster.Snapshot(), "agent-one").ID
		drainWith(t, cluster, `,"mark_gone":"true"`)
		pass(time.Second)
		if listedAgent(t, cluster, "agent-one") != nil || state(cluster, "agent-one") != "gone" {
			t.Errorf("state %s", state(cluster, "agent-one"))
		}
		mustRefuse(t, call(cluster, agentCallBody("REACTIVATE_AGENT", id, "")), http.StatusBadRequest, "Agent is still in the DRAINING state")
		mustRefuse(t, call(cluster, agentCallBody("DEACTIVATE_AGENT", id, "")), http.StatusBadRequest, "Unknown agent")
		mustAccept(t, call(cluster, agentCallBody("MARK_AGENT_GONE", id, "")))
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if listedAgent(t, cluster, "agent-one") != nil {
			t.Error("a gone agent was let in again")
		}
		if err := cluster.LoseWorkDir("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || listed.AgentInfo.ID.Value == id || !listed.Active {
			t.Errorf("with a new work directory: %+v", listed)
		}
	})
}

// An agent of before Mesos 1.9 says so, and is not drained.
func TestAnOldAgentIsNotDrained(t *testing.T) {
	agents := threeAgents()
	agents[0].Undrainable = true
	inBubble(t, Config{Agents: agents}, func(t *testing.T, cluster *Cluster) {
		listed := listedAgent(t, cluster, agents[0].Hostname)
		lacks := !slices.ContainsFunc(listed.Capabilities, func(c mesosapi.AgentInfo_Capability) bool {
			return c.Type == mesosapi.AgentInfo_Capability_AGENT_DRAINING
		})
		if !lacks || len(listed.Capabilities) == 0 {
			t.Errorf("it tells %v", listed.Capabilities)
		}
		mustRefuse(t, agentCall(cluster, "DRAIN_AGENT", agents[0].Hostname), http.StatusBadRequest, "Agent "+listed.AgentInfo.ID.Value+" is not capable of draining")
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", agents[0].Hostname))
	})
}
