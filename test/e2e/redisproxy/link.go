package redisproxy

import (
	"bufio"
	"bytes"
	"context"
	"net"
)

// link is one connection through the proxy. Answers come in the order of requests.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	ctx            context.Context
	stop           context.CancelFunc
	pending        chan *Caught // of each request under way; nil: not caught
}

// under is how many requests may be under way on one connection.
const under = 4096

func newLink(p *Proxy, client, server net.Conn) *link {
	l := &link{proxy: p, client: client, server: server, pending: make(chan *Caught, under)}
	l.ctx, l.stop = context.WithCancel(p.ctx)
	return l
}

// cut ends both connections at once.
func (l *link) cut() {
	l.stop()
	_ = l.client.Close()
	_ = l.server.Close()
}

func (l *link) run() {
	defer l.cut()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer l.cut()
		l.answers()
	}()
	l.requests()
	l.cut()
	<-done
}

// requests hands requests to the server until the client goes.
func (l *link) requests() {
	defer close(l.pending)
	from := bufio.NewReaderSize(l.client, 64<<10)
	for {
		request, err := read(from)
		if err != nil || l.proxy.await(l.ctx) != nil {
			return
		}
		caught := l.proxy.caught(request.words)
		fate := Pass
		if caught != nil && caught.trap.Before != nil {
			fate = caught.trap.Before()
		}
		if caught != nil && caught.trap.After == nil {
			defer caught.spring() // also where the connection is cut
			if fate == Pass {
				caught.spring()
			}
		}
		switch fate {
		case Swallow:
			caught.spring()
			continue
		case Pass:
		default:
			return
		}
		l.pending <- caught
		if _, err := l.server.Write(request.raw); err != nil {
			return
		}
	}
}

// answers hands answers back until the server goes.
func (l *link) answers() {
	from := bufio.NewReaderSize(l.server, 64<<10)
	for {
		answer, err := read(from)
		if err != nil {
			return
		}
		caught, open := <-l.pending
		if !open {
			return
		}
		if caught != nil && caught.trap.After != nil && bytes.HasPrefix(answer.raw, []byte("-NOSCRIPT")) {
			l.proxy.again(caught) // nothing was carried out: the client sends the script itself now
		} else if caught != nil && caught.trap.After != nil {
			fate := caught.trap.After()
			defer caught.spring()
			switch fate {
			case Swallow:
				caught.spring()
				continue
			case Truncate:
				_, _ = l.client.Write(answer.raw[:len(answer.raw)/2])
				return
			case Cut:
				return
			default:
				caught.spring()
			}
		}
		if _, err := l.client.Write(answer.raw); err != nil {
			return
		}
	}
}
