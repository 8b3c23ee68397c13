package slack

import (
	"context"
	"sync"
	"time"
)

// Modes of SetMode.
const (
	modeUp        = "up"
	modeDown      = "down"
	modeRateLimit = "rate-limit"
)

// availability is how Slack itself is doing.
type availability struct {
	mu      sync.Mutex
	mode    string
	until   time.Time // zero: until changed
	changed chan struct{}
}

func newAvailability() *availability {
	return &availability{mode: modeUp, changed: make(chan struct{})}
}

func (a *availability) set(mode string, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mode, a.until = mode, time.Time{}
	if d > 0 {
		a.until = time.Now().Add(d)
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// current returns the mode and how long it lasts (zero: until changed), and a channel that is closed when it is set again.
func (a *availability) current() (string, time.Duration, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until.IsZero() {
		return a.mode, 0, a.changed
	}
	left := time.Until(a.until)
	if left <= 0 {
		return modeUp, 0, a.changed
	}
	return a.mode, left, a.changed
}

// await returns when Slack is not down, or with the error of ctx. It tells whether it had to wait.
func (a *availability) await(ctx context.Context) (waited bool, err error) {
	for {
		mode, left, changed := a.current()
		if mode != modeDown {
			return waited, ctx.Err()
		}
		waited = true
		var over <-chan time.Time
		if left > 0 {
			timer := time.NewTimer(left)
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-changed:
		case <-over:
		case <-ctx.Done():
			return waited, ctx.Err()
		}
	}
}
