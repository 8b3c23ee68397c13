package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cordon/test/bench/load"
)

// session is one benchmark: its directory and the processes that it started.
type session struct {
	options
	out       io.Writer
	directory string
	processes []*process
}

func openSession(o options, out io.Writer) (*session, error) {
	directory, err := os.MkdirTemp("", "bench-") // short: a socket lies in it
	return &session{options: o, out: out, directory: directory}, err
}

// close ends what was started, the last first, and removes what was written.
func (s *session) close() {
	for _, p := range slices.Backward(s.processes) {
		p.stop()
	}
	_ = os.RemoveAll(s.directory)
}

// errMissing is what something outside that is not installed is told by.
type errMissing string

func (e errMissing) Error() string { return "NOT RUN: " + string(e) }

// startRedis starts a redis-server that syncs each write to disk before it answers, and returns it and its URL.
func (s *session) startRedis() (*process, string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "", errMissing("redis-server is not installed")
	}
	socket := filepath.Join(s.directory, "redis.sock")
	p, err := s.start("redis-server", nil, path, "--port", "0", "--unixsocket", socket, "--dir", s.directory, "--appendonly", "yes",
		"--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction")
	if err != nil {
		return nil, "", err
	}
	err = until(10*time.Second, "redis-server does not listen", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return p, "unix://" + socket, err
}

// startBolt installs Slack's Bolt for JavaScript with npm, outside the repository, and starts its server.
func (s *session) startBolt(secret string) (*process, string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, "", errMissing(tool + " is not installed, Bolt is not measured")
		}
	}
	directory := filepath.Join(os.TempDir(), "cordon-bench-bolt")
	if err := os.CopyFS(filepath.Join(s.directory, "bolt"), os.DirFS("test/bench/bolt")); err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(filepath.Join(directory, "node_modules/@slack/bolt")); err != nil {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, "", err
		}
		npm := exec.Command("npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", directory, "@slack/bolt@5.1.0")
		if output, err := npm.CombinedOutput(); err != nil {
			return nil, "", errMissing("npm cannot install @slack/bolt: " + string(output))
		}
	}
	p, err := s.start("bolt", []string{"SIGNING_SECRET=" + secret, "NODE_ENV=production", "NODE_PATH=" + filepath.Join(directory, "node_modules")},
		"node", filepath.Join(s.directory, "bolt", "server.js"))
	if err != nil {
		return nil, "", err
	}
	port, err := p.line("port=")
	return p, "127.0.0.1:" + port, err
}

// world is a bot with all that it needs.
type world struct {
	scene
	bot, redis, simulator *process
	address               string // of the bot, host:port
	sender                load.Sender
}

// startWorld starts Redis, the simulated cluster and workspace, and the bot, and waits until it leads.
func (s *session) startWorld(ctx context.Context, agents int, more string) (*world, error) {
	redis, url, err := s.startRedis()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	simulator, err := s.start("simulator", nil, self, simulateWord, "-agents", fmt.Sprint(agents), "-tasks", fmt.Sprint(s.tasks))
	if err != nil {
		return nil, err
	}
	w := &world{redis: redis, simulator: simulator}
	line, err := simulator.line("")
	if err == nil {
		err = json.Unmarshal([]byte(line), &w.scene)
	}
	if err != nil {
		return nil, err
	}
	w.sender = load.Sender{Team: w.Team, Channel: w.Channel, User: w.User, SigningSecret: w.SigningSecret, ResponseURL: w.SlackAPI + "none"}
	return w, s.startBot(ctx, w, url, more)
}

const token = "bench-token-0123456789abcdef"

func (s *session) startBot(ctx context.Context, w *world, redis, more string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	w.address = fmt.Sprintf("127.0.0.1:%d", port)
	config, err := s.configure(w, redis, more)
	if err != nil {
		return err
	}
	var environment []string
	if s.profile != "" {
		environment = []string{"CORDON_PROFILE=" + profileAddress}
	}
	if w.bot, err = s.start("bot", environment, s.options.bot, "serve", "--config", config); err != nil {
		return err
	}
	go func() { _, _ = io.Copy(io.Discard, w.bot.stdout) }()
	err = until(60*time.Second, "the bot does not lead", func() bool {
		var answer struct{ Filters []any }
		return ctx.Err() != nil || w.ask("GET", "http://"+w.address+"/allocator/filters", &answer) == nil
	})
	if err != nil {
		text, _ := os.ReadFile(w.bot.log)
		return fmt.Errorf("%w: %s", err, text[max(0, len(text)-2000):])
	}
	return ctx.Err()
}

func (s *session) configure(w *world, redis, more string) (string, error) {
	var errs []error
	file := func(name, text string) string {
		path := filepath.Join(s.directory, name)
		errs = append(errs, os.WriteFile(path, []byte(text+"\n"), 0o600))
		return path
	}
	lines := []string{
		"clusters:", "  bench:", "    masters: [" + strings.Join(w.Masters, ", ") + "]", "    channel: " + w.Channel, "    operators: [" + w.User + "]", more,
		"slack:", "  transport: http", "  team: " + w.Team, "  bot_token_file: " + file("bot-token", w.BotToken),
		"  signing_secret_file: " + file("signing-secret", w.SigningSecret), "  api_url: " + w.SlackAPI, "  response_hosts: [127.0.0.1]",
		"redis: {url: \"" + redis + "\"}", "http: {listen: \"" + w.address + "\", advertise_url: \"http://" + w.address + "\"}",
		"tokens:", "  - {name: bench, file: " + file("token", token) + ", cluster: bench, role: operator}", "data_dir: " + filepath.Join(s.directory, "data"),
	}
	path := file("cordon.yaml", strings.Join(lines, "\n"))
	return path, errors.Join(errs...)
}

// ask sends a request with the bot's token and decodes the answer.
func (w *world) ask(method, url string, into any) error {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// until waits until the condition holds.
func until(most time.Duration, missing string, holds func() bool) error {
	for end := time.Now().Add(most); !holds(); pause(20 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("after %s: %s", most, missing)
		}
	}
	return nil
}

func pause(d time.Duration) { <-time.After(d) }
