package scheduler

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

func TestADrainThatHasComeToCostMoreIsAskedAboutAgain(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(w *runWorld)
		why       string // empty: it begins
	}{
		"nothing":           {func(*runWorld) {}, ""},
		"one task more":     {func(w *runWorld) { w.setTasks("S00", map[string]int{"marathon": 3, "kafka": 1}) }, ""},
		"fewer tasks":       {func(w *runWorld) { w.setTasks("S00", map[string]int{"marathon": 1}) }, ""},
		"many tasks more":   {func(w *runWorld) { w.setTasks("S00", map[string]int{"marathon": 9, "kafka": 1}) }, "10 tasks instead of 3"},
		"another framework": {func(w *runWorld) { w.setTasks("S01", map[string]int{"chronos": 1}) }, "tasks of chronos"},
		"a volume": {func(w *runWorld) {
			w.change("web-01", func(a *filters.Agent) bool {
				a.Claims = &filters.Claims{Volumes: []filters.Volume{{ID: "v", Role: "db", SizeMB: 10}}}
				return true
			})
		}, "persistent volumes: 1 instead of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			inDrains(t, func(w *runWorld) {
				id := w.drainOf(filters.Drain{}, 0, "web-00", "web-01")
				first := w.service.Questions()[0]
				wait(20 * time.Minute)
				test.meanwhile(w)
				wait(time.Minute)
				if err := w.say("UBOB", true); err != nil {
					t.Fatal(err)
				}
				wait(time.Minute)
				if test.why == "" {
					w.want(id, "going: withholding waiting")
					return
				}
				w.want(id, "asked: waiting waiting")
				again := w.service.Questions()[0]
				if again.ID == first.ID || again.AskedBy != first.AskedBy || !strings.Contains(again.Text, test.why) || !strings.Contains(w.run(id).State.Why, test.why) {
					t.Errorf("asked again by %+v, the run says %q; want %q", again, w.run(id).State.Why, test.why)
				}
				if err := w.say("UALICE", true); filters.CodeOf(err) != filters.Denied {
					t.Errorf("alice says yes to herself: %v", err)
				}
				wait(20 * time.Minute) // it is asked anew, for half an hour
				if err := w.say("UBOB", true); err != nil {
					t.Fatal(err)
				}
				wait(time.Minute)
				w.want(id, "going: withholding waiting")
				if why := w.run(id).State.Why; why != "" {
					t.Errorf("it still says %q", why)
				}
			})
		})
	}
}

func TestAYesWaitsUntilWhatRunsThereIsKnown(t *testing.T) {
	inDrains(t, func(w *runWorld) {
		id := w.drainOf(filters.Drain{}, 0, "web-00")
		see := w.hide()
		if err := w.say("UBOB", true); err != nil {
			t.Fatal(err)
		}
		wait(10 * time.Minute)
		w.want(id, "asked: waiting")
		see()
		wait(time.Minute)
		w.want(id, "going: withholding")

		other := w.drainOf(filters.Drain{}, 0, "web-02")
		w.hide()
		if err := w.say("UBOB", true); err != nil {
			t.Fatal(err)
		}
		wait(AskMost + time.Minute)
		w.want(other, "aborted: skipped")
	})
}

// hide makes it unknown what runs, until it is seen again.
func (w *runWorld) hide() (see func()) {
	w.machines.Lock()
	defer w.machines.Unlock()
	tasks := w.tasks
	w.tasks = nil
	return func() {
		w.machines.Lock()
		defer w.machines.Unlock()
		w.tasks = tasks
	}
}
