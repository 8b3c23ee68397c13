package mesos

import (
	"context"
	"strings"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
	"github.com/mesos/mesos-go/api/v1/lib/quota"

	"cordon/filters"
)

// demandsEvery is how long what was read of roles, quota and operations is good for.
const demandsEvery = 30 * time.Second

// demands keeps what was read last. One caller reads at a time; the others wait for it.
type demands struct {
	mutex sync.Mutex
	read  time.Time // when the newest was asked for; zero: never
	known filters.Demands
}

// Oldest returns since when the task has run that has run on the agent for the longest time, UTC; zero: that is not known.
func (m *Master) Oldest(agent filters.AgentID) time.Time {
	if load, _ := m.tasks.load([]filters.AgentID{agent}); load.Oldest != nil {
		return load.Oldest.Since
	}
	return time.Time{}
}

// Workload returns what runs on the agents; false if this replica has no events.
func (m *Master) Workload(agents []filters.AgentID) (filters.Workload, bool) {
	return m.tasks.load(agents)
}

// Demands returns what roles and operations ask of the cluster, at most thirty seconds old: four small calls (GET_QUOTA, GET_ROLES,
// GET_OPERATIONS, GET_MAINTENANCE_STATUS), made only when somebody asks. What could not be read is named, and is asked for
// again by the next who wants it, but not within a second.
func (m *Master) Demands(ctx context.Context) filters.Demands {
	m.demands.mutex.Lock()
	defer m.demands.mutex.Unlock()
	good := demandsEvery
	if len(m.demands.known.Unread) > 0 {
		good = retryRead
	}
	if age := m.config.Now().Sub(m.demands.read); !m.demands.read.IsZero() && age >= 0 && age < good {
		return m.demands.known
	}
	m.demands.read, m.demands.known = m.config.Now(), m.readDemands(ctx)
	return m.demands.known
}

func (m *Master) readDemands(ctx context.Context) filters.Demands {
	var told filters.Demands
	for _, part := range []struct {
		name string
		call *master.Call
		take func(*master.Response) bool
	}{
		{"quota", calls.GetQuota(), func(answer *master.Response) bool { return takeQuota(&told, answer.GetQuota) }},
		{"roles", calls.GetRoles(), func(answer *master.Response) bool { return m.takeRoles(&told, answer.GetRoles) }},
		{"pending operations", calls.GetOperations(), func(answer *master.Response) bool { return m.takeOperations(&told, answer.GetOperations) }},
		{"machines that are down", calls.GetMaintenanceStatus(), func(answer *master.Response) bool { return takeDown(&told, answer.GetMaintenanceStatus) }},
	} {
		answer, _, err := m.ask(ctx, part.call)
		if err != nil || !part.take(answer) { // a body that was cut short decodes without its part
			told.Unread = append(told.Unread, part.name)
		}
	}
	return told
}

func takeQuota(told *filters.Demands, answer *master.Response_GetQuota) bool {
	if answer == nil {
		return false
	}
	known := map[string]bool{}
	for _, config := range answer.Status.Configs {
		known[config.Role] = true
		told.Quotas = append(told.Quotas, filters.Quota{Role: filters.Inert(config.Role), Guarantee: amounts(config.Guarantees), Limit: amounts(config.Limits)})
	}
	for i := range answer.Status.Infos { // masters before 1.9 have no configs
		if info := &answer.Status.Infos[i]; !known[info.GetRole()] {
			told.Quotas = append(told.Quotas, filters.Quota{Role: filters.Inert(info.GetRole()), Guarantee: guarantee(info)})
		}
	}
	return true
}

func amounts(named map[string]mesos.Value_Scalar) filters.Resources {
	var sum filters.Resources
	for name, scalar := range named {
		if to := part(&sum, []byte(name)); to != nil {
			*to = scalar.Value
		}
	}
	return sum
}

func guarantee(info *quota.QuotaInfo) filters.Resources {
	var sum filters.Resources
	for i := range info.Guarantee {
		if to := part(&sum, []byte(info.Guarantee[i].Name)); to != nil {
			*to += info.Guarantee[i].GetScalar().GetValue()
		}
	}
	return sum
}

func (m *Master) takeRoles(told *filters.Demands, answer *master.Response_GetRoles) bool {
	if answer == nil {
		return false
	}
	told.Subscribers = map[string][]string{}
	for i := range answer.Roles {
		role := &answer.Roles[i]
		for _, framework := range role.Frameworks {
			name := filters.Inert(role.Name)
			told.Subscribers[name] = append(told.Subscribers[name], m.tasks.name(framework.Value))
		}
	}
	return true
}

// takeOperations keeps the operations that have not ended: PENDING and RECOVERING, which a master before 1.9 does not have.
func (m *Master) takeOperations(told *filters.Demands, answer *master.Response_GetOperations) bool {
	if answer == nil {
		return false
	}
	for i := range answer.Operations {
		operation := &answer.Operations[i]
		if state := operation.LatestStatus.State; state != mesos.OPERATION_PENDING && state != mesos.OPERATION_RECOVERING {
			continue
		}
		pending := filters.PendingOperation{Agent: filters.AgentID(operation.GetAgentID().GetValue()), Type: strings.ToUpper(operation.Info.Type.String())}
		if operation.FrameworkID != nil {
			pending.Framework = m.tasks.name(operation.FrameworkID.Value)
		}
		told.Operations = append(told.Operations, pending)
	}
	return true
}

func takeDown(told *filters.Demands, answer *master.Response_GetMaintenanceStatus) bool {
	if answer == nil {
		return false
	}
	told.Down = len(answer.Status.DownMachines)
	return true
}
