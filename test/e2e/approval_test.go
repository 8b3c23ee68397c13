package e2e

import (
	"fmt"
	"strings"
	"testing"

	"cordon/filters"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// The steps from asking to what was asked for.
var approvalSteps = append(append(append(append(
	both("recording what is asked for", step("approval", "open")),
	both("the first yes", step("approval", "approved"))...),
	both("the yes that is enough", step("approval", "granted"))...),
	both("carrying it out", step("filter", "recorded"))...),
	both("noting that it was carried out", step("approval", "started"))...)

// insist asks and says yes again, as people would who were not answered, until what was asked for has begun.
func insist(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	harness.Until(t, 2*harness.Patience, func() string {
		approval := approvalOf(t, w, hostname)
		switch {
		case approval.ID == "":
			w.Say("alice", "filter "+hostname+" -m insisting")
		case approval.State == filters.ApprovalOpen:
			for _, user := range []string{"bob", "carol"} {
				if approval.VoteOf(w.Users[user]) == nil {
					w.Say(user, "approve "+approval.ID)
				}
			}
		case approval.State == filters.ApprovalStarted:
			return ""
		}
		return fmt.Sprintf("the approval about %s is %q (%s)", hostname, approval.State, approval.Why)
	})
}

// The bot is killed between any two steps from asking to what was asked for: nothing begins before all have said yes, no word is
// lost or counted twice, and what was approved begins once.
func TestApprovalsSurviveKills(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five"}
	const worlds = 2
	for number := range worlds {
		t.Run(fmt.Sprint(number+1), func(t *testing.T) {
			t.Parallel()
			w := needing(t, harness.Setup{}, 2, "    roles: {approver: [U0CAROL]}\n")
			for i, p := range approvalSteps {
				if i%worlds != number {
					continue
				}
				hostname := hostnames[i/worlds]
				killedAt(t, w, p, hostname, func() {
					w.Say("alice", "filter "+hostname+" -m "+`"`+p.String()+`"`)
					if id := approvalIn(w, hostname); id != "" {
						w.Say("bob", "approve "+id)
						w.Say("carol", "approve "+id)
					}
				})
				insist(t, w, hostname)
				w.AwaitWithheld(hostname, true, harness.Patience)
			}
			w.Rest(2 * harness.Patience)
		})
	}
}

// approvalIn is the ID of an open approval about the host, as people are shown it; empty if nobody answers.
func approvalIn(w *harness.World, hostname string) string {
	for line := range strings.Lines(w.Command("carol", "/mesos approvals").Text()) {
		if id := strings.Fields(strings.ReplaceAll(line, "`", " ")); strings.Contains(line, hostname) && len(id) > 0 && strings.HasPrefix(id[0], "a-") {
			return id[0]
		}
	}
	return ""
}

// The leader dies with the yes in its hand and stays away: the next one carries out what was approved, once.
func TestTheNextLeaderCarriesOutWhatWasApproved(t *testing.T) {
	t.Parallel()
	w := needing(t, harness.Setup{Replicas: 2, Transport: "http"}, 1, "")
	leader, follower := w.Bots[0], w.Bots[1]
	caught := w.Proxy.Set(redisproxy.Trap{Match: commits("filter", "agent-one", "recorded"), Before: func() redisproxy.Fate { leader.Kill(); return redisproxy.Cut }})
	asks := func(user, words, trigger string) string {
		_, text := follower.Deliver(w.Ready, harness.Delivery{User: user, Text: words, Trigger: trigger})
		return text
	}
	if text := asks("alice", "filter agent-one -m kernel", "ask"); !holds(text, "Asked for approval") {
		t.Fatal(text)
	}
	w.Bots = []*harness.Bot{follower, leader}
	approval := approvalOf(t, w, "agent-one")
	if text := asks("bob", "approve "+approval.ID, "yes"); !holds(text, "That is enough") {
		t.Fatal(text)
	}
	<-caught.Sprung()
	w.Bots = []*harness.Bot{follower}
	if now := approvalOf(t, w, "agent-one"); now.State != filters.ApprovalGranted {
		t.Errorf("the leader is dead, and it is %s", now.State)
	}
	follower.AwaitLead()
	awaitApproval(t, w, approval.ID, filters.ApprovalStarted)
	w.AwaitWithheld("agent-one", true, harness.Patience)
	began := 0
	for _, event := range w.Journal() {
		if event.Kind == filters.KindFilter && event.Request == "approval:"+approval.ID {
			began++
		}
	}
	if began != 1 {
		t.Errorf("it began %d times", began)
	}
	w.Rest(harness.Patience)
}
