package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// teardown is what has to be undone, last in first out. Each step is registered before the next one that can fail is
// tried, so that a half-started bot stops like a whole one.
type teardown struct {
	steps []step
	log   *slog.Logger
}

type step struct {
	name string
	most time.Duration
	undo func(context.Context) error
}

func (t *teardown) add(name string, most time.Duration, undo func(context.Context) error) {
	t.steps = append(t.steps, step{name, most, undo})
}

// run undoes every step, each within its own time, and joins what went wrong.
func (t *teardown) run(ctx context.Context) error {
	var failed error
	for i := len(t.steps) - 1; i >= 0; i-- {
		step := t.steps[i]
		bounded, cancel := context.WithTimeout(ctx, step.most)
		began := time.Now()
		if err := step.undo(bounded); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", step.name, err))
		}
		cancel()
		t.log.Debug("stopped", "what", step.name, "took", time.Since(began))
	}
	t.steps = nil
	return failed
}
