package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// options say what is measured, and for how long.
type options struct {
	bot    string // the built binary
	only   string // comma list of names; empty: all
	rounds int
	quick  bool
	// agents is the size of the only cluster that what grows with it is measured on, 0: several; tasks run on each of its agents.
	agents, tasks int
	// profile is a directory for profiles of a bot that was built with -tags profile.
	profile string
}

// benchmarks in their order; each writes its tables.
var benchmarks = []struct {
	name string
	run  func(context.Context, *session) error
}{
	{"chat", chat},
	{"turns", turns},
	{"master", toMaster},
	{"read", reading},
	{"repair", repair},
	{"packages", packages},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == simulateWord {
		exit(simulate(ctx, os.Args[2:], os.Stdout))
	}
	var o options
	flag.StringVar(&o.bot, "bot", "bin/bot", "the built bot")
	flag.StringVar(&o.only, "only", "", "benchmarks to run, with commas: chat, turns, master, read, repair, packages; empty: all")
	flag.IntVar(&o.rounds, "rounds", 7, "interleaved rounds of which medians are taken")
	flag.BoolVar(&o.quick, "quick", false, "shorter rounds and smaller clusters: to see that it works, not how fast")
	flag.IntVar(&o.agents, "agents", 0, "of the clusters that growth is shown on, only one with so many agents; 0: all")
	flag.IntVar(&o.tasks, "tasks", 0, "tasks on each simulated agent")
	flag.StringVar(&o.profile, "profile", "", "write profiles of the chat and read benchmarks to this directory; the bot must be built with -tags profile")
	flag.Parse()
	exit(all(ctx, o, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func all(ctx context.Context, o options, out io.Writer) error {
	for _, benchmark := range benchmarks {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+benchmark.name+",") {
			continue
		}
		if err := one(ctx, o, out, benchmark.run); err != nil {
			return fmt.Errorf("%s: %w", benchmark.name, err)
		}
	}
	return nil
}

// one runs a benchmark in a session of its own: what it starts ends with it.
func one(ctx context.Context, o options, out io.Writer, run func(context.Context, *session) error) error {
	s, err := openSession(o, out)
	if err != nil {
		return err
	}
	defer s.close()
	return run(ctx, s)
}

// writeLine writes a value as one line of JSON.
func writeLine(to io.Writer, value any) error { return json.NewEncoder(to).Encode(value) }
