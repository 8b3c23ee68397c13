package mesos

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

func threeFrameworks() []FrameworkConfig {
	return []FrameworkConfig{
		{Name: "marathon"},
		{Name: "chronos", Role: "jobs", Principal: "chronos", InverseOffers: Declines},
		{Name: "batch", InverseOffers: Ignores},
	}
}

// launchOf starts an app of a framework on agent-one and waits until it runs.
func launchOf(t *testing.T, cluster *Cluster, framework, app string) {
	t.Helper()
	if err := cluster.LaunchWith(app, 1, AppOptions{Framework: framework, Agent: "agent-one"}); err != nil {
		t.Fatal(err)
	}
	pass(10 * time.Second)
}

func TestEveryFrameworkHasItsOwnTasksAndRole(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Frameworks: threeFrameworks()}, func(t *testing.T, cluster *Cluster) {
		for _, name := range []string{"marathon", "chronos", "batch"} {
			launchOf(t, cluster, name, "app-of-"+name)
		}
		list := decoded(t, send(cluster, 0, http.MethodGet, "/frameworks", ""))["frameworks"].([]any)
		var shown []string
		for _, each := range list {
			f := each.(map[string]any)
			task := f["tasks"].([]any)[0].(map[string]any)
			shown = append(shown, strings.Join([]string{f["name"].(string), f["roles"].([]any)[0].(string), task["name"].(string), task["role"].(string)}, " "))
		}
		want := []string{"marathon * app-of-marathon *", "chronos jobs app-of-chronos jobs", "batch * app-of-batch *"}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Error(diff)
		}
		if got := call(cluster, `{"type":"GET_ROLES"}`).Body.String(); strings.Count(got, `"frameworks":`) != 2 || !strings.Contains(got, `"name":"jobs"`) {
			t.Errorf("roles: %s", got)
		}
		if got := call(cluster, `{"type":"GET_AGENTS"}`).Body.String(); !strings.Contains(got, `"allocation_info":{"role":"jobs"}`) {
			t.Errorf("agents: %s", got)
		}
		if got := askAgent(t, cluster, "/api/v1", `{"type":"GET_FRAMEWORKS"}`).Body.String(); strings.Count(got, `"framework_info"`) != 3 {
			t.Errorf("the agent's frameworks: %s", got)
		}
		if got := agentNamed(cluster.Snapshot(), "agent-one").Tasks[1].Framework; got != "chronos" {
			t.Errorf("the second task belongs to %q", got)
		}
	})
}

func TestFrameworksShareWhatIsFree(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Frameworks: threeFrameworks()}, func(t *testing.T, cluster *Cluster) {
		// One that wants what no agent has does not keep the others waiting.
		if err := cluster.LaunchWith("huge", 1, AppOptions{CPUs: 100}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"chronos", "batch"} {
			if err := cluster.LaunchWith("app-of-"+name, 6, AppOptions{Framework: name}); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Minute)
		if got := cluster.Snapshot().Waiting; len(got) != 1 || got[0].App != "huge" {
			t.Errorf("waiting: %v", got)
		}
	})
}

func TestLaunchingForNobody(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Frameworks: threeFrameworks()}, func(t *testing.T, cluster *Cluster) {
		launchOf(t, cluster, "chronos", "report")
		for framework, want := range map[string]string{"nobody": `no framework "nobody"`, "batch": "belongs to chronos"} {
			name := map[string]string{"nobody": "new", "batch": "report"}[framework]
			err := cluster.LaunchWith(name, 1, AppOptions{Framework: framework, Agent: "agent-one"})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s for %s: %v", name, framework, err)
			}
		}
	})
	for _, frameworks := range [][]FrameworkConfig{{{}}, {{Name: "a"}, {Name: "a"}}} {
		if _, err := Start(t.Context(), Config{Frameworks: frameworks}); err == nil {
			t.Errorf("%+v started", frameworks)
		}
	}
}

// Only frameworks that run something on a machine hear of it, besides the first; one ignores it.
func TestFrameworksAnswerInverseOffersInTheirOwnWay(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Frameworks: threeFrameworks()}, func(t *testing.T, cluster *Cluster) {
		launchOf(t, cluster, "batch", "render")
		mustAccept(t, call(cluster, schedule(windowOf(machineOne))))
		words := func(what string, want ...string) {
			t.Helper()
			var said []string
			for _, machine := range cluster.statusMessage().DrainingMachines {
				for _, word := range machine.Statuses {
					said = append(said, word.FrameworkID.Value[len(word.FrameworkID.Value)-4:]+" "+word.Status.String())
				}
			}
			if diff := cmp.Diff(want, said); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}
		words("at first", "0000 ACCEPT")
		launchOf(t, cluster, "chronos", "report")
		words("chronos came too", "0000 ACCEPT", "0001 DECLINE")
		for framework, word := range map[string]InverseAnswer{"marathon": Ignores, "chronos": Accepts, "batch": Declines} {
			if err := cluster.AnswerInverseOffersOf(framework, word); err != nil {
				t.Fatal(err)
			}
		}
		words("they think otherwise", "0001 ACCEPT", "0002 DECLINE")
		if err := cluster.AnswerInverseOffersOf("nobody", Accepts); err == nil {
			t.Error("nobody answered")
		}
	})
}

