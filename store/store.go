package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Store is the durable state of one cluster. Safe for concurrent use; all of them share the Redis they came from.
type Store struct {
	redis   *Redis
	cluster string
	keys    keys
	log     *slog.Logger
	batch   batch
	known   memory
	witness witnessKept
	recent  recent
	// checking is held by the one Check that runs: a second one would take the witness of an installation that the first
	// has just made for older than what it had read before.
	checking sync.Mutex
}

// Cluster returns the store of a cluster. The name is the configuration's, `[a-z0-9-]+`. Ask once per cluster: commits
// of one Store share their trips to Redis.
func (r *Redis) Cluster(name string) *Store {
	s := &Store{redis: r, cluster: name, keys: keysOf(name), log: r.config.Logger.With("cluster", name)}
	s.batch.send = s.exchange
	return s
}

// Name returns the cluster's name.
func (s *Store) Name() string { return s.cluster }

// Now is Redis TIME, UTC, kept up from the last answer on the monotonic clock.
func (s *Store) Now() time.Time { return s.redis.clock.now() }

// Redis returns the server that the store is on.
func (s *Store) Redis() *Redis { return s.redis }

// Ping tells whether Redis answers, and keeps Now up.
func (r *Redis) Ping(ctx context.Context) error {
	sent := time.Now()
	now, err := r.client.Time(ctx).Result()
	if err != nil {
		return r.fault(err)
	}
	r.clock.observe(sent, time.Now(), now)
	return nil
}

// Now is Redis TIME, UTC.
func (r *Redis) Now() time.Time { return r.clock.now() }

// Offset is Redis TIME minus the local wall clock, by the last answer.
func (r *Redis) Offset() time.Duration { return r.clock.off() }

// ClockOff tells whether the local clock is, or has stepped, further off Redis TIME than Tolerance: then this replica must
// not lead.
func (r *Redis) ClockOff() bool { return r.clock.off().Abs() > Tolerance }
