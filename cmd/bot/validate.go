package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"cordon/internal/app"
	"cordon/internal/config"
	"cordon/internal/preview"
	"cordon/scheduler"
)

// validate checks a configuration.
type validate struct {
	Config string `required:"" type:"path" help:"The configuration, cordon.yaml."`
}

// Run reports every mistake with file, line and what was expected; without any, what was understood of windows.
func (v validate) Run(std streams) error {
	settings, _, err := config.Load(v.Config)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s is right: %d cluster(s), Slack by %s, %d token(s)\n", v.Config, len(settings.Clusters), settings.Slack.Transport, len(settings.Tokens))
	for _, name := range slices.Sorted(maps.Keys(settings.Clusters)) {
		for _, doubt := range app.Doubts(settings.Clusters[name]) {
			fmt.Fprintf(std.out, "%s: ! %s\n", name, doubt)
		}
		if err := explainCluster(std.out, settings, name, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// explainCluster says what was understood of the cluster's windows, and what one may not have meant.
func explainCluster(out io.Writer, settings config.Config, name string, now time.Time) error {
	question, err := app.PreviewQuestion(settings, name)
	if err != nil {
		return err
	}
	idle := idleWebhooks(settings, name, question.Windows)
	if len(question.Windows)+len(idle)+len(question.Freezes.Periods()) == 0 {
		return nil
	}
	question.From = now
	fmt.Fprintf(out, "%s: %d window(s)\n", name, len(question.Windows))
	if err := preview.Review(question, out); err != nil {
		return err
	}
	for _, webhook := range idle {
		fmt.Fprintf(out, "  ! no window's run calls the webhook %s\n", webhook)
	}
	return nil
}

// idleWebhooks are those that no window's run calls.
func idleWebhooks(settings config.Config, cluster string, windows []*scheduler.Window) []string {
	called := map[string]bool{}
	for _, window := range windows {
		for _, step := range window.Steps {
			called[step.Webhook] = true
		}
	}
	webhooks := slices.Sorted(maps.Keys(settings.WebhooksOf(cluster)))
	return slices.DeleteFunc(webhooks, func(name string) bool { return called[name] })
}
