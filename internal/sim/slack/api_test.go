package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	slackgo "github.com/slack-go/slack"
)

// call calls a method with JSON and returns the answer.
func call(t *testing.T, w *Workspace, method string, args map[string]any) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+method, bytes.NewReader(encode(args)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("Authorization", "Bearer "+w.BotToken())
	response, err := web(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestMessageLife(t *testing.T) {
	w := start(t, nil)
	api := client(t, w)
	channel, ts, err := api.PostMessage("C0OPS", slackgo.MsgOptionText("agent-one takes no new tasks", false), slackgo.MsgOptionBlocks(sentence("*agent-one*")),
		slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: "cordon", EventPayload: map[string]any{"subject": "r-1"}}))
	if err != nil || channel != "C0OPS" {
		t.Fatal(channel, err)
	}
	_, reply, err := api.PostMessage("C0OPS", slackgo.MsgOptionText("asked by alice", false), slackgo.MsgOptionTS(ts))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, text, err := api.UpdateMessage("C0OPS", ts, slackgo.MsgOptionText("confirmed", false)); err != nil || text != "confirmed" {
		t.Fatal(text, err)
	}
	got := w.Messages("carol")
	wantTexts(t, "carol sees", got, "confirmed", "asked by alice")
	if got[0].TS != ts || !got[0].Edited || string(got[0].Blocks) != "[]" || got[0].ThreadTS != "" || got[1].TS != reply || got[1].ThreadTS != ts || got[1].Edited || got[0].User != BotUserID {
		t.Errorf("messages %+v", got)
	}
	if _, _, _, err := api.UpdateMessage("C0OPS", reply, slackgo.MsgOptionText("in blocks", false), slackgo.MsgOptionBlocks(sentence("*blocks*"))); err != nil {
		t.Fatal(err)
	}
	if got := w.Messages("carol")[1]; got.Edited || !strings.Contains(string(got.Blocks), `"*blocks*"`) {
		t.Errorf("an update with blocks is not marked as edited: %+v", got)
	}
	if _, _, err := api.DeleteMessage("C0OPS", reply); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "carol sees", w.Messages("carol"), "confirmed")
}

