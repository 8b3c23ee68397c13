package store

import (
	"context"
	"time"

	"cordon/filters"
)

// Publish replaces what followers know of the leader's view of the cluster. An older term is refused with ErrStale.
func (s *Store) Publish(ctx context.Context, term int64, view []byte) error {
	_, err := s.run(ctx, publishScript, []string{s.keys.term, s.keys.view}, term, view)
	return err
}

// View returns what the leader published last, and when, by Redis TIME, UTC; nil and the zero time if nothing was.
func (s *Store) View(ctx context.Context) (view []byte, at time.Time, err error) {
	values, err := s.redis.client.HMGet(ctx, s.keys.view, "data", "at").Result()
	if err != nil {
		return nil, time.Time{}, s.redis.fault(err)
	}
	data, there := values[0].(string)
	if !there {
		return nil, time.Time{}, nil
	}
	written, _ := values[1].(string)
	return []byte(data), milliseconds(written), nil
}

// Progress tells how far an operation has come, see filters.Store. One that is not known has only its name.
func (s *Store) Progress(ctx context.Context, operation string) (filters.Progress, error) {
	progress := filters.Progress{Operation: operation}
	text, err := s.redis.client.HGet(ctx, s.keys.operations, operation).Result()
	if absent(err) {
		return progress, nil
	}
	if err != nil {
		return progress, s.redis.fault(err)
	}
	_, err = parseProgress(text, &progress)
	return progress, err
}

// Standing returns how many distinct agents are under standing filters, in all and by rack, as the limits count them.
func (s *Store) Standing(ctx context.Context) (total int, racks map[string]int, err error) {
	counts, err := s.redis.client.HGetAll(ctx, s.keys.counts).Result()
	if err != nil {
		return 0, nil, s.redis.fault(err)
	}
	total, racks = parseCounts(counts)
	return total, racks, nil
}
