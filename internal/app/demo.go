package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"cordon/commands"
	"cordon/filters"
	"cordon/internal/approval"
	"cordon/internal/config"
	"cordon/internal/secret"
	"cordon/internal/sim"
	"cordon/scheduler"
)

// DemoOptions are what `bot demo` and `bot sim` are started with.
type DemoOptions struct {
	Port      *int   // nil: the usual ports; 0: free ones
	ReadyFile string // written when everything answers; empty: none is
	BotURL    string // of `bot sim`: where the workspace delivers over HTTP
	Module    bool   // of `bot sim`: the masters have the offer-filter allocator module
	Version   string
	Out       io.Writer
	Logger    *slog.Logger
}

func (o *DemoOptions) addresses() (sim.Addresses, error) {
	if o.Port == nil {
		return sim.DefaultAddresses(), nil
	}
	return sim.AddressesFrom(*o.Port)
}

// Simulate runs the two simulators alone until ctx ends.
func Simulate(ctx context.Context, options DemoOptions) error {
	addresses, err := options.addresses()
	if err != nil {
		return err
	}
	scene, err := sim.Start(ctx, sim.Config{Addresses: addresses, BotURL: options.BotURL, Module: options.Module, Verbs: pageVerbs(), Logger: options.Logger})
	if err != nil {
		return err
	}
	ready := scene.Ready(options.BotURL, "")
	ready.BotToken, ready.AppToken = scene.Workspace.BotToken(), scene.Workspace.AppToken()
	ready.WebhookURL, ready.WebhookSecret = scene.HookURL(), scene.HookSecret
	if err := options.announce(ready, "the simulated cluster and workspace"); err != nil {
		return errors.Join(err, scene.Close())
	}
	<-ctx.Done()
	return scene.Close()
}

// pageVerbs is the grammar as the page completes it.
func pageVerbs() []sim.Verb {
	var verbs []sim.Verb
	for _, word := range commands.Words() {
		verbs = append(verbs, sim.Verb(word))
	}
	return verbs
}

