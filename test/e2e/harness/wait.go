package harness

import (
	"net"
	"testing"
	"time"
)

// Patience is how long a test waits for what should come soon. It is long because the race detector and a busy machine
// are slow; what must be quick is measured where it matters.
const Patience = 30 * time.Second

// look is how often a condition is looked at.
const look = 25 * time.Millisecond

// Until waits until the condition holds, which says what is missing (empty: nothing), and returns how long that took.
func Until(t testing.TB, most time.Duration, missing func() string) time.Duration {
	t.Helper()
	began := time.Now()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		what := missing()
		if what == "" {
			return time.Since(began)
		}
		if time.Since(began) > most {
			t.Fatalf("after %s: %s", most, what)
		}
		<-ticker.C
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

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// Pause lets time pass in which something goes on: it is for the rhythm of a storm, never for waiting.
func Pause(d time.Duration) { <-time.After(d) }
