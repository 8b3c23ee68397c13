package app

import (
	"slices"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/internal/config"
)

// buildMachines gives the stack the desk where people ask for machines to be scheduled, taken down and brought up, and returns
// what tells the leader's reconciler about them.
func (a *App) buildMachines(s *stack, cluster config.Cluster) *operation.Source {
	plan := &operation.Config{
		Cluster: s.name, Service: s.service, Book: s.book, Master: s.master, Roster: s.master.Roster, Groups: groupsOf(cluster.Groups),
		Tasks: s.master.Tasks, MayDown: slices.Contains(cluster.Allowed(), string(filters.ModeDown)), Logger: s.log,
	}
	s.machines = operation.NewDesk(plan)
	return operation.NewSource(plan)
}
