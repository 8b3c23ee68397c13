package mesos

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
)

// dies says whether a master breaks the connection instead of answering.
func dies(cluster *Cluster, at int) (dead bool) {
	defer func() { dead = recover() == http.ErrAbortHandler }()
	send(cluster, at, http.MethodGet, "/health", "")
	return false
}

func TestFailoverAsClientsSeeIt(t *testing.T) {
	config := Config{Agents: threeAgents(), Masters: []string{"", ""}, Reregistration: 3 * time.Second}
	inBubble(t, config, func(t *testing.T, cluster *Cluster) {
		ask := func(at int) (int, string) {
			reply := send(cluster, at, http.MethodPost, "/api/v1?x=1", `{"type":"GET_AGENTS"}`, "Content-Type", "application/json")
			return reply.Code, reply.Header().Get("Location") + reply.Body.String()
		}
		if status, text := ask(1); status != http.StatusTemporaryRedirect || text != "//master-1:5050/master/api/v1?x=1" {
			t.Errorf("standby: %d %q", status, text)
		}
		if err := cluster.Failover(); err != nil {
			t.Fatal(err)
		}
		if !dies(cluster, 0) {
			t.Error("the old leader still answers")
		}
		pass(2 * time.Second)
		if status, text := ask(1); status != http.StatusTemporaryRedirect || !strings.HasPrefix(text, "//master-1:5050") {
			t.Errorf("during the election the dead leader's address was not given: %d %q", status, text)
		}
		pass(450 * time.Millisecond)
		if status, text := ask(1); status != http.StatusServiceUnavailable || text != "Master has not finished recovery" {
			t.Errorf("recovering: %d %q", status, text)
		}
		pass(100 * time.Millisecond)
		recoveredThenBack(t, cluster)
		if status, text := ask(0); status != http.StatusTemporaryRedirect || !strings.HasPrefix(text, "//master-2:5050") {
			t.Errorf("the old leader did not come back as a standby: %d %q", status, text)
		}
	})
}

// recoveredThenBack watches the second master's recovered agents register again.
func recoveredThenBack(t *testing.T, cluster *Cluster) {
	t.Helper()
	read := func() *master.Response_GetAgents {
		reply := send(cluster, 1, http.MethodPost, "/api/v1", "\x08\x0a", "Content-Type", string(mediaProtobuf), "Accept", string(mediaProtobuf))
		answer := &master.Response{}
		if err := answer.Unmarshal(reply.Body.Bytes()); err != nil || answer.GetAgents == nil {
			t.Fatalf("GET_AGENTS: %d %v", reply.Code, err)
		}
		return answer.GetAgents
	}
	for back := range 4 {
		agents := read()
		if len(agents.Agents) != back || len(agents.RecoveredAgents) != 3-back {
			t.Errorf("after %d s: %d agents, %d recovered", back, len(agents.Agents), len(agents.RecoveredAgents))
		}
		pass(time.Second)
	}
}

func TestAgentThatDoesNotComeBackAfterAFailover(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.RestartMaster(); err != nil {
			t.Fatal(err)
		}
		if err := cluster.StopAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Minute)
		if agents := getAgents(t, cluster); len(agents.RecoveredAgents) != 1 {
			t.Errorf("within the timeout: %d recovered", len(agents.RecoveredAgents))
		}
		pass(6 * time.Minute)
		if agents := getAgents(t, cluster); len(agents.RecoveredAgents) != 0 || state(cluster, "agent-one") != "unreachable" {
			t.Errorf("after it: %d recovered, %s", len(agents.RecoveredAgents), state(cluster, "agent-one"))
		}
	})
}

func TestTasksRunOnThroughAFailover(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents(), Masters: []string{"", ""}}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "web", AppOptions{})
		before := agentNamed(cluster.Snapshot(), "agent-one").Tasks
		if err := cluster.Failover(); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		after := agentNamed(cluster.Snapshot(), "agent-one").Tasks
		if len(after) != 1 || after[0] != before[0] {
			t.Errorf("tasks were %v and are %v", before, after)
		}
		if err := cluster.Launch("more", 1, "agent-one"); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		if got := tasksOn(cluster, "agent-one"); len(got) != 2 {
			t.Errorf("the new leader offers nothing: %v", got)
		}
	})
}

