package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/journal"
)

// What happens while Slack is away, or asks for slower going, is told afterwards: no message is lost.
func TestMessagesOutliveSlack(t *testing.T) {
	for _, mode := range []string{"down", "rate-limit"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{})
			w.Do("slack", map[string]any{"mode": mode, "seconds": 5})
			hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four"}
			for _, hostname := range hostnames {
				answer := w.Bot().Command(fmt.Sprintf("filter %s -m %q", hostname, "while Slack is "+mode), "key-"+hostname)
				if answer.Status != 200 {
					t.Errorf("%s: %+v", hostname, answer)
				}
				w.Told(answer.Request, journal.Done)
				w.AwaitWithheld(hostname, true, harness.Patience)
			}
			if mode == "down" {
				harness.Until(t, harness.Patience, func() string {
					if _, text := harness.Call(t, harness.Request{URL: w.Bot().URL + "/readyz"}); !strings.Contains(text, `"slack":{"ok":false`) {
						return "readyz says " + text
					}
					return ""
				})
			}
			for _, hostname := range hostnames {
				w.AwaitRoot(hostname+" takes no new tasks", "confirmed", "while Slack is "+mode)
			}
			w.Bot().AwaitReady()
			said(t, w.Say("alice", "unfilter agent-one --all"), "agent-one takes tasks again")
			w.AwaitRoot("agent-one takes tasks again")
			w.Rest(harness.Patience)
		})
	}
}

// With no master that leads a filter is recorded, the person is told, and it takes effect when one leads again.
func TestNoMasterLeads(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	w.Do("failover", nil) // for the time of the election nobody leads
	began := time.Now()
	answer := w.Say("alice", "filter agent-one -m kernel")
	if took := time.Since(began); took > answerWithin {
		t.Errorf("the answer took %s", took)
	}
	said(t, answer, "agent-one takes no new tasks", "asked")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.AwaitRoot("agent-one takes no new tasks", "confirmed")
	w.Rest(2 * harness.Patience)
}
