package reconcile_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"

	"pgregory.net/rapid"
)

// deed is one thing that happens to the world.
type deed struct {
	what  string
	agent int
	other int
	long  time.Duration
}

func (d deed) String() string { return fmt.Sprintf("%s %d %d %v", d.what, d.agent, d.other, d.long) }

var deeds = map[string]func(w *world, d deed){
	"filter":   func(w *world, d deed) { _ = w.filter(fmt.Sprintf("U%d", d.other%2), d.long, hostOf(d)) },
	"forever":  func(w *world, d deed) { _ = w.filter(fmt.Sprintf("U%d", d.other%2), 0, hostOf(d)) },
	"unfilter": func(w *world, d deed) { _ = w.unfilter(fmt.Sprintf("U%d", d.other%2), hostOf(d)) },
	"all":      func(w *world, d deed) { _ = w.filter("U0", d.long, "web-*") },
	"adopt":    func(w *world, d deed) { _, _ = w.service.Adopt(bg, w.request("U0", hostOf(d))) },
	"wait":     func(w *world, d deed) { wait(d.long) },
	"blink":    func(w *world, d deed) { wait(time.Duration(d.other) * time.Millisecond) },
	"theirs":   func(w *world, d deed) { w.stranger(d.agent, true) },
	"back":     func(w *world, d deed) { w.stranger(d.agent, false) },
	"restart":  func(w *world, d deed) { w.restart(d.agent, d.other%2 == 0) },
	"reborn":   func(w *world, d deed) { w.loseWorkDir(d.agent) },
	"failover": func(w *world, d deed) { w.failover(min(d.long, 9*time.Minute)) },
	"lose":     func(w *world, d deed) { w.edit(false, func() { w.fates = append(w.fates, lost) }) },
	"late":     func(w *world, d deed) { w.edit(false, func() { w.fates = append(w.fates, late) }) },
	"refuse":   func(w *world, d deed) { w.edit(false, func() { w.fates = append(w.fates, refused) }) },
	"away":     func(w *world, d deed) { w.edit(false, func() { w.cluster.downUntil = time.Now().Add(d.long) }) },
	"redis":    func(w *world, d deed) { w.stopRedis(d.long) },
	"crash":    func(w *world, d deed) { w.crash(d.other) },
	"answer":   func(w *world, d deed) { w.answerAll(d.other%2 == 0) },
	"lock":     func(w *world, d deed) { w.setLock(true) },
	"unlock":   func(w *world, d deed) { w.setLock(false) },
}

func hostOf(d deed) string { return fmt.Sprintf("web-%d", d.agent) }

func drawDeeds(rt *rapid.T) []deed {
	names := []string{"filter", "filter", "filter", "forever", "unfilter", "unfilter", "unfilter", "all", "adopt", "wait", "wait", "wait", "wait", "blink", "blink", "blink",
		"theirs", "back", "restart", "reborn", "failover", "lose", "late", "refuse", "away", "redis", "crash", "crash", "crash", "answer", "lock", "unlock"}
	one := rapid.Custom(func(rt *rapid.T) deed {
		return deed{
			what:  rapid.SampledFrom(names).Draw(rt, "what"),
			agent: rapid.IntRange(0, 5).Draw(rt, "agent"),
			other: rapid.IntRange(0, 12).Draw(rt, "other"),
			long:  rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Second, time.Minute, 6 * time.Minute}).Draw(rt, "long"),
		}
	})
	return rapid.SliceOfN(one, 1, 40).Draw(rt, "deeds")
}

