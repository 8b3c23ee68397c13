package preview

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"cordon/filters"
	"cordon/scheduler"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; `go test ./internal/preview -update` writes it anew):\n%s", file, diff)
	}
}

func compile(t testing.TB, definitions map[string]scheduler.Definition) []*scheduler.Window {
	t.Helper()
	var windows []*scheduler.Window
	for _, name := range sorted(definitions) {
		window, problems := scheduler.Compile(name, definitions[name])
		if len(problems) > 0 {
			t.Fatal(name, problems)
		}
		windows = append(windows, window)
	}
	return windows
}

func sorted[V any](values map[string]V) []string {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func freezes(t testing.TB, list ...scheduler.Freeze) *scheduler.Calendar {
	t.Helper()
	calendar, problems := scheduler.CompileFreezes(list)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return calendar
}

func day0(t testing.TB, text string, zone *time.Location) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// fleet is a cluster of 500 agents in ten racks; every hundredth is deactivated.
func fleet() *filters.Roster {
	view := filters.View{Cluster: "prod"}
	for i := range 500 {
		view.Agents = append(view.Agents, filters.Agent{
			ID: filters.AgentID(fmt.Sprintf("4f1c-S%03d", i)), Hostname: fmt.Sprintf("web-%03d", i),
			Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", i%10)}},
			Resources:  filters.Resources{CPUs: float64(8 + i%3*8), MemMB: float64(32768 + i%2*32768)},
			Active:     i%100 != 99, Deactivated: i%100 == 99,
		})
	}
	return filters.NewRoster(view)
}

func TestScratch(t *testing.T) {
	windows := compile(t, map[string]scheduler.Definition{
		"kernel-tue": {Schedule: "0 2 * * 2", Duration: "2h", TimeZone: "Europe/Berlin", Attributes: map[string]string{"rack": "r1"}, MaxUnavailable: "50%", MaxUnavailablePer: "rack"},
		"firmware":   {Schedule: "30 3 * * 2", Duration: "6h", TimeZone: "Europe/Berlin", Targets: []string{"web-0*"}, Run: &scheduler.Procedure{Steps: []string{"webhook reboot"}, MaxParallel: 4}},
		"ticker":     {Schedule: "*/30 * 1-3 12 *", Duration: "5m", TimeZone: "America/New_York", Targets: []string{"web-001"}},
		"nobody":     {Schedule: "0 22 * * 5", Duration: "4h", TimeZone: "America/New_York", Targets: []string{"nosuch", "web-003"}},
	})
	p, err := Look(Question{Cluster: "prod", Windows: windows, Roster: fleet(), From: day0(t, "2026-11-23", time.UTC), To: day0(t, "2026-12-28", time.UTC),
		Freezes: freezes(t, scheduler.Freeze{Name: "year's end", From: "2026-12-20", To: "2027-01-03", TimeZone: "Europe/Berlin"})})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	_ = p.Text(&page)
	fmt.Println(page.String())
	page.Reset()
	if err := p.HTML(&page); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile("/tmp/preview.html", page.Bytes(), 0o644)
}
