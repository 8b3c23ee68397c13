package slack

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"
)

func dialog(title string) slackgo.ModalViewRequest {
	reason := slackgo.NewInputBlock("why", label("Reason"), nil, slackgo.NewPlainTextInputBlockElement(nil, "reason"))
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, Title: label(title), Submit: label("Extend"), Close: label("Cancel"), CallbackID: "extend", PrivateMetadata: "f-1",
		NotifyOnClose: true, Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{reason}},
	}
}

// openDialog lets alice press a button that opens a modal.
func openDialog(t *testing.T, w *Workspace, b *bot) View {
	t.Helper()
	ts := postButtons(t, b)
	if _, err := w.Click(t.Context(), Click{User: "alice", MessageTS: ts, ActionID: "extend"}); err != nil {
		t.Fatal(err)
	}
	views := w.Views("alice")
	if len(views) != 1 {
		t.Fatalf("%d views are open", len(views))
	}
	return views[0]
}

func TestModal(t *testing.T) {
	overBoth(t, impatient, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		var answer any
		var submitted slackgo.InteractionCallback
		b.interaction = func(callback slackgo.InteractionCallback) any {
			if callback.Type != slackgo.InteractionTypeBlockActions {
				submitted = callback
				return answer
			}
			if _, err := b.api.OpenView(callback.TriggerID, dialog("Extend")); err != nil {
				t.Error(err)
			}
			_, err := b.api.OpenView(callback.TriggerID, dialog("Again"))
			wantSlackError(t, err, "exchanged_trigger_id")
			return nil
		}
		attach()
		view := openDialog(t, w, b)
		if view.Title != "Extend" || view.Submit != "Extend" || view.Close != "Cancel" || view.CallbackID != "extend" || view.RootID != view.ID {
			t.Errorf("view %+v", view)
		}
		submit := func(reason string) {
			t.Helper()
			if _, err := w.Submit(t.Context(), Submission{User: "alice", ViewID: view.ID, Values: map[string]any{"reason": reason}}); err != nil {
				t.Fatal(err)
			}
		}

		answer = slackgo.NewErrorsViewSubmissionResponse(map[string]string{"why": "Too short."})
		submit("x")
		if views := w.Views("alice"); len(views) != 1 || views[0].Errors["why"] != "Too short." {
			t.Errorf("views %+v", views)
		}
		update := dialog("Sure?")
		answer = slackgo.NewUpdateViewSubmissionResponse(&update)
		submit("kernel")
		if views := w.Views("alice"); len(views) != 1 || views[0].Title != "Sure?" || views[0].ID != view.ID || views[0].Errors != nil {
			t.Errorf("views %+v", views)
		}
		push := dialog("More")
		answer = slackgo.NewPushViewSubmissionResponse(&push)
		submit("kernel")
		if views := w.Views("alice"); len(views) != 2 || views[1].Title != "More" || views[1].RootID != view.ID {
			t.Errorf("views %+v", views)
		}
		answer = slackgo.NewClearViewSubmissionResponse()
		submit("kernel upgrade")
		if views := w.Views("alice"); len(views) != 0 {
			t.Errorf("views %+v", views)
		}
		got := submitted.View
		if submitted.Type != slackgo.InteractionTypeViewSubmission || got.State.Values["why"]["reason"].Value != "kernel upgrade" || got.PrivateMetadata != "f-1" && got.Title.Text == "Extend" || got.RootViewID != view.ID {
			t.Errorf("submission %+v", got)
		}
	})
}

func TestModalClosed(t *testing.T) {
	w := start(t, impatient)
	b := newBot(t, w)
	closed := make(chan slackgo.InteractionCallback, 1)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		if callback.Type == slackgo.InteractionTypeViewClosed {
			closed <- callback
			return nil
		}
		_, _ = b.api.OpenView(callback.TriggerID, dialog("Extend"))
		return nil
	}
	b.connect(t, w)
	view := openDialog(t, w, b)
	if err := w.CloseView(t.Context(), "alice", view.ID); err != nil {
		t.Fatal(err)
	}
	if got := <-closed; got.View.ID != view.ID || got.User.ID != "U0ALICE" || len(w.Views("alice")) != 0 {
		t.Errorf("closed %+v", got.View)
	}
	wantCode(t, w.CloseView(t.Context(), "alice", view.ID), "view_not_found")
	_, err := w.Submit(t.Context(), Submission{User: "alice", ViewID: view.ID})
	wantCode(t, err, "view_not_found")
}

