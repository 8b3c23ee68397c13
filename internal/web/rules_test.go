package web

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Every metric that an alert asks for is one that we have, and no histogram's buckets end below what an alert compares with.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	rules, err := os.ReadFile("../../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known := metricNames(NewMetrics().Registry)
	asked := regexp.MustCompile(`cordon_[a-z_]+`).FindAllString(string(rules), -1)
	if len(asked) < 5 {
		t.Fatalf("only %d metrics are asked for: %v", len(asked), asked)
	}
	for _, name := range asked {
		if !known[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("deploy/prometheus-rules.yaml asks for %s, which there is not", name)
		}
	}
	lag := regexp.MustCompile(`cordon_reconcile_lag_seconds_bucket.*> (\d+)`).FindSubmatch(rules)
	if lag == nil {
		t.Fatal("no alert on the lag")
	}
	if most, err := strconv.ParseFloat(string(lag[1]), 64); err != nil || slices.Max(lagBuckets) <= most {
		t.Errorf("the lag is told up to %v s, the alert asks for more than %s", slices.Max(lagBuckets), lag[1])
	}
}

func metricNames(registry *prometheus.Registry) map[string]bool {
	described := make(chan *prometheus.Desc, 1000)
	registry.Describe(described)
	close(described)
	names := map[string]bool{}
	for description := range described {
		_, rest, _ := strings.Cut(description.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		names[name] = true
	}
	return names
}
