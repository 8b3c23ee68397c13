package mesos

import mesosapi "github.com/mesos/mesos-go/api/v1/lib"

// usedBy is what a framework's tasks use of an agent.
func (a *agent) usedBy(f *framework) resources {
	var used resources
	for _, t := range a.tasks {
		if t.app.framework == f {
			used = used.plus(t.app.needs())
		}
	}
	return used
}

// offersTo are an agent's outstanding offers to a framework.
func (a *agent) offersTo(f *framework) []*offer {
	var made []*offer
	for _, o := range a.offers {
		if o.framework == f {
			made = append(made, o)
		}
	}
	return made
}

// roles are the roles of the frameworks, each once, in the order of the
// configuration.
func (c *Cluster) roles() []string {
	var roles []string
	seen := map[string]bool{}
	for _, f := range c.frameworks {
		if !seen[f.config.Role] {
			roles, seen[f.config.Role] = append(roles, f.config.Role), true
		}
	}
	return roles
}

// inRole are the frameworks of a role.
func (c *Cluster) inRole(role string) []*framework {
	var found []*framework
	for _, f := range c.frameworks {
		if f.config.Role == role {
			found = append(found, f)
		}
	}
	return found
}

// allocatedList is what an agent's tasks use, role by role.
func (c *Cluster) allocatedList(a *agent) []mesosapi.Resource {
	var list []mesosapi.Resource
	for _, role := range c.roles() {
		var used resources
		for _, f := range c.inRole(role) {
			used = used.plus(a.usedBy(f))
		}
		list = append(list, scalarList(used, allocatedTo(anyRole, role))...)
	}
	return list
}

// offeredList is what an agent's outstanding offers promise, role by role.
func (c *Cluster) offeredList(a *agent) []mesosapi.Resource {
	var list []mesosapi.Resource
	for _, o := range a.offers {
		list = append(list, freeList(o.free, allocatedTo(anyRole, o.framework.config.Role))...)
	}
	return list
}
