package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
)

var alice = filters.Actor{ID: "user:UALICE", User: "UALICE"}

func typed(text, key string) commands.Input {
	return commands.Input{Text: text, Actor: alice, Channel: "COPS", RequestKey: key, Cause: filters.CauseCommand, Return: "https://hooks.slack.com/x"}
}

// ear notes what people are told later.
type ear struct {
	mutex sync.Mutex
	heard []string
	to    []commands.Recipient
}

func (e *ear) Tell(_ context.Context, to commands.Recipient, reply commands.Reply) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.heard, e.to = append(e.heard, reply.Text()), append(e.to, to)
	return nil
}

func (e *ear) text() string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return strings.Join(e.heard, "\n---\n")
}

var lostAnswer = &filters.Error{Code: filters.Unconfirmed, Wrong: "Redis did not answer"}

func TestLostAnswerIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		happens bool
		says    []string
	}{
		"it happened": {true, []string{"Now I know", "agent-one takes no new tasks", "kernel"}},
		"it did not":  {false, []string{"It did not happen", "Nothing was changed."}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				on, ear := stage.New(stage.Options{}), &ear{}
				bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Teller: ear})
				on.Break(lostAnswer, c.happens)
				on.Mute(errors.New("Redis is away"))
				reply := bot.Handle(t.Context(), typed(`filter agent-one --for 2h -m kernel`, "k1"))
				if reply.Code != filters.Unconfirmed || !strings.HasPrefix(reply.Text(), "Not confirmed. Redis did not answer in time, so I do not know yet whether agent-one is withheld. I will say here as soon as I do") {
					t.Fatalf("first answer: %s %q", reply.Code, reply.Text())
				}
				<-time.After(time.Minute)
				if ear.text() != "" {
					t.Fatalf("told before it can be known: %q", ear.text())
				}
				on.Mute(nil)
				bot.Stop(t.Context())
				for _, want := range c.says {
					if !strings.Contains(ear.text(), want) {
						t.Errorf("told %q, which does not say %q", ear.text(), want)
					}
				}
				if len(ear.to) != 1 || ear.to[0] != (commands.Recipient{User: "UALICE", Channel: "COPS", Return: "https://hooks.slack.com/x"}) {
					t.Errorf("told %v", ear.to)
				}
			})
		})
	}
}

// Before its deadline has passed, a write that is not there may still arrive: nobody is told that it did not happen.
func TestLostAnswerWaitsForTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, ear := stage.New(stage.Options{}), &ear{}
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Teller: ear, Within: 2 * time.Second})
		on.Break(lostAnswer, false)
		bot.Handle(t.Context(), typed("filter agent-one", "k1"))
		<-time.After(2 * time.Second)
		if ear.text() != "" {
			t.Fatalf("told too early: %q", ear.text())
		}
		<-time.After(5 * time.Second)
		if !strings.Contains(ear.text(), "It did not happen") {
			t.Fatalf("told %q", ear.text())
		}
	})
}

func TestStopGivesLostAnswersUpAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, ear := stage.New(stage.Options{}), &ear{}
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Teller: ear})
		on.Break(lostAnswer, false)
		on.Mute(errors.New("Redis is away"))
		bot.Handle(t.Context(), typed("filter agent-one", "k1"))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		started := time.Now()
		bot.Stop(ctx)
		if took := time.Since(started); took > 4*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if !strings.Contains(ear.text(), "Still not confirmed") {
			t.Errorf("told %q", ear.text())
		}
		after := bot.Handle(t.Context(), typed("status", "k2"))
		if after.Code != filters.Unavailable || !strings.Contains(after.Text(), "being restarted") {
			t.Errorf("after the stop: %q", after.Text())
		}
	})
}

func TestTroubleOfTheStoreIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{})
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}})
		on.Break(&filters.Error{Code: filters.Unavailable, Wrong: "Redis does not answer", Try: "Try again in a moment"}, false)
		reply := bot.Handle(t.Context(), typed("filter agent-one", "k1"))
		if reply.Code != filters.Unavailable || reply.Text() != "Redis does not answer. Try again in a moment. Nothing was changed." {
			t.Errorf("%s %q", reply.Code, reply.Text())
		}
		if on.Break(errors.New("boom"), false); bot.Handle(t.Context(), typed("filter agent-one", "k2")).Code != filters.Unconfirmed {
			t.Error("an error nobody knows was taken for a no")
		}
	})
}

// One request key has one effect and one answer, however often it comes.
func TestRepeatedDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{})
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}})
		for _, text := range []string{"filter agent-one --for 2h -m kernel", "extend agent-one --for 3h", "freeze -m sale", "thaw -m over", "unfilter agent-one"} {
			first := bot.Handle(t.Context(), typed(text, "key "+text))
			entries := len(on.Events())
			second := bot.Handle(t.Context(), typed(text, "key "+text))
			if first.Code != "" || second.Code != "" || first.Operation != second.Operation {
				t.Errorf("%s: first %q, then %q", text, first.Text(), second.Text())
			}
			if len(on.Events()) != entries {
				t.Errorf("%s: the repetition wrote to the journal", text)
			}
		}
	})
}

