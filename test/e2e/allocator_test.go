package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// modular opens a world whose masters have the offer-filter allocator module, and whose bot withholds by it.
func modular(t *testing.T) *harness.World {
	t.Helper()
	return harness.Open(t, harness.Setup{Module: true})
}

// mustBeFiltered fails the test unless it is the module that withholds the host, and not the master.
func mustBeFiltered(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	if agent := w.Agent(hostname); !agent.Filtered || agent.Deactivated {
		t.Errorf("%s is %+v, expected the module's filter on it", hostname, agent)
	}
}

// The road by way of the module: who filters is told that it does not take offers back, and so it is.
func TestTheModuleWithholds(t *testing.T) {
	t.Parallel()
	w := modular(t)
	said(t, w.Say("carol", "status"), "allocator", "the configuration says so")
	w.Do("hold-offers", nil)
	harness.Until(t, harness.Patience, func() string {
		if !w.Agent("agent-one").Offered {
			return "no framework holds an offer of agent-one"
		}
		return ""
	})
	said(t, w.Say("alice", `filter agent-one --for 1h -m "kernel upgrade"`), "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	mustBeFiltered(t, w, "agent-one")
	w.AwaitRoot("agent-one takes no new tasks", "confirmed", "a task may still start from an offer that a framework holds already")
	w.Do("launch", map[string]any{"app": "held", "instances": 1, "agent": "agent-one"})
	harness.Until(t, harness.Patience, func() string { return lacks(w, "held") })

	w.Do("drop-offers", nil)
	w.Do("launch", map[string]any{"app": "pinned", "instances": 1, "agent": "agent-one"})
	said(t, w.Say("bob", "filter agent-one -m disk"), "agent-one takes no new tasks")
	said(t, w.Say("alice", "unfilter agent-one"), "also withheld by", w.Users["bob"])
	harness.Stays(t, 2*time.Second, func() string {
		if !w.Agent("agent-one").Withheld() {
			return "agent-one was given back while bob's filter stands"
		}
		return waits(w, "pinned")
	})
	message := w.AwaitRoot("agent-one takes no new tasks", "disk", "confirmed")
	w.Press("alice", message.TS, "release")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	harness.Until(t, harness.Patience, func() string { return lacks(w, "pinned") })
	w.AwaitRoot("agent-one takes tasks again", "disk")
	w.Rest(harness.Patience)
}

// lacks says what is missing of an app that should run on agent-one.
func lacks(w *harness.World, app string) string {
	if w.Agent("agent-one").Runs(app) == 0 {
		return app + " does not run on agent-one"
	}
	return ""
}

// A restart of the agent drops the module's filter in silence: the next reading shows it.
func TestTheModulesFilterIsLostAtARestartAndRepaired(t *testing.T) {
	t.Parallel()
	w := modular(t)
	said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitRoot("agent-one takes no new tasks", "confirmed")
	w.Do("restart-agent", map[string]any{"agent": "agent-one"})
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent("agent-one"); !agent.Connected || agent.Withheld() {
			return fmt.Sprintf("the restart does not drop the filter: %+v", agent)
		}
		return ""
	})
	w.AwaitWithheld("agent-one", true, reading)
	mustBeFiltered(t, w, "agent-one")
	w.AwaitRoot("agent-one", "was taking tasks again")
	w.Rest(harness.Patience)
	if told := losses(w.Journal(), "agent-one"); len(told) != 1 || !strings.Contains(told[0].Reason, "registered again") {
		t.Errorf("of the loss is told %+v", told)
	}
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one takes tasks again")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	w.Rest(harness.Patience)
}

// losses are the entries that tell of a filter that the host had lost.
func losses(entries []filters.Event, hostname string) []filters.Event {
	return slices.DeleteFunc(entries, func(e filters.Event) bool { return e.Kind != filters.KindLost || e.Host != hostname })
}

// Somebody else's REACTIVATE_AGENT drops the module's filter too, and so does their DELETE: the first is repaired, after
// the second the bot asks.
func TestWhatSomebodyDoesToTheModuleIsRepairedOnce(t *testing.T) {
	t.Parallel()
	w := modular(t)
	said(t, w.Say("alice", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitRoot("agent-one takes no new tasks", "confirmed")
	for _, call := range []string{"DEACTIVATE_AGENT", "REACTIVATE_AGENT"} {
		if status, text := w.Master(call, "agent-one"); status != http.StatusOK && status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", call, status, text)
		}
	}
	if w.Agent("agent-one").Withheld() {
		t.Error("REACTIVATE_AGENT keeps the module's filter, and this test shows nothing")
	}
	w.AwaitWithheld("agent-one", true, reading)
	mustBeFiltered(t, w, "agent-one")
	w.AwaitRoot("agent-one", "was taking tasks again")
	w.Rest(harness.Patience)

	query := url.Values{"agentId": {w.Agent("agent-one").ID}}.Encode()
	if status, text := harness.Call(t, harness.Request{Method: http.MethodDelete, URL: w.Cluster().Leader + "/allocator/filters?" + query}); status != http.StatusOK {
		t.Fatalf("DELETE: %d %s", status, text)
	}
	w.Bot().Terminate(t) // the next leader reads at once, and knows of the loss before
	w.Bot().Restart()
	question := w.AwaitRootWithin(reading, "agent-one", "?")
	if w.Agent("agent-one").Withheld() {
		t.Error("the bot fights with somebody over agent-one")
	}
	w.Press("bob", question.TS, "answer-yes")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
}

// While Redis is away nothing changes at the module; what was acknowledged before is kept, and goes on afterwards. The next
// master has the filter from the one before.
func TestTheModulesFilterOutlivesRedisAndTheMaster(t *testing.T) {
	t.Parallel()
	w := modular(t)
	said(t, w.Say("alice", "filter agent-one -m kept"), "agent-one takes no new tasks")
	w.Redis.Stop() // perhaps before the module was asked
	answer := w.Say("bob", "filter agent-two -m lost")
	if !holds(answer.Text(), "Redis") {
		t.Errorf("without Redis bob is told %q", answer.Text())
	}
	w.Redis.Start()
	w.Bot().AwaitReady()
	w.AwaitWithheld("agent-one", true, harness.Patience)
	mustBeFiltered(t, w, "agent-one")
	w.Rest(harness.Patience)

	before := w.Cluster().Leader
	w.Do("failover", nil)
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent("agent-one"); w.Cluster().Leader == before || !agent.Connected || !agent.Filtered {
			return fmt.Sprintf("after the failover agent-one is %+v", agent)
		}
		return ""
	})
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one")
	w.AwaitWithheld("agent-one", false, reading)
	w.AwaitRoot("another master leads", "settled")
	w.Rest(harness.Patience)
	mustSettleFirst(t, w.Journal())
}
