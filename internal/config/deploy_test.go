package config

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The Marathon app starts what there is, on the port that the configuration has by default, and sets no variable that nobody
// reads: data_dir stands in cordon.yaml.
func TestMarathonAppFits(t *testing.T) {
	text, err := os.ReadFile("../../deploy/marathon.json")
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		Args  []string          `json:"args"`
		Env   map[string]string `json:"env"`
		Ports []struct {
			Port int `json:"port"`
		} `json:"portDefinitions"`
		HealthChecks []struct {
			Path string `json:"path"`
		} `json:"healthChecks"`
	}
	if err := json.Unmarshal(text, &app); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(app.Args, []string{"serve", "--config", "/etc/cordon/cordon.yaml"}) {
		t.Errorf("args: %v", app.Args)
	}
	if len(app.Env) > 0 {
		t.Errorf("env: %v", app.Env)
	}
	if port := strings.TrimPrefix(Default().HTTP.Listen, ":"); len(app.Ports) != 1 || strconv.Itoa(app.Ports[0].Port) != port {
		t.Errorf("ports %v, and the bot listens on %s", app.Ports, port)
	}
	if len(app.HealthChecks) != 1 || app.HealthChecks[0].Path != "/healthz" {
		t.Errorf("health checks: %v", app.HealthChecks)
	}
}

// The example is right, shows a window, a run, freezes and a webhook, and every secret of it stands in a file.
func TestExampleIsRight(t *testing.T) {
	config, err := LoadWithoutFiles("../../deploy/cordon.yaml")
	if err != nil {
		t.Fatal(err)
	}
	prod := config.Clusters["prod"]
	windows, freezes := prod.Compile()
	if len(windows) != len(prod.Windows) || len(windows) < 2 || len(windows[0].Steps) == 0 || len(freezes.Periods()) == 0 || len(config.WebhooksOf("prod")) == 0 {
		t.Errorf("%d windows, %d freezes", len(windows), len(freezes.Periods()))
	}
}
