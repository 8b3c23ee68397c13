package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/commands/poster"
	"cordon/commands/slack"
	"cordon/filters"
	simslack "cordon/internal/sim/slack"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const team = "T0CORDON"

// office is a workspace, a bot in it, and a cluster behind it.
type office struct {
	t         *testing.T
	workspace *simslack.Workspace
	edge      *slack.Edge
	bot       *commands.Bot
	on        *stage.Stage
}

type setup struct {
	http      bool
	private   bool
	stage     stage.Options
	workspace func(*simslack.Config)
	edge      func(*slack.Config)
	post      bool // run a poster
}

func open(t *testing.T, with setup) *office {
	t.Helper()
	manifest := readManifest(t)
	config := manifest.Apply(simslack.Config{
		TeamID: team, Groups: map[string][]string{"S0OPS": {"U0ALICE", "U0BOB"}},
		Channel: simslack.Channel{ID: "C0OPS", Name: "ops", Private: with.private},
		Users: []simslack.User{
			{ID: "U0ALICE", Name: "alice", TimeZone: "Europe/Paris"}, {ID: "U0BOB", Name: "bob", TimeZone: "America/New_York"}, {ID: "U0CAROL", Name: "carol"},
			{ID: "U0GUEST", Name: "gus", Guest: true}, {ID: "U0GONE", Name: "gone", Deleted: true}, {ID: "U0ROBOT", Name: "robot", Bot: true},
		},
	})
	if with.workspace != nil {
		with.workspace(&config)
	}
	workspace, err := simslack.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	with.stage.Operators = []string{"user:U0ALICE", "user:U0BOB"}
	o := &office{t: t, workspace: workspace, on: stage.New(with.stage)}
	o.bot = commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": o.on}, Logger: quiet()})
	edgeConfig := slack.Config{
		Bot: o.bot, Team: team, BotToken: workspace.BotToken(), APIURL: workspace.URL(), ResponseHosts: []string{"127.0.0.1"},
		SigningSecret: workspace.SigningSecret(), Logger: quiet(),
	}
	if !with.http {
		edgeConfig.AppToken = workspace.AppToken()
	}
	if with.edge != nil {
		with.edge(&edgeConfig)
	}
	o.edge = slack.New(edgeConfig)
	o.bot.SetTeller(o.edge)
	stop := o.run(with)
	t.Cleanup(func() {
		stop()
		if err := workspace.Close(); err != nil {
			t.Error(err)
		}
	})
	o.until("connected", o.edge.Connected)
	return o
}

// run starts what a process would, and returns what stops it, in that order.
func (o *office) run(with setup) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := o.edge.Run(ctx); err != nil {
			o.t.Errorf("Run: %v", err)
		}
	})
	if with.post {
		p := poster.New(poster.Config{Cluster: "prod", Journal: o.on, Notices: &stage.Notices{Stage: o.on}, Channel: o.edge.Channel("C0OPS"), View: stage.View{Stage: o.on}, Logger: quiet()})
		running.Go(func() {
			if err := p.Run(ctx, 1); err != nil {
				o.t.Errorf("poster: %v", err)
			}
		})
	}
	var server *httptest.Server
	if with.http {
		server = httptest.NewServer(o.edge.Handler())
		o.workspace.SetBotURL(server.URL)
	}
	return func() {
		patience, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		o.bot.Stop(patience)
		if server != nil {
			server.Close()
		}
		cancel()
		running.Wait()
		o.edge.Stop(patience)
	}
}

// quickly takes one click of each person.
func quickly(c *slack.Config) { c.ClickRate, c.ClickBurst = 0.001, 1 }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func readManifest(t *testing.T) simslack.Manifest {
	t.Helper()
	data, err := os.ReadFile("../../deploy/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := simslack.ReadManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	return manifest
}

// until waits for something, woken by what changes in the workspace.
func (o *office) until(what string, holds func() bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 20*time.Second)
	defer cancel()
	changed := o.workspace.Watch(ctx)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			o.t.Fatalf("never %s", what)
		}
	}
}

