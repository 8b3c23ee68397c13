package mesos

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"cordon/filters"
)

// amount is a resource in the way that the function marks it.
func amount(name string, value float64, mark func(*mesosapi.Resource)) mesosapi.Resource {
	scalar := mesosapi.SCALAR
	resource := mesosapi.Resource{Name: name, Type: &scalar, Scalar: &mesosapi.Value_Scalar{Value: value}}
	mark(&resource)
	return resource
}

func unmarked(*mesosapi.Resource) {}

// older and newer mark a resource as reserved for the role, in either form; both as a 1.12 master prints it.
func older(role string) func(*mesosapi.Resource) {
	return func(r *mesosapi.Resource) { r.Role = &role }
}

func newer(roles ...string) func(*mesosapi.Resource) {
	return func(r *mesosapi.Resource) {
		for _, role := range roles {
			r.Reservations = append(r.Reservations, mesosapi.Resource_ReservationInfo{Role: &role})
		}
	}
}

func both(role string) func(*mesosapi.Resource) {
	return func(r *mesosapi.Resource) { older(role)(r); newer(role)(r) }
}

func to(role string, mark func(*mesosapi.Resource)) func(*mesosapi.Resource) {
	return func(r *mesosapi.Resource) {
		mark(r)
		r.AllocationInfo = &mesosapi.Resource_AllocationInfo{Role: &role}
	}
}

func volume(id, principal string, mark func(*mesosapi.Resource)) func(*mesosapi.Resource) {
	return func(r *mesosapi.Resource) {
		mark(r)
		r.Disk = &mesosapi.Resource_DiskInfo{Persistence: &mesosapi.Resource_DiskInfo_Persistence{ID: id, Principal: &principal}}
	}
}

func TestWhatRolesHoldOfAnAgent(t *testing.T) {
	type list = []mesosapi.Resource
	whole := filters.Resources{CPUs: 8}
	for name, test := range map[string]struct {
		total, allocated list
		want             filters.Agent
	}{
		"nothing is reserved": {
			list{amount("cpus", 8, older("*"))}, list{amount("cpus", 2, to("*", older("*")))},
			filters.Agent{Resources: whole, Allocated: &filters.Resources{CPUs: 2}},
		},
		"a role uses what nobody reserved": {
			list{amount("cpus", 8, unmarked)}, list{amount("cpus", 2, to("kafka", unmarked))},
			filters.Agent{Resources: whole, Allocated: &filters.Resources{CPUs: 2}, Claims: &filters.Claims{Shares: []filters.Share{{Role: "kafka", Used: filters.Resources{CPUs: 2}}}}},
		},
		"reserved in the older form, and partly used": {
			list{amount("cpus", 5, older("*")), amount("cpus", 3, older("kafka"))}, list{amount("cpus", 1, to("kafka", older("kafka")))},
			filters.Agent{Resources: whole, Allocated: &filters.Resources{CPUs: 1}, Claims: &filters.Claims{Shares: []filters.Share{{Role: "kafka", Used: filters.Resources{CPUs: 1}, Idle: filters.Resources{CPUs: 2}}}}},
		},
		"in both forms it counts once": {
			list{amount("cpus", 5, unmarked), amount("cpus", 3, both("kafka"))}, nil,
			filters.Agent{Resources: whole, Claims: &filters.Claims{Shares: []filters.Share{{Role: "kafka", Idle: filters.Resources{CPUs: 3}}}}},
		},
		"refined: the last role has it": {
			list{amount("cpus", 5, unmarked), amount("cpus", 3, newer("eng", "eng/kafka"))}, nil,
			filters.Agent{Resources: whole, Claims: &filters.Claims{Shares: []filters.Share{{Role: "eng/kafka", Idle: filters.Resources{CPUs: 3}}}}},
		},
		"volumes, by role and ID": {
			list{amount("disk", 100, unmarked), amount("disk", 30, volume("v2", "ops", both("kafka"))), amount("disk", 20, volume("v1", "ops", both("kafka"))), amount("disk", 7, volume("v9", "", both("a")))},
			list{amount("disk", 30, to("kafka", volume("v2", "ops", both("kafka"))))},
			filters.Agent{Resources: filters.Resources{DiskMB: 157}, Allocated: &filters.Resources{DiskMB: 30}, Claims: &filters.Claims{
				Shares: []filters.Share{{Role: "a", Idle: filters.Resources{DiskMB: 7}}, {Role: "kafka", Used: filters.Resources{DiskMB: 30}, Idle: filters.Resources{DiskMB: 20}}},
				Volumes: []filters.Volume{
					{ID: "v9", Role: "a", SizeMB: 7}, {ID: "v1", Role: "kafka", Principal: "ops", SizeMB: 20}, {ID: "v2", Role: "kafka", Principal: "ops", SizeMB: 30},
				},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			message := protobuf(&master.Response_GetAgents_Agent{
				AgentInfo: mesosapi.AgentInfo{ID: &mesosapi.AgentID{Value: "S1"}}, TotalResources: test.total, AllocatedResources: test.allocated,
			})
			test.want.ID, test.want.Port = "S1", 5051
			reader := newDecoder(nothing)
			first, err := reader.agent(message)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Attributes = first.Attributes
			if diff := cmp.Diff(test.want, first); diff != "" {
				t.Error(diff)
			}
			again, err := newDecoder(filters.NewRoster(filters.View{Agents: []filters.Agent{first}})).agent(message)
			if err != nil || again.Claims != first.Claims {
				t.Errorf("what stayed as it was is kept twice (%v)", err)
			}
		})
	}
}

func TestWhatIsFreeOfAnAgent(t *testing.T) {
	agent := filters.Agent{Resources: filters.Resources{CPUs: 8, MemMB: 100}, Allocated: &filters.Resources{CPUs: 2, MemMB: 120},
		Claims: &filters.Claims{Shares: []filters.Share{{Role: "a", Idle: filters.Resources{CPUs: 1}}, {Role: "b", Used: filters.Resources{CPUs: 1}, Idle: filters.Resources{CPUs: 0.5}}}}}
	if want := (filters.Resources{CPUs: 4.5}); agent.Free() != want {
		t.Errorf("free %+v, want %+v", agent.Free(), want)
	}
}
