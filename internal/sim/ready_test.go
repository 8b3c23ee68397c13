package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadyFileHoldsWhatProgramsNeed(t *testing.T) {
	demo := open(t, Config{})
	folder := t.TempDir()
	path := filepath.Join(folder, "ready.json")
	ready := demo.Ready("http://127.0.0.1:8081", "secret-token")
	if err := WriteReady(path, ready); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(written, &fields); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"api_token", "batch_url", "bot", "channel_id", "marathon_url", "masters", "page", "signing_secret", "slack_api", "team_id", "users"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	var back Ready
	if err := json.Unmarshal(written, &back); err != nil || cmp.Diff(ready, back) != "" {
		t.Error(err, cmp.Diff(ready, back))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the secrets has mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("beside the file there are %v, %v", left, err)
	}
}

func TestReadyFileReplacesAnOldOneWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ready.json")
	for _, page := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2"} {
		if err := WriteReady(path, Ready{Page: page, BotToken: "xoxb", AppToken: "xapp"}); err != nil {
			t.Fatal(err)
		}
	}
	var ready Ready
	written, _ := os.ReadFile(path)
	if err := json.Unmarshal(written, &ready); err != nil || ready.Page != "http://127.0.0.1:2" || ready.AppToken != "xapp" {
		t.Errorf("%s: %v", written, err)
	}
}

func TestReadyFileThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{filepath.Join(folder, "missing", "ready.json"), folder} {
		if err := WriteReady(path, Ready{}); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
