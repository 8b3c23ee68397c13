package app

import (
	"context"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"cordon/filters"
	"cordon/internal/approval"
	"cordon/internal/config"
	"cordon/scheduler"
)

// buildGate makes what decides who may do what in a cluster.
func (a *App) buildGate(s *stack, cluster config.Cluster) *approval.Gate {
	return approval.NewGate(approval.Config{
		Cluster: s.name, Grants: cluster.Grants(), Rules: cluster.Rules(), Groups: groupsOf(cluster.Groups), Members: members{a},
		OnCall: s.onCall(),
		Roster: s.master.Roster, Hosts: a.vital(cluster, s), Open: s.windowOpen, Now: s.store.Now,
	})
}

// onCall tells who is on call; nil where the configuration names nobody.
func (s *stack) onCall() approval.OnCall {
	if s.duty == nil || s.duty.Levels() == 0 {
		return nil
	}
	return s.duty
}

// windowOpen tells whether a window of the cluster is open.
func (s *stack) windowOpen() bool {
	return slices.ContainsFunc(s.desk.Windows(), func(window scheduler.Listing) bool {
		return window.State.Open != nil && window.State.Open.Closing.IsZero()
	})
}

// vital returns the hosts that the bot itself needs: its own, Redis's, and the masters', of which the leader may be known by
// ZooKeeper alone.
func (a *App) vital(cluster config.Cluster, s *stack) func() []string {
	own, _ := os.Hostname() // unknown, it is no agent's
	fixed := append(hostsIn(cluster.Masters), hostsIn([]string{a.options.Config.Redis.URL})...)
	if own != "" {
		fixed = append(fixed, own)
	}
	return func() []string {
		leader, _, err := net.SplitHostPort(s.master.Condition().Leader)
		if err != nil || leader == "" {
			return fixed
		}
		return append(slices.Clone(fixed), leader)
	}
}

// hostsIn are the hosts of addresses, several of which may stand in one.
func hostsIn(addresses []string) []string {
	var hosts []string
	for _, address := range addresses {
		parsed, err := url.Parse(address)
		if err != nil {
			continue
		}
		for _, host := range strings.Split(parsed.Host, ",") {
			if name, _, err := net.SplitHostPort(host); err == nil {
				host = name
			}
			if host != "" {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

// buildApprovals gives the stack what carries out on the leader what was approved.
func (a *App) buildApprovals(s *stack) {
	s.approvals = approval.NewLoop(approval.LoopConfig{
		Cluster: s.name, Replica: a.replica, Book: s.book, Service: s.service, OnCall: s.onCall(), Frozen: s.frozen, Logger: s.log,
		Starters: map[string]filters.Starter{filters.PlanFilters: s.service, filters.PlanRun: s.desk, filters.PlanWindow: s.desk, filters.PlanMachines: s.machines},
	})
}

// frozen says why nothing new starts; empty: it does.
func (s *stack) frozen() string {
	if freeze := s.book.Freeze(); freeze != nil {
		return "frozen by `" + freeze.By + "` for " + filters.Quoted(freeze.Reason)
	}
	return ""
}

// members asks Slack who is in a user group; the edge is built after the gates.
type members struct{ app *App }

// Members returns the user IDs of a user group.
func (m members) Members(ctx context.Context, group string) ([]string, error) {
	return m.app.slack.Members(ctx, group)
}

// MemberNow tells whether somebody is in it as Slack says just now.
func (m members) MemberNow(ctx context.Context, group, user string) (bool, error) {
	return m.app.slack.MemberNow(ctx, group, user)
}

// allowed are the clusters that channels may speak to, and notes in channels which one each means.
func (a *App) allowed(channels map[string]string) map[string][]string {
	allowed := map[string][]string{}
	for id, channel := range a.options.Config.Channels {
		if len(channel.Clusters) > 0 {
			allowed[id] = channel.Clusters
		}
		if channel.Default != "" {
			channels[id] = channel.Default
		}
	}
	return allowed
}
