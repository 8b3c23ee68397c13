package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// begun is a schedule and a duration of which an occurrence is open now and ends after so long, to the second: nobody has to
// wait for a minute to be full.
func begun(left time.Duration) (schedule string, duration time.Duration) {
	now := time.Now().UTC()
	start := now.Truncate(time.Minute)
	return daily(start), (now.Sub(start) + left).Truncate(time.Second)
}

// coming is a schedule of which an occurrence opens at the next full minute that is at least so far away, and that minute.
func coming(least time.Duration) (schedule string, start time.Time) {
	start = time.Now().UTC().Add(least + time.Minute).Truncate(time.Minute)
	return daily(start), start
}

func daily(at time.Time) string { return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()) }

// add makes a window in the chat; one that kills needs the yes of others.
func add(t *testing.T, w *harness.World, name, hostname, schedule string, duration time.Duration, more ...string) {
	t.Helper()
	answer := w.Say("alice", adding(name, hostname, schedule, duration, more...))
	said(t, answer, name)
	switch text := answer.Text(); {
	case holds(text, "Asked for approval"):
		agree(t, w, "the window "+name)
	case holds(text, "Nothing was changed"):
		t.Fatalf("alice was told %q", text)
	}
}

func adding(name, hostname, schedule string, duration time.Duration, more ...string) string {
	return fmt.Sprintf("window add %s %s --timezone UTC --schedule %q --duration %s -m %q %s", name, hostname, schedule, duration, name, strings.Join(more, " "))
}

// occurrences counts the journal's entries of a kind about a window's occurrences.
func occurrences(w *harness.World, kind filters.Kind, window string) int {
	count := 0
	for _, event := range w.Journal() {
		if event.Kind == kind && (strings.HasPrefix(event.Subject, "window:"+window+"/") || strings.HasPrefix(event.Subject, "announce:"+window+"/")) {
			count++
		}
	}
	return count
}

// awaitOccurrences waits until the journal holds so many, and fails if it holds more.
func awaitOccurrences(t *testing.T, w *harness.World, kind filters.Kind, window string, want int) {
	t.Helper()
	harness.Until(t, 2*harness.Patience, func() string {
		if got := occurrences(w, kind, window); got != want {
			return fmt.Sprintf("%s has %d entries %s, expected %d", window, got, kind, want)
		}
		return ""
	})
}

// once fails unless each window opened and closed once.
func once(t *testing.T, w *harness.World, windows ...string) {
	t.Helper()
	for _, window := range windows {
		for _, kind := range []filters.Kind{filters.KindOpen, filters.KindClose, filters.KindClosed} {
			awaitOccurrences(t, w, kind, window, 1)
		}
	}
}