func TestOperationsStandUntilTheyAreFinished(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		states := func() []string {
			var found []string
			for _, o := range operationsOf(cluster, "agent-one") {
				found = append(found, o.LatestStatus.OperationID.Value+" "+o.LatestStatus.State.String())
			}
			return found
		}
		id, err := cluster.PendOperation("agent-one")
		if err != nil {
			t.Fatal(err)
		}
		own := askAgent(t, cluster, "/api/v1", `{"type":"GET_OPERATIONS"}`).Body.String()
		if !strings.Contains(own, `"state":"OPERATION_PENDING"`) || !strings.Contains(own, `"type":"CREATE_DISK"`) || !strings.Contains(own, id) {
			t.Errorf("the agent: %s", own)
		}
		if err := cluster.RestartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		if got := states(); !slices.Equal(got, []string{id + " OPERATION_PENDING"}) || agentNamed(cluster.Snapshot(), "agent-one").Operations != 1 {
			t.Errorf("after a restart of the agent: %v", got)
		}
		if err := cluster.FinishOperation("agent-one"); err != nil {
			t.Fatal(err)
		}
		if got := states(); !slices.Equal(got, []string{id + " OPERATION_FINISHED"}) {
			t.Errorf("finished: %v", got)
		}
		if err := cluster.FinishOperation("agent-one"); err == nil {
			t.Error("finished twice")
		}
	})
}

// operationsOf is what the master tells of an agent's operations.
func operationsOf(cluster *Cluster, hostname string) (found []mesosapi.Operation) {
	cluster.mutex.Lock()
	defer cluster.mutex.Unlock()
	for _, o := range cluster.operationList().Operations {
		if h, err := cluster.host(hostname); err == nil && o.AgentID.Value == h.agent.id {
			found = append(found, o)
		}
	}
	return found
}

// What comes to an agent is pending there, then queued, then launched.
func TestTaskOnItsWayThroughAnAgent(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), TaskStart: 8 * time.Second}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.Launch("app", 1, "agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(1200 * time.Millisecond) // the allocation, and the offer's hold
		for _, step := range []struct {
			list string
			wait time.Duration
		}{{"pending_tasks", 2 * time.Second}, {"queued_tasks", 8 * time.Second}, {"launched_tasks", 0}} {
			body := askAgent(t, cluster, "/api/v1", `{"type":"GET_TASKS"}`).Body.String()
			for _, list := range []string{"pending_tasks", "queued_tasks", "launched_tasks"} {
				if empty := strings.Contains(body, `"`+list+`":[]`); empty == (list == step.list) {
					t.Errorf("it should be in %s: %s", step.list, body)
				}
			}
			pass(step.wait)
		}
	})
}

func TestPartitionedAgentBecomesUnreachableAndComesBack(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), AgentTimeout: 10 * time.Second}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "app", AppOptions{})
		before := agentNamed(cluster.Snapshot(), "agent-one")
		if err := cluster.PartitionAgent("agent-one", 30*time.Second); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		if got := state(cluster, "agent-one"); got != "active" {
			t.Errorf("after 5 s: %s", got)
		}
		pass(10 * time.Second)
		if got := state(cluster, "agent-one"); got != "unreachable" {
			t.Errorf("after 15 s: %s", got)
		}
		pass(20 * time.Second)
		if after := agentNamed(cluster.Snapshot(), "agent-one"); after.State != "active" || after.ID != before.ID {
			t.Errorf("after 35 s: %+v", after)
		}
	})
}

func TestAgentsListenWhereTheMasterSaysThatTheyAre(t *testing.T) {
	cluster := started(t, Config{AgentsListen: true, Agents: []AgentConfig{{Hostname: "one", IP: "127.0.1.1"}, {Hostname: "two"}}})
	for hostname, url := range cluster.AgentURLs() {
		if told := addressTold(t, cluster, hostname); "http://"+told != url {
			t.Errorf("%s listens at %s; the master says %s", hostname, url, told)
		}
		response, err := http.Get(url + "/slave(1)/health")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", hostname, response.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if _, err := Start(t.Context(), Config{AgentsListen: true, Agents: []AgentConfig{{Hostname: "one", IP: "192.0.2.1"}}}); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("an agent for everybody: %v", err)
	}
}

// addressTold is the address in an agent's PID, as the master lists it.
func addressTold(t *testing.T, cluster *Cluster, hostname string) string {
	t.Helper()
	cluster.mutex.Lock()
	defer cluster.mutex.Unlock()
	h, err := cluster.host(hostname)
	if err != nil {
		t.Fatal(err)
	}
	message := master.Response_GetAgents_Agent{}
	if err := message.Unmarshal(cluster.agentWire(h.agent)); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(message.GetPID(), "slave(1)@")
}
