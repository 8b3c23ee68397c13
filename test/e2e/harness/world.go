package harness

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/redisproxy"
	"cordon/test/journal"
)

// World is the simulators, a Redis behind a proxy, and bots between them. When the test ends well, the journal and the
// cluster are compared: see Rest.
type World struct {
	*Sim
	Redis *Redis
	Proxy *redisproxy.Proxy
	Bots  []*Bot
	// Rules are what the journal is held to beside its own records.
	Rules journal.Rules

	t     testing.TB
	mutex sync.Mutex
	told  []journal.Told
	// foreign are the hosts that somebody else withholds.
	foreign map[string]bool
}

// Setup says what a world is like; the zero value is one replica on Socket Mode.
type Setup struct {
	Transport string // socket or http
	Replicas  int
	Cluster   string // more lines of the cluster's configuration, indented by four
	Top       string // more lines of the configuration, beside its clusters
	// Module loads the offer-filter allocator module into the masters; the bot withholds by it.
	Module bool
	// Embedded leaves Redis out: the bot starts its own, and there is no proxy.
	Embedded bool
}

// Open starts a world and waits until its first bot is ready and leads. All of it ends with the test.
func Open(t testing.TB, setup Setup) *World {
	t.Helper()
	if setup.Transport == "" {
		setup.Transport = "socket"
	}
	w := &World{t: t, foreign: map[string]bool{}}
	ports := make([]int, max(1, setup.Replicas))
	for i := range ports {
		ports[i] = freePort(t)
	}
	var simulated []string
	if setup.Module {
		simulated = append(simulated, "--module")
		setup.Cluster = "    backend: allocator\n" + setup.Cluster
	}
	w.Sim = StartSim(t, fmt.Sprintf("http://127.0.0.1:%d", ports[0]), simulated...)
	redis := ""
	if !setup.Embedded {
		redis = w.openRedis()
	}
	for _, port := range ports {
		w.Bots = append(w.Bots, w.bot(setup, port, redis))
		w.Bots[0].AwaitReady()
		w.Bots[0].AwaitLead() // before others start: it is known who leads
	}
	for _, bot := range w.Bots {
		bot.AwaitReady()
	}
	Until(t, Patience, func() string {
		if waiting := w.Cluster().Waiting; len(waiting) > 0 {
			return fmt.Sprintf("what runs from the start still waits: %v", waiting)
		}
		return ""
	})
	return w
}

func (w *World) openRedis() string {
	w.t.Helper()
	w.Redis = StartRedis(w.t)
	proxy, err := redisproxy.Start(fmt.Sprintf("127.0.0.1:%d", freePort(w.t)), w.Redis.Dial)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(proxy.Close)
	w.Proxy = proxy
	return "redis://" + proxy.Addr()
}

func (w *World) bot(setup Setup, port int, redis string) *Bot {
	w.t.Helper()
	const token = "ci-token-0123456789abcdef"
	written := settings{
		directory: w.t.TempDir(), listen: port, redis: redis, transport: setup.Transport, sim: w.Ready, extra: setup.Cluster, top: setup.Top, token: token,
	}
	b := &Bot{t: w.t, URL: fmt.Sprintf("http://127.0.0.1:%d", port), Config: written.write(w.t), Token: token}
	b.start()
	return b
}

// Bot is the first replica.
func (w *World) Bot() *Bot { return w.Bots[0] }

// changing are the verbs that write.
var changing = []string{"filter", "cordon", "deactivate", "unfilter", "uncordon", "reactivate", "release", "extend", "adopt", "drain", "gone", "freeze", "thaw", "answer", "unlock", "approve", "deny", "withdraw", "review"}

// changingPlans are the words behind `window`, `run` and `maintenance` that write.
var changingPlans = []string{"add", "pause", "resume", "skip", "rm", "start", "abort", "confirm", "schedule", "down", "up", "cancel"}

// changes tells whether a command writes.
func changes(words string) bool {
	verb, rest, _ := strings.Cut(words, " ")
	word, _, _ := strings.Cut(rest, " ")
	plan := (verb == "window" || verb == "run" || verb == "maintenance") && slices.Contains(changingPlans, word)
	return (plan || slices.Contains(changing, verb)) && !strings.Contains(words, "--dry-run")
}

// Say types `/mesos` and the words as a person and notes what they were told.
func (w *World) Say(user, words string) Answer {
	w.t.Helper()
	answer := w.Command(user, "/mesos "+words)
	w.note(words, answer)
	return answer
}

// Press presses a button and notes what the person was told. Show is Details' action: it changes nothing.
func (w *World) Press(user, ts, action string) Answer {
	w.t.Helper()
	answer := w.Click(user, ts, action)
	w.Told(answer.Trigger, w.saying(answer.Text()))
	return answer
}

func (w *World) note(words string, answer Answer) {
	if changes(words) {
		w.Told(answer.Trigger, w.saying(answer.Text()))
	}
}

// Told notes what became of a request.
func (w *World) Told(request string, saying journal.Saying) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.told = append(w.told, journal.Told{Request: request, Saying: saying})
}

// Forget drops what people were told until now: Redis has been put back to an older state.
func (w *World) Forget() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.told = nil
}

// Deliver delivers a command to replicas as Slack does over HTTP, to one after the other, and notes what was told in all:
// a refusal holds only if no delivery did anything. It may be called from several goroutines, and while a replica is killed.
func (w *World) Deliver(user, words, trigger string, bots ...*Bot) {
	said := journal.Refused
	for _, bot := range bots {
		status, text := bot.TryDeliver(w.Ready, Delivery{User: user, Text: words, Trigger: trigger})
		now := w.saying(text)
		switch status {
		case 0:
			now = journal.Unsure
		case http.StatusServiceUnavailable: // the bot is starting, and takes nothing yet
			now = journal.Refused
		}
		if said != journal.Done && now != journal.Refused {
			said = now
		}
	}
	w.Told(trigger, said)
}

