// Package e2e runs the built bot, the simulators and a real redis-server as separate processes, uses them as people and
// scripts do, and breaks them. What a person would notice is asserted; at the end of each test the journal and the cluster
// must agree (package journal).
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"cordon/test/e2e/harness"
)

// atOnce is how many worlds run side by side: most of their time they wait for leases and readings.
const atOnce = "20"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return harness.NotRun("redis-server is not installed")
	}
	flag.Parse()
	if set := flag.Lookup("test.parallel"); set.Value.String() == set.DefValue {
		_ = set.Value.Set(atOnce)
	}
	directory, err := os.MkdirTemp("", "e2e")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(directory)
	if err := harness.Build(directory); err != nil {
		fmt.Println(err)
		return 1
	}
	code := m.Run()
	harness.CloseIdle()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		return 1
	}
	return code
}
