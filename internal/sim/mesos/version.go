package mesos

import (
	"strconv"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// release is a version of Mesos: what masters of that age know and do not know.
type release struct{ major, minor int }

// Releases that brought something that is simulated.
var (
	withOperatorAPI = release{1, 0}
	withMarkGone    = release{1, 5}
	withDraining    = release{1, 9} // DRAIN_AGENT, DEACTIVATE_AGENT, REACTIVATE_AGENT and their flags
)

// releaseOf reads a version such as 1.12.0; what is not a number counts as 0.
func releaseOf(version string) release {
	parts := strings.SplitN(version, ".", 3)
	var found release
	found.major, _ = strconv.Atoi(parts[0])
	if len(parts) > 1 {
		found.minor, _ = strconv.Atoi(parts[1])
	}
	return found
}

// has says whether the cluster's masters are of that release or a later one.
func (c *Cluster) has(wanted release) bool {
	return c.release.major > wanted.major || c.release.major == wanted.major && c.release.minor >= wanted.minor
}

// knows says whether the masters know a call; to others its type is no type.
func (c *Cluster) knows(kind master.Call_Type) bool {
	switch kind {
	case master.Call_DRAIN_AGENT, master.Call_DEACTIVATE_AGENT, master.Call_REACTIVATE_AGENT, master.Call_UPDATE_QUOTA:
		return c.has(withDraining)
	case master.Call_MARK_AGENT_GONE, master.Call_GET_OPERATIONS:
		return c.has(withMarkGone)
	}
	return true
}
