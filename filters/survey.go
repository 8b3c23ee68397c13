package filters

import (
	"context"
	"time"
)

// Survey tells what plans cost beyond what the roster has. Implemented by filters/mesos.
type Survey interface {
	// Workload returns what runs on the agents, from the events of the master, and false if this replica does not follow them.
	Workload(agents []AgentID) (Workload, bool)
	// Demands asks the master, at most once in thirty seconds, what roles and operations ask of the cluster. What could not be
	// read is named in Unread.
	Demands(ctx context.Context) Demands
}

// Apps tells which apps of a framework depend on agents. Implemented by filters/marathon.
type Apps interface {
	// Last returns the apps all of whose running instances are on the agents, sorted. An error says that it is not known.
	Last(ctx context.Context, agents []AgentID) ([]string, error)
}

// TaskState is the state of a task that holds resources.
type TaskState string

// The states of tasks that hold resources.
const (
	TaskStaging  TaskState = "staging"
	TaskStarting TaskState = "starting"
	TaskRunning  TaskState = "running"
	TaskKilling  TaskState = "killing"
)

// Workload is what runs on some agents.
type Workload struct {
	Tasks      map[string]int // by framework
	Everywhere map[string]int // those of the whole cluster, by framework
	States     map[TaskState]int
	Oldest     *OldTask // nil: of no task is known when it began to run
}

// OldTask is the task that has run for the longest time.
type OldTask struct {
	Since     time.Time `json:"since"` // by the clock of its agent, UTC
	Framework string    `json:"framework"`
	Agent     AgentID   `json:"agent"`
}

// Demands are what roles and operations ask of a cluster.
type Demands struct {
	Quotas      []Quota
	Subscribers map[string][]string // the names of a role's frameworks
	Operations  []PendingOperation
	Down        int // machines that the maintenance primitives took down
	// Unread names what could not be read, each in a word or two.
	Unread []string
}

// Quota is what a role is guaranteed and limited to; 0 of a resource is none.
type Quota struct {
	Role             string
	Guarantee, Limit Resources
}

// PendingOperation is an operation on an agent's resources that has not come to its end.
type PendingOperation struct {
	Agent     AgentID
	Framework string // its name; empty: an operator's
	Type      string // RESERVE, CREATE, …
}
