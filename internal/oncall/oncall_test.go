package oncall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"

	sim "cordon/internal/sim/oncall"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "pd-token-that-nobody-may-see"

// workspace is a Slack with some people and one group.
type workspace struct {
	people map[string]string // addresses
	groups map[string][]string
	away   bool
}

func (w *workspace) MembersNow(_ context.Context, group string) ([]string, error) {
	if w.away || w.groups[group] == nil {
		return nil, errors.New("Slack is away")
	}
	return w.groups[group], nil
}

func (w *workspace) ByEmail(_ context.Context, address string) (string, error) {
	if w.away {
		return "", errors.New("Slack is away")
	}
	return w.people[address], nil
}

func office() *workspace {
	return &workspace{
		people: map[string]string{"alice@example.com": "UALICE", "bob@example.com": "UBOB"},
		groups: map[string][]string{"S1": {"UCAROL", "UBOB"}},
	}
}

// run runs a Duty until the test ends.
func run(t *testing.T, config Config) *Duty {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	duty := New(config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = duty.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return duty
}

func serve(t *testing.T, handler http.Handler) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func pagerDuty(t *testing.T, shifts ...sim.Shift) (*PagerDuty, *sim.PagerDuty) {
	t.Helper()
	site := sim.NewPagerDuty(token)
	site.Set(shifts...)
	account, err := NewPagerDuty(Account{URL: serve(t, site), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return account, site
}

func opsgenie(t *testing.T, shifts ...sim.Shift) (*Opsgenie, *sim.Opsgenie) {
	t.Helper()
	site := sim.NewOpsgenie(token, map[string]string{"d875a1f4-9b4e-4219-8a93-0c26936d18de": "night watch"})
	site.Set(shifts...)
	account, err := NewOpsgenie(Account{URL: serve(t, site), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return account, site
}

func ask(t *testing.T, level int, config Config) filters.OnCall {
	t.Helper()
	found, err := run(t, config).OnCall(t.Context(), level)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPagerDuty(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	shifts := []sim.Shift{
		{ID: "P1", Name: "Alice A", Email: " Alice@Example.com", Schedule: "PSCHED", Policy: "PPOL", Level: 1, Start: soon.Add(-24 * time.Hour), End: soon},
		{ID: "P1", Name: "Alice A", Email: "alice@example.com", Schedule: "PSCHED", Policy: "POTHER", Level: 3, Start: soon.Add(-24 * time.Hour), End: soon},
		{ID: "P2", Name: "Bob B", Email: "bob@example.com", Policy: "PPOL", Level: 2},
		{ID: "P3", Name: "Zoe <!channel>", Email: "zoe@elsewhere.example", Schedule: "PSCHED", Policy: "PPOL", Level: 1, Start: soon.Add(-24 * time.Hour), End: soon.Add(time.Hour)},
		{ID: "P4", Name: "Yesterday's", Email: "bob@example.com", Schedule: "PSCHED", Policy: "PPOL", Level: 1, End: soon.Add(-2 * time.Hour)},
	}
	account, _ := pagerDuty(t, shifts...)
	for name, c := range map[string]struct {
		source Source
		want   filters.OnCall
	}{
		"a schedule":         {account.Schedule("PSCHED"), filters.OnCall{Users: []string{"UALICE"}, Strangers: []string{"Zoe <!channel>"}, Source: "PagerDuty schedule PSCHED", Until: soon}},
		"a policy":           {account.Policy("PPOL", 1), filters.OnCall{Users: []string{"UALICE"}, Strangers: []string{"Zoe <!channel>"}, Source: "PagerDuty escalation policy PPOL, level 1", Until: soon}},
		"its next level":     {account.Policy("PPOL", 2), filters.OnCall{Users: []string{"UBOB"}, Source: "PagerDuty escalation policy PPOL, level 2"}},
		"nobody on call":     {account.Policy("PPOL", 4), filters.OnCall{Source: "PagerDuty escalation policy PPOL, level 4"}},
		"an unknown one":     {account.Schedule("PNONE"), filters.OnCall{Source: "PagerDuty schedule PNONE"}},
		"a level of another": {account.Policy("POTHER", 3), filters.OnCall{Users: []string{"UALICE"}, Source: "PagerDuty escalation policy POTHER, level 3", Until: soon}},
	} {
		c.want.Level, c.want.Levels = 1, 1
		if difference := cmp.Diff(c.want, ask(t, 1, Config{Levels: []Source{c.source}, Workspace: office()})); difference != "" {
			t.Errorf("%s:\n%s", name, difference)
		}
	}
}

// More on-calls than a page holds are read to the end; more than are believable are refused.
func TestPages(t *testing.T) {
	t.Parallel()
	many := func(n int) (shifts []sim.Shift) {
		for i := range n {
			shifts = append(shifts, sim.Shift{ID: fmt.Sprintf("P%d", i%60), Name: "somebody", Email: "zoe@elsewhere.example", Schedule: "PSCHED", Level: 1})
		}
		return append(shifts, sim.Shift{ID: "PLAST", Name: "Bob", Email: "bob@example.com", Schedule: "PSCHED", Level: 1})
	}
	account, site := pagerDuty(t, many(250)...)
	if found := ask(t, 1, Config{Levels: []Source{account.Schedule("PSCHED")}, Workspace: office()}); !cmp.Equal(found.Users, []string{"UBOB"}) || site.Asked() != 3 {
		t.Errorf("%d requests: %+v", site.Asked(), found)
	}
	site.Set(many(1200)...)
	if _, err := run(t, Config{Levels: []Source{account.Schedule("PSCHED")}, Workspace: office()}).OnCall(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "more than 1000") {
		t.Error(err)
	}
}

func TestOpsgenie(t *testing.T) {
	t.Parallel()
	const id = "d875a1f4-9b4e-4219-8a93-0c26936d18de"
	account, _ := opsgenie(t,
		sim.Shift{ID: "1", Email: "Alice@example.com", Schedule: id}, sim.Shift{ID: "2", Email: "zoe@elsewhere.example", Team: "sre", Schedule: id},
		sim.Shift{ID: "3", Email: "bob@example.com", After: 5, Schedule: id}, sim.Shift{ID: "4", Email: "alice@example.com", After: 30, Schedule: id},
	)
	for name, c := range map[string]struct {
		source Source
		want   filters.OnCall
	}{
		"by its ID":       {account.Schedule(id, 1), filters.OnCall{Users: []string{"UALICE"}, Strangers: []string{"zoe@elsewhere.example"}, Source: "Opsgenie schedule " + id}},
		"by its name":     {account.Schedule("night watch", 1), filters.OnCall{Users: []string{"UALICE"}, Strangers: []string{"zoe@elsewhere.example"}, Source: "Opsgenie schedule night watch"}},
		"the next level":  {account.Schedule("night watch", 2), filters.OnCall{Users: []string{"UBOB"}, Source: "Opsgenie schedule night watch, level 2"}},
		"and the last":    {account.Schedule("night watch", 3), filters.OnCall{Users: []string{"UALICE"}, Source: "Opsgenie schedule night watch, level 3"}},
		"beyond the last": {account.Schedule("night watch", 4), filters.OnCall{Source: "Opsgenie schedule night watch, level 4"}},
	} {
		c.want.Level, c.want.Levels = 1, 1
		if difference := cmp.Diff(c.want, ask(t, 1, Config{Levels: []Source{c.source}, Workspace: office()})); difference != "" {
			t.Errorf("%s:\n%s", name, difference)
		}
	}
}

func TestGroupAndRota(t *testing.T) {
	t.Parallel()
	rota, problems := scheduler.CompileRota(scheduler.RotaDefinition{People: []string{"UALICE", "UBOB"}, From: "2026-11-23 09:00", Shift: "12h"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	now := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	slack := office()
	config := Config{Levels: []Source{Rota(rota), Group(slack, "S1")}, Now: func() time.Time { return now }}
	want := filters.OnCall{Level: 1, Levels: 2, Users: []string{"UBOB"}, Source: "the rota of the configuration", Until: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	if difference := cmp.Diff(want, ask(t, 1, config)); difference != "" {
		t.Error(difference)
	}
	want = filters.OnCall{Level: 2, Levels: 2, Users: []string{"UBOB", "UCAROL"}, Source: "Slack user group S1"}
	if difference := cmp.Diff(want, ask(t, 2, config)); difference != "" {
		t.Error(difference)
	}
	for level, says := range map[int]string{0: "no level 0", 3: "no level 3"} {
		if _, err := run(t, config).OnCall(t.Context(), level); err == nil || !strings.Contains(err.Error(), says) || filters.CodeOf(err) != filters.Unknown {
			t.Error(err)
		}
	}
	if _, err := run(t, Config{}).OnCall(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "nobody is on call here") {
		t.Error(err)
	}
}

// Whatever goes wrong at PagerDuty or Opsgenie is said in words, without the token, and the fallback stands in.
func TestTrouble(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for says, fault := range map[string]sim.Fault{
		"does not take the token (401)":                {Status: 401},
		"lets the token not read this (403)":           {Status: 403},
		"knows nothing of that name (404)":             {Status: 404},
		"was asked too often (429)":                    {Status: 429, RetryAfter: 30 * time.Second},
		"answered 500":                                 {Status: 500},
		"answered 503":                                 {Status: 503},
		"answered 302, and redirects are not followed": {Status: 302, Location: elsewhere.URL},
		"broke off in the middle":                      {Cut: true},
		"something else than was asked for":            {Body: "<html>please log in</html>"},
		"something else than on-calls":                 {Body: "{}"},
		"more than 1048576 bytes":                      {Body: `{"oncalls":[` + strings.Repeat(" ", answerMost) + `]}`},
	} {
		pd, one := pagerDuty(t)
		og, other := opsgenie(t)
		one.Fail(fault)
		other.Fail(fault)
		for _, source := range []Source{pd.Schedule("PSCHED"), og.Schedule("night watch", 1)} {
			slack := office()
			_, err := run(t, Config{Levels: []Source{source}, Workspace: slack}).OnCall(t.Context(), 1)
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), source.String()) || filters.CodeOf(err) != filters.Unavailable {
				t.Errorf("%s: got %v, want %q", source, err, says)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), token) || strings.Contains(fmt.Sprint(errors.Unwrap(err)), token) {
				t.Errorf("%s: the error holds the token", source)
			}
			found := ask(t, 1, Config{Levels: []Source{source}, Workspace: slack, Fallback: Group(slack, "S1")})
			if !cmp.Equal(found.Users, []string{"UBOB", "UCAROL"}) || found.Source != "Slack user group S1" || !strings.Contains(found.Fallback, says) || found.Level != 1 {
				t.Errorf("%s: the fallback says %+v", source, found)
			}
		}
	}
}

// Where the fallback is away too, both reasons are said.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	account, _ := pagerDuty(t, sim.Shift{ID: "P1", Name: "Alice", Email: "alice@example.com", Schedule: "PSCHED"})
	slack := office()
	slack.away = true
	_, err := run(t, Config{Levels: []Source{account.Schedule("PSCHED")}, Workspace: slack, Fallback: Group(slack, "S1")}).OnCall(t.Context(), 1)
	if err == nil || !strings.Contains(err.Error(), "Slack does not say who there is “Alice”") || !strings.Contains(err.Error(), "Slack user group S1") {
		t.Error(err)
	}
}

func TestAccountsAreChecked(t *testing.T) {
	t.Parallel()
	for _, wrong := range []Account{
		{"http://api.pagerduty.com", token}, {"https://user:" + token + "@api.pagerduty.com", token}, {"ftp://127.0.0.1", token}, {"", token},
		{"https://api.pagerduty.com?x=1", token}, {"https://api.pagerduty.com", ""},
	} {
		if _, err := NewPagerDuty(wrong); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", wrong.URL, err)
		}
		if _, err := NewOpsgenie(wrong); err == nil {
			t.Errorf("%s is taken", wrong.URL)
		}
	}
	if _, err := NewOpsgenie(Account{"https://api.eu.opsgenie.com", token}); err != nil {
		t.Error(err)
	}
}
