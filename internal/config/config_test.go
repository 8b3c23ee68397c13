package config

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const whole = `
clusters:
  prod:
    masters: [http://master-one:5050, "http://master-two:5050"]
    principal: cordon
    secret_file: SECRET
    channel: C0123
    operators: [U0123, S0456]
    max_withheld: {cluster: 25%, rack: 2}
    groups: {bench: {hosts: [web-1, web-2]}, gpu: {attributes: {gpu: "yes"}}}
  old-one:
    masters: zk://zk-one:2181,zk-two:2181/mesos
    backend: allocator
    channel: C0456
slack:
  team: T0123
  bot_token_file: SECRET
  app_token_file: SECRET
redis: {url: rediss://r:6379}
http: {advertise_url: https://bot-1:8081}
tokens: [{name: ci, file: SECRET, cluster: prod, role: operator}]
`

func load(t *testing.T, text string) (Config, Secrets, error) {
	t.Helper()
	return Load(write(t, text))
}

// write writes a configuration file whose SECRET is a file.
func write(t *testing.T, text string) string {
	t.Helper()
	directory := t.TempDir()
	secret := filepath.Join(directory, "secret")
	if err := os.WriteFile(secret, []byte("xoxb-not-for-the-log-please\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "cordon.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "SECRET", secret)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadReadsEverything(t *testing.T) {
	config, secrets, err := load(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	prod := config.Clusters["prod"]
	if diff := cmp.Diff(Words{"http://master-one:5050", "http://master-two:5050"}, prod.Masters); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Words{"zk://zk-one:2181,zk-two:2181/mesos"}, config.Clusters["old-one"].Masters); diff != "" {
		t.Error(diff)
	}
	if prod.Backend != "auto" || prod.CallsAtOnce != 32 || config.HTTP.Listen != ":8081" || config.Tokens[0].User != "robot" {
		t.Errorf("defaults are missing: %+v", config)
	}
	if _, percent, _ := prod.MaxWithheld.Cluster.Value(); percent != 25 {
		t.Errorf("max_withheld.cluster is %v %%, want 25", percent)
	}
	if count, _, _ := prod.MaxWithheld.Rack.Value(); count != 2 {
		t.Errorf("max_withheld.rack is %d, want 2", count)
	}
	if secrets.BotToken.Reveal() != "xoxb-not-for-the-log-please" || secrets.Masters["prod"].Reveal() == "" {
		t.Error("secrets were not read from their files")
	}
}

func TestSecretsNeverShow(t *testing.T) {
	_, secrets, err := load(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := json.Marshal(secrets)
	for _, text := range []string{fmt.Sprint(secrets), fmt.Sprintf("%+v %#v %q", secrets, secrets, secrets), string(encoded)} {
		if strings.Contains(text, "not-for-the-log") {
			t.Errorf("a secret shows: %s", text)
		}
	}
}

func TestSecretsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("CORDON_SLACK_BOT_TOKEN", "xoxb-from-the-environment")
	_, secrets, err := load(t, strings.Replace(whole, "  bot_token_file: SECRET\n", "", 1))
	if err != nil || secrets.BotToken.Reveal() != "xoxb-from-the-environment" {
		t.Errorf("got %q, %v", secrets.BotToken.Reveal(), err)
	}
}

func TestMistakesNameLineFieldAndExpectation(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"unknown field":       {"    principal: cordon", "    principle: cordon", ":5: clusters.prod.principle: is not a field; expected one of masters, backend"},
		"bad backend":         {"backend: allocator", "backend: magic", ":13: clusters.old-one.backend: `magic` is not known; expected one of auto, operator, allocator"},
		"channel by name":     {"channel: C0123", "channel: '#ops'", ":7: clusters.prod.channel: `#ops` is not a channel's ID; expected an ID such as C0123"},
		"operator by name":    {"[U0123, S0456]", "[alice]", ":8: clusters.prod.operators[0]: `alice` is not the ID"},
		"same channel twice":  {"channel: C0456", "channel: C0123", "is the channel of cluster old-one already"},
		"limit":               {"cluster: 25%", "cluster: 250%", ":9: clusters.prod.max_withheld.cluster: `250%` is not a percentage"},
		"missing file":        {"secret_file: SECRET", "secret_file: /does/not/exist", ":6: clusters.prod.secret_file: `/does/not/exist` cannot be read"},
		"zk without path":     {"zk-two:2181/mesos", "zk-two:2181", "has no path; expected zk://host:2181/mesos"},
		"password in the URL": {"rediss://r:6379", "rediss://u:hush@r:6379", ":19: redis.url: holds a password"},
		"unknown cluster":     {"cluster: prod, role", "cluster: prud, role", "tokens[0].cluster: `prud` is not among the clusters; expected one of old-one, prod"},
		"wrong type":          {"    channel: C0456", "    channel: C0456\n    observe: maybe", "clusters.old-one.observe: `maybe` is of the wrong type; expected true or false"},
		"not YAML":            {"clusters:", "clusters: [", "is not YAML"},
		"a name for a team":   {"team: T0123", "team: acme", "slack.team: `acme` is not a workspace's ID"},
		"a port alone":        {"http: {adv", "http: {listen: \"8081\", adv", "http.listen: `8081` is not where a server can listen; expected such as :8081"},
		"missing team":        {"  team: T0123\n", "", "slack.team: is missing"},
		"list for a mapping":  {"slack:\n  team: T0123\n  bot_token_file: SECRET\n  app_token_file: SECRET", "slack: [1]", ":15: slack: is not a mapping"},
		"given twice":         {"  team: T0123", "  team: T0123\n  team: T0456", ":17: is not YAML: mapping key \"team\" already defined"},
		"path on a master":    {"http://master-one:5050", "http://master-one:5050/master", "clusters.prod.masters[0]: `http://master-one:5050/master` has a path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, strings.Replace(whole, test.from, test.to, 1))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got:\n%v\nwant it to contain:\n%s", err, test.want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Error("the message shows a password")
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	text := strings.NewReplacer("principal:", "principle:", "team:", "teem:", "advertise_url", "advertize_url").Replace(whole)
	_, _, err := load(t, text)
	mistakes, ok := errors.AsType[Mistakes](err)
	if !ok || len(mistakes) < 3 {
		t.Fatalf("got %v, want three mistakes or more", err)
	}
}

func TestReferenceIsUpToDate(t *testing.T) {
	const page = "../../docs/configuration.md"
	if *update {
		if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != Reference() {
		t.Errorf("docs/configuration.md is stale (%v): run `go test ./internal/config -update`", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add(planned)
	f.Add("a: &a [*a]")
	f.Add("? [a]\n: b")
	f.Fuzz(func(t *testing.T, text string) {
		config, reader := parse("cordon.yaml", []byte(text))
		reader.check(&config)
	})
}
