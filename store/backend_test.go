package store

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend is a Redis that a test runs on.
type backend interface {
	// url is where it listens.
	url() string
	// restart ends it, without a warning, and starts it again with the data it kept.
	restart()
}

// onEach runs a test on an in-memory Redis and on a real one that syncs each write.
func onEach(t *testing.T, test func(t *testing.T, b backend)) {
	t.Run("miniredis", func(t *testing.T) { test(t, newMini(t)) })
	t.Run("redis-server", func(t *testing.T) { test(t, newServer(t)) })
}

type mini struct{ server *miniredis.Miniredis }

func newMini(t testing.TB) *mini { return &mini{miniredis.RunT(t)} }

func (m *mini) url() string { return "redis://" + m.server.Addr() }

func (m *mini) restart() { m.server.Close(); _ = m.server.Restart() }

// process is a redis-server of its own directory.
type process struct {
	t       testing.TB
	dir     string
	socket  string
	more    []string
	command *exec.Cmd
}

// notRun ends a test whose outside is missing: skipped where a person runs it, failed in CI.
func notRun(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("NOT RUN: " + why)
	}
	t.Skip("NOT RUN: " + why)
}

func newServer(t testing.TB, more ...string) *process {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		notRun(t, "redis-server is not on PATH")
	}
	dir, err := os.MkdirTemp("", "redis") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, dir: dir, socket: filepath.Join(dir, "s"), more: more}
	p.start()
	t.Cleanup(func() { p.kill(); _ = os.RemoveAll(dir) })
	return p
}

func (p *process) start() {
	p.t.Helper()
	arguments := append([]string{
		"--port", "0", "--unixsocket", p.socket, "--dir", p.dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
	}, p.more...)
	p.command = exec.Command("redis-server", arguments...)
	output, err := p.command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "eady to accept connections") {
			go func() {
				for lines.Scan() { //nolint:revive // drained, so that the child never blocks
				}
			}()
			return
		}
	}
	p.t.Fatal("redis-server did not start")
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

func (p *process) url() string { return "unix://" + p.socket }
func (p *process) restart()    { p.kill(); p.start() }

// stop and go on make it hang: it reads nothing and answers nothing.
func (p *process) stop() { _ = p.command.Process.Signal(syscall.SIGSTOP) }
func (p *process) goOn() { _ = p.command.Process.Signal(syscall.SIGCONT) }

// open returns a store of the cluster "prod" on the backend, with a witness directory of its own.
func open(t testing.TB, b backend, change ...func(*Config)) *Store {
	t.Helper()
	config := Config{
		URL: b.url(), DataDir: t.TempDir(), Replica: "bot-1",
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, f := range change {
		f(&config)
	}
	r, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r.Cluster("prod")
}

// silent is for stores that are expected to have something to say.
var silent = slog.New(slog.DiscardHandler)

type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// cutter is a TCP proxy that loses connections: before a request arrives, or after it was carried out.
type cutter struct {
	listener net.Listener
	network  string
	target   string
	modes    chan string // taken by the next request that carries a commit
	ctx      context.Context
	cancel   context.CancelFunc
}

func newCutter(t testing.TB, network, target string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, network: network, target: target, modes: make(chan string, 8)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.accept()
	t.Cleanup(func() { c.cancel(); _ = listener.Close() })
	return c
}

func (c *cutter) url() string { return "redis://" + c.listener.Addr().String() }
func (c *cutter) restart()    {}

func (c *cutter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(c.network, c.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		drop := func() { _ = client.Close(); _ = server.Close() }
		context.AfterFunc(c.ctx, drop)
		cut := make(chan struct{}, 1)
		go c.forward(client, server, cut, drop)
		go c.back(server, client, cut, drop)
	}
}

// forward passes requests on. "before": a commit is dropped with its connection; "after": its answer is.
func (c *cutter) forward(client, server net.Conn, cut chan struct{}, drop func()) {
	defer drop()
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if strings.Contains(string(buffer[:n]), commitScript.Hash()) {
			select {
			case mode := <-c.modes:
				if mode == "before" {
					return
				}
				cut <- struct{}{}
			default:
			}
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (c *cutter) back(server, client net.Conn, cut chan struct{}, drop func()) {
	defer drop()
	buffer := make([]byte, 1<<20)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-cut:
			return
		default:
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// raw is a client of the test's own.
func raw(t testing.TB, s *Store) redis.UniversalClient {
	t.Helper()
	client := s.redis.connect()
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB, seconds int) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func agentID(n int) string { return fmt.Sprintf("20261101-S%d", n) }
