package poster

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
)

// rank orders what is to be sent: what asks for a decision first, what only tells later.
type rank int

const (
	rankDecide  rank = iota // a new message that asks, or warns of what is lost
	rankPost                // any other new message
	rankUpdate              // a message that does not tell all yet
	rankThread              // steps
	rankRefresh             // the time that is left
	rankNone
)

// job is one message to send.
type job struct {
	notice *Notice
	rank   rank
	at     time.Time // the earliest time, local
	since  time.Time // for the order among equals
}

// deliver sends what may be sent now, one message, and returns when the next may be due.
func (r *run) deliver(ctx context.Context) (next time.Time, err error) {
	now := time.Now()
	next = now.Add(refreshCheck)
	var best job
	best.rank = rankNone
	waiting := int64(0)
	open := r.countOpen()
	for _, notice := range r.desk.notices {
		candidate := r.job(notice, open, now)
		if candidate.rank == rankNone {
			continue
		}
		if candidate.rank < rankRefresh {
			waiting++
		}
		if candidate.at.After(now) {
			if candidate.at.Before(next) {
				next = candidate.at
			}
			continue
		}
		if better(candidate, best) {
			best = candidate
		}
	}
	r.backlog.Store(waiting)
	if best.rank == rankNone {
		return next, nil
	}
	return now, r.send(ctx, best, open)
}

func better(a, b job) bool {
	if a.rank != b.rank {
		return a.rank < b.rank
	}
	if !a.since.Equal(b.since) {
		return a.since.Before(b.since)
	}
	return a.notice.Key < b.notice.Key
}

func (r *run) countOpen() int {
	open := 0
	for _, notice := range r.desk.notices {
		if notice.open() && notice.Topic == TopicFilter {
			open++
		}
	}
	return open
}

// job returns the most urgent thing to send of a notice.
func (r *run) job(n *Notice, open int, now time.Time) job {
	j := job{notice: n, since: n.Began}
	gate := &r.updates
	switch {
	case n.Ref == "" && n.Dirty:
		gate, j.rank = &r.posts, rankPost
		if n.Topic == TopicQuestion || n.Topic == TopicLock || n.Topic == TopicConfirm || n.asks() || n.Topic == TopicMeddled {
			j.rank = rankDecide
		}
	case n.Ref == "":
		j.rank = rankNone
		return j
	case n.Dirty:
		j.rank = rankUpdate
	case len(n.Steps) > 0:
		gate, j.rank, j.at = &r.posts, rankThread, r.threadTime(n, now)
	default:
		j.rank = rankNone
		if due := refreshTime(n); open <= refreshed && !due.IsZero() {
			j.rank, j.at = rankRefresh, now.Add(due.Sub(r.config.Now()))
		}
	}
	for _, least := range []time.Time{gate.at(), r.down, r.retry[n.Key].at} {
		if least.After(j.at) {
			j.at = least
		}
	}
	return j
}

// threadTime is when steps go to the thread: at once when the matter is settled, else when they have gathered.
func (r *run) threadTime(n *Notice, now time.Time) time.Time {
	if !n.open() || n.Topic == TopicFilter && confirmed(n.sorted(standing)) && len(n.sorted(ended)) == 0 {
		return now
	}
	return now.Add(stepsWait - r.config.Now().Sub(n.Steps[0].At))
}

// refreshTime is when the time that is left, or what keeps giving back, is to be shown anew, in the cluster's time; zero: not at all.
func refreshTime(n *Notice) time.Time {
	if n.waits() && !n.Shown.IsZero() {
		return n.Shown.Add(refreshCheck) // something may keep it from that by then, or no more
	}
	if n.Topic != TopicFilter || !n.open() || n.Shown.IsZero() {
		return time.Time{}
	}
	var until time.Time
	for _, agent := range n.Agents {
		if agent.Ended.IsZero() && !agent.Until.IsZero() && (until.IsZero() || agent.Until.Before(until)) {
			until = agent.Until
		}
	}
	if until.IsZero() {
		return time.Time{}
	}
	left := until.Sub(n.Shown)
	for _, step := range []struct{ above, every time.Duration }{
		{24 * time.Hour, 6 * time.Hour}, {2 * time.Hour, time.Hour}, {20 * time.Minute, 15 * time.Minute}, {5 * time.Minute, 5 * time.Minute}, {4 * time.Minute, 3 * time.Minute},
	} {
		if left > step.above {
			return n.Shown.Add(step.every)
		}
	}
	return time.Time{}
}

