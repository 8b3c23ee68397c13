package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
	"cordon/test/journal"
)

// answerWithin is how soon people are told, whatever is away: 2.5 s are promised, the rest is the simulator's.
const answerWithin = 3 * time.Second

// promptly types a command and fails the test if the answer is late.
func promptly(t *testing.T, w *harness.World, words string) harness.Answer {
	t.Helper()
	began := time.Now()
	answer := w.Say("alice", words)
	if took := time.Since(began); took > answerWithin {
		t.Errorf("%q was answered after %s: %q", words, took, answer.Text())
	}
	return answer
}

// tellsLater waits until the person is told something for their eyes alone, after the answer.
func tellsLater(t *testing.T, w *harness.World, after harness.Answer, texts ...string) {
	t.Helper()
	last := after.Replies[len(after.Replies)-1].TS
	harness.Until(t, harness.Patience, func() string {
		for _, message := range w.Messages("alice") {
			missing := false
			for _, text := range texts {
				missing = missing || !holds(message.Text, text)
			}
			if message.Ephemeral && message.TS > last && !missing {
				return ""
			}
		}
		return "alice was never told " + strings.Join(texts, ", ")
	})
}

// Redis goes away at the worst moments. People hear one of three answers, and what was open is told later.
func TestRedisIsCut(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	heal := func() {
		t.Helper()
		if err := w.Proxy.Heal(); err != nil {
			t.Fatal(err)
		}
	}
	cut := func() redisproxy.Fate { w.Proxy.Cut(); return redisproxy.Cut }

	// After it was carried out: nobody knows, then the truth is that it happened.
	w.Proxy.Set(redisproxy.Trap{Match: commits("filter", "agent-one", ""), After: cut})
	answer := promptly(t, w, "filter agent-one -m cut")
	said(t, answer, "Not confirmed", "agent-one", "typing the command again is safe")
	heal()
	tellsLater(t, w, answer, "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)

	// Before it arrived: nobody knows, then the truth is that it did not happen, and cannot any more.
	w.Proxy.Set(redisproxy.Trap{Match: commits("filter", "agent-two", ""), Before: cut})
	answer = promptly(t, w, "filter agent-two -m cut")
	said(t, answer, "Not confirmed", "agent-two")
	heal()
	tellsLater(t, w, answer, "did not happen", "Nothing was changed")
	w.Told(answer.Trigger, journal.Refused)

	// Half an answer is no answer; typing the command again is safe.
	w.Proxy.Set(redisproxy.Trap{Match: commits("filter", "agent-three", ""), After: func() redisproxy.Fate { return redisproxy.Truncate }})
	promptly(t, w, "filter agent-three -m half")
	harness.Until(t, harness.Patience, func() string {
		if text := w.Say("alice", "filter agent-three").Text(); !strings.Contains(text, "already") {
			return "typing it again says " + text
		}
		return ""
	})

	// Away altogether: no, and why; the bot lives, is not ready, and is again when Redis is back.
	w.Proxy.Refuse()
	said(t, promptly(t, w, "filter agent-four"), "Redis", "Nothing was changed")
	if status, _ := harness.Call(t, harness.Request{URL: w.Bot().URL + "/healthz"}); status != http.StatusOK {
		t.Errorf("healthz says %d", status)
	}
	if status, text := harness.Call(t, harness.Request{URL: w.Bot().URL + "/readyz"}); status != http.StatusServiceUnavailable || !strings.Contains(text, "Redis does not answer") {
		t.Errorf("readyz says %d %s", status, text)
	}
	heal()
	w.Bot().AwaitReady()

	// Silent: told in time, and nothing happens that was said to have failed.
	w.Proxy.Stall()
	promptly(t, w, "filter agent-five -m stalled")
	heal()
	w.Bot().AwaitReady()
	w.Rest(2 * harness.Patience)
}

// A Redis that crashes and starts again is the same one: nothing is lost, nothing is locked.
func TestRedisRestarts(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	w.Say("alice", "filter agent-one -m before")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	for range 3 {
		w.Redis.Stop()
		if text := promptly(t, w, "filter agent-two").Text(); !holds(text, "Nothing was changed") && !holds(text, "Not confirmed") {
			t.Errorf("while Redis was down alice was told %q", text)
		}
		w.Redis.Start()
		w.Bot().AwaitReady()
	}
	w.Bot().AwaitLead()
	harness.Until(t, harness.Patience, func() string {
		if text := w.Say("alice", "filter agent-two -m after").Text(); !strings.Contains(text, "agent-two") || strings.Contains(text, "Nothing was changed") {
			return "after the restarts: " + text
		}
		return ""
	})
	w.AwaitWithheld("agent-two", true, harness.Patience)
	if text := w.Say("alice", "status").Text(); strings.Contains(strings.ToLower(text), "locked") {
		t.Errorf("a plain restart locks: %s", text)
	}
	w.Say("alice", "unfilter agent-one")
	w.AwaitWithheld("agent-one", false, 2*harness.Patience)
	w.Rest(harness.Patience)
}

// A Redis that was put back to an older state, or is empty, is not believed: nothing is given back until somebody has
// looked and says so.
func TestARedisFromADumpIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	w.Say("alice", "filter agent-one -m kernel")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
	dump := w.Redis.Keep()
	w.Bot().AwaitReady()
	w.Bot().AwaitLead()
	said(t, w.Say("bob", "filter agent-two -m disk"), "agent-two takes no new tasks")
	w.AwaitWithheld("agent-two", true, harness.Patience)
	w.Rest(harness.Patience)

	w.Redis.Stop()
	w.Redis.Restore(dump)
	w.Redis.Start()
	w.Forget()
	w.Foreign("agent-two", true) // nobody knows any more that it was ours
	w.AwaitRoot("locked")
	w.Bot().AwaitLead()
	said(t, w.Say("carol", "status"), "locked")
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one", "locked")
	harness.Stays(t, 3*time.Second, func() string {
		for _, hostname := range []string{"agent-one", "agent-two"} {
			if !w.Agent(hostname).Withheld() {
				return hostname + " was given back on the word of an old dump"
			}
		}
		return ""
	})
	said(t, w.Say("alice", "filter agent-three -m more"), "agent-three takes no new tasks")
	w.AwaitWithheld("agent-three", true, harness.Patience) // withholding goes on
	said(t, w.Say("alice", "unlock"), "-m", "Nothing was changed")
	said(t, w.Say("alice", "unlock --dry-run"), "Would unlock", "agent-one")
	said(t, w.Say("alice", `unlock -m "restored last night's dump, checked"`), "unlocked", "agent-one")
	answerYes(t, w)
	w.AwaitWithheld("agent-one", false, 2*harness.Patience)
	if !w.Agent("agent-two").Withheld() {
		t.Error("agent-two was given back although nobody knows it as ours")
	}
	w.Rest(2 * harness.Patience)
}

// answerYes answers what the bot asks, if it asks: what came due while it doubted its memory needs a word.
func answerYes(t *testing.T, w *harness.World) {
	t.Helper()
	for _, message := range w.Messages("alice") {
		if message.Root() && strings.Contains(string(message.Blocks), "answer-yes") {
			w.Press("alice", message.TS, "answer-yes")
		}
	}
}

// An empty Redis behind a bot that remembers another one locks too.
func TestAnEmptyRedisIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	w.Say("alice", "filter agent-one -m kernel")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Rest(harness.Patience)
	w.Redis.Stop()
	w.Redis.Wipe()
	w.Redis.Start()
	w.Forget()
	w.Foreign("agent-one", true)
	w.AwaitRoot("locked")
	said(t, w.Say("alice", "unlock --dry-run"), "Would unlock")
	harness.Stays(t, 2*time.Second, func() string {
		if !w.Agent("agent-one").Withheld() {
			return "agent-one was given back on the word of an empty Redis"
		}
		return ""
	})
	said(t, w.Say("alice", "unlock -m looked"), "unlocked")
	w.Rest(2 * harness.Patience)
}
