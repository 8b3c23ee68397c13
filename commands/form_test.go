package commands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"

	gocmp "github.com/google/go-cmp/cmp"
)

func formsBot(t *testing.T, options stage.Options) (*commands.Bot, *stage.Stage) {
	on := stage.New(options)
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()}})
	t.Cleanup(func() { bot.Stop(t.Context()) })
	return bot, on
}

var formActor = filters.Actor{ID: "user:UALICE", User: "UALICE"}

// A form does what the command does that is typed with the same words: the replies are the same.
func TestAFormSaysWhatTheCommandSays(t *testing.T) {
	for _, c := range []struct {
		verb   string
		values map[string][]string
		typed  string
	}{
		{"filter", map[string][]string{"target": {"agent-one", "agent-two"}, "for": {"4h"}, "reason": {`a "quoted" reason -- with --flags`}}, `filter agent-one agent-two --for 4h -m 'a "quoted" reason -- with --flags'`},
		{"filter", map[string][]string{"target": {"rack=r1"}, "for": {"none"}}, "filter -l rack=r1"},
		{"filter", map[string][]string{"target": {"@bench"}, "for": {"2h"}, "until": {"90m"}}, "filter @bench --for 90m"},
		{"filter", map[string][]string{"target": {"agent-t*"}, "until": {"tomorrow 06:00"}}, "filter agent-t* --until tomorrow 06:00"},
		{"filter", map[string][]string{"target": {"--all"}}, "filter -- --all"},
		{"unfilter", map[string][]string{"target": {"agent-one"}, "all": {"all"}, "reason": {"done"}}, "unfilter agent-one --all -m done"},
		{"extend", map[string][]string{"target": {"agent-one"}, "for": {"1d"}}, "extend agent-one --for 1d"},
		{"adopt", map[string][]string{"target": {"agent-five"}, "for": {"none"}, "reason": {"left over"}}, "adopt agent-five -m 'left over'"},
		{"drain", map[string][]string{"target": {"agent-one"}, "max-grace-period": {"10m"}, "deadline": {"1h"}}, "drain agent-one --max-grace-period 10m --deadline 1h"},
	} {
		bot, _ := formsBot(t, stage.Options{Foreign: []string{"agent-five"}, Groups: map[string]filters.Group{"bench": {Hosts: []string{"agent-one"}}}})
		ask := func(input commands.Input) string {
			input.Actor, input.Channel = formActor, "COPS"
			return markup(bot.Handle(t.Context(), input))
		}
		form := ask(commands.Input{Filled: &commands.Filled{Verb: c.verb, Cluster: "prod", Values: c.values, Look: true}})
		typed := ask(commands.Input{Text: c.typed + " --dry-run"})
		if c.verb == "filter" && strings.Contains(c.typed, "-- --all") {
			typed = ask(commands.Input{Text: "filter --dry-run -- --all"})
		}
		if difference := gocmp.Diff(typed, form); difference != "" {
			t.Errorf("%s (- typed, + form):\n%s", c.typed, difference)
		}
	}
}

func TestSuggest(t *testing.T) {
	bot, _ := formsBot(t, stage.Options{Foreign: []string{"agent-five"}, Groups: map[string]filters.Group{"bench": {Hosts: []string{"agent-one", "agent-six"}}}})
	bot.Handle(t.Context(), commands.Input{Text: "filter agent-four -m disk", Actor: formActor})
	for _, c := range []struct{ verb, typed, want string }{
		{"filter", "agent-t", "agent-three (rack r1); agent-two (rack r1)"},
		{"filter", "FOUR", "agent-four (rack r2)"},
		{"filter", "nothing", ""},
		{"filter", "agent-t*", "agent-t*: 2 agents"},
		{"filter", "@bench", "@bench: 2 agents"},
		{"filter", "@none", ""},
		{"filter", "rack=r2", "rack=r2: 3 agents"},
		{"unfilter", "", "agent-four (disk)"},
		{"extend", "one", ""},
		{"adopt", "", "agent-five (rack r2 · withheld)"},
		{"adopt", "agent-o", ""},
		{"status", "agent", ""},
	} {
		var got []string
		for _, choice := range bot.Suggest(commands.Filled{Verb: c.verb, Cluster: "prod"}, c.typed) {
			if choice.About != "" {
				choice.Text += " (" + choice.About + ")"
			}
			got = append(got, choice.Text)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s %q: %s, want %s", c.verb, c.typed, strings.Join(got, "; "), c.want)
		}
	}
	if choices := bot.Suggest(commands.Filled{Verb: "filter", Cluster: "other"}, ""); choices != nil {
		t.Errorf("of a cluster that is not there: %v", choices)
	}
}

func TestManyAreSuggestedInPart(t *testing.T) {
	var hosts []string
	for i := range 300 {
		hosts = append(hosts, fmt.Sprintf("web-%03d.prod.example.com", i))
	}
	bot, _ := formsBot(t, stage.Options{Agents: append(hosts, "prod-web")})
	choices := bot.Suggest(commands.Filled{Verb: "filter", Cluster: "prod"}, "prod")
	if len(choices) != 100 || choices[0].Value != "prod-web" || choices[1].Value != hosts[0] {
		t.Errorf("%d: %v", len(choices), choices[:2])
	}
}

// Forms open for the verbs that have one, typed alone, and for nothing else.
func TestWhatOpensAForm(t *testing.T) {
	bot, _ := formsBot(t, stage.Options{})
	opens := func(text string, forms bool) bool {
		return bot.Handle(t.Context(), commands.Input{Text: text, Actor: formActor, Channel: "COPS", Forms: forms}).Form != nil
	}
	for _, text := range []string{"filter", "cordon", "/mesos filter", "filter -c prod", "-c prod drain", "unfilter", "extend", "drain", "adopt"} {
		if !opens(text, true) || opens(text, false) {
			t.Errorf("%q", text)
		}
	}
	for _, text := range []string{"", "status", "help filter", "filter --dry-run", "filter -m x", "filter -c", "filter -c other", "release", "gone", "filter agent-one --for"} {
		if opens(text, true) {
			t.Errorf("%q opens a form", text)
		}
	}
}

// Whatever stands in a form's fields, it is that verb's command on that cluster.
func FuzzForms(f *testing.F) {
	f.Add("filter", "agent-one", "2h", "", "kernel")
	f.Add("filter", "--cluster=other", "none", "18:00", "-c other")
	f.Add("unfilter", "-c", "--", "--all", "\"")
	f.Add("drain", "rack=--yes", "", "90m", "--mark-gone")
	f.Fuzz(func(t *testing.T, verb, target, span, until, reason string) {
		filled := &commands.Filled{Verb: verb, Cluster: "prod", Values: map[string][]string{"target": {target}, "for": {span}, "until": {until}, "reason": {reason}}}
		command, err := commands.Read(filled)
		if err != nil {
			return
		}
		if !slices.Contains([]string{"filter", "unfilter", "extend", "drain", "adopt"}, verb) || command.Verb != verb || command.Cluster != "prod" {
			t.Errorf("%+v becomes %+v", filled, command)
		}
		if command.Yes || command.DryRun || command.All || command.Drain.MarkGone || command.Reason != "" && command.Reason != strings.TrimSpace(reason) {
			t.Errorf("%+v becomes %+v", filled, command)
		}
	})
}