// The bot finds its own message after an ambiguous failure by the metadata that it gave it.
func TestHistoryFindsMetadata(t *testing.T) {
	w := start(t, func(c *Config) { c.Unlimited = true })
	api := client(t, w)
	for i := range 7 {
		metadata := slackgo.SlackMetadata{EventType: "cordon", EventPayload: map[string]any{"subject": fmt.Sprint("r-", i)}}
		if _, _, err := api.PostMessage("C0OPS", slackgo.MsgOptionText(fmt.Sprint("m", i), false), slackgo.MsgOptionMetadata(metadata)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := api.PostEphemeral("C0OPS", "U0ALICE", slackgo.MsgOptionText("whisper", false)); err != nil {
		t.Fatal(err)
	}
	var seen, subjects []string
	params := slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS", Limit: 3, IncludeAllMetadata: true}
	for {
		page, err := api.GetConversationHistoryContext(t.Context(), &params)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			seen = append(seen, m.Text)
			subjects = append(subjects, fmt.Sprint(m.Metadata.EventPayload["subject"]))
		}
		if !page.HasMore {
			break
		}
		params.Cursor = page.ResponseMetaData.NextCursor
	}
	if diff := cmp.Diff([]string{"m6", "m5", "m4", "m3", "m2", "m1", "m0"}, seen); diff != "" {
		t.Error(diff)
	}
	if subjects[0] != "r-6" || subjects[6] != "r-0" {
		t.Errorf("metadata %q", subjects)
	}
	all := w.Messages("bob")
	page, err := api.GetConversationHistory(&slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS", Oldest: all[2].TS, Latest: all[4].TS, Inclusive: true})
	if err != nil || len(page.Messages) != 3 || page.Messages[0].Metadata.EventType != "" {
		t.Errorf("between two times: %v, %d messages, metadata %+v", err, len(page.Messages), page.Messages[0].Metadata)
	}
	page, err = api.GetConversationHistory(&slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS", Oldest: all[2].TS})
	if err != nil || len(page.Messages) != 4 {
		t.Errorf("after a time: %v, %d messages", err, len(page.Messages))
	}
}

func TestThread(t *testing.T) {
	w := start(t, nil)
	api := client(t, w)
	post := func(text string, options ...slackgo.MsgOption) string {
		_, ts, err := api.PostMessage("#ops", append(options, slackgo.MsgOptionText(text, false))...)
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	root := post("root")
	one := post("one", slackgo.MsgOptionTS(root))
	post("two", slackgo.MsgOptionTS(one), slackgo.MsgOptionBroadcast()) // a reply to a reply joins the thread
	post("astray", slackgo.MsgOptionTS("1.000000"))
	replies, more, _, err := api.GetConversationReplies(&slackgo.GetConversationRepliesParameters{ChannelID: "C0OPS", Timestamp: root})
	if err != nil || more {
		t.Fatal(more, err)
	}
	var got []string
	for _, m := range replies {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, []string{"root", "one", "two"}) || replies[0].ReplyCount != 2 {
		t.Errorf("thread %q with %d replies", got, replies[0].ReplyCount)
	}
	history, err := api.GetConversationHistory(&slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS"})
	if err != nil || len(history.Messages) != 3 {
		t.Fatalf("%v: %+v", err, history)
	}
	_, _, _, err = api.GetConversationReplies(&slackgo.GetConversationRepliesParameters{ChannelID: "C0OPS", Timestamp: "1.000000"})
	wantSlackError(t, err, "thread_not_found")
	link, err := api.GetPermalink(&slackgo.PermalinkParameters{Channel: "C0OPS", Ts: one})
	if want := "https://demo.slack.com/archives/C0OPS/p" + strings.ReplaceAll(one, ".", "") + "?thread_ts=" + root + "&cid=C0OPS"; err != nil || link != want {
		t.Errorf("permalink %q, %v", link, err)
	}
}

func TestErrors(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Unlimited = true
		c.Channels = []Channel{
			{ID: "C0OLD", Name: "old", Archived: true}, {ID: "C0OUT", Name: "out", BotOut: true},
			{ID: "C0SECRET", Name: "secret", Private: true, BotOut: true}, {ID: "C0FEW", Name: "few", Members: []string{"U0BOB"}},
		}
	})
	person, err := w.Say("alice", "", "", "hello")
	if err != nil {
		t.Fatal(err)
	}
	mine := call(t, w, "chat.postMessage", map[string]any{"channel": "C0OPS", "text": "mine"})["ts"]
	whisper := call(t, w, "chat.postEphemeral", map[string]any{"channel": "C0OPS", "user": "U0BOB", "text": "psst"})["message_ts"]
	type args = map[string]any
	for _, c := range []struct {
		method string
		args   args
		want   string
	}{
		{"chat.explode", nil, "unknown_method"},
		{"chat.postMessage", args{"text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "C0NONE", "text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "C0SECRET", "text": "x"}, "channel_not_found"},
		{"chat.postMessage", args{"channel": "C0OLD", "text": "x"}, "is_archived"},
		{"chat.postMessage", args{"channel": "C0OUT", "text": "x"}, "not_in_channel"},
		{"chat.postMessage", args{"channel": "C0OPS"}, "no_text"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "  ", "blocks": []any{}}, "no_text"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": strings.Repeat("ä", 40001)}, "msg_too_long"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "x", "blocks": "[{"}, "invalid_blocks_format"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "x", "blocks": "{}"}, "invalid_blocks_format"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "x", "blocks": []any{args{"type": "hologram"}}}, "invalid_blocks"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "x", "metadata": "no"}, "invalid_metadata_format"},
		{"chat.postMessage", args{"channel": "C0OPS", "text": "x", "metadata": args{"event_type": ""}}, "invalid_metadata_schema"},
		{"chat.update", args{"channel": "C0NONE", "ts": mine, "text": "x"}, "channel_not_found"},
		{"chat.update", args{"channel": "C0OUT", "ts": mine, "text": "x"}, "message_not_found"},
		{"chat.update", args{"channel": "C0OPS", "ts": "1.000000", "text": "x"}, "message_not_found"},
		{"chat.update", args{"channel": "C0OPS", "ts": whisper, "text": "x"}, "message_not_found"},
		{"chat.update", args{"channel": "C0OPS", "ts": person.TS, "text": "x"}, "cant_update_message"},
		{"chat.update", args{"channel": "C0OPS", "ts": mine, "text": strings.Repeat("x", 4001)}, "msg_too_long"},
		{"chat.update", args{"channel": "C0OPS", "ts": mine}, "no_text"},
		{"chat.delete", args{"channel": "C0OPS", "ts": person.TS}, "cant_delete_message"},
		{"chat.delete", args{"channel": "C0OPS", "ts": "1.000000"}, "message_not_found"},
		{"chat.postEphemeral", args{"channel": "C0OPS", "user": "U0NONE", "text": "x"}, "user_not_found"},
		{"chat.postEphemeral", args{"channel": "C0FEW", "user": "U0ALICE", "text": "x"}, "user_not_in_channel"},
		{"chat.getPermalink", args{"channel": "C0OPS", "message_ts": "1.000000"}, "message_not_found"},
		{"conversations.info", args{"channel": "C0NONE"}, "channel_not_found"},
		{"conversations.history", args{"channel": "C0OUT"}, "not_in_channel"},
		{"conversations.history", args{"channel": "C0OPS", "cursor": "?"}, "invalid_cursor"},
		{"conversations.list", args{"types": "holochannel"}, "invalid_types"},
		{"users.info", args{"user": "U0NONE"}, "user_not_found"},
		{"users.lookupByEmail", args{"email": "x@example.com"}, "users_not_found"},
		{"usergroups.users.list", args{"usergroup": "S0NONE"}, "no_such_subteam"},
		{"reactions.add", args{"channel": "C0OPS", "timestamp": mine, "name": "No Such"}, "invalid_name"},
		{"reactions.add", args{"channel": "C0OPS", "timestamp": "1.000000", "name": "eyes"}, "message_not_found"},
		{"reactions.remove", args{"channel": "C0OPS", "timestamp": mine, "name": "eyes"}, "no_reaction"},
		{"views.open", args{"trigger_id": "1.2.3", "view": args{"type": "modal", "title": args{"type": "plain_text", "text": "T"}, "blocks": []any{}}}, "invalid_trigger_id"},
		{"views.open", args{"trigger_id": "1.2.3", "view": "nothing"}, "invalid_arguments"},
		{"views.update", args{"view_id": "V0", "view": args{"type": "modal", "title": args{"type": "plain_text", "text": "T"}, "blocks": []any{}}}, "not_found"},
	} {
		if got := call(t, w, c.method, c.args); got["ok"] != false || got["error"] != c.want {
			t.Errorf("%s %.80v: got %v, want %s", c.method, c.args, got, c.want)
		}
	}
}

func TestTokens(t *testing.T) {
	w := start(t, nil)
	for _, c := range []struct{ bot, app, want, wantOpen string }{
		{"", "", "not_authed", "not_authed"},
		{"xoxb-wrong", "xapp-wrong", "invalid_auth", "invalid_auth"},
		{w.AppToken(), w.BotToken(), "not_allowed_token_type", "not_allowed_token_type"},
	} {
		api := slackgo.New(c.bot, slackgo.OptionAPIURL(w.URL()), slackgo.OptionAppLevelToken(c.app), slackgo.OptionHTTPClient(web(t)))
		_, err := api.AuthTest()
		wantSlackError(t, err, c.want)
		_, _, err = api.StartSocketModeContext(t.Context())
		wantSlackError(t, err, c.wantOpen)
	}
	got, err := client(t, w).AuthTest()
	if err != nil || got.UserID != BotUserID || got.BotID != BotID || got.TeamID != "T0CORDON" || got.User != "cordon" {
		t.Errorf("auth.test: %+v, %v", got, err)
	}
}

func TestEncodings(t *testing.T) {
	w := start(t, nil)
	for _, c := range []struct{ what, kind, body, want string }{
		{"form with a token", "application/x-www-form-urlencoded", "channel=C0OPS&text=form&token=" + w.BotToken(), ""},
		{"JSON with a token inside", "application/json; charset=utf-8", `{"channel":"C0OPS","text":"x","token":"` + w.BotToken() + `"}`, "not_authed"},
		{"broken JSON", "application/json", `{"channel"`, "invalid_json"},
		{"a JSON list", "application/json", `[]`, "json_not_object"},
		{"a broken form", "application/x-www-form-urlencoded", "%zz", "invalid_form_data"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+"chat.postMessage", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", c.kind)
		response, err := web(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Error string }
		err = errors.Join(json.NewDecoder(response.Body).Decode(&answer), response.Body.Close())
		if err != nil || answer.Error != c.want || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %s, error %q, want %q", c.what, err, response.Status, answer.Error, c.want)
		}
	}
	wantTexts(t, "messages", w.Messages("alice"), "form")
}

func TestScopes(t *testing.T) {
	manifest, err := ReadManifest([]byte("features:\n  slash_commands:\n    - command: /mesos\n      should_escape: true\n" +
		"oauth_config:\n  scopes:\n    bot: [commands, chat:write]\nsettings:\n  socket_mode_enabled: true\n"))
	if err != nil || !manifest.Escape || !manifest.SocketMode {
		t.Fatalf("%+v, %v", manifest, err)
	}
	w := start(t, func(c *Config) { *c = manifest.Apply(*c) })
	api := client(t, w)
	if _, _, err := api.PostMessage("C0OPS", slackgo.MsgOptionText("hello", false)); err != nil {
		t.Error(err)
	}
	_, err = api.GetUserInfo("U0ALICE")
	wantSlackError(t, err, "missing_scope")
	var failed slackgo.SlackErrorResponse
	if errors.As(err, &failed); failed.Needed != "users:read" || failed.Provided != "commands,chat:write" {
		t.Errorf("needed %q, provided %q", failed.Needed, failed.Provided)
	}
	_, err = api.GetConversationHistory(&slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS"})
	wantSlackError(t, err, "missing_scope")

	if used := w.UsedScopes(); !slices.Equal(used, []string{"chat:write"}) {
		t.Errorf("used scopes %q", used)
	}

	none := start(t, func(c *Config) { c.Scopes = []string{} })
	_, err = none.Command(t.Context(), "alice", "", "/mesos help")
	wantCode(t, err, "invalid_command")
}

func TestPublicPosting(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Scopes = []string{"chat:write", "chat:write.public"}
		c.Channels = []Channel{{ID: "C0OUT", Name: "out", BotOut: true}}
	})
	if _, _, err := client(t, w).PostMessage("C0OUT", slackgo.MsgOptionText("hello", false)); err != nil {
		t.Error(err)
	}
}

func TestRateLimits(t *testing.T) {
	clock := newClock()
	w := start(t, func(c *Config) { c.now = clock.Now; c.Channels = []Channel{{ID: "C0TWO", Name: "two"}} })
	api := client(t, w)
	post := func(channel string) error {
		_, _, err := api.PostMessage(channel, slackgo.MsgOptionText("x", false))
		return err
	}
	for range postBurst {
		if err := post("C0OPS"); err != nil {
			t.Fatal(err)
		}
	}
	var tooSoon *slackgo.RateLimitedError
	if err := post("C0OPS"); !errors.As(err, &tooSoon) || tooSoon.RetryAfter != time.Second {
		t.Errorf("sixth at once: %v", err)
	}
	if err := post("C0TWO"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	clock.advance(time.Second)
	if err := post("C0OPS"); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if err := post("C0OPS"); !errors.As(err, &tooSoon) {
		t.Errorf("one more: %v", err)
	}
	if got := w.Calls(); got[len(got)-1].Outcome != "ratelimited" || got[len(got)-1].Method != "chat.postMessage" {
		t.Errorf("last call %+v", got[len(got)-1])
	}
}

func TestPeopleAndGroups(t *testing.T) {
	winter := &clock{now: time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)}
	w := start(t, func(c *Config) { c.now = winter.Now })
	api := client(t, w)
	for id, want := range map[string]slackgo.User{
		"U0ALICE": {Name: "alice", RealName: "Alice A.", TZ: "Europe/Paris", TZOffset: 3600, TeamID: "T0CORDON"},
		"U0BOB":   {Name: "bob", RealName: "bob", TZ: "America/New_York", TZOffset: -5 * 3600, TeamID: "T0CORDON"},
		"U0GUEST": {Name: "gus", RealName: "gus", TZ: "UTC", TeamID: "T0CORDON", IsRestricted: true},
		"U0GONE":  {Name: "gone", RealName: "gone", TeamID: "T0CORDON", Deleted: true},
		"U0OTHER": {Name: "olga", RealName: "olga", TZ: "UTC", TeamID: "T0OTHER", IsStranger: true},
		"U0ROBOT": {Name: "robot", RealName: "robot", TZ: "UTC", TeamID: "T0CORDON", IsBot: true},
	} {
		user, err := api.GetUserInfo(id)
		if err != nil {
			t.Fatal(err)
		}
		got := slackgo.User{Name: user.Name, RealName: user.RealName, TZ: user.TZ, TZOffset: user.TZOffset, TeamID: user.TeamID,
			Deleted: user.Deleted, IsRestricted: user.IsRestricted, IsStranger: user.IsStranger, IsBot: user.IsBot}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(slackgo.User{}, "Profile")); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	winter.advance(180 * 24 * time.Hour)
	if user, err := api.GetUserInfo("U0ALICE"); err != nil || user.TZOffset != 7200 {
		t.Errorf("in summer: %+v, %v", user, err)
	}
	users, err := api.GetUsers(slackgo.GetUsersOptionLimit(3))
	if err != nil || len(users) != 8 {
		t.Errorf("%d users, %v", len(users), err)
	}
	if user, err := api.GetUserByEmail("bob@example.com"); err != nil || user.ID != "U0BOB" {
		t.Errorf("by email: %+v, %v", user, err)
	}
	groups, err := api.GetUserGroups(slackgo.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 1 || groups[0].Handle != "ops" || len(groups[0].Users) != 2 {
		t.Errorf("groups %+v, %v", groups, err)
	}
	if members, err := api.GetUserGroupMembers("S0OPS"); err != nil || !slices.Equal(members, []string{"U0ALICE", "U0BOB"}) {
		t.Errorf("members %q, %v", members, err)
	}
}

func TestConversations(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Channels = []Channel{{ID: "C0SECRET", Name: "secret", Private: true, Members: []string{"U0BOB"}}, {ID: "C0OUT", Name: "out", BotOut: true}}
	})
	api := client(t, w)
	info, err := api.GetConversationInfo(&slackgo.GetConversationInfoInput{ChannelID: "C0SECRET"})
	if err != nil || info.Name != "secret" || !info.IsPrivate || !info.IsMember {
		t.Errorf("info %+v, %v", info, err)
	}
	channels, _, err := api.GetConversations(&slackgo.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}})
	if err != nil || len(channels) != 3 {
		t.Errorf("%d channels, %v", len(channels), err)
	}
	members, _, err := api.GetUsersInConversation(&slackgo.GetUsersInConversationParameters{ChannelID: "C0SECRET"})
	if err != nil || !slices.Equal(members, []string{"U0BOB", BotUserID}) {
		t.Errorf("members %q, %v", members, err)
	}
	// A message to a user goes to the direct conversation, which nobody else sees.
	channel, _, err := api.PostMessage("U0ALICE", slackgo.MsgOptionText("between us", false))
	if err != nil || channel != "D0ALICE" {
		t.Fatal(channel, err)
	}
	wantTexts(t, "alice sees", w.Messages("alice"), "between us")
	wantTexts(t, "bob sees", w.Messages("bob"))
	opened, _, _, err := api.OpenConversation(&slackgo.OpenConversationParameters{Users: []string{"U0BOB"}})
	if err != nil || opened.ID != "D0BOB" {
		t.Errorf("opened %+v, %v", opened, err)
	}
}

func TestAttachments(t *testing.T) {
	w := start(t, nil)
	post := func(attachments any) map[string]any {
		return call(t, w, "chat.postMessage", map[string]any{"channel": "C0OPS", "attachments": attachments})
	}
	if got := post([]any{map[string]any{"text": "old style"}}); got["ok"] != true || got["message"].(map[string]any)["attachments"] == nil {
		t.Errorf("got %v", got)
	}
	for want, attachments := range map[string]any{"invalid_attachments": "x", "no_text": []any{}, "too_many_attachments": make([]map[string]any, 101)} {
		if got := post(attachments); got["error"] != want {
			t.Errorf("got %v, want %s", got["error"], want)
		}
	}
}

func TestReactions(t *testing.T) {
	w := start(t, nil)
	api := client(t, w)
	_, ts, err := api.PostMessage("C0OPS", slackgo.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	item := slackgo.NewRefToMessage("C0OPS", ts)
	if err := api.AddReaction("eyes", item); err != nil {
		t.Fatal(err)
	}
	wantSlackError(t, api.AddReaction("eyes", item), "already_reacted")
	history, err := api.GetConversationHistory(&slackgo.GetConversationHistoryParameters{ChannelID: "C0OPS"})
	if err != nil || len(history.Messages[0].Reactions) != 1 || history.Messages[0].Reactions[0].Name != "eyes" {
		t.Errorf("%+v, %v", history, err)
	}
	if err := api.RemoveReaction("eyes", item); err != nil {
		t.Error(err)
	}
}

func FuzzArguments(f *testing.F) {
	f.Add(`{"channel":"C0OPS","text":"x","blocks":[{"type":"divider"}],"n":1,"none":null}`)
	f.Add(`[]`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, body string) {
		args, err := parseArguments([]byte(body))
		if (args == nil) != (err != nil) {
			t.Fatalf("%q: %v and %v", body, args, err)
		}
	})
}
