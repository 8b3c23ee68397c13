package sim

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func TestBadRequestsSayWhatWasExpected(t *testing.T) {
	demo := open(t, Config{})
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"commands", `{"user":"erin","text":"/mesos help"}`, 400, "expected one of alice, bob, dana, carol"},
		{"commands", `{"text":"/mesos help"}`, 400, `nobody here is called ""`},
		{"commands", `{"user":"alice","text":"help"}`, 400, "starts with a slash"},
		{"commands", `{"user":"alice","text":"/other help"}`, 400, "/other"},
		{"commands", `{"user":"alice","text":"/mesos help","channel":"C0NONE"}`, 400, "C0NONE"},
		{"commands", `{"user":"alice","txt":"/mesos help"}`, 400, "txt"},
		{"commands", `{"user":7}`, 400, "user"},
		{"commands", `nonsense`, 400, "not what was expected"},
		{"commands", ``, 400, "not what was expected"},
		{"commands", `{} {}`, 400, "goes on"},
		{"commands", `{"text":"` + strings.Repeat("x", maxBody) + `"}`, 413, "over 262144 bytes"},
		{"click", `{"user":"alice"}`, 400, "message_ts and action_id"},
		{"click", `{"user":"alice","message_ts":"1.2","action_id":"release"}`, 400, ""},
		{"cluster", `{}`, 400, "expected launch, kill, restart-agent"},
		{"cluster", `{"do":"explode"}`, 400, `"explode" is not known`},
		{"cluster", `{"do":"launch"}`, 400, "is not an app's name"},
		{"cluster", `{"do":"launch","app":"<b>","instances":1}`, 400, "is not an app's name"},
		{"cluster", `{"do":"launch","app":"web","instances":0}`, 400, "not between 1 and 100"},
		{"cluster", `{"do":"launch","app":"web","instances":101}`, 400, "not between 1 and 100"},
		{"cluster", `{"do":"launch","app":"web","instances":1,"agent":"agent-seven"}`, 400, "agent-seven"},
		{"cluster", `{"do":"launch","app":"web","instance":2}`, 400, "instance"},
		{"cluster", `{"do":"kill","app":"nothing"}`, 400, "nothing"},
		{"cluster", `{"do":"launch","app":"web","framework":"nobody"}`, 400, "nobody"},
		{"cluster", `{"do":"restart-agent","agent":""}`, 400, "no agent"},
		{"cluster", `{"do":"partition-agent","agent":"agent-seven"}`, 400, "agent-seven"},
		{"cluster", `{"do":"partition-agent","agent":"agent-one","seconds":301}`, 400, "not between 1 and 300"},
		{"cluster", `{"do":"pend-operation"}`, 400, "no agent"},
		{"cluster", `{"do":"finish-operation","agent":"agent-one"}`, 400, "no operation is pending on agent-one"},
		{"cluster", `{"do":"health","app":"nothing","mode":"stuck"}`, 400, "App '/nothing' does not exist"},
		{"cluster", `{"do":"health","app":"report","mode":"stuck"}`, 400, "App '/report' does not exist"},
		{"cluster", `{"do":"health","app":"mail","mode":"stuck"}`, 400, "mail has no health checks"},
		{"cluster", `{"do":"health","app":"shop","mode":"ill"}`, 400, "expected healthy, unhealthy or stuck"},
		{"cluster", `{"do":"deploy","app":"shop","mode":"begin"}`, 400, "expected start or end"},
		{"cluster", `{"do":"inverse-offers","framework":"nobody","mode":"ignores"}`, 400, "nobody"},
		{"cluster", `{"do":"inverse-offers","framework":"batch","mode":"sulks"}`, 400, "expected accepts, declines or ignores"},
		{"cluster", `{"do":"cut-redis","seconds":1}`, 400, "Redis"},
		{"cluster", `{"do":"cut-redis","seconds":0}`, 400, "not between 1 and 300"},
		{"cluster", `{"do":"slack","mode":"sideways"}`, 400, "expected up, down or rate-limit"},
		{"cluster", `{"do":"slack","mode":"down","seconds":301}`, 400, "not between 1 and 300"},
		{"cluster", `{"do":"group","group":"nobody"}`, 400, "no user group @nobody"},
		{"cluster", `{"do":"group","group":"sre","users":["mallory"]}`, 400, "nobody called mallory"},
	} {
		status, answer := post(t, demo.PageURL+"sim/"+c.path, c.body)
		said, _ := answer["error"].(string)
		if status != c.status || said == "" || !strings.Contains(said, c.says) {
			t.Errorf("%s %.60s: %d %q, expected %d %q", c.path, c.body, status, said, c.status, c.says)
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	demo := open(t, Config{})
	for _, c := range []struct {
		name    string
		status  int
		prepare func(*http.Request)
	}{
		{"its own page", 200, func(r *http.Request) { r.Header.Set("Origin", strings.TrimSuffix(demo.PageURL, "/")) }},
		{"a program", 200, func(*http.Request) {}},
		{"a charset", 200, func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }},
		{"a form", 415, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{"no content type", 415, func(r *http.Request) { r.Header.Del("Content-Type") }},
		{"another site", 403, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{"another origin", 403, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		{"a rebound name", 403, func(r *http.Request) { r.Host = "evil.example:8080" }},
		{"a name like ours", 403, func(r *http.Request) { r.Host = "localhost.evil.example" }},
		{"our name", 200, func(r *http.Request) { r.Host = "localhost:8080" }},
		{"our address", 200, func(r *http.Request) { r.Host = "[::1]:8080" }},
	} {
		request, err := http.NewRequest(http.MethodPost, demo.PageURL+"sim/cluster", strings.NewReader(`{"do":"slack","mode":"up"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		c.prepare(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := read(t, response); status != c.status {
			t.Errorf("%s got %d %v, expected %d", c.name, status, answer, c.status)
		}
	}
}

func TestPageBringsItsOwnRulesAndNothingFromOutside(t *testing.T) {
	demo := open(t, Config{})
	for _, path := range []string{"", "assets/app.js", "assets/tokens.css", "assets/icon.svg"} {
		response, err := http.Get(demo.PageURL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		if response.StatusCode != 200 || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("/%s: %s with the policy %q", path, response.Status, policy)
		}
	}
	for _, path := range []string{"sim/nothing", "assets/../page.html", "index.html"} {
		response, err := http.Get(demo.PageURL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 404 {
			t.Errorf("/%s: %s", path, response.Status)
		}
	}
}

func TestMessagesAreThoseThatAPersonSees(t *testing.T) {
	demo := open(t, Config{})
	bot := slack.New(demo.Workspace.BotToken(), slack.OptionAPIURL(demo.Workspace.URL()))
	if _, _, err := bot.PostMessageContext(t.Context(), demo.Channel.ID, slack.MsgOptionText("for all", false)); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.PostEphemeralContext(t.Context(), demo.Channel.ID, "U0ALICE", slack.MsgOptionText("for alice", false)); err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{"alice": "for all, for alice", "U0ALICE": "for all, for alice", "carol": "for all", "": "for all"} {
		response, err := http.Get(demo.PageURL + "sim/messages?user=" + user)
		if err != nil {
			t.Fatal(err)
		}
		_, answer := read(t, response)
		var texts []string
		for _, message := range answer["messages"].([]any) {
			texts = append(texts, message.(map[string]any)["text"].(string))
		}
		if got := strings.Join(texts, ", "); got != want {
			t.Errorf("%s sees %q, expected %q", user, got, want)
		}
	}
}

// A bot that is not there is told as Slack tells it, to the person who typed.
func TestCommandWithoutABot(t *testing.T) {
	demo := open(t, Config{BotURL: "http://127.0.0.1:1"})
	status, answer := post(t, demo.PageURL+"sim/commands", `{"user":"alice","text":"/mesos help"}`)
	replies, _ := answer["replies"].([]any)
	if status != 200 || answer["ok"] != true || answer["trigger_id"] == "" || len(replies) != 1 {
		t.Fatalf("%d %v", status, answer)
	}
	if text := replies[0].(map[string]any)["text"].(string); !strings.Contains(text, "failed") {
		t.Errorf("the reply is %q", text)
	}
}

func TestStreamTellsOfChangesWithinASecond(t *testing.T) {
	demo := open(t, Config{})
	eventually(t, demo, "quiet", func(view ClusterView) bool { return len(view.Waiting) == 0 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, demo.PageURL+"sim/events?user=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	awaitLine(t, lines, "event: cluster")
	awaitLine(t, lines, "event: chat")

	start := time.Now()
	do(t, demo, `{"do":"launch","app":"seen-at-once","instances":1}`)
	awaitLine(t, lines, "seen-at-once")
	bot := slack.New(demo.Workspace.BotToken(), slack.OptionAPIURL(demo.Workspace.URL()))
	if _, _, err := bot.PostMessageContext(ctx, demo.Channel.ID, slack.MsgOptionText("heard at once", false)); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, lines, "heard at once")
	if took := time.Since(start); took > time.Second {
		t.Errorf("both changes were told after %s", took)
	}
}

func awaitLine(t *testing.T, lines *bufio.Scanner, text string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the stream ended before %q: %v", text, lines.Err())
}

// Close must not wait for people who leave the page open.
func TestCloseEndsStreams(t *testing.T) {
	demo := open(t, Config{})
	response, err := http.Get(demo.PageURL + "sim/events?user=alice")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	start := time.Now()
	if err := demo.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("closing took %s", took)
	}
}

func TestLoopbackHost(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:8080": true, "127.9.9.9": true, "localhost": true, "LOCALHOST:1": true, "[::1]:80": true, "[::1]": true,
		"": false, ":8080": false, "0.0.0.0:80": false, "10.0.0.1": false, "localhost.": false, "127.0.0.1.evil.example": false, "2130706433": false,
	} {
		if got := loopbackHost(host); got != want {
			t.Errorf("loopbackHost(%q) is %t", host, got)
		}
	}
}

// still is a cluster and a workspace that never change, for what must not reach them.
type still struct{ view ClusterView }

func (s still) Snapshot() ClusterView                                           { return s.view }
func (s still) Watch(context.Context) <-chan struct{}                           { return nil }
func (s still) Launch(Order) error                                              { return nil }
func (s still) PartitionAgent(string, time.Duration) error                      { return nil }
func (s still) PendOperation(string) error                                      { return nil }
func (s still) FinishOperation(string) error                                    { return nil }
func (s still) AnswerInverseOffers(string, string) error                        { return nil }
func (s still) SetHealth(string, string) error                                  { return nil }
func (s still) Deploy(string) error                                             { return nil }
func (s still) EndDeployment(string) error                                      { return nil }
func (s still) Kill(string) error                                               { return nil }
func (s still) RestartAgent(string) error                                       { return nil }
func (s still) HoldOffers(bool)                                                 {}
func (s still) LoseWorkDir(string) error                                        { return nil }
func (s still) Failover() error                                                 { return nil }
func (s still) Command(context.Context, string, string, string) (Answer, error) { return Answer{}, nil }
func (s still) Click(context.Context, Click) (Answer, error)                    { return Answer{}, nil }
func (s still) Suggest(context.Context, Click, string) ([]Option, error)        { return nil, nil }
func (s still) Home(string) (View, bool)                                        { return View{}, false }
func (s still) OpenHome(context.Context, string) error                          { return nil }
func (s still) Views(string) []View                                             { return nil }
func (s still) Submit(context.Context, Submission) (Answer, error)              { return Answer{}, nil }
func (s still) CloseView(context.Context, string, string) error                 { return nil }
func (s still) Messages(string) []Message                                       { return nil }
func (s still) SetMode(string, time.Duration) error                             { return nil }
func (s still) SetGroup(string, []string) error                                 { return nil }

func FuzzRequests(f *testing.F) {
	for _, path := range []string{"commands", "click", "cluster", "suggest", "home"} {
		f.Add(path, `{"do":"launch","app":"web","instances":1}`)
		f.Add(path, `{"user":"alice","text":"/mesos help","message_ts":"1","action_id":"a"}`)
		f.Add(path, `{"do":null,"seconds":1e99}`)
	}
	page := NewPage(PageConfig{Cluster: still{}, Agents: still{}, Frameworks: still{}, Workspace: still{}, People: demoPeople()})
	f.Fuzz(func(t *testing.T, path, body string) {
		if !slices.Contains([]string{"commands", "click", "cluster", "suggest", "home"}, path) {
			return
		}
		request := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/sim/"+path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		page.ServeHTTP(recorder, request)
		if recorder.Code != 200 && (recorder.Code != 400 || !strings.Contains(recorder.Body.String(), `"error":"`)) {
			t.Error(fmt.Sprint(recorder.Code, recorder.Body))
		}
	})
}
