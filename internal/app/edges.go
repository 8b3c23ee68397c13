package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cordon/commands"
	"cordon/commands/poster"
	"cordon/commands/slack"
	"cordon/filters"
	"cordon/filters/api"
	"cordon/internal/config"
)

// buildEdges makes the chat language and its Slack edge, and gives each stack its poster.
func (a *App) buildEdges(context.Context) error {
	services, channels := map[string]commands.Service{}, map[string]string{}
	desks, machines, agents := map[string]commands.Desk{}, map[string]commands.Machines{}, map[string]commands.Agents{}
	for name, stack := range a.stacks {
		services[name], desks[name], machines[name] = stack.service, stack.desk, stack.machines
		agents[name] = stack.plan.Agents
		channels[a.options.Config.Clusters[name].Channel] = name
	}
	allowed := a.allowed(channels)
	a.bot = commands.New(commands.Config{Allowed: allowed, Clusters: services, Desks: desks, Machines: machines, OnCalls: a.onCalls(), Agents: agents, Channels: channels, Observe: a.observe, Logger: a.log})
	settings, secrets := a.options.Config.Slack, a.options.Secrets
	a.slack = slack.New(slack.Config{
		Bot: a.bot, Team: settings.Team, BotToken: secrets.BotToken.Reveal(), AppToken: socketToken(settings.Transport, secrets.AppToken.Reveal()),
		SigningSecret: secrets.SigningSecret.Reveal(), APIURL: settings.APIURL, ResponseHosts: settings.ResponseHosts, Logger: a.log,
	})
	a.bot.SetTeller(a.slack)
	a.metrics.RefusedClicks(a.slack.RefusedClicks)
	for name, stack := range a.stacks {
		stack.poster = a.buildPoster(stack, a.options.Config.Clusters[name])
	}
	return nil
}

// socketToken is the app-level token if Socket Mode is the transport: without one the edge takes signed HTTP alone.
func socketToken(transport, token string) string {
	if transport == "socket" {
		return token
	}
	return ""
}

func (a *App) buildPoster(stack *stack, cluster config.Cluster) *poster.Poster {
	return poster.New(poster.Config{
		Cluster: stack.name, Journal: journal{stack.store, stack.book}, Notices: stack.store.Notices("poster"), Channel: a.slack.Channel(cluster.Channel),
		Direct: func(user string) poster.Channel { return a.slack.Direct(user) }, View: view{stack}, Windows: stack.desk,
		Now: stack.store.Now, Observe: cluster.Observe, Held: stack.keeps, Trouble: func() string { return stack.master.Condition().Trouble }, Logger: stack.log,
	})
}

// view is what messages tell of the cluster.
type view struct{ stack *stack }

// Tasks returns the agent's tasks by framework.
func (v view) Tasks(agent filters.AgentID) (map[string]int, bool) { return v.stack.master.Tasks(agent) }

// Started tells whether a task was started on the agent since the time.
func (v view) Started(agent filters.AgentID, since time.Time) (started, known bool) {
	return v.stack.master.Started(agent, since)
}

// Withheld returns how many agents filters withhold, and how many there are.
func (v view) Withheld() (withheld, total int) {
	withheld, _ = v.stack.book.Withheld()
	return withheld, v.stack.master.Roster().Len()
}

// observe counts and logs each command; what people typed is not logged.
func (a *App) observe(seen commands.Observation) {
	a.metrics.Command(seen.Cluster, seen.Verb, string(seen.Code), seen.Took)
	level := slog.LevelInfo
	if seen.Code == filters.Internal || seen.Code == filters.Unconfirmed {
		level = slog.LevelError
	}
	a.log.LogAttrs(context.Background(), level, "command", slog.String("cluster", seen.Cluster), slog.String("verb", seen.Verb),
		slog.String("actor", seen.Actor), slog.String("request", seen.RequestKey), slog.String("cause", seen.Cause),
		slog.String("code", string(seen.Code)), slog.Duration("took", seen.Took), slog.Any("error", seen.Err))
}

// startSlack connects to Slack. On the way down the bot refuses new commands first, then finishes running ones.
func (a *App) startSlack(ctx context.Context) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	var watching sync.WaitGroup
	for _, stack := range a.stacks {
		watching.Go(func() { stack.watch(ctx, a.slack.HomesChanged) })
	}
	go func() {
		defer close(ended)
		defer watching.Wait()
		if err := a.slack.Run(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("Slack is not connected and will not be: mend the cause and start the bot again", "error", err)
		}
	}()
	a.down.add("Slack", 500*time.Millisecond, func(context.Context) error { cancel(); <-ended; return nil })
	a.down.add("answers", 500*time.Millisecond, func(ctx context.Context) error { a.slack.Stop(ctx); return nil })
	a.down.add("commands", 2500*time.Millisecond, func(ctx context.Context) error { a.bot.Stop(ctx); return nil })
	return nil
}

// watch tells of every change of what is known of the cluster, until ctx ends.
func (s *stack) watch(ctx context.Context, changed func()) {
	for {
		turned := s.book.Turned()
		select {
		case <-turned:
			changed()
		case <-ctx.Done():
			return
		}
	}
}

// apiCommands runs the chat language for the API.
type apiCommands struct{ bot *commands.Bot }

// Run runs one line of the chat language.
func (c apiCommands) Run(ctx context.Context, actor filters.Actor, cluster, text, requestKey string) api.Answer {
	reply := c.bot.Handle(ctx, commands.Input{Text: text, Actor: actor, Cluster: cluster, RequestKey: requestKey, Cause: filters.CauseAPI})
	return api.Answer{Code: reply.Code, Text: reply.Text(), Operation: reply.Operation, State: reply.State}
}

// leaders tells the API who leads.
type leaders struct{ stacks map[string]*stack }

// Leads tells whether this replica leads the cluster.
func (l leaders) Leads(cluster string) bool {
	return l.stacks[cluster] != nil && l.stacks[cluster].leads()
}

// LeaderURL returns where the cluster's leader is reached.
func (l leaders) LeaderURL(ctx context.Context, cluster string) (string, bool) {
	if l.stacks[cluster] == nil {
		return "", false
	}
	leadership, found, err := l.stacks[cluster].store.Leader(ctx)
	return leadership.URL, err == nil && found && leadership.URL != ""
}
