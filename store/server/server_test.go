package server_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cordon/filters"
	"cordon/store/server"
)

// parentVariable makes this test's program a bot that starts a server in a directory and waits to be killed.
const parentVariable = "CORDON_TEST_REDIS_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentVariable); dir != "" {
		started, err := server.Start(context.Background(), dir, slog.New(slog.DiscardHandler))
		if err != nil {
			_, _ = io.WriteString(os.Stdout, err.Error()+"\n")
			os.Exit(1)
		}
		_, _ = io.WriteString(os.Stdout, started.Socket+"\n")
		select {}
	}
	goleak.VerifyTestMain(m)
}

func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("NOT RUN: redis-server is not on PATH")
	}
	t.Skip("NOT RUN: redis-server is not on PATH")
}

// directory is a short path: a socket's is limited.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// ask sends one command and returns the first line of the answer, and for a bulk string its content.
func ask(socket, command string) string {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return "no answer"
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(connection, command+"\r\n")
	reader := bufio.NewReader(connection)
	line, err := reader.ReadString('\n')
	if err != nil {
		return "no answer"
	}
	if strings.HasPrefix(line, "$") && !strings.HasPrefix(line, "$-") {
		line, _ = reader.ReadString('\n')
	}
	return strings.TrimSpace(line)
}

func TestDataSurvivesStopAndStart(t *testing.T) {
	needRedis(t)
	dir := directory(t)
	first := start(t, dir)
	if answer := ask(first.Socket, "SET key value"); answer != "+OK" {
		t.Fatalf("SET: %q", answer)
	}
	info, err := os.Stat(first.Socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info.Mode(), err)
	}
	first.Stop()
	first.Stop()
	if answer := ask(first.Socket, "PING"); answer != "no answer" {
		t.Errorf("after Stop it answers %q", answer)
	}
	second := start(t, dir)
	if answer := ask(second.Socket, "GET key"); answer != "value" {
		t.Errorf("GET: %q", answer)
	}
}

func TestDirectoryIsLocked(t *testing.T) {
	needRedis(t)
	dir := directory(t)
	start(t, dir)
	_, err := server.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
	if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "another bot uses") {
		t.Errorf("a second start: %v", err)
	}
}

func TestRefused(t *testing.T) {
	needRedis(t)
	t.Run("in a Mesos sandbox", func(t *testing.T) {
		t.Setenv("MESOS_SANDBOX", "/mnt/mesos/sandbox")
		_, err := server.Start(t.Context(), directory(t), slog.New(slog.DiscardHandler))
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "sandbox") {
			t.Errorf("%v", err)
		}
	})
	t.Run("without redis-server", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := server.Start(t.Context(), directory(t), slog.New(slog.DiscardHandler))
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "PATH") {
			t.Errorf("%v", err)
		}
	})
	t.Run("path too long", func(t *testing.T) {
		_, err := server.Start(t.Context(), filepath.Join(t.TempDir(), strings.Repeat("d", 120)), slog.New(slog.DiscardHandler))
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "data_dir") {
			t.Errorf("%v", err)
		}
	})
	t.Run("what it finds is not its data", func(t *testing.T) {
		dir := directory(t)
		if err := os.MkdirAll(filepath.Join(dir, "appendonlydir"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"), []byte("nonsense\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := server.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
		if filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%v", err)
		}
	})
}

// field reads a line of INFO.
func field(socket, name string) string {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return ""
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(connection, "INFO server\r\nQUIT\r\n")
	text, _ := io.ReadAll(connection)
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("never: " + what)
		}
	}
}

func kill(t *testing.T, pid string) {
	t.Helper()
	process, err := exec.Command("kill", "-9", pid).CombinedOutput()
	if err != nil {
		t.Fatalf("kill %s: %v %s", pid, err, process)
	}
}

func TestKilledServerIsStartedAgain(t *testing.T) {
	needRedis(t)
	s := start(t, directory(t))
	ask(s.Socket, "SET key value")
	before := field(s.Socket, "process_id")
	kill(t, before)
	eventually(t, "another process answers", func() bool {
		pid := field(s.Socket, "process_id")
		return pid != "" && pid != before
	})
	eventually(t, "with the data", func() bool { return ask(s.Socket, "GET key") == "value" })
}

func TestServerDiesWithItsParent(t *testing.T) {
	needRedis(t)
	dir := directory(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+dir)
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	socket := strings.TrimSpace(line)
	if err != nil || ask(socket, "SET key value") != "+OK" {
		t.Fatalf("the parent's server does not answer: %q %v", line, err)
	}
	_ = parent.Process.Signal(syscall.SIGKILL)
	_ = parent.Wait()
	s := start(t, dir)
	if answer := ask(s.Socket, "GET key"); answer != "value" {
		t.Errorf("GET after the parent was killed: %q", answer)
	}
}

func TestLiveServerIsUsed(t *testing.T) {
	needRedis(t)
	dir := directory(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	orphan := exec.Command("redis-server", "--port", "0", "--unixsocket", filepath.Join(dir, "redis.sock"), "--dir", dir, "--appendonly", "yes")
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = orphan.Process.Kill() })
	eventually(t, "it answers", func() bool { return ask(filepath.Join(dir, "redis.sock"), "PING") == "+PONG" })
	s := start(t, dir)
	if !s.Reused || ask(s.Socket, "PING") != "+PONG" {
		t.Errorf("reused: %v", s.Reused)
	}
	s.Stop()
	_ = orphan.Wait()
	if answer := ask(s.Socket, "PING"); answer != "no answer" {
		t.Errorf("after Stop it answers %q", answer)
	}
}
