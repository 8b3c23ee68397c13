package filters

import "time"

// Work is what keeps an agent from being taken down, as one look at it showed.
type Work struct {
	Tasks      []Task      // that are pending, queued or launched there and have not ended
	Operations []Operation // that are pending there
	// Unseen says why the agent itself was not heard, in a phrase: what is listed is then what others say of it, and an empty
	// list proves nothing. Empty: the agent answered.
	Unseen string
}

// Done tells whether the agent itself showed that nothing is left there.
func (w *Work) Done() bool { return w.Unseen == "" && len(w.Tasks)+len(w.Operations) == 0 }

// Task is one task on an agent. Framework is the framework's name as the agent tells it, or its ID; an ID of a task is used
// once by its framework.
type Task struct {
	Framework string    `json:"framework"`
	ID        string    `json:"id"`
	Name      string    `json:"-"`
	State     string    `json:"-"` // such as TASK_RUNNING
	Queue     string    `json:"-"` // pending or queued: where the agent keeps it until it is launched; empty: it was
	Since     time.Time `json:"-"` // when it came to the state, by the agent's clock, UTC; zero: not told
}

// Same tells whether both are the same task.
func (t Task) Same(other Task) bool { return t.Framework == other.Framework && t.ID == other.ID }

// Operation is an operation on an agent's resources, such as CREATE of a volume, that the agent has not finished.
type Operation struct {
	ID        string // the framework's, or Mesos's own
	Type      string // such as CREATE
	Framework string // empty: an operator asked for it
}

// Stay is a task on an agent and why it is still there.
type Stay struct {
	Task Task
	App  string // that it is of, as its framework names it; empty: not known
	// Ready says that its framework may be asked to move it now, and Why what it waits for else, in a phrase.
	Ready bool
	Why   string
}
