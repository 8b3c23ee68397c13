package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
	"cordon/test/journal"
)

// asked delivers a command to one replica and notes the answer.
func asked(t *testing.T, w *harness.World, bot *harness.Bot, trigger, words string) string {
	t.Helper()
	status, text := bot.Deliver(w.Ready, harness.Delivery{User: "alice", Text: words, Trigger: trigger})
	if status != http.StatusOK {
		t.Errorf("%q: %d %s", words, status, text)
	}
	w.Told(trigger, journal.Done)
	return text
}

// A leader that stops where it stands is replaced. When it wakes, with a call in its hand, it must not act any more.
func TestALeaderThatSleepsIsReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		step string // the intent after which the leader falls asleep, before it calls the master
	}{{"before withholding", "taking"}, {"before giving back", "releasing"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Replicas: 2})
			sleeper, other := w.Bots[0], w.Bots[1]
			if c.step == "releasing" {
				asked(t, w, other, "first", "filter agent-one -m asleep")
				w.AwaitWithheld("agent-one", true, harness.Patience)
			}
			caught := w.Proxy.Set(redisproxy.Trap{Match: commits(c.step, "agent-one", ""), After: func() redisproxy.Fate {
				sleeper.Freeze()
				return redisproxy.Pass
			}})
			words := map[string]string{"taking": "filter agent-one -m asleep", "releasing": "unfilter agent-one"}[c.step]
			asked(t, w, other, "second", words)
			<-caught.Sprung()
			w.Bots = []*harness.Bot{other, sleeper} // only one of them can be asked now
			other.AwaitLead()

			// What the sleeper was about to do is done, or not, by the one that leads. Then the opposite is asked.
			withheld := c.step == "taking"
			w.AwaitWithheld("agent-one", withheld, 2*harness.Patience)
			opposite := map[string]string{"taking": "unfilter agent-one", "releasing": "filter agent-one -m again"}[c.step]
			asked(t, w, other, "third", opposite)
			w.AwaitWithheld("agent-one", !withheld, 2*harness.Patience)
			w.Rest(2 * harness.Patience)

			sleeper.Thaw()
			sleeper.AwaitReady()
			harness.Stays(t, 3*time.Second, func() string {
				if w.Agent("agent-one").Withheld() == withheld {
					return "the leader that woke up did what it had in hand"
				}
				return ""
			})
			if sleeper.Leads() {
				t.Error("two replicas lead")
			}
			w.Rest(harness.Patience)
		})
	}
}

// A follower takes over from a leader that died, and serves meanwhile: it records, and the new leader acts.
func TestAFollowerTakesOver(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2})
	leader, follower := w.Bots[0], w.Bots[1]
	asked(t, w, follower, "first", "filter agent-one -m one")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	leader.Kill()
	w.Bots = []*harness.Bot{follower}
	asked(t, w, follower, "second", "filter agent-two -m two")
	if status, _ := follower.Module("GET", "", ""); !slices.Contains([]int{307, 503, 200}, status) {
		t.Errorf("without a leader /allocator/filters answers %d", status)
	}
	if took := follower.AwaitLead(); took > 20*time.Second {
		t.Errorf("taking over took %s", took)
	}
	w.AwaitWithheld("agent-two", true, harness.Patience)
	asked(t, w, follower, "third", "unfilter agent-one")
	w.AwaitWithheld("agent-one", false, 2*harness.Patience)
	w.Rest(harness.Patience)
}
