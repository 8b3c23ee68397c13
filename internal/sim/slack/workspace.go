package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Workspace is a running simulated workspace. All its methods may be called at the same time.
type Workspace struct {
	config       Config
	scopes       []string
	verification string // the old token of payloads, which nobody should look at
	base         string // such as http://127.0.0.1:40001
	log          *slog.Logger

	directory    directory
	groups       *groups
	timeline     *timeline
	interactions *registry
	views        *modals
	events       *events
	limits       *limits
	mode         *availability
	pool         *pool

	client *http.Client
	server *http.Server
	ctx    context.Context // ends with the workspace
	stop   context.CancelFunc

	mu      sync.Mutex
	botURL  string
	calls   []Call
	used    map[string]bool // scopes
	closed  bool
	running sync.WaitGroup
}

// Start opens the workspace. It serves until Close, or until ctx ends; Close must be called in either case.
func Start(ctx context.Context, config Config) (*Workspace, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("simulated Slack: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("simulated Slack: %w", err)
	}
	w := newWorkspace(ctx, config, listener.Addr().String())
	w.running.Go(func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("simulated Slack stopped serving", "error", err)
		}
	})
	context.AfterFunc(w.ctx, w.pool.cut)
	return w, nil
}

func newWorkspace(ctx context.Context, config Config, address string) *Workspace {
	w := &Workspace{
		config: config, scopes: config.Scopes, verification: secret(12), base: "http://" + address, botURL: config.BotURL,
		log: config.Logger, directory: newDirectory(config), groups: &groups{members: config.Groups}, timeline: newTimeline(config.now), interactions: newRegistry(config.now),
		views: newModals(), events: newEvents(), limits: newLimits(config.now), mode: newAvailability(), pool: newPool(),
		used: map[string]bool{},
	}
	if w.scopes == nil {
		w.scopes = allScopes()
	}
	w.ctx, w.stop = context.WithCancel(ctx)
	w.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.server = &http.Server{Handler: w.routes(), ReadHeaderTimeout: 10 * time.Second}
	return w
}

func (w *Workspace) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("GET /link", w.serveSocket)
	mux.HandleFunc("POST /commands/{team}/{number}/{secret}", w.serveResponse)
	mux.HandleFunc("POST /actions/{team}/{number}/{secret}", w.serveResponse)
	return mux
}

// allScopes are the scopes that the methods ask for, and those of deliveries.
func allScopes() []string {
	scopes := []string{"commands", "channels:read", "groups:read", "im:read", "mpim:read", "channels:history", "groups:history", "im:history", "app_mentions:read"}
	for _, m := range methods {
		if m.scope != "" {
			scopes = append(scopes, m.scope)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// Close stops everything and waits for it.
func (w *Workspace) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.stop()
	w.pool.close()
	grace, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := w.server.Shutdown(grace)
	if err != nil {
		err = w.server.Close()
	}
	w.running.Wait()
	w.client.CloseIdleConnections()
	w.timeline.close()
	return err
}

// background runs work that Close waits for; it reports false when the workspace is closed.
func (w *Workspace) background(work func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.running.Go(work)
	return true
}

// URL is the root of the Web API; it ends in "/api/", as slack-go's OptionAPIURL wants it.
func (w *Workspace) URL() string { return w.base + "/api/" }

// SigningSecret is the key of the signatures on HTTP deliveries.
func (w *Workspace) SigningSecret() string { return w.config.SigningSecret }

// BotToken is the xoxb token that the Web API accepts.
func (w *Workspace) BotToken() string { return w.config.BotToken }

// AppToken is the xapp token that opens Socket Mode connections.
func (w *Workspace) AppToken() string { return w.config.AppToken }

// SetBotURL says where signed HTTP deliveries go from now on.
func (w *Workspace) SetBotURL(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.botURL = url
}

func (w *Workspace) target() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.botURL
}

// Watch yields a value, coalesced, after each change of what anybody sees. The channel is closed when ctx ends, or
// with the workspace.
func (w *Workspace) Watch(ctx context.Context) <-chan struct{} { return w.timeline.watch(ctx) }

// SetMode makes Slack misbehave for d, or until changed where d is zero. Modes: "up", "down" (the API answers 503,
// sockets are cut, deliveries wait), "rate-limit" (the API answers 429 with Retry-After).
func (w *Workspace) SetMode(mode string, d time.Duration) error {
	if !slices.Contains([]string{modeUp, modeDown, modeRateLimit}, mode) || d < 0 {
		return &Error{"invalid_mode", fmt.Sprintf("mode %q for %v: expected up, down or rate-limit, for zero seconds or more", mode, d)}
	}
	w.mode.set(mode, d)
	if mode == modeDown {
		w.pool.cut()
	}
	return nil
}

// Disconnect tells all sockets to go, as Slack does now and then: reason "warning" announces it, "refresh_requested"
// and "link_disabled" end them at the next ping unless the bot hangs up first.
func (w *Workspace) Disconnect(reason string) {
	for _, s := range w.pool.all() {
		if reason != "warning" {
			s.retire()
		}
		_ = s.send(disconnection(reason))
	}
}

// Sockets is how many Socket Mode connections are open.
func (w *Workspace) Sockets() int { return len(w.pool.all()) }
