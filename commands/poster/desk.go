package poster

import (
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

const (
	// nagTogether is how long after the first the reminders of one request go into one message.
	nagTogether = 10 * time.Minute
	// keepEnded is how long a notice that is over is kept for entries that come late.
	keepEnded = 10 * time.Minute
)

// desk holds the notices, and knows which of them an entry concerns.
type desk struct {
	notices map[string]*Notice
	changed map[string]bool // since they were last saved
	// requests are the keys of filter notices by agent, others those of all other topics: there are few.
	requests map[filters.AgentID]map[string]bool
	others   map[string]bool
}

func newDesk() *desk {
	return &desk{map[string]*Notice{}, map[string]bool{}, map[filters.AgentID]map[string]bool{}, map[string]bool{}}
}

// put adds a notice.
func (d *desk) put(notice *Notice) {
	d.notices[notice.Key] = notice
	if notice.Topic != TopicFilter {
		d.others[notice.Key] = true
	}
	for id := range notice.Agents {
		d.index(notice, id)
	}
}

func (d *desk) index(notice *Notice, id filters.AgentID) {
	if notice.Topic != TopicFilter || notice.Agents[id] == nil {
		return
	}
	if d.requests[id] == nil {
		d.requests[id] = map[string]bool{}
	}
	d.requests[id][notice.Key] = true
}

// remove takes a notice out.
func (d *desk) remove(key string) {
	for id := range d.notices[key].Agents {
		delete(d.requests[id], key)
		if len(d.requests[id]) == 0 {
			delete(d.requests, id)
		}
	}
	delete(d.notices, key)
	delete(d.changed, key)
	delete(d.others, key)
}

// take folds an entry into every notice that it concerns, opening new ones where it needs them.
func (d *desk) take(event *filters.Event) {
	for _, key := range d.concerned(event) {
		notice := d.notices[key]
		notice.fold(event)
		d.index(notice, event.Agent)
		d.changed[key] = true
	}
	d.explain(event)
}

// concerned returns the keys of the notices that an entry is about.
func (d *desk) concerned(event *filters.Event) []string {
	keys := d.filterNotices(event)
	add := func(key string) {
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	switch event.Kind {
	case filters.KindLost:
		add(d.episode(TopicDrift, event))
	case filters.KindMove:
		if event.Filter != nil && event.Outcome != "" {
			add(d.episode(TopicDrift, event))
		}
	case filters.KindTaking, filters.KindTook, filters.KindContested:
		add(d.running(TopicDrift))
	case filters.KindForeign:
		if event.Filter == nil {
			add(d.episode(TopicForeign, event))
		}
	case filters.KindUnforeign, filters.KindAdopt:
		add(d.running(TopicForeign))
	case filters.KindQuestion, filters.KindAnswer:
		add(d.question(event))
	case filters.KindApproval:
		add(d.approval(event))
	case filters.KindNag:
		add(d.nag(event))
	case filters.KindFreeze:
		add(d.episode(TopicFreeze, event))
	case filters.KindThaw:
		add(d.running(TopicFreeze))
	case filters.KindLock:
		add(d.episode(TopicLock, event))
	case filters.KindUnlock:
		add(d.running(TopicLock))
	case filters.KindFailover:
		add(d.episode(TopicFailover, event))
	case filters.KindSettled:
		add(d.running(TopicFailover))
	case filters.KindSink:
		add(d.sink(event))
	}
	if event.Kind != filters.KindNag && event.Filter != nil {
		add(d.nagging(event))
	}
	add(d.planned(event))
	for _, key := range d.machines(event) {
		add(key)
	}
	for _, key := range d.confirmation(event) {
		add(key)
	}
	return keys
}

// filterNotices returns the notices of requests that an entry concerns: the one of its filter, or of its subject; and
// those that hold the agent, for what happens to agents without regard to who withholds them.
func (d *desk) filterNotices(event *filters.Event) []string {
	subject := event.Subject
	if event.Filter != nil {
		subject = event.Filter.Subject
	}
	var keys []string
	if d.isFilterSubject(subject, event) {
		keys = append(keys, subject)
	}
	if event.Agent == "" {
		return keys
	}
	for key := range d.requests[event.Agent] {
		notice := d.notices[key]
		if key == subject || !notice.open() {
			continue
		}
		if agent := notice.Agents[event.Agent]; agent != nil && standing(agent) && happensToAgent(event, agent) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// isFilterSubject tells whether a subject is a request that withholds agents, and opens its notice if it is new.
func (d *desk) isFilterSubject(subject string, event *filters.Event) bool {
	if known := d.notices[subject]; known != nil {
		return known.Topic == TopicFilter
	}
	if event.Filter == nil || event.Settled || subject == "" || ofPlan(subject) {
		return false
	}
	notice := begin(TopicFilter, subject, event)
	notice.Subject = subject
	d.put(&notice)
	return true
}

// happensToAgent tells whether an entry is about the agent itself, not about one request.
func happensToAgent(event *filters.Event, agent *Agent) bool {
	switch event.Kind {
	case filters.KindLost, filters.KindRestart, filters.KindContested:
		return true
	case filters.KindMissing:
		return event.Filter == nil
	case filters.KindTook:
		return (agent.Lost || agent.Contested) && event.Outcome == string(filters.StateVerified)
	}
	return false
}

// running returns the key of the topic's notice that is not over; empty if there is none.
func (d *desk) running(topic Topic) string {
	newest := ""
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == topic && notice.open() && (newest == "" || notice.Began.After(d.notices[newest].Began)) {
			newest = key
		}
	}
	return newest
}

// episode returns the key of the topic's notice that is not over, and opens one if there is none.
func (d *desk) episode(topic Topic, event *filters.Event) string {
	if key := d.running(topic); key != "" {
		return key
	}
	return d.open(topic, string(topic)+"/"+event.ID, event)
}

func (d *desk) open(topic Topic, key string, event *filters.Event) string {
	if d.notices[key] == nil {
		notice := begin(topic, key, event)
		d.put(&notice)
	}
	return key
}

func (d *desk) question(event *filters.Event) string {
	if event.Question == nil {
		return ""
	}
	if event.Question.Kind == filters.QuestionOpening {
		if key := d.announced(event.Question.ID); key != "" {
			return key
		}
	}
	key := "question/" + event.Question.ID
	if d.notices[key] == nil && (event.Kind != filters.KindQuestion || event.Question.Done) {
		return ""
	}
	return d.open(TopicQuestion, key, event)
}

// nag returns the key of the reminder that an entry belongs to. A newer one takes the buttons of the one before.
func (d *desk) nag(event *filters.Event) string {
	if event.Filter == nil {
		return ""
	}
	for key := range d.others {
		notice := d.notices[key]
		if notice.Topic != TopicNag || !notice.open() || notice.Subject != event.Filter.Subject {
			continue
		}
		if event.At.Sub(notice.Began) < nagTogether {
			return key
		}
		notice.Ended, notice.Dirty, notice.EndReason = event.At, true, "asked again"
		d.changed[key] = true
	}
	key := d.open(TopicNag, "nag/"+event.Filter.Subject+"/"+event.ID, event)
	d.notices[key].Subject = event.Filter.Subject
	return key
}

// nagging returns the key of the reminder that is about the entry's filter.
func (d *desk) nagging(event *filters.Event) string {
	for key := range d.others {
		notice := d.notices[key]
		if notice.Topic != TopicNag || !notice.open() {
			continue
		}
		if agent := notice.Agents[event.Filter.Agent]; agent != nil && agent.Filter == event.Filter.ID {
			return key
		}
	}
	return ""
}

// explain gives a drift notice what is known of the filters on its agents, where the entry did not bring it: why they are,
// and since when the agent was withheld.
func (d *desk) explain(event *filters.Event) {
	if event.Kind != filters.KindLost {
		return
	}
	drift := d.notices[d.running(TopicDrift)]
	if drift == nil || drift.Agents[event.Agent] == nil {
		return
	}
	lost := drift.Agents[event.Agent]
	for _, key := range slices.Sorted(maps.Keys(d.requests[event.Agent])) {
		notice := d.notices[key]
		agent := notice.Agents[event.Agent]
		if !notice.open() || agent == nil || !standing(agent) {
			continue
		}
		if lost.By == "" {
			lost.By, lost.Reason = notice.By, notice.Reason
		}
		if agent.State == filters.StateVerified && agent.Since.After(lost.Held) {
			lost.Held = agent.Since
		}
	}
}

// prune takes out the notices that are over and shown, and returns their keys.
func (d *desk) prune(now time.Time) []string {
	var dropped []string
	for key, notice := range d.notices {
		if !notice.open() && notice.idle() && now.Sub(notice.Ended) > keepEnded {
			dropped = append(dropped, key)
			d.remove(key)
		}
	}
	slices.SortFunc(dropped, strings.Compare)
	return dropped
}
