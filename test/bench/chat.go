package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cordon/test/bench/load"
)

const (
	chatAgents      = 1000
	chatRate        = 500 // a second
	chatConnections = 64
)

// contender is a server that answers slash commands.
type contender struct {
	name    string
	address string
	process *process
	redis   *process // that it keeps its state in; nil: none
	text    func(n int) string
	expect  string

	p50, p99, p999, most sample
	cpu, busy            [2]sample // µs a command at the rate and at the most: the process's, Redis's
	idle, loaded         float64   // MiB
}

// chat measures a slash command to its answer over signed HTTP: the bot, which has it durable in Redis by then, beside
// Bolt, which does nothing but acknowledge.
func chat(ctx context.Context, s *session) error {
	w, err := s.startWorld(ctx, chatAgents, "    calls_per_second: 2000")
	if err != nil {
		return err
	}
	contenders := []*contender{
		{name: "Cordon filter, which moves an end", address: w.address, process: w.bot, redis: w.redis, text: w.filterText, expect: "withheld"},
		{name: "Cordon whoami, which only looks", address: w.address, process: w.bot, redis: w.redis, text: func(int) string { return "whoami" }, expect: "operator"},
	}
	bolt, address, err := s.startBolt(w.SigningSecret)
	if missing, ok := err.(errMissing); ok {
		fmt.Fprintln(s.out, missing.Error())
	} else if err != nil {
		return err
	} else {
		contenders = append(contenders, &contender{name: "Bolt 5.1, acknowledges", address: address, process: bolt, text: w.filterText})
	}
	return s.race(ctx, w, contenders)
}

// turns measures commands each of which withholds an agent, or gives it back, so that the master is called for each.
func turns(ctx context.Context, s *session) error {
	w, err := s.startWorld(ctx, chatAgents, "    calls_per_second: 2000")
	if err != nil {
		return err
	}
	return s.race(ctx, w, []*contender{
		{name: "Cordon filter and unfilter, in turn", address: w.address, process: w.bot, redis: w.redis, text: w.turnText, expect: "asked"},
	})
}

// race measures contenders in turn, several rounds.
func (s *session) race(ctx context.Context, w *world, contenders []*contender) error {
	pause(s.seconds(5, 2))
	for _, c := range contenders {
		c.idle = c.process.usage().resident
	}
	m := &meter{session: s, world: w}
	if err := m.place(ctx); err != nil {
		return err
	}
	for round := range s.rounds + 1 { // the first one warms up
		for i := range contenders {
			if err := m.round(ctx, contenders[(i+round)%len(contenders)], round == 0); err != nil {
				return err
			}
		}
	}
	report(s, contenders)
	return s.fetchProfile("allocs", "allocs.pprof")
}

func (s *session) seconds(usual, quick float64) time.Duration {
	if s.quick {
		usual = quick
	}
	return time.Duration(usual * float64(time.Second))
}

// filterText moves the ends of all agents further away, in turn.
func (w *world) filterText(n int) string {
	return fmt.Sprintf(`filter %s --for %dm -m "kernel upgrade, ticket OPS-%d"`, host(n%chatAgents), 120+n/chatAgents, n)
}

// turnText filters each agent and gives it back in the next turn.
func (w *world) turnText(n int) string {
	if n/turnAgents%2 == 0 {
		return fmt.Sprintf(`unfilter %s`, host(n%turnAgents))
	}
	return fmt.Sprintf(`filter %s --for 2h -m "kernel upgrade"`, host(n%turnAgents))
}

const turnAgents = chatAgents / 2

// meter sends commands, each once and with its own trigger.
type meter struct {
	session *session
	world   *world
	sent    int
}

func (m *meter) requests(c *contender, count int) [][]byte {
	requests := make([][]byte, count)
	for i := range requests {
		requests[i] = m.world.sender.Command(c.text(m.sent), "trigger."+strconv.Itoa(m.sent))
		m.sent++
	}
	return requests
}

// place puts a filter on every agent, so that later ones move their ends, and waits until a reading has shown them all.
func (m *meter) place(ctx context.Context) error {
	first := &contender{text: m.world.filterText}
	if _, err := load.Run(ctx, load.Plan{Address: m.world.address, Requests: m.requests(first, chatAgents), Connections: 16}); err != nil {
		return err
	}
	return m.world.verified(ctx, chatAgents)
}

