package year

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cordon/filters"
	"cordon/scheduler"
	"cordon/test/journal"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // a year makes much that is soon gone
	goleak.VerifyTestMain(m)
}

var (
	seedFlag = flag.Uint64("seed", 0, "the year to live through; 0: some that are always the same")
	daysFlag = flag.Int("days", 365, "how long that year is")
)

// years are lived through if no other is asked for: a seed, and how many days. In that of seed 2 a limit by zone is passed, as
// docs/invariants.md tells of limits by other attributes than rack.
var years = map[uint64]int{1: 365, 3: 90, 4: 90, 5: 90}

// TestAYear lives through a year, and through some shorter ones, and holds their journals to the rules.
func TestAYear(t *testing.T) {
	years := years
	if *seedFlag != 0 {
		years = map[uint64]int{*seedFlag: *daysFlag}
	}
	for seed, days := range years {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			w.live(begins.AddDate(0, 0, days))
			w.rest()
			w.judge()
		})
	}
}

// mishap is something that happens now and then.
type mishap struct {
	every time.Duration
	what  func(*world)
	at    time.Time
}

func (w *world) mishaps() []*mishap {
	all := []*mishap{
		{every: 3 * time.Hour, what: (*world).person},
		{every: 8 * time.Hour, what: (*world).wander},
		{every: 3 * 24 * time.Hour, what: (*world).restart},
		{every: 4 * 24 * time.Hour, what: (*world).change},
		{every: 2 * 24 * time.Hour, what: (*world).step},
		{every: 20 * 24 * time.Hour, what: (*world).failover},
		{every: 30 * 24 * time.Hour, what: (*world).crash},
		{every: 25 * 24 * time.Hour, what: func(w *world) { w.replicas[1].follow(); w.replicas[1].freeze() }},
		{every: 2 * 24 * time.Hour, what: func(w *world) { w.replicas[1].follow(); w.replicas[1].thaw() }},
		{every: 9 * 24 * time.Hour, what: (*world).reconfigure},
	}
	for _, m := range all {
		w.again(m)
	}
	return all
}

func (w *world) again(m *mishap) {
	m.at = w.now.Add(time.Duration(w.random.ExpFloat64() * float64(m.every)))
}

// live goes through the year from edge to edge.
func (w *world) live(ends time.Time) {
	all := w.mishaps()
	for w.now.Before(ends) {
		next := earlier(w.next(), ends)
		var due *mishap
		for _, m := range all {
			if m.at.Before(next) {
				next, due = m.at, m
			}
		}
		w.advance(next)
		if due != nil {
			due.what(w)
			w.again(due)
		}
		if w.leader != nil {
			w.leader.work()
		}
		w.seen["steps"]++
	}
}

// wander lets an agent go away, sometimes for good, and sometimes under another ID.
func (w *world) wander() {
	until := w.now.Add(time.Duration(1+w.random.IntN(240)) * time.Minute)
	w.fleet.leave(w.random.IntN(len(w.fleet.agents)), until, w.random.IntN(2) == 0, w.now)
}

// restart lets the leader's process begin anew.
func (w *world) restart() {
	if w.leader != nil {
		w.replace(w.leader)
	}
}

// replace puts a new process in a replica's place; it leads if that did.
func (w *world) replace(old *replica) *replica {
	fresh := w.start()
	w.replicas[slices.Index(w.replicas, old)] = fresh
	if w.leader == old {
		w.lead(fresh)
	}
	return fresh
}

// change lets another replica lead, while the old one goes on for a while and is refused.
func (w *world) change() {
	if w.leader == nil {
		return
	}
	old := w.leader
	other := w.replicas[1-slices.Index(w.replicas, old)]
	w.lead(other)
	for range 4 {
		w.advance(w.now.Add(time.Duration(w.random.IntN(600)) * time.Second))
		stale := w.seen["entries"]
		if w.random.IntN(2) == 0 {
			old.follow()
		}
		old.wake = old.scheduler.Step(context.Background(), old.term)
		_ = old.hand.Step(context.Background(), old.term)
		if w.seen["entries"] != stale {
			w.Errorf("a leader of term %d wrote under term %d", old.term, other.term)
		}
		other.work()
	}
	w.replace(old)
}

