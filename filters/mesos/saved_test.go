package mesos

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"pgregory.net/rapid"

	"cordon/filters"
)

func TestSavedAnswersOfARealMaster(t *testing.T) {
	for name, want := range map[string]struct {
		agents, recovered int
	}{
		"read-get-agents":                 {agents: 3},
		"protobuf-get-agents":             {agents: 3},
		"extra-slaves-filter":             {agents: 1},
		"restart-4-get-agents-recovered":  {recovered: 3},
		"drain-02-get-agents-draining-0s": {agents: 3},
	} {
		view, err := ReadSaved(bytes.NewReader(append([]byte(" \n"[:2*min(1, strings.Count(name, "read"))]), recorded(t, name).body...)))
		if err != nil || len(view.Agents) != want.agents || len(view.Recovered) != want.recovered {
			t.Errorf("%s: %d agents, %d recovered, %v", name, len(view.Agents), len(view.Recovered), err)
		}
	}
	view, err := ReadSaved(bytes.NewReader(recorded(t, "read-get-agents").body))
	if err != nil {
		t.Fatal(err)
	}
	one := view.Agents[0]
	if one.Hostname != "agent-one" || one.Rack() != "r1" || one.Resources.CPUs != 4 || one.IP != "127.0.0.11" || !one.Active || one.Registered.IsZero() {
		t.Errorf("%+v", one)
	}
}

// JSON and protobuf of the same answer read the same, alone or inside the whole state.
func TestSavedFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		response := drawListing(t)
		want, err := ReadSaved(bytes.NewReader(protobuf(response)))
		if err != nil {
			t.Fatal(err)
		}
		inJSON, err := json.Marshal(response)
		if err != nil {
			t.Fatal(err)
		}
		state := &master.Response{Type: master.Response_GET_STATE, GetState: &master.Response_GetState{GetAgents: response.GetAgents}}
		stateInJSON, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		for form, saved := range map[string][]byte{"JSON": inJSON, "state in protobuf": protobuf(state), "state in JSON": stateInJSON} {
			got, err := ReadSaved(bytes.NewReader(saved))
			if err != nil {
				t.Fatalf("%s: %v\n%s", form, err, saved)
			}
			if diff := gocmp.Diff(sameEmpty(want), sameEmpty(got), gocmp.AllowUnexported(listing{}, address{})); diff != "" {
				t.Fatalf("%s: %s", form, diff)
			}
		}
	})
}

func sameEmpty(view filters.View) listing {
	return emptied(listing{agents: view.Agents, recovered: view.Recovered})
}

func TestSavedNonsense(t *testing.T) {
	agents := recorded(t, "read-get-agents").body
	for name, body := range map[string]string{
		"nothing":             "",
		"white space":         " \n ",
		"HTML":                "<html>",
		"an empty object":     "{}",
		"another call":        `{"type":"GET_FLAGS","get_flags":{"flags":[]}}`,
		"a state of none":     `{"type":"GET_STATE","get_state":{"get_tasks":{}}}`,
		"a list":              `[]`,
		"no ID":               `{"get_agents":{"agents":[{"active":true}]}}`,
		"two of one ID":       `{"slaves":[{"id":"a"},{"id":"a"}]}`,
		"protobuf of another": "\x08\x02",
	} {
		if view, err := ReadSaved(strings.NewReader(body)); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%s: read as %d agents, %v", name, len(view.Agents), err)
		}
	}
	for cut := range len(agents) {
		if _, err := ReadSaved(bytes.NewReader(agents[:cut])); err == nil && len(bytes.TrimSpace(agents[cut:])) > 0 {
			t.Fatalf("cut at byte %d of %d, and nobody noticed", cut, len(agents))
		}
	}
}

func FuzzSaved(f *testing.F) {
	names, err := filepath.Glob("testdata/*get-agents*.json")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		if _, err := os.Stat(name); err == nil {
			f.Add(recorded(f, strings.TrimSuffix(filepath.Base(name), ".json")).body)
		}
	}
	f.Add([]byte(`{"get_state":{"get_agents":{"agents":[{"agent_info":{"id":{"value":"a"}}}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		view, err := ReadSaved(bytes.NewReader(body))
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(view.Agents, func(a, b filters.Agent) int { return strings.Compare(string(a.ID), string(b.ID)) }) {
			t.Error("agents are not sorted")
		}
		for _, agent := range view.Agents {
			if agent.ID == "" {
				t.Error("an agent without an ID was accepted")
			}
		}
	})
}