// types has somebody type a command, and returns the text of what they see.
func (o *office) types(user, text string) string {
	o.t.Helper()
	answer, err := o.workspace.Command(o.t.Context(), user, "", text)
	if err != nil {
		o.t.Fatalf("%s: %v", text, err)
	}
	return texts(answer.Replies)
}

func texts(messages []simslack.Message) string {
	var all []string
	for _, message := range messages {
		all = append(all, message.Text)
	}
	return strings.Join(all, "\n---\n")
}

// roots are the bot's own messages in the channel.
func (o *office) roots() []simslack.Message {
	return slices.DeleteFunc(o.workspace.Messages("carol"), func(m simslack.Message) bool {
		return m.Ephemeral || m.ThreadTS != "" || m.User != simslack.BotUserID
	})
}

// root waits for a root message that says something.
func (o *office) root(says string) simslack.Message {
	o.t.Helper()
	var found simslack.Message
	o.until("a message that says "+says, func() bool {
		for _, message := range o.roots() {
			if strings.Contains(message.Text, says) {
				found = message
				return true
			}
		}
		return false
	})
	return found
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

func both(t *testing.T, run func(t *testing.T, http bool)) {
	t.Run("socket", func(t *testing.T) { run(t, false) })
	t.Run("http", func(t *testing.T) { run(t, true) })
}

func TestCommandAndClicks(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http, post: true})
		contains(t, o.types("alice", `/mesos filter agent-one --for 2h -m “kernel upgrade”`), "agent-one takes no new tasks", "kernel upgrade")
		root := o.root("agent-one takes no new tasks")
		contains(t, root.Text, "by <@U0ALICE>", "kernel upgrade")
		press := func(user, action string) string {
			answer, err := o.workspace.Click(t.Context(), simslack.Click{User: user, MessageTS: root.TS, ActionID: action})
			if err != nil {
				t.Fatalf("%s: %v", action, err)
			}
			return texts(answer.Replies)
		}
		contains(t, press("carol", commands.ActionRelease), "You may look at prod, not change it", "Nothing was changed.")
		contains(t, press("bob", commands.ActionDetails), "/mesos release f-", "asked")
		contains(t, press("bob", commands.ActionExtend), "stays withheld")
		contains(t, press("bob", commands.ActionRelease), "agent-one takes tasks again")
		o.root("agent-one is being given back")
		if got := o.roots(); len(got) != 1 {
			t.Errorf("%d root messages", len(got))
		}
	})
}

// However often a command or a click is delivered, it has one effect and the same answer.
func TestRepeatedDeliveries(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http})
		first, err := o.workspace.Command(t.Context(), "alice", "", "/mesos filter agent-one --for 2h -m kernel")
		if err != nil {
			t.Fatal(err)
		}
		entries := len(o.on.Events())
		again, err := o.workspace.Redeliver(t.Context(), first.TriggerID)
		if err != nil || texts(again.Replies) != texts(first.Replies) {
			t.Errorf("%v: %q, first %q", err, texts(again.Replies), texts(first.Replies))
		}
		if now := len(o.on.Events()); now != entries {
			t.Errorf("the repetition wrote %d entries", now-entries)
		}
	})
}

func TestTextFromPeopleIsInert(t *testing.T) {
	o := open(t, setup{post: true, workspace: func(c *simslack.Config) { c.Escape, c.LinkHostnames = true, true }, stage: stage.Options{Agents: []string{"web-1.example.com", "agent-one"}}})
	reason := `<!channel> @here @bob <https://evil.example|click> *bold* & so`
	o.types("alice", `/mesos filter web-1.example.com -m "`+reason+`"`)
	root := o.root("web-1.example.com takes no new tasks")
	for _, live := range []string{"<!channel>", "<!here", "<https:", "<http", "<@U0BOB"} {
		if strings.Contains(root.Text, live) {
			t.Errorf("the fallback holds %s: %q", live, root.Text)
		}
	}
	var blocks []struct {
		Type     string
		Elements []struct {
			Elements []struct{ Type, Text string }
		}
	}
	if err := json.Unmarshal(root.Blocks, &blocks); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, element := range blocks[0].Elements[0].Elements {
		if strings.Contains(element.Text, "evil.example") {
			found = element.Type == "text"
		}
		if element.Type == "link" || element.Type == "broadcast" {
			t.Errorf("a living element: %+v", element)
		}
	}
	if !found {
		t.Errorf("the reason is not a text element: %s", root.Blocks)
	}
}

