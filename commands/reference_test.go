package commands

import (
	stdflag "flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const referencePath = "../docs/commands.md"

// TestReference keeps docs/commands.md what the grammar says: `go test ./commands -run Reference -update` writes it.
func TestReference(t *testing.T) {
	want := reference()
	if stdflag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(referencePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/commands.md is stale: run `go test ./commands -run Reference -update`")
	}
}

func reference() string {
	var page strings.Builder
	page.WriteString("# Commands\n\nGenerated from the grammar in `commands`; `go test ./commands -run Reference -update` writes it anew.\n\n" +
		"Everything is typed behind `/mesos` in a channel, or behind `bot ctl` where Slack is away. `/mesos` alone is help. Everybody may look; who may\n" +
		"change things is in the configuration (`operators`).\n\n" +
		"- **Agents** are named by hostname (every agent on that host), by agent ID or the start of exactly one, by a glob such as `web-*`, several\n" +
		"  with commas, as `@group` of the configuration, or with `-l attribute=value`, which narrows the others or stands alone.\n" +
		"- **Durations** are `90m`, `2h30m`, `1d12h`: more than zero, at most a year. **Times** are `18:00`, `18:00 Europe/Paris`, `tomorrow 06:00` or RFC\n" +
		"  3339; without a zone they are in the asker's own.\n" +
		"- **A reason** (`-m`) stands in quotes and has at most 500 characters. Curly quotes and long dashes of editors are understood.\n" +
		"- **`-c NAME`** names the cluster, anywhere; without it the channel's own is meant.\n" +
		"- **`--dry-run`** changes nothing and shows what would happen, and what it costs.\n" +
		"- Typing a command twice is safe.\n")
	for _, group := range groups {
		fmt.Fprintf(&page, "\n## %s%s\n", strings.ToUpper(group[:1]), group[1:])
		for _, verb := range vocabulary {
			if verb.group == group {
				referenceOn(&page, verb)
			}
		}
	}
	return page.String()
}

func referenceOn(page *strings.Builder, verb *verb) {
	fmt.Fprintf(page, "\n### %s\n\n`/mesos %s` %s.\n", verb.name, strings.TrimSpace(verb.name+" "+verb.usage), verb.about)
	if len(verb.aliases) > 0 {
		fmt.Fprintf(page, "Also called `%s`.\n", strings.Join(verb.aliases, "`, `"))
	}
	page.WriteString("\n| | |\n| --- | --- |\n")
	for name, help := range verb.named {
		fmt.Fprintf(page, "| `%s` | %s |\n", strings.ToUpper(name), help)
	}
	for i := range verb.flags {
		fmt.Fprintf(page, "| %s | %s |\n", verb.flags[i].usage(), verb.flags[i].help)
	}
	page.WriteString("\n```\n")
	for _, example := range verb.examples {
		page.WriteString("/mesos " + example + "\n")
	}
	page.WriteString("```\n")
}

// Every example in help and documentation is a command that is understood.
func TestExamplesParse(t *testing.T) {
	for _, verb := range vocabulary {
		if len(verb.examples) != 3 {
			t.Errorf("%s has %d examples, want 3", verb.name, len(verb.examples))
		}
		for _, example := range verb.examples {
			if command, err := Parse(example); err != nil || command.Verb != verb.name {
				t.Errorf("%s: %v %v", example, command.Verb, err)
			}
		}
	}
}
