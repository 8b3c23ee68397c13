package harness

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Redis is a real redis-server that syncs every write, on a socket of its own.
type Redis struct {
	t         testing.TB
	directory string
	socket    string
	process   *Process
}

// redisPassword is what every command but AUTH needs.
const redisPassword = "redis-password-0123456789abcdef"

// StartRedis starts one.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	directory, err := os.MkdirTemp("", "r") // a socket's path is short, a test's own directory may be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	r := &Redis{t: t, directory: directory, socket: filepath.Join(directory, "s")}
	r.Start()
	return r
}

// Start starts the server over the data that is there.
func (r *Redis) Start() {
	r.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		r.t.Fatal(err)
	}
	r.process = Start(r.t, "redis-server", nil, path, "--port", "0", "--unixsocket", r.socket, "--dir", r.directory,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning", "--requirepass", Secret("Redis's password", redisPassword, "default"))
	Until(r.t, Patience, func() string {
		if answer := r.ask("PING"); answer != "+PONG" {
			return "redis-server answers " + answer
		}
		return ""
	})
}

// Stop kills the server as a crash would.
func (r *Redis) Stop() { r.process.Kill() }

// Keep copies the data as it is now, as a backup would, and returns where to. The server is stopped for it and started
// again.
func (r *Redis) Keep() string {
	r.t.Helper()
	r.Stop()
	kept := r.t.TempDir()
	r.copy(r.directory, kept)
	r.Start()
	return kept
}

// Restore replaces the data of a stopped server by what was kept.
func (r *Redis) Restore(kept string) {
	r.t.Helper()
	if err := os.RemoveAll(filepath.Join(r.directory, "appendonlydir")); err != nil {
		r.t.Fatal(err)
	}
	r.copy(kept, r.directory)
}

// Wipe removes the data of a stopped server.
func (r *Redis) Wipe() { r.Restore(r.t.TempDir()) }

func (r *Redis) copy(from, to string) {
	r.t.Helper()
	source := filepath.Join(from, "appendonlydir")
	if _, err := os.Stat(source); err != nil {
		return
	}
	if err := os.CopyFS(filepath.Join(to, "appendonlydir"), os.DirFS(source)); err != nil {
		r.t.Fatal(err)
	}
}

// Dial reaches the server.
func (r *Redis) Dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", r.socket)
}

// Do sends an inline command, as somebody would who reaches Redis, and returns the first line of the answer.
func (r *Redis) Do(command string) string { return r.ask(command) }

// ask sends an inline command and returns the first line of the answer.
func (r *Redis) ask(command string) string {
	conn, err := net.Dial("unix", r.socket)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\n%s\r\n", redisPassword, command); err != nil {
		return err.Error()
	}
	answers := bufio.NewReader(conn)
	if said, err := answers.ReadString('\n'); err != nil || said != "+OK\r\n" {
		return strings.TrimSpace(said)
	}
	answer, err := answers.ReadString('\n')
	if err != nil && err != io.EOF {
		return err.Error()
	}
	return strings.TrimSpace(answer)
}
