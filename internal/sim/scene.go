package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	simmesos "cordon/internal/sim/mesos"
	simslack "cordon/internal/sim/slack"
)

const (
	operator = "operator"
	approver = "approver"
	guest    = "guest"
)

func demoPeople() []Person {
	return []Person{
		{Name: "alice", ID: "U0ALICE", Role: operator},
		{Name: "bob", ID: "U0BOB", Role: operator},
		{Name: "dana", ID: "U0DANA", Role: approver},
		{Name: "carol", ID: "U0CAROL", Role: "onlooker"},
		{Name: "dave", ID: "U0DAVE", Role: guest},
	}
}

func startWorkspace(ctx context.Context, config Config, people []Person) (*simslack.Workspace, error) {
	zone := localZone()
	var users []simslack.User
	var operators []string
	for _, person := range people {
		if person.Role == operator {
			operators = append(operators, person.ID)
		}
		users = append(users, simslack.User{ID: person.ID, Name: person.Name, TimeZone: zone, Guest: person.Role == guest})
	}
	return simslack.Start(ctx, simslack.Config{
		TeamID: teamID, HomeTab: true, Events: []string{"app_mention", "app_home_opened"}, Channel: simslack.Channel{ID: channelID, Name: channelName}, Users: users,
		Groups: map[string][]string{groupID: operators}, GroupHandles: map[string]string{groupID: "sre"},
		BotURL: cmp.Or(config.BotURL, usualBotURL(config.Addresses)), Logger: config.Logger,
	})
}

// usualBotURL is where a bot beside the demo listens, unless it has to find a
// free port first.
func usualBotURL(addresses Addresses) string {
	if _, port, err := net.SplitHostPort(addresses.Bot); err != nil || port == "0" {
		return ""
	}
	return "http://" + addresses.Bot
}

// demoQuotas guarantee chronos so much that it breaks when two agents are away.
func demoQuotas() []simmesos.QuotaConfig {
	return []simmesos.QuotaConfig{{Role: chronosName, Guarantee: simmesos.Amounts{CPUs: 18}}}
}

// startCluster opens six agents in three racks with a few apps. Times are short:
// somebody is watching.
func startCluster(ctx context.Context, config Config) (*simmesos.Cluster, error) {
	masters := config.Addresses.Masters
	if len(masters) == 0 {
		masters = []string{"127.0.0.1:0", "127.0.0.1:0"}
	}
	cluster, err := simmesos.Start(ctx, simmesos.Config{
		Agents: demoAgents(), Masters: masters, Frameworks: demoFrameworks(), Quotas: demoQuotas(), AgentsListen: true, Logger: config.Logger,
		HeartbeatInterval: 5 * time.Second, AllocationInterval: 200 * time.Millisecond, OfferHold: 20 * time.Millisecond,
		TaskStart: 200 * time.Millisecond, AgentRestart: 3 * time.Second, AgentTimeout: 10 * time.Second,
		Election: 1500 * time.Millisecond, Recovery: 300 * time.Millisecond, Reregistration: 2 * time.Second,
		ReregistrationTimeout: 30 * time.Second, Allocator: config.Module,
	})
	if err != nil {
		return nil, err
	}
	return cluster, runApps(ctx, cluster)
}

// demoAgents answer on loopback addresses, two in each of three racks. It puts agent-one last: apps go to the emptiest agents, first come
// first, so that it stays the emptiest and the tour's first app lands there.
func demoAgents() []simmesos.AgentConfig {
	var agents []simmesos.AgentConfig
	for i, number := range []string{"one", "two", "three", "four", "five", "six"} {
		agents = append(agents, simmesos.AgentConfig{
			Hostname: "agent-" + number, IP: fmt.Sprintf("127.0.%d.%d", i/2+1, i%2+1),
			Attributes: map[string]string{"rack": fmt.Sprintf("r%d", i/2+1), "zone": fmt.Sprintf("z%d", i%2+1)},
			CPUs:       4, MemMB: 16 << 10, DiskMB: 64 << 10,
		})
	}
	agents[1].Volumes = []simmesos.VolumeConfig{{ID: "reports", Role: chronosName, Principal: chronosName, DiskMB: 8 << 10}}
	return append(agents[1:], agents[0])
}

// runApps starts what runs before anybody comes, marathon's apps first. Meanwhile
// agent-one is out of reach of offers, so that it stays the emptiest.
func runApps(ctx context.Context, cluster *simmesos.Cluster) error {
	first := errors.Join(
		cluster.PauseAgent("agent-one"),
		cluster.Launch("shop", 5, ""), cluster.Launch("search", 2, ""), cluster.Launch("mail", 1, ""),
		awaitApps(ctx, cluster))
	return errors.Join(first,
		cluster.LaunchWith("report", 2, simmesos.AppOptions{Framework: chronosName}), awaitApps(ctx, cluster),
		cluster.LaunchWith("render", 2, simmesos.AppOptions{Framework: batchName}), awaitApps(ctx, cluster),
		cluster.ResumeAgent("agent-one"))
}

// awaitApps waits until all that runs has found its place: it is the same each
// time, whatever a bot withholds as soon as it is there.
func awaitApps(ctx context.Context, cluster *simmesos.Cluster) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	for changes := cluster.Watch(watching); len(cluster.Snapshot().Waiting) > 0; {
		if _, more := <-changes; !more {
			return ctx.Err()
		}
	}
	return nil
}
