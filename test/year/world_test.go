package year

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/scheduler"
	"cordon/test/journal"
	"cordon/test/memory"
	"cordon/test/primitives"
)

// world is the cluster, the store, the replicas, and what time it is.
type world struct {
	testing.TB
	random  *rand.Rand
	now     time.Time
	skew    time.Duration // of Redis's clock
	store   *memory.Store
	fleet   *fleet
	master  *primitives.Master
	checker *journal.Checker
	told    []journal.Told
	seen    map[string]int // what happened, for the test's own account
	calm    bool           // no write goes wrong

	plan     map[string]scheduler.Definition // of the configuration as it is now
	windows  []*scheduler.Window
	edges    map[string]time.Time // of each window of the plan: the next
	freezes  *scheduler.Calendar
	replicas []*replica
	leader   *replica // nil: the bot is down
	requests int
	sum      uint64 // of the journal: the same seed gives the same
}

// replica is one process of the bot.
type replica struct {
	*world
	term      int64
	queue     []filters.Event // of the journal, that it did not read yet
	book      *filters.Book
	service   *filters.Service
	scheduler *scheduler.Scheduler
	desk      *scheduler.Desk
	hand      *memory.Hand
	source    *operation.Source
	wake      time.Time
}

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{TB: t, random: rand.New(rand.NewPCG(seed, seed)), now: begins, store: memory.New(), seen: map[string]int{}, plan: definitions(), edges: map[string]time.Time{}}
	w.fleet, w.master = newFleet(w.now), &primitives.Master{}
	w.fleet.down = w.master.Down
	w.store.Clock = func() time.Time { return w.now.Add(w.skew) }
	w.store.Forgetful, w.store.Written, w.store.Fault = true, w.written, w.fault
	w.checker = journal.NewChecker(&journal.Rules{Limits: limits, Size: w.fleet.size, Attribute: w.fleet.attribute, Frozen: frozen, Repeats: func(string) bool { return false }})
	var problems []scheduler.Problem
	if w.freezes, problems = scheduler.CompileFreezes(freezes); len(problems) > 0 {
		t.Fatal(problems)
	}
	w.windows = compiled(t, w.plan)
	w.replicas = []*replica{w.start(), w.start()}
	w.lead(w.replicas[0])
	return w
}

// start is a process that begins: it knows what it loads.
func (w *world) start() *replica {
	r := &replica{world: w, book: filters.NewBook()}
	state, err := w.store.Load(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	r.book.Reset(state)
	r.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Groups: groups, Limits: limits, Store: w.store, Book: r.book, State: w.fleet, Gate: gate{}})
	digests, problems := scheduler.CompileDigest("08:00", "Europe/Berlin")
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	config := &scheduler.Config{
		Cluster: "prod", Replica: "replica", Service: r.service, Book: r.book, Roster: w.fleet.Roster, Groups: groups, Windows: w.windows, Freezes: w.freezes, Digest: digests,
		Allow: []filters.Verb{filters.VerbDrain, filters.Verb(filters.ModeDown)},
	}
	upkeep := &operation.Config{Cluster: "prod", Service: r.service, Book: r.book, Master: w.master, Roster: w.fleet.Roster, Groups: groups}
	config.Machines, r.source = operation.NewDesk(upkeep), operation.NewSource(upkeep)
	r.scheduler, r.desk = scheduler.New(config), scheduler.NewDesk(config)
	r.hand = &memory.Hand{Store: w.store, Book: r.book, Roster: w.fleet.Roster, Idle: func() bool { return w.now.Before(w.fleet.settling) }, Drained: w.drained}
	return r
}

// drained tells whether an agent's tasks have ended: those of some take minutes, and those of some an hour.
func (w *world) drained(entry *filters.LedgerEntry) bool {
	takes := time.Duration(len(entry.DrainSent)+int(entry.Agent[len(entry.Agent)-1])%7) * time.Minute
	if entry.Agent[len(entry.Agent)-1] == '3' {
		takes += time.Hour
	}
	return !w.now.Before(entry.At.Add(takes))
}

// gate lets everybody do everything.
type gate struct{}

func (gate) Decide(context.Context, filters.Ask) (filters.Needs, error) { return filters.Needs{}, nil }
func (gate) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (gate) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }

func (gate) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}

// lead makes the replica lead, under the next term.
func (w *world) lead(r *replica) {
	r.term = w.store.Acquire()
	r.follow()
	w.leader, r.wake = r, w.now
	w.seen["leaders"]++
}

