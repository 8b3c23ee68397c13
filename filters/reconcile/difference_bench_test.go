package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"cordon/filters"
	"cordon/filters/reconcile"
)

// fleet is a cluster of which one agent in ten is under a filter, with IDs as long as Mesos makes them.
func fleet(agents int, settled bool) *board {
	b := newBoard()
	for n := range agents {
		id := filters.AgentID(fmt.Sprintf("7d2c1f0e-93ab-4a51-b9b4-0d6f3f7a1c55-S%d", n))
		agent := filters.Agent{ID: id, Hostname: fmt.Sprintf("web-%d.example.org", n), IP: "10.0.0.1", Port: 5051, Active: true, Registered: noon.Add(-24 * time.Hour)}
		if n%10 == 0 {
			b.filter(n)
			b.Filters[len(b.Filters)-1].Agent = id
			if settled {
				deactivated(&agent)
				b.ledger(n)
				b.Ledger[len(b.Ledger)-1].Agent = id
				b.Registered[id] = agent.Registered
			}
		}
		b.agents = append(b.agents, agent)
	}
	b.difference() // indexes the reading, which is done once for each
	return b
}

func benchmarkDifference(b *testing.B, settled bool) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		board := fleet(agents, settled)
		want := agents / 10
		if settled {
			want = 0
		}
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				changes := reconcile.Difference(&board.Situation)
				_ = reconcile.Hash(changes)
				if len(changes) != want {
					b.Fatalf("%d changes", len(changes))
				}
			}
		})
	}
}

func BenchmarkDifferenceSettled(b *testing.B)   { benchmarkDifference(b, true) }
func BenchmarkDifferenceAllChange(b *testing.B) { benchmarkDifference(b, false) }

// BenchmarkReading is what each new reading costs before its first difference.
func BenchmarkReading(b *testing.B) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		board := fleet(agents, true)
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				reconcile.NewReading(board.Reading.Roster)
			}
		})
	}
}
