package preview

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// dayIn is the first moment of the day in the zone.
func dayIn(t testing.TB, text string, zone *time.Location) time.Time {
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

// look answers the question for the days, both included, in the zone.
func look(t testing.TB, question Question, from, to string) *Preview {
	t.Helper()
	zone := ZoneOf(question)
	question.Cluster = "prod"
	question.From, question.To = dayIn(t, from, zone), dayIn(t, to, zone).AddDate(0, 0, 1)
	seen, err := Look(question)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

type definitions = map[string]scheduler.Definition

var (
	hosts   = func(names ...string) []string { return names }
	yearEnd = scheduler.Freeze{Name: "year's end", From: "2026-12-20", To: "2027-01-03", TimeZone: "Europe/Berlin"}
)

// plan is a plausible configuration over the fleet.
func plan(t testing.TB) Question {
	return Question{
		Windows: compile(t, definitions{
			"kernel-tue": {Schedule: "0 2 * * 2", Duration: "2h", TimeZone: "Europe/Berlin", Attributes: map[string]string{"rack": "r1"}, MaxUnavailable: "50%", MaxUnavailablePer: "rack"},
			"firmware": {Schedule: "30 3 * * 2", Duration: "6h", TimeZone: "Europe/Berlin", Targets: hosts("web-0*"), Approval: true,
				Run: &scheduler.Procedure{Steps: []string{"webhook reboot"}, MaxParallel: 4}},
			"ticker": {Schedule: "*/30 * 1-3 12 *", Duration: "5m", TimeZone: "America/New_York", Targets: hosts("web-001")},
			"late":   {Schedule: "0 22 * * 5", Duration: "4h", TimeZone: "America/New_York", Targets: hosts("nosuch", "@bench")},
			"gone":   {Schedule: "0 6 * * 3", Duration: "1h", TimeZone: "Asia/Kolkata", Attributes: map[string]string{"rack": "r99"}},
		}),
		Freezes: freezes(t, yearEnd),
		Groups:  map[string]filters.Group{"bench": {Hosts: hosts("web-003", "web-004")}},
		Roster:  fleet(), Source: "cordon.yaml and agents.json", Made: time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC),
	}
}

func TestText(t *testing.T) {
	nightly := scheduler.Definition{Schedule: "30 2 * * *", Duration: "2h", TimeZone: "Europe/Berlin", Targets: hosts("web-*")}
	evening := scheduler.Definition{Schedule: "30 1 * * *", Duration: "90m", TimeZone: "America/New_York", Targets: hosts("db-*")}
	for name, test := range map[string]struct {
		question Question
		from, to string
	}{
		"fleet":              {plan(t), "2026-11-23", "2026-12-27"},
		"berlin-spring":      {Question{Windows: compile(t, definitions{"nightly": nightly})}, "2027-03-27", "2027-03-29"},
		"berlin-autumn":      {Question{Windows: compile(t, definitions{"nightly": nightly})}, "2027-10-30", "2027-11-01"},
		"new-york-spring":    {Question{Windows: compile(t, definitions{"evening": evening})}, "2027-03-13", "2027-03-15"},
		"new-york-autumn":    {Question{Windows: compile(t, definitions{"evening": evening})}, "2027-11-06", "2027-11-08"},
		"both-sides":         {Question{Windows: compile(t, definitions{"evening": evening, "nightly": nightly})}, "2027-03-12", "2027-03-14"},
		"freezes":            {frozen(t), "2026-12-18", "2026-12-24"},
		"unknown-state":      {unknownState(t), "2026-12-01", "2026-12-03"},
		"nothing":            {Question{}, "2026-12-01", "2026-12-02"},
		"nothing-opens":      {Question{Windows: compile(t, definitions{"yearly": {Schedule: "@yearly", Duration: "1h", Targets: hosts("x")}}), Roster: fleet()}, "2026-12-01", "2026-12-02"},
		"across-the-weekend": {Question{Windows: compile(t, definitions{"weekend": {Schedule: "0 22 * * 5", Duration: "2d6h", TimeZone: "Europe/Berlin", Targets: hosts("x")}})}, "2026-12-05", "2026-12-12"},
	} {
		t.Run(name, func(t *testing.T) {
			var page bytes.Buffer
			if err := look(t, test.question, test.from, test.to).Text(&page); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", page.Bytes())
		})
	}
}

// frozen has a freeze that begins while a window is open, one that ends while one would be, and one for one window only.
func frozen(t testing.TB) Question {
	daily := scheduler.Definition{Schedule: "0 16 * * *", Duration: "4h", Targets: hosts("web-1")}
	skips := daily
	skips.Missed = "skip"
	cut := daily
	cut.Cutoff = "2h"
	return Question{
		Windows: compile(t, definitions{"daily": daily, "skips": skips, "cut": cut}),
		Freezes: freezes(t,
			scheduler.Freeze{Name: "release", From: "2026-12-19 18:00", To: "2026-12-21 18:30"},
			scheduler.Freeze{Name: "audit", From: "2026-12-23", To: "2026-12-23", Windows: hosts("daily")},
		),
	}
}

func unknownState(t testing.TB) Question {
	at := func(schedule string, attributes map[string]string, targets ...string) scheduler.Definition {
		return scheduler.Definition{Schedule: schedule, Duration: "3h", TimeZone: "Europe/Berlin", Targets: targets, Attributes: attributes}
	}
	return Question{
		Windows: compile(t, definitions{
			"rack-one": at("0 1 * * *", map[string]string{"rack": "r1"}),
			"rack-two": at("0 2 * * *", map[string]string{"rack": "r2"}),
			"group":    at("0 3 * * *", nil, "@bench"),
			"dbs":      at("0 3 * * *", nil, "db-*"),
		}),
		Groups: map[string]filters.Group{"bench": {Hosts: hosts("web-1", "db-7")}},
	}
}

func TestPage(t *testing.T) {
	for name, test := range map[string]struct {
		question Question
		from, to string
	}{
		"fleet":   {plan(t), "2026-11-23", "2026-12-27"},
		"nothing": {Question{}, "2026-12-01", "2026-12-02"},
	} {
		var page bytes.Buffer
		if err := look(t, test.question, test.from, test.to).HTML(&page); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".html", page.Bytes())
		for _, bad := range []string{"<script", "http://", "https://", "src=", "ZgotmplZ"} {
			if strings.Contains(page.String(), bad) {
				t.Errorf("%s: the page has %s", name, bad)
			}
		}
	}
}

