package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cordon/test/bench/load"
)

// repair measures how filters are applied again that the master has lost at a failover: a tenth of the agents are under one.
func repair(ctx context.Context, s *session) error {
	t := table{title: "Filters applied again after a failover that lost them"}
	t.add("agents", "filters", "calls a second allowed", "all again after s", "calls a second", "other requests", "master's CPU s", "bot's CPU s")
	for _, agents := range s.sizes() {
		for _, allowed := range []int{200, 5000} {
			if agents < 10_000 && allowed > 200 {
				continue // it would make no difference
			}
			if err := s.alone(func(s *session) error { return failOver(ctx, s, agents, allowed, &t) }); err != nil {
				return err
			}
		}
	}
	t.write(s.out)
	return nil
}

func failOver(ctx context.Context, s *session, agents, allowed int, t *table) error {
	w, err := s.startWorld(ctx, agents, fmt.Sprintf("    calls_per_second: %d", allowed))
	if err != nil {
		return err
	}
	count := agents / 10
	commands := make([][]byte, count)
	for i := range commands {
		commands[i] = w.sender.Command("filter "+host(i)+" --for 2h -m upgrade", "place"+strconv.Itoa(i))
	}
	if _, err := load.Run(ctx, load.Plan{Address: w.address, Requests: commands, Expect: "asked", Connections: 16}); err != nil {
		return err
	}
	if err := w.settled(count); err != nil {
		return err
	}
	pause(s.seconds(35, 3)) // until a full reading has shown them all
	began, master, bot := time.Now(), w.simulator.usage().cpu, w.bot.usage().cpu
	var done string
	if err := w.ask(http.MethodPost, w.Control+"/lose", &done); err != nil {
		return err
	}
	lost := time.Now()
	if err := w.settled(count); err != nil {
		return err
	}
	calls, err := w.calls(lost)
	if err != nil {
		return err
	}
	var first, last time.Time
	again := 0
	for _, made := range calls {
		if made.Type == "DEACTIVATE_AGENT" {
			if again++; first.IsZero() {
				first = made.At
			}
			last = made.At
		}
	}
	perSecond := float64(again) / max(last.Sub(first).Seconds(), 0.001)
	t.add(strconv.Itoa(agents), strconv.Itoa(count), strconv.Itoa(allowed), number(last.Sub(began).Seconds()), number(perSecond), strconv.Itoa(len(calls)-again),
		number((w.simulator.usage().cpu - master).Seconds()), number((w.bot.usage().cpu - bot).Seconds()))
	return nil
}
