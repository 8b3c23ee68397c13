package mesos

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/quota"

	"cordon/filters"
)

// demanding answers the four calls; but not those that are refused.
func demanding(t *testing.T, refused ...master.Call_Type) *scripted {
	t.Helper()
	old, kafka, cores, text := "old", mesosapi.FrameworkID{Value: "F1"}, mesosapi.SCALAR, "h"
	pending := func(kind mesosapi.Offer_Operation_Type, state mesosapi.OperationState, framework *mesosapi.FrameworkID) mesosapi.Operation {
		return mesosapi.Operation{FrameworkID: framework, AgentID: &mesosapi.AgentID{Value: "S1"}, Info: mesosapi.Offer_Operation{Type: kind}, LatestStatus: mesosapi.OperationStatus{State: state}, UUID: mesosapi.UUID{Value: []byte("u")}}
	}
	answers := map[master.Call_Type]*master.Response{
		master.Call_GET_QUOTA: {Type: master.Response_GET_QUOTA, GetQuota: &master.Response_GetQuota{Status: quota.QuotaStatus{
			Configs: []quota.QuotaConfig{{Role: "kafka", Guarantees: map[string]mesosapi.Value_Scalar{"cpus": {Value: 6}, "mem": {Value: 512}}, Limits: map[string]mesosapi.Value_Scalar{"cpus": {Value: 12}}}},
			Infos: []quota.QuotaInfo{
				{Role: new("kafka"), Guarantee: []mesosapi.Resource{{Name: "cpus", Type: &cores, Scalar: &mesosapi.Value_Scalar{Value: 6}}}},
				{Role: &old, Guarantee: []mesosapi.Resource{{Name: "cpus", Type: &cores, Scalar: &mesosapi.Value_Scalar{Value: 1}}}},
			},
		}}},
		master.Call_GET_ROLES: {Type: master.Response_GET_ROLES, GetRoles: &master.Response_GetRoles{Roles: []mesosapi.Role{{Name: "kafka", Weight: 1, Frameworks: []mesosapi.FrameworkID{kafka, {Value: "F2"}}}}}},
		master.Call_GET_OPERATIONS: {Type: master.Response_GET_OPERATIONS, GetOperations: &master.Response_GetOperations{Operations: []mesosapi.Operation{
			pending(mesosapi.Offer_Operation_RESERVE, mesosapi.OPERATION_PENDING, &kafka), pending(mesosapi.Offer_Operation_CREATE, mesosapi.OPERATION_RECOVERING, nil),
			pending(mesosapi.Offer_Operation_DESTROY, mesosapi.OPERATION_FINISHED, &kafka),
		}}},
		master.Call_GET_MAINTENANCE_STATUS: {Type: master.Response_GET_MAINTENANCE_STATUS, GetMaintenanceStatus: &master.Response_GetMaintenanceStatus{
			Status: maintenance.ClusterStatus{DownMachines: []mesosapi.MachineID{{Hostname: &text}}},
		}},
	}
	for _, call := range refused {
		delete(answers, call)
	}
	return play(t, func(r received) *answer {
		if given := answers[r.call]; given != nil {
			return &answer{status: 200, headers: [][2]string{{"Content-Type", typeProtobuf}}, body: protobuf(given)}
		}
		return nil
	})
}

func TestDemands(t *testing.T) {
	server := demanding(t)
	now := time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC)
	m := newMaster(t, func(c *Config) { c.Now = func() time.Time { return now } }, server)
	m.tasks.named([]byte("F1"), []byte("kafka-one"))
	want := filters.Demands{
		Quotas: []filters.Quota{
			{Role: "kafka", Guarantee: filters.Resources{CPUs: 6, MemMB: 512}, Limit: filters.Resources{CPUs: 12}}, {Role: "old", Guarantee: filters.Resources{CPUs: 1}},
		},
		Subscribers: map[string][]string{"kafka": {"kafka-one", "F2"}},
		Operations:  []filters.PendingOperation{{Agent: "S1", Framework: "kafka-one", Type: "RESERVE"}, {Agent: "S1", Type: "CREATE"}},
		Down:        1,
	}
	for range 3 {
		if diff := cmp.Diff(want, m.Demands(t.Context())); diff != "" {
			t.Error(diff)
		}
		now = now.Add(9 * time.Second)
	}
	if n := len(server.asked()); n != 4 {
		t.Errorf("%d calls within thirty seconds, want 4", n)
	}
	now = now.Add(9 * time.Second)
	m.Demands(t.Context())
	if n := len(server.asked()); n != 8 {
		t.Errorf("%d calls after thirty seconds, want 8", n)
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	server := demanding(t, master.Call_GET_QUOTA, master.Call_GET_OPERATIONS)
	now := time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC)
	m := newMaster(t, func(c *Config) { c.Now = func() time.Time { return now } }, server)
	told := m.Demands(t.Context())
	if diff := cmp.Diff([]string{"quota", "pending operations"}, told.Unread); diff != "" || told.Down != 1 {
		t.Error(diff)
	}
	m.Demands(t.Context())
	if n := len(server.asked()); n != 4 {
		t.Errorf("%d calls at once, want 4", n)
	}
	now = now.Add(2 * time.Second)
	ended, end := context.WithCancel(t.Context())
	end()
	if told := m.Demands(ended); len(told.Unread) != 4 {
		t.Errorf("read without time: %+v", told)
	}
}
