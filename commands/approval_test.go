package commands_test

import (
	"testing"

	"cordon/commands"
	"cordon/filters"
)

func TestApproversReadWhatCannotBeTakenBack(t *testing.T) {
	for name, test := range map[string]struct {
		verb filters.Verb
		mode filters.Mode
		want string
	}{
		"drain":         {filters.VerbDrain, filters.ModeDrain, "⚠ A drain cannot be cancelled: what is killed is killed."},
		"drain by hand": {filters.VerbDrain, filters.ModeFilter, ""},
		"gone":          {filters.VerbGone, filters.ModeDrain, "⚠ This cannot be undone: the master forgets them, with all that is on their disks."},
		"filter":        {filters.VerbFilter, filters.ModeFilter, ""},
		"machine down":  {filters.VerbMaintenance, filters.ModeDown, "⚠ What runs there is killed at once."},
	} {
		t.Run(name, func(t *testing.T) {
			plan := filters.Plan{Verb: test.verb, Steps: []filters.Step{{Hostname: "agent-one", Mode: test.mode}}}
			if got := commands.Undone(&plan).String(); got != test.want {
				t.Errorf("approvers read %q, want %q", got, test.want)
			}
		})
	}
}
