package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cordon/filters"
	"cordon/scheduler"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

const siteSecret = "a secret of twenty letters"

// site is what webhooks reach: each name of a webhook answers in a way of its own, and each call is counted by its key.
type site struct {
	*httptest.Server
	t     *testing.T
	mutex sync.Mutex
	calls map[string]map[string]int // by webhook, then idempotency key
}

// openSite opens a site and returns the configuration of its webhooks.
func openSite(t *testing.T) (*site, string) {
	t.Helper()
	s := &site{t: t, calls: map[string]map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	secret := filepath.Join(t.TempDir(), "webhook")
	if err := os.WriteFile(secret, []byte(harness.Secret("a webhook's secret", siteSecret, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	var yaml strings.Builder
	yaml.WriteString("    webhooks:\n")
	for _, name := range []string{"once", "again", "slow", "broken", "hangs"} {
		fmt.Fprintf(&yaml, "      %s: {url: \"%s/%s\", secret_file: %s, timeout: 2s, poll_every: 1s, give_up_after: 30s, repeat: %t}\n", name, s.URL, name, secret, name == "again")
	}
	return s, yaml.String()
}

// ServeHTTP answers as the webhook's name says.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key, signed := r.Header.Get("Idempotency-Key"), string(body)
	if r.Method == http.MethodGet {
		signed = key
	}
	code := hmac.New(sha256.New, []byte(siteSecret))
	_, _ = io.WriteString(code, "v1:"+r.Header.Get("Cordon-Timestamp")+":"+signed)
	if r.Header.Get("Cordon-Signature") != "v1="+hex.EncodeToString(code.Sum(nil)) {
		s.t.Errorf("%s %s is not signed as it should be", r.Method, r.URL.Path)
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPost:
		var call scheduler.Call
		if err := json.Unmarshal(body, &call); err != nil || call.Key != key || call.Hostname == "" || call.Run == "" {
			s.t.Errorf("%s is told %s", name, body)
		}
		s.count(name, key)
	case r.FormValue("key") != key:
		s.t.Errorf("%s is asked about %q with the key %q", name, r.FormValue("key"), key)
	}
	switch {
	case name == "slow" && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusAccepted)
	case name == "broken":
		w.WriteHeader(http.StatusInternalServerError)
	case name == "hangs":
		<-r.Context().Done()
	}
}

func (s *site) count(name, key string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.calls[name] == nil {
		s.calls[name] = map[string]int{}
	}
	s.calls[name][key]++
}

// called is how many keys a webhook was called with, and how often with one at most.
func (s *site) called(name string) (keys, most int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, count := range s.calls[name] {
		most = max(most, count)
	}
	return len(s.calls[name]), most
}

// asks waits until the channel asks for a person's word on an agent and returns the message and the confirmation's ID.
func asks(w *harness.World, hostname string) (message harness.Message, id string) {
	message = w.AwaitRoot(hostname+" waits for a person", "/mesos run confirm")
	return message, asking(message, hostname)
}

// asking is the ID of the confirmation that a message asks for; empty: it asks for none.
func asking(message harness.Message, hostname string) string {
	_, rest, asks := strings.Cut(message.Text, "/mesos run confirm ")
	if !asks || !message.Root() || !strings.Contains(message.Text, hostname+" waits for a person") {
		return ""
	}
	id, _, _ := strings.Cut(rest, " ")
	return id
}

// Runs in one channel: one that people confirm, by button and by command; a webhook that takes its time, one that fails, one
// that never answers; and a run that is aborted.
func TestRunsGoOverTheirAgents(t *testing.T) {
	t.Parallel()
	site, webhooks := openSite(t)
	w := harness.Open(t, harness.Setup{Cluster: webhooks})
	said(t, w.Say("carol", "run start agent-one --step confirm -m firmware"), "you may look", "Nothing was changed")
	said(t, w.Say("alice", `run start agent-one --step "webhook nothing" -m firmware`), "nothing", "Nothing was changed")
	said(t, w.Say("alice", `run start -l rack=r1 --step "webhook slow" --step confirm -m firmware --dry-run`), "2 agents", "Nothing was changed")
	said(t, w.Say("alice", `run start -l rack=r1 --step "webhook slow" --step confirm --max-parallel 2 -m firmware`), "2 agents")
	said(t, w.Say("bob", `run start agent-three --step "webhook broken" -m broken`), "1 agent")
	said(t, w.Say("bob", `run start agent-four --step "webhook hangs" -m hangs`), "1 agent")
	said(t, w.Say("bob", `run start agent-five,agent-six --step "wait 1h" --max-parallel 2 -m aborted`), "2 agents")

	message, _ := asks(w, "agent-one")
	if !w.Agent("agent-one").Withheld() {
		t.Error("agent-one is not withheld while a person is asked about it")
	}
	w.Press("bob", message.TS, "confirm-done")
	_, id := asks(w, "agent-two")
	said(t, w.Say("alice", "run confirm "+id+" perhaps"), "done, failed or skip", "Nothing was changed")
	said(t, w.Say("alice", "run confirm "+id+" done"), "done")
	_, id = asks(w, "agent-four")
	said(t, w.Say("alice", "run confirm "+id+" skip"), "skip")

	w.AwaitRoot("broken: 0 of 1 agent", "1 failed", "500")
	if !w.Agent("agent-three").Withheld() {
		t.Error("what failed was given back")
	}
	said(t, w.Say("alice", "unfilter agent-three --all"), "agent-three takes tasks again")
	w.AwaitWithheld("agent-three", false, harness.Patience)

	for _, hostname := range []string{"agent-five", "agent-six"} {
		w.AwaitWithheld(hostname, true, harness.Patience)
	}
	message = w.AwaitRoot("aborted: 0 of 2 agents done", "2 under way")
	w.Press("alice", message.TS, "run-abort")
	for _, hostname := range []string{"agent-five", "agent-six"} {
		w.AwaitWithheld(hostname, false, 2*harness.Patience)
	}
	w.AwaitRoot("aborted: aborted, 0 of 2 agents done", "2 skipped")

	for _, hostname := range []string{"agent-one", "agent-two", "agent-four"} {
		w.AwaitWithheld(hostname, false, 2*harness.Patience)
	}
	w.AwaitRoot("firmware: 2 of 2 agents done", "took", "100 %")
	w.AwaitRoot("hangs: 0 of 1 agent", "1 skipped", "took")
	for name, want := range map[string]int{"slow": 2, "broken": 1, "hangs": 1} {
		if keys, most := site.called(name); keys != want || most != 1 {
			t.Errorf("%s was called with %d keys and %d times with one, expected %d and once", name, keys, most, want)
		}
	}
	w.Rest(2 * harness.Patience)
}

// moment is a commit of a run's road for one agent.
type moment struct {
	name   string
	commit func(run, hostname string) func([]string) bool
}

// ofPhase is the commit by which the agent comes to a phase, and its record holds the text.
func ofPhase(phase scheduler.AgentPhase, text string) func(run, hostname string) func([]string) bool {
	return func(_, hostname string) func([]string) bool {
		commit := commits(string(filters.KindRunAgent), hostname, string(phase))
		return func(words []string) bool {
			for _, word := range words {
				if strings.Contains(word, `"hostname":"`+hostname+`"`) && strings.Contains(word, text) && strings.Contains(word, `"order":`) {
					return commit(words)
				}
			}
			return false
		}
	}
}

// ofRun is the commit by which the run comes to an outcome.
func ofRun(outcome string) func(run, hostname string) func([]string) bool {
	return func(run, _ string) func([]string) bool {
		commit := mentions(filters.KindRun, `"reason":"`+run+`"`)
		return func(words []string) bool { return commit(words) && redisproxy.Says(outcome)(words) }
	}
}

// moments are all commits of a run over one agent with the steps `webhook once`, `webhook again` and `confirm`.
var moments = []moment{
	{"the run is written", ofRun("started")},
	{"its agent is begun", ofPhase(scheduler.AgentWithholding, "")},
	{"its first step begins", ofPhase(scheduler.AgentStepping, `"step":0`)},
	{"the first call is intended", ofPhase(scheduler.AgentStepping, `"step":0,"key":"c-`)},
	{"the first call is done", ofPhase(scheduler.AgentStepping, `"step":1`)},
	{"the second call is done", ofPhase(scheduler.AgentAsking, `"step":2`)},
	{"a person has confirmed", ofPhase(scheduler.AgentReturning, "")},
	{"it is back", ofPhase(scheduler.AgentGiving, "")},
	{"it is given back", ofPhase(scheduler.AgentDone, "")},
	{"the run is over", ofRun("done")},
}

// The bot is killed before and after each commit of a run, while others are under way. Each goes on where it stood, no step
// is done twice that may not be, and a person is asked where nobody can know.
func TestRunsOutliveKills(t *testing.T) {
	t.Parallel()
	const worlds = 5
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four"}
	for number := range worlds {
		t.Run(fmt.Sprint(number+1), func(t *testing.T) {
			t.Parallel()
			site, webhooks := openSite(t)
			k := &killing{World: harness.Open(t, harness.Setup{Cluster: webhooks}), answered: map[string]bool{}}
			k.Rules.Repeats = func(webhook string) bool { return webhook == "again" }
			for i, hostname := range hostnames {
				k.over(moments[number+i/2*worlds], i%2 == 1, hostname)
			}
			harness.Until(t, 4*harness.Patience, k.missing)
			k.Bot().AwaitReady()
			for _, hostname := range hostnames {
				k.AwaitWithheld(hostname, false, harness.Patience)
			}
			if keys, most := site.called("once"); keys > len(hostnames) || most != 1 {
				t.Errorf("webhook once was called with %d keys and %d times with one, expected %d at most, and once", keys, most, len(hostnames))
			}
			if keys, _ := site.called("again"); keys != len(hostnames) {
				t.Errorf("webhook again was called with %d keys, expected %d", keys, len(hostnames))
			}
			k.Rest(2 * harness.Patience)
		})
	}
}

// killing is a world in which the bot is killed in runs, and started again. One test goroutine goes through it.
type killing struct {
	*harness.World
	mutex    sync.Mutex // of killing and restarting
	runs     []*killedRun
	answered map[string]bool // confirmations that were answered since the last kill
}

type killedRun struct {
	name, hostname, at string
	caught             *redisproxy.Caught
	killed             bool
}

// over sets the trap for a run over the host that is to come.
func (k *killing) over(m moment, after bool, hostname string) {
	run := &killedRun{name: fmt.Sprintf("%s-%t", hostname, after), hostname: hostname, at: m.name}
	kill := func() redisproxy.Fate {
		k.mutex.Lock()
		defer k.mutex.Unlock()
		k.Bot().Kill()
		return redisproxy.Cut
	}
	trap := redisproxy.Trap{Match: m.commit(run.name, hostname), Before: kill}
	if after {
		trap.Before, trap.After = nil, kill
	}
	run.caught = k.Proxy.Set(trap)
	k.runs = append(k.runs, run)
}

// missing goes on with everything and says what is missing: it starts the bot that was killed, types what was not recorded,
// and confirms what is asked.
func (k *killing) missing() string {
	k.restart()
	messages, still := k.Messages("alice"), ""
	for _, run := range k.runs {
		over := false
		for _, message := range messages {
			over = over || strings.Contains(message.Text, run.name+": 1 of 1 agent done") && strings.Contains(message.Text, "took")
			if id := asking(message, run.hostname); id != "" && !k.answered[id] {
				text := k.Say("bob", "run confirm "+id+" done").Text()
				k.answered[id] = holds(text, "has your word") || holds(text, "waits for nobody")
			}
		}
		switch {
		case !k.recorded(run):
			still = run.name + " is not recorded"
		case !run.killed:
			still = run.name + ": the bot never came to where " + run.at
		case !over:
			still = run.name + " is not over, killed where " + run.at
		}
	}
	return still
}

// restart starts the bot if it was killed.
func (k *killing) restart() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, run := range k.runs {
		select {
		case <-run.caught.Sprung():
			run.killed = true
		default:
		}
	}
	select {
	case <-k.Bot().Ended():
		clear(k.answered)
		k.Bot().Restart()
	default:
	}
}

// recorded tells whether the run is in the journal, and types it if it is not.
func (k *killing) recorded(run *killedRun) bool {
	events, _, ok := harness.List[filters.Event](k.Bot(), "journal")
	for _, event := range events {
		if event.Kind == filters.KindRun && strings.Contains(string(event.Record.Body), `"reason":"`+run.name+`"`) {
			return true
		}
	}
	if ok {
		k.Say("alice", fmt.Sprintf(`run start %s --step "webhook once" --step "webhook again" --step confirm -m %s`, run.hostname, run.name))
	}
	return false
}

// A run goes on under another leader.
func TestARunChangesHands(t *testing.T) {
	t.Parallel()
	site, webhooks := openSite(t)
	w := harness.Open(t, harness.Setup{Replicas: 2, Cluster: webhooks})
	leader := w.Bots[0]
	asked(t, w, w.Bots[1], "start", `run start agent-one,agent-two --step "webhook once" --step "wait 20s" -m handed --max-parallel 2`)
	w.AwaitRoot("handed", "2 under way")
	harness.Until(t, harness.Patience, func() string {
		if keys, _ := site.called("once"); keys < 2 {
			return "the webhook was not called for both"
		}
		return ""
	})
	w.AwaitRoot("handed", "step 2 of 2")
	leader.Kill()
	w.Bots = w.Bots[1:]
	w.Bot().AwaitLead()
	w.AwaitRootWithin(2*harness.Patience, "handed: 2 of 2 agents done", "took")
	for _, hostname := range []string{"agent-one", "agent-two"} {
		w.AwaitWithheld(hostname, false, harness.Patience)
	}
	if keys, most := site.called("once"); keys != 2 || most != 1 {
		t.Errorf("the webhook was called with %d keys and %d times with one", keys, most)
	}
	w.Rest(2 * harness.Patience)
}
