package app

import (
	"context"
	"maps"
	"slices"

	"cordon/filters"
	"cordon/filters/marathon"
	"cordon/filters/mesos"
	"cordon/internal/config"
	"cordon/internal/webhook"
	"cordon/scheduler"
)

// buildScheduler gives the stack its windows and runs, and the desk where people change them.
func (a *App) buildScheduler(s *stack, cluster config.Cluster, agents *mesos.Agents, mover *marathon.Mover) error {
	windows, freezes := cluster.Compile()
	hooks, err := a.buildWebhooks(s.name)
	if err != nil {
		return err
	}
	plan := &scheduler.Config{
		Agents: agents, Mover: mover, Observe: cluster.Observe,
		Tasks: s.master.Tasks, Oldest: s.master.Oldest, Condition: s.master.Condition, Allow: verbs(cluster.Allowed()),
		Undrainable: func(ctx context.Context, agents []filters.Agent) error { return s.machines.Undrainable(ctx, agents) },
		InSchedule: func(ctx context.Context, agents []*filters.Agent) ([]filters.AgentID, error) {
			return s.machines.InSchedule(ctx, agents)
		},
		Machines: s.machines,
		Cluster:  s.name, Replica: a.replica, Service: s.service, Book: s.book, Roster: s.master.Roster, Groups: groupsOf(cluster.Groups),
		Windows: windows, Freezes: freezes, Digest: cluster.Digest.Compile(), Webhooks: hooks, Hooks: slices.Sorted(maps.Keys(a.options.Config.WebhooksOf(s.name))), Logger: s.log,
	}
	s.plan, s.scheduler, s.desk = plan, scheduler.New(plan), scheduler.NewDesk(plan)
	return nil
}

// buildWebhooks makes the caller of the cluster's webhooks.
func (a *App) buildWebhooks(cluster string) (*webhook.Caller, error) {
	hooks, secrets := map[string]webhook.Hook{}, a.options.Secrets.Webhooks[cluster]
	for name, configured := range a.options.Config.WebhooksOf(cluster) {
		hooks[name] = webhook.Hook{
			URL: configured.URL, Secret: []byte(secrets[name].Reveal()), Repeat: configured.Repeat,
			Timeout: configured.Timeout, PollEvery: configured.PollEvery, GiveUpAfter: configured.GiveUpAfter,
		}
	}
	return webhook.New(hooks)
}

func verbs(words []string) []filters.Verb {
	list := make([]filters.Verb, len(words))
	for i, word := range words {
		list[i] = filters.Verb(word)
	}
	return list
}
