package slack

import (
	"encoding/json"
	"flag"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cordon/commands"
	"cordon/commands/poster"
	"cordon/filters"
	"cordon/scheduler"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write golden files anew")

var noon = time.Date(2026, 9, 1, 12, 3, 0, 0, time.UTC)

// messages are those whose Block Kit JSON stands in testdata, one of each form.
func messages() map[string]poster.Message {
	agent := &poster.Agent{Host: "agent-one", Filter: "f-3k7q2m9x", State: filters.StateVerified, Since: noon, Until: noon.Add(2 * time.Hour)}
	notice := poster.Notice{Key: "op-1", Topic: poster.TopicFilter, Began: noon, By: "user:U0ALICE", Reason: "<!channel> kernel & co", Agents: map[filters.AgentID]*poster.Agent{"S1": agent}}
	scene := poster.Scene{Cluster: "prod", Now: noon.Add(time.Minute), Tasks: map[string]int{"marathon": 2, "chronos": 1}, Withheld: 1, Total: 6}
	question := poster.Notice{Key: "question/q-1", Topic: poster.TopicQuestion, Began: noon, Question: &filters.Question{
		ID: "q-1", Kind: filters.QuestionGiveBack, Text: "Give 40 agents back?", Hosts: []string{"web-1", "web-2"}, Asked: noon}}
	return map[string]poster.Message{
		"filter":     poster.Render(notice, scene),
		"question":   poster.Render(question, scene),
		"announce":   poster.Render(announced(), scene),
		"occurrence": poster.Render(occurring(), poster.Scene{Cluster: "prod", Now: noon, Under: poster.Standing{Confirmed: 2, Hosts: []string{"web-1", "web-2"}}, Waiting: []string{"web-3"}}),
		"run":        poster.Render(running(), scene),
		"confirm":    poster.Render(asking(), scene),
		"drain":      poster.Render(draining(), scene),
		"box":        {Lines: []commands.Line{commands.Say("Paste it:"), commands.Say(commands.Verbatim("kernel-tue:\n  schedule: \"0 2 * * 2\"")), commands.Say("That is all.")}},
		"bare":       {Lines: []commands.Line{commands.Say("I ask nothing just now.")}},
	}
}

func announced() poster.Notice {
	return poster.Notice{Key: "announce:kernel-tue/x", Topic: poster.TopicAnnounce, Began: noon, Window: &poster.Occasion{Name: "kernel-tue", Start: noon.Add(24 * time.Hour), Agents: 12}}
}

func occurring() poster.Notice {
	opening := &scheduler.Opening{Start: noon, End: noon.Add(2 * time.Hour), Opened: noon, Placed: 2, Waiting: []filters.AgentID{"S3"}, Why: "max_unavailable leaves no room"}
	return poster.Notice{Key: "window:kernel-tue/x", Topic: poster.TopicOccurrence, Began: noon, Window: &poster.Occasion{Name: "kernel-tue", Start: noon, Agents: 3, Waiting: 1, Opening: opening}}
}

func running() poster.Notice {
	state := scheduler.RunState{ID: "r-3k7q2m9x", Phase: scheduler.RunGoing, By: "user:U0ALICE", Reason: "firmware & co", Started: noon, Agents: 12, Procedure: scheduler.Procedure{Steps: []string{"webhook reboot"}}}
	doing := scheduler.RunAgent{Agent: "S1", Hostname: "web-1", Phase: scheduler.AgentStepping}
	return poster.Notice{Key: "run:r-3k7q2m9x", Topic: poster.TopicRun, Began: noon, By: state.By, Run: &poster.Progress{
		State: state, Done: 4, Failed: 1, Took: time.Hour, Doing: map[filters.AgentID]scheduler.RunAgent{"S1": doing}, Fails: []poster.Fail{{Host: "web-9", Why: "it did not come back"}}}}
}

func draining() poster.Notice {
	state := scheduler.RunState{ID: "r-3k7q2m9x", Phase: scheduler.RunGoing, By: "user:U0ALICE", Yes: []string{"user:U0BOB"}, Reason: "disk & co", Started: noon, Agents: 1, Mode: filters.ModeDrain,
		Keep: true, Drain: &filters.Drain{}}
	return poster.Notice{Key: "run:r-3k7q2m9x", Topic: poster.TopicRun, Began: noon, By: state.By, Reason: state.Reason, Run: &poster.Progress{State: state}}
}

func asking() poster.Notice {
	agent := &scheduler.RunAgent{Run: "r-3k7q2m9x", Agent: "S1", Hostname: "web-1", Phase: scheduler.AgentAsking, Key: "c-8w2n4c6v", Since: noon}
	return poster.Notice{Key: "confirm:c-8w2n4c6v", Topic: poster.TopicConfirm, Began: noon, Asking: agent}
}

func TestBlocks(t *testing.T) {
	for name, message := range messages() {
		golden(t, name, map[string]any{"text": fallback(message.Lines), "blocks": blocks(message.Lines, message.Buttons)})
	}
}

// However long lines are, Slack's limits hold, and of what people wrote nothing is alive.
func TestLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []commands.Line
		for range rapid.IntRange(1, 60).Draw(t, "lines") {
			text := strings.Repeat(rapid.SampledFrom([]string{"<!channel> ", "é & co ", "<@U0BOB> ", "*x* `y` ", "🛠", "\x1b[2J\u202e\u2028 "}).Draw(t, "text"), rapid.IntRange(0, 200).Draw(t, "times"))
			lines = append(lines, commands.Say(text, commands.Strong(text), commands.Clock(noon, noon)))
		}
		short := fallback(lines)
		if n := utf8.RuneCountInString(short); n > 3900 && strings.Count(short, "&") == 0 || n > 20000 {
			t.Fatalf("the fallback has %d characters", n)
		}
		for _, live := range []string{"<!", "<@", "<h", "\x1b", "\u202e", "\u2028"} {
			if strings.Contains(short, live) {
				t.Fatalf("%s lives in %q", live, short)
			}
		}
		total := 0
		for _, element := range elements(lines) {
			encoded, err := json.Marshal(element)
			if err != nil {
				t.Fatal(err)
			}
			var plain struct{ Type, Text string }
			if err := json.Unmarshal(encoded, &plain); err != nil || plain.Type != "text" && plain.Type != "date" || strings.ContainsAny(plain.Text, "\x1b\u202e\u2028") {
				t.Fatalf("%s %v", encoded, err)
			}
			total += utf8.RuneCountInString(plain.Text)
		}
		if total > 12000 {
			t.Fatalf("the blocks have %d characters", total)
		}
	})
}

