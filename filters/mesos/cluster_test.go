package mesos

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/internal/secret"
	simmesos "cordon/internal/sim/mesos"
)

// simulate starts a simulated cluster of three agents and two masters with short times.
func simulate(t *testing.T, change func(*simmesos.Config)) *simmesos.Cluster {
	t.Helper()
	config := simmesos.Config{
		Masters: []string{"127.0.0.1:0", "127.0.0.1:0"},
		Agents: []simmesos.AgentConfig{
			{Hostname: "agent-one", IP: "127.0.0.11", Attributes: map[string]string{"rack": "r1"}},
			{Hostname: "agent-two", IP: "127.0.0.12", Attributes: map[string]string{"rack": "r2"}},
			{Hostname: "agent-three", IP: "127.0.0.13", Attributes: map[string]string{"rack": "r3"}},
		},
		HeartbeatInterval: 200 * time.Millisecond, AllocationInterval: 10 * time.Millisecond, OfferHold: time.Millisecond,
		TaskStart: time.Millisecond, AgentRestart: 20 * time.Millisecond, Election: 100 * time.Millisecond,
		Recovery: 20 * time.Millisecond, Reregistration: 100 * time.Millisecond,
	}
	if change != nil {
		change(&config)
	}
	cluster, err := simmesos.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Close() })
	return cluster
}