// saying reads which of the three answers a text is. Slack's own words about a bot that did not answer leave it open.
func (w *World) saying(text string) journal.Saying {
	switch {
	case strings.Contains(text, "Nothing was changed yet"): // it waits for others
	case text == "" || strings.Contains(text, "ot confirmed") || strings.Contains(text, "failed with the error") || strings.Contains(text, "had some trouble"):
		return journal.Unsure
	case strings.Contains(text, "Nothing was changed") && !strings.Contains(text, "Nothing was changed yet"): // it waits for approval
		return journal.Refused
	}
	return journal.Done
}

// Foreign notes that somebody else withholds a host, or that they do not any more.
func (w *World) Foreign(hostname string, withheld bool) { w.foreign[hostname] = withheld }

// Master sends a call to the leading master's v1 API, past the bot, as another tool would.
func (w *World) Master(call, hostname string) (status int, text string) {
	w.t.Helper()
	field := strings.ToLower(call)
	body := map[string]any{"type": call, field: map[string]any{"agent_id": map[string]string{"value": w.Agent(hostname).ID}}}
	return Call(w.t, Request{Method: http.MethodPost, URL: w.Cluster().Leader + "/api/v1", JSON: body})
}

// AwaitWithheld waits until the master withholds the host, or gives offers of it, and tells how long that took.
func (w *World) AwaitWithheld(hostname string, withheld bool, most time.Duration) time.Duration {
	w.t.Helper()
	return Until(w.t, most, func() string {
		agent := w.Agent(hostname)
		if agent.ID == "" || agent.Withheld() != withheld {
			return fmt.Sprintf("%s is %+v, expected withheld %t", hostname, agent, withheld)
		}
		return ""
	})
}

// AwaitRoot waits until a root message in the channel holds each of the texts and returns the newest one.
func (w *World) AwaitRoot(texts ...string) Message {
	w.t.Helper()
	return w.AwaitRootWithin(Patience, texts...)
}

// AwaitRootWithin is AwaitRoot with a time of its own.
func (w *World) AwaitRootWithin(most time.Duration, texts ...string) Message {
	w.t.Helper()
	return w.awaitMessage("root message", most, Message.Root, texts)
}

// AwaitThread waits until a message in a thread holds each of the texts.
func (w *World) AwaitThread(most time.Duration, texts ...string) Message {
	w.t.Helper()
	return w.awaitMessage("thread message", most, func(m Message) bool { return !m.Ephemeral && !m.Root() }, texts)
}

func (w *World) awaitMessage(what string, most time.Duration, wanted func(Message) bool, texts []string) (found Message) {
	w.t.Helper()
	Until(w.t, most, func() string {
		messages := w.Messages("alice")
		for _, message := range slices.Backward(messages) {
			missing := slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(message.Text, text) })
			if wanted(message) && !missing {
				found = message
				return ""
			}
		}
		return fmt.Sprintf("no %s with %q among %s", what, texts, list(messages))
	})
	return found
}

func list(messages []Message) string {
	var lines []string
	for _, message := range messages {
		lines = append(lines, fmt.Sprintf("%q", message.Text))
	}
	return strings.Join(lines, "\n")
}

// Journal reads the whole journal, oldest first.
func (w *World) Journal() []filters.Event {
	w.t.Helper()
	events, _, ok := w.readJournal()
	if !ok {
		w.t.Fatal("the journal cannot be read")
	}
	return events
}

func (w *World) readJournal() ([]filters.Event, time.Time, bool) {
	for _, bot := range w.Bots {
		if events, asOf, ok := List[filters.Event](bot, "journal"); ok {
			slices.Reverse(events)
			return events, asOf, true
		}
	}
	return nil, time.Time{}, false
}

// Rest waits until everything has come to rest and holds the whole run against the checker.
func (w *World) Rest(most time.Duration) {
	w.t.Helper()
	Until(w.t, most, func() string {
		run, missing := w.record()
		if missing != "" {
			return missing
		}
		violations := journal.Check(run)
		if len(violations) == 0 {
			return ""
		}
		var lines []string
		for _, violation := range violations {
			lines = append(lines, violation.String())
		}
		return "the journal and the cluster do not agree:\n" + strings.Join(lines, "\n")
	})
}

// record gathers what the checker looks at.
func (w *World) record() (run journal.Run, missing string) {
	standing, _, ok := w.filters()
	if !ok {
		return run, "the filters cannot be listed"
	}
	events, asOf, ok := w.readJournal()
	if !ok {
		return run, "the journal cannot be read"
	}
	end := &journal.End{At: asOf, Filters: standing}
	for _, agent := range w.Cluster().Agents {
		if agent.State == "gone" { // for ever: the master does not list it
			continue
		}
		end.Agents = append(end.Agents, journal.Agent{
			ID: filters.AgentID(agent.ID), Hostname: agent.Hostname, Withheld: agent.Withheld(), Foreign: w.foreign[agent.Hostname],
		})
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return journal.Run{Entries: events, Told: slices.Clone(w.told), End: end, Rules: &w.Rules}, ""
}

func (w *World) filters() ([]filters.Filter, time.Time, bool) {
	for _, bot := range w.Bots {
		if standing, asOf, ok := List[filters.Filter](bot, "filters"); ok {
			return standing, asOf, true
		}
	}
	return nil, time.Time{}, false
}

// Filters lists the filters that stand, as the bot does.
func (w *World) Filters() []filters.Filter {
	w.t.Helper()
	standing, _, ok := w.filters()
	if !ok {
		w.t.Fatal("the filters cannot be listed")
	}
	return standing
}
