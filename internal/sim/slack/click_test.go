package slack

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	slackgo "github.com/slack-go/slack"
)

// impatient is for replies that do not come.
func impatient(c *Config) { c.ReplyTimeout = 100 * time.Millisecond }

func label(text string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, text, false, false)
}

func sentence(text string) *slackgo.SectionBlock {
	return slackgo.NewSectionBlock(slackgo.NewTextBlockObject(slackgo.MarkdownType, text, false, false), nil, nil)
}

func buttonOf(action, value, text string) *slackgo.ButtonBlockElement {
	return slackgo.NewButtonBlockElement(action, value, label(text))
}

// postButtons posts the kind of message that the real bot posts.
func postButtons(t *testing.T, b *bot) string {
	t.Helper()
	release := buttonOf("release", "f-1", "Release").WithStyle(slackgo.StyleDanger)
	release.Confirm = slackgo.NewConfirmationBlockObject(label("Release?"), label("It takes tasks again."), label("Release"), label("No"))
	_, ts, err := b.api.PostMessage("C0OPS", slackgo.MsgOptionText("agent-one takes no new tasks", false), slackgo.MsgOptionBlocks(
		sentence("⏸ *agent-one takes no new tasks*"),
		slackgo.NewActionBlock("one", release, buttonOf("extend", "f-1", "Extend 1h")),
		slackgo.NewActionBlock("two", buttonOf("extend", "f-2", "Extend 2h")),
	))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestClickPayload(t *testing.T) {
	overBoth(t, nil, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		var got slackgo.InteractionCallback
		b.interaction = func(callback slackgo.InteractionCallback) any {
			got = callback
			go func() { _ = b.respond(callback.ResponseURL, &slackgo.WebhookMessage{Text: "released"}) }()
			return nil
		}
		attach()
		ts := postButtons(t, b)
		answer, err := w.Click(t.Context(), Click{User: "bob", MessageTS: ts, ActionID: "release"})
		if err != nil {
			t.Fatal(err)
		}
		wantTexts(t, "replies", answer.Replies, "released")
		if got.Type != slackgo.InteractionTypeBlockActions || got.TriggerID != answer.TriggerID || got.APIAppID != "A0CORDON" {
			t.Errorf("type %s, trigger %s, app %s", got.Type, got.TriggerID, got.APIAppID)
		}
		if got.User.ID != "U0BOB" || got.User.Name != "bob" || got.User.TeamID != "T0CORDON" || got.Team.ID != "T0CORDON" || got.Channel.ID != "C0OPS" || got.Channel.Name != "ops" {
			t.Errorf("user %+v, team %+v, channel %s %s", got.User, got.Team, got.Channel.ID, got.Channel.Name)
		}
		if want := (slackgo.Container{Type: "message", MessageTs: ts, ChannelID: "C0OPS"}); got.Container != want {
			t.Errorf("container %+v, want %+v", got.Container, want)
		}
		if got.Message.Timestamp != ts || len(got.Message.Blocks.BlockSet) != 3 || got.Message.Text != "agent-one takes no new tasks" {
			t.Errorf("message %+v", got.Message)
		}
		action := got.ActionCallback.BlockActions[0]
		if action.ActionID != "release" || action.BlockID != "one" || action.Value != "f-1" || action.Text.Text != "Release" || string(action.Type) != "button" || action.ActionTs == "" {
			t.Errorf("action %+v", action)
		}
	})
}

func TestClickChoosesByBlock(t *testing.T) {
	w := start(t, impatient)
	b := newBot(t, w)
	values := make(chan string, 3)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		values <- callback.ActionCallback.BlockActions[0].Value
		return callback.ActionCallback.BlockActions[0].Value
	}
	b.serve(t, w)
	ts := postButtons(t, b)
	for block, want := range map[string]string{"": "f-1", "one": "f-1", "two": "f-2"} {
		answer, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "extend", BlockID: block})
		if got := <-values; err != nil || got != want || len(answer.Replies) != 0 {
			t.Errorf("block %q: %v, value %q (want %q), replies %q", block, err, got, want, texts(answer.Replies))
		}
	}
}

func TestClickOnWhatIsGone(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	ts := postButtons(t, b)
	for want, click := range map[string]Click{
		"message_not_found": {User: "alice", MessageTS: "1.000000", ActionID: "release"},
		"action_not_found":  {User: "alice", MessageTS: ts, ActionID: "approve"},
		"user_not_found":    {User: "nobody", MessageTS: ts, ActionID: "release"},
		"view_not_found":    {User: "alice", ViewID: "V0", ActionID: "release"},
	} {
		_, err := w.Click(t.Context(), click)
		wantCode(t, err, want)
	}
	if _, _, _, err := b.api.UpdateMessage("C0OPS", ts, slackgo.MsgOptionText("over", false), slackgo.MsgOptionBlocks()); err != nil {
		t.Fatal(err)
	}
	_, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "release"})
	wantCode(t, err, "action_not_found")
}

