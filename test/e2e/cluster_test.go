package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// reading is how long it may take until a full reading shows something that no event tells.
const reading = 2*harness.Patience + 15*time.Second

// A filter outlives a restart of its agent, and is seen to.
func TestAFilterOutlivesAnAgentRestart(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitRoot("agent-one takes no new tasks", "confirmed")
	w.Do("restart-agent", map[string]any{"agent": "agent-one"})
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent("agent-one"); agent.Connected {
			return "agent-one does not restart"
		}
		return ""
	})
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent("agent-one"); !agent.Connected || !agent.Withheld() {
			return fmt.Sprintf("agent-one is %+v", agent)
		}
		return ""
	})
	w.AwaitThread(reading, "deactivation kept")
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one takes tasks again")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	w.Rest(harness.Patience)
}

// While a cluster comes back from a failover nothing is given back; withholding goes on.
func TestAFailoverIsSatOut(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "filter agent-one -m kernel"), "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	before := w.Cluster().Leader
	w.Do("failover", nil)
	w.Say("alice", "unfilter agent-one")
	w.Say("alice", "filter agent-two -m more")
	harness.Until(t, harness.Patience, func() string {
		if leader := w.Cluster().Leader; leader == "" || leader == before {
			return "no other master leads: " + leader
		}
		return ""
	})
	w.AwaitWithheld("agent-two", true, 2*harness.Patience)
	w.AwaitWithheld("agent-one", false, 2*harness.Patience)
	w.AwaitRoot("another master leads", "settled")
	w.Rest(2 * harness.Patience)
	mustSettleFirst(t, w.Journal())
	if status := w.Say("carol", "status").Text(); !strings.Contains(status, strings.TrimPrefix(w.Cluster().Leader, "http://")) {
		t.Errorf("status does not name the new leader: %s", status)
	}
}

// mustSettleFirst fails the test if something was given back while the cluster was not settled. The entry that it is
// settled may come a moment later: the same pass of the loop writes both.
func mustSettleFirst(t *testing.T, entries []filters.Event) {
	t.Helper()
	for i, entry := range entries {
		if entry.Kind != filters.KindReleasing {
			continue
		}
		unsettled := slices.ContainsFunc(entries[:i], func(e filters.Event) bool { return e.Kind == filters.KindFailover }) &&
			!slices.ContainsFunc(entries, func(e filters.Event) bool {
				return e.Kind == filters.KindSettled && e.At.Before(entry.At.Add(time.Second))
			})
		if unsettled {
			t.Errorf("%s was given back before the cluster had settled", entry.Host)
		}
	}
}

// A host that comes back without its memory has a new agent ID; its filter follows it.
func TestAFilterFollowsAHostThatLostItsDisk(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
	before := w.Agent("agent-one").ID
	w.Do("lose-work-dir", map[string]any{"agent": "agent-one"})
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent("agent-one"); agent.ID == "" || agent.ID == before {
			return fmt.Sprintf("agent-one is %+v", agent)
		}
		return ""
	})
	w.AwaitWithheld("agent-one", true, harness.Patience) // no reading has to be waited for
	if got := filterOf(w, "agent-one"); string(got.Agent) != w.Agent("agent-one").ID || got.Reason != "disk" {
		t.Errorf("the filter is %+v", got)
	}
	w.Rest(harness.Patience)
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one takes tasks again")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	w.Rest(harness.Patience)
}

// Somebody gives back what we withhold: it is withheld again and told; the second time the bot asks.
func TestWhatSomebodyGivesBackIsRepairedOnce(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
	giveBack := func() {
		t.Helper()
		if status, text := w.Master("REACTIVATE_AGENT", "agent-one"); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	giveBack()
	w.AwaitWithheld("agent-one", true, reading)
	w.AwaitRoot("agent-one", "was taking tasks again")
	w.Rest(harness.Patience)
	giveBack()
	question := w.AwaitRootWithin(reading, "agent-one", "?")
	if w.Agent("agent-one").Withheld() {
		t.Error("the bot fights with somebody over agent-one")
	}
	w.Press("bob", question.TS, "answer-yes")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
}
