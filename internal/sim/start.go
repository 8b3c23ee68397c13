package sim

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/internal/sim/marathon"
	simmesos "cordon/internal/sim/mesos"
	simslack "cordon/internal/sim/slack"
)

// Addresses are where the parts of a demo listen; port 0 picks a free one.
type Addresses struct {
	Page string
	// Bot is where whoever starts the bot lets it listen.
	Bot     string
	Masters []string
}

// DefaultAddresses are those of a demo that names no port (issue 3).
func DefaultAddresses() Addresses {
	return Addresses{Page: "127.0.0.1:8080", Bot: "127.0.0.1:8081", Masters: []string{"127.0.0.1:5050", "127.0.0.1:5051"}}
}

// AddressesFrom puts the page on port, the bot and the masters on the next ones
// (CONTRACTS.md); port 0 gives each a free one.
func AddressesFrom(port int) (Addresses, error) {
	if port < 0 || port > 65532 {
		return Addresses{}, fmt.Errorf("port %d: expected 0 for free ports, or 1 to 65532, because three more follow it", port)
	}
	at := func(offset int) string {
		if port == 0 {
			return "127.0.0.1:0"
		}
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+offset))
	}
	return Addresses{Page: at(0), Bot: at(1), Masters: []string{at(2), at(3)}}, nil
}

// Config is what a demo may be given; the zero value listens on free ports.
type Config struct {
	Addresses Addresses
	// BotURL is where Slack delivers to over HTTP; empty: to Addresses.Bot, if
	// that has a port. SetBotURL of the workspace changes it later.
	BotURL string
	// Module loads the offer-filter allocator module into the masters.
	Module bool
	// Redis is what "cut Redis" cuts; nil where Redis is another process.
	Redis Redis
	// Verbs are completed after /mesos.
	Verbs []Verb
	// Logger gets what goes wrong; nil discards it.
	Logger *slog.Logger
}

// Demo is a running simulated cluster and workspace with the page over them.
type Demo struct {
	Cluster   *simmesos.Cluster
	Marathon  *marathon.Marathon
	Workspace *simslack.Workspace
	// MarathonURL and BatchURL are where the frameworks marathon and batch
	// answer, without a slash at the end: BatchURL with the API's root.
	MarathonURL, BatchURL string
	// PageURL is the page's address, with a slash at its end.
	PageURL     string
	TeamID      string
	Channel     Channel
	People      []Person
	ClusterName string
	// OnCall are the people who are on call, one for each level of escalation, and Group is the user group of those who operate the
	// cluster, by their IDs.
	OnCall []string
	Group  string
	// HookSecret signs calls of the webhook at HookURL.
	HookSecret string

	servers []*http.Server
	serving sync.WaitGroup
}

// The names that the demo's bot is configured with.
const (
	teamID      = "T0CORDON"
	channelID   = "C0OPS"
	channelName = "ops"
	clusterName = "demo"
	groupID     = "S0SRE"
)

// onCall are who is called first, and who next.
var onCall = []string{"U0BOB", "U0DANA"}

// Start opens the demo's cluster of six agents and two masters, its workspace of
// five people, and the page. It runs until Close; ctx bounds the start alone.
func Start(ctx context.Context, config Config) (*Demo, error) {
	config.Logger = cmp.Or(config.Logger, slog.New(slog.DiscardHandler))
	demo := &Demo{
		TeamID: teamID, Channel: Channel{ID: channelID, Name: channelName}, People: demoPeople(), ClusterName: clusterName, OnCall: onCall, Group: groupID,
		HookSecret: rand.Text(),
	}
	err := demo.open(ctx, config)
	if err != nil {
		return nil, errors.Join(err, demo.Close())
	}
	return demo, nil
}

func (d *Demo) open(ctx context.Context, config Config) (err error) {
	page, err := listenLoopback(ctx, cmp.Or(config.Addresses.Page, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("the demo's page: %w", err)
	}
	d.PageURL = "http://" + page.Addr().String() + "/"
	if d.Cluster, err = startCluster(ctx, config); err == nil {
		d.Workspace, err = startWorkspace(context.WithoutCancel(ctx), config, d.People)
	}
	if err == nil {
		err = d.openFrameworks(ctx)
	}
	if err != nil {
		return errors.Join(err, page.Close())
	}
	d.serve(page, NewPage(PageConfig{
		Cluster: clusterPort{d.Cluster}, Agents: clusterPort{d.Cluster}, Frameworks: frameworksPort{d.Cluster, d.Marathon}, Workspace: d.Workspace, Redis: config.Redis, People: d.People, Channel: d.Channel,
		Bot: simslack.BotUserID, ClusterName: d.ClusterName, Verbs: config.Verbs, HookSecret: d.HookSecret, Logger: config.Logger,
	}))
	return nil
}

// listenLoopback refuses addresses that other machines could reach: the page
// asks nobody who they are.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	if !loopbackHost(address) {
		return nil, fmt.Errorf("%s is not a loopback address such as 127.0.0.1:8080", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// serve answers on listener until Close. Streams end with the server's context.
func (d *Demo) serve(listener net.Listener, handler http.Handler) {
	ctx, stop := context.WithCancel(context.Background())
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	server.RegisterOnShutdown(stop)
	d.servers = append(d.servers, server)
	d.serving.Go(func() {
		defer stop()
		_ = server.Serve(listener) // always ErrServerClosed, by Close
	})
}

// Close stops everything and returns when it has ended. Closing twice is harmless.
func (d *Demo) Close() error {
	var errs []error
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, server := range d.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	d.serving.Wait()
	if d.Workspace != nil {
		errs = append(errs, d.Workspace.Close())
	}
	if d.Cluster != nil {
		errs = append(errs, d.Cluster.Close())
	}
	return errors.Join(errs...)
}

// Ready is what the ready file says of the demo; who runs the bot adds what it
// knows. The tokens of the workspace are left out: they are for bot sim alone.
func (d *Demo) Ready(bot, apiToken string) Ready {
	users := map[string]string{}
	for _, person := range d.People {
		users[person.Name] = person.ID
	}
	return Ready{
		Page: strings.TrimSuffix(d.PageURL, "/"), Bot: bot, Masters: d.Cluster.MasterURLs(), SlackAPI: d.Workspace.URL(),
		SigningSecret: d.Workspace.SigningSecret(), APIToken: apiToken, TeamID: d.TeamID, ChannelID: d.Channel.ID, Users: users,
		MarathonURL: d.MarathonURL, BatchURL: d.BatchURL,
	}
}

// HookURL is where a webhook restarts the agent that its call names.
func (d *Demo) HookURL() string { return d.PageURL + "sim/hooks/reboot" }

// Operators are the Slack user IDs of those who may change things.
func (d *Demo) Operators() []string { return d.having(operator) }

// Approvers are the Slack user IDs of those who may approve what others ask for.
func (d *Demo) Approvers() []string { return d.having(approver) }

func (d *Demo) having(role string) []string {
	var ids []string
	for _, person := range d.People {
		if person.Role == role {
			ids = append(ids, person.ID)
		}
	}
	return ids
}

// localZone is the machine's time zone, which is the visitor's, or UTC where it
// has no name.
func localZone() string {
	if name := os.Getenv("TZ"); name != "" {
		return validZone(name)
	}
	target, err := os.Readlink("/etc/localtime")
	if err != nil {
		return "UTC"
	}
	_, name, _ := strings.Cut(target, "zoneinfo/")
	return validZone(name)
}

func validZone(name string) string {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		return "UTC"
	}
	return name
}
