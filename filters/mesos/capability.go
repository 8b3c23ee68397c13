package mesos

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// agentDraining is the capability of agents that can be drained: AgentInfo.Capability.AGENT_DRAINING (mesos.proto), of Mesos 1.9.
const (
	agentDraining     = 7
	agentDrainingName = "AGENT_DRAINING"
)

// capabilities are what an agent's process told that it can do. The zero value is of one that told nothing.
type capabilities struct{ told, drains bool }

// add decodes one AgentInfo.Capability.
func (c *capabilities) add(message []byte) error {
	c.told = true
	return fields(message, func(number protowire.Number, _ []byte, value uint64) error {
		c.drains = c.drains || number == 1 && value == agentDraining
		return nil
	})
}

func (c *capabilities) undrainable() bool { return c.told && !c.drains }

// undrainable is the same of capabilities by their names.
func undrainable(names []string) bool {
	return len(names) > 0 && !slices.Contains(names, agentDrainingName)
}