// A morning of windows in one channel: they open on time and close on time, of the configuration and of the chat, and what
// people say meanwhile counts.
func TestWindowsOpenAndClose(t *testing.T) {
	t.Parallel()
	schedule, start := coming(30 * time.Second)
	const length = 25 * time.Second // for what is looked at while they are open, also on a slow machine
	window := func(name, hostname string, duration time.Duration) string {
		return fmt.Sprintf("      %s: {schedule: %q, duration: %s, targets: [%s], announce: [1m], reason: %s}\n", name, schedule, duration, hostname, name)
	}
	w := harness.Open(t, harness.Setup{Cluster: "    windows:\n" + window("weekly", "agent-one", length) + window("skipped", "agent-two", length) +
		window("shared", "agent-three", length) + window("freed", "agent-four", length) + window("ended", "agent-six", time.Hour)})
	add(t, w, "chatted", "agent-five", schedule, length, "--announce", "1m")
	said(t, w.Say("carol", "window next"), "weekly", "chatted", "1 agent")
	said(t, w.Say("carol", "window skip weekly"), "you may look", "Nothing was changed")
	said(t, w.Say("alice", "window add weekly agent-two --schedule @daily --duration 1h"), "configuration", "Nothing was changed")
	said(t, w.Say("bob", "filter agent-three -m disk"), "agent-three takes no new tasks")

	announced := w.AwaitRootWithin(max(time.Until(start)-time.Minute, 0)+harness.Patience, "skipped", "opens")
	w.Press("bob", announced.TS, "window-skip")
	w.AwaitRoot("skipped does not open")

	for _, hostname := range []string{"agent-one", "agent-four", "agent-five", "agent-six"} {
		w.AwaitWithheld(hostname, true, time.Until(start)+harness.Patience)
	}
	w.AwaitRoot("weekly withholds 1 agent", "confirmed")
	said(t, w.Say("alice", "unfilter agent-four --all"), "agent-four")
	w.AwaitWithheld("agent-four", false, harness.Patience)
	harness.Stays(t, 3*time.Second, func() string {
		switch {
		case w.Agent("agent-four").Withheld():
			return "agent-four was released by hand, and is withheld again in the same occurrence"
		case w.Agent("agent-two").Withheld():
			return "agent-two is withheld although its window was skipped"
		}
		return ""
	})
	opened := w.AwaitRoot("ended withholds 1 agent", "confirmed")
	w.Press("alice", opened.TS, "window-skip")
	w.AwaitWithheld("agent-six", false, harness.Patience)

	for _, hostname := range []string{"agent-one", "agent-five"} {
		w.AwaitWithheld(hostname, false, length+harness.Patience)
	}
	for _, name := range []string{"weekly", "chatted", "shared", "freed", "ended"} {
		w.AwaitRoot(name + " is closed")
	}
	once(t, w, "weekly", "chatted", "shared", "freed", "ended")
	awaitOccurrences(t, w, filters.KindOpen, "skipped", 0)
	awaitOccurrences(t, w, filters.KindPassed, "skipped", 1)
	if !w.Agent("agent-three").Withheld() {
		t.Error("a window that closed gave agent-three back although bob's filter stands")
	}
	said(t, w.Say("bob", "unfilter agent-three"), "agent-three takes tasks again")
	w.AwaitWithheld("agent-three", false, harness.Patience)
	said(t, w.Say("alice", "window rm chatted -m over"), "chatted")
	w.Rest(2 * harness.Patience)
}

// mentions matches a commit whose journal entries are of the kind and in which the text stands somewhere.
func mentions(kind filters.Kind, text string) func([]string) bool {
	commit := commits(string(kind), "", "")
	return func(words []string) bool {
		for _, word := range words {
			if strings.Contains(word, text) {
				return commit(words)
			}
		}
		return false
	}
}

// edge is a moment of an occurrence at which the bot is killed.
type edge struct {
	name   string
	commit func(window, hostname string) func([]string) bool
	after  bool
}

func ofWindow(kind filters.Kind) func(window, hostname string) func([]string) bool {
	return func(window, _ string) func([]string) bool { return mentions(kind, "window:"+window+"/") }
}

func ofAgent(kind filters.Kind, outcome string) func(window, hostname string) func([]string) bool {
	return func(_, hostname string) func([]string) bool { return commits(string(kind), hostname, outcome) }
}

func (e edge) trap(kill func() redisproxy.Fate, window, hostname string) redisproxy.Trap {
	if e.after {
		return redisproxy.Trap{Match: e.commit(window, hostname), After: kill}
	}
	return redisproxy.Trap{Match: e.commit(window, hostname), Before: kill}
}

