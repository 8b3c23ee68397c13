package sim

import (
	"context"
	"time"

	simslack "cordon/internal/sim/slack"
)

// Cluster is what the page needs of a simulated Mesos cluster. Its methods are
// safe for concurrent use; their errors are sentences for the person who asked.
type Cluster interface {
	// Snapshot is the cluster as the leading master sees it now.
	Snapshot() ClusterView
	// Watch yields a value after changes, coalesced, until ctx ends.
	Watch(ctx context.Context) <-chan struct{}
	// Launch starts what is ordered.
	Launch(order Order) error
	// Kill ends every task of app, waiting ones included.
	Kill(app string) error
	// RestartAgent restarts the agent process; tasks run on.
	RestartAgent(hostname string) error
	// LoseWorkDir destroys an agent's disk: its tasks end, and it comes back as
	// a new agent that takes tasks.
	LoseWorkDir(hostname string) error
	// HoldOffers makes the framework keep every offer that it gets, to launch
	// what is asked for later, or hand them all back and go on as usual.
	HoldOffers(hold bool)
	// Failover makes the standing-by master lead.
	Failover() error
}

// Order asks for more instances of an app.
type Order struct {
	App       string
	Framework string // whose app it is; "" is marathon
	Instances int
	Agent     string        // the hostname of the only agent it may run on; "" is any
	Grace     time.Duration // for how long its tasks go on after they were told to end
}

// Agents is what else may happen to agents, which are named by their hostnames.
type Agents interface {
	// PartitionAgent cuts an agent off from its master for d.
	PartitionAgent(hostname string, d time.Duration) error
	// PendOperation lets an operation on an agent's resources stand unfinished.
	PendOperation(hostname string) error
	// FinishOperation ends all of an agent's.
	FinishOperation(hostname string) error
}

// Frameworks is how frameworks and marathon's apps behave.
type Frameworks interface {
	// AnswerInverseOffers lets a framework say accepts, declines or ignores to
	// the inverse offers of machines that are to go away.
	AnswerInverseOffers(framework, word string) error
	// SetHealth lets an app's health checks be healthy, unhealthy, or stuck:
	// tasks that start from now on are never healthy.
	SetHealth(app, health string) error
	// Deploy begins a deployment of an app, which locks it until EndDeployment.
	Deploy(app string) error
	EndDeployment(app string) error
}

// Workspace is what the page needs of a simulated Slack workspace. Its methods
// are safe for concurrent use; their errors are sentences for people.
type Workspace interface {
	// Command delivers a slash command to the bot and waits for its answer.
	Command(ctx context.Context, user, channel, text string) (Answer, error)
	// Click delivers a pressed button to the bot and waits for its answer.
	Click(ctx context.Context, click Click) (Answer, error)
	// Suggest types into a field that searches, and returns what the bot offers.
	Suggest(ctx context.Context, where Click, typed string) ([]Option, error)
	// Views are the dialogs that are open for the user, the visible one last.
	Views(user string) []View
	// Home is the user's Home tab of the bot; false: none was published.
	Home(user string) (View, bool)
	// OpenHome opens that tab, and waits for what the bot publishes.
	OpenHome(ctx context.Context, user string) error
	// Submit delivers a filled-in dialog to the bot and waits for its answer.
	Submit(ctx context.Context, submission Submission) (Answer, error)
	// CloseView leaves a dialog.
	CloseView(ctx context.Context, user, viewID string) error
	// Messages is what user sees in the channel, oldest first.
	Messages(user string) []Message
	// Watch yields a value after changes, coalesced, until ctx ends.
	Watch(ctx context.Context) <-chan struct{}
	// SetMode is how Slack answers the bot for a while: up, down or rate-limit.
	SetMode(mode string, d time.Duration) error
	// SetGroup is who is in a user group from now on: its handle, and the names of people.
	SetGroup(handle string, userNames []string) error
}

// Redis is the bot's Redis, as far as the page may break it.
type Redis interface {
	// Cut refuses every connection for d.
	Cut(d time.Duration)
}

// ClusterView is the answer of GET /sim/cluster (CONTRACTS.md).
type ClusterView struct {
	// Leader is the URL of the leading master, empty while there is none.
	Leader string `json:"leader"`
	// Agents is sorted by hostname.
	Agents []Agent `json:"agents"`
	// Waiting lists tasks that found no offer yet.
	Waiting []Waiting `json:"waiting"`
}

// Agent is one agent as the leading master lists it.
type Agent struct {
	ID         string            `json:"id"`
	Hostname   string            `json:"hostname"`
	Attributes map[string]string `json:"attributes"`
	// Active is the master's flag: connected and not deactivated.
	Active bool `json:"active"`
	// Deactivated means that the master offers its resources to nobody.
	Deactivated bool `json:"deactivated"`
	// Filtered means that the allocator withholds it, for whatever reason.
	Filtered bool `json:"filtered"`
	// Connected tells whether the agent's process can be reached.
	Connected bool `json:"connected"`
	// Offered says that a framework holds an offer of it.
	Offered bool `json:"offered"`
	// State is one word, such as active, draining or unreachable.
	State string `json:"state"`
	// Operations is how many operations on its resources are pending.
	Operations int    `json:"operations"`
	Tasks      []Task `json:"tasks"`
}

// Task is one task on an agent; State is Mesos's name such as TASK_RUNNING.
type Task struct {
	ID  string `json:"id"`
	App string `json:"app"`
	// Framework is the name of the framework that the task belongs to.
	Framework string `json:"framework"`
	State     string `json:"state"`
}

// Waiting is one instance that waits for an offer; Agent is the hostname that
// it is pinned to, or empty.
type Waiting struct {
	App   string `json:"app"`
	Agent string `json:"agent"`
}

// What passes between the page and the workspace has the workspace's own shape:
// its JSON is that of CONTRACTS.md already.
type (
	// Message is one message as a person sees it.
	Message = simslack.Message
	// Answer is what a person got for a command or a click.
	Answer = simslack.Answer
	// Click is a pressed button; its User is a person's name.
	Click = simslack.Click
	// View is a dialog that the bot opened for a person.
	View = simslack.View
	// Option is what may be chosen in a field that searches.
	Option = simslack.Option
	// Submission is a filled-in dialog; its User is a person's name.
	Submission = simslack.Submission
)
