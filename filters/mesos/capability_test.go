package mesos

import (
	"testing"

	simmesos "cordon/internal/sim/mesos"
)

// An agent of before Mesos 1.9 is told apart by what it says it can do, in either form of the master's answer.
func TestWhoCannotBeDrained(t *testing.T) {
	cluster := simulate(t, func(config *simmesos.Config) { config.Agents[1].Undrainable = true })
	m := join(t, cluster, false, nil)
	view, err := m.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range view.Agents {
		agent := &view.Agents[i]
		one, listed, err := m.ReadOne(t.Context(), agent.ID)
		if want := agent.Hostname == "agent-two"; agent.Undrainable != want || one.Undrainable != want || !listed || err != nil {
			t.Errorf("%s: undrainable %t in GET_AGENTS, %t in /slaves (%v)", agent.Hostname, agent.Undrainable, one.Undrainable, err)
		}
	}
	if told := (capabilities{}); told.undrainable() || undrainable(nil) {
		t.Error("an agent that tells nothing is taken for one that cannot be drained")
	}
}
