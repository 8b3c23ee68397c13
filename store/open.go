package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"cordon/filters"
)

// Config says where Redis is and what this replica is called.
type Config struct {
	// URL is one of
	//
	//	redis://[user@]host[:6379][/db]                            one server
	//	unix:///path/to/socket[?db=N]                              one server on a socket
	//	redis+sentinel://[user@]h1[:26379],h2…[/db]?master=NAME     the master that the Sentinels name
	//	redis+cluster://[user@]h1[:6379],h2…                       Redis Cluster
	//
	// The forms with `rediss` speak TLS. A password stands in Password, not here.
	URL string
	// Password is the ACL user's, or the server's if the URL names no user.
	Password string
	// SentinelPassword is for Sentinels that want one.
	SentinelPassword string
	// CA holds the certificates (PEM) that servers are checked against; empty: the system's.
	CA []byte
	// DataDir is where the witnesses are kept; empty: none are, and Check trusts what it finds.
	DataDir string
	// Replica names this process among the witnesses; it should stay the same when the process is started again.
	Replica string
	// Timeout is the longest wait for one answer; 0: 2 s.
	Timeout time.Duration
	// Dialer replaces the network; nil: the network. With one the URL may be empty.
	Dialer func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger is required.
	Logger *slog.Logger
}

// Redis is the server, or the servers, that clusters' stores are on. Safe for concurrent use.
type Redis struct {
	config  Config
	options *redis.UniversalOptions
	kind    kind
	client  redis.UniversalClient
	clock   clock
	servers servers
	suspect atomic.Bool // an answer was lost
}

// Open connects and checks that the server may be trusted with state: an eviction policy other than noeviction is
// refused, an append-only file that is not synced at each write is warned of. What a server does not tell is not checked,
// with a line in the log. Errors are filters.Errors: Invalid or Unavailable.
func Open(ctx context.Context, config Config) (*Redis, error) {
	if config.Timeout == 0 {
		config.Timeout = 2 * time.Second
	}
	if config.URL == "" && config.Dialer != nil {
		config.URL = "redis://memory"
	}
	address, err := parseURL(config.URL)
	if err != nil {
		return nil, err
	}
	if config.DataDir != "" {
		if err := os.MkdirAll(config.DataDir, 0o700); err != nil {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`data_dir` cannot be used", Expected: "a directory that the bot may write to", Cause: err}
		}
	}
	r := &Redis{config: config, kind: address.kind}
	r.servers.many = address.kind == slots
	if r.options, err = r.universal(address); err != nil {
		return nil, err
	}
	quieten.Do(func() { redis.SetLogger(quiet{}) })
	r.client = r.connect()
	if err := r.Ping(ctx); err != nil {
		r.Close()
		return nil, err
	}
	if err := r.inspect(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close closes every connection. Calls that wait for Redis fail.
func (r *Redis) Close() { _ = r.client.Close() }

// connect makes a client of its own: blocking reads have theirs, which are closed to end them.
func (r *Redis) connect() redis.UniversalClient {
	options := *r.options
	switch r.kind {
	case sentinels:
		return redis.NewFailoverClient(options.Failover())
	case slots:
		return redis.NewClusterClient(options.Cluster())
	}
	return redis.NewClient(options.Simple())
}

func (r *Redis) universal(address address) (*redis.UniversalOptions, error) {
	options := &redis.UniversalOptions{
		Addrs:            address.hosts,
		MasterName:       address.master,
		DB:               address.database,
		Username:         address.user,
		Password:         r.config.Password,
		SentinelPassword: r.config.SentinelPassword,
		Dialer:           r.config.Dialer,
		OnConnect:        r.servers.greet,
		Protocol:         2,
		// A script may have run although its answer was lost: repeating it is for us to decide, by its request key.
		MaxRetries:               -1,
		DialTimeout:              min(time.Second, r.config.Timeout),
		DialerRetries:            1,
		ReadTimeout:              r.config.Timeout,
		WriteTimeout:             r.config.Timeout,
		PoolTimeout:              r.config.Timeout,
		ContextTimeoutEnabled:    true,
		PoolSize:                 16,
		PipelinePoolSize:         -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if address.socket && options.Dialer == nil {
		options.Dialer = func(ctx context.Context, _, path string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	}
	if address.tls {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if len(r.config.CA) > 0 {
			options.TLSConfig.RootCAs = x509.NewCertPool()
			if !options.TLSConfig.RootCAs.AppendCertsFromPEM(r.config.CA) {
				return nil, &filters.Error{Code: filters.Invalid, Wrong: "`redis.ca_file` holds no certificate", Expected: "certificates in PEM form"}
			}
		}
	}
	return options, nil
}

var quieten sync.Once

// quiet keeps go-redis from writing to stderr what we report ourselves.
type quiet struct{}

func (quiet) Printf(ctx context.Context, format string, values ...any) {}