// send does a job and saves what came of it.
func (r *run) send(ctx context.Context, j job, open int) error {
	n := j.notice
	switch {
	case j.rank == rankThread:
		return r.reply(ctx, n)
	case n.Ref == "":
		return r.post(ctx, n, open)
	}
	return r.update(ctx, n, open)
}

// post adds a notice's root message. That it is tried is saved first, so that after a crash it is looked for.
func (r *run) post(ctx context.Context, n *Notice, open int) error {
	if !n.Attempt.IsZero() {
		ref, found, err := r.channel(n).Find(ctx, "", n.Key, n.Attempt)
		switch {
		case r.passing(err):
			r.failed(n.Key, err)
			return nil
		case found:
			n.Ref, n.Attempt = ref, time.Time{}
			return r.note(ctx, n) // and brought up to date next
		}
	}
	n.Attempt = r.config.Now()
	if err := r.note(ctx, n); err != nil {
		return err
	}
	r.posts.take(time.Now())
	message := r.render(n, open)
	ref, err := r.channel(n).Post(ctx, message)
	if _, refused := errors.AsType[*Refused](err); refused && n.To != "" {
		r.log.Warn("somebody cannot be told", "key", n.Key, "error", err)
		n.Attempt, n.Dirty = time.Time{}, false // who has left does not come back for it
		return r.note(ctx, n)
	}
	if err != nil {
		if !errors.Is(err, ErrUnsure) {
			n.Attempt = time.Time{}
		}
		r.failed(n.Key, err)
		return r.note(ctx, n)
	}
	n.Ref, n.Attempt, n.Sent = ref, time.Time{}, message.digest()
	return r.shown(ctx, n)
}

// channel is where the notice's message stands.
func (r *run) channel(n *Notice) Channel {
	if n.To != "" && r.config.Direct != nil {
		return r.config.Direct(n.To)
	}
	return r.config.Channel
}

// passing tells errors that waiting mends from refusals: a channel whose history may not be read is not asked again.
func (r *run) passing(err error) bool {
	if err == nil {
		return false
	}
	_, refused := errors.AsType[*Refused](err)
	return !refused
}

func (r *run) update(ctx context.Context, n *Notice, open int) error {
	message := r.render(n, open)
	switch same := n.Sent == message.digest(); {
	case same && !n.Dirty:
		r.succeeded(n.Key)
		n.Shown = r.config.Now() // there is nothing to keep
		return nil
	case same:
		return r.shown(ctx, n)
	}
	r.updates.take(time.Now())
	err := r.channel(n).Update(ctx, n.Ref, message)
	switch {
	case errors.Is(err, ErrGone) && n.open():
		n.Ref, n.Told, n.Dirty, n.Sent = "", 0, true, "" // somebody deleted it; what still holds is told again
		return r.note(ctx, n)
	case errors.Is(err, ErrGone):
		n.Steps = nil
		return r.shown(ctx, n)
	case err != nil:
		r.failed(n.Key, err)
		return nil
	}
	n.Sent = message.digest()
	return r.shown(ctx, n)
}

// replyLines is how many steps go into one reply.
const replyLines = 20

// listed is how many hosts a root message names (commands.List).
const listed = 10

// reply adds the steps that have gathered to the thread.
func (r *run) reply(ctx context.Context, n *Notice) error {
	steps := n.Steps[:min(len(n.Steps), replyLines)]
	key := n.Key + "#" + strconv.Itoa(n.Told+1)
	if !n.Answer.IsZero() {
		_, found, err := r.channel(n).Find(ctx, n.Ref, key, n.Answer)
		switch {
		case r.passing(err):
			r.failed(n.Key, err)
			return nil
		case found:
			return r.told(ctx, n, len(steps))
		}
	}
	n.Answer = r.config.Now()
	if err := r.note(ctx, n); err != nil {
		return err
	}
	r.posts.take(time.Now())
	err := r.channel(n).Reply(ctx, n.Ref, key, append(stepLines(n, steps), everyHost(n)...))
	switch {
	case errors.Is(err, ErrGone):
		return r.told(ctx, n, len(n.Steps))
	case errors.Is(err, ErrUnsure):
		r.failed(n.Key, err)
		return nil
	case err != nil:
		n.Answer = time.Time{}
		r.failed(n.Key, err)
		return r.note(ctx, n)
	}
	return r.told(ctx, n, len(steps))
}

