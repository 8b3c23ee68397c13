package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// measured are the packages whose own benchmarks are run, and which of them.
var measured = []struct{ title, path, names string }{
	{"Difference over a cluster of which a tenth is under filters, its hash included", "./filters/reconcile", "Difference"},
	{"GET_AGENTS read from a socket and indexed, and mesos-go's bare Unmarshal of it", "./filters/mesos", "Read$"},
	{"Windows: what is open now of 10,000, and what an edge costs beside robfig/cron", "./scheduler", "OpenNow|Edge|Next"},
}

// packages runs benchmarks of packages, several times, and writes medians.
func packages(ctx context.Context, s *session) error {
	count, span := strconv.Itoa(s.rounds), "300ms"
	if s.quick {
		count, span = "1", "10ms"
	}
	for _, m := range measured {
		command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", m.names, "-benchmem", "-count", count, "-benchtime", span, m.path)
		output, err := command.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", m.path, err, output)
		}
		t := table{title: m.title + "; medians (lowest to highest)"}
		t.add("", "ms", "kB allocated", "allocations")
		names, samples := parseBenchmarks(output)
		for _, name := range names {
			sample := samples[name]
			t.add(name, sample["ns/op"].scaled(1e-6).String(), number(sample["B/op"].median()/1e3), number(sample["allocs/op"].median()))
		}
		t.write(s.out)
	}
	return nil
}

// parseBenchmarks reads what `go test -bench` wrote: samples by benchmark, in order, and by unit.
func parseBenchmarks(output []byte) (names []string, samples map[string]map[string]sample) {
	samples = map[string]map[string]sample{}
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if cut := strings.LastIndexByte(name, '-'); cut > 0 {
			name = name[:cut]
		}
		if samples[name] == nil {
			names, samples[name] = append(names, name), map[string]sample{}
		}
		for pair := range slices.Chunk(fields[2:], 2) {
			if value, err := strconv.ParseFloat(pair[0], 64); err == nil && len(pair) == 2 {
				samples[name][pair[1]] = append(samples[name][pair[1]], value)
			}
		}
	}
	return names, samples
}