func TestUnescape(t *testing.T) {
	for typed, want := range map[string]string{
		"filter agent-one":           "filter agent-one",
		"a &amp; b &lt;!channel&gt;": "a & b <!channel>",
		"&amp;lt;":                   "&lt;",
		"filter <http://web-1.example|web-1.example>":    "filter web-1.example",
		"filter <http://web-1.example/>":                 "filter web-1.example",
		"filter <https://web-1.example>,agent-one":       "filter web-1.example,agent-one",
		"by <@U0ALICE|alice> and <@U0BOB>":               "by @alice and @U0BOB",
		"in <#C0OPS|ops>":                                "in #ops",
		"<!here> <!subteam^S1|@ops> <!channel|@channel>": "@here @ops @channel",
		"<mailto:a@b.example|a@b.example>":               "a@b.example",
		"1 < 2":                                          "1 < 2",
		"<nonsense>":                                     "<nonsense>",
		"":                                               "",
	} {
		if got := unescape(typed); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}

// What is escaped as Slack does comes back as it was typed.
func TestUnescapeUndoesEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z<>&;!@|# ]{0,40}`).Draw(t, "text")
		if got := unescape(escaper.Replace(text)); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{"", "<", "<|>", "<@|>", "<!>", "&lt;&", "<http://|>", "<a|b|c>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := unescape(text); len(got) > len(text)+strings.Count(text, "<")*8 {
			t.Errorf("%q grew to %q", text, got)
		}
	})
}
