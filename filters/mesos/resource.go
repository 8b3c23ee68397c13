package mesos

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// resource is one as it lies in the message (mesos.proto, Resource).
type resource struct {
	name      []byte
	amount    float64
	revocable bool
	role      []byte // whom it is reserved for; empty or *: nobody
	allocated []byte // the role that it is allocated to
	volume    []byte // the ID of a persistent volume; empty: it is none
	principal []byte // who made the volume
}

// The role of everybody: not reserved.
const everybody = "*"

// decodeResource reads a Resource. The master prints reservations in the older form, the newer one or both; of the newer one
// the last says whom it is for.
func decodeResource(message []byte) (resource, error) {
	var read resource
	err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) (err error) {
		switch number {
		case 1:
			read.name = bytes
		case 3:
			read.amount, err = scalar(bytes)
		case 6:
			if read.role == nil {
				read.role = bytes
			}
		case 7:
			err = read.disk(bytes)
		case 9:
			read.revocable = true
		case 11:
			read.allocated, err = inside(bytes, 1)
		case 13:
			var role []byte
			if role, err = inside(bytes, 3); len(role) > 0 {
				read.role = role
			}
		}
		return err
	})
	return read, err
}

// disk reads a Resource.DiskInfo.
func (r *resource) disk(message []byte) error {
	persistence, err := inside(message, 1)
	if err != nil || persistence == nil {
		return err
	}
	return fields(persistence, func(number protowire.Number, bytes []byte, _ uint64) error {
		switch number {
		case 1:
			r.volume = bytes
		case 2:
			r.principal = bytes
		}
		return nil
	})
}

func (r *resource) reserved() bool { return len(r.role) > 0 && string(r.role) != everybody }

// part is where a resource of the name is added up; nil: it is none that is counted.
func part(sum *filters.Resources, name []byte) *float64 {
	switch string(name) {
	case "cpus":
		return &sum.CPUs
	case "gpus":
		return &sum.GPUs
	case "mem":
		return &sum.MemMB
	case "disk":
		return &sum.DiskMB
	}
	return nil
}

// add adds the resource, or takes it away with the sign -1.
func (r *resource) add(sum *filters.Resources, sign float64) {
	if to := part(sum, r.name); to != nil {
		*to += sign * r.amount
	}
}

// infoResources adds up the resources of an AgentInfo. Revocable ones are lent, not had.
func infoResources(message []byte) (filters.Resources, error) {
	var sum filters.Resources
	err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) error {
		if number != 3 {
			return nil
		}
		read, err := decodeResource(bytes)
		if !read.revocable {
			read.add(&sum, 1)
		}
		return err
	})
	return sum, err
}

// claims gathers what roles hold of one agent. It is used again for the next.
type claims struct {
	shares  []filters.Share
	volumes []filters.Volume
}

func (c *claims) reset() { c.shares, c.volumes = c.shares[:0], c.volumes[:0] }

func (c *claims) share(role string) *filters.Share {
	for i := range c.shares {
		if c.shares[i].Role == role {
			return &c.shares[i]
		}
	}
	c.shares = append(c.shares, filters.Share{Role: role})
	return &c.shares[len(c.shares)-1]
}

// had adds one of the agent's resources. Revocable ones are lent, not had.
func (d *decoder) had(sum *filters.Resources, message []byte) error {
	read, err := decodeResource(message)
	if err != nil || read.revocable {
		return err
	}
	read.add(sum, 1)
	if !read.reserved() {
		return nil
	}
	role := d.intern(read.role)
	read.add(&d.claims.share(role).Idle, 1)
	if len(read.volume) > 0 {
		d.claims.volumes = append(d.claims.volumes, filters.Volume{ID: string(read.volume), Role: role, Principal: d.intern(read.principal), SizeMB: read.amount})
	}
	return nil
}

// held adds one of the resources that tasks hold.
func (d *decoder) held(sum *filters.Resources, message []byte) error {
	read, err := decodeResource(message)
	if err != nil || read.revocable {
		return err
	}
	read.add(sum, 1)
	if read.reserved() {
		read.add(&d.claims.share(d.intern(read.role)).Idle, -1)
	}
	if role := read.holder(); len(role) > 0 && string(role) != everybody {
		read.add(&d.claims.share(d.intern(role)).Used, 1)
	}
	return nil
}

// holder is the role that the resource is allocated to. Masters before 1.3 do not say: it is the one that it is reserved for.
func (r *resource) holder() []byte {
	if len(r.allocated) > 0 {
		return r.allocated
	}
	return r.role
}

// holding is what an agent's tasks hold, nil if it is nothing.
func holding(sum filters.Resources) *filters.Resources {
	if sum == (filters.Resources{}) {
		return nil
	}
	return &sum
}

// shared is what the agent's tasks hold: the previous reading's where it is equal, else one for agents that hold as much.
func (d *decoder) shared(sum filters.Resources) *filters.Resources {
	if known := d.known; known != nil && known.Allocated != nil && *known.Allocated == sum {
		return known.Allocated
	}
	known, ok := d.sums[sum]
	if !ok {
		known = holding(sum)
		if len(d.sums) < mostTexts {
			d.sums[sum] = known
		}
	}
	return known
}

// claimed is what roles hold of the agent: the previous reading's where it is equal, nil if it is nothing.
func (d *decoder) claimed() *filters.Claims {
	read := &d.claims
	if len(read.shares) == 0 && len(read.volumes) == 0 {
		return nil
	}
	slices.SortFunc(read.shares, func(a, b filters.Share) int { return strings.Compare(a.Role, b.Role) })
	slices.SortFunc(read.volumes, func(a, b filters.Volume) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(a.ID, b.ID))
	})
	for i := range read.shares { // what is reserved and used adds up to nothing but for the last bits
		read.shares[i].Idle = read.shares[i].Idle.Sub(filters.Resources{})
	}
	if known := d.known; known != nil && known.Claims != nil && slices.Equal(known.Claims.Shares, read.shares) && slices.Equal(known.Claims.Volumes, read.volumes) {
		return known.Claims
	}
	return &filters.Claims{Shares: slices.Clone(read.shares), Volumes: slices.Clone(read.volumes)}
}
