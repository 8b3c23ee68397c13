package poster

import (
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// passedTogether is how long after the first the openings that did not come about go into one message.
const passedTogether = 10 * time.Minute

// ofPlan tells whether a subject is an occurrence's or a run's: its filters are told of there, not in a message of theirs.
func ofPlan(subject string) bool {
	return strings.HasPrefix(subject, "window:") || strings.HasPrefix(subject, "run:")
}

// planned returns the key of the notice of windows and runs that an entry is about, empty if it is about none.
func (d *desk) planned(event *filters.Event) string {
	switch event.Kind {
	case filters.KindAnnounce:
		return d.open(TopicAnnounce, event.Subject, event)
	case filters.KindPassed:
		return d.passed(event)
	case filters.KindWindow:
		return d.word(event)
	case filters.KindOpen:
		d.opened(event)
		return d.open(TopicOccurrence, event.Subject, event)
	case filters.KindWarn, filters.KindClose:
		return d.open(TopicOccurrence, event.Subject, event)
	case filters.KindRun:
		if event.Record == nil || event.Record.Removed || event.Outcome != runStarted && d.notices[event.Subject] == nil {
			return ""
		}
		return d.open(TopicRun, event.Subject, event)
	case filters.KindRunAgent:
		if agent := readRunAgent(event); agent != nil && d.notices["run:"+agent.Run] != nil {
			return "run:" + agent.Run
		}
		return ""
	case filters.KindDigest:
		return d.open(TopicDigest, event.Subject, event)
	case filters.KindShift:
		return d.shiftOf(event)
	}
	if event.Filter != nil && d.notices[event.Filter.Subject] != nil && ofPlan(event.Filter.Subject) {
		return event.Filter.Subject
	}
	if notice := d.notices[event.Subject]; notice != nil && (strings.HasPrefix(event.Subject, "window:") || notice.drains()) {
		return event.Subject
	}
	return ""
}

// runStarted is the outcome of a run's first entry.
const runStarted = "started"

// word returns the key of what somebody said about a window: a message of its own, but for what ends a pause, or is about an
// opening that was announced.
func (d *desk) word(event *filters.Event) string {
	occasion := readOccasion(event)
	if occasion == nil || event.Actor == event.Subject && event.Reason == "" || event.Outcome == "seen" && event.Reason == "" {
		return ""
	}
	switch event.Outcome {
	case outcomeSkipped:
		return d.open(TopicAnnounce, event.Subject, event)
	case outcomeResumed, outcomeRemoved:
		if key := d.paused(occasion.Name); key != "" {
			return key
		}
	}
	return d.open(TopicWindow, event.Subject+"/"+event.ID, event)
}

// paused is the key of the notice that the window is paused.
func (d *desk) paused(name string) string {
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == TopicWindow && notice.open() && notice.Window != nil && notice.Window.Name == name {
			return key
		}
	}
	return ""
}

// opened ends the announcement of an occurrence that opens.
func (d *desk) opened(event *filters.Event) {
	occurrence, _ := strings.CutPrefix(event.Subject, "window:")
	if notice := d.notices["announce:"+occurrence]; notice != nil && notice.open() && notice.Window != nil {
		notice.Window.Outcome, notice.Ended, notice.Dirty = outcomeOpened, event.At, true
		d.changed[notice.Key] = true
	}
}

// passed returns the key of what tells that an occurrence did not open: its announcement, or one message for all of some
// minutes. What people were told of when they said so (a skip, a pause, a freeze) is not told again for each opening.
func (d *desk) passed(event *filters.Event) string {
	if d.notices[event.Subject] != nil {
		return event.Subject
	}
	for _, known := range []string{"skipped by ", "paused by ", "frozen"} {
		if strings.HasPrefix(event.Reason, known) {
			return ""
		}
	}
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == TopicPassed && event.At.Sub(notice.Began) < passedTogether {
			return key
		}
	}
	return d.open(TopicPassed, "passed/"+event.ID, event)
}

// confirmation returns the keys of the confirmations that an entry is about: one that an agent begins to ask for, and one
// that it has asked for.
func (d *desk) confirmation(event *filters.Event) []string {
	agent := readRunAgent(event)
	if agent == nil {
		return nil
	}
	var keys []string
	for key := range d.others {
		notice := d.notices[key]
		if notice.Topic == TopicConfirm && notice.open() && notice.Asking != nil && notice.Asking.Run == agent.Run && notice.Asking.Agent == agent.Agent {
			keys = append(keys, key)
		}
	}
	if agent.Phase == scheduler.AgentAsking && agent.Key != "" {
		if key := "confirm:" + agent.Key; d.notices[key] == nil {
			keys = append(keys, d.open(TopicConfirm, key, event))
			if run := d.notices["run:"+agent.Run]; run != nil && run.Run != nil {
				d.notices[key].Run = &Progress{State: run.Run.State}
			}
		}
	}
	return keys
}

// announced is the key of the announcement of an opening about which the question is asked; empty if there is none.
func (d *desk) announced(question string) string {
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == TopicAnnounce && notice.Window != nil && notice.Window.Question == question {
			return key
		}
	}
	return ""
}
