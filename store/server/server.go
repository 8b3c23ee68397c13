// Package server runs the redis-server that `serve` starts when the configuration names none: private, durable, and gone
// with its parent.
package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"cordon/filters"
)

const (
	// started is how long the server may take to load its data and answer.
	started = 30 * time.Second
	// stopped is how long it may take to stop on SIGTERM.
	stopped = 3 * time.Second
	// restart is the pause before a server that ended by itself is started again.
	restart = 200 * time.Millisecond
	// socketMost is the longest path of a unix socket (sun_path, less its end).
	socketMost = 103
	socketName = "redis.sock"
)

// Server is a redis-server that listens on a private socket, or one that another process of ours left running.
type Server struct {
	// Socket is the path of its unix socket.
	Socket string
	// Reused says that it ran already: whoever started it has died, and it was not stopped yet.
	Reused bool

	lock     *os.File
	program  string
	dir      string
	log      *slog.Logger
	mutex    sync.Mutex
	process  *os.Process
	stopping chan struct{} // closed by Stop
	ended    chan struct{} // closed when the supervisor has ended
	once     sync.Once
}

// URL is the server's address for store.Open.
func (s *Server) URL() string { return "unix://" + s.Socket }

// Start runs the redis-server on PATH with its data in a directory, which it creates and locks; every write is synced to
// disk before it is answered. A live server of the directory is used as it is. The server stops with Stop, and on Linux
// when this process dies; one that ends by itself is started again. Errors are filters.Errors: Invalid where it must not
// or cannot run.
func Start(ctx context.Context, dir string, logger *slog.Logger) (*Server, error) {
	if os.Getenv("MESOS_SANDBOX") != "" {
		return nil, refused("a Mesos sandbox is no place for the bot's memory: it goes with the task")
	}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, refused("redis-server is not on PATH")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	s := &Server{
		Socket: filepath.Join(dir, socketName), program: program, dir: dir, log: logger.With("process", "redis-server"),
		stopping: make(chan struct{}), ended: make(chan struct{}),
	}
	if len(s.Socket) > socketMost {
		return nil, refused(fmt.Sprintf("the path of its socket is longer than %d bytes: choose a shorter `data_dir`", socketMost))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.lock, err = lockDirectory(dir); err != nil {
		return nil, err
	}
	if s.Reused = outlives(ctx, s.Socket); s.Reused {
		s.log.Info("using the redis-server that runs already", "socket", s.Socket)
		return s, nil
	}
	if err := s.run(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func refused(why string) error {
	return &filters.Error{
		Code: filters.Invalid, Wrong: "the bot cannot run a Redis of its own: " + why,
		Try: "Name one in the configuration, `redis: {url: redis://host:6379}`",
	}
}

// lockDirectory makes sure that no other bot uses the directory. The lock goes with the process.
func lockDirectory(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, refused("another bot uses `" + dir + "`")
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return file, nil
}

func (s *Server) run(ctx context.Context) error {
	_ = os.Remove(s.Socket)
	exits := make(chan error, 1)
	go s.supervise(exits)
	ctx, cancel := context.WithTimeout(ctx, started)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !answers(ctx, s.Socket) {
		select {
		case <-tick.C:
		case err := <-exits:
			return refused(fmt.Sprintf("redis-server ended at once (%v), the log says why", err))
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", ctx.Err())
		}
	}
	s.log.Info("started a redis-server that syncs every write", "socket", s.Socket)
	return nil
}

// supervise runs the child until Stop, and starts it again when it ends before. It keeps its thread, because the child
// dies with it (attributes, golang.org/issue/27505). It tells the first end to whoever started it.
func (s *Server) supervise(exits chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	for {
		err := s.child()
		select {
		case exits <- err:
		default:
		}
		select {
		case <-s.stopping:
			return
		default:
			s.log.Error("redis-server has ended, starting it again", "error", err)
		}
		timer := time.NewTimer(restart)
		select {
		case <-timer.C:
		case <-s.stopping:
			timer.Stop()
			return
		}
	}
}

// child runs redis-server once and waits for its end.
func (s *Server) child() error {
	command := exec.Command(s.program,
		"--port", "0", "--unixsocket", s.Socket, "--unixsocketperm", "600", "--dir", s.dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no")
	command.SysProcAttr = attributes()
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	command.Stderr = command.Stdout
	s.mutex.Lock()
	if err = command.Start(); err == nil {
		s.process = command.Process
	}
	s.mutex.Unlock()
	if err != nil {
		return err
	}
	s.report(output)
	return command.Wait()
}

// outlives tells whether a server answers on the socket and goes on doing so: one whose parent was just killed is about to
// stop.
func outlives(ctx context.Context, socket string) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(orphaned); answers(ctx, socket); {
		if !time.Now().Before(until) {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// answers tells whether a server on the socket has loaded its data.
func answers(ctx context.Context, socket string) bool {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(connection, "PING\r\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "+PONG")
}

// report passes the server's output on, a line at a time.
func (s *Server) report(output io.Reader) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			s.log.Debug(text)
		}
	}
	_, _ = io.Copy(io.Discard, output)
}

// Stop ends the server in order and releases the directory. Safe to call again.
func (s *Server) Stop() {
	s.once.Do(func() {
		close(s.stopping)
		if s.Reused {
			s.shutdown()
		} else {
			s.terminate()
		}
		_ = s.lock.Close()
	})
}

func (s *Server) terminate() {
	s.signal(syscall.SIGTERM)
	timer := time.NewTimer(stopped)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.log.Warn("redis-server does not stop, killing it: every write it answered is on disk")
		s.signal(syscall.SIGKILL)
		<-s.ended
	}
}

func (s *Server) signal(signal os.Signal) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process != nil {
		_ = s.process.Signal(signal)
	}
}

// shutdown ends a server that is not our child; it saves nothing because every write is in the append-only file.
func (s *Server) shutdown() {
	connection, err := net.DialTimeout("unix", s.Socket, time.Second)
	if err != nil {
		return
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(stopped))
	_, _ = io.WriteString(connection, "SHUTDOWN NOSAVE\r\n")
	_, _ = io.Copy(io.Discard, connection)
}

// At is where a server listens that keeps its data in the directory: for those who only look at what it holds.
func At(dir string) string { return "unix://" + filepath.Join(dir, socketName) }