func TestTimesAreReadInTheAskersZone(t *testing.T) {
	o := open(t, setup{})
	reply := o.types("bob", "/mesos filter agent-one --until tomorrow 06:00 -m x")
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := time.Now().In(zone).AddDate(0, 0, 1)
	want := time.Date(tomorrow.Year(), tomorrow.Month(), tomorrow.Day(), 6, 0, 0, 0, zone)
	if got := o.on.Filters()[0].Until; !got.Equal(want) {
		t.Errorf("until %s, want %s: %q", got, want, reply)
	}
	contains(t, o.types("bob", "/mesos whoami"), "America/New_York")
}

func TestQuickClicksAreRefusedAndNotJournalled(t *testing.T) {
	o := open(t, setup{post: true, edge: func(c *slack.Config) { c.ClickRate, c.ClickBurst = 0.001, 2 }})
	o.types("alice", "/mesos filter agent-one -m x")
	root := o.root("agent-one")
	click := func() string {
		answer, err := o.workspace.Click(t.Context(), simslack.Click{User: "bob", MessageTS: root.TS, ActionID: commands.ActionDetails})
		if err != nil {
			t.Fatal(err)
		}
		return texts(answer.Replies)
	}
	click()
	click()
	contains(t, click(), "faster than I take it in", "Nothing was changed.")
	if o.edge.RefusedClicks() != 1 {
		t.Errorf("%d refused clicks are counted", o.edge.RefusedClicks())
	}
}

func TestMentionsAreAnsweredOnce(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http})
		if _, err := o.workspace.Say("alice", "", "", "<@"+simslack.BotUserID+"> status"); err != nil {
			t.Fatal(err)
		}
		hears := func() int {
			return len(slices.DeleteFunc(o.workspace.Messages("alice"), func(m simslack.Message) bool { return !m.Ephemeral }))
		}
		o.until("answered", func() bool { return hears() == 1 })
		contains(t, texts(o.workspace.Messages("alice")), "6 agents: 6 take tasks")
	})
}

func TestLostAnswerComesByResponseURL(t *testing.T) {
	o := open(t, setup{http: true})
	o.on.Break(&filters.Error{Code: filters.Unconfirmed, Wrong: "Redis did not answer"}, true)
	contains(t, o.types("alice", "/mesos filter agent-one -m x"), "Not confirmed.")
	o.until("told", func() bool { return strings.Contains(texts(o.workspace.Messages("alice")), "Now I know") })
}

