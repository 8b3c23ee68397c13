package scheduler

import (
	"encoding/json"
	"time"

	"cordon/filters"
)

// WindowState is what is remembered of a window: the body of its record on filters.ShelfWindows, by the window's name.
type WindowState struct {
	Schema int `json:"schema"` // 1
	// Definition and Author are of a window that was made in chat; nil and empty: the configuration's.
	Definition *Definition `json:"definition,omitempty"`
	Author     string      `json:"author,omitempty"` // user:U…
	Added      time.Time   `json:"added,omitzero"`
	// Approved is the approval that it was made by; nil: it needed none.
	Approved *Approved `json:"approved,omitempty"`

	// Timing is the schedule, time zone, duration and dates that Last and Skips are of.
	Timing string `json:"timing,omitempty"`
	Paused *Word  `json:"paused,omitempty"` // nothing opens until somebody resumes it
	Skips  []Skip `json:"skips,omitempty"`  // starts that do not open, by somebody's word
	// Last is the newest start that is accounted for: nothing that starts at it or before opens any more.
	Last      time.Time     `json:"last,omitzero"`
	Announced *Announcement `json:"announced,omitempty"`
	// Scheduled is the coming occurrence whose machines were put into the maintenance schedule; nil: none's were.
	Scheduled *Scheduling `json:"scheduled,omitempty"`
	Open      *Opening    `json:"open,omitempty"` // nil: it is not open
}

// Approved is the approval by which a window of chat was made. It fixes its agents: others need another (invariant 7).
type Approved struct {
	ID     string            `json:"id"`
	By     []string          `json:"by"` // those who said yes
	Agents []filters.AgentID `json:"agents"`
}

// Word is what somebody said: who, why and when.
type Word struct {
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Skip is a start that does not open, by somebody's word.
type Skip struct {
	Start time.Time `json:"start"`
	Word  Word      `json:"word"`
}

// Announcement is which lead times of the coming occurrence were told, and what was asked about it.
type Announcement struct {
	Start    time.Time `json:"start"`
	Lead     Duration  `json:"lead"` // the shortest that was told
	Agents   int       `json:"agents"`
	Machines int       `json:"machines,omitempty"` // that those are on
	Question string    `json:"question,omitempty"` // of an occurrence that needs approval
}

// Scheduling is which agents' machines an occurrence of mode schedule put into the maintenance schedule: it is for no others.
type Scheduling struct {
	Start  time.Time         `json:"start"`
	Agents []filters.AgentID `json:"agents,omitempty"`
	Out    []filters.LeftOut `json:"out,omitempty"`
}

// Opening is an occurrence that is open or is being closed.
type Opening struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Opened time.Time `json:"opened"`
	// Waiting are agents that are not withheld yet, in order: the limits leave no room, or they are away.
	Waiting []filters.AgentID `json:"waiting,omitempty"`
	Placed  int               `json:"placed"`          // agents that were withheld
	Known   []filters.AgentID `json:"known,omitempty"` // every agent that was ever its target, where joining ones are taken
	Why     string            `json:"why,omitempty"`   // why some wait, in a phrase
	// Out are agents that it leaves out, because something else stands in the way: a drain of somebody else, say.
	Out []filters.LeftOut `json:"out,omitempty"`
	Run string            `json:"run,omitempty"` // the ID of its run
	// Overdue says what holds agents up that drain for longer than they may, in a phrase; Told is up to when that was told.
	Overdue string    `json:"overdue,omitempty"`
	Told    time.Time `json:"told,omitzero"`
	Warned  bool      `json:"warned,omitempty"`
	Late    bool      `json:"late,omitempty"` // it opened more than a minute after its start
	// Definition is what it was opened by: what changes meanwhile is for the next.
	Definition *Definition `json:"definition,omitempty"`
	// Closing is since when it is over; zero: it is open. EndedBy is who ended it before its time, empty: nobody.
	Closing time.Time `json:"closing,omitzero"`
	EndedBy string    `json:"ended_by,omitempty"`
}

// Mode is what the occurrence does with its agents.
func (o *Opening) Mode() filters.Mode {
	if o.Definition == nil || o.Definition.Mode == "" {
		return filters.ModeFilter
	}
	return filters.Mode(o.Definition.Mode)
}

