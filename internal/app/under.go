package app

import (
	"cordon/commands/poster"
	"cordon/filters"
)

// Under tells how the filters of a subject are.
func (v view) Under(subject string) poster.Standing {
	return poster.Stand(v.stack.book.Filters(), v.stack.book.Ledger, subject)
}

// Host returns the agent's hostname; empty if it is not known.
func (v view) Host(id filters.AgentID) string {
	if agent := v.stack.master.Roster().Agent(id); agent != nil {
		return agent.Hostname
	}
	return ""
}