// step sets Redis's clock.
func (w *world) step() {
	before := w.skew
	w.skew += time.Duration(w.random.IntN(4000)-2000) * time.Millisecond
	w.skew = min(max(w.skew, -time.Minute), time.Minute)
	if before != w.skew {
		w.seen["clock steps"]++
	}
}

func (w *world) failover() {
	var late []int
	for range 30 {
		late = append(late, w.random.IntN(len(w.fleet.agents)))
	}
	w.fleet.failover(w.now, late)
	w.seen["failovers"]++
}

// crash lets the whole bot be down for hours or days. People find nobody.
func (w *world) crash() {
	down := time.Duration(w.random.ExpFloat64() * float64(12*time.Hour))
	if w.random.IntN(4) == 0 {
		down += 48 * time.Hour
	}
	w.seen["hours down"] += int(down.Hours())
	w.advance(earlier(w.now.Add(down), ends))
	w.restart()
	w.replace(w.replicas[1-slices.Index(w.replicas, w.leader)])
}

// reconfigure changes the configuration: the processes begin anew with it.
func (w *world) reconfigure() {
	names := slices.Sorted(maps.Keys(definitions()))
	name := names[w.random.IntN(len(names))]
	definition, there := w.plan[name]
	switch {
	case !there:
		w.plan[name] = definitions()[name]
	case w.random.IntN(4) == 0:
		delete(w.plan, name)
	default:
		definition.Schedule = fmt.Sprintf("%d%s", 5*w.random.IntN(11), strings.TrimLeft(definition.Schedule, "*/0123456789"))
		if w.random.IntN(2) == 0 {
			definition.Schedule = definitions()[name].Schedule
			definition.Targets = append([]string{"web-r23-0*"}, definition.Targets...)
		}
		if _, problems := scheduler.Compile(name, definition); len(problems) > 0 {
			return
		}
		w.plan[name] = definition
	}
	w.windows, w.edges = compiled(w, w.plan), map[string]time.Time{}
	w.replace(w.replicas[0])
	w.replace(w.replicas[1])
	w.seen["configurations"]++
}

// rest lets everything come to an end: what is open closes, and nothing is asked for any more.
func (w *world) rest() {
	w.calm = true
	w.fleet.settling = time.Time{}
	r := w.leader
	r.follow()
	if r.book.Freeze() != nil {
		r.thaw()
	}
	until := w.now.Add(6 * time.Hour)
	for w.now.Before(until) {
		w.advance(w.now.Add(5 * time.Minute))
		w.finish(r)
		r.work()
	}
}

// finish ends what people hold, answers everything, and lets runs go on.
func (w *world) finish(r *replica) {
	for _, run := range r.desk.Runs() {
		if !run.State.Phase.Over() {
			_, _ = r.desk.AbortRun(hurried(), w.request("the year is over"), run.State.ID)
		}
	}
	for _, filter := range r.service.Filters() {
		if filter.Owner.Kind() != "window" {
			_, _ = r.service.Release(hurried(), w.request(""), []string{filter.ID})
		}
	}
}

// judge holds the journal to the rules, and the year to having been one.
func (w *world) judge() {
	end := &journal.End{At: w.store.Now(), Filters: w.leader.service.Filters()}
	for agent := range w.fleet.roster.All() {
		entry := w.leader.book.Ledger(agent.ID)
		end.Agents = append(end.Agents, journal.Agent{ID: agent.ID, Hostname: agent.Hostname, Withheld: entry != nil && entry.Hold == filters.HoldHeld})
	}
	violations := w.checker.Finish(w.told, end)
	for _, violation := range violations[:min(len(violations), 20)] {
		w.Error(violation)
	}
	if len(violations) > 20 {
		w.Errorf("and %d more", len(violations)-20)
	}
	w.Logf("sum %x", w.sum)
	if days := int(w.now.Sub(begins).Hours() / 24); w.seen["open"] < 10*days || w.seen["close"] != w.seen["closed"] || w.seen["run started"] < days/10 || w.seen["faults"] < days/2 {
		w.Error("hardly anything happened")
	}
	for _, what := range slices.Sorted(maps.Keys(w.seen)) {
		w.Logf("%6d %s", w.seen[what], what)
	}
}
