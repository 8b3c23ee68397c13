package mesos

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
)

// bench counts readings that take a while each.
type bench struct {
	mutex   sync.Mutex
	started []time.Time
	running int
	err     error
	takes   time.Duration
}

func (b *bench) read(ctx context.Context) (filters.View, error) {
	b.mutex.Lock()
	b.running++
	overlap := b.running > 1
	began := time.Now()
	b.started = append(b.started, began)
	err := b.err
	b.mutex.Unlock()
	sleep(ctx, b.takes)
	b.mutex.Lock()
	b.running--
	b.mutex.Unlock()
	if overlap {
		panic("two readings at a time")
	}
	return filters.View{Began: began, Ended: time.Now()}, errors.Join(err, ctx.Err())
}

func TestSlotSharesAndPaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{takes: time.Second}
		slot := newSlot(30*time.Second, bench.read)
		start := time.Now()
		var waiting sync.WaitGroup
		for i := range 200 {
			waiting.Go(func() {
				sleep(t.Context(), time.Duration(i)*500*time.Millisecond) // 100 s of callers
				asked := time.Now()
				view, err := slot.after(t.Context())
				if err != nil {
					t.Error(err)
				}
				if view.Began.Before(asked) {
					t.Errorf("asked at %s, got a reading that began at %s", asked.Sub(start), view.Began.Sub(start))
				}
			})
		}
		waiting.Wait()
		for i, began := range bench.started[1:] {
			if gap := began.Sub(bench.started[i]); gap < 30*time.Second {
				t.Errorf("reading %d began %s after the one before", i+1, gap)
			}
		}
		if n := len(bench.started); n > 5 {
			t.Errorf("%d readings for 100 s of callers", n)
		}
	})
}

func TestSlotHurriesAfterAFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{}
		slot := newSlot(30*time.Second, bench.read)
		if _, err := slot.after(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() {
			sleep(t.Context(), 5*time.Second)
			slot.hurry()
		}()
		start := time.Now()
		if _, err := slot.after(t.Context()); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// What must not wait for its turn does not, and yet cannot make the master be read all the time.
func TestSlotIsUrgedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{}
		slot := newSlot(30*time.Second, bench.read)
		if _, err := slot.after(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for time.Since(start) < 30*time.Second {
			go slot.urge() // while the reading waits
			asked := time.Now()
			if _, err := slot.after(t.Context()); err != nil || time.Since(asked) > urgentEvery {
				t.Fatalf("an urged reading came after %s: %v", time.Since(asked), err)
			}
		}
		if bench.started[1] != start {
			t.Errorf("the first urged reading waited %s", bench.started[1].Sub(start))
		}
		for i, began := range bench.started[2:] {
			if gap := began.Sub(bench.started[i+1]); gap < urgentEvery {
				t.Errorf("two urged readings within %s", gap)
			}
		}
	})
}

func TestSlotTellsFailureToAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{takes: time.Second, err: errors.New("no leader")}
		slot := newSlot(30*time.Second, bench.read)
		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() {
				if _, err := slot.after(t.Context()); err == nil {
					t.Error("no error")
				}
			})
		}
		waiting.Wait()
		if n := len(bench.started); n > 2 {
			t.Errorf("ten callers made %d failing readings", n)
		}
		bench.err = nil
		start := time.Now()
		if _, err := slot.after(t.Context()); err != nil || time.Since(start) > retryRead+bench.takes {
			t.Errorf("after a failure the next reading came after %s: %v", time.Since(start), err)
		}
	})
}

func TestSlotOutlivesTheCallerThatReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{takes: 10 * time.Second}
		slot := newSlot(30*time.Second, bench.read)
		short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var waiting sync.WaitGroup
		waiting.Go(func() {
			_, err := slot.after(short)
			checkCode(t, err, filters.Unavailable, "in time")
		})
		waiting.Go(func() {
			sleep(t.Context(), time.Second)
			if _, err := slot.after(t.Context()); err != nil {
				t.Error(err)
			}
		})
		waiting.Wait()
	})
}

// A reading that comes with the event stream serves who asked before it began, and nobody else.
func TestSlotTakesReadingsFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := &bench{}
		slot := newSlot(30*time.Second, bench.read)
		if _, err := slot.after(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if view, err := slot.after(t.Context()); err != nil || view.Leader != "elsewhere" {
				t.Errorf("asked before: %v %v", view.Leader, err)
			}
			if waited := time.Since(start); waited != 2*time.Second {
				t.Errorf("asked before: waited %s", waited)
			}
		})
		synctest.Wait()
		sleep(t.Context(), time.Second)
		number := slot.begin(false)
		waiting.Go(func() {
			if view, err := slot.after(t.Context()); err != nil || view.Leader == "elsewhere" {
				t.Errorf("asked after it began: %v %v", view.Leader, err)
			}
		})
		sleep(t.Context(), time.Second)
		slot.end(number, filters.View{Leader: "elsewhere", Began: start.Add(time.Second)}, nil)
		waiting.Wait()
	})
}

func TestGatePacesTheModule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := moduleGate(&Config{ModulePace: 2 * time.Second})
		start := time.Now()
		for i := range 4 {
			err := gate.within(t.Context(), time.Second, func(context.Context) error { return nil })
			if want := time.Duration(i) * 2 * time.Second; err != nil || time.Since(start) != want {
				t.Errorf("request %d after %s: %v", i, time.Since(start), err)
			}
		}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := gate.within(hasty, time.Second, func(context.Context) error { panic("out of turn") })
		checkCode(t, err, filters.Unavailable, "one request every 2s")
	})
}

func TestGateBoundsCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := operatorGate(&Config{CallsAtOnce: 3, CallsPerSecond: 1000})
		var mutex sync.Mutex
		most, now := 0, 0
		var waiting sync.WaitGroup
		for range 20 {
			waiting.Go(func() {
				_ = gate.within(t.Context(), time.Minute, func(context.Context) error {
					mutex.Lock()
					now++
					most = max(most, now)
					mutex.Unlock()
					sleep(t.Context(), time.Second)
					mutex.Lock()
					now--
					mutex.Unlock()
					return nil
				})
			})
		}
		waiting.Wait()
		if most != 3 {
			t.Errorf("%d calls at once", most)
		}
	})
}
