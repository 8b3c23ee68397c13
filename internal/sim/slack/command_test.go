package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	slackgo "github.com/slack-go/slack"
	"pgregory.net/rapid"
)

// overBoth runs a test with the bot on either transport; it must not notice which. The test calls attach when the
// bot's handlers are in place.
func overBoth(t *testing.T, change func(*Config), test func(t *testing.T, w *Workspace, b *bot, attach func())) {
	ways := map[string]func(*bot, *testing.T, *Workspace){"socket": (*bot).connect, "http": (*bot).serve}
	for transport, attach := range ways {
		t.Run(transport, func(t *testing.T) {
			w := start(t, change)
			b := newBot(t, w)
			test(t, w, b, func() { attach(b, t, w) })
		})
	}
}

func TestCommandAnswers(t *testing.T) {
	section := slackgo.NewSectionBlock(slackgo.NewTextBlockObject(slackgo.MarkdownType, "*status*", false, false), nil, nil)
	cases := map[string]struct {
		answer  any
		want    []string
		channel []string // what bob sees
	}{
		"text":       {map[string]any{"text": "six agents"}, []string{"six agents"}, nil},
		"blocks":     {map[string]any{"text": "status", "blocks": []any{section}}, []string{"status"}, nil},
		"in channel": {map[string]any{"text": "for all", "response_type": "in_channel"}, []string{"for all"}, []string{"/mesos status", "for all"}},
		"no text":    {map[string]any{"response_type": "ephemeral"}, []string{`/mesos failed with the error "no_text"`}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			overBoth(t, nil, func(t *testing.T, w *Workspace, b *bot, attach func()) {
				b.command = func(slackgo.SlashCommand) any { return c.answer }
				attach()
				answer, err := w.Command(t.Context(), "alice", "", "/mesos status")
				if err != nil {
					t.Fatal(err)
				}
				wantTexts(t, "replies", answer.Replies, c.want...)
				wantTexts(t, "bob sees", w.Messages("bob"), c.channel...)
			})
		})
	}
}

func TestCommandPlainTextOverHTTP(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.command = func(slackgo.SlashCommand) any { return "just text" }
	b.serve(t, w)
	answer, err := w.Command(t.Context(), "alice", "", "/mesos")
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "replies", answer.Replies, "just text")
}

// What the bot reads is what slack-go finds in the payload, the same over both transports.
func TestCommandPayload(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		var got slackgo.SlashCommand
		b.command = func(command slackgo.SlashCommand) any { got = command; return map[string]string{"text": "ok"} }
		attach()
		answer, err := w.Command(t.Context(), "alice", "", `/mesos filter agent-one -m "a < b && c"`)
		if err != nil {
			t.Fatal(err)
		}
		if got.TriggerID != answer.TriggerID || !strings.HasPrefix(got.ResponseURL, w.base+"/commands/T0CORDON/") || got.Token == "" {
			t.Errorf("trigger %q, response URL %q", got.TriggerID, got.ResponseURL)
		}
		got.TriggerID, got.ResponseURL, got.Token = "", "", ""
		want := slackgo.SlashCommand{
			TeamID: "T0CORDON", TeamDomain: "demo", ChannelID: "C0OPS", ChannelName: "ops", UserID: "U0ALICE", UserName: "alice",
			Command: "/mesos", Text: `filter agent-one -m "a &lt; b &amp;&amp; c"`, APIAppID: "A0CORDON",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLateAnswerThroughResponseURL(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		urls := make(chan string, 1)
		b.command = func(command slackgo.SlashCommand) any { urls <- command.ResponseURL; return nil }
		attach()
		sent := make(chan error, 1)
		go func() { sent <- b.respond(<-urls, &slackgo.WebhookMessage{Text: "done"}) }()
		answer, err := w.Command(t.Context(), "alice", "", "/mesos filter agent-one")
		if err = errors.Join(err, <-sent); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, "replies", answer.Replies, "done")
		if !answer.Replies[0].Ephemeral || len(w.Messages("bob")) != 0 {
			t.Errorf("the answer is not alice's alone: %+v, bob sees %q", answer.Replies[0], texts(w.Messages("bob")))
		}
	})
}

