package mesos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// masterState is what a master is at the moment.
type masterState int

const (
	standby masterState = iota
	leading
	recovering // elected, reading its registry
	leaderless // knows no leader: its ZooKeeper does not answer
	dead       // not listening
)

// member is one master process and its socket.
type member struct {
	cluster    *Cluster
	id         string // new with each start
	state      masterState
	server     *http.Server
	socketless bool   // has no socket and is asked through Cluster.Handler only
	bound      string // host:port that it has, or had while it listened
	started    time.Time
	elected    time.Time
	pending    *entry        // the next thing that it will do
	gone       chan struct{} // closed when its process ends
	logLevel   uint32
}

func (c *Cluster) addMaster(ctx context.Context, address string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	added := &member{cluster: c, bound: address, state: dead}
	if address == "" {
		added.bound, added.socketless = fmt.Sprintf("master-%d:5050", len(c.masters)+1), true
	}
	if err := added.listen(ctx); err != nil {
		return err
	}
	c.masters = append(c.masters, added)
	return nil
}

// listen starts the master's process: it stands by on its socket.
func (m *member) listen(ctx context.Context) error {
	if m.socketless {
		m.boot()
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", m.bound)
	if err != nil {
		return fmt.Errorf("master: %w", err)
	}
	m.boot()
	if address := listener.Addr().String(); address != m.bound {
		m.bound = address // once: readers without the lock know it afterwards
	}
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: 30 * time.Second}
	server := m.server
	m.cluster.tasks.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			m.cluster.log.Error("master stopped serving", "master", m.bound, "error", err)
		}
	})
	return nil
}

// boot gives the master the memory of a process that has just started.
func (m *member) boot() {
	m.gone = make(chan struct{})
	m.id, m.started, m.elected, m.state, m.logLevel = uuidText(), time.Now(), time.Time{}, standby, 0
}

// shutDown ends the master's process and cuts its connections.
func (m *member) shutDown() error {
	if m.state != dead {
		close(m.gone)
	}
	m.state = dead
	m.cluster.agenda.cancel(m.pending)
	m.pending = nil
	m.cluster.dropSubscribers(m)
	if m.server == nil {
		return nil
	}
	err := m.server.Close()
	m.server = nil
	return err
}

// become changes what the master is.
func (m *member) become(state masterState) {
	m.state = state
	if state == recovering || state == leading && m.elected.IsZero() {
		m.elected = time.Now()
	}
}

func (m *member) address() string { return m.bound }

// hostname is how the master calls itself in GET_MASTER and redirects.
func (m *member) hostname() string {
	host, _, _ := net.SplitHostPort(m.bound)
	return host
}

// ip and port are the master's address in parts.
func (m *member) ip() string {
	address, err := netip.ParseAddrPort(m.bound)
	if err != nil {
		return "127.0.0.1"
	}
	return address.Addr().Unmap().String()
}

func (m *member) port() uint32 {
	address, _ := netip.ParseAddrPort(m.bound)
	return uint32(address.Port())
}

// leaderCheck is the master's answer to a request that only a ready leader
// answers; ok means that it is one. The path is where a redirect points.
func (m *member) leaderCheck(path string) (answer, bool) {
	switch {
	case m.state == recovering:
		return answer{}, true
	case m.state == leaderless || m.cluster.leader == nil:
		return text(http.StatusServiceUnavailable, "No leader elected"), false
	case m.cluster.leader != m || m.state == standby:
		return redirect("//" + m.cluster.leader.address() + path), false
	}
	return answer{}, true
}

// readyCheck is leaderCheck for the v1 API, which also waits for the recovery.
func (m *member) readyCheck(path string) (answer, bool) {
	if refused, ok := m.leaderCheck(path); !ok {
		return refused, false
	}
	if m.state == recovering {
		return text(http.StatusServiceUnavailable, "Master has not finished recovery"), false
	}
	return answer{}, true
}

// ServeHTTP answers on the master's routes.
func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	done, ok := m.cluster.enter(m)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	defer done()
	began := time.Now()
	asked := &request{Request: r, master: m}
	reply := m.route(asked)
	m.cluster.recordCall(Call{
		At: began, Master: m.bound, Method: r.Method, Path: r.URL.Path,
		Type: asked.callType, AgentID: asked.agentID, Status: reply.status, Duration: time.Since(began),
	})
	reply.write(w, r)
	if reply.stream != nil {
		reply.stream(w, r)
	}
}

// request is what a master is asked.
type request struct {
	*http.Request
	master    *member
	principal string
	callType  string
	agentID   string
}

// maxBody bounds what a master reads of a request.
const maxBody = 32 << 20

func (r *request) read() ([]byte, error) { return io.ReadAll(io.LimitReader(r.Body, maxBody)) }

// route finds who answers a path.
func (m *member) route(r *request) answer {
	if strings.TrimSuffix(r.URL.Path, "/") == "/allocator/filters" && m.cluster.config.Allocator {
		return m.cluster.allocatorFilters(r)
	}
	return m.olderEndpoint(r)
}
