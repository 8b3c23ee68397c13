package stage

import (
	"context"
	"time"

	"cordon/filters"
)

// laden gives the first agent volumes and every agent something that it holds.
func (s *Stage) laden(agents []filters.Agent) {
	kafka, ops := s.names("kafka"), s.names("ops")
	for i := range agents {
		agents[i].Allocated = &filters.Resources{CPUs: 1, MemMB: 2048}
	}
	agents[0].Claims = &filters.Claims{
		Shares:  []filters.Share{{Role: kafka, Used: filters.Resources{CPUs: 1, MemMB: 2048}, Idle: filters.Resources{CPUs: 1}}},
		Volumes: []filters.Volume{{ID: "v1", Role: kafka, Principal: ops, SizeMB: 10240}, {ID: "v2", Role: kafka, Principal: ops, SizeMB: 5120}},
	}
}

// survey tells what a laden cluster is asked for.
type survey struct{ *Stage }

// Workload counts the tasks on the agents. One of them is on its way, one has run for two days.
func (s survey) Workload(agents []filters.AgentID) (filters.Workload, bool) {
	load := filters.Workload{Tasks: map[string]int{}, Everywhere: map[string]int{}, States: map[filters.TaskState]int{filters.TaskStaging: 1}}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, tasks := range s.tasks {
		for framework, count := range tasks {
			load.Everywhere[framework] += count
		}
	}
	for _, agent := range agents {
		for framework, count := range s.tasks[agent] {
			load.Tasks[framework] += count
		}
	}
	if len(agents) > 0 {
		load.Oldest = &filters.OldTask{Since: s.view.Began.Add(-50 * time.Hour), Framework: s.names("marathon"), Agent: agents[0]}
	}
	return load, true
}

// Demands are a quota that breaks when an agent is away, operations, and a machine that is down. Roles cannot be read.
func (s survey) Demands(context.Context) filters.Demands {
	return filters.Demands{
		Quotas:      []filters.Quota{{Role: s.names("kafka"), Guarantee: filters.Resources{CPUs: 18}}, {Role: s.names("web"), Limit: filters.Resources{CPUs: 12}}},
		Subscribers: map[string][]string{s.names("kafka"): {s.names("kafka-one")}},
		Operations:  []filters.PendingOperation{{Agent: "b4c0-S1", Type: "RESERVE", Framework: s.names("kafka-one")}, {Agent: "b4c0-S1", Type: "CREATE"}},
		Down:        1, Unread: []string{"roles"},
	}
}

// Last has one app with every instance on the first agent.
func (s survey) Last(_ context.Context, agents []filters.AgentID) ([]string, error) {
	for _, agent := range agents {
		if agent == "b4c0-S1" {
			return []string{s.names("/shop")}, nil
		}
	}
	return nil, nil
}
