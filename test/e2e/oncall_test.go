package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	simoncall "cordon/internal/sim/oncall"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// pager starts a simulated PagerDuty and returns what the configuration says of it.
func pager(t *testing.T) (site *simoncall.PagerDuty, cluster, top, token string) {
	t.Helper()
	token = "pd-0123456789abcdef-secret"
	site = simoncall.NewPagerDuty(token)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "pagerduty")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return site, "    on_call: {levels: [{pagerduty_schedule: PSCHED}]}\n", fmt.Sprintf("pagerduty: {url: %q, token_file: %s}", server.URL, file), token
}

// onDuty is somebody's shift in PagerDuty.
func onDuty(name string, end time.Time) simoncall.Shift {
	return simoncall.Shift{ID: "P" + strings.ToUpper(name), Name: name, Email: name + "@example.com", Schedule: "PSCHED", Policy: "PPOL", Start: time.Now().Add(-time.Hour), End: end}
}

// tellings counts the digests that a person got in direct messages.
func tellings(w *harness.World, user string) int {
	count := 0
	for _, message := range w.Messages(user) {
		if strings.HasPrefix(message.Channel, "D") && strings.Contains(message.Text, "You are on call for demo") {
			count++
		}
	}
	return count
}

func awaitTold(t *testing.T, w *harness.World, user string, want int) {
	t.Helper()
	harness.Until(t, 3*harness.Patience, func() string {
		if got := tellings(w, user); got != want {
			return fmt.Sprintf("%s was told %d times, expected %d", user, got, want)
		}
		return ""
	})
}

// awaitKnown waits until the bot knows who is on call at first.
func awaitKnown(t *testing.T, w *harness.World) {
	t.Helper()
	harness.Until(t, 3*harness.Patience, func() string {
		if !slices.ContainsFunc(w.Journal(), func(e filters.Event) bool { return e.Kind == filters.KindShift }) {
			return "it is not known yet who is on call"
		}
		return ""
	})
}

// A shift changes in PagerDuty, and whoever comes on call is told once what stands, by nobody else's eyes; so when the bot is
// killed before and after that is written down, and while it is being posted.
func TestAShiftChanges(t *testing.T) {
	t.Parallel()
	for name, trap := range map[string]func(kill func() redisproxy.Fate) redisproxy.Trap{
		"nobody is killed": nil,
		"before it is written down": func(kill func() redisproxy.Fate) redisproxy.Trap {
			return redisproxy.Trap{Match: mentions(filters.KindShift, "began"), Before: kill}
		},
		"once it is written down": func(kill func() redisproxy.Fate) redisproxy.Trap {
			return redisproxy.Trap{Match: mentions(filters.KindShift, "began"), After: kill}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, cluster, top, token := pager(t)
			site.Set(onDuty("alice", time.Time{}))
			w := harness.Open(t, harness.Setup{Cluster: cluster, Top: top})
			bot := w.Bot()
			awaitKnown(t, w)
			said(t, w.Say("carol", "oncall"), "U0ALICE", "is on call", "PagerDuty schedule PSCHED")
			said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
			var caught *redisproxy.Caught
			if trap != nil {
				caught = w.Proxy.Set(trap(func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }))
			}
			site.Set(onDuty("bob", time.Now().Add(time.Hour)))
			if trap != nil {
				select {
				case <-caught.Sprung():
				case <-time.After(3 * harness.Patience):
					t.Fatal("nobody came on call")
				}
				bot.Restart()
				bot.AwaitReady()
			}
			awaitTold(t, w, "bob", 1)
			harness.Stays(t, 5*time.Second, func() string {
				if bob, alice := tellings(w, "bob"), tellings(w, "alice"); bob != 1 || alice != 0 {
					return fmt.Sprintf("bob was told %d times and alice %d", bob, alice)
				}
				return ""
			})
			i := slices.IndexFunc(w.Messages("bob"), func(m harness.Message) bool { return strings.Contains(m.Text, "You are on call") })
			if text := w.Messages("bob")[i].Text; !strings.Contains(text, "agent-one") || !strings.Contains(text, "without an end") {
				t.Errorf("bob was told %q", text)
			}
			began := 0
			for _, event := range w.Journal() {
				if event.Kind == filters.KindShift && event.Outcome == "began" {
					began++
				}
			}
			if began != 1 {
				t.Errorf("%d shifts began", began)
			}
			if strings.Contains(bot.Output(), token) {
				t.Error("the log holds PagerDuty's token")
			}
			w.Rest(2 * harness.Patience)
		})
	}
}
