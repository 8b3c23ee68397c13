package mesos

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// pipes is a listener whose connections are pipes, so that a master answers inside a bubble.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newPipes() *pipes {
	return &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case connection := <-p.accepted:
		return connection, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// whisperer is a master in a bubble whose event streams follow a script.
type whisperer struct {
	mutex   sync.Mutex
	id      string
	streams int
	script  func(stream int, send func([]byte), ended <-chan struct{})
}

func (w *whisperer) ServeHTTP(writer http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var call master.Call
	if call.Unmarshal(body) != nil {
		writer.WriteHeader(http.StatusNotFound)
		return
	}
	w.mutex.Lock()
	id, stream := w.id, w.streams+1
	if call.Type == master.Call_SUBSCRIBE {
		w.streams++
	}
	w.mutex.Unlock()
	switch call.Type {
	case master.Call_GET_MASTER:
		_, _ = writer.Write(introduction(id, "1.12.0").body)
	case master.Call_SUBSCRIBE:
		flush := http.NewResponseController(writer).Flush
		w.script(stream, func(bytes []byte) { _, _ = writer.Write(bytes); _ = flush() }, r.Context().Done())
	default:
		writer.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (w *whisperer) count() int { w.mutex.Lock(); defer w.mutex.Unlock(); return w.streams }

// whisper runs a test in a bubble with a Master that leads.
func whisper(t *testing.T, w *whisperer, test func(t *testing.T, m *Master)) {
	first := rawStream(t)
	first = first[:bytes.IndexByte(first, '\n')+1+6463]
	script := w.script
	w.script = func(stream int, send func([]byte), ended <-chan struct{}) {
		send(first)
		script(stream, send, ended)
	}
	synctest.Test(t, func(t *testing.T) {
		pipes := newPipes()
		server := &http.Server{Handler: w, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(pipes) }()
		m, err := New(Config{Cluster: "prod", Masters: []string{"http://master-one:5050"}, dial: pipes.dial})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = m.Lead(ctx)
		}()
		test(t, m)
		cancel()
		<-done
		m.Close()
		_ = server.Close()
	})
}

var heartbeat = appendFrame(nil, &master.Event{Type: master.Event_HEARTBEAT})

func TestHeartbeatsKeepTheStreamAlive(t *testing.T) {
	w := &whisperer{id: "a", script: func(_ int, send func([]byte), ended <-chan struct{}) {
		beat := time.NewTicker(15 * time.Second)
		defer beat.Stop()
		for {
			select {
			case <-beat.C:
				send(heartbeat)
			case <-ended:
				return
			}
		}
	}}
	whisper(t, w, func(t *testing.T, m *Master) {
		sleep(t.Context(), 10*time.Minute+time.Second)
		if n := w.count(); n != 1 {
			t.Errorf("%d streams in ten minutes", n)
		}
		condition := m.Condition()
		if age := time.Since(condition.Heard); age > 15*time.Second || condition.Trouble != "" {
			t.Errorf("heard %s ago, trouble %q", age, condition.Trouble)
		}
		if m.Roster().Len() != 3 {
			t.Errorf("SUBSCRIBED carried three agents, %d are known", m.Roster().Len())
		}
	})
}

func TestSilenceEndsTheStream(t *testing.T) {
	w := &whisperer{id: "a", script: func(_ int, send func([]byte), ended <-chan struct{}) {
		send(heartbeat)
		<-ended
	}}
	whisper(t, w, func(t *testing.T, m *Master) {
		sleep(t.Context(), 44*time.Second)
		if n := w.count(); n != 1 {
			t.Errorf("%d streams before three heartbeats were due", n)
		}
		sleep(t.Context(), 1100*time.Millisecond)
		if words := m.Condition().Trouble; w.count() == 1 && !strings.Contains(words, "silent") {
			t.Errorf("trouble %q", words)
		}
		sleep(t.Context(), 5*time.Second)
		if n := w.count(); n != 2 {
			t.Errorf("%d streams after the silence", n)
		}
		if words := m.Condition().Trouble; words != "" {
			t.Errorf("the new stream stands, trouble %q", words)
		}
	})
}

func TestALeaderHoldsItsAgentsOnce(t *testing.T) {
	added := &master.Event_AgentAdded{Agent: master.Response_GetAgents_Agent{
		AgentInfo: mesosapi.AgentInfo{Hostname: "new", ID: &mesosapi.AgentID{Value: "new"}}, Active: true,
	}}
	w := &whisperer{id: "a", script: func(_ int, send func([]byte), ended <-chan struct{}) {
		timer := time.NewTimer(10 * time.Second)
		defer timer.Stop()
		<-timer.C
		send(appendFrame(nil, &master.Event{Type: master.Event_AGENT_ADDED, AgentAdded: added}))
		<-ended
	}}
	whisper(t, w, func(t *testing.T, m *Master) {
		sleep(t.Context(), 5*time.Second)
		read := weak.Make(&m.Roster().View().Agents[0])
		sleep(t.Context(), 10*time.Second)
		synctest.Wait()
		if runtime.GC(); m.Roster().Len() != 4 || read.Value() != nil {
			t.Errorf("%d agents; those of the reading before the event are still held: %v", m.Roster().Len(), read.Value() != nil)
		}
	})
}

// A master that restarts ends its streams and has another ID afterwards.
func TestRestartIsAFailoverAndANudge(t *testing.T) {
	w := &whisperer{id: "a"}
	w.script = func(stream int, send func([]byte), ended <-chan struct{}) {
		send(heartbeat)
		if stream == 1 {
			timer := time.NewTimer(10 * time.Second)
			defer timer.Stop()
			select {
			case <-timer.C:
				w.mutex.Lock()
				w.id = "b"
				w.mutex.Unlock()
			case <-ended:
			}
			return
		}
		<-ended
	}
	whisper(t, w, func(t *testing.T, m *Master) {
		sleep(t.Context(), 5*time.Second)
		if _, failovers := m.Epoch(); failovers != 0 {
			t.Errorf("%d failovers before the restart", failovers)
		}
		<-m.Changes()
		sleep(t.Context(), 10*time.Second)
		if leader, failovers := m.Epoch(); failovers != 1 || leader != "master-one:5050" {
			t.Errorf("Epoch() = %s, %d after the restart", leader, failovers)
		}
		<-m.Changes()
	})
}