// What people write is text on the page, not marks.
func TestPageIsInert(t *testing.T) {
	question := plan(t)
	const evil = `</span><script>alert(1)</script>`
	question.Source = evil
	question.Freezes = freezes(t, scheduler.Freeze{Name: evil, From: "2026-12-01", To: "2026-12-02"})
	question.Windows = append(question.Windows, compile(t, definitions{"evil": {Schedule: "@daily", Duration: "1h", Targets: hosts("<b>*")}})...)
	var page bytes.Buffer
	if err := look(t, question, "2026-12-01", "2026-12-03").HTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script") || strings.Contains(page.String(), "<b>*") {
		t.Error("text came through as marks")
	}
}

func TestReview(t *testing.T) {
	question := plan(t)
	question.Windows = append(question.Windows, compile(t, definitions{
		"either": {Schedule: "0 2 13 * 5", Duration: "1h", Targets: hosts("db-1")},
		"over":   {Schedule: "@daily", Duration: "1h", EndDate: "2026-01-01", Targets: hosts("db-1")},
	})...)
	question.Freezes = freezes(t, yearEnd, scheduler.Freeze{Name: "audit", From: "2027-02-01", To: "2027-02-01 23:00", Windows: hosts("kernel-wed", "kernel-tue")})
	question.From = time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)
	var text bytes.Buffer
	if err := Review(question, &text); err != nil {
		t.Fatal(err)
	}
	golden(t, "review.txt", text.Bytes())
}

// Windows that open each minute are looked at for as long as can be.
func TestReviewOfCrowds(t *testing.T) {
	windows := definitions{}
	for i := range 40 {
		windows[fmt.Sprintf("crowd-%d", i)] = scheduler.Definition{Schedule: "* * * * *", Duration: "30s", Targets: hosts("x")}
	}
	var text bytes.Buffer
	if err := Review(Question{Windows: compile(t, windows), From: time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)}, &text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "nobody can say whether they meet") {
		t.Error(text.String())
	}
}

func TestRanges(t *testing.T) {
	now := time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)
	crowd := compile(t, definitions{"crowd": {Schedule: "* * * * *", Duration: "30s", Targets: hosts("x")}})
	for _, test := range []struct {
		question Question
		code     filters.Code
	}{
		{Question{From: now, To: now}, filters.Invalid},
		{Question{From: now, To: now.Add(-time.Hour)}, filters.Invalid},
		{Question{From: now, To: now.AddDate(0, 1, 0), Windows: crowd}, filters.Limited},
	} {
		if _, err := Look(test.question); filters.CodeOf(err) != test.code {
			t.Errorf("%v, want %s", err, test.code)
		}
	}
}
