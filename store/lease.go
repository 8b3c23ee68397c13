package store

import (
	"context"
	"time"

	"cordon/internal/leader"
)

// Acquire takes the lease for ttl if nobody else holds it, see leader.Lease. A holder named "replica/process" takes it over from
// its own replica, this process or one before it: who names holders so sees to it that a replica has one process at a time. Each
// time it is taken it has a new term, so that nothing that was sent before counts. The lease's clock is Redis TIME.
func (s *Store) Acquire(ctx context.Context, holder, url string, ttl time.Duration) (term int64, previous time.Time, ok bool, err error) {
	answer, err := s.run(ctx, acquireScript, []string{s.keys.lease, s.keys.term, s.keys.beat}, holder, url, ttl.Milliseconds())
	if err != nil || answer.word() != "TAKEN" {
		return 0, time.Time{}, false, err
	}
	return answer.number(2), milliseconds(answer.text(3)), true, nil
}

// Renew makes the lease of a term last ttl from now, and is the leader's beat. It answers leader.ErrLost if the lease has
// ended or is another term's.
func (s *Store) Renew(ctx context.Context, term int64, ttl time.Duration) error {
	answer, err := s.run(ctx, renewScript, []string{s.keys.lease, s.keys.beat}, term, max(1, ttl.Milliseconds()))
	if err == nil && answer.word() == "LOST" {
		return leader.ErrLost
	}
	return err
}

// Release gives the lease up at once. Its end stays known as what it would have been.
func (s *Store) Release(ctx context.Context, term int64) error {
	answer, err := s.run(ctx, renewScript, []string{s.keys.lease, s.keys.beat}, term, 0)
	if err == nil && answer.word() == "LOST" {
		return leader.ErrLost
	}
	return err
}

// Leadership is who leads a cluster, as Redis knows it.
type Leadership struct {
	Holder string
	URL    string // where the holder is reached; empty: it did not say
	Term   int64
	Until  time.Time // when the lease ends unless it is renewed, UTC
}

// Leader returns who holds the lease, and false if nobody does.
func (s *Store) Leader(ctx context.Context) (Leadership, bool, error) {
	lease, err := s.redis.client.HGetAll(ctx, s.keys.lease).Result()
	if err != nil {
		return Leadership{}, false, s.redis.fault(err)
	}
	found := Leadership{Holder: lease["holder"], URL: lease["url"], Until: milliseconds(lease["until"])}
	found.Term, _ = decimal(lease["term"])
	if lease["released"] != "0" || !s.Now().Before(found.Until) {
		return Leadership{}, false, nil
	}
	return found, true, nil
}
