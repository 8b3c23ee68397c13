package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode.
const (
	responseLimit = 20 << 10 // bytes; Slack drops larger acknowledgements in silence (FACTS.md)
	socketHost    = "applink-sim"
	writeTimeout  = 2 * time.Second
)

// socket is one Socket Mode connection.
type socket struct {
	connection *websocket.Conn
	writing    sync.Mutex

	mu      sync.Mutex
	leaving bool // told to go: gets no more deliveries
	waiting map[string]chan acknowledgement
}

// serveSocket turns a request with a ticket into a Socket Mode connection and reads it to its end.
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	if mode, _, _ := w.mode.current(); mode == modeDown || !w.pool.redeem(r.URL.Query().Get("ticket")) {
		http.Error(rw, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // the ticket is the authority
	connection, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer func() { _ = connection.Close() }()
	s := &socket{connection: connection, waiting: map[string]chan acknowledgement{}}
	count, refusal := w.pool.join(s)
	if refusal != "" {
		_ = s.send(disconnection(refusal))
		return
	}
	defer w.pool.leave(s)
	if err := s.send(w.hello(count)); err != nil {
		return
	}
	w.log.Debug("socket connected", "connections", count)
	s.serve(w.config.PingInterval)
}

func (w *Workspace) hello(count int) map[string]any {
	return map[string]any{
		"type": "hello", "num_connections": count, "connection_info": map[string]any{"app_id": w.config.AppID},
		"debug_info": map[string]any{"host": socketHost, "build_number": 1, "approximate_connection_time": 18060},
	}
}

func disconnection(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": socketHost}}
}

func (s *socket) send(message any) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.connection.SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.connection.WriteJSON(message)
}

// serve pings and reads until the connection ends.
func (s *socket) serve(interval time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	var pinging sync.WaitGroup
	pinging.Go(func() { s.ping(ctx, interval) })
	s.read(3 * interval)
	stop()
	pinging.Wait()
}

// ping keeps the connection alive, and ends one that was told to go and did not.
func (s *socket) ping(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.isLeaving() || s.connection.WriteControl(websocket.PingMessage, []byte("Ping from "+socketHost), time.Now().Add(writeTimeout)) != nil {
			_ = s.connection.Close()
			return
		}
	}
}

// read takes acknowledgements until the connection fails or is silent for too long.
func (s *socket) read(silence time.Duration) {
	alive := func(string) error { return s.connection.SetReadDeadline(time.Now().Add(silence)) }
	_ = alive("")
	s.connection.SetPongHandler(alive)
	for {
		_, message, err := s.connection.ReadMessage()
		if err != nil {
			return
		}
		_ = alive("")
		var response struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if len(message) >= responseLimit || json.Unmarshal(message, &response) != nil {
			continue
		}
		s.acknowledged(response.EnvelopeID, response.Payload)
	}
}

func (s *socket) acknowledged(envelope string, payload json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiter, here := s.waiting[envelope]
	if !here {
		return
	}
	delete(s.waiting, envelope)
	if string(payload) == "null" {
		payload = nil
	}
	waiter <- acknowledgement{body: payload, isJSON: true}
}

// deliver sends an envelope and waits for its acknowledgement until ctx ends.
func (s *socket) deliver(ctx context.Context, d delivery) (acknowledgement, error) {
	envelope := secret(16)
	waiter := make(chan acknowledgement, 1)
	s.mu.Lock()
	s.waiting[envelope] = waiter
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, envelope)
	}()
	if err := s.send(d.envelope(envelope)); err != nil {
		return acknowledgement{}, errDispatchFailed
	}
	select {
	case ack := <-waiter:
		return ack, nil
	case <-ctx.Done():
		return acknowledgement{}, errOperationTimeout
	}
}

func (s *socket) isLeaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}

func (s *socket) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
}

func (w *Workspace) openConnection(arguments) (result, error) {
	address := strings.Replace(w.base, "http://", "ws://", 1)
	return result{"url": address + "/link?ticket=" + w.pool.issue() + "&app_id=" + w.config.AppID}, nil
}
