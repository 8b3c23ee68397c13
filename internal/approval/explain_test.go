package approval

import (
	"fmt"
	"strings"
	"testing"

	"cordon/filters"
)

// An explanation decides as the gate does, and says by what.
func TestExplain(t *testing.T) {
	roster := fleet()
	gate := NewGate(Config{
		Cluster: "prod", Roster: func() *filters.Roster { return roster }, Members: groups{"S1": {"U4"}},
		Grants: []Grant{
			{Role: Operator, To: []string{"U1", "S1"}}, {Role: Operator, To: []string{"U3"}, Targets: []filters.Target{{Name: "web-1"}}},
			{Role: Approver, To: []string{"U2"}}, {Role: Admin, To: []string{"S9"}},
		},
		Rules: []Rule{{Name: "many", Verbs: []filters.Verb{filters.VerbFilter}, AgentsOver: 1, Needs: filters.Needs{Approvals: 1, From: filters.JurorsApprovers}}},
	})
	for _, test := range []struct {
		user   string
		verb   filters.Verb
		mode   filters.Mode
		agents []int
		want   string
	}{
		{"U1", filters.VerbFilter, filters.ModeFilter, []int{1, 2}, "yes operator (U1, S1): U1 is listed|no|no|?|many yes: it is 2 agents, more than 1|approver (U2) admin (S9)"},
		{"U1", filters.VerbFilter, filters.ModeFilter, []int{1}, "yes|no|no|?|many no: it is 1 agent, not more than 1|irreversible no: it can be taken back|last instance no: it is filter, not drain|drain no|"},
		{"U4", filters.VerbDrain, filters.ModeDrain, []int{1}, "yes operator (U1, S1): U4 is in user group S1|no|no|?|many no: it is drain, not filter|irreversible no|last instance no: nothing has its last instance there|drain yes|approver (U2)"},
		{"U3", filters.VerbFilter, filters.ModeFilter, []int{2}, "no|no operator (U3) on web-1: it does not reach all of these agents|no|?|refused"},
		{"U2", filters.VerbFilter, filters.ModeFilter, []int{2}, "no|no|no approver (U2): it does not give `filter`|?|refused"},
	} {
		ask := asks(test.verb, test.mode, test.agents...)
		ask.Actor = filters.Actor{ID: "user:" + test.user, User: test.user}
		ask.Impact = func() filters.Impact { return filters.Impact{} }
		told := gate.Explain(t.Context(), ask)
		var got []string
		for _, found := range told.Grants {
			mark := map[bool]string{true: "yes", false: "no"}[found.Holds]
			if found.Unsure {
				mark = "?"
			}
			got = append(got, mark+" "+found.Name+": "+found.Why)
		}
		for _, found := range told.Rules {
			got = append(got, fmt.Sprintf("%s %s: %s", found.Name, map[bool]string{true: "yes", false: "no"}[found.Holds], found.Why))
		}
		if got = append(got, strings.Join(told.Jurors, " ")); told.Denied != nil {
			got[len(got)-1] = "refused"
		}
		want := strings.Split(test.want, "|")
		for i := range want {
			if len(got) != len(want) || !strings.HasPrefix(got[i], want[i]) {
				t.Fatalf("%s %s: %q, want %q", test.user, test.verb, got, want)
			}
		}
		needs, err := gate.Decide(t.Context(), ask)
		if needs != told.Needs || (err == nil) != (told.Denied == nil) {
			t.Errorf("%s %s: explained as %+v, %v, decided as %+v, %v", test.user, test.verb, told.Needs, told.Denied, needs, err)
		}
	}
}
