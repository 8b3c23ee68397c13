package slack

import (
	"encoding/json"
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

func homeTab(c *Config) { c.HomeTab, c.Events = true, []string{"app_home_opened"} }

func homeOf(text string) slackgo.HomeTabViewRequest {
	row := slackgo.NewActionBlock("row", buttonOf("release", "f-1", "Release"))
	return slackgo.HomeTabViewRequest{Type: slackgo.VTHomeTab, Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{slackgo.NewSectionBlock(label(text), nil, nil), row}}}
}

func TestHomeIsPublished(t *testing.T) {
	w := start(t, homeTab)
	b := newBot(t, w)
	published, err := b.api.PublishView("U0ALICE", homeOf("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.api.PublishView("U0ALICE", homeOf("second"), published.Hash); err != nil {
		t.Fatal(err)
	}
	_, err = b.api.PublishView("U0ALICE", homeOf("late"), published.Hash)
	wantSlackError(t, err, "hash_conflict")
	if home, here := w.Home("alice"); !here || home.ID != published.ID || home.Hash == published.Hash || !strings.Contains(string(home.Blocks), "second") {
		t.Errorf("%+v", home)
	}
	if _, here := w.Home("bob"); here {
		t.Error("bob has alice's")
	}
	_, err = b.api.PublishView("U0NOBODY", homeOf("x"), "")
	wantSlackError(t, err, "invalid_arguments")
	many := homeOf("many")
	for range 100 {
		many.Blocks.BlockSet = append(many.Blocks.BlockSet, slackgo.NewDividerBlock())
	}
	_, err = b.api.PublishView("U0ALICE", many, "")
	wantSlackError(t, err, "invalid_arguments")
	_, err = b.api.OpenView("1.2.3", slackgo.ModalViewRequest{Type: slackgo.VTHomeTab, Title: label("x"), Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{}}})
	wantSlackError(t, err, "invalid_arguments")
}

func TestHomeIsOpenedAndPressed(t *testing.T) {
	overBoth(t, homeTab, func(t *testing.T, w *Workspace, b *bot, attach func()) {
		opened := make(chan slackevents.AppHomeOpenedEvent, 2)
		pressed := make(chan slackgo.InteractionCallback, 1)
		b.event = func(raw json.RawMessage, _ int) any {
			var callback struct {
				Event slackevents.AppHomeOpenedEvent
			}
			if err := json.Unmarshal(raw, &callback); err != nil {
				t.Error(err)
			}
			_, _ = b.api.PublishView("U0ALICE", homeOf("hello"), "")
			opened <- callback.Event
			return nil
		}
		b.interaction = func(callback slackgo.InteractionCallback) any {
			_, _ = b.api.PublishView("U0ALICE", homeOf("pressed"), callback.View.Hash)
			pressed <- callback
			return nil
		}
		attach()
		for _, again := range []bool{false, true} {
			if err := w.OpenHome(t.Context(), "alice"); err != nil {
				t.Fatal(err)
			}
			if event := <-opened; event.User != "U0ALICE" || event.Tab != "home" || (event.View != nil) != again {
				t.Errorf("%+v", event)
			}
		}
		home, _ := w.Home("alice")
		if _, err := w.Click(t.Context(), Click{User: "alice", ViewID: home.ID, ActionID: "release"}); err != nil {
			t.Fatal(err)
		}
		if got := <-pressed; got.View.Type != slackgo.VTHomeTab || got.ResponseURL != "" || got.Channel.ID != "" || got.ActionCallback.BlockActions[0].BlockID != "row" {
			t.Errorf("%+v", got)
		}
		_, err := w.Click(t.Context(), Click{User: "bob", ViewID: home.ID, ActionID: "release"})
		wantCode(t, err, "view_not_found")
	})
}

func TestHomeThatIsNotEnabled(t *testing.T) {
	w := start(t, nil)
	b := newBot(t, w)
	_, err := b.api.PublishView("U0ALICE", homeOf("x"), "")
	wantSlackError(t, err, "not_enabled")
	wantCode(t, w.OpenHome(t.Context(), "alice"), "not_enabled")
}
