package app

import (
	"context"

	"cordon/commands"
	"cordon/internal/config"
	"cordon/internal/oncall"
	"cordon/scheduler"
)

// buildOnCall makes what tells who is on call in the cluster.
func (a *App) buildOnCall(s *stack, cluster config.Cluster) error {
	settings := oncall.Config{Workspace: people{a}, Now: s.store.Now, Logger: s.log}
	accounts, err := a.buildAccounts()
	if err != nil {
		return err
	}
	for _, level := range cluster.OnCall.Levels {
		source, err := accounts.source(level)
		if err != nil {
			return err
		}
		settings.Levels = append(settings.Levels, source)
	}
	if cluster.OnCall.Fallback != "" {
		settings.Fallback = oncall.Group(settings.Workspace, cluster.OnCall.Fallback)
	}
	s.duty = oncall.New(settings)
	return nil
}

// accounts are the services that may be asked who is on call; nil: no level asks one.
type accounts struct {
	workspace oncall.Workspace
	pagerDuty *oncall.PagerDuty
	opsgenie  *oncall.Opsgenie
}

func (a *App) buildAccounts() (found accounts, err error) {
	settings, secrets := &a.options.Config, &a.options.Secrets
	found.workspace = people{a}
	if settings.AsksPagerDuty() {
		if found.pagerDuty, err = oncall.NewPagerDuty(oncall.Account{URL: settings.PagerDuty.URL, Token: secrets.PagerDuty.Reveal()}); err != nil {
			return found, err
		}
	}
	if settings.AsksOpsgenie() {
		found.opsgenie, err = oncall.NewOpsgenie(oncall.Account{URL: settings.Opsgenie.URL, Token: secrets.Opsgenie.Reveal()})
	}
	return found, err
}

func (a accounts) source(level config.OnCallLevel) (oncall.Source, error) {
	switch {
	case level.PagerDutySchedule != "":
		return a.pagerDuty.Schedule(level.PagerDutySchedule), nil
	case level.PagerDutyPolicy != "":
		return a.pagerDuty.Policy(level.PagerDutyPolicy, level.EscalationLevel), nil
	case level.OpsgenieSchedule != "":
		return a.opsgenie.Schedule(level.OpsgenieSchedule, level.EscalationLevel), nil
	case level.Rota != nil:
		rota, problems := scheduler.CompileRota(*level.Rota)
		if len(problems) > 0 {
			return nil, problems[0]
		}
		return oncall.Rota(rota), nil
	}
	return oncall.Group(a.workspace, level.Group), nil
}

// people asks Slack who somebody is; the edge is built after what asks.
type people struct{ app *App }

// MembersNow returns the user IDs of a user group as Slack says just now.
func (p people) MembersNow(ctx context.Context, group string) ([]string, error) {
	return p.app.slack.MembersNow(ctx, group)
}

// ByEmail returns the ID of the full member with the address.
func (p people) ByEmail(ctx context.Context, address string) (string, error) {
	return p.app.slack.ByEmail(ctx, address)
}

// onCalls are who is on call, by cluster.
func (a *App) onCalls() map[string]commands.OnCall {
	duties := map[string]commands.OnCall{}
	for name, stack := range a.stacks {
		duties[name] = stack.duty
	}
	return duties
}

// shifts tells those who come on call, for as long as this replica leads.
func (s *stack) shifts(ctx context.Context, term int64) error {
	if s.duty.Levels() == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	return scheduler.NewShifts(s.plan, s.duty).Run(ctx, term)
}
