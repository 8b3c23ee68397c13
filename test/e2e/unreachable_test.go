package e2e

import (
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
)

// unlisted partitions the host's agent and waits until the bot knows that the master lists it no more.
func unlisted(t *testing.T, w *harness.World, hostname string, seconds int) {
	t.Helper()
	w.Do("partition-agent", map[string]any{"agent": hostname, "seconds": seconds})
	harness.Until(t, 90*time.Second, func() string {
		if text := w.Say("carol", "status "+hostname).Text(); !strings.Contains(text, "not in the master's list since") {
			return text
		}
		return ""
	})
}

// An unreachable agent is in no list of the master, and yet it is drained, when it is back, and marked gone, at once: also by a bot
// that was killed and started again after it left.
func TestUnreachableAgentsFromChat(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, 0, "agent-four")
	unlisted(t, w, "agent-five", 300)
	unlisted(t, w, "agent-four", 100)
	w.Bot().Kill()
	w.Bot().Restart()
	w.Bot().AwaitReady()

	said(t, w.Say("alice", "filter agent-four"), "is not listed by the master since", "/mesos drain agent-four", "Nothing was changed")
	said(t, w.Say("alice", "drain agent-four -m disk"), "Asked for approval", "is not listed by the master since", "killed when it is back")
	agree(t, w, "drain agent-four", "that the master does not list is not known", "is killed when it is back")
	w.AwaitRoot("agent-four", "the kill waits until it is back")
	said(t, w.Say("carol", "tasks agent-four"), "to be drained when it is back")

	said(t, w.Say("alice", "gone agent-five --confirm agent-five -m burnt"), "Asked for approval", "cannot be undone")
	agree(t, w, "mark agent-five gone", "that the master does not list is not known")
	w.AwaitRoot("agent-five has left the cluster for ever", "burnt")

	said(t, w.Say("alice", "gone 11111111-2222-3333-4444-555555555555-S7 --confirm 11111111-2222-3333-4444-555555555555-S7 -m x"), "Asked for approval")
	agree(t, w, "11111111-2222-3333-4444-555555555555-S7")
	w.AwaitRoot("11111111-2222-3333-4444-555555555555-S7", "is not marked gone: the master knows no such agent")

	w.AwaitRootWithin(150*time.Second, "agent-four is drained: safe to take down")
	empty(t, w, "agent-four")
	if sent(w, "agent-four") != 1 {
		t.Errorf("agent-four was drained %d times", sent(w, "agent-four"))
	}
	w.Rest(2 * harness.Patience)
}