// TestWhateverHappens lets people, strangers, masters, Redis and crashes do what they like to the loop, and then looks
// whether everybody's wish, the ledger and the master agree.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		story := drawDeeds(rt)
		backend := rapid.SampledFrom([]filters.Backend{filters.BackendOperator, filters.BackendOperator, filters.BackendAllocator}).Draw(rt, "backend")
		skew := time.Duration(rapid.IntRange(-2000, 2000).Draw(rt, "skew")) * time.Millisecond
		var faults []string
		synctest.Test(t, func(*testing.T) { faults = live(story, backend, skew) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}

func live(story []deed, backend filters.Backend, skew time.Duration) []string {
	w := newWorld(6)
	w.backend, w.skew = backend, skew
	w.start()
	defer w.close()
	wait(time.Second)
	for _, deed := range story {
		deeds[deed.what](w, deed)
	}
	w.quiet()
	faults := append(w.faults, w.check()...)
	if len(faults) > 0 && os.Getenv("VERBOSE") != "" {
		for _, e := range w.events {
			hold := ""
			if e.Ledger != nil {
				hold = fmt.Sprintf("[%s %s t%d]", e.Ledger.Hold, e.Ledger.State, e.Ledger.Term)
			}
			fmt.Println(e.At.Format("15:04:05.000"), "t", e.Term, e.Kind, e.Agent, e.Outcome, e.Operation, e.Reason, hold)
		}
	}
	return faults
}

// quiet lets everything heal: nothing fails any more, people answer yes to everything, and time passes.
func (w *world) quiet() {
	w.edit(true, func() { w.fates, w.cluster.downUntil = nil, time.Time{} })
	w.stopRedis(0)
	w.setLock(false)
	if leader := w.current(); leader != nil {
		leader.dieIn(0)
	}
	for range 4 {
		wait(20 * time.Minute)
		w.answerAll(true)
	}
	if len(w.questions) > 0 {
		wait(25 * time.Hour) // a no holds for a day
		w.answerAll(true)
	}
	wait(20 * time.Minute)
}

// check returns what is wrong with a world at rest.
func (w *world) check() (faults []string) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	standing := w.standing()
	for id, m := range w.machines {
		switch {
		case m.gone || w.blind(m):
		case standing[id] > 0 && !m.Foreign(w.backend):
			wrong("%s is not withheld, and %d filters stand", id, standing[id])
		case standing[id] == 0 && m.Foreign(w.backend) && !m.stranger:
			wrong("%s is withheld for nobody: ledger %+v", id, w.entry(id))
		case standing[id] == 0 && w.entry(id) != nil:
			wrong("%s is in the ledger for nobody: %+v", id, w.entry(id))
		}
	}
	for key, filter := range w.filters {
		if m := w.machines[key.Agent]; !m.gone && !w.blind(m) && (!filter.Stands() || filter.State != filters.StateVerified) {
			wrong("filter %s of %s is left %s (ended %v)", filter.ID, key, filter.State, filter.Ended)
		}
	}
	for _, progress := range w.progress {
		if w.backend == filters.BackendOperator && progress.Verified+progress.Failed < progress.Recorded || progress.Verified > progress.Recorded {
			wrong("operation %+v", *progress)
		}
	}
	return append(faults, w.checkJournal()...)
}

// blind tells whether nobody can see our filter on the agent: somebody else deactivated it, and the module lists both.
func (w *world) blind(m *machine) bool {
	return w.backend == filters.BackendAllocator && m.Deactivated
}

// checkJournal holds invariants 8 and 9 over what was written.
func (w *world) checkJournal() (faults []string) {
	var term int64
	for _, event := range w.events {
		if event.Actor == "" {
			faults = append(faults, fmt.Sprintf("nobody did %s", event.Kind))
		}
		if event.Term == 0 {
			continue
		}
		if event.Term < term {
			faults = append(faults, fmt.Sprintf("term %d wrote after term %d", event.Term, term))
		}
		term = event.Term
	}
	return faults
}

func (w *world) crash(steps int) {
	if leader := w.current(); leader != nil {
		leader.dieIn(steps + 1)
	}
}

func (w *world) stopRedis(long time.Duration) {
	w.memory.mutex.Lock()
	defer w.memory.mutex.Unlock()
	w.memory.downUntil = time.Now().Add(long)
}

func (w *world) setLock(locked bool) {
	commit := filters.Commit{Unlock: true, Events: []filters.Event{{Kind: filters.KindUnlock, Actor: "user:UALICE"}}}
	if locked {
		lock := &filters.Lock{Cause: "an older journal", At: time.Now()}
		commit = filters.Commit{Lock: lock, Events: []filters.Event{{Kind: filters.KindLock, Actor: "bot:x", Lock: lock}}}
	}
	_, _ = w.commit(commit)
}
