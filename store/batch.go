package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// batchMost is how many commits share one trip to Redis. With `appendfsync always` they share its sync to disk as well,
// which is what makes durable commits fast (FACTS.md: 0.37 ms alone, 33 µs each by 64).
const batchMost = 128

// crowd is how many commits have to wait for a second trip to start beside the first: Redis then works on one while we
// read the answers of the other.
const crowd = 32

// batch collects commits while a trip is under way and sends them together when it is back. It has goroutines only while
// there is something to send.
type batch struct {
	send    func([]*passenger)
	mutex   sync.Mutex
	waiting []*passenger
	away    int // trips under way
}

// due tells whether another trip should start beside those that others make.
func (b *batch) due(others int) bool {
	return others == 0 && len(b.waiting) > 0 || others == 1 && len(b.waiting) >= crowd
}

// passenger is one commit on its way.
type passenger struct {
	arguments []any // of EVALSHA, from the number of keys on
	state     atomic.Int32
	done      chan struct{}
	reply     reply
	err       error
}

// The states of a passenger.
const (
	waiting int32 = iota
	aboard        // sent, or about to be
	left          // gave up before it was sent: surely nothing is written
)

// ride waits for the answer. If the context ends before the commit was sent, it is not sent any more.
func (b *batch) ride(ctx context.Context, arguments []any) (reply, error) {
	p := &passenger{arguments: arguments, done: make(chan struct{})}
	b.mutex.Lock()
	b.waiting = append(b.waiting, p)
	start := b.due(b.away)
	if start {
		b.away++
	}
	b.mutex.Unlock()
	if start {
		go b.shuttle()
	}
	select {
	case <-p.done:
		return p.reply, p.err
	case <-ctx.Done():
	}
	if p.state.CompareAndSwap(waiting, left) {
		return nil, unwritten(ctx.Err())
	}
	select {
	case <-p.done:
		return p.reply, p.err
	default:
		return nil, lost(ctx.Err())
	}
}

func (b *batch) shuttle() {
	for {
		b.mutex.Lock()
		if !b.due(b.away - 1) {
			b.away--
			b.mutex.Unlock()
			return
		}
		group := b.waiting[:min(batchMost, len(b.waiting))]
		if b.waiting = b.waiting[len(group):]; len(b.waiting) == 0 {
			b.waiting = nil
		}
		b.mutex.Unlock()
		present := group[:0]
		for _, p := range group {
			if p.state.CompareAndSwap(waiting, aboard) {
				present = append(present, p)
			}
		}
		if len(present) > 0 {
			b.send(present)
		}
		for _, p := range present {
			close(p.done)
		}
	}
}

// exchange sends a group in one pipeline and fills in the answers.
func (s *Store) exchange(group []*passenger) {
	ctx, cancel := context.WithTimeout(context.Background(), s.redis.config.Timeout)
	defer cancel()
	// After a lost answer the connection is tried first: what was not sent can be said to have failed.
	if s.redis.suspect.Load() {
		if err := s.redis.client.Ping(ctx).Err(); err != nil {
			for _, p := range group {
				p.err = unwritten(err)
			}
			return
		}
		s.redis.suspect.Store(false)
	}
	sent := time.Now()
	unknown := s.pipeline(ctx, group, "evalsha", commitScript.Hash())
	if len(unknown) > 0 {
		// Redis forgets scripts when it restarts. The first one teaches it again.
		s.pipeline(ctx, unknown, "eval", commitSource)
	}
	if last := group[len(group)-1]; last.err == nil && len(unknown) == 0 {
		s.redis.clock.observe(sent, time.Now(), last.reply.at())
	}
}

// pipeline returns those whose script Redis did not know.
func (s *Store) pipeline(ctx context.Context, group []*passenger, command, script string) (unknown []*passenger) {
	pipe := s.redis.client.Pipeline()
	commands := make([]*redis.Cmd, len(group))
	for i, p := range group {
		p.arguments[0], p.arguments[1] = command, script
		if i == 0 && command == "eval" {
			command, script = "evalsha", commitScript.Hash()
		}
		commands[i] = redis.NewCmd(ctx, p.arguments...)
		_ = pipe.Process(ctx, commands[i])
	}
	_, _ = pipe.Exec(ctx)
	for i, p := range group {
		answer, err := commands[i].Slice()
		switch {
		case err == nil:
			p.reply, p.err = answer, nil
		case redis.HasErrorPrefix(err, "NOSCRIPT"):
			p.err = unwritten(err)
			unknown = append(unknown, p)
		case unsent(err):
			p.err = unwritten(err)
		default:
			s.redis.suspect.Store(true)
			p.err = lost(err)
		}
	}
	return unknown
}