// join returns a Master of the simulated cluster that runs, and leads if asked to.
func join(t *testing.T, cluster *simmesos.Cluster, lead bool, change func(*Config)) *Master {
	t.Helper()
	config := Config{Cluster: "prod", Masters: cluster.MasterURLs(), FullReadEvery: time.Millisecond, ModulePace: time.Millisecond}
	if change != nil {
		change(&config)
	}
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = m.Run(ctx) })
	if lead {
		running.Go(func() { _ = m.Lead(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		m.Close()
	})
	return m
}

func named(t *testing.T, view filters.View, hostname string) filters.Agent {
	t.Helper()
	i := slices.IndexFunc(view.Agents, func(a filters.Agent) bool { return a.Hostname == hostname })
	if i < 0 {
		t.Fatalf("the reading has no %s", hostname)
	}
	return view.Agents[i]
}

func TestBothBackendsWithholdAndGiveBack(t *testing.T) {
	for _, test := range []struct {
		choice  string
		version string
		backend filters.Backend
		reason  string
	}{
		{BackendAuto, "1.12.0", filters.BackendOperator, "Mesos 1.12 has it"},
		{BackendOperator, "1.12.0", filters.BackendOperator, "the configuration says so"},
		{BackendAuto, "1.0.1", filters.BackendAllocator, "Mesos 1.0 has no DEACTIVATE_AGENT; the allocator module is loaded"},
		{BackendAllocator, "1.12.0", filters.BackendAllocator, "the configuration says so"},
	} {
		t.Run(test.choice+" "+test.version, func(t *testing.T) {
			cluster := simulate(t, func(c *simmesos.Config) { c.Allocator, c.Version = true, test.version })
			m := join(t, cluster, true, func(c *Config) { c.Backend = test.choice })
			read := func() filters.View {
				view, err := m.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return view
			}
			view := read()
			if view.Backend != test.backend || len(view.Agents) != 3 || view.Leader == "" {
				t.Fatalf("reading: %s, %d agents, leader %q", view.Backend, len(view.Agents), view.Leader)
			}
			if condition := m.Condition(); condition.BackendReason != test.reason || condition.Version != test.version || condition.Trouble != "" {
				t.Errorf("condition: %+v", condition)
			}
			one := named(t, view, "agent-one")
			for range 2 { // both calls are idempotent
				if err := m.Take(t.Context(), one); err != nil {
					t.Fatal(err)
				}
			}
			if agent := named(t, read(), "agent-one"); !agent.Withheld(test.backend) {
				t.Errorf("after Take the reading shows %+v", agent)
			}
			if agent, listed, err := m.ReadOne(t.Context(), one.ID); err != nil || !listed || !agent.Withheld(test.backend) {
				t.Errorf("after Take one reads as %+v, %v, %v", agent, listed, err)
			}
			for range 2 {
				if err := m.Give(t.Context(), one); err != nil {
					t.Fatal(err)
				}
			}
			if agent := named(t, read(), "agent-one"); agent.Withheld(test.backend) || !agent.Active {
				t.Errorf("after Give the reading shows %+v", agent)
			}
			stranger := filters.Agent{ID: "nope-S9", Hostname: "nope"}
			checkCode(t, m.Take(t.Context(), stranger), filters.Unknown, "nope-S9")
			if err := m.Give(t.Context(), stranger); err != nil {
				t.Errorf("giving back what is not withheld: %v", err)
			}
			checkCalls(t, cluster)
		})
	}
}

// checkCalls sees to it that the module is never sent a PUT.
func checkCalls(t *testing.T, cluster *simmesos.Cluster) {
	t.Helper()
	for _, call := range cluster.Calls() {
		if call.Method == "PUT" {
			t.Errorf("PUT %s was sent", call.Path)
		}
	}
}

func TestNeitherBackend(t *testing.T) {
	m := join(t, simulate(t, func(c *simmesos.Config) { c.Version = "1.4.0" }), false, nil)
	_, err := m.Read(t.Context())
	checkCode(t, err, filters.Invalid, "Mesos 1.4 has no DEACTIVATE_AGENT", "not loaded the offer-filter allocator module")
	eventually(t, "the condition says so", func() bool { return strings.Contains(m.Condition().Trouble, "Mesos 1.4") })
}

func TestEventsKeepTasksAndMembersUpToDate(t *testing.T) {
	cluster := simulate(t, nil)
	m := join(t, cluster, true, func(c *Config) { c.FullReadEvery = time.Hour })
	eventually(t, "three agents are known", func() bool { return m.Roster().Len() == 3 })
	one := m.Roster().OnHost("agent-one")[0].ID
	tasks := func() int { counts, _ := m.Tasks(one); return counts["marathon"] }
	eventually(t, "tasks are known", func() bool { _, known := m.Tasks(one); return known })
	if err := cluster.Launch("web", 3, "agent-one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "three tasks run on agent-one", func() bool { return tasks() == 3 })
	if err := cluster.Kill("web"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no task runs on agent-one", func() bool { return tasks() == 0 })

	for len(m.Changes()) > 0 {
		<-m.Changes()
	}
	if err := cluster.Unregister("agent-two"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "agent-two is gone", func() bool { return len(m.Roster().OnHost("agent-two")) == 0 })
	<-m.Changes()
	if err := cluster.StartAgent("agent-two"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "agent-two is back", func() bool { return len(m.Roster().OnHost("agent-two")) == 1 })
	if agent := m.Roster().OnHost("agent-two")[0]; !agent.Active || agent.Rack() != "r2" {
		t.Errorf("it came back as %+v", agent)
	}
	if heard := m.Condition().Heard; time.Since(heard) > 5*time.Second {
		t.Errorf("heard at %s", heard)
	}
}

func TestFollowsAFailover(t *testing.T) {
	for _, backend := range []string{BackendOperator, BackendAllocator} {
		t.Run(backend, func(t *testing.T) {
			cluster := simulate(t, func(c *simmesos.Config) { c.Allocator = true })
			m := join(t, cluster, true, func(c *Config) { c.Backend = backend })
			eventually(t, "it is read", func() bool { return m.Roster().Len() == 3 })
			before, failovers := m.Epoch()
			one := *m.Roster().OnHost("agent-one")[0]
			if err := m.Take(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			if err := cluster.Failover(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "another leads", func() bool {
				leader, fell := m.Epoch()
				return leader != before && fell > failovers
			})
			eventually(t, "all are back, agent-one withheld as before", func() bool {
				view, err := m.Read(t.Context())
				return err == nil && len(view.Agents) == 3 && len(view.Recovered) == 0 && find(view, "agent-one").Withheld(view.Backend)
			})
			eventually(t, "events are back", func() bool { _, known := m.Tasks(one.ID); return known })
			eventually(t, "all is well", func() bool { return m.Condition().Trouble == "" })
		})
	}
}

// A sole master that restarts keeps its address and gets another ID.
func TestNoticesARestartOfTheOnlyMaster(t *testing.T) {
	for _, lead := range []bool{true, false} {
		cluster := simulate(t, func(c *simmesos.Config) { c.Masters = []string{"127.0.0.1:0"} })
		m := join(t, cluster, lead, nil)
		eventually(t, "it is read", func() bool { return m.Roster().Len() == 3 })
		if err := cluster.RestartMaster(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the restart is a failover", func() bool {
			_, _ = m.Read(t.Context())
			_, failovers := m.Epoch()
			return failovers == 1
		})
	}
}

func TestCredentialsOfASimulatedCluster(t *testing.T) {
	cluster := simulate(t, func(c *simmesos.Config) {
		c.Credentials = map[string]string{"cordon": "s3cret"}
		c.Allocator = true
	})
	right := join(t, cluster, true, func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("s3cret") })
	eventually(t, "it is read", func() bool { return right.Roster().Len() == 3 })
	wrong := join(t, cluster, false, func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("wr0ng") })
	_, err := wrong.Read(t.Context())
	checkCode(t, err, filters.Denied, "`cordon`", "secret_file")
}

func TestFollowersOverlayWhatTheLeaderPublishes(t *testing.T) {
	cluster := simulate(t, nil)
	leader := join(t, cluster, true, nil)
	follower := join(t, cluster, false, nil)
	eventually(t, "both have read", func() bool { return leader.Roster().Len() == 3 && follower.Roster().Len() == 3 })
	one := *leader.Roster().OnHost("agent-one")[0]
	if err := leader.Take(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := leader.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the leader hears the master", func() bool { return !leader.Condition().Heard.IsZero() })
	if err := follower.Overlay(leader.Published()); err != nil {
		t.Fatal(err)
	}
	if agent := follower.Roster().Agent(one.ID); !agent.Deactivated || agent.Active {
		t.Errorf("the follower shows %+v", agent)
	}
	if got, want := follower.Roster().AsOf(), leader.Roster().AsOf(); !got.Equal(want) {
		t.Errorf("the follower is as of %s, the leader as of %s", got, want)
	}
	if _, known := follower.Tasks(one.ID); known {
		t.Error("a follower claims to know tasks")
	}
	checkCode(t, follower.Overlay([]byte("{")), filters.Internal)
	checkCode(t, follower.Overlay([]byte(`{"schema":9}`)), filters.Internal)
}
