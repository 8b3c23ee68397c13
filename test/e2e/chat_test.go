package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
	"cordon/test/journal"
)

// said fails the test unless the answer holds every text, whatever its letter case, and is for the asker alone.
func said(t *testing.T, answer harness.Answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !holds(answer.Text(), text) {
			t.Errorf("%q is not in the answer %q", text, answer.Text())
		}
	}
	for _, reply := range answer.Replies {
		if !reply.Ephemeral {
			t.Errorf("others see the answer %q", reply.Text)
		}
	}
}

func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// What people type wrongly is answered with what was wrong, and changes nothing.
func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: "    max_withheld: {rack: 1}"})
	before := len(w.Journal())
	const nothing = "Nothing was changed"
	for _, c := range []struct {
		user, words string
		says        []string
	}{
		{"alice", "filter agent-nine", []string{"no agent agent-nine", "Nearest"}},
		{"alice", "filter agent-t", []string{"agent-three", "agent-two", "agent-t*"}},
		{"alice", "filter --for 2h", []string{"names no agent", "filter agent-one"}},
		{"alice", "filter *", []string{"6 agents", "at most 5"}},
		{"alice", "filter agent-one,agent-two", []string{"max_withheld", "rack r1"}},
		{"alice", "filter -l rack=r9", []string{"rack=r9"}},
		{"alice", "filter @nowhere", []string{"@nowhere"}},
		{"alice", "filter agent-one --for 0s", []string{"--for 0s", "more than zero"}},
		{"alice", "filter agent-one --for -2h", []string{"--for -2h", "more than zero"}},
		{"alice", "filter agent-one --for 9999999h", []string{"--for 9999999h"}},
		{"alice", "filter agent-one --until 2001-01-01T00:00:00Z", []string{"past"}},
		{"alice", `filter agent-one -m "oops`, []string{"quote is not closed"}},
		{"alice", "filter agent-one -m “oops", []string{"quote is not closed"}},
		{"alice", "filter agent-one -m \"a\x00b\"", []string{"cannot be seen"}},
		{"alice", "filter agent-one -m \"a\u202eb\"", []string{"U+202E"}},
		{"alice", "filter agent-one -m " + strings.Repeat("x", 10<<10), []string{"10000", "characters"}},
		{"alice", "fliter agent-one", []string{"Nearest", "filter"}},
		{"alice", "filter agent-one --fro 2h", []string{"--fro"}},
		{"alice", "filter agent-one -c nowhere", []string{"nowhere", "demo"}},
		{"alice", "unfilter agent-one", []string{"no filter stands"}},
		{"alice", "release f-00000000", []string{"f-00000000"}},
		{"alice", "adopt agent-one -m mine", []string{"nobody withholds it"}},
		{"alice", "freeze", []string{"-m"}},
		{"alice", "answer q-00000000 yes -m x", []string{"q-00000000"}},
		{"alice", "unlock -m x", []string{"not locked"}},
		{"carol", "filter agent-one", []string{"you may look", "operators"}},
		{"carol", "freeze -m mine", []string{"you may look"}},
	} {
		said(t, w.Say(c.user, c.words), append(c.says, nothing)...)
	}
	for _, event := range w.Journal()[before:] {
		if event.Kind != filters.KindRefused || event.Verb == "" || event.Reason == "" {
			t.Errorf("written was %+v", event)
		}
	}
	t.Run("who only looks may look", func(t *testing.T) {
		for words, text := range map[string]string{
			"": "/mesos help filter", "help": "/mesos status", "help filter": "--for", "status": "6 agents", "agents": "agent-six",
			"agents -l rack=r1": "agent-one", "filters": "No filter stands", "history": "first start", "whoami": "you may look", "questions": "nothing",
		} {
			answer := w.Say("carol", words)
			if !holds(answer.Text(), text) {
				t.Errorf("%q is not in the answer to %q: %q", text, words, answer.Text())
			}
		}
	})
	w.Rest(harness.Patience)
}

// What looks odd and is right is understood; what people write is inert.
func TestOddInputIsUnderstood(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "filter “agent-five” —for 2h -m “disk’s full”"), "agent-five takes no new tasks")
	w.AwaitRoot("agent-five takes no new tasks", "disk’s full")
	said(t, w.Say("alice", `filter agent-six -m "<!channel> & *bold* <http://evil.example|click>"`), "agent-six takes no new tasks")
	message := w.AwaitRoot("agent-six takes no new tasks", "confirmed")
	for _, alive := range []string{"<!channel>", "<http"} {
		if strings.Contains(message.Text, alive) {
			t.Errorf("%q is alive in the fallback %q", alive, message.Text)
		}
	}
	if strings.Contains(string(message.Blocks), `"type":"mrkdwn","text":"<!channel>`) {
		t.Errorf("what alice wrote is marked up: %s", message.Blocks)
	}
	if got := filterOf(w, "agent-six").Reason; got != "<!channel> & *bold* <http://evil.example|click>" {
		t.Errorf("the reason is kept as %q", got)
	}
	w.Rest(harness.Patience)
}

