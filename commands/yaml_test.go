package commands

import (
	"testing"

	"cordon/scheduler"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What `window show --yaml` prints is read back by the strict configuration as it was, whatever people typed.
func TestDefinitionYAMLReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("abc0: -#'\"\\{}[]&*!|>%@`~,?\tøé—“😀\u0007\u0085\u2028")))
		words := rapid.SliceOfN(text, 0, 3)
		d := scheduler.Definition{
			Schedule: text.Draw(t, "schedule"), Duration: text.Draw(t, "duration"), TimeZone: text.Draw(t, "zone"), Targets: words.Draw(t, "targets"),
			Attributes: rapid.MapOfN(text, text, 0, 3).Draw(t, "attributes"), Joining: rapid.Bool().Draw(t, "joining"), Mode: text.Draw(t, "mode"),
			Reason: text.Draw(t, "reason"), StartDate: text.Draw(t, "from"), EndDate: text.Draw(t, "to"), Cutoff: text.Draw(t, "cutoff"),
			Overrun: text.Draw(t, "overrun"), Missed: text.Draw(t, "missed"), Announce: words.Draw(t, "announce"),
			MaxUnavailable: text.Draw(t, "most"), MaxUnavailablePer: text.Draw(t, "per"), Approval: rapid.Bool().Draw(t, "approval"),
		}
		if rapid.Bool().Draw(t, "runs") {
			number := rapid.IntRange(0, 9)
			d.Run = &scheduler.Procedure{
				Steps: words.Draw(t, "steps"), MaxParallel: number.Draw(t, "parallel"), BatchBy: text.Draw(t, "batch"), Soak: text.Draw(t, "soak"),
				MaxFailures: number.Draw(t, "failures"), Expect: text.Draw(t, "expect"),
			}
		}
		name := rapid.StringMatching(`[a-z0-9-]{1,20}`).Draw(t, "name")
		page := definitionYAML(name, &d)
		var read map[string]scheduler.Definition
		if err := yaml.UnmarshalWithOptions([]byte(page), &read, yaml.Strict()); err != nil {
			t.Fatalf("%v\n%s", err, page)
		}
		if difference := cmp.Diff(map[string]scheduler.Definition{name: d}, read, cmpopts.EquateEmpty()); difference != "" {
			t.Fatalf("%s\n%s", difference, page)
		}
	})
}
