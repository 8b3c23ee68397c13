package conformance

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

var recordings = flag.String("recordings", "", "replay the recordings of this directory instead of the kept ones")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is the directory of recordings that the repository holds.
const kept = "testdata/mesos-1.12"

func open(t *testing.T, dir string, base *Scenario) *Suite {
	t.Helper()
	suite, err := Open(os.DirFS(dir), base)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

// suiteToReplay is the kept suite, or the directory of the flag -recordings with its own scenario or within the kept one's.
func suiteToReplay(t *testing.T) *Suite {
	known := open(t, kept, nil)
	if *recordings == "" {
		return known
	}
	asked := open(t, directory(t, *recordings), known.Scenario)
	if len(asked.Recordings) == 0 {
		t.Fatalf("-recordings %s holds no recordings", *recordings)
	}
	if asked.Scenario == nil {
		return asked.Within(known)
	}
	asked.Elsewhere = known.Recordings
	return asked
}

// directory finds a directory that is named from where one stands: go test runs in the package's folder, people type from
// the top of the repository.
func directory(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, filepath.Join("..", "..", name)} {
		if info, err := os.Stat(candidate); err == nil && info.IsDir() {
			return candidate
		}
	}
	t.Fatalf("-recordings %s: no such directory, neither from here nor from the top of the repository", name)
	return ""
}

func TestReplay(t *testing.T) {
	suite := suiteToReplay(t)
	tally := tally{seen: make(map[string]bool)}
	t.Run("series", func(t *testing.T) {
		for _, series := range suite.Scenario.Series {
			t.Run(strings.ReplaceAll(series.Name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				results, err := suite.Replay(ctx, series)
				tally.add(results)
				for _, result := range results {
					if !result.Equal {
						t.Errorf("%s\n%s", result.Name, indent(result.Report))
					}
				}
				if err != nil {
					t.Errorf("the series stopped: %v", err)
				}
			})
		}
	})
	t.Log(tally.summary(suite))
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// tally counts results of series that run side by side.
type tally struct {
	mutex           sync.Mutex
	seen            map[string]bool
	replayed, equal int
}

func (c *tally) add(results []Result) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, result := range results {
		c.seen[result.Name] = true
		c.replayed++
		if result.Equal {
			c.equal++
		}
	}
}

func (c *tally) summary(suite *Suite) string {
	var excused []string
	for name := range suite.Recordings {
		if (suite.Asked == nil || suite.Asked[name]) && !c.seen[name] {
			excused = append(excused, name)
		}
	}
	sort.Strings(excused)
	lines := []string{fmt.Sprintf("%d recordings replayed, %d equal, %d not replayed", c.replayed, c.equal, len(excused))}
	for _, name := range excused {
		lines = append(lines, fmt.Sprintf("not replayed: %s (%s)", name, suite.Scenario.unreplayed(name)))
	}
	return strings.Join(lines, "\n")
}

// Every file is either replayed or excused with a reason.
func TestNothingIsLeftOut(t *testing.T) {
	suite := suiteToReplay(t)
	if left := suite.unplaced(); len(left) > 0 {
		t.Errorf("neither replayed nor listed with a reason: %s", strings.Join(left, ", "))
	}
	left := slices.DeleteFunc(slices.Clone(suite.Others), func(name string) bool { return suite.Scenario.unreplayed(name) != "" })
	if len(left) > 0 && *recordings == "" {
		t.Errorf("no recorded requests, and listed with no reason: %s", strings.Join(left, ", "))
	}
	if idle := suite.idleReasons(); len(idle) > 0 && *recordings == "" {
		t.Errorf("reasons for files that are not there: %s", strings.Join(idle, ", "))
	}
}
