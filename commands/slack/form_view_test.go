package slack

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/commands"

	"github.com/google/go-cmp/cmp"
)

// golden compares JSON with a file of testdata.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	rendered, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(rendered)) + "\n"
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(want), got); difference != "" {
		t.Errorf("%s (run with -update to accept):\n%s", path, difference)
	}
}

func TestForms(t *testing.T) {
	preview := []commands.Line{commands.Say(commands.Strong("Would withhold 1 of 6 agents"), " (nothing was changed)")}
	for verb, lines := range map[string][]commands.Line{"filter": nil, "unfilter": preview, "drain": nil} {
		form, known := (&commands.Filled{Verb: verb, Cluster: "prod"}).Blank()
		if !known {
			t.Fatal(verb)
		}
		golden(t, "form-"+verb, formView(form, formErrand{verb, "prod", "C0OPS", "https://hooks.slack.com/commands/1"}, lines))
	}
}

// What Slack or a socket could not carry is left out.
func TestSuggestionsFit(t *testing.T) {
	long := strings.Repeat("x", 140)
	choices := []commands.Choice{{Text: "too long", Value: strings.Repeat("x", 151)}}
	for range 200 {
		choices = append(choices, commands.Choice{Text: long, Value: long, About: long})
	}
	encoded := suggestions(choices)
	var answer struct {
		Options []struct{ Text struct{ Text string } }
	}
	if err := json.Unmarshal(encoded, &answer); err != nil || len(encoded) > ackBytes || len(answer.Options) < 20 || answer.Options[0].Text.Text == "too long" {
		t.Errorf("%d bytes, %d options: %v", len(encoded), len(answer.Options), err)
	}
	if got := string(suggestions(nil)); got != `{"options":[]}` {
		t.Error(got)
	}
}
