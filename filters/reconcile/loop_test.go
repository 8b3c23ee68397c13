package reconcile_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

// in runs the test in a bubble with a world of six agents.
func in(t *testing.T, prepare func(*world), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(6)
		if prepare != nil {
			prepare(w)
		}
		w.start()
		defer w.close()
		wait(time.Second)
		test(t, w)
		for _, fault := range w.faults {
			t.Error(fault)
		}
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) state(t *testing.T, kind filters.Kind) filters.ChangeState {
	t.Helper()
	events := w.kinds(kind)
	if len(events) == 0 {
		return ""
	}
	progress := w.progress[events[len(events)-1].Operation]
	if progress == nil {
		return ""
	}
	return progress.State()
}

func TestFilterAndUnfilter(t *testing.T) {
	in(t, nil, func(t *testing.T, w *world) {
		ok(t, w.filter("UALICE", 2*time.Hour, "web-0"))
		wait(20 * time.Millisecond)
		if !w.withheld(0) || w.state(t, filters.KindFilter) != filters.StateVerified {
			t.Errorf("20 ms after the command: withheld %v, %s", w.withheld(0), w.state(t, filters.KindFilter))
		}
		ok(t, w.unfilter("UALICE", "web-0"))
		wait(20 * time.Millisecond)
		if w.withheld(0) || w.state(t, filters.KindRelease) != filters.StateVerified {
			t.Errorf("20 ms after the release: withheld %v, %s", w.withheld(0), w.state(t, filters.KindRelease))
		}
		if len(w.filters) != 0 || len(w.ledger) != 0 {
			t.Errorf("left over: %v %v", w.filters, w.ledger)
		}
	})
}

var bg = context.Background()
