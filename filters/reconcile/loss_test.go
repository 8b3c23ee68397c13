package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"cordon/filters"
)

// Two losses in a row that nothing explains are somebody's doing. What comes between them counts.
func TestOnlyLossesInARowAreContested(t *testing.T) {
	const givenBack, restarted, restartedWithout, failedOver = "given back", "restarted", "restarted without its filter", "failed over"
	cases := []struct {
		name      string
		happens   []string
		contested int // at which of them it is; 0: never
	}{
		{"twice", []string{givenBack, givenBack}, 2},
		{"a restart that keeps the filter lies between", []string{givenBack, restarted, givenBack}, 0},
		{"and then in a row", []string{givenBack, restarted, givenBack, givenBack}, 4},
		{"a restart that drops the filter lies between", []string{givenBack, restartedWithout, givenBack}, 0},
		{"and then in a row, too", []string{givenBack, restartedWithout, givenBack, givenBack}, 4},
		{"restarts alone", []string{restartedWithout, restartedWithout, restartedWithout}, 0},
		{"a restart each time", []string{givenBack, restarted, givenBack, restarted, givenBack, restartedWithout, givenBack}, 0},
		{"a failover lies between", []string{givenBack, failedOver, givenBack}, 0},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				ok(t, w.filter("UALICE", 0, "web-0"))
				wait(time.Minute)
				for i, what := range test.happens {
					switch what {
					case givenBack:
						w.stranger(0, false)
					case restarted, restartedWithout:
						w.restart(0, what == restarted)
					case failedOver:
						w.failover(time.Second)
					}
					wait(2 * time.Minute)
					contested := test.contested == i+1
					if got := len(w.kinds(filters.KindContested)) > 0; got != contested || w.withheld(0) == contested {
						t.Fatalf("after %v: contested %v, withheld %v", test.happens[:i+1], got, w.withheld(0))
					}
					if entry := w.entry(w.agent(0).ID); !contested && entry.Losses > 1 {
						t.Errorf("after %v it counts %d losses in a row", test.happens[:i+1], entry.Losses)
					}
				}
			})
		})
	}
}

// An intent to give back is over when somebody wants the agent again, also where the leader's book is behind: no call may
// follow from it when that filter ends too (the world finds fault with a call whose intent does not stand).
func TestAnIntentThatIsOvertakenIsNoIntent(t *testing.T) {
	const behind = 50 * time.Millisecond
	for _, first := range []time.Duration{0, behind / 2, behind - 5*time.Millisecond} {
		for _, second := range []time.Duration{behind / 4, behind / 2, behind, 3 * behind / 2} {
			t.Run(fmt.Sprint(first, " and ", second), func(t *testing.T) {
				in(t, func(w *world) { w.behind = behind }, func(t *testing.T, w *world) {
					ok(t, w.filter("UALICE", 0, "web-0"))
					wait(time.Second)
					ok(t, w.unfilter("UALICE", "web-0"))
					wait(first)
					ok(t, w.filter("UBOB", 0, "web-0"))
					wait(second)
					ok(t, w.unfilter("UBOB", "web-0"))
					wait(time.Minute)
					if w.withheld(0) || len(w.filters)+len(w.ledger) != 0 {
						t.Errorf("withheld %v; left over: %v %v", w.withheld(0), w.filters, w.ledger)
					}
				})
			})
		}
	}
}
