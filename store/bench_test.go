package store

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cordon/filters"
)

// BenchmarkCommit measures what one slash command costs the store: one filter and its entry, durable, by so many people
// at once. together shares trips and syncs; naive sends each script alone, as a plain client would.
func BenchmarkCommit(b *testing.B) {
	for _, people := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint("together/", people), func(b *testing.B) {
			s := open(b, newServer(b))
			benchmarkCommits(b, s, people, func(commit filters.Commit) error {
				_, err := s.Commit(b.Context(), commit)
				return err
			})
		})
		b.Run(fmt.Sprint("naive/", people), func(b *testing.B) {
			s := open(b, newServer(b))
			benchmarkCommits(b, s, people, func(commit filters.Commit) error { return naive(b, s, commit) })
		})
	}
}

// naive sends one commit's script by itself.
func naive(b *testing.B, s *Store, commit filters.Commit) error {
	c, err := compose(&commit)
	if err != nil {
		return err
	}
	all := s.arguments(c, &commit, piece{number: 1, of: 1, records: span{0, len(c.records)}, events: span{0, len(c.events)}})
	keys, arguments := make([]string, 0, len(s.keys.commit)+2), all[3+len(s.keys.commit)+2:]
	for _, key := range all[3 : 3+len(s.keys.commit)+2] {
		keys = append(keys, key.(string))
	}
	answer, err := commitScript.Run(b.Context(), s.redis.client, keys, arguments...).Slice()
	if err != nil {
		return err
	}
	return s.refusal(c, &commit, reply(answer))
}

func benchmarkCommits(b *testing.B, s *Store, people int, commit func(filters.Commit) error) {
	var next atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(max(1, people/2)) // times GOMAXPROCS, which is 2 where this was measured
	b.ResetTimer()
	began, ours, theirs := time.Now(), processTime(b), redisTime(b, s)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := int(next.Add(1))
			if err := commit(placing("k"+strconv.Itoa(n), placed(n, "user:U1"))); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "commits/s")
	b.ReportMetric(float64((processTime(b)-ours).Microseconds())/float64(b.N), "our-cpu-µs")
	b.ReportMetric(float64((redisTime(b, s)-theirs).Microseconds())/float64(b.N), "redis-cpu-µs")
}

// processTime is the processor time that this process has used.
func processTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// redisTime is the processor time that Redis has used.
func redisTime(b *testing.B, s *Store) (used time.Duration) {
	info := s.redis.client.Info(b.Context(), "cpu").Val()
	for _, name := range []string{"used_cpu_sys", "used_cpu_user"} {
		text, _ := infoField(info, name)
		took, err := time.ParseDuration(text + "s")
		must(b, err)
		used += took
	}
	return used
}

// BenchmarkCompose measures our own part of a commit: encoding it and its arguments.
func BenchmarkCompose(b *testing.B) {
	s := &Store{keys: keysOf("prod")}
	b.ReportAllocs()
	for b.Loop() {
		commit := placing("k", placed(1, "user:U1"))
		c, err := compose(&commit)
		if err != nil {
			b.Fatal(err)
		}
		s.arguments(c, &commit, piece{number: 1, of: 1, records: span{0, 1}, events: span{0, 1}})
	}
}

// BenchmarkLoad measures taking over a cluster with so many filters.
func BenchmarkLoad(b *testing.B) {
	for _, count := range []int{100, 5000} {
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			s := open(b, newServer(b))
			commit := placing("k")
			for i := range count {
				commit.Filters = append(commit.Filters, placed(i, "user:U1"))
			}
			_, err := s.Commit(b.Context(), commit)
			must(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Load(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLargeCommit measures one plan of 5,000 filters, in ten chunks.
func BenchmarkLargeCommit(b *testing.B) {
	s := open(b, newServer(b))
	round := 0
	for b.Loop() {
		round++
		commit := placing(fmt.Sprint("k", round))
		for i := range 5000 {
			filter := placed(i, "user:U"+strconv.Itoa(round))
			commit.PutFilter(filter, filters.Event{Kind: filters.KindFilter, Operation: "o1", Outcome: "recorded"})
		}
		if _, err := s.Commit(b.Context(), commit); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLatency sends commits at a steady rate, whether or not the last was answered, and reports what people wait.
func BenchmarkLatency(b *testing.B) {
	for _, rate := range []int{500, 2000} {
		b.Run(fmt.Sprint(rate, "-per-second"), func(b *testing.B) {
			s := open(b, newServer(b))
			var wait sync.WaitGroup
			took := make([]time.Duration, b.N)
			tick := time.NewTicker(time.Second / time.Duration(rate))
			defer tick.Stop()
			b.ResetTimer()
			for n := range b.N {
				<-tick.C
				wait.Go(func() {
					began := time.Now()
					if _, err := s.Commit(b.Context(), placing("k"+strconv.Itoa(n), placed(n, "user:U1"))); err != nil {
						b.Error(err)
					}
					took[n] = time.Since(began)
				})
			}
			wait.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
