package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/reconcile"
)

// noon is the time of every situation; the leader began an hour before, the newest complete reading is 20 s old.
var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// board sets a situation up, agent by agent.
type board struct {
	reconcile.Situation
	agents    []filters.Agent
	recovered []filters.Agent
	backend   filters.Backend
	read      time.Time
}

func newBoard() *board {
	b := &board{backend: filters.BackendOperator, read: noon.Add(-20 * time.Second)}
	b.Now, b.Local, b.Term, b.Began = noon, noon, 3, noon.Add(-time.Hour)
	b.Patience, b.Fresh = 10*time.Second, 30*time.Second
	b.Memory = reconcile.Memory{
		Sightings: map[filters.AgentID]reconcile.Sighting{}, Touched: map[filters.AgentID]time.Time{}, Unanswered: map[filters.AgentID]time.Time{},
		Busy: map[filters.AgentID]bool{}, Paused: map[filters.AgentID]reconcile.Pause{}, Foreign: map[filters.AgentID]bool{},
		Registered: map[filters.AgentID]time.Time{}, Noticed: map[filters.AgentID]time.Time{},
	}
	return b
}

func (b *board) difference() []filters.Change {
	b.Reading = reconcile.NewReading(filters.NewRoster(filters.View{Cluster: "prod", Began: b.read, Ended: b.read, Backend: b.backend, Agents: b.agents, Recovered: b.recovered}))
	return reconcile.Difference(&b.Situation)
}

// agent adds web-N, active unless something else is said.
func (b *board) agent(n int, options ...func(*filters.Agent)) {
	agent := filters.Agent{ID: idOf(n), Hostname: fmt.Sprintf("web-%d", n), IP: fmt.Sprintf("10.0.0.%d", n), Port: 5051, Active: true, Registered: noon.Add(-24 * time.Hour)}
	for _, option := range options {
		option(&agent)
	}
	b.agents = append(b.agents, agent)
}

func idOf(n int) filters.AgentID { return filters.AgentID(fmt.Sprintf("aaaa-S%d", n)) }

func deactivated(a *filters.Agent)  { a.Active, a.Deactivated = false, true }
func disconnected(a *filters.Agent) { a.Active = false }
func filtered(a *filters.Agent)     { a.Filtered = true }
func draining(a *filters.Agent)     { deactivated(a); a.Drain = filters.Draining }
func restarted(a *filters.Agent)    { a.Registered = noon.Add(-time.Minute) }

// filter adds alice's filter on web-N, verified and until one o'clock unless something else is said.
func (b *board) filter(n int, options ...func(*filters.Filter)) {
	filter := filters.Filter{
		ID: fmt.Sprintf("f-%d", len(b.Filters)), Agent: idOf(n), Hostname: fmt.Sprintf("web-%d", n), IP: fmt.Sprintf("10.0.0.%d", n), Port: 5051,
		Owner: "user:UALICE", Mode: filters.ModeFilter, Created: noon.Add(-time.Hour), Until: noon.Add(time.Hour), State: filters.StateVerified, Operation: "op-a", Subject: "op-a", Revision: 3,
	}
	for _, option := range options {
		option(&filter)
	}
	b.Filters = append(b.Filters, &filter)
}

func isNew(f *filters.Filter)     { f.State = filters.StateRecorded }
func accepted(f *filters.Filter)  { f.State = filters.StateAccepted }
func adopting(f *filters.Filter)  { f.State, f.Adopt = filters.StateRecorded, true }
func over(f *filters.Filter)      { f.Until = noon }
func endless(f *filters.Filter)   { f.Until = time.Time{} }
func dayOld(f *filters.Filter)    { f.Created = noon.Add(-24 * time.Hour) }
func nagged(f *filters.Filter)    { f.Nagged = noon.Add(-23 * time.Hour) }
func bobs(f *filters.Filter)      { f.Owner = "user:UBOB" }
func windows(f *filters.Filter)   { f.Owner = "window:tue/2026-09-01T00:00:00Z" }
func drains(f *filters.Filter)    { f.Mode = filters.ModeDrain }
func schedules(f *filters.Filter) { f.Mode = filters.ModeSchedule }
func isMissing(f *filters.Filter) { f.Missing = noon.Add(-time.Hour) }
func longGone(f *filters.Filter)  { f.Missing = noon.Add(-15 * 24 * time.Hour) }
func released(f *filters.Filter) {
	f.Ended, f.EndCause, f.EndedBy = noon, filters.CauseCommand, "user:UALICE"
}
func hasExpired(f *filters.Filter) {
	f.Ended, f.EndCause, f.EndedBy = noon, filters.CauseExpiry, "bot:a"
}

