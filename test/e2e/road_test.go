package e2e

import (
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
)

// The whole road, over both transports: the module's own walk-through, with what everybody sees on the way.
func TestTheWholeRoad(t *testing.T) {
	for _, transport := range []string{"socket", "http"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Transport: transport})
			w.Do("launch", map[string]any{"app": "walk", "instances": 2})
			harness.Until(t, harness.Patience, func() string {
				if w.Agent("agent-one").Runs("walk") == 0 {
					return "walk does not run on agent-one"
				}
				return ""
			})

			began := time.Now()
			answer := w.Say("alice", `filter agent-one --for 2h -m "kernel upgrade"`)
			if text := answer.Text(); !strings.Contains(text, "agent-one takes no new tasks") || !strings.Contains(text, "asked") {
				t.Fatalf("alice was told %q", text)
			}
			w.AwaitWithheld("agent-one", true, harness.Patience)
			if took := time.Since(began); took > time.Second {
				t.Errorf("offers stopped after %s, promised is a second", took)
			}
			w.AwaitRoot("agent-one takes no new tasks", "confirmed", "kernel upgrade")

			w.Do("launch", map[string]any{"app": "pinned", "instances": 1, "agent": "agent-one"})
			harness.Until(t, harness.Patience, func() string { return waits(w, "pinned") })
			harness.Stays(t, time.Second, func() string {
				if w.Agent("agent-one").Runs("walk") == 0 {
					return "the running task was touched"
				}
				return waits(w, "pinned")
			})

			answer = w.Say("alice", "unfilter agent-one")
			if text := answer.Text(); !strings.Contains(text, "agent-one takes tasks again") {
				t.Fatalf("alice was told %q", text)
			}
			w.AwaitWithheld("agent-one", false, harness.Patience)
			harness.Until(t, harness.Patience, func() string {
				if w.Agent("agent-one").Runs("pinned") == 0 {
					return "pinned does not start"
				}
				return ""
			})
			message := w.AwaitRoot("agent-one takes tasks again", "kernel upgrade")
			if strings.Contains(string(message.Blocks), `"button"`) {
				t.Error("the record of what is over has buttons")
			}
			w.Rest(harness.Patience)
		})
	}
}

// waits says what is missing of an app that waits for an offer.
func waits(w *harness.World, app string) string {
	for _, waiting := range w.Cluster().Waiting {
		if waiting.App == app {
			return ""
		}
	}
	return app + " does not wait"
}