func TestSocketComesBack(t *testing.T) {
	o := open(t, setup{})
	o.workspace.Disconnect("refresh_requested")
	o.until("connected again", func() bool { return o.opened() == 2 && o.edge.Connected() })
	contains(t, o.types("alice", "/mesos status"), "6 agents")
	if err := o.workspace.SetMode("down", 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	o.until("noticed", func() bool { return !o.edge.Connected() })
	o.until("connected after Slack was down", func() bool { return o.edge.Connected() })
	contains(t, o.types("alice", "/mesos status"), "6 agents")
}

// opened counts the sockets that were asked for.
func (o *office) opened() int {
	return len(slices.DeleteFunc(o.workspace.Calls(), func(call simslack.Call) bool { return call.Method != "apps.connections.open" || call.Outcome != "ok" }))
}

func TestRefusedTokensAreFatal(t *testing.T) {
	o := open(t, setup{})
	for name, change := range map[string]func(*slack.Config){
		"socket": func(c *slack.Config) { c.AppToken = "xapp-wrong" },
		"http":   func(c *slack.Config) { c.AppToken, c.BotToken = "", "xoxb-wrong" },
		"team":   func(c *slack.Config) { c.AppToken, c.Team = "", "T0OTHER" },
	} {
		config := slack.Config{Bot: o.bot, Team: team, BotToken: o.workspace.BotToken(), AppToken: o.workspace.AppToken(), APIURL: o.workspace.URL(), Logger: quiet()}
		change(&config)
		edge := slack.New(config)
		err := edge.Run(t.Context())
		if _, fatal := errors.AsType[*slack.Fatal](err); !fatal || strings.Contains(err.Error(), "xoxb") || strings.Contains(err.Error(), "xapp") {
			t.Errorf("%s: %v", name, err)
		}
		edge.Stop(t.Context())
	}
}

func TestPeopleAndGroups(t *testing.T) {
	o := open(t, setup{})
	for id, member := range map[string]bool{"U0ALICE": true, "U0GUEST": false, "U0GONE": false, "U0ROBOT": false} {
		person, err := o.edge.Person(t.Context(), id)
		if err != nil || person.Member() != member {
			t.Errorf("%s: %+v %v", id, person, err)
		}
	}
	if _, err := o.edge.Person(t.Context(), "U0NOBODY"); filters.CodeOf(err) != filters.Unknown {
		t.Errorf("nobody: %v", err)
	}
	members, err := o.edge.Members(t.Context(), "S0OPS")
	if err != nil || !slices.Equal(members, []string{"U0ALICE", "U0BOB"}) {
		t.Errorf("%v %v", members, err)
	}
	before := len(o.workspace.Calls())
	if _, err := o.edge.Members(t.Context(), "S0OPS"); err != nil || len(o.workspace.Calls()) != before {
		t.Errorf("asked again: %v", err)
	}
	if _, err := o.edge.Members(t.Context(), "S0NONE"); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("no such group: %v", err)
	}
}

