package slack

import (
	"maps"
	"slices"
	"sync"
)

// groups are who is in the user groups, which people change.
type groups struct {
	mutex   sync.Mutex
	members map[string][]string // never changed in place
}

// all returns the user IDs of each group.
func (g *groups) all() map[string][]string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.members
}

// SetGroup says who is in the user group with the handle (without @) from now on, by their names, as somebody would who may edit it.
func (w *Workspace) SetGroup(handle string, userNames []string) error {
	id, here := first(slices.Sorted(maps.Keys(w.groups.all())), func(id string) bool { return w.directory.handle(id) == handle })
	if !here {
		return &Error{"no_such_subteam", "There is no user group @" + handle + "."}
	}
	members := []string{}
	for _, name := range userNames {
		user, known := w.directory.userNamed(name)
		if !known {
			return &Error{"user_not_found", "There is nobody called " + name + "."}
		}
		members = append(members, user.ID)
	}
	w.groups.mutex.Lock()
	defer w.groups.mutex.Unlock()
	changed := maps.Clone(w.groups.members)
	changed[id] = members
	w.groups.members = changed
	return nil
}
