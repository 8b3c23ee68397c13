package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// historyShown is how many entries a page of history has, historyPages how many pages can be asked for.
const (
	historyShown = 20
	historyPages = 20
)

// renderHistory shows one page of events, which are the newest up to one more than the page holds. Reached is the entry at
// which looking back ended before that many were found; empty: it did not.
func renderHistory(cluster string, events []filters.Event, page int, reached string, now time.Time) Reply {
	shown := events[min(len(events), (page-1)*historyShown):min(len(events), page*historyShown)]
	switch {
	case len(shown) == 0 && reached != "":
		return Reply{Cluster: cluster, Lines: []Line{Say("Nothing more of that since ", Instant(momentOf(reached), now), "."), lookedBack(reached, now)}}
	case len(events) == 0:
		return Reply{Cluster: cluster, Lines: []Line{Say("Nothing has happened there yet.")}}
	case len(shown) == 0:
		return Reply{Cluster: cluster, Lines: []Line{Say(fmt.Sprintf("There is no page %d: the history ends before it.", page))}}
	}
	head := Say(Strong(cluster), " · newest first")
	if page > 1 {
		head = append(head, Text(fmt.Sprintf(" · page %d", page)))
	}
	lines := []Line{head}
	for i := range shown {
		lines = append(lines, Separated(Say(Instant(shown[i].At, now)), EventLine(&shown[i])))
	}
	switch {
	case len(events) <= page*historyShown && reached != "":
		lines = append(lines, lookedBack(reached, now))
	case len(events) <= page*historyShown:
	case page < historyPages:
		lines = append(lines, Say("older: ", Literal(fmt.Sprintf("--page %d", page+1)), ", or all of it from ", Literal("GET /api/journal")))
	default:
		lines = append(lines, Say("older: ", Literal("GET /api/journal")))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// lookedBack says how far the history was searched.
func lookedBack(reached string, now time.Time) Line {
	at := momentOf(reached)
	return Say("looked back to ", Instant(at, now), "; for what is older give an end: ", Literal("--until "+at.Format(time.RFC3339)))
}

// momentOf is when the journal entry with the ID was written, UTC.
func momentOf(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	number, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(number).UTC()
}

// told leaves out the entries that only keep the books: when filters follow a host, what its old agent ID had is removed; a
// window of the configuration is seen; the agents of a run line up.
func told(events []filters.Event) []filters.Event {
	return slices.DeleteFunc(events, func(event filters.Event) bool {
		switch event.Kind {
		case filters.KindMove:
			return event.Settled || event.Filter == nil
		case filters.KindRunAgent:
			return event.Outcome == string(scheduler.AgentWaiting) || event.Record != nil && event.Record.Removed || isProgress(&event)
		case filters.KindRun:
			return event.Record != nil && event.Record.Removed
		case filters.KindWindow:
			return event.Outcome == "seen" && event.Reason == ""
		}
		return false
	})
}

// EventLine renders a journal entry as a step of what happened, without its time.
func EventLine(event *filters.Event) Line {
	if event.Kind == filters.KindApproval {
		return approvalLine(event)
	}
	line := EventWords(event)
	if host := EventHost(event); host != "" {
		if len(line) > 0 {
			line[0].Text = strings.TrimPrefix(line[0].Text, "agent ")
		}
		line = append(Say(Strong(host), " "), line...)
	}
	return line
}

// EventWords renders what happened, and by whom, without the agent's name.
func EventWords(event *filters.Event) Line {
	line := Say(eventWords(event))
	switch {
	case event.Kind == filters.KindApproval:
		line = append(line, calledNow(event)...)
	case event.Kind == filters.KindExtend && event.Filter != nil:
		line = newEnd(event)
	case event.Kind == filters.KindShift && shiftUser(event) != "":
		line = Say(Who("user:"+shiftUser(event)), " ", shiftWords(event))
	}
	switch by := event.Actor; {
	case isOfPlan(event) && (!byPerson(event) || event.Kind == filters.KindRunAgent && runAgentOf(event).Why != ""):
	case by != "" && !isBot(by):
		line = append(append(line, Text(" by ")), Holder(by, drainOf(event.Filter))...)
	case joined(event):
	case isOfMachine(event) && event.Outcome != string(filters.StateAccepted):
	case event.Master != "" && (event.Outcome == string(filters.StateAccepted) || event.Outcome == string(filters.StateFailed)):
		line = append(line, Text(" by "), Literal(event.Master))
	case event.Master != "" && event.Kind == filters.KindFailover:
		line = append(line, Text(": "), Literal(event.Master))
	}
	if event.Reason == "" || saysItAll(event) {
		return line
	}
	if reason := reasonOf(event); len(reason) > 0 {
		line = append(append(line, Text(": ")), reason...)
	}
	return line
}

// reasonOf is an entry's reason: a person's words stay as they are, in the scheduler's own its people are named.
func reasonOf(event *filters.Event) Line {
	switch {
	case event.Kind == filters.KindRefused:
		return Markup(event.Reason) // our own words, as they were said
	case event.Kind == filters.KindApproval && isBot(event.Actor):
		return People(event.Reason)
	case event.Kind == filters.KindOpen:
		return Say(event.Reason) // the window's, as somebody wrote it
	case event.Kind == filters.KindRunAgent:
		return Phrase(runAgentOf(event).Why)
	case event.Kind == filters.KindRun && !byPerson(event):
		return Phrase(runOf(event).Why)
	}
	if isOfPlan(event) && !byPerson(event) && (event.Kind != filters.KindWindow || strings.HasPrefix(event.Actor, "window:")) {
		return Phrase(event.Reason)
	}
	if isOfMachine(event) && isBot(event.Actor) {
		return owners(Markup(event.Reason))
	}
	return Say(event.Reason)
}

// newEnd says which end a filter has now.
func newEnd(event *filters.Event) Line {
	switch filter := event.Filter; {
	case filter.Until.IsZero():
		return Say("kept without an end")
	case event.Cause == filters.CauseClick:
		return Say("Extend pressed: until ", Clock(filter.Until, event.At))
	default:
		return Say("end moved: until ", Clock(filter.Until, event.At))
	}
}

// joined tells whether a filter was placed on an agent that was withheld already, so that nothing was asked of the master.
func joined(event *filters.Event) bool {
	return event.Kind == filters.KindTook && event.Outcome == string(filters.StateAccepted) && event.Ledger == nil && event.Reason != ""
}

// saysItAll tells whether the words of an entry hold its reason already.
func saysItAll(event *filters.Event) bool {
	switch event.Kind {
	case filters.KindMissing, filters.KindForeign, filters.KindUnforeign, filters.KindMove, filters.KindRestart, filters.KindFound:
		return true
	case filters.KindDigest, filters.KindShift:
		return true
	case filters.KindApproval:
		return event.Outcome == string(filters.ApprovalExpired)
	case filters.KindTook:
		return joined(event) || event.Outcome == string(filters.StateVerified) && (event.Filter != nil || event.Ledger != nil)
	case filters.KindGave:
		return event.Outcome == string(filters.StateVerified)
	}
	return false
}

// EventHost names the agent of an entry for people; empty if the entry is about none.
func EventHost(event *filters.Event) string {
	switch {
	case event.Filter != nil:
		return event.Filter.Hostname
	case event.Host != "":
		return event.Host
	case event.Agent == "" && isOfPlan(event) && event.Kind != filters.KindDigest && event.Kind != filters.KindShift:
		return planName(event)
	}
	return string(event.Agent)
}

func isBot(actor string) bool { return len(actor) > 4 && actor[:4] == "bot:" }

// eventWords says what an entry tells of, in a few words.
func eventWords(event *filters.Event) string {
	switch event.Kind {
	case filters.KindTook:
		if event.Outcome == string(filters.StateVerified) && event.Filter == nil && event.Ledger == nil {
			return "not waited for any more"
		}
		switch {
		case joined(event):
			return "withheld already, so no call was needed"
		case event.Outcome == string(filters.StateVerified) && event.Reason != "":
			return "confirmed: no new tasks, " + event.Reason
		}
		return outcome(event.Outcome, call(event, takes(event), "POST /allocator/filters"), "confirmed: no new tasks", takes(event)+" refused")
	case filters.KindGave:
		if event.Outcome == string(filters.StateVerified) && event.Reason != "" {
			return ending(event.Reason)
		}
		return outcome(event.Outcome, call(event, "REACTIVATE_AGENT", "DELETE /allocator/filters"), "confirmed: takes tasks again", "REACTIVATE_AGENT refused")
	case filters.KindApproval:
		return approvalWords[event.Outcome]
	case filters.KindQuestion:
		if event.Question != nil && event.Question.Done {
			return "no longer asked: " + event.Question.Text
		}
		if event.Question != nil {
			return "asked: " + event.Question.Text
		}
	case filters.KindAnswer:
		return "answered " + event.Outcome
	case filters.KindRelease:
		if event.Cause == filters.CauseClick {
			return "Release pressed"
		}
	case filters.KindExtend:
		if event.Cause == filters.CauseClick {
			return "Extend pressed"
		}
	case filters.KindRestart:
		if event.Reason != "" && event.Filter != nil { // it had left the master's list
			return strings.TrimPrefix(event.Reason, "it ")
		}
	case filters.KindDraining:
		if takes(event) == "MARK_AGENT_GONE" {
			return "marking gone now"
		}
	case filters.KindRefused:
		return "refused " + cmp.Or(string(event.Verb), "a request")
	case filters.KindSink:
		return "sink " + strings.TrimPrefix(event.Subject, filters.SinkSubject) + " " + map[bool]string{true: "is stuck", false: "goes on"}[event.Outcome == filters.SinkStuck]
	case filters.KindLeader:
		return event.Actor + " leads from now on"
	}
	if words := cmp.Or(planWords(event), wordsOfMachine(event)); words != "" {
		return words
	}
	if event.Kind == filters.KindMissing && event.Cause == filters.CauseMaintenance {
		return "is away: its machine is down for maintenance"
	}
	if words, ok := kindWords[event.Kind]; ok {
		return words
	}
	return string(event.Kind)
}

// takes names the call that withholds an agent, or kills what runs on it.
func takes(event *filters.Event) string {
	drain := filters.Drain{}
	switch {
	case event.Filter != nil && event.Filter.Mode == filters.ModeDrain && event.Filter.Drain != nil:
		drain = *event.Filter.Drain
	case event.Ledger == nil || event.Ledger.DrainSent == "" && event.Ledger.GoneSent == "" || event.Ledger.Drained.After(time.Time{}):
		return "DEACTIVATE_AGENT"
	default:
		drain.Gone = event.Ledger.GoneSent != ""
	}
	if drain.Gone {
		return "MARK_AGENT_GONE"
	}
	return "DRAIN_AGENT"
}

// ending says why a filter is over although nothing was given back.
func ending(reason string) string {
	if reason == "others still withhold it" {
		return "not given back: " + reason
	}
	return "over: " + reason
}

var kindWords = map[filters.Kind]string{
	filters.KindFilter:    "asked",
	filters.KindExtend:    "extended",
	filters.KindRelease:   "released",
	filters.KindExpire:    "end has come",
	filters.KindAdopt:     "adopted",
	filters.KindMove:      "host came back with a new agent ID, its filter followed",
	filters.KindNag:       "reminded: no end",
	filters.KindTaking:    "withholding now",
	filters.KindReleasing: "giving back now",
	filters.KindDraining:  "draining now",
	filters.KindDrained:   "drained: nothing runs there any more, safe to take down",
	filters.KindGone:      "has left the cluster for ever",
	filters.KindLost:      "was taking tasks although withheld",
	filters.KindContested: "contested: repairing stopped",
	filters.KindForeign:   "withheld by somebody else",
	filters.KindUnforeign: "no longer withheld by somebody else",
	filters.KindRestart:   "agent restarted, deactivation kept",
	filters.KindMissing:   "is not in the master's list any more",
	filters.KindFreeze:    "frozen",
	filters.KindThaw:      "thawed",
	filters.KindLock:      "locked",
	filters.KindUnlock:    "unlocked",
	filters.KindQuestion:  "asked",
	filters.KindFailover:  "another master leads",
	filters.KindSettled:   "the cluster has settled",
	filters.KindFound:     "first start",
	filters.KindRefused:   "refused",
}

// call names what the master said yes to.
func call(event *filters.Event, operator, allocator string) string {
	if event.Ledger != nil && event.Ledger.Backend == filters.BackendAllocator {
		return allocator + " accepted"
	}
	return operator + " accepted"
}

func outcome(state, accepted, verified, failed string) string {
	switch filters.ChangeState(state) {
	case filters.StateAccepted:
		return accepted
	case filters.StateVerified:
		return verified
	}
	return failed
}

// renderDetails shows what a button stands for: the filters, the commands that do the same, and the last steps.
func renderDetails(cluster string, id string, standing []filters.Filter, events []filters.Event, now time.Time) Reply {
	lines := []Line{Say("Details of ", Literal(id), " in ", Strong(cluster))}
	if len(standing) == 0 {
		lines = append(lines, Say("No filter stands there any more."))
	} else {
		for _, filter := range standing[:min(len(standing), listed)] {
			lines = append(lines, filterLine(filter, now))
		}
		lines = append(lines, more(listed, len(standing))...)
		lines = append(lines, Say("Release: ", Literal("/mesos release "+id)), Say("Extend 1h: ", Literal("/mesos extend "+id+" --for 1h")))
	}
	for i := range events[:min(len(events), listed)] {
		lines = append(lines, Separated(Say(Instant(events[i].At, now)), EventLine(&events[i])))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// isProgress tells whether an entry only says how far an agent's drain has come.
func isProgress(event *filters.Event) bool {
	agent := runAgentOf(event)
	if agent.Phase == scheduler.AgentGiving {
		return agent.Why != "" && agent.Why != agent.Skip
	}
	return agent.Phase == scheduler.AgentWithholding && (agent.Why != "" || agent.Since.After(agent.Begun))
}
