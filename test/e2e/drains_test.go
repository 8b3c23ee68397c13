package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// mayKill lets people ask for what kills tasks.
const mayKill = "    allow: [drain, gone]\n"

// occupy runs a task on each host; grace is how long it goes on after it was told to end.
func occupy(t *testing.T, w *harness.World, grace time.Duration, hostnames ...string) {
	t.Helper()
	for _, hostname := range hostnames {
		launch := map[string]any{"app": "on-" + hostname, "instances": 1, "agent": hostname}
		if grace > 0 {
			launch["seconds"] = int(grace.Seconds())
		}
		w.Do("launch", launch)
		harness.Until(t, harness.Patience, func() string {
			if w.Agent(hostname).Runs("on-"+hostname) == 0 {
				return "nothing runs on " + hostname
			}
			return ""
		})
	}
}

// agree has bob say yes to what alice asked for about the host, by its button, and dana after him where two have to.
func agree(t *testing.T, w *harness.World, texts ...string) {
	t.Helper()
	ts := w.AwaitRoot(append(texts, "asks to")...).TS
	answer := w.Press("bob", ts, "approve")
	if strings.Contains(answer.Text(), "1 more yes is needed") {
		answer = w.Press("dana", ts, "approve")
	}
	said(t, answer, "it begins now")
}

// sayYes presses Approve as bob and as dana, whether the bot lives to answer or not.
func sayYes(w *harness.World, ts string) {
	w.Press("bob", ts, "approve")
	w.Press("dana", ts, "approve")
}

// outcome matches the write of what became of the approval about the host.
func outcome(of string) func(window, hostname string) func([]string) bool {
	return ofAgent(filters.KindApproval, of)
}

// empty fails if anything runs on the host.
func empty(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	for _, task := range w.Agent(hostname).Tasks {
		if task.State == "TASK_RUNNING" || task.State == "TASK_KILLING" {
			t.Errorf("%s is said to be safe to take down, and %s is %s there", hostname, task.ID, task.State)
		}
	}
}

// sent counts the intents to kill what runs on the host.
func sent(w *harness.World, hostname string) int {
	count := 0
	for _, event := range w.Journal() {
		if event.Kind == filters.KindDraining && event.Host == hostname {
			count++
		}
	}
	return count
}

// The documentation's automatic draining, from chat: asked, agreed to by somebody else, drained, safe to take down, given back.
func TestDrainsFromChat(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, 0, "agent-one")

	dry := w.Say("alice", "drain agent-one -m disk --dry-run")
	said(t, dry, "Would drain 1 of 6 agents", "kills", "marathon", "cannot be cancelled")
	said(t, w.Say("carol", "drain agent-one"), "you may look", "Nothing was changed")
	said(t, w.Say("alice", "drain agent-one --max-grace-period 10m -m disk"), "Asked for approval", "drain agent-one")
	asked := w.AwaitRoot("asks to drain agent-one", "kills", "marathon", "cannot be cancelled", "command tasks keep their own grace")
	said(t, w.Press("alice", asked.TS, "approve"), "yourself", "Nothing was changed")
	said(t, w.Press("carol", asked.TS, "approve"), "not an approver", "Nothing was changed")
	if agent := w.Agent("agent-one"); agent.Withheld() || agent.Runs("on-agent-one") == 0 {
		t.Fatalf("agent-one was touched before anybody else agreed: %+v", agent)
	}
	agree(t, w, "agent-one")
	w.AwaitRootWithin(2*harness.Patience, "agent-one is drained: safe to take down", "disk")
	empty(t, w, "agent-one")
	said(t, w.Say("carol", "status"), "1 drained")
	said(t, w.Say("carol", "tasks agent-one"), "no tasks run there", "safe to take down")
	said(t, w.Say("alice", "drain agent-one"), "drained already", "Nothing was changed")
	said(t, w.Say("alice", "unfilter agent-one"), "agent-one takes tasks again")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	w.AwaitRoot("agent-one takes tasks again", "disk")
	if sent := sent(w, "agent-one"); sent != 1 {
		t.Errorf("it was drained %d times", sent)
	}

	said(t, w.Say("alice", "drain agent-two"), "Asked for approval")
	said(t, w.Say("bob", "deny "+approvalOf(t, w, "agent-two").ID+" -m \"not now\""), "Denied", "agent-two")
	w.AwaitRoot("Denied", "agent-two", "not now")
	said(t, w.Say("alice", "drain agent-two -m disk"), "Asked for approval")
	said(t, w.Say("alice", "withdraw "+approvalOf(t, w, "agent-two").ID), "Withdrawn", "agent-two")
	w.AwaitRoot("Withdrawn", "agent-two")
	if sent(w, "agent-two") > 0 {
		t.Error("agent-two was drained although nobody agreed")
	}
	w.Rest(2 * harness.Patience)
}

