package scheduler

import (
	"container/heap"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

const manyWindows = 10_000

var benchmarkNow = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)

// benchmarkWindows returns windows as a large company has them: weekly, daily and monthly ones in a dozen zones.
func benchmarkWindows(b testing.TB, count int) []*Window {
	zones := []string{
		"UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Tokyo", "Asia/Kolkata",
		"Australia/Sydney", "Africa/Cairo", "Africa/Casablanca", "Pacific/Auckland",
	}
	windows := make([]*Window, count)
	for i := range windows {
		schedule := []string{"%d %d * * 2", "%d %d * * *", "%d %d * * 1-5", "%d %d 1,15 * *"}[i%4]
		w, problems := Compile(fmt.Sprintf("w-%d", i), Definition{
			Schedule: fmt.Sprintf(schedule, i%60, i/60%24), Duration: "2h", TimeZone: zones[i%len(zones)], Targets: []string{"*"},
		})
		if len(problems) > 0 {
			b.Fatal(texts(problems))
		}
		windows[i] = w
	}
	return windows
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		benchmarkWindows(b, 1000)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/1000, "ns/window")
}

// BenchmarkNext is the cost of one window's next start.
func BenchmarkNext(b *testing.B) {
	for _, test := range []struct{ name, schedule, zone string }{
		{"daily in UTC", "0 2 * * *", "UTC"}, {"daily in Berlin", "0 2 * * *", "Europe/Berlin"}, {"weekly in Berlin", "0 2 * * 2", "Europe/Berlin"},
		{"yearly in New York", "0 2 24 12 *", "America/New_York"}, {"leap days", "0 2 29 2 *", "UTC"},
	} {
		b.Run(test.name, func(b *testing.B) {
			w := compile(b, Definition{Schedule: test.schedule, Duration: "1h", TimeZone: test.zone})
			b.ReportAllocs()
			for b.Loop() {
				w.Next(benchmarkNow)
			}
		})
	}
}

// BenchmarkOpenNow asks every one of 10,000 windows whether it is open: DESIGN wants it under 50 ms.
func BenchmarkOpenNow(b *testing.B) {
	windows := benchmarkWindows(b, manyWindows)
	open := 0
	b.ReportAllocs()
	for b.Loop() {
		open = 0
		for _, w := range windows {
			if _, ok := w.Active(benchmarkNow); ok {
				open++
			}
		}
	}
	b.ReportMetric(float64(open), "open")
}

// starts is a heap of windows by their next start.
type starts []Occurrence

func (s starts) Len() int           { return len(s) }
func (s starts) Less(i, j int) bool { return s[i].Start.Before(s[j].Start) }
func (s starts) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *starts) Push(next any)     { *s = append(*s, next.(Occurrence)) }
func (s *starts) Pop() any          { last := (*s)[len(*s)-1]; *s = (*s)[:len(*s)-1]; return last }

// BenchmarkEdge is what one edge of 10,000 windows costs, which is all that they cost while nothing else happens: a heap of
// next starts is put right; robfig/cron's own scheduler sorts its entries. Of that the processor time is measured, with an
// edge every few milliseconds.
func BenchmarkEdge(b *testing.B) {
	windows := benchmarkWindows(b, manyWindows)
	b.Run("heap", func(b *testing.B) {
		next, byName := make(starts, 0, len(windows)), map[string]*Window{}
		for _, w := range windows {
			first, _ := w.Next(benchmarkNow)
			next, byName[w.Name] = append(next, first), w
		}
		heap.Init(&next)
		b.ReportAllocs()
		for b.Loop() {
			next[0], _ = byName[next[0].Window].Next(next[0].Start)
			heap.Fix(&next, 0)
		}
	})
	b.Run("robfig", func(b *testing.B) { benchmarkRobfig(b, windows) })
}

func benchmarkRobfig(b *testing.B, windows []*Window) {
	const gap = 5 * time.Millisecond
	at := time.Now().Add(time.Second)
	scheduler, ran := cron.New(cron.WithLocation(time.UTC)), make(chan struct{}, 16)
	for _, w := range windows {
		scheduler.Schedule(spaced{&w.clock.times.SpecSchedule, &at, gap}, cron.FuncJob(func() { ran <- struct{}{} }))
	}
	scheduler.Start()
	defer scheduler.Stop()
	<-ran
	b.ResetTimer()
	before := processorTime(b)
	for range b.N {
		<-ran
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "ns/op") // not what the clock says: it waits
}

// spaced is a schedule that costs what it costs, and comes a little after the one before.
type spaced struct {
	cron.Schedule
	at  *time.Time
	gap time.Duration
}

func (s spaced) Next(now time.Time) time.Time {
	s.Schedule.Next(now)
	*s.at = s.at.Add(s.gap)
	return *s.at
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
