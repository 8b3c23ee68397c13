package main

import (
	"context"

	"cordon/internal/app"
	"cordon/internal/config"
)

// serve runs the bot.
type serve struct {
	Config string `required:"" type:"path" help:"The configuration, cordon.yaml."`
}

// Run serves until SIGTERM.
func (s serve) Run(ctx context.Context, std streams) error {
	settings, secrets, err := config.Load(s.Config)
	if err != nil {
		return err
	}
	return app.Serve(ctx, app.Options{Config: settings, Secrets: secrets, Version: version, Logger: logger(std.err, settings.Log.Level, settings.Log.Format)})
}

// place is where a demo listens.
type place struct {
	Port      *int   `help:"The page's port; the bot and the masters get the next three. 0 picks free ports. Default: page 8080, bot 8081, masters 5050 and 5051."`
	ReadyFile string `type:"path" help:"Written as JSON when everything answers."`
	LogLevel  string `default:"warn" help:"debug, info, warn or error."`
}

// demo runs everything in one process.
type demo struct {
	place
}

// Run serves the demo until SIGTERM.
func (d demo) Run(ctx context.Context, std streams) error {
	return app.Demo(ctx, app.DemoOptions{Port: d.Port, ReadyFile: d.ReadyFile, Version: version, Out: std.out, Logger: logger(std.err, d.LogLevel, "text")})
}

// sim runs the two simulators.
type sim struct {
	place
	Module bool   `help:"Load the offer-filter allocator module into the masters."`
	BotURL string `help:"Where the workspace delivers over HTTP: the address of a bot serve. Not needed for Socket Mode."`
}

// Run serves the simulators until SIGTERM.
func (s sim) Run(ctx context.Context, std streams) error {
	return app.Simulate(ctx, app.DemoOptions{Port: s.Port, ReadyFile: s.ReadyFile, BotURL: s.BotURL, Module: s.Module, Version: version, Out: std.out, Logger: logger(std.err, s.LogLevel, "text")})
}
