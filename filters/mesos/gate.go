package mesos

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"cordon/filters"
)

// gate bounds calls in number and in rate.
type gate struct {
	places  chan struct{}
	limiter *rate.Limiter
	words   string // what is bounded and how, for who did not get through
}

func newGate(atOnce int, perSecond rate.Limit, burst int, words string) *gate {
	return &gate{make(chan struct{}, atOnce), rate.NewLimiter(perSecond, burst), words}
}

func operatorGate(config *Config) *gate {
	return newGate(config.CallsAtOnce, rate.Limit(config.CallsPerSecond), config.CallsAtOnce,
		fmt.Sprintf("at most %d calls at once go to the master", config.CallsAtOnce))
}

func moduleGate(config *Config) *gate {
	return newGate(1, rate.Every(config.ModulePace), 1,
		fmt.Sprintf("one request every %s goes to the allocator module", config.ModulePace))
}

// enter waits for a turn and returns how to leave. Who does not get a turn before ctx ends has sent nothing: Unavailable.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return nil, g.late(ctx.Err())
	}
	if err := g.limiter.Wait(ctx); err != nil {
		<-g.places
		return nil, g.late(err)
	}
	return func() { <-g.places }, nil
}

func (g *gate) late(cause error) error {
	return &filters.Error{Code: filters.Unavailable, Wrong: "this one's turn would come too late: " + g.words, Cause: cause}
}

// within runs a call in its turn and bounds it.
func (g *gate) within(ctx context.Context, timeout time.Duration, call func(ctx context.Context) error) error {
	leave, err := g.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}
