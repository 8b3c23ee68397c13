package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const configuration = `
clusters:
  prod:
    masters: [http://master-one:5050]
    channel: C0123
    max_withheld: {rack: 2}
    groups: {bench: {hosts: [web-001, web-002]}}
    windows:
      kernel:
        schedule: 0 2 13 * 2
        duration: 2h
        time_zone: Europe/Berlin
        attributes: {rack: r1}
      firmware:
        schedule: 0 3 * * 2
        duration: 4h
        time_zone: Europe/Berlin
        targets: ["@bench"]
        run: {steps: [webhook reboot], max_parallel: 1}
    freezes: [{name: year's end, from: 2026-12-20, to: 2027-01-03, time_zone: Europe/Berlin}]
webhooks:
  reboot: {url: https://fleet.example.com/reboot, secret_file: SECRET}
  idle: {url: https://fleet.example.com/idle, secret_file: SECRET}
slack:
  team: T0123
  bot_token_file: SECRET
  app_token_file: SECRET
`

// typed is what a person types, and what they see.
func typed(t *testing.T, arguments ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), arguments, streams{&stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

// saved writes a file into the test's own directory.
func saved(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func withSecrets(t *testing.T, text string) string {
	t.Helper()
	return saved(t, "cordon.yaml", strings.ReplaceAll(text, "SECRET", saved(t, "secret", "0123456789-0123456789")))
}

func TestValidateSaysWhatWasUnderstood(t *testing.T) {
	code, out, err := typed(t, "validate", "--config", withSecrets(t, configuration))
	if code != 0 || err != "" {
		t.Fatal(code, err)
	}
	for _, want := range []string{
		"kernel: on day 13 of every month and also every Tuesday at 02:00", "either in cron", "in Europe/Berlin, for 2 h\n    next: ",
		"firmware and kernel may be open at once for the same agents", "freeze “year's end” keeps shut", "no window's run calls the webhook idle",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if next := strings.Count(out, " C"); strings.Contains(out, "webhook reboot") || next < 10 { // CET or CEST
		t.Errorf("%d openings named:\n%s", next, out)
	}
}

func TestValidateFailsOnMistakes(t *testing.T) {
	code, _, err := typed(t, "validate", "--config", withSecrets(t, strings.Replace(configuration, "duration: 4h", "duration: 8d", 1)))
	if code != 1 || !strings.Contains(err, "cordon.yaml:16: clusters.prod.windows.firmware.duration: `8d` overlaps itself") || !strings.Contains(err, "The schedule was read as: every Tuesday at 03:00") {
		t.Error(code, err)
	}
}

// cluster is a master's answer that lists 500 agents in ten racks.
func cluster(state bool) *master.Response {
	scalar := mesosapi.SCALAR
	agents := &master.Response_GetAgents{}
	for i := range 500 {
		resource := func(name string, amount float64) mesosapi.Resource {
			return mesosapi.Resource{Name: name, Type: &scalar, Scalar: &mesosapi.Value_Scalar{Value: amount}}
		}
		agents.Agents = append(agents.Agents, master.Response_GetAgents_Agent{
			AgentInfo: mesosapi.AgentInfo{
				ID: &mesosapi.AgentID{Value: fmt.Sprintf("4f1c-S%d", i)}, Hostname: fmt.Sprintf("web-%03d", i),
				Attributes: []mesosapi.Attribute{{Name: "rack", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: fmt.Sprintf("r%d", i%10)}}},
			},
			Active: true, Version: "1.12.0", TotalResources: []mesosapi.Resource{resource("cpus", 16), resource("mem", 65536)},
		})
	}
	if state {
		return &master.Response{Type: master.Response_GET_STATE, GetState: &master.Response_GetState{GetAgents: agents}}
	}
	return &master.Response{Type: master.Response_GET_AGENTS, GetAgents: agents}
}

func TestPreviewRehearsesInASavedState(t *testing.T) {
	config := saved(t, "cordon.yaml", configuration) // its secrets are not there
	var first string
	for _, state := range []bool{false, true} {
		inJSON, err := cluster(state).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		wire, err := cluster(state).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for form, answer := range map[string]string{"JSON": string(inJSON), "protobuf": string(wire)} {
			code, out, err := typed(t, "preview", "--config", config, "--from", "2026-12-08", "--to", "2026-12-15", "--cluster-state", saved(t, "agents", answer))
			if code != 0 || err != "" {
				t.Fatal(form, code, err)
			}
			_, out, _ = strings.Cut(out, "\nWINDOWS") // what stands before says when it was made
			if first == "" {
				first = out
			}
			if out != first {
				t.Errorf("%s (state: %v) is another preview:\n%s\nnot:\n%s", form, state, out, first)
			}
		}
	}
	for _, want := range []string{
		"Tue 8 Dec 2026\n  02:00–04:00 CET  01:00–03:00 UTC  kernel  50 agents\n    ! reaches 2 of 50 agents: max_withheld of each rack leaves no room\n    ! meets firmware on 1 agent\n",
		"firmware  2 agents, 1 at a time", "Sun 13 Dec 2026\n", "cluster             497 of 500      7,952 of 8,000    31,808 of 32,000 GiB  Tue 8 Dec 2026 03:00 CET: firmware, kernel",
		"rack r1               48 of 50          768 of 800", "rack r2               49 of 50          784 of 800",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is missing in:\n%s", want, first)
		}
	}
}

func TestPreviewWritesAPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	code, out, err := typed(t, "preview", "--config", saved(t, "cordon.yaml", configuration), "--html", file)
	page, _ := os.ReadFile(file)
	if code != 0 || !strings.Contains(out, "is written") || !strings.Contains(string(page), "</html>") || strings.Count(string(page), "<tr><td class=\"time\">") < 4 {
		t.Error(code, out, err, len(page))
	}
}

