package store

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// knowledge is what the last Check found, and the newest journal ID seen since.
type knowledge struct {
	epoch   string // as stored
	newest  string
	servers int64
	checked bool
	doubt   string
}

// memory guards knowledge.
type memory struct {
	mutex sync.Mutex
	knowledge
}

func (m *memory) set(k knowledge) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.knowledge = k
}

func (m *memory) get() knowledge {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.knowledge
}

// see moves the newest journal ID on.
func (m *memory) see(id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.checked && filters.After(id, m.newest) {
		m.newest = id
	}
}

// trusted returns the epoch, and whether the last Check had no doubt.
func (m *memory) trusted() (epoch string, ok bool) {
	k := m.get()
	epoch, _, _ = parseEpoch(k.epoch)
	return epoch, k.checked && k.doubt == ""
}

// Pulse tells cheaply whether Redis is still the one that Check last trusted: the same servers, the same epoch, a journal
// that does not end earlier. If not, or if Check was never called or had a doubt, Check has to look again. It keeps Now up.
func (s *Store) Pulse(ctx context.Context) (steady bool, err error) {
	if err := s.redis.Ping(ctx); err != nil {
		return false, err
	}
	known := s.known.get() // before Redis is asked: commits go on, and what they wrote since is newer than the answer
	var epoch *redis.StringCmd
	var newest *redis.XMessageSliceCmd
	_, err = s.redis.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		epoch, newest = pipe.Get(ctx, s.keys.epoch), pipe.XRevRangeN(ctx, s.keys.journal, "+", "-", 1)
		return nil
	})
	if err != nil && !absent(err) {
		return false, s.redis.fault(err)
	}
	last := ""
	if entries := newest.Val(); len(entries) > 0 {
		last = entries[0].ID
	}
	if !known.checked || known.doubt != "" || known.servers != s.redis.servers.changes.Load() || known.epoch != epoch.Val() ||
		filters.After(known.newest, last) {
		return false, nil
	}
	s.known.see(last)
	return true, nil
}

// reconsider checks Redis again before an agent is given back, if it may be another since the last Check.
func (s *Store) reconsider(ctx context.Context) error {
	known := s.known.get()
	if !known.checked || known.servers == s.redis.servers.changes.Load() {
		return nil
	}
	lock, err := s.Check(ctx)
	if err != nil || lock == nil {
		return err
	}
	return &filters.Error{Code: filters.Locked, Wrong: "nothing is given back in *" + s.cluster + "*", Expected: lock.Cause}
}
