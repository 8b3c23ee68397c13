package app

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"cordon/commands"
	"cordon/commands/slack"
	"cordon/filters"
	"cordon/filters/api"
	"cordon/filters/mesos"
	"cordon/filters/reconcile"
	"cordon/internal/config"
	"cordon/internal/web"
	"cordon/store"
)

// Options are what a bot is built from.
type Options struct {
	Config  config.Config
	Secrets config.Secrets
	Version string
	Logger  *slog.Logger
	// Dialer reaches Redis in place of the network, for the demo's Redis in memory; nil: the network.
	Dialer func(ctx context.Context, network, address string) (net.Conn, error)
	// Quick shortens the times that a visitor of the demo would wait for.
	Quick bool
}

// App is a running bot.
type App struct {
	options Options
	log     *slog.Logger
	replica string
	metrics *web.Metrics
	redis   *store.Redis
	stacks  map[string]*stack
	bot     *commands.Bot
	slack   *slack.Edge
	server  *web.Server
	handler late
	down    teardown
}

// late is a handler that is there before what it serves: until then it asks to come back.
type late struct{ ready atomic.Pointer[http.Handler] }

func (l *late) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler := l.ready.Load(); handler != nil {
		(*handler).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "2")
	http.Error(w, "the bot is starting: it waits for Redis", http.StatusServiceUnavailable)
}

// Start builds the bot and starts everything, in this order: HTTP (alive, not ready), Redis, clusters, Slack. On an error
// what was started is stopped again.
func Start(ctx context.Context, options Options) (*App, error) {
	a := &App{options: options, log: options.Logger, metrics: web.NewMetrics(), stacks: map[string]*stack{}}
	a.down.log = a.log
	for _, phase := range []func(context.Context) error{a.startHTTP, a.startRedis, a.buildStacks, a.buildEdges, a.startStacks, a.startSlack} {
		if err := phase(ctx); err != nil {
			_ = a.Stop(context.WithoutCancel(ctx)) // the first error says more
			return nil, err
		}
	}
	a.serve()
	a.log.Info("ready to work", "version", options.Version, "replica", a.replica, "listen", a.server.Addr().String())
	return a, nil
}

// Addr is where the bot's HTTP server listens.
func (a *App) Addr() string { return a.server.Addr().String() }

// Stop refuses new commands, finishes running ones, gives up the leases and ends, in less than 5 s.
func (a *App) Stop(ctx context.Context) error { return a.down.run(ctx) }

func (a *App) startHTTP(context.Context) error {
	settings := a.options.Config.HTTP
	web := web.Config{
		Listen: settings.Listen, Ready: a.ready, Registry: a.metrics.Registry, Logger: a.log,
		Handlers: map[string]http.Handler{"/slack/": &a.handler, "/api/": &a.handler, "/allocator/": &a.handler},
	}
	if settings.CertFile != "" {
		certificate, err := tls.LoadX509KeyPair(settings.CertFile, settings.KeyFile)
		if err != nil {
			return fmt.Errorf("http.cert_file: %w", err)
		}
		web.Certificate = &certificate
	}
	return a.listen(web)
}

func (a *App) listen(config web.Config) error {
	server, err := web.Start(config)
	if err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	a.server = server
	a.down.add("HTTP", time.Second, server.Shutdown)
	return nil
}

func (a *App) buildStacks(context.Context) error {
	for name, cluster := range a.options.Config.Clusters {
		stack, err := a.buildStack(name, cluster)
		if err != nil {
			return fmt.Errorf("clusters.%s: %w", name, err)
		}
		a.stacks[name] = stack
		a.down.add("master of "+name, time.Second, func(context.Context) error { stack.master.Close(); return nil })
	}
	return nil
}

func (a *App) buildStack(name string, cluster config.Cluster) (*stack, error) {
	log := a.log.With("cluster", name)
	s := &stack{name: name, replica: a.replica, url: a.options.Config.HTTP.AdvertiseURL, store: a.redis.Cluster(name), book: filters.NewBook(), metrics: a.metrics, log: log}
	master, err := a.buildMaster(name, cluster, a.log)
	if err != nil {
		return nil, err
	}
	s.master = master
	if err := a.buildOnCall(s, cluster); err != nil {
		return nil, err
	}
	limits, err := limitsOf(cluster.MaxWithheld)
	if err != nil {
		return nil, err
	}
	agents, mover, err := a.buildMover(name, cluster)
	if err != nil {
		return nil, err
	}
	s.service = filters.NewService(filters.ServiceConfig{
		Cluster: name, Groups: groupsOf(cluster.Groups), Limits: limits, Store: s.store, Book: s.book, State: master, Survey: master, Apps: mover,
		Gate: a.buildGate(s, cluster), Patience: cluster.ApprovalTime, Observe: cluster.Observe, Held: s.held, Away: s.away, Sinks: s.sinkStatus,
	})
	if err := a.buildSinks(s, cluster); err != nil {
		return nil, err
	}
	source := a.buildMachines(s, cluster)
	s.reconciler = reconcile.New(reconcile.Config{
		Period: a.period(), Cluster: name, Replica: a.replica, Book: s.book, Master: master, Recorder: s.store, Observe: cluster.Observe, Calls: cluster.CallsAtOnce,
		Source: source, Maintenance: master, Published: s.published, Meter: a.meter(name), Logger: log,
	})
	if err := a.buildScheduler(s, cluster, agents, mover); err != nil {
		return nil, err
	}
	a.buildApprovals(s)
	return s, nil
}

