package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// What one stream sends, and how often when there is nothing to send.
const (
	maxStreamed = 300 // messages: a browser need not draw a long day
	keepAlive   = 15 * time.Second
)

// events answers GET /sim/events?user= with server-sent events: "chat" carries
// what the user sees, "home" the user's Home tab, "views" the dialogs that are open for the user, "cluster" the cluster, each whole, at first and after
// every change.
func (p *page) events(w http.ResponseWriter, r *http.Request) {
	user, err := p.person(r.URL.Query().Get("user"))
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s := stream{w: w, flush: http.NewResponseController(w).Flush, sent: map[string][]byte{}}
	p.follow(r.Context(), user, &s)
}

// follow returns when ctx ends or the reader is gone.
func (p *page) follow(ctx context.Context, user string, s *stream) {
	cluster, chat := p.Cluster.Watch(ctx), p.Workspace.Watch(ctx)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	err := s.send("cluster", p.view())
	if err == nil {
		err = p.tell(user, s)
	}
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case _, more := <-cluster:
			if !more {
				return
			}
			err = s.send("cluster", p.view())
		case _, more := <-chat:
			if !more {
				return
			}
			err = p.tell(user, s)
		case <-tick.C:
			err = s.comment()
		}
	}
}

// tell sends what the user sees of the workspace.
func (p *page) tell(user string, s *stream) error {
	if err := s.send("chat", p.conversation(user)); err != nil {
		return err
	}
	if err := s.send("home", p.homeOf(user)); err != nil {
		return err
	}
	return s.send("views", viewsAnswer{list(p.Workspace.Views(user))})
}

func (p *page) conversation(user string) messagesAnswer {
	messages := list(p.Workspace.Messages(user))
	return messagesAnswer{messages[max(0, len(messages)-maxStreamed):]}
}

// stream writes events to one reader and leaves out what it has already.
type stream struct {
	w     http.ResponseWriter
	flush func() error
	sent  map[string][]byte
}

func (s *stream) send(event string, value any) error {
	data, err := json.Marshal(value)
	if err != nil || bytes.Equal(data, s.sent[event]) {
		return err
	}
	s.sent[event] = data
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, data); err != nil {
		return err
	}
	return s.flush()
}

func (s *stream) comment() error {
	if _, err := fmt.Fprint(s.w, ": here\n\n"); err != nil {
		return err
	}
	return s.flush()
}
