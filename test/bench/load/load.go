package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of one run: whoever mistypes a rate must not be able to do harm with it.
const (
	requestsMost    = 500_000
	connectionsMost = 512
	timeMost        = 2 * time.Minute
	answerMost      = 10 * time.Second // for one answer
)

// Plan is what to send and where to.
type Plan struct {
	// Address is host:port; the host must be a loopback address.
	Address string
	// Requests are sent in order, each once: what Command makes.
	Requests [][]byte
	// Expect must stand in the body of each answer; empty: any 200 will do.
	Expect string
	// Connections is how many are kept open, and so how many requests are under way at most.
	Connections int
	// Rate is how many requests start in a second, whatever became of those before (an open loop); 0: each connection sends
	// as soon as its last answer is there (a closed loop).
	Rate float64
}

// Result is what came of a plan.
type Result struct {
	// Starts are the times at which each request was due, Latencies what passed from then to the end of its answer, in the
	// order of the requests. In an open loop what a request waited for a free connection is part of it, so that a server
	// which stands still is not measured less often for it.
	Starts    []time.Time
	Latencies []time.Duration
	Elapsed   time.Duration
}

// PerSecond is how many answers came in a second.
func (r *Result) PerSecond() float64 { return float64(len(r.Latencies)) / r.Elapsed.Seconds() }

// Quantile returns the latency that a share of the answers did not exceed, such as 0.99.
func (r *Result) Quantile(share float64) time.Duration { return Quantile(r.Latencies, share) }

// Quantile returns the value that a share of the values does not exceed; zero of none.
func Quantile(values []time.Duration, share float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// Run carries out a plan. Any answer that is not the expected one fails it.
func Run(ctx context.Context, plan Plan) (Result, error) {
	if err := plan.check(); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeMost)
	defer cancel()
	r := &run{
		Plan: plan, due: make(chan int, len(plan.Requests)), cancel: cancel,
		result: Result{Starts: make([]time.Time, len(plan.Requests)), Latencies: make([]time.Duration, len(plan.Requests))},
	}
	var senders sync.WaitGroup
	conns, err := r.dial(ctx)
	if err != nil {
		return Result{}, err
	}
	began := time.Now()
	for _, conn := range conns {
		senders.Go(func() { r.send(ctx, conn) })
	}
	r.pace(ctx, began)
	senders.Wait()
	r.result.Elapsed = time.Since(began)
	if failure := r.failure.Load(); failure != nil {
		return Result{}, *failure
	}
	return r.result, ctx.Err()
}

func (p *Plan) check() error {
	host, _, err := net.SplitHostPort(p.Address)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("load: %s is not a loopback address", p.Address)
	}
	if len(p.Requests) > requestsMost || p.Connections < 1 || p.Connections > connectionsMost || p.Rate < 0 {
		return fmt.Errorf("load: %d requests on %d connections at %g/s is out of bounds", len(p.Requests), p.Connections, p.Rate)
	}
	return nil
}

// run is a plan under way.
type run struct {
	Plan
	due     chan int
	cancel  context.CancelFunc
	failure atomic.Pointer[error]
	result  Result
}

func (r *run) dial(ctx context.Context) ([]*connection, error) {
	conns := make([]*connection, 0, r.Connections)
	var errs []error
	for range r.Connections {
		conn, err := connect(ctx, r.Address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		conns = append(conns, conn)
	}
	if err := errors.Join(errs...); err != nil {
		for _, conn := range conns {
			conn.close()
		}
		return nil, err
	}
	return conns, nil
}

// pace says which request is due. Go's timers are a millisecond coarse where nothing else happens, so an open loop is
// paced by sleeps of the system on a thread of its own.
func (r *run) pace(ctx context.Context, began time.Time) {
	defer close(r.due)
	if r.Rate == 0 {
		for i := range r.Requests {
			r.due <- i
		}
		return
	}
	unlock := ownThread()
	defer unlock()
	for i := range r.Requests {
		at := began.Add(time.Duration(float64(i) / r.Rate * float64(time.Second)))
		r.result.Starts[i] = at
		for wait := time.Until(at); wait > 0; wait = time.Until(at) {
			nap(wait)
		}
		if ctx.Err() != nil {
			return
		}
		r.due <- i
	}
}

func (r *run) send(ctx context.Context, conn *connection) {
	defer conn.close()
	for i := range r.due {
		if ctx.Err() != nil {
			return
		}
		if r.Rate == 0 {
			r.result.Starts[i] = time.Now()
		}
		if err := conn.exchange(r.Requests[i], r.Expect); err != nil {
			err = fmt.Errorf("request %d: %w", i, err)
			r.failure.CompareAndSwap(nil, &err)
			r.cancel()
			return
		}
		r.result.Latencies[i] = time.Since(r.result.Starts[i])
	}
}