// ledger adds our entry for web-N: held and verified in this term unless something else is said.
func (b *board) ledger(n int, options ...func(*filters.LedgerEntry)) {
	entry := filters.LedgerEntry{
		Agent: idOf(n), Hostname: fmt.Sprintf("web-%d", n), IP: fmt.Sprintf("10.0.0.%d", n), Port: 5051, Backend: b.backend, Mode: filters.ModeFilter,
		Hold: filters.HoldHeld, State: filters.StateVerified, At: noon.Add(-30 * time.Minute), Sent: noon.Add(-30 * time.Minute), Term: 3, Registered: noon.Add(-24 * time.Hour), Revision: 2,
	}
	for _, option := range options {
		option(&entry)
	}
	b.Ledger = append(b.Ledger, &entry)
}

func taking(e *filters.LedgerEntry) { e.Hold, e.State = filters.HoldTaking, filters.StateRecorded }
func releasing(e *filters.LedgerEntry) {
	e.Hold, e.State = filters.HoldReleasing, filters.StateRecorded
}
func yes(e *filters.LedgerEntry)        { e.State = filters.StateAccepted }
func no(e *filters.LedgerEntry)         { e.State = filters.StateFailed }
func justSent(e *filters.LedgerEntry)   { e.Sent = noon.Add(-time.Second) }
func oldTerm(e *filters.LedgerEntry)    { e.Term = 2 }
func lostOnce(e *filters.LedgerEntry)   { e.Losses = 1 }
func disputed(e *filters.LedgerEntry)   { e.Contested = true }
func markedGone(e *filters.LedgerEntry) { e.GoneSent = "op-gone" }

func (b *board) asked(kind filters.QuestionKind, answer string, agents ...int) *filters.Question {
	question := &filters.Question{ID: "q-1", Kind: kind, Answer: answer, Answered: noon.Add(-time.Minute)}
	for _, n := range agents {
		question.Agents = append(question.Agents, idOf(n))
	}
	b.Questions = append(b.Questions, question)
	return question
}

func (b *board) seen(n int, ago time.Duration, options ...func(*filters.Agent)) {
	agents := b.agents
	b.agent(n, options...)
	b.Sightings[idOf(n)] = reconcile.Sighting{Agent: b.agents[len(b.agents)-1], Began: noon.Add(-ago)}
	b.agents = agents
}

