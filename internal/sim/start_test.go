package sim

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tour of the README, with an operator at the master in the bot's place.
func TestTourOnTheClusterAlone(t *testing.T) {
	demo := open(t, Config{})
	eventually(t, demo, "a task on every agent but agent-one", func(view ClusterView) bool {
		return len(view.Agents) == 6 && len(view.Waiting) == 0 && !slices.ContainsFunc(view.Agents, func(a Agent) bool {
			return (len(a.Tasks) > 0) == (a.Hostname == "agent-one")
		})
	})
	do(t, demo, `{"do":"launch","app":"hello","instances":2}`)
	eventually(t, demo, "the first app's start on agent-one", func(view ClusterView) bool { return running(view, "hello", "agent-one") == 1 })

	id := agent(cluster(t, demo), "agent-one").ID
	operate(t, demo, `{"type":"DEACTIVATE_AGENT","deactivate_agent":{"agent_id":{"value":"`+id+`"}}}`)
	do(t, demo, `{"do":"launch","app":"hello-pinned","instances":1,"agent":"agent-one"}`)
	view := cluster(t, demo)
	if got := agent(view, "agent-one"); !got.Deactivated || got.State != "deactivated" || running(view, "hello", "agent-one") != 1 {
		t.Errorf("agent-one is %+v", got)
	}
	if diff := cmp.Diff([]Waiting{{App: "hello-pinned", Agent: "agent-one"}}, view.Waiting); diff != "" {
		t.Error(diff)
	}
	operate(t, demo, `{"type":"REACTIVATE_AGENT","reactivate_agent":{"agent_id":{"value":"`+id+`"}}}`)
	eventually(t, demo, "the start of the task that waited", func(view ClusterView) bool { return running(view, "hello-pinned", "agent-one") == 1 })
}

func TestThingsThatBreak(t *testing.T) {
	redis := &scissors{}
	demo := open(t, Config{Redis: redis})
	before := cluster(t, demo)
	do(t, demo, `{"do":"restart-agent","agent":"agent-two"}`)
	eventually(t, demo, "agent-two's absence", func(view ClusterView) bool { return !agent(view, "agent-two").Connected })
	do(t, demo, `{"do":"lose-work-dir","agent":"agent-three"}`)
	do(t, demo, `{"do":"failover"}`)
	eventually(t, demo, "the standby's lead over all agents", func(view ClusterView) bool {
		return view.Leader != "" && view.Leader != before.Leader && !slices.ContainsFunc(view.Agents, func(a Agent) bool { return !a.Active })
	})
	after := cluster(t, demo)
	if !slices.Contains(demo.Cluster.MasterURLs(), after.Leader) {
		t.Errorf("%s leads, which is none of %s", after.Leader, demo.Cluster.MasterURLs())
	}
	if agent(after, "agent-two").ID != agent(before, "agent-two").ID || agent(after, "agent-three").ID == agent(before, "agent-three").ID {
		t.Error("a restart keeps the agent ID and a lost disk does not")
	}
	do(t, demo, `{"do":"cut-redis","seconds":2}`)
	if redis.cut.Seconds() != 2 {
		t.Errorf("Redis was cut for %s", redis.cut)
	}
	do(t, demo, `{"do":"slack","mode":"rate-limit","seconds":1}`)
	do(t, demo, `{"do":"slack","mode":"up"}`)
	do(t, demo, `{"do":"kill","app":"shop"}`)
	eventually(t, demo, "the end of the shop", func(view ClusterView) bool {
		return !slices.ContainsFunc(view.Agents, func(a Agent) bool {
			return slices.ContainsFunc(a.Tasks, func(task Task) bool { return task.App == "shop" })
		})
	})
}

// A task can start from an offer that the framework held when the module withheld the agent: nothing rescinds it.
func TestOffersHeldOutliveTheModulesFilter(t *testing.T) {
	demo := open(t, Config{Module: true})
	do(t, demo, `{"do":"hold-offers"}`)
	eventually(t, demo, "an offer of agent-one", func(view ClusterView) bool { return agent(view, "agent-one").Offered })
	body := strings.NewReader(`{"hostname":"agent-one"}`)
	response, err := http.Post(cluster(t, demo).Leader+"/allocator/filters", "application/json", body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%+v %v", response, err)
	}
	_ = response.Body.Close()
	if got := agent(cluster(t, demo), "agent-one"); !got.Filtered {
		t.Errorf("agent-one is %+v", got)
	}
	do(t, demo, `{"do":"launch","app":"late","instances":1,"agent":"agent-one"}`)
	eventually(t, demo, "the late task's start", func(view ClusterView) bool { return running(view, "late", "agent-one") == 1 })
	do(t, demo, `{"do":"drop-offers"}`)
	do(t, demo, `{"do":"launch","app":"later","instances":1,"agent":"agent-one"}`)
	if view := cluster(t, demo); !slices.Contains(view.Waiting, Waiting{App: "later", Agent: "agent-one"}) {
		t.Errorf("waiting: %+v", view.Waiting)
	}
}

func TestDemoListensOnThisMachineOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80"} {
		if demo, err := Start(t.Context(), Config{Addresses: Addresses{Page: address}}); err == nil {
			t.Errorf("%s was taken", address)
			_ = demo.Close()
		}
	}
}

func TestTwoDemosCannotShareAPort(t *testing.T) {
	demo := open(t, Config{})
	taken := strings.TrimSuffix(strings.TrimPrefix(demo.PageURL, "http://"), "/")
	if other, err := Start(t.Context(), Config{Addresses: Addresses{Page: taken}}); err == nil {
		t.Error("a second demo started on the same port")
		_ = other.Close()
	}
	if other, err := Start(t.Context(), Config{Addresses: Addresses{Masters: []string{taken}}}); err == nil {
		t.Error("a master started on the page's port")
		_ = other.Close()
	}
}

func TestAddressesFollowOnePort(t *testing.T) {
	got, err := AddressesFrom(9000)
	want := Addresses{Page: "127.0.0.1:9000", Bot: "127.0.0.1:9001", Masters: []string{"127.0.0.1:9002", "127.0.0.1:9003"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if free, err := AddressesFrom(0); err != nil || free.Page != "127.0.0.1:0" || free.Masters[1] != "127.0.0.1:0" {
		t.Error(free, err)
	}
	for _, port := range []int{-1, 65533, 70000} {
		if _, err := AddressesFrom(port); err == nil {
			t.Errorf("port %d was taken", port)
		}
	}
}

func TestPeopleAreNamedForTheBot(t *testing.T) {
	demo := open(t, Config{})
	for name, c := range map[string]struct{ got, want []string }{
		"operators": {demo.Operators(), []string{"U0ALICE", "U0BOB"}},
		"approvers": {demo.Approvers(), []string{"U0DANA"}},
		"on call":   {demo.OnCall, []string{"U0BOB", "U0DANA"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Error(name, diff)
		}
	}
}

// do changes the cluster and insists that it worked.
func do(t *testing.T, demo *Demo, body string) {
	t.Helper()
	status, answer := post(t, demo.PageURL+"sim/cluster", body)
	if status != http.StatusOK || answer["ok"] != true {
		t.Fatalf("%s: %d %v", body, status, answer)
	}
}

// operate sends a v1 operator call to the leading master.
func operate(t *testing.T, demo *Demo, call string) {
	t.Helper()
	response, err := http.Post(cluster(t, demo).Leader+"/api/v1", "application/json", strings.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", call, response.Status)
	}
}
