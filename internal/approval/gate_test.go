package approval

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"cordon/filters"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type groups map[string][]string

func (g groups) Members(_ context.Context, group string) ([]string, error) {
	members, ok := g[group]
	if !ok {
		return nil, errors.New("xoxb-secret: Slack is away")
	}
	return members, nil
}

// MemberNow knows no more than Members.
func (g groups) MemberNow(ctx context.Context, group, user string) (bool, error) {
	members, err := g.Members(ctx, group)
	return slices.Contains(members, user), err
}

func TestDecide(t *testing.T) {
	alice := filters.Actor{ID: "user:U1", User: "U1"}
	for name, test := range map[string]struct {
		operators []string
		members   groups
		actor     filters.Actor
		verb      filters.Verb
		denied    string // part of the message; empty: allowed
	}{
		"a listed user":                 {operators: []string{"U1"}, actor: alice},
		"a member of a listed group":    {operators: []string{"S1"}, members: groups{"S1": {"U1"}}, actor: alice},
		"somebody else":                 {operators: []string{"U2"}, actor: alice, denied: "not among its operators"},
		"nobody is listed":              {actor: alice, denied: "no operators are listed"},
		"looking needs no right":        {actor: alice, verb: filters.VerbLook},
		"Slack is away":                 {operators: []string{"S1"}, members: groups{}, actor: alice, denied: "the answer is no"},
		"one group away, in another":    {operators: []string{"S1", "S2"}, members: groups{"S2": {"U1"}}, actor: alice},
		"an operator's token":           {actor: filters.Actor{ID: "api:ci", Role: "operator"}},
		"a token without a role":        {operators: []string{"U1"}, actor: filters.Actor{ID: "api:ci", User: "U1"}, denied: "role is not operator"},
		"an actor of no known kind":     {operators: []string{""}, actor: filters.Actor{ID: "nobody"}, denied: "only people and tokens"},
		"a window of the configuration": {operators: []string{"U2"}, actor: filters.Actor{ID: "window:nightly/2026-09-01T00:00:00Z"}},
		"a window of an operator":       {operators: []string{"U1"}, actor: filters.Actor{ID: "window:nightly/2026-09-01T00:00:00Z", User: "U1"}},
		"a run of a former operator":    {operators: []string{"U2"}, actor: filters.Actor{ID: "run:r-1", User: "U1"}, denied: "not among its operators"},
		"a user without an ID":          {operators: []string{""}, actor: filters.Actor{ID: "user:"}, denied: "only people"},
	} {
		t.Run(name, func(t *testing.T) {
			verb := test.verb
			if verb == "" {
				verb = filters.VerbFilter
			}
			gate := NewGate(Config{Cluster: "prod", Grants: Operators(test.operators), Members: test.members})
			_, err := gate.Decide(t.Context(), filters.Ask{Actor: test.actor, Plan: filters.Plan{Verb: verb}})
			if test.denied == "" {
				if err != nil {
					t.Fatalf("denied: %v", err)
				}
				return
			}
			if filters.CodeOf(err) != filters.Denied || !strings.Contains(err.Error(), test.denied) {
				t.Fatalf("got %v, want a denial that says %q", err, test.denied)
			}
			if strings.Contains(err.Error(), "xoxb") {
				t.Error("the denial shows its cause")
			}
		})
	}
}

func TestMayListsWhatDecideAllows(t *testing.T) {
	gate := NewGate(Config{Cluster: "prod", Grants: Operators([]string{"U1"})})
	verbs, why, err := gate.May(t.Context(), filters.Actor{ID: "user:U1", User: "U1"})
	if err != nil || !slices.Contains(verbs, filters.VerbUnlock) || !strings.Contains(why, "listed as an admin") {
		t.Errorf("operator: %v, %q, %v", verbs, why, err)
	}
	verbs, _, _ = gate.May(t.Context(), filters.Actor{ID: "user:U2", User: "U2"})
	if !slices.Equal(verbs, []filters.Verb{filters.VerbLook}) {
		t.Errorf("onlooker may %v", verbs)
	}
}