// TakesDown tells whether the occurrence takes its machines down.
func (o *Opening) TakesDown() bool { return o.Definition != nil && o.Definition.TakeDown }

// RunState is a run: the body of its record on filters.ShelfRuns, by its ID.
type RunState struct {
	Schema int      `json:"schema"` // 1
	ID     string   `json:"id"`
	Phase  RunPhase `json:"phase"`
	By     string   `json:"by"` // user:U… or window:NAME/START
	// Author is the Slack user by whose rights agents begin of a run that a window of chat started; empty: By's, or the
	// configuration's word.
	Author    string       `json:"author,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Started   time.Time    `json:"started"`
	Ended     time.Time    `json:"ended,omitzero"`
	Word      *Word        `json:"word,omitempty"` // who paused or aborted it
	Why       string       `json:"why,omitempty"`  // why it stopped or does not go on, in a phrase
	Mode      filters.Mode `json:"mode"`
	Procedure Procedure    `json:"procedure"`
	// Drain is what the master is asked for of each agent of a run of mode drain. A manual drain has it too, for who asked for it
	// alone: its mode is filter. nil: the run is no drain.
	Drain *filters.Drain `json:"drain,omitempty"`
	// Keep leaves the agents withheld when they are done: somebody takes them down.
	Keep bool `json:"keep,omitempty"`
	// Deadline is how long an agent may drain before the channel is told what holds it up; 0: as long as it takes.
	Deadline Duration `json:"deadline,omitempty"`
	// Approval is the approval that it began by, and Yes are those who said yes; empty: it needed none. Impact is what it was
	// going to cost when it began.
	Approval string          `json:"approval,omitempty"`
	Yes      []string        `json:"yes,omitempty"`
	Impact   *filters.Impact `json:"impact,omitempty"`
	// NoNew is when nothing new begins any more and Until when its window closes; zero: a run of its own.
	NoNew time.Time `json:"no_new,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Stop  bool      `json:"stop,omitempty"` // at Until it is aborted
	// MaxUnavailable and Per are the window's.
	MaxUnavailable string `json:"max_unavailable,omitempty"`
	Per            string `json:"per,omitempty"`
	Agents         int    `json:"agents"` // in all
	// Forgiven is how many agents had failed when somebody last let it go on after it had stopped.
	Forgiven int `json:"forgiven,omitempty"`
}

// IsDrain tells whether the run is a drain: its agents stay withheld when they are drained, for somebody to take them down. A run
// that drains its agents and gives them back is none.
func (r *RunState) IsDrain() bool { return r.Drain != nil && r.Keep }

// Manual tells whether the run is a drain in which frameworks move their tasks and the master kills none.
func (r *RunState) Manual() bool { return r.Drain != nil && r.Mode == filters.ModeFilter }

// kills tells whether the run has the master kill tasks.
func (r *RunState) kills() bool { return r.Drain != nil && !r.Manual() }

// reaches is the drain by which the run may go over agents that have departed; nil: it may not.
func (r *RunState) reaches() *filters.Drain {
	if r.kills() {
		return r.Drain
	}
	return nil
}

// RunPhase is where a run stands.
type RunPhase string

// The phases of a run.
const (
	RunGoing    RunPhase = "going"
	RunPaused   RunPhase = "paused"   // nothing new begins; what is under way is finished
	RunStopped  RunPhase = "stopped"  // too many failures: nothing new begins until somebody resumes it
	RunAborting RunPhase = "aborting" // what is safe is given back
	RunDone     RunPhase = "done"
	RunAborted  RunPhase = "aborted"
)

// Over tells whether nothing more happens in the phase.
func (p RunPhase) Over() bool { return p == RunDone || p == RunAborted }