// render names the changes as `kind web-N`, in their order.
func render(changes []filters.Change) string {
	var lines []string
	for _, change := range changes {
		line := string(change.Kind)
		switch {
		case change.Kind == filters.ChangeAsk || change.Kind == filters.ChangeDone:
			line += " " + string(change.Question.Kind)
		case change.Agent != "":
			line += " " + strings.Replace(string(change.Agent), "aaaa-S", "web-", 1)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

var cases = []struct {
	name string
	set  func(*board)
	want string
}{
	{"nothing is wished and nothing is ours", func(b *board) { b.agent(1) }, ""},
	{"settled", func(b *board) { b.agent(1, deactivated); b.filter(1); b.ledger(1) }, ""},

	{"a new filter: take", func(b *board) { b.agent(1); b.filter(1, isNew) }, "take web-1"},
	{"a new filter on a disconnected agent: the master can withhold it", func(b *board) { b.agent(1, disconnected); b.filter(1, isNew) }, "take web-1"},
	{"a new filter on an agent that the module cannot know", func(b *board) {
		b.backend = filters.BackendAllocator
		b.agent(1, disconnected, filtered)
		b.filter(1, isNew)
	}, ""},
	{"two filters: one take", func(b *board) { b.agent(1); b.filter(1, isNew); b.filter(1, isNew, bobs) }, "take web-1"},
	{"a drain withholds too", func(b *board) { b.agent(1); b.filter(1, isNew, drains) }, "take web-1"},
	{"an announced unavailability does not withhold", func(b *board) { b.agent(1); b.filter(1, isNew, schedules) }, ""},
	{"a recovered agent: nothing can be seen yet", func(b *board) { b.recovered = []filters.Agent{{ID: idOf(1)}}; b.filter(1, isNew) }, ""},
	{"settling does not hold withholding up", func(b *board) { b.Holding = "failover"; b.agent(1); b.filter(1, isNew) }, "take web-1"},
	{"nor does a lock", func(b *board) { b.Locked = true; b.agent(1); b.filter(1, isNew) }, "take web-1"},
	{"a call is under way: wait", func(b *board) { b.agent(1); b.filter(1, isNew); b.Busy[idOf(1)] = true }, ""},
	{"the master refused a moment ago: wait", func(b *board) {
		b.agent(1)
		b.filter(1, isNew)
		b.Paused[idOf(1)] = reconcile.Pause{Hold: filters.HoldTaking, Until: noon.Add(time.Second)}
	}, ""},
	{"the pause is over", func(b *board) {
		b.agent(1)
		b.filter(1, isNew)
		b.Paused[idOf(1)] = reconcile.Pause{Hold: filters.HoldTaking, Until: noon}
	}, "take web-1"},

	{"found withheld, and no filter: foreign", func(b *board) { b.agent(1, deactivated) }, "foreign web-1"},
	{"known to be foreign", func(b *board) { b.agent(1, deactivated); b.Foreign[idOf(1)] = true }, ""},
	{"the first reading of a leader tells nothing of strangers", func(b *board) { b.agent(1, deactivated); b.Memory.Foreign = nil }, ""},
	{"not foreign any more", func(b *board) { b.agent(1); b.Foreign[idOf(1)] = true }, "unforeign web-1"},
	{"foreign by an old reading, but just given back by us", func(b *board) { b.agent(1, deactivated); b.seen(1, time.Second) }, ""},
	{"a new filter on a foreign agent: only a newer reading counts", func(b *board) { b.agent(1, deactivated); b.filter(1, isNew) }, "look web-1"},
	{"a newer reading shows it withheld by somebody else", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, isNew)
		b.Touched[idOf(1)] = noon.Add(-2 * time.Second)
		b.seen(1, time.Second, deactivated)
	}, "foreign web-1"},
	{"a filter stands beside it: nothing is ours", func(b *board) { b.agent(1, deactivated); b.filter(1); b.Foreign[idOf(1)] = true }, ""},
	{"they gave it back while our filter stands: take", func(b *board) { b.agent(1); b.filter(1); b.Foreign[idOf(1)] = true }, "take web-1, unforeign web-1"},
	{"deactivated by an operator beside the module: foreign", func(b *board) { b.backend = filters.BackendAllocator; b.agent(1, deactivated, filtered) }, "foreign web-1"},

	{"adopt: a newer reading first", func(b *board) { b.agent(1, deactivated); b.filter(1, adopting) }, "look web-1"},
	{"adopt", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, adopting)
		b.Touched[idOf(1)] = noon.Add(-time.Minute)
	}, "adopt web-1"},
	{"adopt what is not withheld any more: take", func(b *board) { b.agent(1); b.filter(1, adopting) }, "take web-1"},
	{"adopted", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, func(f *filters.Filter) { f.Adopt = true })
		b.ledger(1)
	}, ""},

	{"a call was sent: a reading that began before settles nothing", func(b *board) { b.agent(1); b.filter(1, isNew); b.ledger(1, taking, justSent) }, "look web-1"},
	{"a reading that began later shows it: verified", func(b *board) {
		b.agent(1)
		b.filter(1, isNew)
		b.ledger(1, taking, justSent)
		b.seen(1, 500*time.Millisecond, deactivated)
	}, "hold web-1"},
	{"a reading that began later shows it is not: again", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, isNew)
		b.ledger(1, taking, justSent)
		b.seen(1, 500*time.Millisecond)
	}, "take web-1"},
	{"accepted: look", func(b *board) { b.agent(1); b.filter(1, accepted); b.ledger(1, yes, justSent) }, "look web-1"},
	{"accepted and seen: verified", func(b *board) { b.agent(1, deactivated); b.filter(1, accepted); b.ledger(1, yes) }, "hold web-1"},
	{"refused: again, without a reading", func(b *board) { b.agent(1); b.filter(1, isNew); b.ledger(1, taking, no, justSent) }, "take web-1"},
	{"an intent of the leader before, and a reading from before this one: wait for a reading", func(b *board) {
		b.Began = noon.Add(-time.Second)
		b.agent(1, deactivated)
		b.filter(1, isNew)
		b.ledger(1, taking, oldTerm)
	}, "look web-1"},
	{"an intent of the leader before, seen: verified", func(b *board) { b.agent(1, deactivated); b.filter(1, isNew); b.ledger(1, taking, oldTerm) }, "hold web-1"},
	{"a second filter on an agent that is ours: accepted at once", func(b *board) { b.agent(1, deactivated); b.filter(1); b.filter(1, isNew, bobs); b.ledger(1) }, "accept web-1"},
	{"a second filter: verified by a reading", func(b *board) { b.agent(1, deactivated); b.filter(1); b.filter(1, accepted, bobs); b.ledger(1) }, "hold web-1"},

	{"lost: taken again at once", func(b *board) { b.agent(1); b.filter(1); b.ledger(1) }, "repair web-1"},
	{"lost, but the reading is older than our call", func(b *board) { b.agent(1); b.filter(1); b.ledger(1, justSent) }, ""},
	{"lost by a restart after one unexplained loss", func(b *board) { b.agent(1, restarted); b.filter(1); b.ledger(1, lostOnce) }, "repair web-1"},
	{"lost by a failover after one unexplained loss", func(b *board) { b.agent(1); b.filter(1); b.ledger(1, lostOnce); b.Failover = noon.Add(-time.Minute) }, "repair web-1"},
	{"lost twice without a cause: contested", func(b *board) { b.agent(1); b.filter(1); b.ledger(1, lostOnce) }, "contest web-1"},
	{"contested: left alone", func(b *board) {
		b.agent(1)
		b.filter(1)
		b.ledger(1, disputed)
		b.asked(filters.QuestionContested, "", 1)
	}, ""},
	{"contested, and the answer is yes", func(b *board) {
		b.agent(1)
		b.filter(1)
		b.ledger(1, disputed)
		b.asked(filters.QuestionContested, "yes", 1)
	}, "uphold web-1"},
	{"contested, and the answer is no", func(b *board) {
		b.agent(1)
		b.filter(1)
		b.ledger(1, disputed)
		b.asked(filters.QuestionContested, "no", 1)
	}, "done contested"},
	{"contested, and somebody filters it anew", func(b *board) { b.agent(1); b.filter(1); b.filter(1, isNew, bobs); b.ledger(1, disputed) }, "uphold web-1"},
	{"contested, and the filter ends: nothing of ours is left to give back", func(b *board) { b.agent(1, deactivated); b.filter(1, released); b.ledger(1, disputed) }, "free web-1"},
	{"the module's list proves nothing of a disconnected agent", func(b *board) {
		b.backend = filters.BackendAllocator
		b.agent(1, disconnected)
		b.filter(1)
		b.ledger(1)
	}, ""},
	{"the module forgot it", func(b *board) { b.backend = filters.BackendAllocator; b.agent(1); b.filter(1); b.ledger(1) }, "repair web-1"},
	{"agents came or went: look again", func(b *board) { b.agent(1, deactivated); b.filter(1); b.ledger(1); b.Suspect = noon.Add(-time.Second) }, "look web-1"},
	{"restarted, its deactivation kept", func(b *board) {
		b.agent(1, deactivated, restarted)
		b.filter(1)
		b.ledger(1)
		b.Registered[idOf(1)] = noon.Add(-24 * time.Hour)
	}, "restart web-1"},

	{"released: give back", func(b *board) { b.agent(1); b.seen(1, time.Second, deactivated); b.filter(1, released); b.ledger(1) }, "give web-1"},
	{"released, and the reading is not fresh: look first", func(b *board) { b.agent(1, deactivated); b.filter(1, released); b.ledger(1) }, "look web-1"},
	{"another filter stands: the ended one is settled, nothing is given back", func(b *board) { b.agent(1, deactivated); b.filter(1, released); b.filter(1, bobs); b.ledger(1) }, "settle web-1"},
	{"never ours: settled without a call", func(b *board) { b.agent(1, deactivated); b.filter(1, released); b.Foreign[idOf(1)] = true }, "settle web-1"},
	{"somebody gave it back already", func(b *board) { b.agent(1); b.filter(1, released); b.ledger(1) }, "free web-1"},
	{"ours, and no filter ever told of it: give back", func(b *board) { b.seen(1, time.Second, deactivated); b.agent(1); b.ledger(1) }, "give web-1"},
	{"locked: ask", func(b *board) { b.Locked = true; b.agent(1, deactivated); b.filter(1, released); b.ledger(1) }, "ask give-back"},
	{"locked and asked: wait", func(b *board) {
		b.Locked = true
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "", 1)
	}, ""},
	{"locked, and answered yes before: wait", func(b *board) {
		b.Locked = true
		b.agent(1)
		b.seen(1, time.Second, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "yes", 1)
	}, ""},
	{"unlocked, and nobody has answered: wait", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "", 1)
	}, ""},
	{"unlocked, and the answer is yes", func(b *board) {
		b.agent(1)
		b.seen(1, time.Second, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "yes", 1)
	}, "give web-1"},
	{"the answer was no", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "no", 1)
	}, ""},
	{"the no is a day old: ask again", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "no", 1).Answered = noon.Add(-25 * time.Hour)
	}, "done give-back"},
	{"settling: wait", func(b *board) {
		b.Holding = "3 agents away"
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1)
	}, ""},
	{"the calls of the leader before may still arrive: wait", func(b *board) {
		b.GiveAfter = noon.Add(time.Second)
		b.agent(1, deactivated)
		b.filter(1, released)
		b.ledger(1, oldTerm)
	}, ""},
	{"they may not any more, but the reading is from before", func(b *board) {
		b.GiveAfter = noon.Add(-time.Second)
		b.agent(1)
		b.seen(1, 2*time.Second, deactivated)
		b.filter(1, released)
		b.ledger(1, oldTerm)
	}, "look web-1"},
	{"somebody drains it: theirs to give back", func(b *board) { b.agent(1, draining); b.filter(1, released); b.ledger(1) }, "free web-1"},
	{"a drain of ours cannot be cancelled: look until it is done", func(b *board) {
		b.agent(1, draining)
		b.filter(1, released)
		b.ledger(1, func(e *filters.LedgerEntry) { e.Mode, e.DrainSent = filters.ModeDrain, "f-1" })
	}, "look web-1"},
	{"giving back, not called yet: call", func(b *board) {
		b.agent(1)
		b.seen(1, time.Second, deactivated)
		b.filter(1, released)
		b.ledger(1, releasing)
	}, "give web-1"},
	{"given back, and seen", func(b *board) { b.agent(1); b.filter(1, released); b.ledger(1, releasing, yes) }, "free web-1"},
	{"given back, and withheld since: not by us", func(b *board) { b.agent(1, deactivated); b.filter(1, released); b.ledger(1, releasing, yes) }, "free web-1"},
	{"given back, and the module's old list came back: again", func(b *board) {
		b.backend = filters.BackendAllocator
		b.agent(1)
		b.seen(1, time.Second, filtered)
		b.filter(1, released)
		b.ledger(1, releasing, yes)
	}, "give web-1"},
	{"a filter came while it was given back: take", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1, released)
		b.filter(1, isNew, bobs)
		b.ledger(1, releasing)
	}, "take web-1, settle web-1"},
	{"an unanswered call to withhold may still arrive: not freed yet", func(b *board) {
		b.agent(1)
		b.filter(1, released)
		b.ledger(1, taking)
		b.Unanswered[idOf(1)] = noon.Add(-5 * time.Second)
	}, ""},
	{"it may not any more: only a reading from after that counts", func(b *board) {
		b.agent(1)
		b.filter(1, released)
		b.ledger(1, taking)
		b.Unanswered[idOf(1)] = noon.Add(-15 * time.Second)
	}, "look web-1"},
	{"it never arrived", func(b *board) {
		b.agent(1)
		b.filter(1, released)
		b.ledger(1, taking)
		b.Unanswered[idOf(1)] = noon.Add(-15 * time.Second)
		b.seen(1, time.Second)
	}, "free web-1"},

	{"its end has come", func(b *board) { b.agent(1, deactivated); b.filter(1, over); b.ledger(1) }, "expire web-1"},
	{"expiry is recorded while settling too", func(b *board) { b.Holding = "failover"; b.agent(1, deactivated); b.filter(1, over); b.ledger(1) }, "expire web-1"},
	{"a drain does not expire unattended", func(b *board) { b.agent(1, deactivated); b.filter(1, over, drains); b.ledger(1) }, ""},
	{"a drain of a window ends with the window", func(b *board) { b.agent(1, deactivated); b.filter(1, over, drains, windows); b.ledger(1) }, "expire web-1"},
	{"five ran out at once: given back", func(b *board) { b.fall(5, hasExpired) }, "give web-1, give web-2, give web-3, give web-4, give web-5"},
	{"six ran out at once: ask", func(b *board) { b.fall(6, hasExpired) }, "ask give-back"},
	{"six were released: nobody asks", func(b *board) { b.fall(6, released) }, "give web-1, give web-2, give web-3, give web-4, give web-5, give web-6"},
	{"six of a window that closed: nobody asks", func(b *board) {
		b.fall(6, func(f *filters.Filter) { hasExpired(f); windows(f) })
	}, "give web-1, give web-2, give web-3, give web-4, give web-5, give web-6"},
	{"six running out are counted before they are recorded", func(b *board) {
		b.fall(1, hasExpired)
		for n := 2; n <= 7; n++ {
			b.agent(n, deactivated)
			b.filter(n, over)
			b.ledger(n)
		}
	}, "expire web-2, expire web-3, expire web-4, expire web-5, expire web-6, expire web-7, ask give-back"},
	{"more come while the question is open: it is widened", func(b *board) { b.fall(7, hasExpired); b.asked(filters.QuestionGiveBack, "", 1) }, "ask give-back"},
	{"what was asked has been withheld again", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1)
		b.ledger(1)
		b.asked(filters.QuestionGiveBack, "", 1)
	}, "done give-back"},

	{"no end, a day old: nag", func(b *board) { b.agent(1, deactivated); b.filter(1, endless, dayOld); b.ledger(1) }, "nag web-1"},
	{"no end, nagged yesterday evening", func(b *board) { b.agent(1, deactivated); b.filter(1, endless, dayOld, nagged); b.ledger(1) }, ""},

	{"in no list: missing, once", func(b *board) { b.filter(1); b.ledger(1) }, "missing web-1"},
	{"known to be missing", func(b *board) { b.filter(1, isMissing); b.ledger(1) }, ""},
	{"missing by a reading from before this leader: nothing", func(b *board) { b.Began = noon; b.filter(1); b.ledger(1) }, ""},
	{"listed again", func(b *board) { b.agent(1, deactivated); b.filter(1, isMissing); b.ledger(1) }, "back web-1"},
	{"missing, and the filter ends: kept until it comes back", func(b *board) { b.filter(1, isMissing, released); b.ledger(1) }, ""},
	{"missing for longer than the master remembers", func(b *board) { b.filter(1, longGone, released); b.ledger(1) }, "free web-1"},
	{"its host came back with a new ID: a later reading must not list the old one", func(b *board) { b.reborn(1); b.filter(1, isMissing); b.ledger(1) }, "notice web-1"},
	{"it does not", func(b *board) {
		b.reborn(1)
		b.filter(1, isMissing)
		b.ledger(1)
		b.Noticed["bbbb-S1"] = noon.Add(-time.Minute)
	}, "move web-1"},
	{"it was marked gone: never", func(b *board) { b.reborn(1); b.filter(1, isMissing); b.ledger(1, markedGone) }, "prove web-1"},
	{"the old ID may come back: recovered", func(b *board) { b.reborn(1); b.recovered = []filters.Agent{{ID: idOf(1)}}; b.filter(1); b.ledger(1) }, ""},
	{"another port: ask", func(b *board) {
		b.reborn(1, func(a *filters.Agent) { a.Port = 5052 })
		b.filter(1, isMissing)
		b.ledger(1)
	}, "ask returned"},
	{"a neighbour on the same host that was there before: nothing", func(b *board) {
		b.reborn(1, func(a *filters.Agent) { a.Port, a.Registered = 5052, noon.Add(-48*time.Hour) })
		b.filter(1, isMissing)
		b.ledger(1)
	}, ""},
	{"two candidates: ask about each", func(b *board) {
		b.reborn(1)
		b.reborn(1, func(a *filters.Agent) { a.ID = "cccc-S1" })
		b.filter(1, isMissing)
		b.ledger(1)
	}, "ask returned, ask returned"},
	{"asked, and the answer is yes", func(b *board) {
		b.reborn(1, func(a *filters.Agent) { a.Port = 5052 })
		b.filter(1, isMissing)
		b.ledger(1)
		question := b.asked(filters.QuestionReturned, "yes", 1)
		question.ID, question.NewAgent = filters.DerivedID("q-", "returned", "aaaa-S1", "bbbb-S1"), "bbbb-S1"
	}, "move web-1"},
	{"asked, and the answer is no: left alone while it lasts", func(b *board) {
		b.reborn(1, func(a *filters.Agent) { a.Port = 5052 })
		b.filter(1, isMissing)
		b.ledger(1)
		question := b.asked(filters.QuestionReturned, "no", 1)
		question.ID, question.NewAgent = filters.DerivedID("q-", "returned", "aaaa-S1", "bbbb-S1"), "bbbb-S1"
	}, ""},
	{"asked, and it came back by itself", func(b *board) {
		b.agent(1, deactivated)
		b.filter(1)
		b.ledger(1)
		b.asked(filters.QuestionReturned, "", 1).NewAgent = "bbbb-S1"
	}, "done returned"},
}

