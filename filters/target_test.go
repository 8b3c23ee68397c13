package filters

import (
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	twin := s.view.Agents[5]
	twin.ID, twin.Hostname, twin.Port = "bbbb-S0", "AGENT-SIX", 5052
	s.view.Agents = append(s.view.Agents, twin)
	s.roster = NewRoster(s.view)
	for typed, want := range map[string]string{
		"agent-one":           "aaaa-S0",
		"Agent-One":           "aaaa-S0",
		"aaaa-S3":             "aaaa-S3",
		"bbb":                 "bbbb-S0",
		"agent-six":           "bbbb-S0 aaaa-S5",
		"agent-t*":            "aaaa-S2 aaaa-S1",
		"@bench":              "aaaa-S0 aaaa-S1",
		"@first":              "aaaa-S0 aaaa-S1",
		"agent-one @bench":    "aaaa-S0 aaaa-S1",
		"-l rack=r2":          "aaaa-S3 aaaa-S2",
		"agent-o* -l rack=r1": "aaaa-S0",
		"agent-on":            "unknown: I know no agent `agent-on` in *prod*. Nearest: `agent-one`",
		"agent-":              "ambiguous: `agent-` is the start of 6 agent names: `agent-five`, `agent-four`, `agent-one`, `agent-six`, `agent-three`, `agent-two`. Give one in full, or `agent-*` for all of them",
		"aaaa":                "ambiguous: `aaaa` is the start of 6 agent names",
		"@nobody":             "unknown: I know no group `@nobody`: one of `@bench`, `@first`",
		"web-*":               "unknown: no agent's hostname matches `web-*`",
		"-l rack=r9":          "unknown: no agent has `rack=r9`",
		"-l rack":             "invalid: `-l rack` is not an attribute",
		"[":                   "invalid: `[` is not a glob",
		"@":                   "invalid: `@` names no group",
		"":                    "invalid: no agent is named",
	} {
		t.Run(typed, func(t *testing.T) {
			got := resolveText(s, typed)
			if got != want && !(strings.Contains(want, ": ") && strings.HasPrefix(got, want)) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func resolveText(s *scene, typed string) string {
	var targets []Target
	words := strings.Fields(typed)
	for i := 0; i < len(words); i++ {
		var target Target
		var err error
		if words[i] == "-l" {
			i++
			target, err = ParseAttribute(words[i])
		} else {
			target, err = ParseTarget(words[i])
		}
		if err != nil {
			return string(CodeOf(err)) + ": " + err.Error()
		}
		targets = append(targets, target)
	}
	agents, err := Resolve(s.roster, s.config.Groups, targets)
	if err != nil {
		return string(CodeOf(err)) + ": " + err.Error()
	}
	var ids []string
	for _, agent := range agents {
		ids = append(ids, string(agent.ID))
	}
	return strings.Join(ids, " ")
}

func TestAPlansHashIsItsIntent(t *testing.T) {
	plan := Plan{Cluster: "prod", Verb: VerbFilter, Steps: []Step{{"S1", "a", ModeFilter}, {"S2", "b", ModeFilter}}}
	same, turned := plan, plan
	turned.Steps = []Step{plan.Steps[1], plan.Steps[0]}
	if plan.Hash() != same.Hash() || plan.Hash() == turned.Hash() || len(plan.Hash()) != 64 {
		t.Error("the hash does not tell plans apart by their steps' order")
	}
}

func FuzzParseTarget(f *testing.F) {
	s := NewRoster(View{})
	f.Add("web-*")
	f.Add("@bench")
	f.Add("[a-")
	f.Fuzz(func(t *testing.T, word string) {
		target, err := ParseTarget(word)
		if err != nil {
			if CodeOf(err) != Invalid {
				t.Errorf("%q: %v", word, err)
			}
			return
		}
		if _, err = Resolve(s, nil, []Target{target}); err == nil {
			t.Errorf("%q is found in an empty cluster", word)
		}
	})
}