// RunAgent is one agent of a run: the body of its record on filters.ShelfRunAgents, by "<run ID> <agent ID>".
type RunAgent struct {
	Schema   int             `json:"schema"` // 1
	Run      string          `json:"run"`
	Agent    filters.AgentID `json:"agent"`
	Hostname string          `json:"hostname"`
	Order    int             `json:"order"`
	Batch    string          `json:"batch,omitempty"` // the value of Procedure.BatchBy
	Phase    AgentPhase      `json:"phase"`
	Since    time.Time       `json:"since"` // when it came to the phase
	Begun    time.Time       `json:"begun,omitzero"`
	Step     int             `json:"step"` // of Procedure.Steps
	// Key is the step's idempotency key, and the ID of a confirmation; Sent is when a webhook was last called, Poll where it
	// is asked again.
	Key  string    `json:"key,omitempty"`
	Sent time.Time `json:"sent,omitzero"`
	Poll string    `json:"poll,omitempty"`
	// Before is what the agent had when it was begun, for the return check.
	Attributes []filters.Attribute `json:"attributes,omitempty"`
	Resources  filters.Resources   `json:"resources,omitzero"`
	Registered time.Time           `json:"registered,omitzero"`
	Well       time.Time           `json:"well,omitzero"` // since when it is seen back and well
	Seen       time.Time           `json:"seen,omitzero"` // its registration then
	// Moved is the agent ID under which its host came back; empty: the same.
	Moved filters.AgentID `json:"moved,omitempty"`
	// Skip says why it is given back without being done, in a phrase: it ends as skipped.
	Skip string `json:"skip,omitempty"`
	Why  string `json:"why,omitempty"` // why it failed, waits or was skipped, in a phrase
	By   string `json:"by,omitempty"`  // who confirmed
	// Tasks is how many tasks ran on an agent when its drain began, Overdue that it took longer than its deadline.
	Tasks   int  `json:"tasks,omitempty"`
	Overdue bool `json:"overdue,omitempty"`
	// Away says that the master did not list the agent when its turn came.
	Away bool `json:"away,omitempty"`
	// Asked are the tasks that a step `move` asked frameworks for and that were not seen gone. An entry is written before the
	// framework is asked.
	Asked []AskedMove `json:"asked,omitempty"`
}

// AskedMove is a task that a framework is asked to move.
type AskedMove struct {
	Task filters.Task `json:"task"`
	At   time.Time    `json:"at"` // when it was last asked
}

// AgentPhase is where an agent of a run stands.
type AgentPhase string

// The phases of an agent of a run. Failed ones stay withheld until a person gives them back.
const (
	AgentWaiting     AgentPhase = "waiting"
	AgentWithholding AgentPhase = "withholding" // its filter is recorded, the master does not show it yet
	AgentStepping    AgentPhase = "stepping"    // a step is under way
	AgentAsking      AgentPhase = "asking"      // a person's word is awaited: a confirm step, or a webhook of which nobody knows whether it was called
	AgentReturning   AgentPhase = "returning"   // is it back, and well for the soak time
	AgentGiving      AgentPhase = "giving"      // its filter has ended, it is not given back yet
	AgentDone        AgentPhase = "done"
	AgentFailed      AgentPhase = "failed"
	AgentSkipped     AgentPhase = "skipped" // it was not begun, or somebody said skip; it is given back
)

// Over tells whether nothing more happens in the phase.
func (p AgentPhase) Over() bool { return p == AgentDone || p == AgentFailed || p == AgentSkipped }

// UnderWay tells whether the agent counts against MaxParallel.
func (p AgentPhase) UnderWay() bool { return p != AgentWaiting && !p.Over() }

// Duration is a time.Duration that is text in JSON, such as `1h0m0s`.
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	*d = Duration(read)
	return err
}

// decode reads the body of a record.
func decode[S any](record *filters.Record) (S, error) {
	var state S
	if err := json.Unmarshal(record.Body, &state); err != nil {
		return state, &filters.Error{Code: filters.Internal, Wrong: "what is remembered of `" + record.Name + "` cannot be read", Cause: err}
	}
	return state, nil
}

// encode writes a body.
func encode(state any) json.RawMessage {
	body, err := json.Marshal(state)
	if err != nil {
		panic(err) // states hold nothing that does not encode
	}
	return body
}

// DecodeWindow reads the body of a record of filters.ShelfWindows.
func DecodeWindow(record *filters.Record) (WindowState, error) { return decode[WindowState](record) }

// DecodeRun reads the body of a record of filters.ShelfRuns.
func DecodeRun(record *filters.Record) (RunState, error) { return decode[RunState](record) }

// DecodeRunAgent reads the body of a record of filters.ShelfRunAgents.
func DecodeRunAgent(record *filters.Record) (RunAgent, error) { return decode[RunAgent](record) }
