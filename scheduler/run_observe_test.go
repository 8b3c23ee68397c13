package scheduler

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// Where the bot only observes, a drain or a run says of each agent what would be done, asks nobody, and comes to its end.
func TestARunThatOnlyObserves(t *testing.T) {
	for name, test := range map[string]struct {
		begin func(w *runWorld) string
		why   string
	}{
		"a drain": {func(w *runWorld) string {
			w.age("S02", time.Date(1999, 12, 30, 22, 0, 0, 0, time.UTC))
			return w.drainOf(filters.Drain{}, 0, "web-02")
		}, "observing only: I would now drain it, on which 3 tasks run: marathon 2, kafka 1, the oldest since 1999-12-30 22:00 UTC"},
		"gone": {func(w *runWorld) string {
			request := w.request("UALICE", "web-02")
			request.Typed = []string{"web-02"}
			listing, err := w.desk.StartRun(w.ctx, request, RunRequest{Drain: &filters.Drain{Gone: true}})
			if err != nil {
				w.t.Fatal(err)
			}
			return listing.State.ID
		}, "observing only: I would now mark it gone for ever, on which 3 tasks run: marathon 2, kafka 1"},
		"a manual drain": {func(w *runWorld) string {
			w.floor.place("chronos", "", "S02")
			w.floor.place("marathon", "/mail", "S02", "S01")
			return w.manually(RunRequest{}, "web-02")
		}, "observing only: I would now ask marathon to move /mail; 2 of 2 tasks left: chronos 1 (waits for its people), marathon 1 (/mail may move)"},
		"a manual drain of what cannot be looked at": {func(w *runWorld) string {
			w.floor.silent["S02"] = "web-02 does not answer"
			return w.manually(RunRequest{}, "web-02")
		}, "observing only: I would now ask no framework to move anything; web-02 does not answer; by the master's word 3 of 3 tasks left: marathon 2, kafka 1"},
		"a run": {func(w *runWorld) string {
			return w.start(Procedure{Steps: []string{"webhook reboot", "confirm"}}, "web-02")
		}, "observing only: I would now withhold it, then webhook reboot, then confirm"},
		"a run that moves first": {func(w *runWorld) string {
			return w.start(Procedure{Steps: []string{"move", "webhook reboot"}}, "web-02")
		}, "observing only: I would now ask no framework to move anything; no tasks left, looking once more"},
	} {
		t.Run(name, func(t *testing.T) {
			observing := func(w *runWorld) {
				w.observe, w.allow = true, []filters.Verb{filters.VerbDrain, filters.VerbGone}
				w.floor = &floor{t: t, pending: map[filters.AgentID][]filters.Operation{}, silent: map[filters.AgentID]string{}, sick: map[string]bool{}}
			}
			inWorldOf(t, 4, observing, func(w *runWorld) {
				w.setTasks("S02", map[string]int{"marathon": 2, "kafka": 1})
				w.lead(0)
				id := test.begin(w)
				wait(2 * time.Minute)
				w.want(id, "done: skipped")
				if agent := w.agent(id, "web-02"); agent.Why != test.why || agent.Skip != test.why {
					t.Errorf("it says %q, want %q", agent.Why, test.why)
				}
				if len(w.floor.asked)+len(w.ledger)+len(w.filters) != 0 || w.hostsHeld() != "" || strings.Contains(w.run(id).State.Why, "safe") {
					t.Errorf("asked for %v, withheld %s, the run says %q", w.floor.asked, w.hostsHeld(), w.run(id).State.Why)
				}
			})
		})
	}
}
