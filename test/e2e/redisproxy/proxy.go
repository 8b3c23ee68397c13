package redisproxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// Proxy is one listening address. Safe for concurrent use.
type Proxy struct {
	address string
	dial    func(context.Context) (net.Conn, error)

	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mutex    sync.Mutex
	listener net.Listener
	links    map[*link]struct{}
	traps    []*Caught
	cut      bool
	gate     chan struct{} // closed: requests pass
	delay    time.Duration
}

// Start listens on the address, host:port; dial reaches the server.
func Start(address string, dial func(context.Context) (net.Conn, error)) (*Proxy, error) {
	p := &Proxy{address: address, dial: dial, links: map[*link]struct{}{}, gate: make(chan struct{})}
	p.ctx, p.stop = context.WithCancel(context.Background())
	close(p.gate)
	if err := p.listen(); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *Proxy) listen() error {
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.address, p.listener = listener.Addr().String(), listener
	p.running.Go(func() { p.accept(listener) })
	return nil
}

// Addr returns host:port.
func (p *Proxy) Addr() string { return p.address }

// Close cuts everything and waits until it has ended.
func (p *Proxy) Close() {
	p.stop()
	p.Refuse()
	p.running.Wait()
}

// Cut cuts every connection, and new ones as soon as they are made.
func (p *Proxy) Cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cut = true
	p.cutLinks()
}

// Refuse cuts every connection and listens no more: new ones are refused.
func (p *Proxy) Refuse() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.cutLinks()
}

// Stall lets nothing pass to the server, and cuts nothing.
func (p *Proxy) Stall() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.gate = make(chan struct{})
}

// Delay holds each request back for so long.
func (p *Proxy) Delay(d time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.delay = d
}

// Heal ends Cut, Refuse, Stall and Delay. Traps stay set. Its error is that the address is taken meanwhile.
func (p *Proxy) Heal() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cut, p.delay = false, 0
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
	if p.listener == nil {
		return p.listen()
	}
	return nil
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve joins one client to the server until either goes.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := p.dial(p.ctx)
	if err != nil {
		return
	}
	defer server.Close()
	l := newLink(p, client, server)
	if !p.admit(l) {
		return
	}
	defer p.dismiss(l)
	l.run()
}

func (p *Proxy) admit(l *link) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.cut || p.listener == nil {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) dismiss(l *link) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.links, l)
}

func (p *Proxy) cutLinks() {
	for l := range p.links {
		l.cut()
	}
}

// await holds a request back for as long as it has to be.
func (p *Proxy) await(ctx context.Context) error {
	p.mutex.Lock()
	gate, delay := p.gate, p.delay
	p.mutex.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	select {
	case <-gate:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
