package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	slackgo "github.com/slack-go/slack"
)

// dial opens a Socket Mode connection without slack-go and reads its first message.
func dial(t *testing.T, w *Workspace) (*websocket.Conn, map[string]any) {
	t.Helper()
	_, url, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	connection, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = connection.Close() })
	return connection, next(t, connection)
}

func next(t *testing.T, connection *websocket.Conn) map[string]any {
	t.Helper()
	_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	var message map[string]any
	if err := connection.ReadJSON(&message); err != nil {
		t.Fatal(err)
	}
	return message
}

func TestEnvelope(t *testing.T) {
	w := start(t, nil)
	connection, hello := dial(t, w)
	if hello["type"] != "hello" || hello["num_connections"] != 1.0 || hello["connection_info"].(map[string]any)["app_id"] != "A0CORDON" {
		t.Errorf("hello %v", hello)
	}
	answers := make(chan Answer, 1)
	go func() {
		answer, err := w.Command(t.Context(), "alice", "", "/mesos status")
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}()
	envelope := next(t, connection)
	if envelope["type"] != "slash_commands" || envelope["accepts_response_payload"] != true || envelope["payload"].(map[string]any)["text"] != "status" {
		t.Errorf("envelope %v", envelope)
	}
	for _, message := range []string{"not JSON", `{"envelope_id":"unknown"}`, `{"envelope_id":"` + strings.Repeat("x", 20<<10) + `"}`} {
		if err := connection.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	if err := connection.WriteJSON(map[string]any{"envelope_id": envelope["envelope_id"], "payload": map[string]any{"text": "hi"}}); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "replies", (<-answers).Replies, "hi")
}

func TestPrivateChannelsKeepTheirNames(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Channels = []Channel{{ID: "C0SECRET", Name: "secret", Private: true, Members: []string{"U0ALICE"}}}
	})
	b := newBot(t, w)
	names := make(chan string, 1)
	b.command = func(command slackgo.SlashCommand) any {
		names <- command.ChannelName
		return map[string]string{"text": "ok"}
	}
	b.connect(t, w)
	for channel, want := range map[string]string{"": "ops", "C0SECRET": "privategroup", "D0ALICE": "directmessage"} {
		if _, err := w.Command(t.Context(), "alice", channel, "/mesos"); err != nil {
			t.Fatal(err)
		}
		if got := <-names; got != want {
			t.Errorf("channel %q has the name %q, want %q", channel, got, want)
		}
	}
}

func TestTicketIsForOneConnection(t *testing.T) {
	w := start(t, nil)
	_, url, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	connection, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(connection.Close(), response.Body.Close()) }()
	_, response, err = websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the same ticket again: %v", err)
	}
	_ = response.Body.Close()
}

func TestAtMostTenSockets(t *testing.T) {
	w := start(t, nil)
	for range socketLimit {
		if _, hello := dial(t, w); hello["type"] != "hello" {
			t.Fatalf("got %v", hello)
		}
	}
	if _, refusal := dial(t, w); refusal["type"] != "disconnect" || refusal["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh got %v", refusal)
	}
}

func TestEachEventGoesToOneSocket(t *testing.T) {
	w := start(t, nil)
	var delivered atomic.Int32
	for range 3 {
		b := newBot(t, w)
		b.command = func(slackgo.SlashCommand) any { delivered.Add(1); return map[string]string{"text": "ok"} }
		b.connect(t, w)
	}
	for range 12 {
		if _, err := w.Command(t.Context(), "alice", "", "/mesos"); err != nil {
			t.Fatal(err)
		}
	}
	if got := delivered.Load(); got != 12 {
		t.Errorf("%d deliveries of 12 commands", got)
	}
}

func TestPing(t *testing.T) {
	w := start(t, func(c *Config) { c.PingInterval = 20 * time.Millisecond })
	connection, _ := dial(t, w)
	pinged := make(chan string, 1)
	answer := connection.PingHandler()
	connection.SetPingHandler(func(data string) error {
		select {
		case pinged <- data:
		default:
		}
		return answer(data)
	})
	read := make(chan error, 1)
	go func() { _, _, err := connection.ReadMessage(); read <- err }()
	if got := <-pinged; !strings.HasPrefix(got, "Ping from") {
		t.Errorf("ping %q", got)
	}
	w.Disconnect("refresh_requested") // and who does not go is put out at the next ping
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	go func() { _, _, err := connection.ReadMessage(); read <- err }()
	if err := <-read; err == nil {
		t.Error("the connection stayed open")
	}
}