// fall adds agents that are to be given back, each by one ended filter.
func (b *board) fall(agents int, end func(*filters.Filter)) {
	for n := 1; n <= agents; n++ {
		b.agent(n)
		b.seen(n, time.Second, deactivated)
		b.filter(n, end)
		b.ledger(n)
	}
}

// reborn adds the host of web-N under a new agent ID.
func (b *board) reborn(n int, options ...func(*filters.Agent)) {
	b.agent(n, append([]func(*filters.Agent){restarted, func(a *filters.Agent) { a.ID = filters.AgentID(fmt.Sprintf("bbbb-S%d", n)) }}, options...)...)
}

func TestDifference(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard()
			c.set(b)
			if got := render(b.difference()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestDifferenceDoesTheSameTwice(t *testing.T) {
	b := newBoard()
	b.fall(7, hasExpired)
	b.filter(9, isNew)
	b.agent(9)
	first := reconcile.Hash(b.difference())
	slices.Reverse(b.Ledger)
	if second := reconcile.Hash(b.difference()); second != first {
		t.Error("the order of the ledger changes what is done")
	}
	b.Filters[7].ID = "f-other"
	if third := reconcile.Hash(b.difference()); third == first {
		t.Error("another filter has the same hash")
	}
}

func TestQuestionsSayWhatTheyAreAbout(t *testing.T) {
	b := newBoard()
	b.fall(12, hasExpired)
	question := b.difference()[0].Question
	want := "12 of 12 agents are withheld by nobody's filter any more, all at once. Give web-1, web-2, web-3, web-4, web-5, web-6, web-7, web-8, web-9, web-10 and 2 more back?"
	if question.Text != want || len(question.Agents) != 12 || question.ID == "" || question.Subject == "" {
		t.Errorf("got %q about %d agents", question.Text, len(question.Agents))
	}
}

func TestDue(t *testing.T) {
	b := newBoard()
	b.filter(1)
	b.filter(2, endless)
	b.filter(3, over, released)
	if due := reconcile.Due(b.Filters); !due.Equal(noon.Add(time.Hour)) {
		t.Errorf("got %v", due)
	}
	if due := reconcile.Due(nil); !due.IsZero() {
		t.Errorf("without filters: %v", due)
	}
}