// verified waits until the bot has seen so many filters hold.
func (w *world) verified(ctx context.Context, count int) error {
	return until(2*time.Minute, "not every filter is verified", func() bool {
		verified, after := 0, ""
		for {
			var page struct {
				Items []struct {
					State string `json:"state"`
				} `json:"items"`
				Next string `json:"next"`
			}
			if w.ask("GET", "http://"+w.address+"/api/filters?limit=1000&after="+after, &page) != nil {
				return ctx.Err() != nil
			}
			for _, filter := range page.Items {
				if filter.State == "verified" {
					verified++
				}
			}
			if after = page.Next; after == "" {
				return verified == count || ctx.Err() != nil
			}
		}
	})
}

// settled waits until the master withholds so many agents.
func (w *world) settled(agents int) error {
	withheld := 0
	err := until(2*time.Minute, "the master withholds another number of agents", func() bool {
		return w.ask("GET", w.Control+"/withheld", &withheld) == nil && withheld == agents
	})
	if err != nil {
		return fmt.Errorf("%w: %d, expected %d", err, withheld, agents)
	}
	return nil
}

// round measures one contender: an open loop at the rate, then a closed one.
func (m *meter) round(ctx context.Context, c *contender, warmUp bool) error {
	count := int(m.session.seconds(6, 1).Seconds()*chatRate) / (2 * turnAgents) * (2 * turnAgents)
	paced, err := m.phase(ctx, c, &c.cpu, warmUp, load.Plan{Requests: m.requests(c, max(count, 2*turnAgents)), Rate: chatRate})
	if err != nil {
		return err
	}
	closed, err := m.phase(ctx, c, &c.busy, warmUp, load.Plan{Requests: m.requests(c, 5*max(count, 2*turnAgents))})
	if err != nil {
		return err
	}
	c.loaded = max(c.loaded, c.process.usage().resident)
	if !warmUp {
		c.p50.add(milliseconds(paced.Quantile(0.5)))
		c.p99.add(milliseconds(paced.Quantile(0.99)))
		c.p999.add(milliseconds(paced.Quantile(0.999)))
		c.most.add(closed.PerSecond())
	}
	return nil
}

// phase carries out a plan and adds up what processor time it took.
func (m *meter) phase(ctx context.Context, c *contender, cpu *[2]sample, warmUp bool, plan load.Plan) (load.Result, error) {
	plan.Address, plan.Expect, plan.Connections = c.address, c.expect, chatConnections
	before, stored := c.process.usage().cpu, c.redisUsage().cpu
	profiled := m.profile(c, plan.Rate)
	result, err := load.Run(ctx, plan)
	if err != nil {
		return result, fmt.Errorf("%s: %w", c.name, err)
	}
	if !warmUp {
		sent := time.Duration(len(plan.Requests))
		cpu[0].add(microseconds((c.process.usage().cpu - before) / sent))
		cpu[1].add(microseconds((c.redisUsage().cpu - stored) / sent))
	}
	return result, <-profiled
}

// profile fetches a profile of the bot while it is measured, if that was asked for.
func (m *meter) profile(c *contender, rate float64) <-chan error {
	profiled := make(chan error, 1)
	if m.session.profile == "" || c.process != m.world.bot {
		profiled <- nil
		return profiled
	}
	name := fmt.Sprintf("%s.%.0f.cpu.pprof", strings.Trim(strings.Fields(c.name)[1], ",:"), rate)
	go func() { profiled <- m.session.fetchProfile("profile?seconds=3", name) }()
	return profiled
}

func (c *contender) redisUsage() usage {
	if c.redis == nil {
		return usage{}
	}
	return c.redis.usage()
}

func report(s *session, contenders []*contender) {
	t := table{title: fmt.Sprintf("Slash command to answer over signed HTTP, %d a second (open loop), and the most a second (%d connections); medians of %d interleaved rounds (lowest to highest)",
		chatRate, chatConnections, s.rounds)}
	t.add("", "p50 ms", "p99 ms", "p99.9 ms", "most a second", "idle MiB", "loaded MiB")
	for _, c := range contenders {
		t.add(c.name, c.p50.String(), c.p99.String(), c.p999.String(), c.most.String(), number(c.idle), number(c.loaded))
	}
	t.write(s.out)
	t = table{title: "Processor time of one command, µs: of the process and of its Redis"}
	t.add("", fmt.Sprintf("at %d/s", chatRate), "Redis", "at the most", "Redis")
	for _, c := range contenders {
		t.add(c.name, c.cpu[0].String(), c.cpu[1].String(), c.busy[0].String(), c.busy[1].String())
	}
	t.write(s.out)
}
