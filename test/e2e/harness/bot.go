package harness

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Bot is a running `bot serve`.
type Bot struct {
	*Process
	t      testing.TB
	URL    string
	Config string // the path of its cordon.yaml
	Token  string // an operator's
}

// settings are what a bot's cordon.yaml is made of.
type settings struct {
	directory string // the bot's own
	listen    int
	redis     string
	transport string
	sim       Ready
	extra     string // more lines of the cluster
	top       string // more lines beside the clusters
	token     string
}

// cluster is the cluster's name in every test.
const cluster = "demo"

// write writes cordon.yaml and the secrets that it names.
func (s *settings) write(t testing.TB) string {
	t.Helper()
	secret := func(name, value string) string {
		path := filepath.Join(s.directory, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var yaml strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&yaml, format+"\n", values...) }
	line("clusters:\n  %s:", cluster)
	line("    masters: [%s]", strings.Join(s.sim.Masters, ", "))
	line("    channel: %s", s.sim.ChannelID)
	line("    principal: cordon\n    secret_file: %s", secret("mesos", Secret("the master's secret", "mesos-secret-0123456789abcdef", "cordon")))
	line("    operators: [%s, %s, %s]", s.sim.Users["alice"], s.sim.Users["bob"], s.sim.Users["dana"])
	line("    groups: {bench: {hosts: [agent-one, agent-two]}}")
	line("    agents: {principal: cordon, secret_file: %s}", secret("agents", Secret("the agents' secret", "agents-secret-0123456789abcdef", "cordon")))
	if s.sim.MarathonURL != "" {
		marathon := secret("marathon", Secret("Marathon's password", "marathon-password-0123456789abcdef", "cordon"))
		batch := secret("batch", Secret("batch's token", "batch-token-0123456789abcdef", ""))
		line("    frameworks:\n      marathon: {kind: marathon, url: %q, username: cordon, secret_file: %s}\n      batch: {kind: rest, url: %q, token_file: %s}", s.sim.MarathonURL, marathon, s.sim.BatchURL, batch)
	}
	line("%s", s.extra)
	line("%s", s.top)
	line("slack:\n  transport: %s\n  team: %s", s.transport, s.sim.TeamID)
	line("  bot_token_file: %s", secret("bot-token", Secret("the bot token", s.sim.BotToken, "")))
	line("  app_token_file: %s", secret("app-token", Secret("the app token", s.sim.AppToken, "")))
	line("  signing_secret_file: %s", secret("signing-secret", Secret("the signing secret", s.sim.SigningSecret, "")))
	line("  api_url: %s\n  response_hosts: [127.0.0.1]", s.sim.SlackAPI)
	if s.redis != "" {
		line("redis: {url: %q, password_file: %s}", s.redis, secret("redis", redisPassword))
	}
	line("http: {listen: \"127.0.0.1:%d\", advertise_url: \"http://127.0.0.1:%d\"}", s.listen, s.listen)
	line("tokens:")
	line("  - {name: ci, file: %s, cluster: %s, role: operator}", secret("token-ci", Secret("an API token", s.token, "")), cluster)
	line("  - {name: other, file: %s, cluster: %s, role: operator}", secret("token-other", Secret("an API token", OtherToken, "")), cluster)
	line("  - {name: reader, file: %s, cluster: %s}", secret("token-reader", Secret("an API token", ReaderToken, "")), cluster)
	line("  - {name: alice, file: %s, cluster: %s, user: %s, role: operator}", secret("token-alice", Secret("an API token", AliceToken, "")), cluster, s.sim.Users["alice"])
	line("data_dir: %s\nlog: {level: debug}", filepath.Join(s.directory, "data"))
	return secret("cordon.yaml", yaml.String())
}

// The tokens beside the operator's: another operator's, one that may only look, and one that stands for alice.
const (
	AliceToken  = "alice-token-0123456789abcdef"
	OtherToken  = "other-token-0123456789abcdef"
	ReaderToken = "reader-token-0123456789abcdef"
)

// start starts the bot over its configuration. It does not wait.
func (b *Bot) start() {
	b.t.Helper()
	b.Process = Start(b.t, "bot serve "+b.URL, []string{"TZ=UTC"}, binary, "serve", "--config", b.Config)
}

// Restart starts a bot that has ended, as it was configured.
func (b *Bot) Restart() {
	b.t.Helper()
	b.start()
}

