package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// binary is the bot under test; Build sets it.
var binary string

// Build builds cmd/bot with the race detector into the directory, or takes the binary that CORDON_TEST_BINARY names. Call
// it once, in TestMain.
func Build(directory string) error {
	if binary = os.Getenv("CORDON_TEST_BINARY"); binary != "" {
		return nil
	}
	binary = filepath.Join(directory, "bot")
	_, here, _, _ := runtime.Caller(0)
	build := exec.Command("go", "build", "-race", "-o", binary, "./cmd/bot")
	build.Dir = filepath.Join(filepath.Dir(here), "..", "..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build -race ./cmd/bot: %w\n%s", err, output)
	}
	return nil
}

// NotRun tells that something outside is missing, and the exit code for that: a failure where CI says that everything is
// there (DESIGN.md, section 10).
func NotRun(reason string) int {
	fmt.Println("NOT RUN: " + reason)
	if os.Getenv("CI") != "" {
		return 1
	}
	return 0
}

// Binary is the path of the bot under test.
func Binary() string { return binary }
