package harness

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Ready is what a ready file says (issue 3).
type Ready struct {
	Page          string            `json:"page"`
	Bot           string            `json:"bot"`
	Masters       []string          `json:"masters"`
	SlackAPI      string            `json:"slack_api"`
	SigningSecret string            `json:"signing_secret"`
	APIToken      string            `json:"api_token"`
	TeamID        string            `json:"team_id"`
	ChannelID     string            `json:"channel_id"`
	Users         map[string]string `json:"users"`
	BotToken      string            `json:"bot_token"`
	AppToken      string            `json:"app_token"`
	MarathonURL   string            `json:"marathon_url"`
	BatchURL      string            `json:"batch_url"`
}

// Sim is a running `bot sim` or `bot demo`: a cluster and a workspace, driven as CONTRACTS.md says.
type Sim struct {
	*Process
	Ready
	t testing.TB
}

// StartSim starts `bot sim`, which delivers over HTTP to botURL unless the bot is on Socket Mode.
func StartSim(t testing.TB, botURL string, arguments ...string) *Sim {
	t.Helper()
	if botURL != "" {
		arguments = append(arguments, "--bot-url", botURL)
	}
	return startSim(t, "sim", arguments...)
}

// StartDemo starts `bot demo`.
func StartDemo(t testing.TB, arguments ...string) *Sim {
	t.Helper()
	return startSim(t, "demo", arguments...)
}

func startSim(t testing.TB, verb string, arguments ...string) *Sim {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready.json")
	arguments = append([]string{verb, "--port", "0", "--ready-file", file}, arguments...)
	s := &Sim{Process: Start(t, "bot "+verb, []string{"TZ=UTC"}, binary, arguments...), t: t}
	Until(t, Patience, func() string {
		select {
		case <-s.Ended():
			t.Fatalf("bot %s ended before it was ready", verb)
		default:
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return "no ready file"
		}
		if err := json.Unmarshal(text, &s.Ready); err != nil {
			t.Fatalf("the ready file: %v", err)
		}
		return ""
	})
	return s
}

// Message is a message as a person sees it.
type Message struct {
	TS        string          `json:"ts"`
	Thread    string          `json:"thread_ts"`
	Channel   string          `json:"channel"`
	User      string          `json:"user"`
	Ephemeral bool            `json:"ephemeral"`
	Edited    bool            `json:"edited"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks"`
}

// Root tells whether the message stands in the channel for all, and not in a thread.
func (m Message) Root() bool { return !m.Ephemeral && (m.Thread == "" || m.Thread == m.TS) }

// Answer is what somebody sees after a command or a click.
type Answer struct {
	Trigger string    `json:"trigger_id"`
	Replies []Message `json:"replies"`
}

// Text joins the replies.
func (a Answer) Text() string {
	var texts []string
	for _, reply := range a.Replies {
		texts = append(texts, reply.Text)
	}
	return strings.Join(texts, "\n")
}

// Command types a line as a person.
func (s *Sim) Command(user, text string) Answer {
	s.t.Helper()
	var answer Answer
	s.post("/sim/commands", map[string]any{"user": user, "text": text}, &answer)
	return answer
}

// Click presses a button of a message as a person.
func (s *Sim) Click(user, ts, action string) Answer {
	s.t.Helper()
	var answer Answer
	s.post("/sim/click", map[string]any{"user": user, "message_ts": ts, "action_id": action}, &answer)
	return answer
}

// Messages are what a person sees, oldest first.
func (s *Sim) Messages(user string) []Message {
	s.t.Helper()
	var answer struct{ Messages []Message }
	s.get("/sim/messages?user="+url.QueryEscape(user), &answer)
	return answer.Messages
}

// ClusterView is the cluster as it is.
type ClusterView struct {
	Leader  string         `json:"leader"`
	Agents  []ClusterAgent `json:"agents"`
	Waiting []struct {
		App   string `json:"app"`
		Agent string `json:"agent"`
	} `json:"waiting"`
}

// ClusterTask is a task as the agent's master lists it.
type ClusterTask struct {
	ID    string `json:"id"`
	App   string `json:"app"`
	State string `json:"state"`
}

// ClusterAgent is an agent as the leading master lists it.
type ClusterAgent struct {
	ID          string        `json:"id"`
	Hostname    string        `json:"hostname"`
	Active      bool          `json:"active"`
	Deactivated bool          `json:"deactivated"`
	Filtered    bool          `json:"filtered"`
	Connected   bool          `json:"connected"`
	Offered     bool          `json:"offered"`
	State       string        `json:"state"`
	Tasks       []ClusterTask `json:"tasks"`
}

// Withheld tells whether the agent gets no offers although it is there.
func (a ClusterAgent) Withheld() bool { return a.Deactivated || a.Filtered }

// Runs counts the tasks of an app that run on the agent.
func (a ClusterAgent) Runs(app string) int {
	count := 0
	for _, task := range a.Tasks {
		if task.App == app && task.State == "TASK_RUNNING" {
			count++
		}
	}
	return count
}

// Cluster asks the simulated cluster, not the bot.
func (s *Sim) Cluster() ClusterView {
	s.t.Helper()
	var view ClusterView
	s.get("/sim/cluster", &view)
	return view
}

// Agent returns one agent, or one without an ID if it is not listed.
func (s *Sim) Agent(hostname string) ClusterAgent {
	s.t.Helper()
	for _, agent := range s.Cluster().Agents {
		if agent.Hostname == hostname {
			return agent
		}
	}
	return ClusterAgent{Hostname: hostname}
}

// Do changes the cluster or the workspace: {"do": what, …}.
func (s *Sim) Do(what string, more map[string]any) {
	s.t.Helper()
	body := map[string]any{"do": what}
	for name, value := range more {
		body[name] = value
	}
	s.post("/sim/cluster", body, nil)
}

func (s *Sim) post(path string, body, into any) {
	s.t.Helper()
	status, text := Call(s.t, Request{Method: http.MethodPost, URL: s.Page + path, JSON: body})
	s.decode(path, status, text, into)
}

func (s *Sim) get(path string, into any) {
	s.t.Helper()
	status, text := Call(s.t, Request{URL: s.Page + path})
	s.decode(path, status, text, into)
}

func (s *Sim) decode(path string, status int, text string, into any) {
	s.t.Helper()
	if status != http.StatusOK {
		s.t.Fatalf("%s: %s %s", path, strconv.Itoa(status), text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.t.Fatalf("%s: %v: %s", path, err, text)
	}
}