func (a *App) buildMaster(name string, cluster config.Cluster, log *slog.Logger) (*mesos.Master, error) {
	settings := mesos.Config{
		Cluster: name, Masters: cluster.Masters, Backend: cluster.Backend, Principal: cluster.Principal,
		Secret: a.options.Secrets.Masters[name], BearerToken: a.options.Secrets.MasterTokens[name],
		MaxEventFrame: cluster.MaxEventFrame, CallsAtOnce: cluster.CallsAtOnce, CallsPerSecond: float64(cluster.CallsPerSecond), Logger: log,
	}
	if cluster.CAFile != "" {
		pool, err := certificates(cluster.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		settings.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	if a.options.Quick {
		settings.FullReadEvery = quickRead
	}
	return mesos.New(settings)
}

// How often the demo may read the whole of its small cluster, and does.
const (
	quickRead   = 2 * time.Second
	quickPeriod = 5 * time.Second
)

// period is the time between readings without any other reason; 0: the usual.
func (a *App) period() time.Duration {
	if a.options.Quick {
		return quickPeriod
	}
	return 0
}

func certificates(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

func limitsOf(most config.MaxWithheld) (limits filters.LimitConfig, err error) {
	if limits.Cluster.Count, limits.Cluster.Percent, err = most.Cluster.Value(); err != nil {
		return limits, err
	}
	limits.Rack.Count, limits.Rack.Percent, err = most.Rack.Value()
	return limits, err
}

func groupsOf(configured map[string]config.Group) map[string]filters.Group {
	groups := map[string]filters.Group{}
	for name, group := range configured {
		converted := filters.Group{Hosts: group.Hosts}
		for attribute, value := range group.Attributes {
			converted.Attributes = append(converted.Attributes, filters.Attribute{Name: attribute, Value: value})
		}
		groups[name] = converted
	}
	return groups
}

func (a *App) meter(cluster string) reconcile.Meter {
	return reconcile.Meter{
		Pass:  func(took time.Duration, _ int) { a.metrics.Pass(cluster, took) },
		Lag:   func(lag time.Duration) { a.metrics.Lag(cluster, lag) },
		Drift: func(filters.Kind) { a.metrics.Drift(cluster, 1) },
		Call: func(verb string, code filters.Code, took time.Duration) {
			a.metrics.Call(cluster, verb, string(code), took)
		},
	}
}

// awaitEnd waits for the stacks until ctx ends: what waits for a slow Redis is cut off with its connections then.
func (a *App) awaitEnd(ctx context.Context, running *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		a.log.Warn("a slow Redis or master is not waited for any longer")
	}
	return nil
}

// startStacks runs every cluster's stack, and returns when each knows what Redis holds: who asked before would be told
// that nothing is withheld. Stacks end, and give up their leases, before Redis is closed.
func (a *App) startStacks(starting context.Context) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(starting))
	var running sync.WaitGroup
	running.Go(func() { boundMemory(ctx) })
	for _, stack := range a.stacks {
		running.Go(func() { stack.run(ctx) })
	}
	a.down.add("clusters", 3*time.Second, func(ctx context.Context) error {
		cancel()
		return a.awaitEnd(ctx, &running)
	})
	for _, stack := range a.stacks {
		if err := stack.awaitState(starting); err != nil {
			return err
		}
	}
	return nil
}

// serve opens the handlers.
func (a *App) serve() {
	mux := http.NewServeMux()
	mux.Handle("/slack/", a.slack.Handler())
	filtersAPI := api.New(api.Config{
		Clusters: a.services(), Tokens: a.tokens(), Commands: apiCommands{a.bot}, Leaders: leaders{a.stacks}, Logger: a.log,
		Observe: func(cluster string, code filters.Code) { a.metrics.APIRefusal(cluster, string(code)) },
	})
	mux.Handle("/api/", filtersAPI)
	mux.Handle("/allocator/", filtersAPI)
	var handler http.Handler = mux
	a.handler.ready.Store(&handler)
}

func (a *App) services() map[string]*filters.Service {
	services := map[string]*filters.Service{}
	for name, stack := range a.stacks {
		services[name] = stack.service
	}
	return services
}

func (a *App) tokens() []api.Token {
	var tokens []api.Token
	for _, token := range a.options.Config.Tokens {
		user := token.User
		if user == "robot" {
			user = ""
		}
		tokens = append(tokens, api.Token{
			Name: token.Name, Digest: sha256.Sum256([]byte(a.options.Secrets.Tokens[token.Name].Reveal())), Cluster: token.Cluster, User: user, Role: token.Role,
		})
	}
	return tokens
}
