package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// A window drains its agents, one after the other, does its step, and gives each back. The bot is killed in the middle of two.
func TestAWindowThatDrainsOutlivesKills(t *testing.T) {
	t.Parallel()
	schedule, duration := begun(10 * time.Minute)
	w := harness.Open(t, harness.Setup{Cluster: mayKill + fmt.Sprintf("    windows:\n      disks: {schedule: %q, duration: %s, mode: drain, drain: {max_grace_period: 5s}, "+
		"targets: [agent-four, agent-one, agent-two], run: {steps: [wait 1s]}, reason: disks}\n", schedule, duration)})
	occupy(t, w, 0, "agent-two")
	ran := w.Agent("agent-two").Tasks
	killedIn(t, w, edge{"once the intent is written", ofAgent(filters.KindDraining, ""), true}, "agent-one", func() {})
	killedIn(t, w, edge{"before it is known to be drained", ofAgent(filters.KindDrained, ""), false}, "agent-two", func() {})
	w.AwaitRootWithin(6*harness.Patience, "disks", "3 of 3 agents done")
	for _, hostname := range []string{"agent-four", "agent-one", "agent-two"} {
		w.AwaitWithheld(hostname, false, 2*harness.Patience)
		if sent(w, hostname) == 0 {
			t.Errorf("%s was never drained", hostname)
		}
	}
	for _, task := range w.Agent("agent-two").Tasks { // its app starts another when the agent is given back
		if slices.ContainsFunc(ran, func(before harness.ClusterTask) bool { return before.ID == task.ID && task.State == "TASK_RUNNING" }) {
			t.Errorf("%s was not killed", task.ID)
		}
	}
	said(t, w.Say("alice", "window skip disks"), "disks is closed now")
	once(t, w, "disks")
	w.Rest(2 * harness.Patience)
}

// A window without a run drains its agents while it is open, and gives back after DRAINED what still drains at its end.
func TestAWindowDrainsAndGivesBack(t *testing.T) {
	t.Parallel()
	schedule, duration := begun(30 * time.Second)
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, time.Minute, "agent-two")
	add(t, w, "disks", "agent-one,agent-two", schedule, duration, "--mode drain --deadline 8s --approval")
	question := w.AwaitRoot("May disks open?", "drains 2 agents", "killed")
	said(t, w.Press("alice", question.TS, "answer-yes"), "yourself", "Nothing was changed")
	said(t, w.Press("bob", question.TS, "answer-yes"), "It opens as planned")
	w.AwaitRoot("disks drains 2 agents", "1 of 2 drained")
	w.AwaitRootWithin(2*harness.Patience, "disks", "over the deadline of 8 s, and still draining: agent-two (marathon 1)")
	w.AwaitRootWithin(2*harness.Patience, "disks is closing", "still drains")
	w.AwaitWithheld("agent-one", false, 2*harness.Patience)
	if !w.Agent("agent-two").Withheld() {
		t.Error("agent-two was given back while it drains")
	}
	w.AwaitWithheld("agent-two", false, time.Minute)
	w.AwaitRootWithin(2*harness.Patience, "disks is closed")
	w.Rest(2 * harness.Patience)
}

// A window takes machines down at its start and brings them up at its end. The bot is killed around each of both.
func TestAWindowThatTakesDownOutlivesKills(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three"}
	for _, c := range []struct {
		name  string
		kind  filters.Kind
		lasts time.Duration
	}{{"down", filters.KindDown, 40 * time.Second}, {"up", filters.KindUp, 25 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Cluster: mayTakeDown})
			untouched := theirs(t, w)
			windows := make([]string, len(hostnames))
			for i, edge := range []edge{
				{"before it is recorded", ofAgent(c.kind, string(filters.StateRecorded)), false},
				{"once the intent is written", ofAgent(c.kind, "sending"), true},
				{"before the master's yes is written", ofAgent(c.kind, string(filters.StateAccepted)), false},
			} {
				name, hostname := fmt.Sprintf("power-%d", i), hostnames[i]
				windows[i] = name
				id := w.Agent(hostname).ID
				killedIn(t, w, edge, hostname, func() {
					schedule, duration := begun(c.lasts)
					add(t, w, name, hostname, schedule, duration, "--mode schedule --take-down --approval")
					said(t, w.Press("bob", w.AwaitRoot("May "+name+" open?", "takes 1 machine down").TS, "answer-yes"), "It opens as planned")
				})
				if c.name == "down" {
					away(t, w, hostname)
				}
				w.AwaitRootWithin(6*harness.Patience, hostname+" is up again, and out of the maintenance schedule", name)
				back(t, w, hostname, id)
				untouched()
			}
			for _, window := range windows {
				awaitOccurrences(t, w, filters.KindOpen, window, 2) // and its machine went down
				awaitOccurrences(t, w, filters.KindClose, window, 1)
				awaitOccurrences(t, w, filters.KindClosed, window, 1)
			}
			if left := schedule(t, w); len(left) != 1 {
				t.Errorf("the schedule is %+v", left)
			}
			w.Rest(2 * harness.Patience)
		})
	}
}
