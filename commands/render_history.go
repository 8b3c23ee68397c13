package commands

import (
	"time"

	"cordon/filters"
)

func renderHistory(cluster string, events []filters.Event, now time.Time) Reply {
	if len(events) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{Say("Nothing has happened there yet.")}}
	}
	lines := []Line{Say(Strong(cluster), " · newest first")}
	for i := range events {
		lines = append(lines, Separated(Say(Clock(events[i].At, now)), EventLine(&events[i])))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// EventLine renders a journal entry as a step of what happened, without its time.
func EventLine(event *filters.Event) Line {
	line := EventWords(event)
	if host := EventHost(event); host != "" {
		line = append(Say(Strong(host), " "), line...)
	}
	return line
}

// EventWords renders what happened, and by whom, without the agent's name.
func EventWords(event *filters.Event) Line {
	line := Say(eventWords(event))
	if filter := event.Filter; event.Kind == filters.KindExtend && filter != nil && !filter.Until.IsZero() {
		line = append(line, Text(", end "), Clock(filter.Until, event.At))
	}
	switch by := event.Actor; {
	case by != "" && !isBot(by):
		line = append(line, Text(" by "), Who(by))
	case event.Master != "" && (event.Outcome == string(filters.StateAccepted) || event.Outcome == string(filters.StateFailed)):
		line = append(line, Text(" by "), Literal(event.Master))
	case event.Master != "" && event.Kind == filters.KindFailover:
		line = append(line, Text(": "), Literal(event.Master))
	}
	if event.Reason != "" && event.Kind != filters.KindRestart {
		line = append(line, Text(": "+event.Reason))
	}
	return line
}

// EventHost names the agent of an entry for people; empty if the entry is about none.
func EventHost(event *filters.Event) string {
	switch {
	case event.Filter != nil:
		return event.Filter.Hostname
	case event.Host != "":
		return event.Host
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
		return outcome(event.Outcome, call(event, "DEACTIVATE_AGENT", "POST /allocator/filters"), "confirmed: no new tasks", "DEACTIVATE_AGENT refused")
	case filters.KindGave:
		if event.Outcome == string(filters.StateVerified) && event.Reason != "" {
			return "settled"
		}
		return outcome(event.Outcome, call(event, "REACTIVATE_AGENT", "DELETE /allocator/filters"), "confirmed: takes tasks again", "REACTIVATE_AGENT refused")
	case filters.KindQuestion:
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
	case filters.KindLeader:
		return "another replica leads"
	}
	if words, ok := kindWords[event.Kind]; ok {
		return words
	}
	return string(event.Kind)
}

var kindWords = map[filters.Kind]string{
	filters.KindFilter:    "asked",
	filters.KindExtend:    "extended",
	filters.KindRelease:   "released",
	filters.KindExpire:    "end has come",
	filters.KindAdopt:     "adopted",
	filters.KindMove:      "filter followed the host to its new agent ID",
	filters.KindNag:       "reminded: no end",
	filters.KindTaking:    "withholding now",
	filters.KindReleasing: "giving back now",
	filters.KindLost:      "was taking tasks although withheld",
	filters.KindContested: "contested: repairing stopped",
	filters.KindForeign:   "withheld by somebody else",
	filters.KindUnforeign: "no longer withheld by somebody else",
	filters.KindRestart:   "agent registered again, deactivation kept",
	filters.KindMissing:   "not in the master's list",
	filters.KindFreeze:    "frozen",
	filters.KindThaw:      "thawed",
	filters.KindLock:      "locked",
	filters.KindUnlock:    "unlocked",
	filters.KindQuestion:  "asked",
	filters.KindFailover:  "another master leads",
	filters.KindSettled:   "the cluster has settled",
	filters.KindFound:     "first start",
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
		lines = append(lines, Separated(Say(Clock(events[i].At, now)), EventLine(&events[i])))
	}
	return Reply{Cluster: cluster, Lines: lines}
}