func TestCommandsOfOnePersonKeepTheirAnswers(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.command = func(command slackgo.SlashCommand) any {
		go func() { _ = b.respond(command.ResponseURL, &slackgo.WebhookMessage{Text: "to " + command.Text}) }()
		return nil
	}
	b.connect(t, w)
	results := make(chan error, 8)
	for i := range 8 {
		go func() {
			text := string(rune('a' + i))
			answer, err := w.Command(t.Context(), "alice", "", "/mesos "+text)
			if err == nil && (len(answer.Replies) != 1 || answer.Replies[0].Text != "to "+text) {
				err = errors.New(text + " got " + strings.Join(texts(answer.Replies), "|"))
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestCommandFailures(t *testing.T) {
	cases := map[string]struct {
		attach func(t *testing.T, w *Workspace, b *bot)
		want   string
	}{
		"nobody there":      {func(*testing.T, *Workspace, *bot) {}, "dispatch_failed"},
		"connection closed": {func(t *testing.T, w *Workspace, _ *bot) { w.SetBotURL("http://127.0.0.1:1") }, "dispatch_failed"},
		"500": {func(t *testing.T, w *Workspace, b *bot) {
			b.command = func(slackgo.SlashCommand) any { return http.StatusInternalServerError }
			b.serve(t, w)
		}, "dispatch_failed"},
		"http too slow": {func(t *testing.T, w *Workspace, b *bot) {
			b.command = func(slackgo.SlashCommand) any { return hang(t) }
			b.serve(t, w)
		}, "operation_timeout"},
		"socket too slow": {func(t *testing.T, w *Workspace, b *bot) {
			b.command = func(slackgo.SlashCommand) any { return errSilence }
			b.connect(t, w)
		}, "operation_timeout"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(config *Config) {
				if c.want == "operation_timeout" {
					config.AnswerTimeout = 100 * time.Millisecond
				}
			})
			c.attach(t, w, newBot(t, w))
			answer, err := w.Command(t.Context(), "alice", "", "/mesos status")
			if err != nil {
				t.Fatal(err)
			}
			wantTexts(t, "replies", answer.Replies, `/mesos failed with the error "`+c.want+`"`)
			if answer.Replies[0].User != slackbot || !answer.Replies[0].Ephemeral {
				t.Errorf("not Slackbot's word to alice alone: %+v", answer.Replies[0])
			}
		})
	}
}

func TestCommandRefused(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Channels = []Channel{{ID: "C0SECRET", Name: "secret", Private: true, Members: []string{"U0BOB"}}}
	})
	for _, c := range []struct{ user, channel, text, code string }{
		{"nobody", "", "/mesos", "user_not_found"},
		{"gone", "", "/mesos", "user_deactivated"},
		{"robot", "", "/mesos", "user_is_bot"},
		{"alice", "C0NONE", "/mesos", "channel_not_found"},
		{"alice", "C0SECRET", "/mesos", "channel_not_found"},
		{"alice", "", "/messos help", "invalid_command"},
		{"alice", "", "hello", "invalid_command"},
	} {
		_, err := w.Command(t.Context(), c.user, c.channel, c.text)
		wantCode(t, err, c.code)
	}
}

func TestCommandEndsWithItsContext(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	b.command = func(slackgo.SlashCommand) any { cancel(); return errSilence }
	b.connect(t, w)
	if _, err := w.Command(ctx, "alice", "", "/mesos"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestRedeliveryIsTheSameDelivery(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		var got []slackgo.SlashCommand
		b.command = func(command slackgo.SlashCommand) any {
			got = append(got, command)
			return map[string]string{"text": "ok"}
		}
		attach()
		answer, err := w.Command(t.Context(), "alice", "", "/mesos status")
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Redeliver(t.Context(), answer.TriggerID)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0] != got[1] || again.TriggerID != answer.TriggerID {
			t.Errorf("deliveries differ: %+v", got)
		}
		wantTexts(t, "replies", again.Replies, "ok")
	})
	_, err := start(t, nil).Redeliver(t.Context(), "1.2.3")
	wantCode(t, err, "trigger_not_found")
}

func TestEscape(t *testing.T) {
	off := start(t, nil)
	on := start(t, func(c *Config) { c.Escape = true; c.LinkHostnames = true })
	cases := []struct{ text, off, on string }{
		{"status", "status", "status"},
		{"<!channel> & co", "&lt;!channel&gt; &amp; co", "&lt;!channel&gt; &amp; co"},
		{"whois @alice", "whois @alice", "whois <@U0ALICE|alice>"},
		{"@ops,@nobody #ops", "@ops,@nobody #ops", "<!subteam^S0OPS|@ops>,@nobody <#C0OPS|ops>"},
		{"@here", "@here", "<!here>"},
		{"me@alice.example", "me@alice.example", "me@alice.example"},
		{"filter web-1.example.com", "filter web-1.example.com", "filter <http://web-1.example.com|web-1.example.com>"},
		{"a.example.com b.example.com,c.example.com", "a.example.com b.example.com,c.example.com",
			"<http://a.example.com|a.example.com> <http://b.example.com|b.example.com>,<http://c.example.com|c.example.com>"},
		{"see https://example.com/a?b=1&c=2", "see https://example.com/a?b=1&amp;c=2", "see <https://example.com/a?b=1&amp;c=2>"},
		{"web-* 10.0.0.1 1.5h", "web-* 10.0.0.1 1.5h", "web-* 10.0.0.1 1.5h"},
	}
	for _, c := range cases {
		if got := off.escape(c.text); got != c.off {
			t.Errorf("off %q: got %q, want %q", c.text, got, c.off)
		}
		if got := on.escape(c.text); got != c.on {
			t.Errorf("on %q: got %q, want %q", c.text, got, c.on)
		}
	}
}

// Without escaping of names nothing that people type becomes a reference, and nothing is lost.
func TestEscapedTextIsInert(t *testing.T) {
	w := start(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		escaped := w.escape(text)
		if strings.ContainsAny(escaped, "<>") {
			t.Fatalf("%q became %q", text, escaped)
		}
		back := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(escaped)
		if back != text {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}