func TestPreviewRefuses(t *testing.T) {
	config := saved(t, "cordon.yaml", configuration)
	second := strings.Replace(configuration, "slack:", "  spare: {masters: \"http://m:5050\", channel: C9}\nslack:", 1)
	second = strings.Replace(second, "webhooks:\n", "", 1)
	second = strings.NewReplacer("  reboot: {url: https://fleet.example.com/reboot, secret_file: SECRET}\n", "", "  idle: {url: https://fleet.example.com/idle, secret_file: SECRET}\n", "", "webhook reboot", "confirm").Replace(second)
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"a day that is none":    {[]string{"--config", config, "--from", "tomorrow"}, "`--from tomorrow` is not a day: a day such as 2026-12-01"},
		"a range backwards":     {[]string{"--config", config, "--from", "2026-12-02", "--to", "2026-11-30"}, "the range ends before it begins"},
		"years":                 {[]string{"--config", config, "--from", "2026-12-02", "--to", "2028-11-30"}, "the range is longer than a year"},
		"a zone that is none":   {[]string{"--config", config, "--time-zone", "Mars"}, "`Mars` is not a time zone"},
		"an unknown cluster":    {[]string{"--config", config, "-c", "prud"}, "no cluster `prud` is configured"},
		"several clusters":      {[]string{"--config", saved(t, "two.yaml", second)}, "there are several clusters: --cluster with one of prod, spare"},
		"no state":              {[]string{"--config", config, "--cluster-state", "/does/not/exist"}, "the saved state cannot be read"},
		"something else":        {[]string{"--config", config, "--cluster-state", config}, "the saved state cannot be read"},
		"mistakes":              {[]string{"--config", saved(t, "wrong.yaml", strings.Replace(configuration, "0 2 13 * 2", "often", 1))}, "wrong.yaml:10: clusters.prod.windows.kernel.schedule"},
		"a page without a room": {[]string{"--config", config, "--html", "/does/not/exist/page.html"}, "no such file"},
	} {
		if code, _, err := typed(t, append([]string{"preview"}, test.arguments...)...); code != 1 || !strings.Contains(err, test.want) {
			t.Errorf("%s: %d, %s", name, code, err)
		}
	}
}