func TestSilentSocketIsDropped(t *testing.T) {
	w := start(t, func(c *Config) { c.PingInterval = 20 * time.Millisecond })
	connection, _ := dial(t, w)
	connection.SetPingHandler(func(string) error { return nil }) // never a pong
	if _, _, err := connection.ReadMessage(); err == nil {
		t.Error("the connection stayed open")
	}
}

func TestBotReconnects(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested", "cut"} {
		t.Run(reason, func(t *testing.T) {
			w := start(t, func(c *Config) { c.PingInterval = 50 * time.Millisecond })
			b := newBot(t, w)
			b.command = func(slackgo.SlashCommand) any { return map[string]string{"text": "ok"} }
			b.connect(t, w)
			first := w.pool.all()[0]
			if reason == "cut" {
				w.pool.cut()
			} else {
				w.Disconnect(reason)
			}
			awaitOther(t, w.pool, first)
			answer, err := w.Command(t.Context(), "alice", "", "/mesos")
			if err != nil {
				t.Fatal(err)
			}
			wantTexts(t, "replies", answer.Replies, "ok")
		})
	}
}

// awaitOther waits until another socket has taken the place of the old one.
func awaitOther(t *testing.T, p *pool, old *socket) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		p.mu.Lock()
		changed := p.changed
		replaced := len(p.sockets) > 0 && !slices.Contains(p.sockets, old)
		p.mu.Unlock()
		if replaced {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatal("not connected again")
		}
	}
}

func TestSlackDown(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.command = func(slackgo.SlashCommand) any { return map[string]string{"text": "ok"} }
	b.serve(t, w)
	if err := w.SetMode("down", 0); err != nil {
		t.Fatal(err)
	}
	var status slackgo.StatusCodeError
	if _, err := b.api.AuthTest(); !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable {
		t.Errorf("the API answers %v", err)
	}
	if _, _, err := b.api.StartSocketModeContext(t.Context()); !errors.As(err, &status) {
		t.Errorf("a socket opens: %v", err)
	}
	answers := make(chan Answer, 1)
	go func() {
		answer, err := w.Command(t.Context(), "alice", "", "/mesos")
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}()
	select {
	case answer := <-answers:
		t.Errorf("delivered while down: %q", texts(answer.Replies))
	case <-time.After(50 * time.Millisecond):
	}
	if err := w.SetMode("up", 0); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "replies", (<-answers).Replies, "ok")
}

func TestDownCutsSockets(t *testing.T) {
	w := start(t, nil)
	connection, _ := dial(t, w)
	if err := w.SetMode("down", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, _, err := connection.ReadMessage(); err == nil {
		t.Error("the socket was not cut")
	}
}

// A command typed while Slack was down reaches a bot on Socket Mode when it is back.
func TestSocketsComeBack(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.command = func(slackgo.SlashCommand) any { return map[string]string{"text": "ok"} }
	b.connect(t, w)
	if err := w.SetMode("down", 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	answer, err := w.Command(t.Context(), "alice", "", "/mesos")
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "replies", answer.Replies, "ok")
}

func TestModesEndByThemselves(t *testing.T) {
	w := start(t, nil)
	api := client(t, w)
	if err := w.SetMode("rate-limit", 30*time.Second); err != nil {
		t.Fatal(err)
	}
	var tooSoon *slackgo.RateLimitedError
	if _, err := api.AuthTest(); !errors.As(err, &tooSoon) || tooSoon.RetryAfter < 29*time.Second || tooSoon.RetryAfter > 30*time.Second {
		t.Errorf("got %v, want to wait 30 s", err)
	}
	if err := w.SetMode("down", 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mode.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := api.AuthTest(); err != nil {
		t.Errorf("still down: %v", err)
	}
	wantCode(t, w.SetMode("sideways", 0), "invalid_mode")
	wantCode(t, w.SetMode("down", -1), "invalid_mode")
}

func TestWatch(t *testing.T) {
	w := start(t, nil)
	changes := w.Watch(t.Context())
	for range 3 { // coalesced
		if _, err := w.Say("alice", "", "", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	<-changes
	select {
	case <-changes:
		t.Error("three changes make one value while nobody reads")
	default:
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-changes; open {
		t.Error("Watch stays open after Close")
	}
	if _, err := w.Command(t.Context(), "alice", "", "/mesos"); err == nil {
		t.Error("a closed workspace took a command")
	}
}

// Messages are what GET /sim/messages answers (CONTRACTS.md).
func TestMessageJSON(t *testing.T) {
	w := start(t, nil)
	m, err := w.Say("alice", "", "", "a < b")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(w.Messages("alice"))
	want := `[{"ts":"` + m.TS + `","thread_ts":"","channel":"C0OPS","user":"U0ALICE","ephemeral":false,"edited":false,"text":"a \u003c b","blocks":[]}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
