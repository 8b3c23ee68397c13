package store

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// servers are the Redis processes that connections led to. Another process than before may hold other data: after a
// restart, a failover, a restore (Pulse). So may one that was met before, if another was in between; only of the many of a
// Redis Cluster that is the rule.
type servers struct {
	many    bool
	mutex   sync.Mutex
	met     map[string]bool
	last    string
	changes atomic.Int64
}

// greet is called for each new connection. A server that does not say who it is counts as known.
func (s *servers) greet(ctx context.Context, connection *redis.Conn) error {
	info, err := connection.Info(ctx, "server").Result()
	if err != nil {
		return nil //nolint:nilerr // a server that is loading, or that forbids INFO, answers the command itself
	}
	process, known := infoField(info, "run_id")
	if !known {
		return nil
	}
	s.meet(process)
	return nil
}

func (s *servers) meet(process string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.met[process] && (s.many || s.last == process) {
		return
	}
	if s.met == nil {
		s.met = map[string]bool{}
	}
	s.met[process], s.last = true, process
	s.changes.Add(1)
}

// inspect refuses a server that may throw state away and warns of one that may lose a second of it.
func (r *Redis) inspect(ctx context.Context) error {
	info, err := r.client.Info(ctx, "memory").Result()
	policy, known := infoField(info, "maxmemory_policy")
	switch {
	case err != nil || !known:
		r.config.Logger.Info("redis does not tell its eviction policy, not checked")
	case policy != "noeviction":
		return &filters.Error{
			Code: filters.Invalid, Wrong: "Redis may evict keys: its maxmemory-policy is `" + policy + "`",
			Expected: "noeviction: evicted state would be filters that nobody released", Try: "CONFIG SET maxmemory-policy noeviction",
		}
	}
	synced, err := r.client.ConfigGet(ctx, "append*").Result()
	switch {
	case err != nil:
		r.config.Logger.Info("redis does not tell how it syncs its append-only file, not checked")
	case synced["appendonly"] != "yes" || synced["appendfsync"] != "always":
		r.config.Logger.Warn("redis can lose acknowledged writes when it crashes: `appendonly yes` and `appendfsync always` keep them",
			"appendonly", synced["appendonly"], "appendfsync", synced["appendfsync"])
	}
	return nil
}

func infoField(info, name string) (string, bool) {
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