func TestLeaderlessMaster(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		if err := cluster.Leaderless(0); err != nil {
			t.Fatal(err)
		}
		mustRefuse(t, call(cluster, `{"type":"GET_HEALTH"}`), http.StatusServiceUnavailable, "No leader elected")
		mustRefuse(t, call(cluster, `not JSON`), http.StatusServiceUnavailable, "No leader elected")
		if reply := send(cluster, 0, http.MethodGet, "/health", ""); reply.Code != http.StatusOK {
			t.Errorf("/health: %d", reply.Code)
		}
	})
}

func TestAuthenticationComesFirst(t *testing.T) {
	config := Config{
		Agents: threeAgents(), Credentials: map[string]string{"ops": "s3cret", "eve": "eve"}, Onlookers: []string{"eve"},
	}
	inBubble(t, config, func(t *testing.T, cluster *Cluster) {
		for _, authorization := range []string{"", "Bearer x", "Basic b3BzOndyb25n"} {
			reply := send(cluster, 0, http.MethodPost, "/api/v1", "{", "Content-Type", "application/json", "Authorization", authorization)
			mustRefuse(t, reply, http.StatusUnauthorized, "401 Unauthorized.")
			if got := reply.Header().Get("WWW-Authenticate"); got != `Basic realm="mesos-master-readwrite"` {
				t.Errorf("WWW-Authenticate: %s", got)
			}
		}
		change := agentCallBody("DEACTIVATE_AGENT", agentNamed(cluster.Snapshot(), "agent-one").ID, "")
		as := func(credentials, body string) int {
			return send(cluster, 0, http.MethodPost, "/api/v1", body, "Content-Type", "application/json", "Authorization", credentials).Code
		}
		const ops, eve = "Basic b3BzOnMzY3JldA==", "Basic ZXZlOmV2ZQ=="
		if got := as(eve, change); got != http.StatusForbidden {
			t.Errorf("an onlooker's DEACTIVATE_AGENT: %d", got)
		}
		if got := as(eve, `{"type":"GET_AGENTS"}`); got != http.StatusOK {
			t.Errorf("an onlooker's GET_AGENTS: %d", got)
		}
		if got := as(ops, change); got != http.StatusOK {
			t.Errorf("an operator's DEACTIVATE_AGENT: %d", got)
		}
	})
}

// On sockets: the dead leader refuses connections, its event stream ends, and its
// address answers again later.
func TestFailoverCutsConnections(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents(), Masters: []string{"127.0.0.1:0", "127.0.0.1:0"}})
	urls := cluster.MasterURLs()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, urls[0]+"/api/v1", strings.NewReader(`{"type":"SUBSCRIBE"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if err := cluster.Failover(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stream.Body).WriteTo(discard{}); err == nil {
		t.Error("the event stream ended as if it were complete")
	}
	if _, err := ask(t, clients(t, urls[0])["protobuf"], calls.GetHealth()); err == nil {
		t.Error("the dead leader answers")
	}
	await(t, cluster, "the second master leading all agents", func(s Snapshot) bool {
		return "http://"+s.Leader == urls[1] && s.Agents[0].Connected && s.Agents[1].Connected && s.Agents[2].Connected
	})
	if answer, err := ask(t, clients(t, urls[1])["json"], calls.GetAgents()); err != nil || len(answer.GetAgents.Agents) != 3 {
		t.Errorf("the new leader: %v, %v", answer, err)
	}
}

// discard throws away what it is given.
type discard struct{}

func (discard) Write(data []byte) (int, error) { return len(data), nil }

func TestCloseTwiceAndRefusedConfigurations(t *testing.T) {
	cluster, err := Start(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cluster.Close(), cluster.Close()); err != nil {
		t.Error(err)
	}
	for name, config := range map[string]Config{
		"no hostname":   {Agents: []AgentConfig{{}}},
		"host twice":    {Agents: []AgentConfig{{Hostname: "a"}, {Hostname: "a"}}},
		"bad addresses": {Masters: []string{"127.0.0.1:0", "nowhere:99999"}},
	} {
		if _, err := Start(t.Context(), config); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
}
