package slack

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cordon/commands"
	"cordon/filters"

	slackgo "github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// Config is what an Edge needs. Bot, Team and BotToken are required; SigningSecret for HTTP, AppToken for Socket Mode.
type Config struct {
	Bot           Bot
	Team          string // the workspace's ID; whoever comes from another is refused
	BotToken      string
	AppToken      string
	SigningSecret string
	APIURL        string // default https://slack.com/api/; ends in a slash
	// ResponseHosts are the hosts that answers may go to, default hooks.slack.com. Plain http is taken for the machine itself alone.
	ResponseHosts []string
	// HTTPClient sends what goes to Slack; nil: one of its own. Redirects are not followed in any case.
	HTTPClient *http.Client
	Logger     *slog.Logger // nil: slog.Default

	// ClickRate is how many clicks of one person a second are taken in the long run, default 1; ClickBurst how many at
	// once, default 5.
	ClickRate  float64
	ClickBurst int
}

// Bot answers commands and clicks; *commands.Bot is one.
type Bot interface {
	Handle(ctx context.Context, input commands.Input) commands.Reply
	Suggest(filled commands.Filled, typed string) []commands.Choice
	Home(ctx context.Context, actor filters.Actor, refused error) commands.Home
}

// Edge is the connection to one Slack workspace. Safe for concurrent use.
type Edge struct {
	config    Config
	api       *slackgo.Client
	responses *http.Client
	log       *slog.Logger

	people    people
	groups    groups
	addresses addresses
	directs   directs
	clicks    clicks
	events    seen
	homes     homes

	connected  atomic.Bool
	refused    atomic.Uint64
	botUser    atomic.Pointer[string]
	background work // late answers and look-ups
	stop       context.CancelFunc
	life       context.Context // ends when the edge is stopped
}

// New returns an Edge. It connects to nothing: Run and Handler do. It panics without a Bot.
func New(config Config) *Edge {
	if config.Bot == nil {
		panic("commands/slack: an Edge needs a Bot")
	}
	config.APIURL = cmp.Or(config.APIURL, "https://slack.com/api/")
	if !strings.HasSuffix(config.APIURL, "/") {
		config.APIURL += "/"
	}
	if len(config.ResponseHosts) == 0 {
		config.ResponseHosts = []string{"hooks.slack.com"}
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	config.ClickRate = cmp.Or(config.ClickRate, 1)
	config.ClickBurst = cmp.Or(config.ClickBurst, 5)
	edge := &Edge{config: config, log: config.Logger}
	client := noRedirects(config.HTTPClient)
	edge.responses = client
	edge.api = slackgo.New(config.BotToken, slackgo.OptionAPIURL(config.APIURL), slackgo.OptionAppLevelToken(config.AppToken), slackgo.OptionHTTPClient(client))
	edge.people.known = map[string]*person{}
	edge.groups.known, edge.groups.asking = map[string]group{}, map[string]*inquiry{}
	edge.clicks = clicks{limit: rate.Limit(config.ClickRate), burst: config.ClickBurst, byUser: map[string]*clicker{}}
	edge.events.known = map[string]time.Time{}
	edge.homes.known, edge.homes.wake = map[string]*homeTab{}, make(chan struct{}, 1)
	edge.life, edge.stop = context.WithCancel(context.Background())
	return edge
}

// noRedirects returns a copy of the client that follows none: tokens and answers go where they were sent.
func noRedirects(client *http.Client) *http.Client {
	plain := http.Client{Timeout: 10 * time.Second}
	if client != nil {
		plain = *client
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &plain
}

// Connected tells whether Slack can be reached: the socket is open, or the Web API has just answered.
func (e *Edge) Connected() bool { return e.connected.Load() }

// RefusedClicks counts clicks that were refused because their person was too quick. They are not in the journal.
func (e *Edge) RefusedClicks() uint64 { return e.refused.Load() }

// Stop waits until answers that are under way were sent, at most until ctx ends, and then gives them up. The Bot is
// stopped before, so that new commands are answered with a refusal for as long as deliveries come.
func (e *Edge) Stop(ctx context.Context) {
	select {
	case <-e.background.idle():
	case <-ctx.Done():
	}
	e.stop()
	<-e.background.idle()
}

// work counts what is under way. Unlike a WaitGroup it may begin more while somebody waits.
type work struct {
	mutex   sync.Mutex
	running int
	done    chan struct{} // closed when nothing runs; nil: nobody waits
}

func (w *work) begin() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.running++
}

func (w *work) end() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.running--; w.running == 0 && w.done != nil {
		close(w.done)
		w.done = nil
	}
}

// idle returns a channel that is closed once nothing runs.
func (w *work) idle() <-chan struct{} {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	done := w.done
	if done == nil {
		done = make(chan struct{})
		if w.running == 0 {
			close(done)
			return done
		}
		w.done = done
	}
	return done
}
