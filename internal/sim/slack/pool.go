package slack

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	socketLimit = 10 // connections of one app
	ticketLife  = 30 * time.Second
	returnTime  = 10 * time.Second // in which a bot should be back after Slack was down
)

// pool holds the connected sockets.
type pool struct {
	mu      sync.Mutex
	tickets map[string]time.Time // one-time passes from apps.connections.open
	sockets []*socket
	changed chan struct{} // closed and made anew when a socket comes or goes
	used    bool          // there was a socket before
	closed  bool
	running sync.WaitGroup
}

func newPool() *pool { return &pool{tickets: map[string]time.Time{}, changed: make(chan struct{})} }

func (p *pool) issue() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for ticket, issued := range p.tickets {
		if now.Sub(issued) > ticketLife {
			delete(p.tickets, ticket)
		}
	}
	ticket := secret(16)
	p.tickets[ticket] = now
	return ticket
}

func (p *pool) redeem(ticket string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, here := p.tickets[ticket]
	delete(p.tickets, ticket)
	return here && time.Since(issued) <= ticketLife
}

// join adds a socket and returns how many there are, or the reason for refusing it. After joining it must leave.
func (p *pool) join(s *socket) (count int, refusal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, "link_disabled"
	case len(p.sockets) >= socketLimit:
		return 0, "too_many_websockets"
	}
	p.running.Add(1)
	p.sockets = append(p.sockets, s)
	p.used = true
	p.signal()
	return len(p.sockets), ""
}

func (p *pool) leave(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets = slices.DeleteFunc(p.sockets, func(other *socket) bool { return other == s })
	p.signal()
	p.running.Done()
}

// signal wakes those who wait for a change. The caller holds the lock.
func (p *pool) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// pick chooses a socket for one delivery, or nil.
func (p *pool) pick() *socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	staying := slices.DeleteFunc(slices.Clone(p.sockets), (*socket).isLeaving)
	if len(staying) == 0 {
		return nil
	}
	return staying[rand.IntN(len(staying))]
}

// awaitReturn gives a bot that had a socket the time to open one again.
func (p *pool) awaitReturn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	for {
		p.mu.Lock()
		there, changed := len(p.sockets) > 0 || !p.used, p.changed
		p.mu.Unlock()
		if there {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (p *pool) all() []*socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sockets)
}

// cut ends all connections without a word.
func (p *pool) cut() {
	for _, s := range p.all() {
		_ = s.connection.Close()
	}
}

// close ends all connections for good and waits for their goroutines.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cut()
	p.running.Wait()
}
