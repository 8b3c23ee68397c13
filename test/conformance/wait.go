package conformance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	simmesos "cordon/internal/sim/mesos"
)

// errNotReached is a state that did not come in time.
var errNotReached = errors.New("not reached in time")

// longest is how long a state may take: drains of recorded series take up to 12 s.
const longest = 20 * time.Second

// waitStep waits until an agent, or all of them, is in a state: one of reaches, or tasks=N.
func waitStep(ctx context.Context, r *run, args []string) error {
	hostname, want := args[0], args[1]
	reached, ok := reaches[want]
	if count, found := strings.CutPrefix(want, "tasks="); found {
		n, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		reached, ok = func(agent simmesos.AgentView) bool { return len(agent.Tasks) == n }, true
	}
	if !ok {
		return fmt.Errorf("no state is called %q", want)
	}
	return r.await(ctx, hostname, want, reached)
}

var reaches = map[string]func(simmesos.AgentView) bool{
	"connected":    func(a simmesos.AgentView) bool { return a.Connected },
	"disconnected": func(a simmesos.AgentView) bool { return !a.Connected },
	"draining":     func(a simmesos.AgentView) bool { return a.State == "draining" },
	"drained":      func(a simmesos.AgentView) bool { return a.State == "drained" },
	"offered":      func(a simmesos.AgentView) bool { return a.Offered },
	"absent": func(a simmesos.AgentView) bool {
		return a.State == "absent" || a.State == "down" || a.State == "gone" || a.State == "unreachable"
	},
}

// view is an agent as it is now.
func (r *run) view(hostname string) (simmesos.AgentView, bool) {
	for _, agent := range r.cluster.Snapshot().Agents {
		if agent.Hostname == hostname {
			return agent, true
		}
	}
	return simmesos.AgentView{}, false
}

// await waits until an agent, or all of them, fulfils a condition.
func (r *run) await(ctx context.Context, hostname, what string, reached func(simmesos.AgentView) bool) error {
	err := r.watch(ctx, func(shot simmesos.Snapshot) bool {
		found := false
		for _, agent := range shot.Agents {
			if hostname != "all" && agent.Hostname != hostname {
				continue
			}
			if found = true; !reached(agent) {
				return false
			}
		}
		return found
	})
	if err != nil {
		agent, _ := r.view(hostname)
		return fmt.Errorf("%s %s: %w (now %+v)", hostname, what, err, agent)
	}
	return nil
}

// waitLeaderStep waits until a master leads and answers.
func waitLeaderStep(ctx context.Context, r *run, _ []string) error {
	return r.watch(ctx, func(shot simmesos.Snapshot) bool { return shot.Leader != "" })
}

func (r *run) watch(ctx context.Context, reached func(simmesos.Snapshot) bool) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	changes := r.cluster.Watch(ctx)
	for !reached(r.cluster.Snapshot()) {
		if _, open := <-changes; !open {
			return errNotReached
		}
	}
	return nil
}