// AwaitReady waits until /readyz says yes.
func (b *Bot) AwaitReady() {
	b.t.Helper()
	Until(b.t, Patience, func() string {
		b.mustLive()
		status, _, text := Try(Request{URL: b.URL + "/readyz"})
		if status == http.StatusOK && strings.Contains(text, `"ready":true`) {
			return ""
		}
		return fmt.Sprintf("%s is not ready: %d %s", b.URL, status, text)
	})
}

// Elsewhere returns a configuration of a second bot on the same data that listens on a port of its own.
func (b *Bot) Elsewhere(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(b.URL, "http://"), ":")
	file := filepath.Join(t.TempDir(), "cordon.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), ":"+port, ":0")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (b *Bot) mustLive() {
	b.t.Helper()
	select {
	case <-b.Ended():
		b.t.Fatalf("%s ended by itself", b.Name)
	default:
	}
}

// Leads tells whether this replica leads: only the leader answers /allocator/filters itself.
func (b *Bot) Leads() bool {
	status, _, _ := Try(Request{URL: b.URL + "/allocator/filters", Token: b.Token})
	return status == http.StatusOK
}

// takeover is how long a lease of 15 s and its retries may keep others from leading.
const takeover = Patience + 20*time.Second

// AwaitLead waits until this replica leads.
func (b *Bot) AwaitLead() time.Duration {
	b.t.Helper()
	return Until(b.t, takeover, func() string {
		b.mustLive()
		if !b.Leads() {
			return b.URL + " does not lead"
		}
		return ""
	})
}

// Page is one page of a list of the JSON API.
type Page[T any] struct {
	AsOf  time.Time `json:"as_of"`
	Items []T       `json:"items"`
	Next  string    `json:"next"`
}

// List reads a whole list of the JSON API: agents, filters or journal. ok is false if the bot does not answer it.
func List[T any](b *Bot, what string) (items []T, asOf time.Time, ok bool) {
	after := ""
	for {
		status, _, text := Try(Request{URL: b.URL + "/api/" + page(what) + "limit=1000&after=" + after, Token: b.Token})
		var page Page[T]
		if status != http.StatusOK || json.Unmarshal([]byte(text), &page) != nil {
			return nil, time.Time{}, false
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, page.AsOf, true
		}
		after = page.Next
	}
}

// Module asks /allocator/filters as a script written for the module would; the body is JSON as it is.
func (b *Bot) Module(method, query, body string) (status int, text string) {
	b.t.Helper()
	request := Request{Method: method, URL: b.URL + "/allocator/filters" + query, Token: b.Token, Body: body}
	if body != "" {
		request.Headers = map[string]string{"Content-Type": "application/json"}
	}
	return Call(b.t, request)
}

// CommandAnswer is the answer of POST /api/commands.
type CommandAnswer struct {
	Status    int
	Request   string `json:"request"`
	Operation string `json:"operation"`
	State     string `json:"state"`
	Text      string `json:"text"`
	Code      string `json:"code"`
	Message   string `json:"message"`
}

// Command sends a command over the API, with an idempotency key if one is given.
func (b *Bot) Command(text, key string) CommandAnswer {
	b.t.Helper()
	request := Request{Method: http.MethodPost, URL: b.URL + "/api/commands", Token: b.Token, JSON: map[string]string{"cluster": cluster, "text": text}}
	if key != "" {
		request.Headers = map[string]string{"Idempotency-Key": key}
	}
	status, answer := Call(b.t, request)
	got := CommandAnswer{Status: status}
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		b.t.Fatalf("/api/commands: %d %s", status, answer)
	}
	return got
}

// Ctl runs `bot ctl` with the bot's token and returns what it wrote and its exit code.
func (b *Bot) Ctl(words ...string) (output string, code int) {
	b.t.Helper()
	return Run(b.t, []string{"CORDON_URL=" + b.URL, "CORDON_TOKEN=" + b.Token}, append([]string{"ctl"}, words...)...)
}

// Run runs the binary to its end.
func Run(t testing.TB, environment []string, arguments ...string) (output string, code int) {
	t.Helper()
	p := Start(t, "bot "+arguments[0], environment, binary, arguments...)
	select {
	case <-p.Ended():
	case <-time.After(Patience):
		t.Fatalf("bot %v does not end", arguments)
	}
	return p.Output(), p.Code()
}

// page is a list's path up to where more of its query follows.
func page(what string) string {
	if strings.Contains(what, "?") {
		return what + "&"
	}
	return what + "?"
}
