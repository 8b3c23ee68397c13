package ctl

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExportIsAScriptThatDoesNothingUnread(t *testing.T) {
	export := Export{
		Cluster: "prod", Masters: []string{"http://master-one:5050"}, Source: "the last witness", AsOf: time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC),
		Filters: []filters.Filter{
			{ID: "f-1", Agent: "S'1; rm -rf x", Hostname: "agent-one", Owner: "user:U1", Reason: "kernel\nreboot", Until: time.Date(2026, 9, 1, 16, 0, 0, 0, time.UTC)},
			{ID: "f-2", Agent: "S2", Hostname: "agent-two", Owner: "user:U1", Ended: time.Now()},
		},
		Ledger: []filters.LedgerEntry{{Agent: "S3", Hostname: "agent-three", Backend: filters.BackendAllocator}, {Agent: "S2", Hostname: "agent-two", Backend: filters.BackendOperator}},
	}
	var script strings.Builder
	if err := export.Write(&script); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(script.String()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "MASTER=") {
			t.Errorf("a line that does something: %s", line)
		}
	}
	for _, want := range []string{"1 filter stands", `-d '{"deactivate_agent":{"agent_id":{"value":`, "DEACTIVATE_AGENT", "until 2026-09-01T16:00:00Z: kernel reboot", "REACTIVATE_AGENT", "-X DELETE", "agentId=S3", "the last witness"} {
		if !strings.Contains(script.String(), want) {
			t.Errorf("the script lacks %q:\n%s", want, script.String())
		}
	}
	uncommented := strings.ReplaceAll(script.String(), "# curl", "echo")
	output, err := exec.Command("sh", "-c", uncommented).CombinedOutput()
	if err != nil || !strings.Contains(string(output), `{"value":"S'1; rm -rf x"}`) {
		t.Errorf("a shell reads the calls otherwise: %v\n%s", err, output)
	}
}

func TestRunQuotesWordsAndShowsTheAnswer(t *testing.T) {
	var got, key string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 1000)
		n, _ := r.Body.Read(body)
		got, key = string(body[:n]), r.Header.Get("Idempotency-Key")
		if r.Header.Get("Authorization") != "Bearer hush" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"code":"unauthorized","message":"the token is not known"}`))
			return
		}
		_, _ = w.Write([]byte(`{"text":"agent-one takes no new tasks"}`))
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	client := Client{URL: server.URL, Token: "hush", HTTP: server.Client()}
	text, err := client.Run(t.Context(), []string{"filter", "agent-one", "-m", "kernel upgrade"}, "k1")
	if err != nil || text != "agent-one takes no new tasks" || key != "k1" || !strings.Contains(got, `"filter agent-one -m 'kernel upgrade'"`) {
		t.Errorf("got %q, %v; sent %s", text, err, got)
	}
	client.Token = "other"
	if _, err = client.Run(t.Context(), []string{"filters"}, ""); err == nil || strings.Contains(err.Error(), "other") {
		t.Errorf("got %v", err)
	}
	client.URL = "http://127.0.0.1:1"
	if _, err = client.Run(t.Context(), []string{"filters"}, ""); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("got %v", err)
	}
}
