package e2e

import (
	"testing"

	"cordon/test/e2e/harness"
)

// The steps between which the module is called: the bot is killed with the call still to make, and with its answer in hand.
var (
	moduleTaking = []point{{"the intent to withhold", step("taking", ""), true}, {"noting that the module said yes", step("took", "accepted"), false}}
	moduleGiving = []point{{"the intent to give back", step("releasing", ""), true}, {"noting that the module gave it back", step("gave", "accepted"), false}}
)

// The bot is killed around its calls to the module. Whether the module was called shows only to who asks it: afterwards
// journal and cluster agree, whichever it was.
func TestKilledAroundACallToTheModule(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"before the call", "after the call"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := modular(t)
			called := i == 1
			killedAt(t, w, moduleTaking[i], "agent-one", func() {
				w.Say("alice", "filter agent-one -m kernel")
			})
			w.AwaitWithheld("agent-one", true, harness.Patience)
			mustBeFiltered(t, w, "agent-one")
			w.Rest(harness.Patience)

			giving := moduleGiving[i]
			killedAt(t, w, giving, "agent-one", func() { w.Say("alice", "unfilter agent-one") })
			if withheld := w.Agent("agent-one").Withheld(); called && withheld {
				t.Errorf("%s agent-one is withheld", giving)
			}
			w.AwaitWithheld("agent-one", false, 2*harness.Patience)
			w.Rest(2 * harness.Patience)
		})
	}
}
