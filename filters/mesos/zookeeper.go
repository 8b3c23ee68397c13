package mesos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
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
	told    chan struct{} // closed when masters came for the first time
}

const (
	zkSession = 10 * time.Second
	zkWait    = 2 * time.Second // how long a request waits for ZooKeeper's first answer
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
	if k.failing != nil || !k.wasTold() {
		wrong = "ZooKeeper of *" + k.cluster + "* does not answer, so its masters are not known"
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

func (k *keeper) trouble() string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.failing == nil {
		return ""
	}
	return "ZooKeeper does not answer; the masters it named last are asked"
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
	connection, _, err := zk.Connect(k.hosts, zkSession, zk.WithLogger(quiet{k.logger}), zk.WithLogInfo(false))
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
		if event := <-changed; event.Err != nil {
			return event.Err
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

// nodes returns the names of masters' nodes by number, lowest first.
func nodes(children []string) []string {
	type numbered struct {
		name   string
		number uint64
	}
	var found []numbered
	for _, name := range children {
		digits, ok := strings.CutPrefix(name, "json.info_")
		number, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil {
			found = append(found, numbered{name, number})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	names := make([]string, len(found))
	for i, node := range found {
		names[i] = node.name
	}
	return names
}

// parseNode reads a node's MasterInfo in JSON.
func parseNode(data []byte, scheme string) ([]address, error) {
	var info struct {
		Hostname string `json:"hostname"`
		PID      string `json:"pid"`
		Port     int    `json:"port"`
		Address  struct {
			Hostname string `json:"hostname"`
			IP       string `json:"ip"`
			Port     int    `json:"port"`
		} `json:"address"`
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return nil, err
	}
	ip, pidPort := parsePID(info.PID)
	port := strconv.Itoa(cmp.Or(info.Address.Port, info.Port, pidPort))
	var found []address
	for _, host := range []string{info.Address.Hostname, info.Hostname, info.Address.IP, ip} {
		at, ok := newAddress(scheme, host, port)
		if ok && !slices.Contains(found, at) {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("it names no host and port")
	}
	return found, nil
}

func (k *keeper) knows(masters []address) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if !slices.Equal(masters, k.masters) {
		k.logger.Info("ZooKeeper names masters", "cluster", k.cluster, "masters", fmt.Sprint(masters))
	}
	k.masters, k.failing = masters, nil
	if !k.wasTold() {
		close(k.told)
	}
}

func (k *keeper) fails(err error) { k.mutex.Lock(); defer k.mutex.Unlock(); k.failing = err }

// quiet passes what the ZooKeeper client tells to the log, where few look.
type quiet struct{ logger *slog.Logger }

func (q quiet) Printf(format string, values ...any) {
	q.logger.Debug("ZooKeeper client", "says", fmt.Sprintf(format, values...))
}