// told takes steps off that are in the thread.
func (r *run) told(ctx context.Context, n *Notice, steps int) error {
	n.Steps, n.Told, n.Answer = n.Steps[steps:], n.Told+1, time.Time{}
	r.succeeded(n.Key)
	return r.note(ctx, n)
}

func (r *run) shown(ctx context.Context, n *Notice) error {
	n.Dirty, n.Shown = false, r.config.Now()
	r.succeeded(n.Key)
	return r.note(ctx, n)
}

func (r *run) note(ctx context.Context, n *Notice) error {
	r.desk.changed[n.Key] = true
	return r.save(ctx)
}

// everyMost is how many hosts a thread names: their names fit into one message.
const everyMost = 150

// everyHost names in the first reply of a thread the agents for which the root message has no room.
func everyHost(n *Notice) []commands.Line {
	names := hosts(n.sorted(all))
	if n.Topic != TopicFilter || n.Told > 0 || len(names) <= listed {
		return nil
	}
	line := commands.Say("all " + strconv.Itoa(len(names)) + ": " + strings.Join(names[:min(len(names), everyMost)], ", "))
	if more := len(names) - everyMost; more > 0 {
		line = append(line, commands.Text(" and "+strconv.Itoa(more)+" more: "), commands.Literal("GET /api/filters"))
	}
	return []commands.Line{line}
}

func stepLines(n *Notice, steps []Step) []commands.Line {
	lines := make([]commands.Line, 0, len(steps))
	noun := "agent"
	if n.Topic == TopicMachines {
		noun = "machine"
	}
	for _, step := range steps {
		who := commands.Line(nil)
		switch {
		case step.Hosts > 1:
			who = commands.Say(commands.Strong(commands.Count(step.Hosts, noun)), " ")
		case (len(n.Agents) > 1 || len(n.Machines) > 1 || n.Topic == TopicOccurrence || n.Topic == TopicRun) && step.Host != "":
			who = commands.Say(commands.Strong(step.Host), " ")
		}
		lines = append(lines, commands.Separated(commands.Say(commands.Second(step.At)), commands.Say(who, step.Words)))
	}
	return lines
}

// render renders the notice against the cluster as it is.
func (r *run) render(n *Notice, open int) Message {
	scene := Scene{Cluster: r.config.Cluster, Now: r.config.Now(), Terse: open > refreshed, Observe: r.config.Observe}
	if view := r.config.View; view != nil {
		scene.Withheld, scene.Total = view.Withheld()
		scene.Tasks, scene.Started = tasksOn(view, n), startedOn(view, n)
	}
	if r.config.Held != nil {
		scene.Held = r.config.Held()
	}
	if r.config.Trouble != nil {
		scene.Trouble = r.config.Trouble()
	}
	r.sceneOf(n, &scene)
	return Render(*n, scene)
}

// sceneOf adds what a notice of a window tells beside it.
func (r *run) sceneOf(n *Notice, scene *Scene) {
	if n.Window == nil {
		return
	}
	if r.config.Windows != nil && n.Topic != TopicWindow {
		if listing, err := r.config.Windows.Window(n.Window.Name); err == nil {
			scene.Window = listing.Window
		}
	}
	if view := r.config.View; view != nil && n.Topic == TopicOccurrence {
		scene.Under = view.Under(n.Key)
		if opening := n.Window.Opening; opening != nil {
			for _, id := range opening.Waiting {
				scene.Waiting = append(scene.Waiting, cmp.Or(view.Host(id), string(id)))
			}
		}
	}
}

// tasksOn counts the tasks on the notice's agents that stand; nil if they are not known of all.
func tasksOn(view View, n *Notice) map[string]int {
	var agents []filters.AgentID
	switch {
	case n.Topic == TopicFilter:
		for id, agent := range n.Agents {
			if agent.Ended.IsZero() {
				agents = append(agents, id)
			}
		}
	default:
		return nil
	}
	total := map[string]int{}
	for _, id := range agents {
		tasks, known := view.Tasks(id)
		if !known {
			return nil
		}
		for framework, count := range tasks {
			total[framework] += count
		}
	}
	return total
}

// startedOn tells whether a task was started on a drift's agents while they took tasks; nil if that is not known of all.
func startedOn(view View, n *Notice) *bool {
	if n.Topic != TopicDrift || n.open() {
		return nil
	}
	any := false
	for id, agent := range n.Agents {
		since := agent.From
		if since.IsZero() {
			since = agent.Held
		}
		started, known := view.Started(id, since)
		if since.IsZero() || !known {
			return nil
		}
		any = any || started
	}
	return &any
}
