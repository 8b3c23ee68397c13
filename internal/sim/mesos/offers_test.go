package mesos

import (
	"slices"
	"testing"
	"time"
)

func TestDeactivateRescindsOffersAndTheModuleDoesNot(t *testing.T) {
	tests := []struct {
		name     string
		withhold func(*testing.T, *Cluster)
		starts   bool // a task starts from the offer that was held
	}{
		{"DEACTIVATE_AGENT", func(t *testing.T, cluster *Cluster) {
			mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		}, false},
		{"allocator filter", func(t *testing.T, cluster *Cluster) { filter(t, cluster, "agent-one") }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, Config{Agents: threeAgents(), Allocator: true}, func(t *testing.T, cluster *Cluster) {
				cluster.HoldOffers(true)
				pass(2 * time.Second)
				if !agentNamed(cluster.Snapshot(), "agent-one").Offered {
					t.Fatal("no offer is held")
				}
				test.withhold(t, cluster)
				if got := agentNamed(cluster.Snapshot(), "agent-one").Offered; got != test.starts {
					t.Errorf("offer held afterwards: %t", got)
				}
				if err := cluster.Launch("late", 1, "agent-one"); err != nil {
					t.Fatal(err)
				}
				pass(5 * time.Second)
				if got := len(tasksOn(cluster, "agent-one")) == 1; got != test.starts {
					t.Errorf("the task started: %t", got)
				}
			})
		})
	}
}

func TestWithheldAgentsKeepTheirTasksAndGetNoNewOnes(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "first", AppOptions{})
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		if err := cluster.Launch("pinned", 1, "agent-one"); err != nil {
			t.Fatal(err)
		}
		if err := cluster.Launch("anywhere", 4, ""); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		shot := cluster.Snapshot()
		if got := tasksOn(cluster, "agent-one"); !slices.Equal(got, []string{"first"}) {
			t.Errorf("tasks on the withheld agent: %v", got)
		}
		if len(shot.Waiting) != 1 || shot.Waiting[0] != (WaitingView{App: "pinned", Agent: "agent-one"}) {
			t.Errorf("waiting: %+v", shot.Waiting)
		}
		mustAccept(t, agentCall(cluster, "REACTIVATE_AGENT", "agent-one"))
		pass(3 * time.Second)
		if got := tasksOn(cluster, "agent-one"); !slices.Equal(got, []string{"first", "pinned"}) {
			t.Errorf("tasks once it is given back: %v", got)
		}
	})
}

func TestAppsSpreadOverAgents(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.Launch("web", 3, ""); err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		for _, agent := range cluster.Snapshot().Agents {
			if len(agent.Tasks) != 1 {
				t.Errorf("%s has %d tasks", agent.Hostname, len(agent.Tasks))
			}
		}
	})
}

func TestLostTasksStartElsewhere(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.Launch("web", 3, ""); err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Minute)
		if got := len(tasksOn(cluster, "agent-two")) + len(tasksOn(cluster, "agent-three")); got != 3 {
			t.Errorf("%d tasks on the others", got)
		}
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		if got := tasksOn(cluster, "agent-one"); len(got) != 0 {
			t.Errorf("the surplus task was not killed: %v", got)
		}
	})
}

func TestTasksAreNotLaunchedWhereTheyDoNotFit(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.LaunchWith("big", 4, AppOptions{CPUs: 3}); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if waiting := cluster.Snapshot().Waiting; len(waiting) != 1 {
			t.Errorf("waiting: %+v", waiting)
		}
	})
}

func TestKillEndsAnApp(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "web", AppOptions{})
		if err := cluster.Kill("web"); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		if got := tasksOn(cluster, "agent-one"); len(got) != 0 {
			t.Errorf("still there: %v", got)
		}
		if err := cluster.Kill("web"); err == nil {
			t.Error("killing it twice was not refused")
		}
	})
}

func TestLaunchRefusesWhatCannotBe(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for name, err := range map[string]error{
			"no name":      cluster.Launch("", 1, ""),
			"no instances": cluster.Launch("web", 0, ""),
			"no such host": cluster.Launch("web", 1, "agent-nine"),
		} {
			if err == nil {
				t.Errorf("%s was not refused", name)
			}
		}
	})
}
