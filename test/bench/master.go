package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"cordon/test/bench/load"
)

// sizes are the clusters that growth is shown on, in agents.
func (s *session) sizes() []int {
	switch {
	case s.agents > 0:
		return []int{s.agents}
	case s.quick:
		return []int{100, 1000}
	}
	return []int{100, 1000, 10_000, 50_000}
}

// alone runs part in a session of its own, whose processes end with it.
func (s *session) alone(part func(*session) error) error {
	inner, err := openSession(s.options, s.out)
	if err != nil {
		return err
	}
	defer inner.close()
	return part(inner)
}

const (
	masterRate = 20  // commands a second: more than people type, less than the bot may send
	masterMost = 200 // commands
)

// toMaster measures what passes from the POST of a command until the master has the call that follows from it.
func toMaster(ctx context.Context, s *session) error {
	t := table{title: fmt.Sprintf("Command to the master's call, ms, at %d commands a second", masterRate)}
	t.add("agents", "call", "commands", "p50", "p90", "p99", "slowest")
	for _, agents := range s.sizes() {
		if err := s.alone(func(s *session) error { return delays(ctx, s, agents, &t) }); err != nil {
			return err
		}
	}
	t.write(s.out)
	return nil
}

func delays(ctx context.Context, s *session, agents int, t *table) error {
	w, err := s.startWorld(ctx, agents, "")
	if err != nil {
		return err
	}
	pause(s.seconds(5, 2)) // what happens at the start is not what is measured
	for _, way := range []struct {
		call, text string
		withheld   int
	}{
		{"DEACTIVATE_AGENT", "filter %s --for 2h -m upgrade", min(masterMost, agents)},
		{"REACTIVATE_AGENT", "unfilter %s", 0},
	} {
		took, err := w.callsAfter(ctx, way.call, way.text, min(masterMost, agents))
		if err != nil {
			return err
		}
		t.add(strconv.Itoa(agents), way.call, strconv.Itoa(len(took)), quantile(took, 0.5), quantile(took, 0.9), quantile(took, 0.99), quantile(took, 1))
		if err := w.settled(way.withheld); err != nil {
			return err
		}
		pause(s.seconds(3, 1))
	}
	return nil
}

func quantile(values []time.Duration, share float64) string {
	return number(milliseconds(load.Quantile(values, share)))
}

// callsAfter sends a command for each agent and returns how long after each its call came to the master.
func (w *world) callsAfter(ctx context.Context, kind, text string, count int) ([]time.Duration, error) {
	commands := make([][]byte, count)
	due := make(map[string]time.Time, count)
	for i := range commands {
		commands[i] = w.sender.Command(fmt.Sprintf(text, host(i)), kind+strconv.Itoa(i))
	}
	began := time.Now()
	result, err := load.Run(ctx, load.Plan{Address: w.address, Requests: commands, Expect: "asked", Connections: 16, Rate: masterRate})
	if err != nil {
		return nil, err
	}
	for i, start := range result.Starts {
		due[host(i)] = start
	}
	var took []time.Duration
	err = until(time.Minute, "not every command came to the master", func() bool {
		took, err = w.delaysSince(began, kind, due)
		return err != nil || len(took) == count
	})
	return took, err
}

// delaysSince returns how long after its command the first call about each agent came.
func (w *world) delaysSince(began time.Time, kind string, due map[string]time.Time) ([]time.Duration, error) {
	hosts := map[string]string{}
	if err := w.ask("GET", w.Control+"/agents", &hosts); err != nil {
		return nil, err
	}
	calls, err := w.calls(began)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	seen := map[string]bool{}
	for _, made := range calls {
		start, known := due[hosts[made.Agent]]
		if made.Type == kind && known && !seen[made.Agent] {
			seen[made.Agent] = true
			took = append(took, made.At.Sub(start))
		}
	}
	return took, nil
}

// calls returns what the masters were asked since then.
func (w *world) calls(since time.Time) (calls []call, err error) {
	return calls, w.ask("GET", w.Control+"/calls?after="+url.QueryEscape(since.Format(time.RFC3339Nano)), &calls)
}
