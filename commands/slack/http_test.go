package slack_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/commands/slack"
	"cordon/filters"
)

const secret = "5f2d8c1a"

// counter is a Bot that counts.
type counter struct{ calls atomic.Int64 }

func (c *counter) Handle(context.Context, commands.Input) commands.Reply {
	c.calls.Add(1)
	return commands.Reply{Lines: []commands.Line{commands.Say("done")}}
}

func (c *counter) Suggest(commands.Filled, string) []commands.Choice { return nil }

func (c *counter) Home(context.Context, filters.Actor, error) commands.Home { return commands.Home{} }

func door(t testing.TB) (*slack.Edge, *counter) {
	bot := &counter{}
	edge := slack.New(slack.Config{Bot: bot, Team: team, SigningSecret: secret, BotToken: "xoxb-x", APIURL: "http://127.0.0.1:1/api/", Logger: quiet()})
	t.Cleanup(func() { edge.Stop(context.Background()) })
	return edge, bot
}

func signature(body []byte, at time.Time, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "v0:%d:%s", at.Unix(), body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func signed(path, contentType string, body []byte, at time.Time, key string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(at.Unix(), 10))
	request.Header.Set("X-Slack-Signature", signature(body, at, key))
	return request
}

const form = "application/x-www-form-urlencoded"

func slashBody(change url.Values) []byte {
	values := url.Values{
		"team_id": {team}, "user_id": {"U0ALICE"}, "channel_id": {"C0OPS"}, "text": {"status"}, "trigger_id": {"1.2.3"},
		"response_url": {"https://hooks.slack.com/commands/1"}, "command": {"/mesos"}, "token": {"x"}, "user_name": {"alice"},
	}
	for name, value := range change {
		values[name] = value
	}
	return []byte(values.Encode())
}

func TestDeliveriesAreVerified(t *testing.T) {
	now := time.Now()
	body := slashBody(nil)
	change := func(change func(*http.Request)) *http.Request {
		request := signed("/slack/commands", form, body, now, secret)
		change(request)
		return request
	}
	click := []byte(url.Values{"payload": {`{"type":"block_actions","team":{"id":"T0OTHER"},"user":{"id":"U1"},"trigger_id":"1","actions":[{"action_id":"release","value":"f-1"}]}`}}.Encode())
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		says    string
	}{
		"good":                   {signed("/slack/commands", form, body, now, secret), 200, "done"},
		"a charset":              {signed("/slack/commands", form+"; charset=utf-8", body, now, secret), 200, "done"},
		"another secret":         {signed("/slack/commands", form, body, now, "other"), 401, "signature"},
		"too old":                {signed("/slack/commands", form, body, now.Add(-6*time.Minute), secret), 401, "five minutes"},
		"from the future":        {signed("/slack/commands", form, body, now.Add(6*time.Minute), secret), 401, "five minutes"},
		"no signature":           {change(func(r *http.Request) { r.Header.Del("X-Slack-Signature") }), 401, "signature"},
		"no time stamp":          {change(func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }), 401, "signature"},
		"half a signature":       {change(func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=abcd") }), 401, "signature"},
		"no number":              {change(func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", "now") }), 401, "signature"},
		"JSON":                   {signed("/slack/commands", "application/json", body, now, secret), 415, form},
		"no content type":        {signed("/slack/commands", "", body, now, secret), 415, form},
		"256 kB and one":         {signed("/slack/commands", form, bytes.Repeat([]byte("x"), 256<<10+1), now, secret), 413, "256 kB"},
		"another workspace":      {signed("/slack/commands", form, slashBody(url.Values{"team_id": {"T0OTHER"}}), now, secret), 403, "another Slack workspace"},
		"no user":                {signed("/slack/commands", form, slashBody(url.Values{"user_id": {""}}), now, secret), 400, "slash command"},
		"no form":                {signed("/slack/commands", form, []byte("%zz"), now, secret), 400, "slash command"},
		"a click from elsewhere": {signed("/slack/interactions", form, click, now, secret), 403, "another Slack workspace"},
		"no payload":             {signed("/slack/interactions", form, []byte("x=1"), now, secret), 400, "interaction"},
		"a challenge":            {signed("/slack/events", "application/json", []byte(`{"type":"url_verification","challenge":"abc"}`), now, secret), 200, `"challenge":"abc"`},
		"an event from away":     {signed("/slack/events", "application/json", []byte(`{"type":"event_callback","team_id":"T0OTHER"}`), now, secret), 403, "another"},
		"a broken event":         {signed("/slack/events", "application/json", []byte(`{`), now, secret), 400, "event"},
		"another method":         {httptest.NewRequest(http.MethodGet, "/slack/commands", nil), 405, ""},
		"another path":           {httptest.NewRequest(http.MethodPost, "/slack/other", nil), 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			edge, bot := door(t)
			response := httptest.NewRecorder()
			edge.Handler().ServeHTTP(response, c.request)
			if response.Code != c.status || !strings.Contains(response.Body.String(), c.says) {
				t.Errorf("%d %q, want %d %q", response.Code, response.Body, c.status, c.says)
			}
			if want := int64(0); c.says == "done" {
				want = 1
				if bot.calls.Load() != want {
					t.Errorf("the bot was asked %d times", bot.calls.Load())
				}
			} else if bot.calls.Load() != want {
				t.Error("the bot was asked")
			}
			if text := response.Body.String(); strings.Contains(text, secret) || strings.Contains(text, signature(body, now, secret)) {
				t.Errorf("the answer tells a secret: %q", text)
			}
		})
	}
}

func TestWithoutASecretNothingIsBelieved(t *testing.T) {
	edge := slack.New(slack.Config{Bot: &counter{}, Team: team})
	defer edge.Stop(context.Background())
	response := httptest.NewRecorder()
	edge.Handler().ServeHTTP(response, signed("/slack/commands", form, slashBody(nil), time.Now(), ""))
	if response.Code != http.StatusUnauthorized {
		t.Error(response.Code)
	}
}

// Answers go to the hosts of the configuration alone, and follow no redirect.
func TestResponseHosts(t *testing.T) {
	var got atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/answer", http.StatusTemporaryRedirect)
			return
		}
		got.Add(1)
	}))
	defer target.Close()
	host := strings.TrimPrefix(target.URL, "http://")
	for name, c := range map[string]struct {
		address string
		hosts   []string
		reaches bool
	}{
		"listed with its port":       {target.URL + "/answer", []string{host}, true},
		"the machine itself":         {target.URL + "/answer", []string{"127.0.0.1"}, true},
		"not listed":                 {target.URL + "/answer", []string{"hooks.slack.com"}, false},
		"a redirect":                 {target.URL + "/redirect", []string{host}, false},
		"plain http elsewhere":       {"http://hooks.slack.com/x", []string{"hooks.slack.com"}, false},
		"a name that ends like ours": {"https://evil-hooks.slack.com/x", []string{"hooks.slack.com"}, false},
		"another port":               {"https://hooks.slack.com:8443/x", []string{"hooks.slack.com"}, false},
		"a user in front":            {"https://hooks.slack.com@127.0.0.1/x", []string{"hooks.slack.com"}, false},
		"no address":                 {"://", []string{"hooks.slack.com"}, false},
	} {
		got.Store(0)
		edge := slack.New(slack.Config{Bot: &counter{}, Team: team, ResponseHosts: c.hosts, APIURL: "http://127.0.0.1:1/api/", Logger: quiet()})
		err := edge.Tell(t.Context(), commands.Recipient{Return: c.address}, commands.Reply{Lines: []commands.Line{commands.Say("hello")}})
		if reached := got.Load() == 1; reached != c.reaches || (err == nil) != c.reaches {
			t.Errorf("%s: reached %v, %v", name, reached, err)
		}
		if err != nil && strings.Contains(err.Error(), "/answer") {
			t.Errorf("%s: the error tells the address: %v", name, err)
		}
		edge.Stop(context.Background())
	}
}