// A drain that takes longer than its deadline: who holds it up is told, nothing is forced, and releasing it waits for its end.
func TestADrainOverItsDeadline(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, 30*time.Second, "agent-two")
	said(t, w.Say("alice", "drain agent-two --deadline 5s -m disk"), "Asked for approval")
	agree(t, w, "agent-two", "after 5 s the channel is told")
	w.AwaitRootWithin(2*harness.Patience, "agent-two", "over its deadline of 5 s", "marathon 1", "Nothing is forced")
	if agent := w.Agent("agent-two"); agent.Runs("on-agent-two")+len(agent.Tasks) == 0 {
		t.Error("the task was forced to end")
	}
	said(t, w.Say("alice", "run abort"), "cannot be cancelled")
	said(t, w.Say("alice", "unfilter agent-two --dry-run"), "Would release 1 filter", "after DRAINED")
	said(t, w.Say("alice", "unfilter agent-two"), "agent-two is released", "after DRAINED")
	harness.Stays(t, 3*time.Second, func() string {
		if !w.Agent("agent-two").Withheld() {
			return "agent-two was given back while it drains"
		}
		return ""
	})
	w.AwaitWithheld("agent-two", false, time.Minute)
	empty(t, w, "agent-two")
	w.Rest(2 * harness.Patience)
}

// What leaves the cluster for ever has its hostname typed again, and is nowhere afterwards.
func TestGoneForEver(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, 0, "agent-five", "agent-six")
	said(t, w.Say("alice", "gone agent-six -m burnt"), "--confirm agent-six", "Nothing was changed")
	said(t, w.Say("alice", "gone agent-six --confirm agent-five -m burnt"), "none of the agents", "Nothing was changed")
	said(t, w.Say("alice", "gone agent-six --confirm agent-six -m burnt"), "Asked for approval", "mark agent-six gone for ever", "cannot be undone")
	asked := w.AwaitRoot("asks to mark agent-six gone for ever", "cannot be undone", "is lost", "needs the yes of 2 approvers")
	said(t, w.Press("bob", asked.TS, "approve"), "1 more yes is needed")
	said(t, w.Press("bob", asked.TS, "approve"), "counted already", "Nothing was changed")
	if agent := w.Agent("agent-six"); agent.State == "gone" || agent.Withheld() {
		t.Errorf("one yes was enough for %+v", agent)
	}
	said(t, w.Press("dana", asked.TS, "approve"), "it begins now")
	w.AwaitRootWithin(2*harness.Patience, "agent-six has left the cluster for ever", "burnt")
	if agent := w.Agent("agent-six"); agent.State != "gone" {
		t.Errorf("agent-six is still there: %+v", agent)
	}
	said(t, w.Say("alice", "drain agent-five --mark-gone --confirm agent-five -m sold"), "Asked for approval", "cannot be undone")
	agree(t, w, "agent-five")
	w.AwaitRootWithin(2*harness.Patience, "agent-five has left the cluster for ever", "sold")
	said(t, w.Say("carol", "history agent-six"), "has left the cluster for ever")
	w.Rest(2 * harness.Patience)
}

// What keeps a drain from beginning is found before anybody is asked.
func TestWhatCannotBeDrained(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "drain agent-one"), "is off", "allow: [drain]", "Nothing was changed")
	said(t, w.Say("alice", "gone agent-one --confirm agent-one"), "is off", "allow: [gone]", "Nothing was changed")

	w = harness.Open(t, harness.Setup{Cluster: mayKill})
	occupy(t, w, time.Minute, "agent-three")
	w.Master("DRAIN_AGENT", "agent-three")
	w.Foreign("agent-three", true)
	harness.Until(t, time.Minute, func() string {
		if answer := w.Say("carol", "agents agent-three").Text(); !strings.Contains(answer, "being drained by somebody else") {
			return "carol was told " + answer
		}
		return ""
	})
	said(t, w.Say("alice", "drain agent-three"), "drained by somebody else", "Nothing was changed")
	said(t, w.Say("alice", "freeze -m sale"), "frozen")
	said(t, w.Say("alice", "drain agent-one"), "frozen", "Nothing was changed")
	said(t, w.Say("alice", "thaw -m over"), "thawed")
	w.Rest(2 * harness.Patience)

	w = harness.Open(t, harness.Setup{Module: true, Cluster: mayKill})
	said(t, w.Say("alice", "drain agent-one"), "allocator module", "Nothing was changed")
}

