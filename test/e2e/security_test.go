package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// The people of these tests: alice and bob are listed as operators, which makes them admins; carol is in the user group that
// approves, and may filter; dave, a guest, is listed as an approver.
const jury = "    roles: {approver: [S0SRE, U0DAVE]}\n    grants: [{role: operator, to: [U0CAROL], verbs: [filter]}]\n"

// Of whatever arrives about an approval, only the word of others who may say it now counts, and each of them once.
func TestOnlyTheWordOfOthersCounts(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{Transport: "http"}, 2, jury)
	in, bot := newInbox(t), w.Bot()
	w.Do("group", map[string]any{"group": "sre", "users": []string{"carol"}})
	approval := wanted(t, w, `agent-one -m "kernel"`, "agent-one")
	approve := func(user string) harness.Button {
		return harness.Button{User: user, Action: "approve", Value: approval.ID}
	}
	t.Run("forged deliveries", func(t *testing.T) {
		for name, c := range map[string]struct {
			status int
			forge  func(*harness.Delivery)
		}{
			"a wrong secret":           {http.StatusUnauthorized, func(d *harness.Delivery) { d.Secret = "another" }},
			"a replay after 6 minutes": {http.StatusUnauthorized, func(d *harness.Delivery) { d.At = time.Now().Add(-6 * time.Minute) }},
			"no signature":             {http.StatusUnauthorized, func(d *harness.Delivery) { d.Unsigned = true }},
		} {
			d := approve("bob").Delivery(w.Ready)
			c.forge(&d)
			if status, text := bot.Deliver(w.Ready, d); status != c.status {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
		stranger := approve("bob")
		stranger.Trigger, stranger.Team = "another-workspace", "T0OTHER"
		if status, text := bot.Deliver(w.Ready, stranger.Delivery(w.Ready)); status != http.StatusForbidden || !strings.Contains(text, "another Slack workspace") {
			t.Errorf("another workspace: %d %s", status, text)
		}
	})
	for name, c := range map[string]struct {
		button harness.Button
		says   string
	}{
		"the requester clicks":          {approve("alice"), "you asked for this yourself"},
		"the requester's dialog":        {harness.Button{User: "alice", Action: "approve", Value: approval.ID, Reason: "sure"}, "you asked for this yourself"},
		"the requester denies":          {harness.Button{User: "alice", Action: "deny", Value: approval.ID, Reason: "no"}, "you asked for this yourself"},
		"a guest who is listed":         {approve("dave"), "you are a guest here"},
		"a person of another workspace": {harness.Button{User: "bob", Home: "T0OTHER", Action: "approve", Value: approval.ID}, "another workspace"},
		"a bot":                         {harness.Button{User: "U0CORDON", Action: "approve", Value: approval.ID}, "you are a bot"},
		"nobody of the workspace":       {harness.Button{User: "U0NOBODY", Action: "approve", Value: approval.ID}, "this workspace does not know you"},
		"another ID":                    {harness.Button{User: "bob", Action: "approve", Value: "a-00000000"}, "I know no approval a-00000000"},
		"an ID that is none":            {harness.Button{User: "bob", Action: "approve", Value: "f-`<!channel>`"}, "I know no approval"},
		"2,000 characters":              {harness.Button{User: "bob", Action: "approve", Value: strings.Repeat("a", 2000)}, "this button carries no ID"},
		"two IDs":                       {harness.Button{User: "bob", Action: "approve", Value: approval.ID + " " + approval.ID}, "this button carries no ID"},
		"no ID":                         {harness.Button{User: "bob", Action: "approve"}, "this button carries no ID"},
		"another action":                {harness.Button{User: "bob", Action: "grant", Value: approval.ID}, "I do not know this button"},
		"another button's action":       {harness.Button{User: "bob", Action: "release", Value: approval.ID}, "no filter"},
		"a question's action":           {harness.Button{User: "bob", Action: "answer-yes", Value: approval.ID}, approval.ID},
		"an action of a review":         {harness.Button{User: "bob", Action: "review", Value: approval.ID}, "there is nothing to review"},
	} {
		t.Run(name, func(t *testing.T) {
			text := in.press(t, w, bot, c.button)
			if !holds(strings.ReplaceAll(text, "`", ""), c.says) || !holds(text, "Nothing was changed") || strings.Contains(text, "<!") {
				t.Errorf("told %q, expected %q and that nothing was changed", text, c.says)
			}
		})
	}
	for name, c := range map[string]struct{ token, says string }{
		"the requester's own token": {harness.AliceToken, "you asked for this yourself"},
		"a robot's token":           {bot.Token, "only people approve"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := harness.Call(t, harness.Request{Method: http.MethodPost, URL: bot.URL + "/api/commands", Token: c.token, JSON: map[string]string{"cluster": "demo", "text": "approve " + approval.ID}})
			if status != http.StatusForbidden || !holds(text, c.says) {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	said(t, w.Say("alice", "approve "+approval.ID), "you asked for this yourself", "Nothing was changed")
	if now := approvalOf(t, w, "agent-one"); now.State != filters.ApprovalOpen || len(now.Votes) != 0 || w.Agent("agent-one").Withheld() {
		t.Fatalf("somebody was heard: %+v", now)
	}
	t.Run("one person counts once", func(t *testing.T) {
		once := approve("bob")
		once.Trigger = "bob's.trigger"
		for range 3 {
			if text := in.press(t, w, bot, once); !holds(text, "Counted") {
				t.Errorf("the same click again: %q", text)
			}
		}
		if text := in.press(t, w, bot, approve("bob")); !holds(text, "your word is counted already: 1 of 2") {
			t.Errorf("another click: %q", text)
		}
		if now := approvalOf(t, w, "agent-one"); len(now.Votes) != 1 || now.State != filters.ApprovalOpen {
			t.Errorf("%+v", now)
		}
	})
	t.Run("Slack is away", func(t *testing.T) {
		w.Say("carol", "whoami") // who she is is known; whether she is still in the group is not
		w.Do("slack", map[string]any{"mode": "down", "seconds": 120})
		if text := in.press(t, w, bot, approve("carol")); !holds(text, "user groups, so the answer is no for now") || !holds(text, "Nothing was changed") {
			t.Errorf("told %q", text)
		}
		w.Do("slack", map[string]any{"mode": "up"})
	})
	t.Run("who left the group", func(t *testing.T) {
		harness.Until(t, harness.Patience, func() string { // she is known to be in it
			text := w.Say("carol", "whoami").Text()
			if !holds(text, "user group S0SRE, which is an approver") {
				return text
			}
			return ""
		})
		w.Do("group", map[string]any{"group": "sre", "users": []string{"bob"}})
		if text := in.press(t, w, bot, approve("carol")); !holds(text, "you are not an approver of demo") || !holds(text, "Nothing was changed") {
			t.Errorf("told %q", text)
		}
		w.Do("group", map[string]any{"group": "sre", "users": []string{"carol"}})
	})
	t.Run("who may say it now decides", func(t *testing.T) {
		harness.Until(t, harness.Patience, func() string { // that she was not in it holds for some seconds
			if text := in.press(t, w, bot, approve("carol")); !holds(text, "That is enough") {
				return text
			}
			return ""
		})
		if text := in.press(t, w, bot, approve("carol")); !holds(text, "was decided already") {
			t.Errorf("afterwards: %q", text)
		}
		w.AwaitWithheld("agent-one", true, harness.Patience)
	})
	w.Rest(harness.Patience)
}

// There is no way round the policy: not by the module's contract, not by a token that stands for oneself, not by breaking the glass
// without being an admin.
func TestThePolicyHasNoBackDoor(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{Transport: "http"}, 1, jury)
	in, bot := newInbox(t), w.Bot()
	id := w.Agent("agent-one").ID
	for _, c := range []struct{ method, body string }{
		{http.MethodPost, `{"agentId":"` + id + `"}`}, {http.MethodPost, `{"hostname":"agent-one"}`}, {http.MethodPut, `{"filters":[{"agentId":"` + id + `"}]}`},
	} {
		if status, text := bot.Module(c.method, "", c.body); status != http.StatusForbidden || !holds(text, "needs the approval of others") {
			t.Errorf("%s /allocator/filters: %d %s", c.method, status, text)
		}
	}
	if asked, _ := approvals(t, w); len(asked) > 0 {
		t.Errorf("somebody was asked: %+v", asked)
	}
	said(t, w.Say("carol", "filter agent-two --break-glass -m hurry"), "--break-glass is for admins", "Nothing was changed")
	said(t, w.Say("alice", "filter agent-two --break-glass"), "-m", "Nothing was changed")
	if standing := w.Filters(); len(standing) > 0 {
		t.Errorf("filters stand: %+v", standing)
	}
	t.Run("asked for with a token, approved by oneself", func(t *testing.T) {
		status, text := harness.Call(t, harness.Request{Method: http.MethodPost, URL: bot.URL + "/api/commands", Token: harness.AliceToken, JSON: map[string]string{"cluster": "demo", "text": "filter agent-three"}})
		approval := approvalOf(t, w, "agent-three")
		if status != http.StatusOK || approval.State != filters.ApprovalOpen || approval.User != w.Users["alice"] {
			t.Fatalf("%d %s: %+v", status, text, approval)
		}
		if text := in.press(t, w, bot, harness.Button{User: "alice", Action: "approve", Value: approval.ID}); !holds(text, "you asked for this yourself") {
			t.Errorf("told %q", text)
		}
		said(t, w.Say("bob", "approve "+approval.ID), "That is enough")
		w.AwaitWithheld("agent-three", true, harness.Patience)
	})
	t.Run("approved with a token of one's own", func(t *testing.T) {
		said(t, w.Say("bob", "filter agent-four"), "Asked for approval")
		status, text := harness.Call(t, harness.Request{Method: http.MethodPost, URL: bot.URL + "/api/commands", Token: harness.AliceToken, JSON: map[string]string{"cluster": "demo", "text": "approve " + approvalOf(t, w, "agent-four").ID}})
		if status != http.StatusForbidden || !holds(text, "only people approve") {
			t.Errorf("%d %s", status, text)
		}
	})
	t.Run("by a window or a run of one's own", func(t *testing.T) {
		schedule, duration := begun(time.Hour)
		said(t, w.Say("alice", adding("sly", "agent-five", schedule, duration)), "Asked for approval", "make the window sly over agent-five")
		said(t, w.Say("bob", `deny -m "filter it, and ask"`), "Denied", "sly")
		said(t, w.Say("alice", `run start agent-five --step "wait 1m" -m sly`), "Asked for approval", "run maintenance over agent-five")
		harness.Stays(t, 2*time.Second, func() string {
			if w.Agent("agent-five").Withheld() {
				return "agent-five is withheld, and nobody said yes"
			}
			return ""
		})
	})
	t.Run("an admin breaks the glass, and another looks at it", func(t *testing.T) {
		said(t, w.Say("alice", `filter agent-two --break-glass -m "rack on fire"`), "agent-two takes no new tasks")
		w.AwaitRoot("broke the glass", "rack on fire")
		id := approvalOf(t, w, "agent-two").ID
		said(t, w.Say("alice", "review "+id), "you did this yourself", "Nothing was changed")
		said(t, w.Say("bob", "review "+id), "Reviewed")
	})
	w.Rest(harness.Patience)
}

// What people write is never alive in the channel, and what the bot answers never goes to a host that is not named.
func TestTextAndAnswersGoWhereTheyMay(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{Transport: "http"}, 1, jury)
	in, bot := newInbox(t), w.Bot()
	const evil = "<!channel> <@U0BOB> *bold* <http://evil.example|click> @here"
	denied := wanted(t, w, `agent-one -m "`+evil+`"`, "agent-one")
	w.AwaitRoot("asks to")
	if text := in.press(t, w, bot, harness.Button{User: "bob", Action: "deny", Value: denied.ID, Reason: evil}); !holds(text, "Denied") {
		t.Errorf("told %q", text)
	}
	awaitApproval(t, w, denied.ID, filters.ApprovalDenied)
	granted := wanted(t, w, `agent-two -m "`+evil+`"`, "agent-two")
	said(t, w.Say("bob", "approve "+granted.ID+` -m "`+evil+`"`), "That is enough")
	w.AwaitRoot("agent-two takes no new tasks", "confirmed")
	w.AwaitRoot("Denied")
	w.AwaitRoot("Approved and begun")
	replies := in.press(t, w, bot, harness.Button{User: "carol", Action: "approval-details", Value: denied.ID})
	texts := replies + w.Say("carol", "history --verb approve").Text() + w.Say("carol", "approvals").Text()
	for _, message := range w.Messages("carol") {
		texts += "\n" + message.Text
		var blocks any
		if err := json.Unmarshal(message.Blocks, &blocks); err != nil {
			t.Fatal(err)
		}
		if found := living(blocks); found != "" {
			t.Errorf("%s is alive in %s", found, message.Blocks)
		}
	}
	for _, alive := range []string{"<!channel>", "<http", "<!here"} {
		if strings.Contains(texts, alive) {
			t.Errorf("%s is alive in the fallback of a message:\n%s", alive, texts)
		}
	}

	elsewhere := newInbox(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(elsewhere.URL, "http://"), ":")
	button := harness.Button{User: "carol", Action: "approval-details", Value: denied.ID, Trigger: "elsewhere", ResponseURL: "http://localhost:" + port + "/steal"}
	if status, text := bot.Deliver(w.Ready, button.Delivery(w.Ready)); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	harness.Until(t, harness.Patience, func() string { // she is told in the channel, for her eyes alone
		for _, message := range w.Messages("carol") {
			if message.Ephemeral && strings.Contains(message.Text, denied.ID) && strings.Contains(message.Text, "asked by") {
				return ""
			}
		}
		return "carol is not told"
	})
	select {
	case stolen := <-elsewhere.at("/steal"):
		t.Errorf("another host was told %q", stolen)
	default:
	}
	w.Rest(harness.Patience)
}

// living returns what of the blocks would mention, link or mark up what somebody wrote; empty: nothing. Text elements of rich text and
// plain text are shown as they are.
func living(block any) string {
	switch block := block.(type) {
	case []any:
		for _, inner := range block {
			if found := living(inner); found != "" {
				return found
			}
		}
	case map[string]any:
		kind, _ := block["type"].(string)
		if text, is := block["text"].(string); is && strings.Contains(text, "evil.example") && kind != "text" && kind != "plain_text" {
			return text
		}
		if kind == "broadcast" || kind == "link" || kind == "usergroup" {
			return kind
		}
		for _, inner := range block {
			if found := living(inner); found != "" {
				return found
			}
		}
	}
	return ""
}

// What was approved is what runs: where the cluster has changed since, it is asked again, or what is gone is left out.
func TestApprovedAndThenTheClusterChanges(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{}, 1, "    approval_time: 1m\n")
	late := wanted(t, w, "agent-six -m late", "agent-six")

	grows := wanted(t, w, "agent-one -m grows", "agent-one")
	w.Do("launch", map[string]any{"app": "crowd", "instances": 4, "agent": "agent-one"})
	harness.Until(t, harness.Patience, func() string {
		if w.Agent("agent-one").Runs("crowd") < 4 {
			return "the crowd does not run"
		}
		return ""
	})
	harness.Until(t, harness.Patience, func() string { // and the bot knows of it
		if text := w.Command("carol", "/mesos filter agent-one --dry-run").Text() + w.Command("alice", "/mesos filter agent-one --dry-run").Text(); !strings.Contains(text, "4 tasks") && !strings.Contains(text, "5 tasks") {
			return text
		}
		return ""
	})
	said(t, w.Say("bob", "approve "+grows.ID), "That is enough")
	changed := awaitApproval(t, w, grows.ID, filters.ApprovalChanged)
	if changed.Again == "" || !strings.Contains(changed.Why, "tasks") || w.Agent("agent-one").Withheld() {
		t.Errorf("%+v", changed)
	}
	w.AwaitRoot("Asked again", "tasks")
	again := awaitApproval(t, w, changed.Again, filters.ApprovalOpen)
	if len(again.Votes) != 0 || again.Impact.TaskSum() <= grows.Impact.TaskSum() {
		t.Errorf("asked again: %+v", again)
	}
	said(t, w.Say("bob", "approve "+again.ID), "That is enough")
	w.AwaitWithheld("agent-one", true, harness.Patience)

	gone := wanted(t, w, "agent-four,agent-five -m gone", "agent-five")
	if status, text := w.Master("MARK_AGENT_GONE", "agent-five"); status != http.StatusOK {
		t.Fatalf("the master answers %d %s", status, text)
	}
	harness.Until(t, 2*harness.Patience, func() string {
		if text := w.Command("carol", "/mesos agents agent-five").Text(); !strings.Contains(text, "not in the master's list") {
			return "the bot still lists agent-five: " + text
		}
		return ""
	})
	said(t, w.Say("bob", "approve "+gone.ID), "That is enough")
	started := awaitApproval(t, w, gone.ID, filters.ApprovalStarted)
	if !strings.Contains(started.Why, "left out") || !strings.Contains(started.Why, "agent-five") {
		t.Errorf("%+v", started)
	}
	w.AwaitWithheld("agent-four", true, harness.Patience)

	awaitApprovalWithin(t, w, 90*time.Second, late.ID, filters.ApprovalExpired)
	said(t, w.Say("bob", "approve "+late.ID), "it is too late", "expired", "Nothing was changed")
	if w.Agent("agent-six").Withheld() {
		t.Error("a yes that came too late counted")
	}
}

// Two people decide at two replicas at once, and Slack delivers each click to both: one decision stands, each was heard once, and
// what was decided happens once.
func TestTwoReplicasDecideOnce(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{Transport: "http", Replicas: 2}, 1, jury)
	in := newInbox(t)
	w.Do("group", map[string]any{"group": "sre", "users": []string{"carol"}})
	for _, hostname := range []string{"agent-one", "agent-two", "agent-three"} {
		approval := wanted(t, w, hostname, hostname)
		harness.Until(t, harness.Patience, func() string { // both know of it
			for _, bot := range w.Bots {
				if text := bot.Command("approvals", "").Text; !strings.Contains(text, approval.ID) {
					return "a replica says " + text
				}
			}
			return ""
		})
		buttons := []harness.Button{{User: "bob", Action: "approve", Value: approval.ID, Trigger: "b" + hostname}, {User: "carol", Action: "deny", Value: approval.ID, Reason: "no", Trigger: "c" + hostname}}
		var clicks sync.WaitGroup
		told := make([]string, 4)
		for i := range told {
			clicks.Go(func() { told[i] = in.press(t, w, w.Bots[i/2], buttons[i%2]) })
		}
		clicks.Wait()
		decided := approvalOf(t, w, hostname)
		if len(decided.Votes) != 1 {
			t.Errorf("%d words count: %+v", len(decided.Votes), decided.Votes)
		}
		yes := decided.Votes[0].Yes
		for i, text := range told {
			heard := holds(text, "Counted") || holds(text, "Denied:")
			if heard != (yes == (i%2 == 0)) {
				t.Errorf("%s won %t, and press %d is told %q", decided.Votes[0].By, yes, i, text)
			}
		}
		if yes {
			w.AwaitWithheld(hostname, true, harness.Patience)
		}
	}
	w.Rest(harness.Patience)
}
