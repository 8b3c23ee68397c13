package filters

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Impact is a plan's blast radius: what withholding its agents costs the cluster, as of one reading. It is stored with what
// somebody agreed to, as the bound that the plan must keep (invariant 7): see Worse and Brief.
type Impact struct {
	AsOf   time.Time
	Agents int // distinct agents newly withheld
	Total  int // registered agents of the cluster
	// Withheld counts agents under filters before, of all owners; Foreign those that somebody else withholds.
	Withheld, Foreign int
	// Away counts other agents that are disconnected or not back since a failover; Down machines that are taken down.
	Away int `json:",omitempty"`
	Down int `json:",omitempty"`
	// Unlisted counts agents and machines of the plan that the reading does not list: what runs and is kept there is not known.
	Unlisted int `json:",omitempty"`
	Racks    []RackImpact
	// Tasks counts tasks on the plan's agents by framework; TasksKnown is false on a replica that does not know them.
	Tasks      map[string]int
	TasksKnown bool
	// States counts the same tasks by state; Oldest is the one that has run for the longest time, nil: not known.
	States map[TaskState]int `json:",omitempty"`
	Oldest *OldTask          `json:",omitempty"`
	// Alone names the frameworks all of whose tasks are on the plan's agents, Last the apps all of whose instances are.
	Alone []string
	Last  []string `json:",omitempty"`
	// Volumes are the persistent volumes on the plan's agents by role, Operations what is pending there by type and framework.
	Volumes    []VolumeImpact    `json:",omitempty"`
	Operations []OperationImpact `json:",omitempty"`
	// Left is what is free for new tasks of agents that would still take them; Whole what all agents have.
	Left, Whole Resources
	// Roles are those with a quota, and those that hold something of the plan's agents.
	Roles []RoleImpact `json:",omitempty"`
	// Unread names what could not be read, each in a word or two.
	Unread []string `json:",omitempty"`
	// Exceeds says which limit the plan would break, in a phrase; empty: none.
	Exceeds string
	// Cut is how much Brief left out.
	Cut Cut `json:",omitzero"`
}

// RackImpact is what a plan does to one rack.
type RackImpact struct {
	Rack     string
	Agents   int // of the plan
	Withheld int // under filters before
	Total    int
	// Left and Whole are the rack's, as the Impact's are the cluster's.
	Left  Resources `json:",omitzero"`
	Whole Resources `json:",omitzero"`
}

// VolumeImpact is what a role has on the disks of the plan's agents.
type VolumeImpact struct {
	Role       string
	Principals []string `json:",omitempty"` // who made the volumes
	Frameworks []string `json:",omitempty"` // that are subscribed to the role, as far as that is known
	Count      int
	SizeMB     float64
}

// OperationImpact counts operations that are pending on the plan's agents.
type OperationImpact struct {
	Type      string
	Framework string `json:",omitempty"` // empty: an operator's
	Count     int
}

// RoleImpact is what is left to a role.
type RoleImpact struct {
	Role string
	// Could is what it could have in all: what it holds then, what is reserved for it, and what is free.
	Could     Resources
	Guarantee Resources `json:",omitzero"`
	Limit     Resources `json:",omitzero"`
	// Short is what could be had of its quota before and no more then: ShortGuarantee, ShortLimit or, empty, nothing.
	Short string `json:",omitempty"`
}

// What a role is short of.
const (
	ShortGuarantee = "guarantee"
	ShortLimit     = "limit"
)

// Cut counts what Brief left out of an Impact's lists.
type Cut struct {
	Racks      int `json:",omitempty"`
	Frameworks int `json:",omitempty"`
	Alone      int `json:",omitempty"`
	Last       int `json:",omitempty"`
	Volumes    int `json:",omitempty"` // roles that have some
	Roles      int `json:",omitempty"`
	Guarantee  int `json:",omitempty"` // of these: roles whose quota's guarantee is short
	Limit      int `json:",omitempty"` // and whose limit is
	// Tasks and Stored are how many tasks, and how many volumes, those left out have.
	Tasks  int `json:",omitempty"`
	Stored int `json:",omitempty"`
}

// briefMost bounds each list of an Impact that is stored.
const briefMost = 20

// short is the count of roles whose quota is short in that way; nil: it is not.
func (c *Cut) short(short string) *int {
	switch short {
	case ShortGuarantee:
		return &c.Guarantee
	case ShortLimit:
		return &c.Limit
	}
	return nil
}

// Brief returns the impact with lists of at most twenty, in a few kilobytes; what is left out is counted in Cut.
func (i *Impact) Brief() Impact {
	brief := *i
	roles := slices.Clone(i.Roles)
	slices.SortStableFunc(roles, func(a, b RoleImpact) int { return strings.Compare(b.Short, a.Short) }) // those that lose first
	brief.Racks = cutTo(i.Racks, &brief.Cut.Racks)
	brief.Alone, brief.Last = cutTo(i.Alone, &brief.Cut.Alone), cutTo(i.Last, &brief.Cut.Last)
	brief.Volumes, brief.Roles = cutTo(i.Volumes, &brief.Cut.Volumes), cutTo(roles, &brief.Cut.Roles)
	for _, left := range roles[len(brief.Roles):] {
		if count := brief.Cut.short(left.Short); count != nil {
			*count++
		}
	}
	for _, left := range i.Volumes[len(brief.Volumes):] {
		brief.Cut.Stored += left.Count
	}
	brief.Operations = i.Operations[:min(len(i.Operations), briefMost)]
	if names := Frameworks(i.Tasks); len(names) > briefMost {
		brief.Tasks = map[string]int{}
		for _, name := range names[:briefMost] {
			brief.Tasks[name] = i.Tasks[name]
		}
		brief.Cut.Frameworks += len(names) - briefMost
		brief.Cut.Tasks += sum(i.Tasks) - sum(brief.Tasks)
	}
	return brief
}

func cutTo[E any](list []E, cut *int) []E {
	if len(list) <= briefMost {
		return list
	}
	*cut += len(list) - briefMost
	return list[:briefMost:briefMost]
}

func sum(counts map[string]int) int {
	total := 0
	for count := range maps.Values(counts) {
		total += count
	}
	return total
}

// TaskSum returns how many tasks are on the plan's agents.
func (i *Impact) TaskSum() int { return sum(i.Tasks) + i.Cut.Tasks }

// VolumeSum returns how many persistent volumes are on the plan's agents.
func (i *Impact) VolumeSum() int {
	total := i.Cut.Stored
	for k := range i.Volumes {
		total += i.Volumes[k].Count
	}
	return total
}

// Frameworks returns the names in tasks, most tasks first.
func Frameworks(tasks map[string]int) []string {
	return slices.SortedFunc(maps.Keys(tasks), func(a, b string) int {
		return cmp.Or(tasks[b]-tasks[a], strings.Compare(a, b))
	})
}

// LastOf names the apps whose last instance, and the frameworks all of whose tasks, are on the plan's agents.
func (i *Impact) LastOf() []string { return slices.Concat(i.Last, i.Alone) }