// The bot is killed while windows open, and while they close, a window for each moment. Each opens once, withholds its agent,
// closes once and gives it back.
func TestWindowsOutliveKills(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five"}
	for _, c := range []struct {
		name  string
		open  time.Duration
		edges []edge
	}{
		{"opening", 25 * time.Second, []edge{
			{"before it opens", ofWindow(filters.KindOpen), false},
			{"once it is open", ofWindow(filters.KindOpen), true},
			{"once the intent is written", ofAgent(filters.KindTaking, ""), true},
			{"before the master's yes is written", ofAgent(filters.KindTook, string(filters.StateAccepted)), false},
			{"once it is confirmed", ofAgent(filters.KindTook, string(filters.StateVerified)), true},
		}},
		{"closing", 5 * time.Second, []edge{
			{"before it closes", ofWindow(filters.KindClose), false},
			{"once it closes", ofWindow(filters.KindClose), true},
			{"once the intent is written", ofAgent(filters.KindReleasing, ""), true},
			{"before the master's yes is written", ofAgent(filters.KindGave, string(filters.StateAccepted)), false},
			{"before it is closed", ofWindow(filters.KindClosed), false},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{})
			bot, windows := w.Bot(), make([]string, len(c.edges))
			kill := func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }
			for i, edge := range c.edges {
				windows[i] = fmt.Sprintf("w-%d", i)
				caught := w.Proxy.Set(edge.trap(kill, windows[i], hostnames[i]))
				schedule, duration := begun(c.open)
				w.Say("alice", adding(windows[i], hostnames[i], schedule, duration)) // whether the bot lives to answer or not
				select {
				case <-caught.Sprung():
				case <-time.After(2 * harness.Patience):
					t.Fatalf("%s: the bot never came %s", windows[i], edge.name)
				}
				bot.Restart()
				bot.AwaitReady()
				if c.name == "opening" {
					w.AwaitWithheld(hostnames[i], true, harness.Patience)
				}
			}
			for _, hostname := range hostnames {
				w.AwaitWithheld(hostname, false, 2*harness.Patience)
			}
			once(t, w, windows...)
			w.Rest(2 * harness.Patience)
		})
	}
}

// Nobody is there while a window should open, and another should close: the bot is down, Redis is away, or another replica
// has to take the lead. What is still to be open opens then, once; what is over is given back; what was missed as a whole is
// accounted for.
func TestWindowsAcrossAnEdge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		replicas int
		lasts    time.Duration // after the edge
		leave    func(*testing.T, *harness.World)
		comeBack func(*testing.T, *harness.World)
	}{
		{"the bot is killed", 1, 25 * time.Second,
			func(_ *testing.T, w *harness.World) { w.Bot().Kill() },
			func(_ *testing.T, w *harness.World) { w.Bot().Restart() }},
		{"Redis is away", 1, 25 * time.Second,
			func(_ *testing.T, w *harness.World) { w.Proxy.Refuse() },
			func(t *testing.T, w *harness.World) {
				if err := w.Proxy.Heal(); err != nil {
					t.Fatal(err)
				}
			}},
		{"another replica takes the lead", 2, 45 * time.Second,
			func(_ *testing.T, w *harness.World) { w.Bot().Kill(); w.Bots = w.Bots[1:] },
			func(_ *testing.T, w *harness.World) { w.Bot().AwaitLead() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Replicas: c.replicas})
			schedule, start := coming(25 * time.Second)
			add(t, w, "opens", "agent-one", schedule, c.lasts)
			add(t, w, "missed", "agent-two", schedule, 2*time.Second)
			for name, window := range map[string]struct {
				hostname string
				end      time.Time
			}{"closes": {"agent-three", start}, "stays": {"agent-four", start.Add(c.lasts - 3*time.Second)}} {
				before, duration := begun(time.Until(window.end))
				add(t, w, name, window.hostname, before, duration)
				w.AwaitWithheld(window.hostname, true, harness.Patience)
			}
			w.AwaitRoot("closes withholds 1 agent", "confirmed")
			harness.Until(t, time.Until(start), func() string {
				if time.Until(start) > 2*time.Second {
					return "the edge is not near"
				}
				return ""
			})
			c.leave(t, w)
			harness.Until(t, harness.Patience, func() string {
				if time.Since(start) < 3*time.Second {
					return "the edge is not over"
				}
				return ""
			})
			c.comeBack(t, w)
			w.Bot().AwaitReady()
			w.AwaitWithheld("agent-one", true, harness.Patience)
			w.AwaitWithheld("agent-three", false, harness.Patience)
			for _, hostname := range []string{"agent-four", "agent-one"} {
				w.AwaitWithheld(hostname, false, 2*harness.Patience)
			}
			once(t, w, "opens", "closes", "stays")
			awaitOccurrences(t, w, filters.KindOpen, "missed", 0)
			awaitOccurrences(t, w, filters.KindPassed, "missed", 1)
			w.Rest(2 * harness.Patience)
		})
	}
}
