package mesos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-zookeeper/zk"

	"cordon/filters"
)

// keeper is a finder that asks ZooKeeper: every master has a node json.info_NUMBER under the path, and the one with the
// lowest number leads (FACTS.md). What it knew stays good while ZooKeeper is away.
type keeper struct {
	hosts   []string
	path    string
	auth    []byte // user:password of the digest scheme; empty: none
	scheme  string // of the masters: ZooKeeper does not tell
	cluster string
	logger  *slog.Logger

	mutex   sync.Mutex
	masters []address
	failing error
	away    time.Time     // since when there is no session; zero: there is one
	told    chan struct{} // closed at the first answer, or failure
}

const (
	zkSession = 10 * time.Second
	zkWait    = 2 * time.Second // how long a request waits for ZooKeeper's first answer
	zkAbsence = 2 * time.Second // without a session before it is trouble: changing servers is none
)

// newKeeper reads a zk:// URL. The user's password in it is in no error.
func newKeeper(config Config) (*keeper, error) {
	const expected = "a URL such as `zk://zk-one:2181,zk-two:2181/mesos`, with `user:password@` before the hosts if ZooKeeper asks for one"
	rest := strings.TrimPrefix(config.Masters[0], "zk://")
	hosts, path, _ := strings.Cut(rest, "/")
	auth := ""
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		auth, hosts = hosts[:at], hosts[at+1:]
	}
	k := &keeper{path: "/" + strings.Trim(path, "/"), cluster: config.Cluster, logger: config.Logger, scheme: "http", told: make(chan struct{})}
	if config.TLS != nil {
		k.scheme = "https"
	}
	if auth != "" {
		plain, err := url.PathUnescape(auth)
		if err != nil || !strings.Contains(plain, ":") {
			return nil, invalid("the user of the zk:// URL in `masters` cannot be read", expected)
		}
		k.auth = []byte(plain)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		parsed, err := url.Parse("zk://" + host)
		if err != nil || parsed.Hostname() == "" || parsed.User != nil {
			return nil, invalid("a host of the zk:// URL in `masters` cannot be read", expected)
		}
		if parsed.Port() == "" {
			host = strings.TrimSuffix(host, ":") + ":2181"
		}
		k.hosts = append(k.hosts, host)
	}
	if k.path == "/" {
		return nil, invalid("the zk:// URL in `masters` names no path", expected)
	}
	return k, nil
}

func (k *keeper) candidates(ctx context.Context) ([]address, error) {
	timer := time.NewTimer(zkWait)
	defer timer.Stop()
	select {
	case <-k.told:
	case <-ctx.Done():
	case <-timer.C:
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if len(k.masters) > 0 {
		return k.masters, nil
	}
	wrong := "no master of *" + k.cluster + "* is registered in ZooKeeper under " + k.path
	if words := k.words(); words != "" || !k.wasTold() {
		wrong = "ZooKeeper of *" + k.cluster + "* " + cmp.Or(words, "does not answer") + ", so its masters are not known"
	}
	return nil, &filters.Error{Code: filters.Unavailable, Wrong: wrong, Cause: errors.Join(k.failing, ctx.Err())}
}

func (k *keeper) wasTold() bool {
	select {
	case <-k.told:
		return true
	default:
		return false
	}
}

// words say what is wrong with ZooKeeper, as a verb; the mutex is held.
func (k *keeper) words() string {
	switch {
	case errors.Is(k.failing, zk.ErrNoAuth), errors.Is(k.failing, zk.ErrAuthFailed):
		return "does not let the user of the zk:// URL read " + k.path
	case errors.Is(k.failing, zk.ErrNoNode):
		return "has no path " + k.path
	case k.failing != nil, !k.away.IsZero() && time.Since(k.away) > zkAbsence:
		return "does not answer"
	}
	return ""
}

func (k *keeper) trouble() string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	words := k.words()
	if words == "" {
		return ""
	}
	return "ZooKeeper " + words + "; the masters it named last are asked"
}

// run watches ZooKeeper until ctx ends.
func (k *keeper) run(ctx context.Context) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 200*time.Millisecond, 10*time.Second
	for ctx.Err() == nil {
		err := k.watch(ctx, pause.Reset)
		if ctx.Err() != nil {
			return
		}
		k.fails(err)
		k.logger.Warn("ZooKeeper does not answer", "cluster", k.cluster, "error", err)
		sleep(ctx, pause.NextBackOff())
	}
}

// watch follows the nodes with one connection until something fails.
func (k *keeper) watch(ctx context.Context, went func()) error {
	connection, session, err := zk.Connect(k.hosts, zkSession, zk.WithLogger(quiet{k.logger}), zk.WithLogInfo(false))
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(closed); connection.Close() })
	defer func() {
		if stop() {
			connection.Close()
		} else {
			<-closed
		}
	}()
	if len(k.auth) > 0 {
		if err := connection.AddAuth("digest", k.auth); err != nil {
			return err
		}
	}
	for {
		children, _, changed, err := connection.ChildrenW(k.path)
		if err != nil {
			return err
		}
		masters, err := k.read(connection, children)
		if err != nil {
			return err
		}
		k.knows(masters)
		went()
		if err := k.wait(changed, session); err != nil {
			return err
		}
	}
}

// wait returns when the nodes change; meanwhile it keeps an eye on the session.
func (k *keeper) wait(changed, session <-chan zk.Event) error {
	for {
		select {
		case event := <-changed:
			return event.Err
		case event, open := <-session:
			if !open {
				return zk.ErrClosing
			}
			switch event.State {
			case zk.StateDisconnected:
				k.lost(time.Now())
			case zk.StateHasSession:
				k.lost(time.Time{})
			}
		}
	}
}

// read returns the masters' addresses, the leader's first: its hostname, as redirects name it, then its IP.
func (k *keeper) read(connection *zk.Conn, children []string) ([]address, error) {
	var masters []address
	for _, node := range nodes(children) {
		data, _, err := connection.Get(k.path + "/" + node)
		if errors.Is(err, zk.ErrNoNode) { // it left meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := parseNode(data, k.scheme)
		if err != nil {
			k.logger.Warn("a master's node in ZooKeeper cannot be read", "cluster", k.cluster, "node", node, "error", err)
			continue
		}
		for _, at := range found {
			if !slices.Contains(masters, at) {
				masters = append(masters, at)
			}
		}
	}
	return masters, nil
}

func (k *keeper) knows(masters []address) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if !slices.Equal(masters, k.masters) {
		k.logger.Info("ZooKeeper names masters", "cluster", k.cluster, "masters", fmt.Sprint(masters))
	}
	k.masters, k.failing, k.away = masters, nil, time.Time{}
	k.tell()
}

func (k *keeper) fails(err error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.failing = err
	k.tell()
}

// lost notes since when there is no session: since the first loss, until there is one again.
func (k *keeper) lost(since time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.away.IsZero() || since.IsZero() {
		k.away = since
	}
}

func (k *keeper) tell() {
	if !k.wasTold() {
		close(k.told)
	}
}

// quiet passes what the ZooKeeper client tells to the log, where few look.
type quiet struct{ logger *slog.Logger }

func (q quiet) Printf(format string, values ...any) {
	q.logger.Debug("ZooKeeper client", "says", fmt.Sprintf(format, values...))
}