func TestTriggerExpires(t *testing.T) {
	clock := newClock()
	w := start(t, func(c *Config) { c.now = clock.Now })
	b := newBot(t, w)
	var opened error
	b.command = func(command slackgo.SlashCommand) any {
		clock.advance(4 * time.Second)
		_, opened = b.api.OpenView(command.TriggerID, dialog("Late"))
		return map[string]string{"text": "ok"}
	}
	b.connect(t, w)
	if _, err := w.Command(t.Context(), "alice", "", "/mesos"); err != nil {
		t.Fatal(err)
	}
	wantSlackError(t, opened, "expired_trigger_id")
}

func TestClickAndSuggestInsideModal(t *testing.T) {
	w := start(t, impatient)
	b := newBot(t, w)
	asked := make(chan slackgo.InteractionCallback, 2)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		switch {
		case callback.Type == slackgo.InteractionTypeBlockSuggestion:
			asked <- callback
			return slackgo.OptionsResponse{Options: []*slackgo.OptionBlockObject{slackgo.NewOptionBlockObject("a1", label("agent-one"), nil)}}
		case callback.View.ID != "":
			asked <- callback
			if _, err := b.api.UpdateView(dialog("Changed"), "", callback.View.Hash, callback.View.ID); err != nil {
				t.Error(err)
			}
			_, err := b.api.UpdateView(dialog("Stale"), "", callback.View.Hash, callback.View.ID)
			wantSlackError(t, err, "hash_conflict")
			return nil
		}
		view := dialog("Choose")
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, slackgo.NewActionBlock("pick", buttonOf("more", "m", "More"),
			slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeExternal, label("agent"), "agent")))
		if _, err := b.api.OpenView(callback.TriggerID, view); err != nil {
			t.Error(err)
		}
		return nil
	}
	b.connect(t, w)
	view := openDialog(t, w, b)
	options, err := w.Suggest(t.Context(), Click{User: "alice", ViewID: view.ID, ActionID: "agent"}, "agent-o")
	if err != nil || len(options) != 1 || options[0] != (Option{Text: "agent-one", Value: "a1"}) {
		t.Errorf("options %+v, %v", options, err)
	}
	if got := <-asked; got.Value != "agent-o" || got.ActionID != "agent" || got.BlockID != "pick" {
		t.Errorf("suggestion %q for %s in %s", got.Value, got.ActionID, got.BlockID)
	}
	if _, err := w.Click(t.Context(), Click{User: "alice", ViewID: view.ID, ActionID: "more", Values: map[string]any{"reason": "x"}}); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got.Container.ViewID != view.ID || got.View.State.Values["why"]["reason"].Value != "x" {
		t.Errorf("click %+v", got.View)
	}
	if views := w.Views("alice"); views[0].Title != "Changed" {
		t.Errorf("views %+v", views)
	}
}

func TestPushedViews(t *testing.T) {
	w := start(t, impatient)
	b := newBot(t, w)
	pushed := make(chan error, 3)
	b.interaction = func(callback slackgo.InteractionCallback) any {
		view := dialog("Level")
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, slackgo.NewActionBlock("", buttonOf("deeper", "", "Deeper")))
		if callback.View.ID == "" {
			_, _ = b.api.OpenView(callback.TriggerID, view)
			return nil
		}
		_, err := b.api.PushView(callback.TriggerID, view)
		pushed <- err
		return nil
	}
	b.connect(t, w)
	openDialog(t, w, b)
	for level := range 3 {
		views := w.Views("alice")
		top := views[len(views)-1]
		if _, err := w.Click(t.Context(), Click{User: "alice", ViewID: top.ID, ActionID: "deeper"}); err != nil {
			t.Fatal(err)
		}
		if err := <-pushed; level < 2 && err != nil {
			t.Error(err)
		} else if level == 2 {
			wantSlackError(t, err, "push_limit_reached")
		}
	}
	if views := w.Views("alice"); len(views) != 3 || views[2].RootID != views[0].ID {
		t.Errorf("views %+v", views)
	}
}