// follow reads what the journal has.
func (r *replica) follow() {
	if len(r.queue) > 0 {
		r.book.Follow(r.queue...)
		r.queue = nil
	}
}

// written is told of each commit's entries.
func (w *world) written(events []filters.Event) {
	for _, r := range w.replicas {
		r.queue = append(r.queue, events...)
	}
	for i := range events {
		w.checker.Entry(&events[i])
		w.seen["entries"]++
		w.sum = w.sum*31 + uint64(len(events[i].Reason)+len(events[i].Kind)+len(events[i].Host)) + uint64(events[i].At.UnixMilli())
		switch e := &events[i]; e.Kind {
		case filters.KindOpen, filters.KindPassed, filters.KindClose, filters.KindClosed, filters.KindAnnounce, filters.KindWarn, filters.KindDigest, filters.KindMove, filters.KindFilter, filters.KindDraining, filters.KindDrained, filters.KindSchedule, filters.KindDown, filters.KindUp, filters.KindCancel:
			w.seen[string(e.Kind)]++
		case filters.KindRun, filters.KindWindow:
			w.seen[string(e.Kind)+" "+e.Outcome]++
		}
	}
}

// fault lets one write of a hundred go wrong.
func (w *world) fault(*filters.Commit) memory.Fault {
	if w.calm || w.random.IntN(100) > 0 {
		return memory.None
	}
	w.seen["faults"]++
	return memory.Fault(1 + w.random.IntN(3))
}

// work lets a replica do what is due, as the leader of its term. Now and then it did not read yet what others just wrote.
func (r *replica) work() {
	if r.random.IntN(4) > 0 {
		r.follow()
	}
	for range 3 {
		position := r.book.Moved()
		r.wake = r.scheduler.Step(context.Background(), r.term)
		_ = r.hand.Step(context.Background(), r.term) // what is refused is done at the next step
		r.maintain()
		select {
		case <-position:
			r.follow()
		default:
			return
		}
	}
}

// maintain does what is to be done about machines. Their agents leave with them, and come back with them.
func (r *replica) maintain() {
	_ = r.master.Maintain(context.Background(), r.source, r.store, r.book, r.term, r.now.Before(r.fleet.settling))
	r.fleet.read(r.now)
}

// poll is how soon the scheduler looks again at what nobody tells it of.
const poll = 11 * time.Second

// next is when something is due: an edge of a window, the end of a filter, or what the leader waits for. What it only looks
// for again is mostly left for some minutes, as if it were slow.
func (w *world) next() time.Time {
	next := w.edge()
	if w.leader == nil {
		return next
	}
	if ends := w.leader.hand.Next().Add(-w.skew); !w.leader.hand.Next().IsZero() && ends.Before(next) && ends.After(w.now) {
		next = ends
	}
	if wake := w.leader.wake.Add(-w.skew); !w.leader.wake.IsZero() && wake.Before(next) {
		if wake.Sub(w.now) < poll && w.random.IntN(12) > 0 {
			wake = w.now.Add(time.Duration(1+w.random.IntN(40*60)) * time.Second)
		}
		if wake.Before(next) {
			next = wake
		}
	}
	return next
}

// edge is the next start, cutoff or end of a window of the plan.
func (w *world) edge() time.Time {
	first := ends
	for _, window := range w.windows {
		at := w.edges[window.Name]
		if !at.After(w.now) {
			occurrence, ok := window.Next(w.now)
			at = occurrence.Start
			if !ok {
				at = ends
			}
			if open, ok := window.Active(w.now); ok {
				if cutoff := open.End.Add(-window.Cutoff); cutoff.After(w.now) {
					at = earlier(at, cutoff)
				}
				at = earlier(at, open.End)
			}
			w.edges[window.Name] = at
		}
		first = earlier(first, at)
	}
	return first
}

func earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

// advance lets time pass.
func (w *world) advance(to time.Time) {
	if to.After(w.now) {
		w.now = to
	}
	w.fleet.pass(w.now)
}

// request is somebody's.
func (w *world) request(reason string) filters.Request {
	w.requests++
	user := []string{"UALICE", "UBOB", "UCAROL"}[w.random.IntN(3)]
	return filters.Request{Actor: filters.Actor{ID: "user:" + user, User: user}, Key: fmt.Sprintf("request-%d", w.requests), Cause: filters.CauseCommand, Reason: reason}
}
