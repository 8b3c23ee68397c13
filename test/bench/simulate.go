package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	simmesos "cordon/internal/sim/mesos"
	simslack "cordon/internal/sim/slack"
)

// simulateWord starts the program as the cluster and workspace that a bot is measured against: a process of its own, like
// `bot sim`, with as many agents as one likes.
const simulateWord = "simulate"

// scene is where the simulated cluster and workspace are.
type scene struct {
	Masters       []string `json:"masters"`
	Control       string   `json:"control"`
	SlackAPI      string   `json:"slack_api"`
	SigningSecret string   `json:"signing_secret"`
	BotToken      string   `json:"bot_token"`
	Team          string   `json:"team"`
	Channel       string   `json:"channel"`
	User          string   `json:"user"`
}

func simulate(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet(simulateWord, flag.ContinueOnError)
	agents := flags.Int("agents", 100, "how many agents")
	tasks := flags.Int("tasks", 0, "how many tasks on each")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	cluster, err := simmesos.Start(ctx, simmesos.Config{
		Agents: fleet(*agents), Masters: []string{"127.0.0.1:0", "127.0.0.1:0"}, Election: time.Second, Reregistration: 2 * time.Second,
		AllocationInterval: 5 * time.Second, // one is enough for every app to get its instances; then nobody is offered anything
	})
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := populate(cluster, *agents, *tasks); err != nil {
		return err
	}
	const user, channel = "U0ALICE", "C0BENCH"
	workspace, err := simslack.Start(ctx, simslack.Config{
		Channel: simslack.Channel{ID: channel, Name: "bench"}, Users: []simslack.User{{ID: user, Name: "alice", TimeZone: "Europe/Paris"}},
	})
	if err != nil {
		return err
	}
	defer workspace.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: control(cluster)}
	defer server.Close()
	go func() { _ = server.Serve(listener) }()
	if err := writeLine(out, scene{
		Masters: cluster.MasterURLs(), Control: "http://" + listener.Addr().String(), SlackAPI: workspace.URL(), SigningSecret: workspace.SigningSecret(),
		BotToken: workspace.BotToken(), Team: "T0CORDON", Channel: channel, User: user,
	}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// appSize is how many instances an app has: the simulated cluster goes through all of an app's for each that starts.
const appSize = 500

// populate lets so many tasks run on each agent, which they fill, and waits until all do.
func populate(cluster *simmesos.Cluster, agents, tasks int) error {
	if tasks == 0 {
		return nil
	}
	for i, left := 0, agents*tasks; left > 0; i, left = i+1, left-appSize {
		options := simmesos.AppOptions{CPUs: agentCPUs / float64(tasks)}
		if err := cluster.LaunchWith(fmt.Sprintf("/product-%d/service-%04d", i%9, i), min(left, appSize), options); err != nil {
			return err
		}
	}
	return until(5*time.Minute, "not every task runs", func() bool {
		pause(time.Second) // a look at all of them takes the cluster's time
		snapshot, running := cluster.Snapshot(), 0
		for _, agent := range snapshot.Agents {
			for _, task := range agent.Tasks {
				if task.State == "TASK_RUNNING" {
					running++
				}
			}
		}
		return running == agents*tasks
	})
}

// host is the hostname of an agent by its number.
func host(number int) string {
	return fmt.Sprintf("node-%05d.rack-%03d.example.net", number, number/40)
}

// agentCPUs is how many CPUs an agent has.
const agentCPUs = 32

// fleet is a cluster with eight attributes an agent.
func fleet(agents int) []simmesos.AgentConfig {
	fleet := make([]simmesos.AgentConfig, agents)
	for i := range fleet {
		fleet[i] = simmesos.AgentConfig{
			Hostname: host(i), IP: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), CPUs: agentCPUs, MemMB: 131072, DiskMB: 1 << 20,
			Attributes: map[string]string{
				"rack": fmt.Sprintf("rack-%03d", i/40), "zone": "zone-" + strconv.Itoa(i%3), "kernel": "linux-6.12", "cpu": "intel-8480",
				"ssd": "yes", "pool": "batch", "row": fmt.Sprintf("row-%02d", i/400), "serial": fmt.Sprintf("serial-%07d", i),
			},
		}
	}
	return fleet
}

// call is a call that the master got.
type call struct {
	At    time.Time `json:"at"`
	Type  string    `json:"type"`
	Agent string    `json:"agent"`
	Path  string    `json:"path"`
}

// control lets the benchmark fail the master over, and asks what the master was asked.
func control(cluster *simmesos.Cluster) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /agents", func(w http.ResponseWriter, _ *http.Request) {
		hosts := map[string]string{}
		for _, agent := range cluster.Snapshot().Agents {
			hosts[agent.ID] = agent.Hostname
		}
		_ = writeLine(w, hosts)
	})
	mux.HandleFunc("GET /withheld", func(w http.ResponseWriter, _ *http.Request) {
		count := 0
		for _, agent := range cluster.Snapshot().Agents {
			if agent.Deactivated {
				count++
			}
		}
		_ = writeLine(w, count)
	})
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, r *http.Request) {
		after, _ := time.Parse(time.RFC3339Nano, r.URL.Query().Get("after"))
		calls := []call{}
		for _, made := range cluster.Calls() {
			if made.At.After(after) {
				calls = append(calls, call{made.At, made.Type, made.AgentID, made.Path})
			}
		}
		_ = writeLine(w, calls)
	})
	mux.HandleFunc("POST /lose", func(w http.ResponseWriter, _ *http.Request) {
		if err := lose(cluster); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		_ = writeLine(w, "done")
	})
	return mux
}

// lose makes the leading master forget every deactivation, as one without a registry does, and fail over at once.
func lose(cluster *simmesos.Cluster) error {
	for _, agent := range cluster.Snapshot().Agents {
		if !agent.Deactivated {
			continue
		}
		body := fmt.Sprintf(`{"type":"REACTIVATE_AGENT","reactivate_agent":{"agent_id":{"value":%q}}}`, agent.ID)
		request := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		cluster.Handler(0).ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			return fmt.Errorf("reactivate %s: %d %s", agent.Hostname, answer.Code, answer.Body)
		}
	}
	return cluster.Failover()
}