func TestViewLimits(t *testing.T) {
	w := start(t, nil)
	view := dialog("A title that is too long for Slack")
	view.Submit = nil
	_, err := client(t, w).OpenView("1.2.3", view)
	wantSlackError(t, err, "invalid_arguments")
	var failed slackgo.SlackErrorResponse
	if errors.As(err, &failed); len(failed.ResponseMetadata.Messages) != 2 {
		t.Errorf("messages %q", failed.ResponseMetadata.Messages)
	}
}

func TestEventRetries(t *testing.T) {
	overBoth(t, func(c *Config) {
		c.Events = []string{"app_mention", "message.channels"}
		c.EventRetries = []time.Duration{0, time.Millisecond, time.Hour}
		c.AnswerTimeout = time.Second
	}, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		type delivered struct {
			id, kind, text string
			retry          int
		}
		got := make(chan delivered, 10)
		b.event = func(raw json.RawMessage, retry int) any {
			var outer struct {
				EventID string `json:"event_id"`
				Event   struct{ Type, Text string }
			}
			if err := json.Unmarshal(raw, &outer); err != nil {
				t.Error(err)
			}
			got <- delivered{outer.EventID, outer.Event.Type, outer.Event.Text, retry}
			if retry < 2 && outer.Event.Type == "app_mention" {
				return errSilence
			}
			return nil
		}
		attach()
		if _, err := w.Say("alice", "", "", "<@"+BotUserID+"> hello"); err != nil {
			t.Fatal(err)
		}
		var mentions []delivered
		var message delivered
		for range 4 {
			if d := <-got; d.kind == "app_mention" {
				mentions = append(mentions, d)
			} else {
				message = d
			}
		}
		if len(mentions) != 3 || mentions[0].id != mentions[2].id || mentions[0].retry != 0 || mentions[1].retry != 1 || mentions[2].retry != 2 {
			t.Fatalf("mentions %+v", mentions)
		}
		if _, err := w.Redeliver(t.Context(), message.id); err != nil {
			t.Error(err)
		}
		if again := <-got; again.id != message.id || again.retry != 1 {
			t.Errorf("delivered again: %+v", again)
		}
	})
}

func TestVerifyURL(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	b.event = func(raw json.RawMessage, _ int) any {
		var outer struct{ Type, Challenge string }
		if err := json.Unmarshal(raw, &outer); err != nil || outer.Type != "url_verification" {
			return http.StatusBadRequest
		}
		return map[string]string{"challenge": outer.Challenge}
	}
	b.serve(t, w)
	if err := w.VerifyURL(t.Context()); err != nil {
		t.Error(err)
	}
	other := newBot(t, w)
	other.serve(t, w)
	wantCode(t, w.VerifyURL(t.Context()), "challenge_failed")
}

func TestStartRefuses(t *testing.T) {
	for what, config := range map[string]Config{
		"no name":          {Users: []User{{ID: "U1"}}},
		"two of one name":  {Users: []User{{ID: "U1", Name: "a"}, {ID: "U2", Name: "a"}}},
		"unknown zone":     {Users: []User{{ID: "U1", Name: "a", TimeZone: "Mars/Olympus"}}},
		"the bot's own ID": {Users: []User{{ID: BotUserID, Name: "a"}}},
		"no such address":  {Listen: "300.0.0.1:0"},
	} {
		if w, err := Start(t.Context(), config); err == nil {
			t.Errorf("%s: started", what)
			_ = w.Close()
		}
	}
}
