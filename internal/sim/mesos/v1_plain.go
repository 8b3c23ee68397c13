package mesos

import (
	"encoding/binary"
	"maps"
	"net"
	"slices"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// plainReader chooses what builds an answer that is small enough to be built as
// one message; nil: not such a call.
func (m *member) plainReader(call *master.Call) func() *master.Response {
	build := map[master.Call_Type]func() *master.Response{
		master.Call_GET_HEALTH: func() *master.Response {
			return &master.Response{Type: master.Response_GET_HEALTH, GetHealth: &master.Response_GetHealth{Healthy: true}}
		},
		master.Call_GET_FLAGS:         m.getFlags,
		master.Call_GET_VERSION:       m.getVersion,
		master.Call_GET_METRICS:       m.getMetrics,
		master.Call_GET_LOGGING_LEVEL: m.getLoggingLevel,
		master.Call_GET_OPERATIONS: func() *master.Response {
			return &master.Response{Type: master.Response_GET_OPERATIONS, GetOperations: m.cluster.operationList()}
		},
		master.Call_GET_ROLES:   m.cluster.getRoles,
		master.Call_GET_WEIGHTS: m.cluster.getWeights,
		master.Call_GET_MASTER:  m.getMaster,
		master.Call_GET_QUOTA:   m.cluster.getQuota,
		master.Call_GET_MAINTENANCE_SCHEDULE: func() *master.Response {
			return &master.Response{
				Type:                   master.Response_GET_MAINTENANCE_SCHEDULE,
				GetMaintenanceSchedule: &master.Response_GetMaintenanceSchedule{Schedule: m.cluster.schedule},
			}
		},
		master.Call_GET_MAINTENANCE_STATUS: func() *master.Response {
			return &master.Response{
				Type:                 master.Response_GET_MAINTENANCE_STATUS,
				GetMaintenanceStatus: &master.Response_GetMaintenanceStatus{Status: m.cluster.statusMessage()},
			}
		},
	}
	return build[call.Type]
}

func (m *member) getFlags() *master.Response {
	list := &master.Response_GetFlags{}
	for _, flag := range m.flags() {
		list.Flags = append(list.Flags, mesosapi.Flag{Name: flag.name, Value: &flag.value})
	}
	return &master.Response{Type: master.Response_GET_FLAGS, GetFlags: list}
}

// The build that every simulated master claims to be.
var (
	buildDate = "2024-08-23 12:00:00"
	buildTime = 1724414400.0
	buildUser = ""
)

func (m *member) getVersion() *master.Response {
	return &master.Response{Type: master.Response_GET_VERSION, GetVersion: &master.Response_GetVersion{VersionInfo: m.cluster.versionInfo()}}
}

func (c *Cluster) versionInfo() mesosapi.VersionInfo {
	return mesosapi.VersionInfo{Version: c.config.Version, BuildDate: &buildDate, BuildTime: &buildTime, BuildUser: &buildUser}
}

func (m *member) getMetrics() *master.Response {
	list := &master.Response_GetMetrics{}
	for _, metric := range m.metrics() {
		list.Metrics = append(list.Metrics, mesosapi.Metric{Name: metric.name, Value: &metric.value})
	}
	return &master.Response{Type: master.Response_GET_METRICS, GetMetrics: list}
}

func (m *member) getLoggingLevel() *master.Response {
	return &master.Response{Type: master.Response_GET_LOGGING_LEVEL, GetLoggingLevel: &master.Response_GetLoggingLevel{Level: m.logLevel}}
}

// getRoles lists the roles that the frameworks use, with what is allocated and
// offered to each.
func (c *Cluster) getRoles() *master.Response {
	list := &master.Response_GetRoles{}
	for _, role := range c.roles() {
		list.Roles = append(list.Roles, c.roleMessage(role))
	}
	return &master.Response{Type: master.Response_GET_ROLES, GetRoles: list}
}

func (c *Cluster) roleMessage(role string) mesosapi.Role {
	message := mesosapi.Role{Name: role, Weight: c.weight(role)}
	var used resources
	for _, f := range c.inRole(role) {
		message.Frameworks = append(message.Frameworks, mesosapi.FrameworkID{Value: f.id})
		for _, a := range c.registered {
			used = used.plus(a.usedBy(f))
			for _, o := range a.offersTo(f) {
				used = used.plus(o.free)
			}
		}
	}
	message.Resources = scalarList(used, allocatedTo("", ""))
	slices.SortFunc(message.Resources, func(a, b mesosapi.Resource) int { return strings.Compare(a.Name, b.Name) })
	return message
}

func (c *Cluster) weight(role string) float64 {
	if weight, given := c.weights[role]; given {
		return weight
	}
	return 1
}

// getWeights lists the weights that were set; while there is none, the answer
// has no list at all (recording read-get-weights).
func (c *Cluster) getWeights() *master.Response {
	reply := &master.Response{Type: master.Response_GET_WEIGHTS}
	for _, role := range slices.Sorted(maps.Keys(c.weights)) {
		if reply.GetWeights == nil {
			reply.GetWeights = &master.Response_GetWeights{}
		}
		reply.GetWeights.WeightInfos = append(reply.GetWeights.WeightInfos, mesosapi.WeightInfo{Role: &role, Weight: c.weights[role]})
	}
	return reply
}

func (m *member) getMaster() *master.Response {
	started, elected := seconds(m.started), seconds(m.elected)
	return &master.Response{Type: master.Response_GET_MASTER, GetMaster: &master.Response_GetMaster{
		MasterInfo: m.info(), StartTime: &started, ElectedTime: &elected,
	}}
}

func (m *member) info() *mesosapi.MasterInfo {
	hostname, pid := m.hostname(), "master@"+m.address()
	ip, port := m.ip(), m.port()
	info := &mesosapi.MasterInfo{
		ID: m.id, PID: &pid, Hostname: &hostname, Version: &m.cluster.config.Version,
		Address: &mesosapi.Address{Hostname: &hostname, IP: &ip, Port: int32(port)},
	}
	info.Port = &port
	if four := net.ParseIP(ip).To4(); four != nil {
		info.IP = binary.LittleEndian.Uint32(four)
	}
	for capability := range 3 { // AGENT_UPDATE, AGENT_DRAINING, QUOTA_V2
		info.Capabilities = append(info.Capabilities, mesosapi.MasterInfo_Capability{Type: mesosapi.MasterInfo_Capability_Type(capability + 1)})
	}
	return info
}