// A filter's life in one channel: two owners, extension, release by button, expiry, freeze.
func TestFiltersLiveAndEnd(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})

	said(t, w.Say("alice", "filter agent-t* --dry-run"), "Would withhold 2 of 6 agents", "nothing was changed")
	said(t, w.Say("alice", `filter agent-one --for 1h -m "kernel upgrade"`), "agent-one takes no new tasks")
	said(t, w.Say("bob", "filter agent-one -m disk"), "agent-one takes no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	said(t, w.Say("alice", "unfilter agent-one"), "also withheld by", w.Users["bob"], "Your filter is gone")
	said(t, w.Say("alice", "unfilter agent-one"), "you have no filter on", "--all")
	harness.Stays(t, time.Second, func() string {
		if !w.Agent("agent-one").Withheld() {
			return "agent-one was given back while bob's filter stands"
		}
		return ""
	})

	said(t, w.Say("alice", `filter agent-two --for 1h -m "swap disk"`), "agent-two takes no new tasks")
	message := w.AwaitRoot("agent-two takes no new tasks", "confirmed")
	until := filterOf(w, "agent-two").Until
	w.Press("bob", message.TS, "extend")
	if got := filterOf(w, "agent-two").Until; !got.After(until) {
		t.Errorf("after Extend 1h the end is %s, before it was %s", got, until)
	}
	said(t, w.Say("alice", "extend agent-two --for 5m"), "longer than that already")
	w.Press("bob", message.TS, "release")
	w.AwaitWithheld("agent-two", false, harness.Patience)
	record := w.AwaitRoot("agent-two takes tasks again", "swap disk", "released by <@"+w.Users["bob"]+">")
	if record.TS != message.TS {
		t.Error("the record is another message than the announcement")
	}

	said(t, w.Say("alice", "filter agent-three --for 2s -m short"), "agent-three takes no new tasks")
	w.AwaitWithheld("agent-three", true, harness.Patience)
	w.AwaitWithheld("agent-three", false, harness.Patience)
	w.AwaitRoot("agent-three takes tasks again", "short")

	said(t, w.Say("bob", "freeze -m sale"), "frozen")
	said(t, w.Say("alice", "filter agent-four"), "frozen", "sale", "Nothing was changed")
	said(t, w.Say("bob", "unfilter agent-one"), "agent-one")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	said(t, w.Say("bob", "thaw -m over"), "thawed")
	said(t, w.Say("alice", "filter @bench --until tomorrow 06:00 -m bench"), "2 agents take no new tasks")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	said(t, w.Say("alice", "uncordon @bench"), "2 agents take tasks again")
	history := w.Say("alice", "history agent-one")
	history.Replies = append(history.Replies, w.Say("alice", "history agent-one --page 2").Replies...)
	said(t, history, "kernel upgrade", "disk")
	w.Rest(harness.Patience)
}

func filterOf(w *harness.World, hostname string) filters.Filter {
	for _, filter := range w.Filters() {
		if filter.Hostname == hostname {
			return filter
		}
	}
	return filters.Filter{}
}

// What somebody else deactivated is shown and left alone until it is adopted.
func TestForeignDeactivationsAreAdoptedOnRequest(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	if status, text := w.Master("DEACTIVATE_AGENT", "agent-four"); status != http.StatusOK {
		t.Fatalf("the master answers %d %s", status, text)
	}
	w.Foreign("agent-four", true)
	harness.Until(t, 45*time.Second, func() string { // the next full reading shows it
		if text := w.Command("carol", "/mesos status").Text(); !strings.Contains(text, "1 withheld by somebody else") {
			return "status says " + text
		}
		return ""
	})
	said(t, w.Say("alice", "unfilter agent-four"), "by somebody else", "adopt", "Nothing was changed")
	said(t, w.Say("alice", "adopt agent-four"), "-m", "Nothing was changed")
	if !w.Agent("agent-four").Withheld() {
		t.Error("somebody else's deactivation was ended")
	}
	said(t, w.Say("alice", `adopt agent-four -m "left by the night shift"`), "agent-four becomes ours")
	w.AwaitRoot("agent-four takes no new tasks", "left by the night shift")
	w.Foreign("agent-four", false)
	w.Rest(harness.Patience)
	said(t, w.Say("alice", "unfilter agent-four"), "agent-four takes tasks again")
	w.AwaitWithheld("agent-four", false, harness.Patience)
	w.Rest(harness.Patience)
}

// One delivery has one effect, to whichever replica it comes and how often.
func TestRepeatedDeliveriesHaveOneEffect(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2})
	for round := range 3 {
		host := []string{"agent-one", "agent-two", "agent-three"}[round]
		delivery := harness.Delivery{User: "alice", Text: "filter " + host + " -m again", Trigger: fmt.Sprintf("trigger.%d", round)}
		answers := make(chan string)
		for i := range 6 {
			bot := w.Bots[i%2]
			go func() {
				_, text := bot.Deliver(w.Ready, delivery)
				answers <- text
			}()
		}
		for range 6 {
			if text := <-answers; !strings.Contains(text, host+" takes no new tasks") {
				t.Errorf("one of the deliveries was answered %q", text)
			}
		}
		w.Told(delivery.Trigger, journal.Done)
	}
	if standing := w.Filters(); len(standing) != 3 {
		t.Errorf("%d filters stand: %+v", len(standing), standing)
	}
	// A release that comes again after it was done says what it did then.
	delivery := harness.Delivery{User: "alice", Text: "unfilter agent-one", Trigger: "trigger.end"}
	for i := range 4 {
		if _, text := w.Bots[i%2].Deliver(w.Ready, delivery); !strings.Contains(text, "agent-one takes tasks again") {
			t.Errorf("delivery %d was answered %q", i, text)
		}
		w.AwaitWithheld("agent-one", false, harness.Patience)
	}
	w.Told(delivery.Trigger, journal.Done)
	w.Rest(harness.Patience)
}
