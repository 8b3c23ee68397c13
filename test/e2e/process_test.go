package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/journal"
)

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q is not in %q", what, part, text)
		}
	}
}

// When Slack is away the command line does the same; when Redis is away it prints what can be done by hand.
func TestTheCommandLine(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	bot := w.Bot()
	output, code := bot.Ctl("filter", "agent-one", "--for", "1h", "-m", "kernel upgrade")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	contains(t, "ctl filter", output, "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	output, code = bot.Ctl("filters")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	contains(t, "ctl filters", output, "agent-one", "kernel upgrade")
	if output, code = bot.Ctl("filter", "agent-nine"); code != 1 {
		t.Errorf("a mistake: exit code %d", code)
	}
	contains(t, "a mistake", output, "agent-nine", "Nothing was changed")
	if output, code = harness.Run(t, []string{"CORDON_URL=" + bot.URL, "CORDON_TOKEN=wrong-token-0123456789"}, "ctl", "status"); code != 1 {
		t.Errorf("a wrong token: exit code %d", code)
	}
	contains(t, "a wrong token", output, "token")
	output, code = harness.Run(t, nil, "version")
	if code != 0 || !strings.HasPrefix(output, "cordon ") {
		t.Errorf("version: %d %q", code, output)
	}

	w.Rest(harness.Patience)
	agent := w.Agent("agent-one").ID
	output, code = harness.Run(t, nil, "ctl", "export", "--config", bot.Config)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	contains(t, "export", output, "DEACTIVATE_AGENT", "REACTIVATE_AGENT", agent, "Redis")
	w.Redis.Stop()
	output, code = harness.Run(t, nil, "ctl", "export", "--config", bot.Config)
	if code != 0 {
		t.Errorf("without Redis: exit code %d", code)
	}
	contains(t, "export without Redis", output, "DEACTIVATE_AGENT", "REACTIVATE_AGENT", agent, "witness", "kernel upgrade")
}

// Every mistake of a configuration is told with its line, in one go.
func TestValidateReportsEveryMistake(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cordon.yaml")
	text := `clusters:
  Prod:
    masters: [ftp://master]
    chanel: C0123
    operators: [alice]
    max_withheld: {cluster: 0}
slack:
  transport: pigeon
tokens: [{name: ci, cluster: nowhere}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	output, code := harness.Run(t, nil, "validate", "--config", file)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	contains(t, "validate", output, "cordon.yaml:2", "cordon.yaml:3", "cordon.yaml:4", "chanel", "cordon.yaml:5", "alice", "cordon.yaml:6", "cordon.yaml:8", "pigeon", "cordon.yaml:9", "nowhere", "slack.team")
	output, code = harness.Run(t, nil, "validate", "--config", filepath.Join(t.TempDir(), "none.yaml"))
	if code != 1 {
		t.Errorf("no file: exit code %d", code)
	}
	contains(t, "no file", output, "none.yaml")
}

// SIGTERM: what runs is finished, what is new is refused, the lease is given up, all within 5 s.
func TestStoppingFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2})
	w.Proxy.Delay(700 * time.Millisecond)
	caught := w.Proxy.Set(catch("filter", "agent-one"))
	answer := make(chan string, 1)
	go func() {
		_, text := w.Bot().Deliver(w.Ready, harness.Delivery{User: "alice", Text: "filter agent-one -m stopping", Trigger: "in.flight"})
		answer <- text
	}()
	<-caught.Sprung()
	late := make(chan string, 1)
	go func() { late <- refusal(w) }()
	if took := w.Bot().Terminate(t); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if code := w.Bot().Code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text := <-late; text != "" {
		t.Error(text)
	}
	contains(t, "the command in flight", <-answer, "agent-one takes no new tasks")
	w.Told("in.flight", journal.Done)
	if err := w.Proxy.Heal(); err != nil {
		t.Fatal(err)
	}
	if took := w.Bots[1].AwaitLead(); took > 12*time.Second {
		t.Errorf("the lease was not given up: the other replica led after %s", took)
	}
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
}

// refusal delivers commands to a bot that is about to stop until one is refused, and says what went wrong.
func refusal(w *harness.World) string {
	for i := range 200 {
		delivery := harness.Delivery{User: "bob", Text: "filter agent-six", Trigger: fmt.Sprintf("late.%d", i)}
		status, text := w.Bot().TryDeliver(w.Ready, delivery)
		switch {
		case status == 0:
			return "" // it listens no more
		case strings.Contains(text, "restarted"):
			w.Told(delivery.Trigger, journal.Refused)
			return ""
		}
	}
	return "a bot that is stopping takes command after command"
}

// With no Redis configured the bot brings its own, and what it was told outlives a crash.
func TestTheBotsOwnRedisKeepsState(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Embedded: true})
	said(t, w.Say("alice", "filter agent-one -m kept"), "agent-one takes no new tasks")
	w.Bot().Kill()
	w.Bot().Restart()
	w.Bot().AwaitReady()
	if got := filterOf(w, "agent-one"); got.Reason != "kept" {
		t.Errorf("after a crash: %+v", got)
	}
	w.AwaitWithheld("agent-one", true, harness.Patience)
	second := w.Bot().Elsewhere(t)
	if output, code := harness.Run(t, nil, "serve", "--config", second); code != 1 || !strings.Contains(output, "another bot runs on it") {
		t.Errorf("a second bot on the same data ends with %d: %s", code, output)
	}
	if took := w.Bot().Terminate(t); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	w.Bot().Restart()
	w.Bot().AwaitReady()
	w.Rest(harness.Patience)
}
