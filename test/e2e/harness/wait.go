package harness

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// Patience is how long a test waits for what should come soon. It is long because the race detector and a busy machine
// are slow; what must be quick is measured where it matters.
const Patience = 30 * time.Second

// look is how often a condition is looked at, at first; what takes long is looked at less often, up to lookLeast apart: looking
// costs the processors that it waits for.
const (
	look      = 25 * time.Millisecond
	lookLeast = 250 * time.Millisecond
)

// Until waits until the condition holds, which says what is missing (empty: nothing), and returns how long that took.
func Until(t testing.TB, most time.Duration, missing func() string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		what, passed := missing(), time.Since(began)
		if what == "" {
			return passed
		}
		if passed > most {
			t.Fatalf("after %s: %s", most, what)
		}
		Pause(min(max(passed/10, look), lookLeast))
	}
}

// Stays holds the condition for so long: for what must not happen.
func Stays(t testing.TB, long time.Duration, broken func() string) {
	t.Helper()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-ticker.C {
		if what := broken(); what != "" {
			t.Fatal(what)
		}
	}
}

// ports counts through the ports below those that systems give to whoever asks for any: a bot that is started again, or a
// proxy that listens again, finds its port as it left it.
var ports atomic.Int64

const (
	portFirst = 20_000
	portCount = 12_000
)

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	for range portCount {
		port := portFirst + int(int64(os.Getpid())*97+ports.Add(1))%portCount
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Pause lets time pass in which something goes on: it is for the rhythm of a storm, never for waiting.
func Pause(d time.Duration) { <-time.After(d) }
