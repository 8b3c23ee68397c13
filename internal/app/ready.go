package app

import (
	"context"
	"time"

	"cordon/internal/web"
)

// heardMost is how long ago the master may have been heard of on a replica that is ready.
const heardMost = time.Minute

// ready checks what a working replica needs: Redis, each cluster's master, Slack.
func (a *App) ready(ctx context.Context) map[string]web.Check {
	if a.handler.ready.Load() == nil {
		return map[string]web.Check{"start": {Why: "the bot is starting: it waits for Redis"}}
	}
	checks := map[string]web.Check{"redis": {OK: true}, "slack": {OK: a.slack.Connected()}}
	if err := a.redis.Ping(ctx); err != nil {
		checks["redis"] = web.Check{Why: "Redis does not answer"}
	}
	if !a.slack.Connected() {
		checks["slack"] = web.Check{Why: "Slack is not connected"}
	}
	for name, stack := range a.stacks {
		checks["master of "+name] = stack.heard(time.Now())
	}
	return checks
}

func (s *stack) heard(now time.Time) web.Check {
	condition := s.master.Condition()
	switch age := now.Sub(condition.Heard); {
	case condition.Heard.IsZero() && condition.Trouble != "":
		return web.Check{Why: condition.Trouble}
	case condition.Heard.IsZero():
		return web.Check{Why: "the master has not been heard of yet"}
	case age > heardMost:
		return web.Check{Why: "the master was last heard of " + age.Round(time.Second).String() + " ago"}
	}
	return web.Check{OK: true}
}
