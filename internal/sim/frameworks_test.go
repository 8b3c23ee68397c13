package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The tour relies on agent-one having the fewest tasks, whatever runs besides marathon's.
func TestThreeFrameworksRunAndAgentOneIsTheEmptiest(t *testing.T) {
	demo := open(t, Config{})
	got := map[string]string{}
	for _, agent := range cluster(t, demo).Agents {
		var tasks []string
		for _, task := range agent.Tasks {
			tasks = append(tasks, task.App+" of "+task.Framework)
		}
		got[agent.Hostname] = strings.Join(tasks, ", ")
	}
	want := map[string]string{
		"agent-one":   "",
		"agent-two":   "shop of marathon, search of marathon, mail of marathon",
		"agent-three": "shop of marathon, search of marathon, render of batch",
		"agent-four":  "shop of marathon, report of chronos",
		"agent-five":  "shop of marathon, report of chronos",
		"agent-six":   "shop of marathon, render of batch",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFrameworksAndAgentsAnswerWhereTheReadyFileAndTheMasterSay(t *testing.T) {
	demo := open(t, Config{})
	ready := demo.Ready("", "")
	var launched []struct {
		ID string `json:"taskId"`
	}
	fetch(t, ready.BatchURL+"/tasks/launched", &launched)
	var apps struct {
		Apps []struct {
			ID string `json:"id"`
		} `json:"apps"`
	}
	fetch(t, ready.MarathonURL+"/v2/apps", &apps)
	if len(launched) != 2 || len(apps.Apps) != 3 || apps.Apps[0].ID != "/shop" {
		t.Errorf("batch launched %v, marathon has %v", launched, apps)
	}
	var slaves struct {
		Slaves []struct {
			ID  string `json:"id"`
			PID string `json:"pid"`
		} `json:"slaves"`
	}
	fetch(t, ready.Masters[0]+"/slaves", &slaves)
	seen := map[string]bool{}
	for _, slave := range slaves.Slaves {
		_, address, _ := strings.Cut(slave.PID, "@")
		var state struct {
			ID string `json:"id"`
		}
		fetch(t, "http://"+address+"/slave(1)/state", &state)
		if state.ID != slave.ID || seen[address] {
			t.Errorf("%s at %s answers as %s", slave.ID, address, state.ID)
		}
		seen[address] = true
	}
	if len(seen) != 6 {
		t.Errorf("agents at %v", seen)
	}
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", url, text, err)
	}
}

func TestVisitorsTurnFrameworksAndAgents(t *testing.T) {
	demo := open(t, Config{})
	do := func(body string) {
		t.Helper()
		if status, answer := post(t, demo.PageURL+"sim/cluster", body); status != http.StatusOK {
			t.Fatalf("%s: %d %v", body, status, answer)
		}
	}
	app := func() (shown struct {
		App struct {
			Healthy     int   `json:"tasksHealthy"`
			Unhealthy   int   `json:"tasksUnhealthy"`
			Deployments []any `json:"deployments"`
		} `json:"app"`
	}) {
		t.Helper()
		fetch(t, demo.MarathonURL+"/v2/apps/shop", &shown)
		return shown
	}
	for deadline := time.Now().Add(10 * time.Second); app().App.Healthy < 5; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never healthy: %+v", app())
		}
	}
	do(`{"do":"health","app":"shop","mode":"unhealthy"}`)
	do(`{"do":"deploy","app":"shop","mode":"start"}`)
	if got := app().App; got.Unhealthy != 5 || len(got.Deployments) != 1 {
		t.Errorf("ill and being deployed: %+v", got)
	}
	do(`{"do":"health","app":"shop","mode":"healthy"}`)
	do(`{"do":"deploy","app":"shop","mode":"end"}`)
	if got := app().App; got.Healthy != 5 || len(got.Deployments) != 0 {
		t.Errorf("well again: %+v", got)
	}
	pending := func(count int) func(ClusterView) bool {
		return func(view ClusterView) bool {
			return slices.ContainsFunc(view.Agents, func(a Agent) bool { return a.Hostname == "agent-six" && a.Operations == count })
		}
	}
	do(`{"do":"pend-operation","agent":"agent-six"}`)
	eventually(t, demo, "pending", pending(1))
	do(`{"do":"finish-operation","agent":"agent-six"}`)
	eventually(t, demo, "finished", pending(0))
	do(`{"do":"launch","app":"audit","instances":1,"framework":"chronos"}`)
	eventually(t, demo, "audit of chronos", func(view ClusterView) bool {
		return strings.Contains(fmt.Sprint(view.Agents), "audit chronos TASK_RUNNING")
	})
	do(`{"do":"inverse-offers","framework":"chronos","mode":"ignores"}`)
	do(`{"do":"partition-agent","agent":"agent-two","seconds":1}`)
}