// announce writes the ready file and tells a person where to look.
func (o *DemoOptions) announce(ready sim.Ready, what string) error {
	if o.ReadyFile != "" {
		if err := sim.WriteReady(o.ReadyFile, ready); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(o.Out, "Open %s for %s. Ctrl-C ends it; nothing is kept.\n", ready.Page, what)
	return err
}

// Demo runs a simulated cluster and workspace with the real bot between them, until ctx ends. State is in memory.
func Demo(ctx context.Context, options DemoOptions) (err error) {
	addresses, err := options.addresses()
	if err != nil {
		return err
	}
	memory := &cuttable{redis: miniredis.NewMiniRedis()}
	if err := memory.redis.Start(); err != nil {
		return err
	}
	defer memory.redis.Close()
	scene, err := sim.Start(ctx, sim.Config{Addresses: addresses, Redis: memory, Verbs: pageVerbs(), Logger: options.Logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scene.Close()) }()
	directory, err := os.MkdirTemp("", "cordon-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	return runDemo(ctx, options, scene, memory, demoConfig(scene, addresses.Bot, directory))
}

func runDemo(ctx context.Context, options DemoOptions, scene *sim.Demo, memory *cuttable, settings config.Config) error {
	token := filters.RandomID("demo-")
	app, err := Start(ctx, Options{
		Config: settings, Version: options.Version, Logger: options.Logger, Dialer: memory.dial, Quick: true,
		Secrets: config.Secrets{
			BotToken: secret.Value(scene.Workspace.BotToken()), SigningSecret: secret.Value(scene.Workspace.SigningSecret()),
			Tokens:   map[string]secret.Value{demoToken: secret.Value(token)},
			Webhooks: map[string]map[string]secret.Value{scene.ClusterName: {demoWebhook: secret.Value(scene.HookSecret)}},
		},
	})
	if err != nil {
		return err
	}
	bot := "http://" + app.Addr()
	scene.Workspace.SetBotURL(bot)
	err = app.awaitReady(ctx)
	if err == nil {
		err = options.announce(scene.Ready(bot, token), "the demo")
	}
	if err == nil {
		<-ctx.Done()
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(err, app.Stop(stopping))
}

// The names of the API token in the ready file, and of the webhook that restarts an agent.
const (
	demoToken   = "demo"
	demoWebhook = "reboot"
)

// demoConfig is the configuration that a visitor would write for the demo's cluster.
func demoConfig(scene *sim.Demo, listen, directory string) config.Config {
	settings := config.Default()
	settings.HTTP.Listen, settings.DataDir = listen, filepath.Join(directory, "data")
	settings.Slack.Transport, settings.Slack.Team, settings.Slack.APIURL = "http", scene.TeamID, scene.Workspace.URL()
	settings.Slack.ResponseHosts = []string{hostOf(scene.Workspace.URL())}
	cluster := config.DefaultCluster()
	cluster.Masters, cluster.Channel = scene.Cluster.MasterURLs(), scene.Channel.ID
	cluster.Roles, cluster.Policy = demoRoles(scene), []config.Rule{
		{Name: "drains", Verbs: []string{"drain"}, Modes: []string{"drain"}, Require: "approval", Approvals: 1, From: "on-call"},
	}
	cluster.MaxWithheld = config.MaxWithheld{Cluster: "5"}
	cluster.Groups = map[string]config.Group{"bench": {Hosts: []string{"agent-one", "agent-two"}}}
	cluster.Allow = []string{"drain", "gone", "down"}
	cluster.Windows = demoWindows()
	cluster.OnCall = demoOnCall(scene)
	cluster.Webhooks = map[string]config.Webhook{demoWebhook: {
		URL: scene.HookURL(), Timeout: 5 * time.Second, PollEvery: time.Second, GiveUpAfter: time.Minute,
	}}
	cluster.Frameworks = map[string]config.Framework{
		"marathon": {Kind: "marathon", URL: scene.MarathonURL}, "batch": {Kind: "rest", URL: scene.BatchURL},
	}
	settings.Clusters = map[string]config.Cluster{scene.ClusterName: cluster}
	settings.Redis.URL = "redis://in-memory"
	settings.Tokens = []config.Token{{Name: demoToken, Cluster: scene.ClusterName, User: "robot", Role: "operator"}}
	return settings
}

// demoRoles lets alice and bob ask for changes, whoever may be called approve as well, and dana do everything.
func demoRoles(scene *sim.Demo) config.Roles {
	return config.Roles{Onlooker: []string{approval.Everybody}, Operator: scene.Operators(), Approver: scene.OnCall, Admin: scene.Approvers()}
}

// demoOnCall lets one person be on call at each level, week after week, and those who operate the cluster after them.
func demoOnCall(scene *sim.Demo) (found config.OnCall) {
	for _, user := range scene.OnCall {
		rota := &scheduler.RotaDefinition{People: []string{user}, From: "2026-01-05 09:00", Shift: "7d", TimeZone: "Europe/Berlin"}
		found.Levels = append(found.Levels, config.OnCallLevel{Rota: rota})
	}
	found.Levels = append(found.Levels, config.OnCallLevel{Group: scene.Group})
	return found
}

// demoWindows are one that a visitor sees open and close, and one as it would be in earnest.
func demoWindows() map[string]scheduler.Definition {
	return map[string]scheduler.Definition{
		"patch": {
			Schedule: "*/5 * * * *", Duration: "90s", Targets: []string{"agent-six"}, Announce: []string{"1m"},
			Reason: "patches, every five minutes",
		},
		"kernel-tue": {
			Schedule: "0 2 * * 2", Duration: "2h", TimeZone: "Europe/Berlin", Attributes: map[string]string{"rack": "r2"},
			Announce: []string{"24h", "1h"}, Cutoff: "30m", MaxUnavailable: "1", MaxUnavailablePer: "rack", Reason: "kernel upgrades",
			Run: &scheduler.Procedure{Steps: []string{"confirm"}, Soak: "1m"},
		},
	}
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

// readyTime is how long the demo may take to get ready.
const readyTime = 30 * time.Second

// awaitReady waits until every check of readiness is OK and every cluster has a leader.
func (a *App) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		waitingFor := a.waitingFor(ctx)
		if waitingFor == "" {
			return nil
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("not ready: %s: %w", waitingFor, err)
		}
	}
}

func (a *App) waitingFor(ctx context.Context) string {
	for name, check := range a.ready(ctx) {
		if !check.OK {
			return name + ": " + check.Why
		}
	}
	for name, stack := range a.stacks {
		if !stack.leads() || stack.master.Roster().Len() == 0 {
			return "nobody leads " + name + " yet"
		}
	}
	return ""
}

// cuttable is a Redis in memory whose connections can be cut for a while.
type cuttable struct {
	redis *miniredis.Miniredis
	mutex sync.Mutex
	until time.Time
	open  map[*tracked]bool
}

// Cut drops every connection and refuses new ones for the duration.
func (c *cuttable) Cut(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.until = time.Now().Add(d)
	for conn := range c.open {
		_ = conn.Conn.Close() // that is the point
	}
	clear(c.open)
}

func (c *cuttable) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if time.Now().Before(c.until) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("cut by a visitor of the demo")}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.redis.Addr())
	if err != nil {
		return nil, err
	}
	if c.open == nil {
		c.open = map[*tracked]bool{}
	}
	tracked := &tracked{conn, c}
	c.open[tracked] = true
	return tracked, nil
}

// tracked is a connection that is forgotten when it is closed.
type tracked struct {
	net.Conn
	owner *cuttable
}

// Close closes the connection.
func (t *tracked) Close() error {
	t.owner.forget(t)
	return t.Conn.Close()
}

func (c *cuttable) forget(conn *tracked) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.open, conn)
}
