package mesos

import (
	"context"
	"net/http"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpmaster"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick are durations that let a test on real sockets end soon.
func quick(config Config) Config {
	config.AllocationInterval = 20 * time.Millisecond
	config.OfferHold = 5 * time.Millisecond
	config.TaskStart = 10 * time.Millisecond
	config.TaskEnd = 10 * time.Millisecond
	config.AgentRestart = 50 * time.Millisecond
	config.Election = 60 * time.Millisecond
	config.Recovery = 40 * time.Millisecond
	config.Reregistration = 60 * time.Millisecond
	return config
}

func threeAgents() []AgentConfig {
	return []AgentConfig{
		{Hostname: "agent-one", IP: "127.0.0.11", Attributes: map[string]string{"rack": "r1", "zone": "z1"}},
		{Hostname: "agent-two", IP: "127.0.0.12", Attributes: map[string]string{"rack": "r2", "zone": "z1"}},
		{Hostname: "agent-three", IP: "127.0.0.13", Attributes: map[string]string{"rack": "r3", "zone": "z1"}},
	}
}

// started is a running cluster that ends with the test.
func started(t *testing.T, config Config) *Cluster {
	t.Helper()
	cluster, err := Start(t.Context(), quick(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// await returns the first snapshot that satisfies the condition.
func await(t *testing.T, cluster *Cluster, what string, condition func(Snapshot) bool) Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	changes := cluster.Watch(ctx)
	for {
		if shot := cluster.Snapshot(); condition(shot) {
			return shot
		}
		select {
		case <-changes:
		case <-ctx.Done():
			t.Fatalf("never saw %s: %+v", what, cluster.Snapshot())
		}
	}
}

func agentNamed(shot Snapshot, hostname string) AgentView {
	for _, agent := range shot.Agents {
		if agent.Hostname == hostname {
			return agent
		}
	}
	return AgentView{}
}

// clients are mesos-go's own, one for each encoding.
func clients(t *testing.T, url string) map[string]calls.Sender {
	t.Helper()
	senders := map[string]calls.Sender{}
	for name, codec := range map[string]encoding.Codec{"json": codecs.ByMediaType[codecs.MediaTypeJSON], "protobuf": codecs.ByMediaType[codecs.MediaTypeProtobuf]} {
		transport := &http.Transport{DisableKeepAlives: true}
		t.Cleanup(transport.CloseIdleConnections)
		senders[name] = httpmaster.NewSender(httpcli.New(
			httpcli.Endpoint(url+"/api/v1"), httpcli.Codec(codec),
			httpcli.Do(httpcli.With(httpcli.RoundTripper(transport))),
		).Send)
	}
	return senders
}

func ask(t *testing.T, sender calls.Sender, call *master.Call) (*master.Response, error) {
	t.Helper()
	reply, err := sender.Send(t.Context(), calls.NonStreaming(call))
	if reply != nil {
		defer reply.Close()
	}
	if err != nil {
		return nil, err
	}
	answer := &master.Response{}
	return answer, reply.Decode(answer)
}

func tell(t *testing.T, sender calls.Sender, call *master.Call) error {
	t.Helper()
	reply, err := sender.Send(t.Context(), calls.NonStreaming(call))
	if reply != nil {
		_ = reply.Close()
	}
	return err
}

func TestMesosGoClientsReadAndDeactivate(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents()})
	for name, sender := range clients(t, cluster.MasterURLs()[0]) {
		t.Run(name, func(t *testing.T) {
			answer, err := ask(t, sender, calls.GetAgents())
			if err != nil {
				t.Fatal(err)
			}
			agents := answer.GetAgents.Agents
			if len(agents) != 3 || agents[0].AgentInfo.Hostname != "agent-one" || !agents[0].Active {
				t.Fatalf("agents: %+v", agents)
			}
			id := *agents[0].AgentInfo.ID
			if err := tell(t, sender, calls.DeactivateAgent(id)); err != nil {
				t.Fatal(err)
			}
			if one := agentNamed(cluster.Snapshot(), "agent-one"); !one.Deactivated || one.Active {
				t.Errorf("after DEACTIVATE_AGENT: %+v", one)
			}
			if err := tell(t, sender, calls.ReactivateAgent(id)); err != nil {
				t.Fatal(err)
			}
			if err := tell(t, sender, calls.ReactivateAgent(id)); err == nil {
				t.Error("a second REACTIVATE_AGENT was not refused")
			}
		})
	}
}

func TestPinnedAppWaitsForItsAgent(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents()})
	if err := cluster.Launch("web", 2, ""); err != nil {
		t.Fatal(err)
	}
	shot := await(t, cluster, "web running", func(s Snapshot) bool { return len(s.Waiting) == 0 && len(agentNamed(s, "agent-one").Tasks) == 1 })
	sender := clients(t, cluster.MasterURLs()[0])["protobuf"]
	id := agentNamed(shot, "agent-one").ID
	if err := tell(t, sender, calls.DeactivateAgent(agentID(id))); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Launch("pinned", 1, "agent-one"); err != nil {
		t.Fatal(err)
	}
	if shot := cluster.Snapshot(); len(shot.Waiting) != 1 || shot.Waiting[0].Agent != "agent-one" {
		t.Errorf("waiting: %+v", shot.Waiting)
	}
	if err := tell(t, sender, calls.ReactivateAgent(agentID(id))); err != nil {
		t.Fatal(err)
	}
	await(t, cluster, "pinned running", func(s Snapshot) bool { return len(s.Waiting) == 0 && len(agentNamed(s, "agent-one").Tasks) == 2 })
}

func agentID(id string) mesosapi.AgentID { return mesosapi.AgentID{Value: id} }
