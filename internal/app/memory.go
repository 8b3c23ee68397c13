package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage collector lets the heap grow to twice what lives. With a large cluster that is what a reading leaves behind,
// and nobody else can use it; so the heap is held nearer to what lives: to memoryLeast, or a quarter as much again and memorySpare.
const (
	memoryLeast = 48 << 20
	memorySpare = 4 << 20
	memoryEvery = 15 * time.Second
)

// boundMemory holds the process's memory down until ctx ends, unless whoever runs it has set GOMEMLIMIT.
func boundMemory(ctx context.Context) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	_ = every(ctx, memoryEvery, func() {
		metrics.Read(live)
		debug.SetMemoryLimit(max(memoryLeast, int64(live[0].Value.Uint64())/4*5+memorySpare))
	})
}
