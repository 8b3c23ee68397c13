package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"cordon/internal/config"
	"cordon/internal/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestADemoStartsAnswersAndLeavesNothingBehind runs the whole bot in this process, so that goleak sees all of it.
func TestADemoStartsAnswersAndLeavesNothingBehind(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	file, port := filepath.Join(t.TempDir(), "ready.json"), 0
	ended := make(chan error, 1)
	go func() {
		ended <- Demo(ctx, DemoOptions{Port: &port, ReadyFile: file, Version: "test", Out: io.Discard, Logger: slog.New(slog.DiscardHandler)})
	}()
	ready := awaitFile(t, file, ended)
	for path, want := range map[string]string{"/healthz": "alive", "/readyz": `"ready":true`, "/metrics": "cordon_leader{cluster=\"demo\"} 1"} {
		if body := fetch(t, ready.Bot+path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q: %.300s", path, want, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func awaitFile(t *testing.T, file string, ended <-chan error) sim.Ready {
	t.Helper()
	for {
		content, err := os.ReadFile(file)
		if err == nil {
			var ready sim.Ready
			if err := json.Unmarshal(content, &ready); err != nil {
				t.Fatal(err)
			}
			return ready
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("the demo ended before it was ready: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestStepsAreUndoneLastFirstAndAllOfThem(t *testing.T) {
	var undone []string
	down := teardown{log: slog.New(slog.DiscardHandler)}
	for _, name := range []string{"first", "second", "third"} {
		down.add(name, time.Second, func(context.Context) error {
			undone = append(undone, name)
			if name == "second" {
				return errors.New("stuck")
			}
			return nil
		})
	}
	err := down.run(t.Context())
	if strings.Join(undone, " ") != "third second first" || err == nil || err.Error() != "second: stuck" {
		t.Errorf("undone %v, error %v", undone, err)
	}
}

func TestAReplicaKeepsItsName(t *testing.T) {
	directory := t.TempDir()
	first, err := replicaName(directory)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := replicaName(directory)
	other, _ := replicaName(t.TempDir())
	if first != again || first == other || unfit.MatchString(first) {
		t.Errorf("got %q, then %q; elsewhere %q", first, again, other)
	}
}

func TestACutRedisComesBack(t *testing.T) {
	memory := &cuttable{redis: miniredis.RunT(t)}
	conn, err := memory.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	memory.Cut(time.Hour)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a connection survived the cut: %v", err)
	}
	if _, err := memory.dial(t.Context(), "", ""); err == nil {
		t.Error("a connection was made while it was cut")
	}
	memory.Cut(0)
	conn, err = memory.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil || len(memory.open) != 0 {
		t.Errorf("a closed connection is still kept: %v", err)
	}
}

func TestExportReadsTheWitnessWithoutAnySecret(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "cordon.yaml")
	text := "clusters:\n  prod:\n    masters: [http://master-one:5050]\n    secret_file: /gone\n    channel: C1\nslack: {team: T1}\nredis: {url: redis://127.0.0.1:1}\ndata_dir: " + directory + "\n"
	witness := `{"schema":1,"cluster":"prod","epoch":"e","written_at":"2026-09-01T14:00:00Z","filters":[{"id":"f-1","agent":"S1","hostname":"agent-one","owner":"user:U1","mode":"filter"}],"ledger":[{"agent":"S1","hostname":"agent-one","backend":"operator","hold":"held"}]}`
	for name, content := range map[string]string{file: text, filepath.Join(directory, "prod.witness.json"): witness} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	export, err := Export(t.Context(), file, "", "", slog.New(slog.DiscardHandler))
	if err != nil || export.Source != "the last witness" || len(export.Filters) != 1 || len(export.Ledger) != 1 || export.Masters[0] != "http://master-one:5050" {
		t.Errorf("got %+v, %v", export, err)
	}
	if _, err := Export(t.Context(), file, "other", "", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "one of prod") {
		t.Errorf("an unknown cluster: %v", err)
	}
}

func TestLimitsAndGroupsAreTranslated(t *testing.T) {
	limits, err := limitsOf(config.MaxWithheld{Cluster: "25%", Rack: "2"})
	if err != nil || limits.Cluster.Percent != 25 || limits.Rack.Count != 2 {
		t.Errorf("got %+v, %v", limits, err)
	}
	groups := groupsOf(map[string]config.Group{"gpu": {Attributes: map[string]string{"gpu": "yes"}}})
	if len(groups["gpu"].Attributes) != 1 || groups["gpu"].Attributes[0].Value != "yes" {
		t.Errorf("got %+v", groups)
	}
	if hostOf("http://127.0.0.1:9/api/") != "127.0.0.1" || hostOf("https://slack.com/api/") != "slack.com" {
		t.Error("hostOf")
	}
}