func TestChannel(t *testing.T) {
	o := open(t, setup{})
	channel := o.edge.Channel("C0OPS")
	since := time.Now()
	message := poster.Message{Key: "op-1", Lines: []commands.Line{commands.Say("hello ", commands.Strong("world"))}}
	ref, err := channel.Post(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	if found, ok, err := channel.Find(t.Context(), "", "op-1", since); err != nil || !ok || found != ref {
		t.Errorf("found %q %v %v, want %q", found, ok, err, ref)
	}
	if _, ok, err := channel.Find(t.Context(), "", "op-2", since); err != nil || ok {
		t.Errorf("found what is not there: %v", err)
	}
	if err := channel.Reply(t.Context(), ref, "op-1#1", message.Lines); err != nil {
		t.Error(err)
	}
	if _, ok, err := channel.Find(t.Context(), ref, "op-1#1", since); err != nil || !ok {
		t.Errorf("the reply is not found: %v", err)
	}
	message.Lines = []commands.Line{commands.Say("goodbye")}
	if err := channel.Update(t.Context(), ref, message); err != nil || o.roots()[0].Text != "goodbye" {
		t.Errorf("%v %v", err, o.roots())
	}
	if err := channel.Update(t.Context(), "1.0", message); !errors.Is(err, poster.ErrGone) {
		t.Errorf("a message that is not there: %v", err)
	}
	_, err = o.edge.Channel("C0NONE").Post(t.Context(), message)
	if _, refused := errors.AsType[*poster.Refused](err); !refused {
		t.Errorf("no such channel: %v", err)
	}
	if err := o.workspace.SetMode("rate-limit", 2*time.Second); err != nil {
		t.Fatal(err)
	}
	_, err = channel.Post(t.Context(), message)
	if slow, ok := errors.AsType[*poster.Slow](err); !ok || slow.For < time.Second {
		t.Errorf("rate limited: %v", err)
	}
	if err := o.workspace.SetMode("down", 0); err != nil {
		t.Fatal(err)
	}
	if _, err = channel.Post(t.Context(), message); !errors.Is(err, poster.ErrUnsure) {
		t.Errorf("down: %v", err)
	}
	if err := o.workspace.SetMode("up", 0); err != nil {
		t.Fatal(err)
	}
}

// The manifest asks for the scopes that are used, and for no others.
func TestManifestScopes(t *testing.T) {
	used := map[string]bool{}
	for _, private := range []bool{false, true} {
		o := open(t, setup{post: true, private: private})
		o.types("alice", "/mesos filter agent-one -m x")
		o.root("agent-one")
		if _, err := o.edge.Members(t.Context(), "S0OPS"); err != nil {
			t.Error(err)
		}
		if _, _, err := o.edge.Channel("C0OPS").Find(t.Context(), "", "op-1", time.Now()); err != nil {
			t.Error(err)
		}
		if _, _, err := o.edge.Direct("U0BOB").Find(t.Context(), "", "shift-1", time.Now()); err != nil {
			t.Error(err)
		}
		if _, err := o.edge.ByEmail(t.Context(), "bob@example.com"); err != nil {
			t.Error(err)
		}
		if _, err := o.workspace.Say("alice", "", "", "<@"+simslack.BotUserID+"> status"); err != nil {
			t.Fatal(err)
		}
		o.until("answered", func() bool { return strings.Contains(texts(o.workspace.Messages("alice")), "6 agents") })
		for _, scope := range o.workspace.UsedScopes() {
			used[scope] = true
		}
		for _, call := range o.workspace.Calls() {
			if call.Outcome == "missing_scope" {
				t.Errorf("%s lacks a scope", call.Method)
			}
		}
	}
	used["app_mentions:read"] = true // what delivers app_mention; no call needs it
	used["commands"] = true
	manifest := readManifest(t)
	for _, scope := range manifest.Scopes {
		if !used[scope] {
			t.Errorf("the manifest asks for %s, which nothing uses", scope)
		}
		delete(used, scope)
	}
	for scope := range used {
		t.Errorf("the manifest does not ask for %s", scope)
	}
	if !slices.Equal(manifest.Events, []string{"app_mention", "app_home_opened"}) || !slices.Equal(manifest.Commands, []string{"/mesos"}) {
		t.Errorf("%+v", manifest)
	}
}

// The Adopt button asks for the reason in a dialog, and the submission counts once, however often it comes.
func TestAdoptAsksWhy(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http, post: true, stage: stage.Options{Foreign: []string{"agent-five"}}})
		o.on.Happen(filters.Event{Kind: filters.KindForeign, Actor: "bot:one", Agent: "b4c0-S5", Host: "agent-five", Subject: "foreign-1"})
		root := o.root("agent-five is withheld by somebody else")
		pressed, err := o.workspace.Click(t.Context(), simslack.Click{User: "bob", MessageTS: root.TS, ActionID: commands.ActionAdopt})
		if err != nil {
			t.Fatal(err)
		}
		o.until("a dialog", func() bool { return len(o.workspace.Views("bob")) == 1 })
		if again, err := o.workspace.Redeliver(t.Context(), pressed.TriggerID); err != nil || len(again.Replies) != 0 {
			t.Errorf("the repeated click was answered: %v %q", err, texts(again.Replies))
		}
		if standing := o.on.Filters(); len(standing) != 0 {
			t.Errorf("adopted before anybody said why: %+v", standing)
		}
		dialog := o.workspace.Views("bob")[0]
		answer, err := o.workspace.Submit(t.Context(), simslack.Submission{User: "bob", ViewID: dialog.ID, Values: map[string]any{"reason": "left by the <night> shift"}})
		if err != nil {
			t.Fatal(err)
		}
		contains(t, texts(answer.Replies), "agent-five becomes ours to give back", "left by the &lt;night&gt; shift")
		if views := o.workspace.Views("bob"); len(views) != 0 {
			t.Errorf("the dialog stays: %+v", views)
		}
		entries := len(o.on.Events())
		if _, err := o.workspace.Redeliver(t.Context(), answer.TriggerID); err != nil || len(o.on.Events()) != entries {
			t.Errorf("%v: the repetition wrote %d entries", err, len(o.on.Events())-entries)
		}
	})
}