// BenchmarkCommand is the whole road of a command over HTTP but the network and Redis.
func BenchmarkCommand(b *testing.B) {
	on := stage.New(stage.Options{Operators: []string{"user:U0ALICE"}})
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}})
	edge := slack.New(slack.Config{Bot: bot, Team: team, SigningSecret: secret, BotToken: "xoxb-x", HTTPClient: member().client(), Logger: quiet()})
	defer edge.Stop(context.Background())
	handler := edge.Handler()
	now := time.Now()
	body := slashBody(url.Values{"text": {`filter agent-one --for 2h -m "kernel upgrade"`}, "trigger_id": {"1.2.4"}})
	mac := signature(body, now, secret)
	b.ReportAllocs()
	for b.Loop() {
		request := httptest.NewRequest(http.MethodPost, "/slack/commands", bytes.NewReader(body))
		request.Header.Set("Content-Type", form)
		request.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(now.Unix(), 10))
		request.Header.Set("X-Slack-Signature", mac)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if response.Code != 200 {
			b.Fatal(response.Body)
		}
	}
}

func FuzzDeliveries(f *testing.F) {
	f.Add("/slack/commands", string(slashBody(nil)))
	f.Add("/slack/interactions", "payload=%7B%22type%22%3A%22block_actions%22%7D")
	f.Add("/slack/interactions", "payload="+url.QueryEscape(`{"type":"view_submission","team":{"id":"T0CORDON"},"user":{"id":"U1"},"view":{"id":"V1","root_view_id":"V1",
		"callback_id":"cordon_reason","private_metadata":"{\"action\":\"adopt\",\"value\":\"S1\"}","state":{"values":{"reason":{"reason":{"value":"x"}}}}}}`))
	f.Add("/slack/events", `{"type":"event_callback","team_id":"T0CORDON","event":{"type":"app_mention","user":"U1","text":"<@U2> status"}}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		if path != "/slack/commands" && path != "/slack/interactions" && path != "/slack/events" {
			return
		}
		edge, _ := door(t)
		contentType := form
		if path == "/slack/events" {
			contentType = "application/json"
		}
		response := httptest.NewRecorder()
		edge.Handler().ServeHTTP(response, signed(path, contentType, []byte(body), time.Now(), secret))
		switch response.Code {
		case 200, 400, 403, 413:
		default:
			t.Errorf("%d %q", response.Code, response.Body)
		}
		_, _ = io.Copy(io.Discard, response.Body)
	})
}
