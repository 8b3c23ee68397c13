package approval

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"

	"pgregory.net/rapid"
)

func TestDoubts(t *testing.T) {
	yes := true
	two := filters.Needs{Approvals: 2, From: filters.JurorsApprovers}
	drain := []filters.Verb{filters.VerbDrain}
	people := []Grant{{Role: Operator, To: []string{"U1"}}, {Role: Approver, To: []string{"U2", "U3"}}}
	for name, test := range map[string]struct {
		grants  []Grant
		rules   []Rule
		onCall  bool
		allowed []string
		says    string // part of the only doubt; empty: none
	}{
		"nothing wrong":                                {grants: people, rules: []Rule{{Name: "two", Needs: two}}, allowed: []string{"drain", "gone"}},
		"a group may be large enough":                  {grants: []Grant{{Role: Operator, To: []string{"U1"}}, {Role: Approver, To: []string{"S1"}}}, rules: []Rule{{Name: "two", Needs: two}}},
		"nobody changes anything":                      {grants: []Grant{{Role: Onlooker, To: []string{Everybody}}}, says: "nobody may change anything"},
		"too few can say yes":                          {grants: people[:1], rules: []Rule{{Name: "two", Needs: two}}, says: "rule `two` needs 2 to say yes, and nobody could: 0 may"},
		"one of two asks":                              {grants: Operators([]string{"U1", "U2"}), rules: []Rule{{Name: "two", Needs: two}}, says: "2 may, and who asks does not count"},
		"a lonely operator drains":                     {grants: Operators([]string{"U1"}), allowed: []string{"drain"}, rules: []Rule{{Name: "last", Verbs: drain, Last: &yes}}, says: "the usual rule `drain` needs 1 to say yes"},
		"unless a rule says otherwise":                 {grants: Operators([]string{"U1"}), allowed: []string{"drain"}, rules: []Rule{{Name: "calm", Verbs: drain}}},
		"nobody is ever on call":                       {grants: people, rules: []Rule{{Name: "duty", Needs: filters.Needs{Approvals: 1, From: filters.JurorsOnCall}}}, says: "`on_call` names nobody: nobody can say yes"},
		"somebody is":                                  {grants: people, onCall: true, rules: []Rule{{Name: "duty", Needs: filters.Needs{Approvals: 1, From: filters.JurorsOnCall}}}},
		"behind one that matches all":                  {grants: people, rules: []Rule{{Name: "all"}, {Name: "night", Between: &Between{To: time.Hour, Zone: time.UTC}}}, says: "rule `night` never decides: whatever it matches, rule `all`"},
		"behind one that matches fewer agents":         {grants: people, rules: []Rule{{Name: "five", AgentsOver: 5}, {Name: "ten", AgentsOver: 10}}, says: "rule `ten` never decides"},
		"behind one that matches more agents alone":    {grants: people, rules: []Rule{{Name: "ten", AgentsOver: 10}, {Name: "five", AgentsOver: 5}}},
		"behind one of other verbs":                    {grants: people, rules: []Rule{{Name: "drains", Verbs: drain}, {Name: "filters", Verbs: []filters.Verb{filters.VerbFilter}}}},
		"a name twice":                                 {grants: people, rules: []Rule{{Name: "x", Verbs: drain}, {Name: "x", AgentsOver: 5}}, says: "two rules are named `x`"},
		"what the policy is not asked about":           {grants: people, rules: []Rule{{Name: "f", Verbs: []filters.Verb{filters.VerbFreeze, filters.VerbThaw}}}, says: "not asked about freeze or thaw"},
		"what can be taken back and cannot":            {grants: people, rules: []Rule{{Name: "e", Verbs: []filters.Verb{filters.VerbFilter}, Ends: &yes}}, says: "filter can be taken back"},
		"a verb with a mode that it does not have":     {grants: people, rules: []Rule{{Name: "m", Verbs: drain, Modes: []filters.Mode{filters.ModeDown}}}, says: "drain never has the mode down"},
		"a verb with a mode that it has beside others": {grants: people, rules: []Rule{{Name: "m", Verbs: []filters.Verb{filters.VerbMaintenance}, Modes: []filters.Mode{filters.ModeDown}}}},
	} {
		t.Run(name, func(t *testing.T) {
			doubts := Doubts(test.grants, test.rules, test.onCall, test.allowed)
			if test.says == "" && len(doubts) > 0 || test.says != "" && (len(doubts) != 1 || !strings.Contains(doubts[0], test.says)) {
				t.Errorf("%q, want %q", doubts, test.says)
			}
		})
	}
}

// A rule that covers another matches whatever the other does.
func TestCoversIsTrue(t *testing.T) {
	roster := fleet()
	verbs := []filters.Verb{filters.VerbFilter, filters.VerbDrain, filters.VerbGone}
	modes := map[filters.Verb]filters.Mode{filters.VerbFilter: filters.ModeFilter, filters.VerbDrain: filters.ModeDrain, filters.VerbGone: filters.ModeDrain}
	rapid.Check(t, func(t *rapid.T) {
		any := func(name string) Rule {
			rule := Rule{AgentsOver: rapid.IntRange(0, 3).Draw(t, name), ClusterOver: rapid.SampledFrom([]float64{0, 10, 20}).Draw(t, name), Verbs: rapid.SliceOfN(rapid.SampledFrom(verbs), 0, 2).Draw(t, name)}
			if rapid.Bool().Draw(t, name) {
				rule.Modes = []filters.Mode{rapid.SampledFrom([]filters.Mode{filters.ModeFilter, filters.ModeDrain}).Draw(t, name)}
			}
			if rapid.Bool().Draw(t, name) {
				ends := rapid.Bool().Draw(t, name)
				rule.Ends = &ends
			}
			if rapid.Bool().Draw(t, name) {
				rule.Attributes = map[string]string{"tier": rapid.SampledFrom([]string{"database", "web"}).Draw(t, name)}
			}
			return rule
		}
		first, second := any("first"), any("second")
		if !first.covers(&second) {
			return
		}
		verb := rapid.SampledFrom(verbs).Draw(t, "verb")
		ask := asks(verb, modes[verb], rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 1, 4, rapid.ID[int]).Draw(t, "agents")...)
		known := NewGate(Config{Roster: func() *filters.Roster { return roster }}).factsOf(&ask)
		_, one := first.matches(known)
		_, other := second.matches(known)
		if other && !one {
			t.Errorf("%+v covers %+v, and matches not what it does", first, second)
		}
	})
}
