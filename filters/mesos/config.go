package mesos

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/internal/secret"
)

// The values of Config.Backend.
const (
	BackendAuto      = "auto" // Mesos 1.9 or later: operator, else allocator
	BackendOperator  = string(filters.BackendOperator)
	BackendAllocator = string(filters.BackendAllocator)
)

// Config is what a Master needs. Only Cluster and Masters are required.
type Config struct {
	// Cluster is the cluster's name in the configuration.
	Cluster string
	// Masters are URLs of masters such as http://master-one:5050, or one zk://[user:password@]host:port,…/path.
	// Credentials go to these and to the masters that ZooKeeper lists, and nowhere else (invariant 11).
	Masters []string
	// Backend is BackendAuto, BackendOperator or BackendAllocator; empty: BackendAuto.
	Backend string

	// Principal and Secret are for basic authentication; an empty Principal sends none.
	Principal string
	Secret    secret.Value
	// BearerToken is sent instead of Principal and Secret if it is not empty.
	BearerToken secret.Value
	// TLS is used for https masters (RootCAs: a private CA). With zk:// a TLS that is not nil means that masters speak https.
	TLS *tls.Config

	// MaxEventFrame is the size in bytes of the largest event accepted after SUBSCRIBED (which is streamed); 0: 4 MiB.
	MaxEventFrame int
	// FullReadEvery is the least time from the beginning of one full reading to that of the next; 0: 30 s.
	FullReadEvery time.Duration
	// FollowerReadEvery is how old the newest reading gets before Run reads again; 0: 5 min.
	FollowerReadEvery time.Duration
	// CallsAtOnce bounds Take, Give and ReadOne together; 0: 32.
	CallsAtOnce int
	// CallsPerSecond bounds the same calls in rate; 0: 250. The allocator module has its own pace, see ModulePace.
	CallsPerSecond float64
	// ModulePace is the least time between two requests to the allocator module, of whatever kind and for whomever: each
	// makes the leader parse its whole state (FACTS.md). There are no bursts: a single command waits its turn. 0: 2 s.
	ModulePace time.Duration
	// CallTimeout bounds one Take, Give or ReadOne once its turn has come; 0: 5 s.
	CallTimeout time.Duration
	// ReadTimeout bounds a full reading; 0: 60 s.
	ReadTimeout time.Duration

	// Logger gets what happens, without secrets; nil: nothing is logged.
	Logger *slog.Logger
	// Now is the local clock; nil: time.Now.
	Now func() time.Time

	dial func(ctx context.Context, network, address string) (net.Conn, error) // for tests in a bubble
}

func (c Config) withDefaults() Config {
	c.Backend = cmp.Or(c.Backend, BackendAuto)
	c.MaxEventFrame = cmp.Or(c.MaxEventFrame, 4<<20)
	c.FullReadEvery = cmp.Or(c.FullReadEvery, 30*time.Second)
	c.FollowerReadEvery = cmp.Or(c.FollowerReadEvery, 5*time.Minute)
	c.CallsAtOnce = cmp.Or(c.CallsAtOnce, 32)
	c.CallsPerSecond = cmp.Or(c.CallsPerSecond, 250)
	c.ModulePace = cmp.Or(c.ModulePace, 2*time.Second)
	c.CallTimeout = cmp.Or(c.CallTimeout, 5*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) check() error {
	backends := []string{BackendAuto, BackendOperator, BackendAllocator}
	if !slices.Contains(backends, c.Backend) {
		return invalid("`backend: "+c.Backend+"` is not a backend", "one of "+strings.Join(backends, ", "))
	}
	if len(c.Masters) == 0 {
		return invalid("no master is named", "`masters: [http://master-one:5050]` or `masters: zk://zk-one:2181/mesos`")
	}
	if len(c.Secret) > 0 && c.Principal == "" {
		return invalid("there is a secret without a principal", "`principal` beside `secret_file`")
	}
	return nil
}

func invalid(wrong, expected string) error {
	return &filters.Error{Code: filters.Invalid, Wrong: wrong, Expected: expected}
}
