package mesos

import (
	"slices"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/quota"
)

// reserved is what the volumes on an agent take from everybody.
func (h *host) reserved() resources {
	var taken resources
	for i := range h.config.Volumes {
		taken.disk += h.config.Volumes[i].DiskMB
	}
	return taken
}

// totalList is all that a host has, as GET_AGENTS prints it: what anybody may have,
// and each volume by itself.
func (h *host) totalList() []mesosapi.Resource {
	mark := allocatedTo(anyRole, "")
	list := append(scalarList(h.total().minus(h.reserved()), mark), portsResource(mark))
	for i := range h.config.Volumes {
		list = append(list, scalarList(resources{disk: h.config.Volumes[i].DiskMB}, h.config.Volumes[i].mark)...)
	}
	return list
}

// mark makes a resource a volume. Masters print its reservation in the older form
// and in the newer one (Mesos's docs/reservation.md, "Reservation Refinement").
func (v *VolumeConfig) mark(r *mesosapi.Resource) {
	kind := mesosapi.Resource_ReservationInfo_DYNAMIC
	r.Role = &v.Role
	r.Reservation = &mesosapi.Resource_ReservationInfo{Principal: &v.Principal}
	r.Reservations = []mesosapi.Resource_ReservationInfo{{Type: &kind, Role: &v.Role, Principal: &v.Principal}}
	mode := mesosapi.RW
	r.Disk = &mesosapi.Resource_DiskInfo{
		Persistence: &mesosapi.Resource_DiskInfo_Persistence{ID: v.ID, Principal: &v.Principal},
		Volume:      &mesosapi.Volume{Mode: &mode, ContainerPath: "data"},
	}
}

// getQuota lists the quotas, in the form of 1.9 and later and, what it can say, in
// the older one.
func (c *Cluster) getQuota() *master.Response {
	var status quota.QuotaStatus
	for _, configured := range c.config.Quotas {
		role := configured.Role
		status.Configs = append(status.Configs, quota.QuotaConfig{Role: role, Guarantees: configured.Guarantee.named(), Limits: configured.Limit.named()})
		status.Infos = append(status.Infos, quota.QuotaInfo{Role: &role, Guarantee: scalarList(configured.Guarantee.resources(), allocatedTo("", ""))})
	}
	slices.SortFunc(status.Configs, func(a, b quota.QuotaConfig) int { return strings.Compare(a.Role, b.Role) })
	return &master.Response{Type: master.Response_GET_QUOTA, GetQuota: &master.Response_GetQuota{Status: status}}
}

func (a Amounts) resources() resources { return resources{a.CPUs, a.MemMB, a.DiskMB, a.GPUs} }

// named are the amounts that are not zero, by the names of resources.
func (a Amounts) named() map[string]mesosapi.Value_Scalar {
	named := map[string]mesosapi.Value_Scalar{}
	for _, resource := range scalarList(a.resources(), allocatedTo("", "")) {
		named[resource.Name] = *resource.Scalar
	}
	return named
}