// The bot is killed around every step of a drain. What was agreed to is done once, or told of; and nothing is killed that
// nobody agreed to.
func TestDrainsOutliveKills(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five", "agent-six"}
	for _, c := range []struct {
		name  string
		edges []edge
	}{
		{"until it is sent", []edge{
			{"before the yes is written", outcome(string(filters.ApprovalGranted)), false},
			{"once the yes is written", outcome(string(filters.ApprovalGranted)), true},
			{"before it is noted as begun", outcome(string(filters.ApprovalStarted)), false},
			{"once it is noted as begun", outcome(string(filters.ApprovalStarted)), true},
			{"before the intent is written", ofAgent(filters.KindDraining, ""), false},
			{"once the intent is written", ofAgent(filters.KindDraining, ""), true},
		}},
		{"once it is sent", []edge{
			{"before the master's yes is written", ofAgent(filters.KindTook, string(filters.StateAccepted)), false},
			{"once the master's yes is written", ofAgent(filters.KindTook, string(filters.StateAccepted)), true},
			{"before it is known to be drained", ofAgent(filters.KindDrained, ""), false},
			{"once it is known to be drained", ofAgent(filters.KindDrained, ""), true},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Cluster: mayKill})
			occupy(t, w, 5*time.Second, hostnames...)
			bot := w.Bot()
			kill := func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }
			for i, edge := range c.edges {
				hostname := hostnames[i]
				said(t, w.Say("alice", fmt.Sprintf("drain %s -m %q", hostname, edge.name)), "Asked for approval")
				asked := w.AwaitRoot("asks to drain "+hostname, edge.name)
				caught := w.Proxy.Set(edge.trap(kill, "", hostname))
				sayYes(w, asked.TS)
				select {
				case <-caught.Sprung():
				case <-time.After(4 * harness.Patience):
					t.Fatalf("%s: the bot never came %s", hostname, edge.name)
				}
				bot.Restart()
				bot.AwaitReady()
				if i == 0 && c.name == "until it is sent" {
					sayYes(w, asked.TS) // as somebody would who was not answered
				}
				w.AwaitRootWithin(4*harness.Patience, hostname+" is drained: safe to take down", edge.name)
				empty(t, w, hostname)
				most := 1
				if edge.name == "once the intent is written" {
					most = 2 // the call may never have been made
				}
				if times := sent(w, hostname); times < 1 || times > most {
					t.Errorf("%s: %s was drained %d times", edge.name, hostname, times)
				}
				said(t, w.Say("alice", "unfilter "+hostname), hostname)
				w.AwaitWithheld(hostname, false, 2*harness.Patience)
			}
			w.Rest(2 * harness.Patience)
		})
	}
}

// The bot is killed around the call that marks an agent gone: it is gone, and told of, once.
func TestGoneOutlivesKills(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayKill})
	bot := w.Bot()
	kill := func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }
	for hostname, edge := range map[string]edge{
		"agent-four": {"once the intent is written", ofAgent(filters.KindDraining, ""), true},
		"agent-five": {"before the master's yes is written", ofAgent(filters.KindTook, string(filters.StateAccepted)), false},
		"agent-six":  {"before it is known to be gone", ofAgent(filters.KindGone, ""), false},
	} {
		said(t, w.Say("alice", fmt.Sprintf("gone %s --confirm %s -m %q", hostname, hostname, edge.name)), "Asked for approval")
		asked := w.AwaitRoot("asks to mark "+hostname+" gone", edge.name)
		caught := w.Proxy.Set(edge.trap(kill, "", hostname))
		sayYes(w, asked.TS)
		select {
		case <-caught.Sprung():
		case <-time.After(4 * harness.Patience):
			t.Fatalf("%s: the bot never came %s", hostname, edge.name)
		}
		bot.Restart()
		bot.AwaitReady()
		w.AwaitRootWithin(4*harness.Patience, hostname+" has left the cluster for ever", edge.name)
		if agent := w.Agent(hostname); agent.State != "gone" {
			t.Errorf("%s: %+v", edge.name, agent)
		}
	}
	w.Rest(2 * harness.Patience)
}