func TestRoutes(t *testing.T) {
	prod, test := stage.New(stage.Options{}), stage.New(stage.Options{Name: "test"})
	bot := commands.New(commands.Config{
		Clusters: map[string]commands.Service{"prod": prod, "test": test},
		Channels: map[string]string{"CPROD": "prod", "CTEST": "test"},
	})
	for _, c := range []struct {
		text, channel, only string
		cluster, says       string
	}{
		{"status", "CPROD", "", "prod", "prod"},
		{"status", "CTEST", "", "test", "test"},
		{"status -c prod", "CTEST", "", "prod", "prod"},
		{"-c prod status", "CTEST", "", "prod", "prod"},
		{"status", "CELSE", "", "", "belongs to no cluster: `-c` and one of `prod`, `test`"},
		{"status -c stage", "CTEST", "", "", "I know no cluster `stage`: one of `prod`, `test`"},
		{"help", "CELSE", "", "prod", "I withhold Mesos agents"},
		{"status", "CTEST", "prod", "prod", "prod"},
		{"status -c test", "", "prod", "", "this speaks to prod alone"},
	} {
		input := commands.Input{Text: c.text, Channel: c.channel, Cluster: c.only, Actor: alice, RequestKey: "k"}
		reply := bot.Handle(t.Context(), input)
		if reply.Cluster != c.cluster || !strings.Contains(strings.ToLower(reply.Text()), strings.ToLower(strings.ReplaceAll(c.says, "`", ""))) {
			t.Errorf("%q in %q: cluster %q, %q", c.text, c.channel, reply.Cluster, reply.Text())
		}
	}
}

func TestObservations(t *testing.T) {
	var seen []commands.Observation
	bot := commands.New(commands.Config{
		Clusters: map[string]commands.Service{"prod": stage.New(stage.Options{})},
		Observe:  func(o commands.Observation) { seen = append(seen, o) },
	})
	bot.Handle(t.Context(), typed("cordon agent-one", "k1"))
	bot.Handle(t.Context(), typed("nonsense", "k2"))
	if len(seen) != 2 || seen[0].Verb != "filter" || seen[0].Code != "" || seen[0].RequestKey != "k1" || seen[0].Cluster != "prod" || seen[1].Code != filters.Invalid {
		t.Errorf("%+v", seen)
	}
}

// panicking is a Service that breaks.
type panicking struct{ commands.Service }

func (panicking) Filters() []filters.Filter { panic("boom") }

func TestPanicsAreAnswered(t *testing.T) {
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": panicking{stage.New(stage.Options{})}}})
	reply := bot.Handle(t.Context(), typed("filters", "k1"))
	if reply.Code != filters.Internal || !strings.Contains(reply.Text(), "wrong on my side") || strings.Contains(reply.Text(), "boom") {
		t.Errorf("%s %q", reply.Code, reply.Text())
	}
}

func TestPresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := stage.New(stage.Options{})
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}})
		press := func(action, value string) commands.Reply {
			return bot.Handle(t.Context(), commands.Input{Press: &commands.Press{Action: action, Value: value}, Actor: alice, RequestKey: action + value, Cause: filters.CauseClick})
		}
		on.Happen(filters.Event{Kind: filters.KindQuestion, Subject: "q-1", Question: &filters.Question{ID: "q-1", Subject: "q-1", Kind: filters.QuestionContested, Text: "Withhold agent-one again?", Asked: time.Now().UTC()}})
		if reply := press(commands.ActionYes, "q-1"); reply.Code != "" || !strings.Contains(reply.Text(), "Answered yes: Withhold agent-one again?") {
			t.Errorf("yes: %q", reply.Text())
		}
		if reply := press(commands.ActionNo, "q-1"); reply.Code != filters.Conflict || !strings.Contains(reply.Text(), "time is over") {
			t.Errorf("the second answer: %s %q", reply.Code, reply.Text())
		}
		for _, value := range []string{"", "two words", strings.Repeat("x", 300)} {
			if reply := press(commands.ActionRelease, value); reply.Code != filters.Invalid {
				t.Errorf("value %q: %q", value, reply.Text())
			}
		}
		if reply := press("no-such-thing", "x"); reply.Code != filters.Invalid || !strings.Contains(reply.Text(), "do not know this button") {
			t.Errorf("unknown: %q", reply.Text())
		}
	})
}

func TestComplete(t *testing.T) {
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": stage.New(stage.Options{})}})
	for text, want := range map[string][]string{
		"fi":               {"filter", "filters"},
		"filter agent-f":   {"agent-five", "agent-four"},
		"filter agent-o":   {"agent-one"},
		"filter a --dr":    {"--dry-run"},
		"filter a --":      {"--attribute", "--break-glass", "--cluster", "--confirm", "--dry-run", "--for", "--reason", "--until", "--yes"},
		"filters agent":    nil,
		"nonsense agent":   nil,
		"help fi":          {"filter", "filters"},
		"cordon agent-six": nil,
	} {
		if got := bot.Complete(text, "COPS"); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func BenchmarkHandle(b *testing.B) {
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": stage.New(stage.Options{})}})
	b.ReportAllocs()
	for b.Loop() {
		bot.Handle(b.Context(), typed(`filter agent-one --for 2h -m "kernel upgrade" --dry-run`, ""))
	}
}
