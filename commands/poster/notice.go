package poster

import (
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/scheduler"
)

// Topic is what a notice is about. Topics are stored: a name that was used once keeps its meaning.
type Topic string

// The topics.
const (
	TopicFilter   Topic = "filter"   // what one request withholds, until the last of it is given back
	TopicDrift    Topic = "drift"    // agents that took tasks although withheld, until they are withheld again
	TopicForeign  Topic = "foreign"  // agents that somebody else withholds, until none is
	TopicQuestion Topic = "question" // a question, until it is answered
	TopicNag      Topic = "nag"      // filters without an end, brought to mind
	TopicFreeze   Topic = "freeze"   // a freeze, until the thaw
	TopicLock     Topic = "lock"     // a lock, until it is unlocked
	TopicFailover Topic = "failover" // a failover, until the cluster has settled
	TopicSink     Topic = "sink"     // a sink of the journal that is stuck, until it goes on

	TopicAnnounce   Topic = "announce"   // an opening to come, until it opens or does not
	TopicPassed     Topic = "passed"     // openings that did not come about
	TopicOccurrence Topic = "occurrence" // a window that is open, until all it withheld is given back
	TopicWindow     Topic = "window"     // what somebody said about a window; a pause, until it ends
	TopicRun        Topic = "run"        // a run, until it is over
	TopicConfirm    Topic = "confirm"    // a step of a run that waits for a person
	TopicDigest     Topic = "digest"     // the morning's summary
	TopicShift      Topic = "shift"      // what somebody is told who comes on call

	TopicMachines Topic = "machines" // machines of the maintenance schedule, until they have left it
	TopicRemind   Topic = "remind"   // machines whose time has come, or is over, until somebody acts
	TopicMeddled  Topic = "meddled"  // what somebody else did to the maintenance schedule

	TopicApproval Topic = "approval" // what waits for somebody's yes, until it is decided and begun
)

// Notice is all that one root message tells, and where it stands. It is stored as JSON.
type Notice struct {
	Schema  int       `json:"schema"`
	Key     string    `json:"key"`
	Topic   Topic     `json:"topic"`
	Subject string    `json:"subject,omitempty"` // of its journal entries
	Began   time.Time `json:"began"`             // UTC, as all times here
	Ended   time.Time `json:"ended,omitzero"`    // when nothing more will happen
	EndedBy string    `json:"ended_by,omitempty"`
	// EndReason is what was said at the end.
	EndReason string `json:"end_reason,omitempty"`

	To      string                     `json:"to,omitempty"` // the Slack ID of the one person whom it is for; empty: the channel
	By      string                     `json:"by,omitempty"`
	Reason  string                     `json:"reason,omitempty"`
	Backend filters.Backend            `json:"backend,omitempty"`
	Agents  map[filters.AgentID]*Agent `json:"agents,omitempty"`

	Question *filters.Question `json:"question,omitempty"`
	Approval *filters.Approval `json:"approval,omitempty"`
	Master   string            `json:"master,omitempty"` // of a failover: who leads now
	Adopted  bool              `json:"adopted,omitempty"`

	Window   *Occasion           `json:"window,omitempty"`
	Run      *Progress           `json:"run,omitempty"`
	Asking   *scheduler.RunAgent `json:"asking,omitempty"`   // of a confirmation: who asks
	Answered string              `json:"answered,omitempty"` // and the answer: done, failed or skip; empty: there was none

	Machines map[string]*Machine `json:"machines,omitempty"` // by the names of their records

	Steps []Step `json:"steps,omitempty"` // not in the thread yet
	Told  int    `json:"told,omitempty"`  // replies in the thread

	// Ref is where the message stands; empty: it is not posted. Dirty says that it does not tell all yet. Attempt is when a
	// post, Answer when a reply, was sent whose outcome is not known.
	Ref     string    `json:"ref,omitempty"`
	Dirty   bool      `json:"dirty,omitempty"`
	Attempt time.Time `json:"attempt,omitzero"`
	Answer  time.Time `json:"answer,omitzero"`
	Shown   time.Time `json:"shown,omitzero"` // when it was last brought up to date
	// Sent is the digest of the message as it stands: one that would stand there anew is not sent.
	Sent string `json:"sent,omitempty"`
}

// schema is the version of a stored Notice.
const schema = 1

// Agent is one agent of a notice.
type Agent struct {
	Host   string              `json:"host"`
	Filter string              `json:"filter,omitempty"` // the filter's ID
	State  filters.ChangeState `json:"state,omitempty"`
	Since  time.Time           `json:"since,omitzero"` // when it came to State
	Until  time.Time           `json:"until,omitzero"`

	Ended    time.Time           `json:"ended,omitzero"`
	EndedBy  string              `json:"ended_by,omitempty"`
	EndCause string              `json:"end_cause,omitempty"`
	Given    filters.ChangeState `json:"given,omitempty"` // how far giving back has come
	Settled  bool                `json:"settled,omitempty"`

	Missing bool `json:"missing,omitempty"`
	Down    bool `json:"down,omitempty"` // missing, because we took its machine down
	Lost    bool `json:"lost,omitempty"` // takes tasks although withheld
	// Of an agent that was lost: whether its registration explains it, when that began, and since when it surely had been
	// withheld before; zero: not known.
	Explained bool      `json:"explained,omitempty"`
	From      time.Time `json:"from,omitzero"`
	Held      time.Time `json:"held,omitzero"`

	Contested bool   `json:"contested,omitempty"`
	Note      string `json:"note,omitempty"`   // why something is as it is, in a phrase
	Reason    string `json:"reason,omitempty"` // of the filter, where the notice is about others
	By        string `json:"by,omitempty"`
}

// Step is a line of the thread: what happened to one agent, or to several alike.
type Step struct {
	At    time.Time     `json:"at"`
	Kind  filters.Kind  `json:"kind,omitempty"`
	Host  string        `json:"host,omitempty"`
	Hosts int           `json:"hosts,omitempty"` // how many, where it is more than one
	Words commands.Line `json:"words"`
}

// open tells whether more may happen.
func (n *Notice) open() bool { return n.Ended.IsZero() }

// idle tells whether nothing is left to show.
func (n *Notice) idle() bool { return !n.Dirty && len(n.Steps) == 0 }

func (n *Notice) agent(id filters.AgentID, host string) *Agent {
	if n.Agents == nil {
		n.Agents = map[filters.AgentID]*Agent{}
	}
	agent := n.Agents[id]
	if agent == nil {
		agent = &Agent{Host: host}
		n.Agents[id] = agent
	}
	if agent.Host == "" {
		agent.Host = host
	}
	return agent
}

// clone copies the notice deep enough for Fold to change it.
func (n Notice) clone() Notice {
	agents := make(map[filters.AgentID]*Agent, len(n.Agents)+1)
	for id, agent := range n.Agents {
		copied := *agent
		agents[id] = &copied
	}
	n.Agents = agents
	n.Steps = append([]Step(nil), n.Steps...)
	n.Machines = clonedMachines(n.Machines)
	n.Window, n.Run = n.Window.cloned(), n.Run.cloned()
	return n
}
