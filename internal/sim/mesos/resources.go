package mesos

import (
	"maps"
	"slices"
	"strconv"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

func itoa(number int) string { return strconv.Itoa(number) }

// Ports that every agent offers.
const firstPort, lastPort = 31000, 32000

// scalarType and rangesType are the kinds of resources, addressable because
// mesos-go wants pointers.
var (
	scalarType = mesosapi.SCALAR
	rangesType = mesosapi.RANGES
	anyRole    = "*"
)

// withRole sets whom a resource is for. The master prints the roles of
// resources differently from place to place; each place says what it prints.
type withRole func(*mesosapi.Resource)

// allocatedTo marks a resource with a role and the role that it is allocated
// to; "" leaves either out.
func allocatedTo(role, allocated string) withRole {
	return func(r *mesosapi.Resource) {
		if role != "" {
			r.Role = &role
		}
		if allocated != "" {
			r.AllocationInfo = &mesosapi.Resource_AllocationInfo{Role: &allocated}
		}
	}
}

// scalarList is the amounts that are not zero, as the master lists them.
func scalarList(amounts resources, mark withRole) []mesosapi.Resource {
	var list []mesosapi.Resource
	for _, named := range []struct {
		name  string
		value float64
	}{{"cpus", amounts.cpus}, {"mem", amounts.mem}, {"disk", amounts.disk}, {"gpus", amounts.gpus}} {
		if named.value < 1e-9 {
			continue
		}
		resource := mesosapi.Resource{Name: named.name, Type: &scalarType, Scalar: &mesosapi.Value_Scalar{Value: rounded(named.value)}}
		mark(&resource)
		list = append(list, resource)
	}
	return list
}

// rounded is a scalar with the three decimals that Mesos keeps.
func rounded(value float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'f', 3, 64), 64)
	return short
}

func portsResource(mark withRole) mesosapi.Resource {
	ports := mesosapi.Resource{
		Name: "ports", Type: &rangesType,
		Ranges: &mesosapi.Value_Ranges{Range: []mesosapi.Value_Range{{Begin: firstPort, End: lastPort}}},
	}
	mark(&ports)
	return ports
}

// resourceList is all that a host has.
func (h *host) resourceList(role string) []mesosapi.Resource {
	mark := allocatedTo(role, "")
	return append(scalarList(h.total(), mark), portsResource(mark))
}

// freeList is what an offer holds.
func freeList(free resources, mark withRole) []mesosapi.Resource {
	return append([]mesosapi.Resource{portsResource(mark)}, scalarList(free, mark)...)
}

// attributeList is a host's attributes, by name.
func (h *host) attributeList() []mesosapi.Attribute {
	list := make([]mesosapi.Attribute, 0, len(h.config.Attributes))
	for _, name := range slices.Sorted(maps.Keys(h.config.Attributes)) {
		list = append(list, mesosapi.Attribute{
			Name: name, Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: h.config.Attributes[name]},
		})
	}
	return list
}