func TestClickOnAnotherPersonsEphemeral(t *testing.T) {
	w := start(t, impatient)
	b := newBot(t, w)
	got := make(chan slackgo.InteractionCallback, 1)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		got <- callback
		go func() { _ = b.respond(callback.ResponseURL, &slackgo.WebhookMessage{DeleteOriginal: true}) }()
		return nil
	}
	b.connect(t, w)
	ts, err := b.api.PostEphemeral("C0OPS", "U0ALICE", slackgo.MsgOptionText("only you", false), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", buttonOf("go", "1", "Go"))))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Click(t.Context(), Click{User: "bob", MessageTS: ts, ActionID: "go"})
	wantCode(t, err, "message_not_found")

	if _, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "go"}); err != nil {
		t.Fatal(err)
	}
	callback := <-got
	if !callback.Container.IsEphemeral || callback.Message.Timestamp != "" {
		t.Errorf("container %+v, message %+v: an ephemeral message is not in the payload", callback.Container, callback.Message)
	}
	eventually(t, w, "the ephemeral message is deleted", func() bool { return len(w.Messages("alice")) == 0 })
}

func TestClickReplacesItsMessage(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		go func() {
			_ = b.respond(callback.ResponseURL, &slackgo.WebhookMessage{Text: "released", ReplaceOriginal: true})
		}()
		return nil
	}
	b.connect(t, w)
	ts := postButtons(t, b)
	answer, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "release"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Message{{TS: ts, Channel: "C0OPS", User: BotUserID, Edited: true, Text: "released", Blocks: json.RawMessage("[]")}}
	for what, got := range map[string][]Message{"reply": answer.Replies, "what bob sees": w.Messages("bob")} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestClickFailureIsTold(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	ts := postButtons(t, b)
	answer, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "release"})
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "replies", answer.Replies, "cordon had some trouble with that (dispatch_failed). Try again?")
}

// Every kind of element arrives in state.values and actions as slack-go expects it.
func TestStateOfElements(t *testing.T) {
	blocks := `[
	 {"type":"input","block_id":"i","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"reason","initial_value":"none"}},
	 {"type":"section","block_id":"s","text":{"type":"mrkdwn","text":"Mode"},"accessory":{"type":"static_select","action_id":"mode","options":[
	   {"text":{"type":"plain_text","text":"Filter"},"value":"filter"},{"text":{"type":"plain_text","text":"Drain"},"value":"drain"}]}},
	 {"type":"actions","block_id":"a","elements":[
	   {"type":"multi_users_select","action_id":"who"},
	   {"type":"checkboxes","action_id":"opts","options":[{"text":{"type":"plain_text","text":"A"},"value":"a"},{"text":{"type":"plain_text","text":"B"},"value":"b"}]},
	   {"type":"datepicker","action_id":"day","initial_date":"2026-09-01"},
	   {"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"History"},"value":"history"}]},
	   {"type":"external_select","action_id":"agent"},
	   {"type":"button","action_id":"go","text":{"type":"plain_text","text":"Go"}}]}]`
	w := start(t, impatient)
	b := newBot(t, w)
	got := make(chan slackgo.InteractionCallback, 1)
	b.interaction = func(callback slackgo.InteractionCallback) any { got <- callback; return nil }
	b.connect(t, w)
	call(t, w, "chat.postMessage", map[string]any{"channel": "C0OPS", "text": "form", "blocks": json.RawMessage(blocks)})
	ts := w.Messages("alice")[0].TS
	values := map[string]any{"mode": "drain", "who": []string{"U0BOB"}, "opts": []any{"b"}, "more": "history", "agent": "agent-one"}

	if _, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "go", Values: values}); err != nil {
		t.Fatal(err)
	}
	state := (<-got).BlockActionState.Values
	if state["i"]["reason"].Value != "none" || state["s"]["mode"].SelectedOption.Value != "drain" || state["s"]["mode"].SelectedOption.Text.Text != "Drain" {
		t.Errorf("input or select: %+v", state)
	}
	actions := state["a"]
	if len(actions["who"].SelectedUsers) != 1 || len(actions["opts"].SelectedOptions) != 1 || actions["opts"].SelectedOptions[0].Value != "b" ||
		actions["day"].SelectedDate != "2026-09-01" || actions["agent"].SelectedOption.Value != "agent-one" {
		t.Errorf("actions: %+v", actions)
	}
	if _, here := actions["go"]; here {
		t.Error("a button has no state")
	}

	if _, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "more", Values: values}); err != nil {
		t.Fatal(err)
	}
	if action := (<-got).ActionCallback.BlockActions[0]; action.SelectedOption.Value != "history" {
		t.Errorf("overflow: %+v", action)
	}
}

func TestResponseURLLimits(t *testing.T) {
	clock := newClock()
	w := start(t, func(c *Config) { c.now = clock.Now })
	b := newBot(t, w)
	urls := make(chan string, 1)
	b.command = func(command slackgo.SlashCommand) any {
		urls <- command.ResponseURL
		return map[string]string{"text": "ok"}
	}
	b.connect(t, w) // the signature's time is the clock's
	ask := func() string {
		if _, err := w.Command(t.Context(), "alice", "", "/mesos"); err != nil {
			t.Fatal(err)
		}
		return <-urls
	}
	refused := func(what, url, text string, want int) {
		t.Helper()
		err := b.respond(url, &slackgo.WebhookMessage{Text: text})
		var status slackgo.StatusCodeError
		if !errors.As(err, &status) || status.Code != want {
			t.Errorf("%s: got %v, want %d", what, err, want)
		}
	}
	url := ask()
	for range 5 {
		if err := b.respond(url, &slackgo.WebhookMessage{Text: "again"}); err != nil {
			t.Fatal(err)
		}
	}
	refused("sixth use", url, "again", 404)
	url = ask()
	refused("another secret", url+"x", "again", 404)
	refused("no text", url, "", 400)
	clock.advance(31 * time.Minute)
	refused("half an hour later", url, "again", 404)
}
