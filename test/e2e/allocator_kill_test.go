package e2e

import (
	"testing"

	"cordon/test/e2e/harness"
)

// The bot is killed around its calls to the module: with the call still to make, and with its answer in hand. Whether the
// module was called shows only to who asks it; afterwards journal and cluster agree, whichever it was.
func TestKilledAroundACallToTheModule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at       point
		withheld bool // in the end
		called   bool
	}{
		{point{"the intent to withhold", step("taking", ""), true}, true, false},
		{point{"noting that the module withholds it", step("took", "accepted"), false}, true, true},
		{point{"the intent to give back", step("releasing", ""), true}, false, false},
		{point{"noting that the module gave it back", step("gave", "accepted"), false}, false, true},
	} {
		t.Run(test.at.String(), func(t *testing.T) {
			t.Parallel()
			w := modular(t)
			words := "filter agent-one -m kernel"
			if !test.withheld {
				said(t, w.Say("alice", words), "agent-one takes no new tasks")
				w.AwaitRoot("agent-one takes no new tasks", "confirmed")
				words = "unfilter agent-one"
			}
			killedAt(t, w, test.at, "agent-one", func() { w.Say("alice", words) })
			if withheld := w.Agent("agent-one").Withheld(); test.called && withheld != test.withheld {
				t.Errorf("killed %s, agent-one is withheld: %t", test.at, withheld)
			}
			w.AwaitWithheld("agent-one", test.withheld, 2*harness.Patience)
			if test.withheld {
				mustBeFiltered(t, w, "agent-one")
			}
			w.Rest(2 * harness.Patience)
		})
	}
}
