package filters

import "testing"

// The module's list names agents that are offline, or deactivated by the master, too: only of a connected agent does it say
// that a filter of the module is on it (invariant 10).
func TestWhatAReadingProvesOfAnAgent(t *testing.T) {
	for name, test := range map[string]struct {
		agent               Agent
		operator, allocator bool
	}{
		"active":                   {Agent{Active: true}, false, false},
		"deactivated":              {Agent{Deactivated: true}, true, false},
		"disconnected":             {Agent{}, false, false},
		"filtered":                 {Agent{Active: true, Filtered: true}, false, true},
		"filtered and offline":     {Agent{Filtered: true}, false, false},
		"filtered and deactivated": {Agent{Filtered: true, Deactivated: true}, true, false},
	} {
		if got := test.agent.Withheld(BackendOperator); got != test.operator {
			t.Errorf("%s: withheld by the operator backend: %v", name, got)
		}
		if got := test.agent.Withheld(BackendAllocator); got != test.allocator {
			t.Errorf("%s: withheld by the allocator backend: %v", name, got)
		}
	}
}
