package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// people are those of the demo, and some who are special.
func people() []User {
	return []User{
		{ID: "U0ALICE", Name: "alice", RealName: "Alice A.", TimeZone: "Europe/Paris"},
		{ID: "U0BOB", Name: "bob", TimeZone: "America/New_York"},
		{ID: "U0CAROL", Name: "carol"},
		{ID: "U0GUEST", Name: "gus", Guest: true},
		{ID: "U0GONE", Name: "gone", Deleted: true},
		{ID: "U0OTHER", Name: "olga", TeamID: "T0OTHER"},
		{ID: "U0ROBOT", Name: "robot", Bot: true},
	}
}

// start opens a workspace that closes with the test.
func start(t *testing.T, change func(*Config)) *Workspace {
	t.Helper()
	config := Config{Users: people(), Groups: map[string][]string{"S0OPS": {"U0ALICE", "U0BOB"}}, GroupHandles: map[string]string{"S0OPS": "ops"}}
	if change != nil {
		change(&config)
	}
	w, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return w
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// web returns an HTTP client whose connections end with the test.
func web(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func client(t *testing.T, w *Workspace) *slackgo.Client {
	t.Helper()
	return slackgo.New(w.BotToken(), slackgo.OptionAPIURL(w.URL()), slackgo.OptionAppLevelToken(w.AppToken()), slackgo.OptionHTTPClient(web(t)))
}

// bot is written against slack-go alone, as the real one is. Handlers return what the acknowledgement carries; errSilence
// means that there is none.
type bot struct {
	api         *slackgo.Client
	web         *http.Client
	command     func(slackgo.SlashCommand) any
	interaction func(slackgo.InteractionCallback) any
	event       func(raw json.RawMessage, retry int) any
}

var errSilence = errors.New("no acknowledgement")

func newBot(t *testing.T, w *Workspace) *bot {
	return &bot{
		api: client(t, w), web: web(t),
		command:     func(slackgo.SlashCommand) any { return nil },
		interaction: func(slackgo.InteractionCallback) any { return nil },
		event:       func(json.RawMessage, int) any { return nil },
	}
}

// respond sends to a response URL.
func (b *bot) respond(url string, message *slackgo.WebhookMessage) error {
	return slackgo.PostWebhookCustomHTTPContext(context.Background(), url, b.web, message)
}

// connect runs the bot over Socket Mode until the test ends; it returns when the workspace has the connection.
func (b *bot) connect(t *testing.T, w *Workspace) {
	t.Helper()
	before := w.Sockets()
	ctx, cancel := context.WithCancel(t.Context())
	sockets := socketmode.New(b.api)
	var running sync.WaitGroup
	running.Go(func() { _ = sockets.RunContext(ctx) })
	hello := make(chan struct{})
	running.Go(func() { b.listen(ctx, sockets, hello) })
	t.Cleanup(func() { cancel(); running.Wait() })
	select {
	case <-hello:
	case <-time.After(10 * time.Second):
		t.Fatal("no hello")
	}
	if w.Sockets() <= before {
		t.Fatalf("%d sockets after hello, %d before", w.Sockets(), before)
	}
}

func (b *bot) listen(ctx context.Context, sockets *socketmode.Client, hello chan struct{}) {
	var once sync.Once
	var handling sync.WaitGroup
	defer handling.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-sockets.Events:
			if event.Type == socketmode.EventTypeHello {
				once.Do(func() { close(hello) })
			}
			if event.Request != nil && event.Request.EnvelopeID != "" {
				handling.Go(func() { b.handle(ctx, sockets, event) })
			}
		}
	}
}

func (b *bot) handle(ctx context.Context, sockets *socketmode.Client, event socketmode.Event) {
	var answer any
	switch data := event.Data.(type) {
	case slackgo.SlashCommand:
		answer = b.command(data)
	case slackgo.InteractionCallback:
		answer = b.interaction(data)
	default:
		answer = b.event(event.Request.Payload, event.Request.RetryAttempt)
	}
	if answer != errSilence {
		_ = sockets.AckCtx(ctx, event.Request.EnvelopeID, answer)
	}
}

// serve runs the bot over signed HTTP until the test ends.
func (b *bot) serve(t *testing.T, w *Workspace) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		verifier, err := slackgo.NewSecretsVerifier(r.Header, w.SigningSecret())
		if err != nil {
			t.Errorf("signature headers: %v", err)
		}
		_, _ = verifier.Write(body)
		if err := verifier.Ensure(); err != nil {
			t.Errorf("signature: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		b.answer(rw, b.dispatch(t, r, body))
	}))
	t.Cleanup(server.Close)
	w.SetBotURL(server.URL)
}

func (b *bot) dispatch(t *testing.T, r *http.Request, body []byte) any {
	switch r.URL.Path {
	case "/slack/commands":
		command, err := slackgo.SlashCommandParse(r)
		if err != nil {
			t.Error(err)
		}
		return b.command(command)
	case "/slack/interactions":
		callback, err := slackgo.InteractionCallbackParse(r)
		if err != nil {
			t.Error(err)
		}
		return b.interaction(callback)
	default:
		retry := 0
		if number := r.Header.Get("X-Slack-Retry-Num"); number != "" {
			_ = json.Unmarshal([]byte(number), &retry)
		}
		return b.event(body, retry)
	}
}

func (b *bot) answer(rw http.ResponseWriter, answer any) {
	switch answer := answer.(type) {
	case nil:
	case string:
		_, _ = io.WriteString(rw, answer)
	case int:
		rw.WriteHeader(answer)
	case error:
		panic(http.ErrAbortHandler)
	default:
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(answer)
	}
}

// texts are the texts of messages.
func texts(messages []Message) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}

func wantTexts(t *testing.T, what string, got []Message, want ...string) {
	t.Helper()
	if !slices.Equal(texts(got), want) {
		t.Errorf("%s: got %q, want %q", what, texts(got), want)
	}
}

// wantCode wants a workspace error.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// wantSlackError wants an error of the Web API.
func wantSlackError(t *testing.T, err error, code string) {
	t.Helper()
	var failed slackgo.SlackErrorResponse
	if !errors.As(err, &failed) || failed.Err != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// eventually waits for something that a change of the workspace brings about.
func eventually(t *testing.T, w *Workspace, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	changes := w.Watch(ctx)
	for !holds() {
		if _, open := <-changes; !open {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// hang blocks as long as the test runs.
func hang(t *testing.T) error {
	<-t.Context().Done()
	return errSilence
}
